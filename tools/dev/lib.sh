# Copyright 2026 The srpt Authors
# SPDX-License-Identifier: Apache-2.0
#
# Sourced by every command of ./dev (they start in the project's root).
# shellcheck shell=bash
set -euo pipefail
# A bare system has no locale but these; another language would change what tools print.
export LC_ALL=C.UTF-8 LANG=C.UTF-8
PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin
CACHE=$PWD/.cache
PYTHON=/usr/bin/python3 # another python may come first in the PATH

elapsed() { awk -v since="${DEV_SINCE:-}" '{ printf "%.1f", $1 - since }' /proc/uptime; }
DEV_SINCE=${DEV_SINCE:-$(cut -d' ' -f1 /proc/uptime)}
export DEV_SINCE

say() { printf '[%7s s] %s\n' "$(elapsed)" "$*"; }
die() {
  printf 'dev: %s\n' "$*" >&2
  exit 1
}
# usage: prints the comment at the head of the command's own file.
usage() { sed -n '/^# \.\/dev/,/^[^#]/{/^#/!d;s/^# \{0,1\}//;p}' "$0"; }

as_root() {
  if [ "$(id -u)" = 0 ]; then
    "$@"
  elif command -v sudo >/dev/null; then
    sudo "$@"
  else
    die "root or sudo is needed for: $*"
  fi
}

packages_of() { awk -v g="$1" '$1 == g { for (i = 2; i <= NF; i++) print $i }' tools/packages.txt; }

# packages_missing PACKAGE...: those that are not installed.
packages_missing() {
  local installed
  installed=$(dpkg-query -W -f '${db:Status-Status} ${Package}\n' "$@" 2>/dev/null |
    sed -n 's/^installed //p') || :
  printf '%s\n' "$@" | grep -vxF -e "$installed" || :
}

# need GROUP...: installs what is missing of these groups of tools/packages.txt.
need() {
  local group missing log=$CACHE/apt.log
  local -a wanted=()
  for group in "$@"; do
    mapfile -t -O ${#wanted[@]} wanted < <(packages_of "$group")
  done
  mapfile -t missing < <(packages_missing "${wanted[@]}")
  [ ${#missing[@]} -gt 0 ] || return 0
  say "installing ${#missing[@]} Debian packages ($*): ${missing[*]}"
  mkdir -p "$CACHE"
  local -a apt=(env DEBIAN_FRONTEND=noninteractive apt-get -y -o DPkg::Lock::Timeout=600
    -o APT::Sandbox::User=root -o Dpkg::Use-Pty=0)
  with_progress "apt-get update" "$log" as_root "${apt[@]}" -qq update ||
    { tail -n 20 "$log" >&2; die "apt-get update failed"; }
  with_progress "apt-get install" "$log" \
    as_root "${apt[@]}" install --no-install-recommends "${missing[@]}" ||
    { tail -n 20 "$log" >&2; die "apt-get install failed; its output is in $log"; }
}

# with_progress TITLE LOG COMMAND...: output goes to LOG; a line says every 15 s that it goes on.
with_progress() {
  local title=$1 log=$2 status=0 pid
  shift 2
  "$@" >"$log" 2>&1 </dev/null &
  pid=$!
  while kill -0 $pid 2>/dev/null; do
    local i
    for ((i = 0; i < 150; i++)); do
      sleep 0.1
      kill -0 $pid 2>/dev/null || break 2
    done
    say "$title: $(tail -n 1 "$log" | cut -c1-70)"
  done
  wait $pid || status=$?
  return $status
}

# BAZEL_FLAGS: the one g++ build of ./dev, with the assertions on.
# SRPT_BAZEL_STARTUP and SRPT_BAZEL_FLAGS (words) let one machine hold several builds apart.
read -ra BAZEL_STARTUP <<<"${SRPT_BAZEL_STARTUP:-}"
read -ra BAZEL_EXTRA <<<"${SRPT_BAZEL_FLAGS:-}"
SIM=//sim:srpt_sim
CORE_BENCH=//core/srp:core_bench
BAZEL_FLAGS=(-c opt --copt=-UNDEBUG --copt=-D_GLIBCXX_ASSERTIONS)

bazel_() { # COMMAND ARG...
  local command=$1
  shift
  local -a extra=(${BAZEL_EXTRA[@]+"${BAZEL_EXTRA[@]}"})
  [ "$command" != query ] || extra=() # It builds nothing and refuses flags of a build.
  [ -r /proc/self/stat ] || die "/proc is not mounted; bazel needs it"
  bazel ${BAZEL_STARTUP[@]+"${BAZEL_STARTUP[@]}"} "$command" ${extra[@]+"${extra[@]}"} "$@"
}

# build_binary LABEL [FLAG]...: builds it and sets BINARY to the file.
build_binary() {
  local label=$1
  shift
  bazel_ build --noshow_progress --ui_event_filters=-info "$@" "$label" ||
    die "$label does not build"
  BINARY=$(bazel_ cquery "$@" --noshow_progress --ui_event_filters=-info,-debug \
    --output=starlark --starlark:expr='target.files_to_run.executable.path' "$label" 2>/dev/null)
  BINARY=$(bazel_ info "$@" execution_root 2>/dev/null)/$BINARY
  [ -x "$BINARY" ] || die "bazel built $label, but $BINARY is not there"
}

# target_exists LABEL: whether bazel knows it.
target_exists() { bazel_ query --noshow_progress --ui_event_filters=-info "$1" >/dev/null 2>&1; }

# keep_logs NAME: a fresh folder for the guest's logs of this command; sets LOGS.
fresh_logs() {
  LOGS=$PWD/out/$1
  rm -rf "$LOGS"
  mkdir -p "$LOGS"
}
