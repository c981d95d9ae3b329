#!/bin/bash
# Copyright 2026 The srpt Authors
# SPDX-License-Identifier: Apache-2.0
#
# In the guest: the kernel's LIO ib_srpt and srpt side by side, both with a null disk, through the
# same initiator with the same options, turn by turn in one run. `./dev bench` boots it.
#   bench.sh rows ROUNDS SECONDS SECONDS_1M   prints "ROW name target IOPS" for each measurement
#   bench.sh profile TARGET RW BS DEPTH SECONDS   where the instructions of one row go
# TARGETS (default "lio srpt") names who takes part.
. /lib.sh
. /target.sh

TARGETS=${TARGETS:-lio srpt}
declare -A DISK_OF

setup() {
  local t port guid host
  link_up && initiator_up cmd_sg_entries=255 indirect_sg_entries=2048 allow_ext_sg=1 || return 1
  for t in $TARGETS; do
    case $t in
      lio) TARGET_PORT=5555 ;;
      srpt) TARGET_PORT=5556 TARGET_GUID=00000000000005e0 ;;
    esac
    target_start_"$t" || return 1
    port=$TARGET_PORT guid=$TARGET_GUID
    login "$guid" $GUEST_IP:"$port" ,max_sect=4096 || return 1
    host=$(newest_host)
    DISK_OF[$t]=$(disk_wait "$host" 1) || return 1 # LUN 1 is the null disk
    echo "$t: $(host_attr "$host" ch_count) channels, request limit $(host_attr "$host" req_lim)"
  done
  [[ $TARGETS != *srpt* ]] || grep -i poll "$SRPT_RUN_LOG" | tail -n 1 | sed 's/^/srpt: /'
}

# measure DISK RW BS DEPTH SECONDS: prints I/Os a second.
measure() {
  fio --name=row --filename="$1" --rw="$2" --bs="$3" --iodepth="$4" --ioengine=libaio --direct=1 \
    --thread --time_based --runtime="$5" --ramp_time=1 --norandommap --randrepeat=1 \
    --output-format=terse --terse-version=3 2>/tmp/fio.err |
    awk -F';' '$5 != 0 { exit 1 } { printf "%.1f\n", $8 + $49; ok = 1 } END { exit !ok }' ||
    { cat /tmp/fio.err >&2; return 1; }
}

rows() { # ROUNDS SECONDS SECONDS_1M
  local round t iops name rw bs depth seconds
  for ((round = 1; round <= $1; round++)); do
    while read -r rw bs depth; do
      seconds=$2
      [ "$bs" != 1M ] || seconds=$3
      for t in $TARGETS; do
        iops=$(measure "${DISK_OF[$t]}" "$rw" "$bs" "$depth" "$seconds") ||
          { echo "fio failed: $t $rw $bs depth $depth"; return 1; }
        name="$bs $rw depth $depth"
        echo "ROW $name|$t|$iops"
      done
    done <<'LIST'
randread 4k 1
randread 4k 32
randwrite 4k 32
randread 64k 32
read 1M 32
LIST
  done
}

profile() { # TARGET RW BS DEPTH SECONDS
  echo 0 >/proc/sys/kernel/kptr_restrict
  echo -1 >/proc/sys/kernel/perf_event_paranoid
  # Begins after fio's ramp, ends before fio does: no idle time in between.
  (sleep 2 && perf record -a -e cpu-clock -F 999 -o /tmp/perf.data sleep $(($5 - 2))) \
    >/dev/null 2>&1 &
  local recorder=$! # not %1: the target is a job of this shell, too
  measure "${DISK_OF[$1]}" "$2" "$3" "$4" "$5"
  wait $recorder
  echo "--- by program"
  perf report -i /tmp/perf.data --no-children --no-inline --sort comm,dso --stdio 2>/dev/null |
    grep -v '^#' | grep -v '^$' | head -n 15
  echo "--- by function"
  perf report -i /tmp/perf.data --no-children --no-inline --sort dso,symbol --stdio 2>/dev/null |
    grep -v '^#' | grep -v '^$' | head -n 40
}

setup || { dmesg | tail -n 5; exit 1; }
"$@" || exit 1
[[ $TARGETS != *srpt* ]] || target_stop_srpt
