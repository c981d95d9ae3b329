#!/bin/bash
# Copyright 2026 The srpt Authors
# SPDX-License-Identifier: Apache-2.0
#
# A guest suite as a bazel test: guest_test.sh SUITE SRPT [NAME=VALUE | VMRUN OPTION]... [-- FILE...]
# SUITE is a script of this folder without .sh, which NAME=VALUE reaches in its environment; SRPT is
# the daemon (or "lio": the kernel's own target in its place); --peer=OTHER has OTHER.sh run in a
# second guest; FILEs go to /tmp/suite in the guest, with their paths. Each PASS, FAIL and SKIP line of
# the suite becomes a case of the test's XML, unless the suite leaves an XML of its own.
set -uo pipefail
here=$(dirname "$(readlink -f "$0")")
suite=$1 srpt=$2
shift 2
logs=${TEST_UNDECLARED_OUTPUTS_DIR:-$(mktemp -d)}
add=(--env "TARGET=lio")
[ "$srpt" = lio ] || add=(--add "$(readlink -f "$srpt"):/srpt" --env "TARGET=srpt")
for name in SRPT_PYTEST_ARGS SRPT_MARATHON; do
  [ -z "${!name:-}" ] || add+=(--env "$name=${!name}")
done
for file in "$here"/*checks.sh; do add+=(--add "$file:/${file##*/}"); done
while [ $# -gt 0 ]; do
  case $1 in
    --) shift; break ;;
    --timeout=*) add+=(--timeout "${1#*=}") ;;
    --peer=*) add+=(--peer "$here/${1#*=}.sh") ;;
    --mem=* | --bin=* | --mod=*) add+=("${1%%=*}" "${1#*=}") ;;
    LINK=siw) add+=(--siw --env "$1") ;;
    [A-Z]*=*) add+=(--env "$1") ;;
    *) add+=("$1") ;;
  esac
  shift
done
for file in "$@"; do add+=(--add "$file:/tmp/suite/$file"); done
"$here/vmrun" -v --logs "$logs" "${add[@]}" \
  "$here/$suite.sh" 2>&1 | tee "$logs/suite.log"
status=${PIPESTATUS[0]}
if [ "$status" != 0 ]; then
  for file in {.,peer}/{srpt,dmesg}.log; do
    [ ! -s "$logs/$file" ] || { echo "--- the end of $file:"; tail -n 25 "$logs/$file"; }
  done
  echo "--- all logs of the guest: $logs"
fi
if [ -n "${XML_OUTPUT_FILE:-}" ] && [ -s "$logs/pytest.xml" ]; then
  cp "$logs/pytest.xml" "$XML_OUTPUT_FILE"
elif [ -n "${XML_OUTPUT_FILE:-}" ]; then
  awk -v suite="$suite" -v status="$status" '
    function escape(s) { gsub(/&/, "\\&amp;", s); gsub(/</, "\\&lt;", s); gsub(/"/, "\\&quot;", s); return s }
    BEGIN { print "<testsuites><testsuite name=\"" suite "\">" }
    /^(PASS|FAIL|SKIP) / {
      name = $2; sub(/:$/, "", name); why = $0; sub(/^[^ ]* [^ ]* ?/, "", why); cases++
      printf "<testcase classname=\"guest.%s\" name=\"%s\">", suite, escape(name)
      if ($1 == "FAIL") { failures++; printf "<failure message=\"%s\"/>", escape(why) }
      if ($1 == "SKIP") printf "<skipped message=\"%s\"/>", escape(why)
      print "</testcase>"
    }
    END {
      if (status != 0 && !failures)
        printf "<testcase classname=\"guest.%s\" name=\"run\"><failure message=\"the guest ended with status %s\"/></testcase>\n", suite, status
      print "</testsuite></testsuites>"
    }' "$logs/suite.log" >"$XML_OUTPUT_FILE"
fi
exit "$status"
