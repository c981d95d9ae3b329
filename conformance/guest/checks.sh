# Copyright 2026 The srpt Authors
# SPDX-License-Identifier: Apache-2.0
#
# Sourced in the guest by the suites. A check is a function; its output is its explanation, shown
# when it fails. Each prints one line: PASS name, FAIL name: why, or SKIP name: why.
# shellcheck shell=bash

PASSED=0 FAILED=0 SKIPPED=0

# check NAME FUNCTION [ARG]...
check() {
  local name=$1 began status=0
  shift
  began=$(uptime_s)
  # In a subshell with -e: the first command that fails ends the check. (Not inside a condition,
  # where bash ignores -e.)
  (
    set -e
    "$@"
  ) >/tmp/check.out 2>&1 </dev/null
  status=$?
  if [ $status = 0 ]; then
    PASSED=$((PASSED + 1))
    printf 'PASS %s (%s s)\n' "$name" "$(awk -v b="$began" '{ printf "%.1f", $1 - b }' /proc/uptime)"
  else
    FAILED=$((FAILED + 1))
    printf 'FAIL %s: %s\n' "$name" "$(tail -n 1 /tmp/check.out | cut -c1-200)"
    tail -n 15 /tmp/check.out | sed 's/^/    /'
  fi
  return 0
}

skip() { # NAME WHY
  SKIPPED=$((SKIPPED + 1))
  printf 'SKIP %s: %s\n' "$1" "$2"
}

# The words of a check.
expect() { # WHAT COMMAND...: it succeeds
  local what=$1
  shift
  "$@" || { echo "expected: $what"; return 1; }
}
expect_status() { # N COMMAND...
  local want=$1 got=0
  shift
  "$@" || got=$?
  [ $got = "$want" ] || { echo "status $got instead of $want: $*"; return 1; }
}
expect_equal() { # WHAT GOT WANT
  [ "$2" = "$3" ] || { echo "$1 is '$2' instead of '$3'"; return 1; }
}
expect_output() { # REGEX COMMAND...: whatever its status
  local want=$1 out
  shift
  out=$("$@" 2>&1) || :
  echo "$out"
  grep -qE -- "$want" <<<"$out" || { echo "'$*' did not print '$want'"; return 1; }
}
expect_kernel() { # REGEX: the kernel said it since forget_kernel
  dmesg | tail -n +"$((KERNEL_LINES + 1))" | grep -E -- "$1" ||
    { dmesg | tail -n 5; echo "the kernel did not say '$1'"; return 1; }
}
# expect_rejection REASON: ib_srp was refused for it. On iWARP a rejection is an errno, and ib_srp
# does not look at its private data.
expect_rejection() {
  case $LINK in
    siw) expect_kernel 'REJ reason' ;;
    *) expect_kernel "REJECTED, reason $1" ;;
  esac
}
forget_kernel() { KERNEL_LINES=$(dmesg | wc -l); }

checks_end() {
  [ "$TARGET" != srpt ] || srpt_keep_log
  echo "$PASSED passed, $FAILED failed, $SKIPPED skipped (guest, $(uptime_s) s after boot)"
  [ $FAILED = 0 ]
}
