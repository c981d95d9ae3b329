# Copyright 2026 The srpt Authors
# SPDX-License-Identifier: Apache-2.0
#
# Sourced by marathon.sh: the bodies of its checks. HELD is what the kernel held for srpt before the
# first login. What srpt's size was, all along, is in /logs/marathon.log.
# shellcheck shell=bash

# What a run may make srpt grow by. How many pages malloc keeps depends on how many sessions there
# were at once (1.2 MiB more were seen); a leak of 210 bytes in each of 10,000 logins is above it.
GROWTH_KIB_MAX=2048

# holds: what the kernel counts for srpt.
holds() { srpt_holds qp mr cq cm_id; }

# size: resident memory in KiB, open descriptors.
size() {
  echo "$(awk '/^VmRSS/ { print $2 }' "/proc/$SRPT_PID/status")" \
    "$(find "/proc/$SRPT_PID/fd" -mindepth 1 | wc -l)"
}

note() { echo "$(uptime_s) s after boot: $*; KiB resident, descriptors: $(size)" | tee -a /logs/marathon.log; }

# settled: no session is left, nor anything that the kernel holds for one, nor a thread in the kernel
# that ends one: an id whose initiator withdrew can keep it for a minute.
settled() { no_sessions && [ "$(holds)" = "$HELD" ] && ! kernel_keeps_one; }
kernel_keeps_one() { cat "/proc/$SRPT_PID"/task/*/status | grep -q '^State:.*D'; }
settles() {
  wait_for 150 settled && return 0
  ctl list sessions
  echo "srpt holds $(holds | xargs), not $(xargs <<<"$HELD")"
  return 1
}

ours() { # COUNT
  (python conformance/guest/marathon.py "$1") | while read -r line; do note "$line"; done
  [ "${PIPESTATUS[0]}" = 0 ]
}

# linuxs COUNT: log in, wait for the disk, read of it, delete the port. (ib_srp refuses a login as
# long as it is still taking the last one, to the same port, down.)
linuxs() {
  local i host disk
  for ((i = 1; i <= $1; i++)); do
    expect "login $i" wait_for 20 login $TARGET_GUID $GUEST_IP:$TARGET_PORT
    host=$(newest_host)
    disk=$(disk_wait "$host" 0)
    dd if="$disk" of=/dev/null bs=4096 count=1 iflag=direct 2>/dev/null
    expect "host $host to be gone" logout "$host"
    [ $((i % 25)) != 0 ] || note "$i logins of ib_srp"
  done
}

warm_up() { # OURS LINUXS
  ours "$1"
  linuxs "$2"
  settles
}

flat() { # "KIB DESCRIPTORS" COUNT
  local before after
  settles
  note "after $2 logins"
  read -ra before <<<"$1"
  read -ra after <<<"$(size)"
  echo "$2 logins: from ${before[*]} to ${after[*]} (KiB resident, descriptors)"
  expect_equal "the number of descriptors" "${after[1]}" "${before[1]}"
  expect "at most $GROWTH_KIB_MAX KiB more, not $((after[0] - before[0]))" \
    test $((after[0] - before[0])) -le $GROWTH_KIB_MAX
}
