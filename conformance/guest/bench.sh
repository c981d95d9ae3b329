#!/bin/bash
# Copyright 2026 The srpt Authors
# SPDX-License-Identifier: Apache-2.0
#
# In the guest: the kernel's LIO ib_srpt and srpt side by side, both with a null disk, through the
# same initiator with the same options, turn by turn in one run. `./dev bench` boots it.
#   bench.sh rows ROUNDS SECONDS SECONDS_1M   prints "ROW name target IOPS" for each measurement
#   bench.sh profile TARGET RW BS DEPTH SECONDS   where the instructions of one row go
# TARGETS (default "lio srpt") names who takes part; "srpt-shards" is srpt with a shard for each CPU,
# in the rows of several channels only: one channel is one shard's.
. /lib.sh
. /target.sh

TARGETS=${TARGETS:-lio srpt}
declare -A DISK_OF HOST_OF PORT_OF GUID_OF RUN_OF

start() { # TARGET
  local options=()
  case $1 in
    lio) target_start_lio; return ;;
    srpt-shards) options=(--shards "$(nproc)") ;;
  esac
  rm -f /run/scst.conf # written anew, with this one's port
  SRPT_SOCKET=/run/$1.sock target_start_srpt "${options[@]}" &&
    RUN_OF[$1]="$SRPT_PID $SRPT_RUN_LOG"
}

stop_srpts() {
  local t status=0
  for t in "${!RUN_OF[@]}"; do
    read -r SRPT_PID SRPT_RUN_LOG <<<"${RUN_OF[$t]}"
    SRPT_STATUS=$SRPT_RUN_LOG.status
    target_stop_srpt || status=1
  done
  return $status
}

setup() {
  local t
  link_up || return 1
  for t in $TARGETS; do
    case $t in
      lio) TARGET_PORT=5555 ;;
      srpt) TARGET_PORT=5556 TARGET_GUID=00000000000005e0 ;;
      srpt-shards) TARGET_PORT=5557 TARGET_GUID=00000000000005e1 ;;
    esac
    start "$t" || return 1
    PORT_OF[$t]=$TARGET_PORT GUID_OF[$t]=$TARGET_GUID
  done
  [[ $TARGETS != *srpt* ]] || grep -i poll "$SRPT_RUN_LOG" | tail -n 1 | sed 's/^/srpt: /'
}

# sessions CHANNELS IMM: logs in to each target anew, with that many channels at most (ib_srp takes
# no more than there are CPUs); IMM: Y or N, immediate data. Sets CHANNELS to how many there are.
sessions() {
  local t host
  for t in "${!HOST_OF[@]}"; do logout "${HOST_OF[$t]}" || return 1; done
  HOST_OF=() DISK_OF=()
  [ ! -d /sys/module/ib_srp ] || rmmod ib_srp || return 1
  initiator_up cmd_sg_entries=255 indirect_sg_entries=2048 allow_ext_sg=1 ch_count="$1" \
    use_imm_data="$2" || return 1
  for t in $TARGETS; do
    [ "$t $1" != "srpt-shards 1" ] || continue
    login "${GUID_OF[$t]}" $GUEST_IP:"${PORT_OF[$t]}" ,max_sect=4096 || return 1
    host=$(newest_host)
    HOST_OF[$t]=$host
    DISK_OF[$t]=$(disk_wait "$host" 1) || return 1 # LUN 1 is the null disk
    CHANNELS=$(host_attr "$host" ch_count)
    echo "$t: $CHANNELS channels, request limit $(host_attr "$host" req_lim), immediate data $2"
  done
}

# measure DISK RW BS DEPTH SECONDS: prints I/Os a second.
measure() {
  fio --name=row --filename="$1" --rw="$2" --bs="$3" --iodepth="$4" --ioengine=libaio --direct=1 \
    --thread --time_based --runtime="$5" --ramp_time=1 --norandommap --randrepeat=1 \
    --output-format=terse --terse-version=3 2>/tmp/fio.err |
    awk -F';' '$5 != 0 { exit 1 } { printf "%.1f\n", $8 + $49; ok = 1 } END { exit !ok }' ||
    { cat /tmp/fio.err >&2; return 1; }
}

# row_group LABEL: the rows of standard input, on the sessions as they are.
row_group() {
  local label=$1 t iops rw bs depth seconds
  while read -r rw bs depth; do
    seconds=$SECONDS_SHORT
    [ "$bs" != 1M ] || seconds=$SECONDS_1M
    for t in $TARGETS; do
      [ -n "${DISK_OF[$t]:-}" ] || continue
      iops=$(measure "${DISK_OF[$t]}" "$rw" "$bs" "$depth" "$seconds") ||
        { echo "fio failed: $t $rw $bs depth $depth"; return 1; }
      echo "ROW $bs $rw depth $depth$label|$t|$iops"
    done
  done
}

rows() { # ROUNDS SECONDS SECONDS_1M
  local round
  SECONDS_SHORT=$2 SECONDS_1M=$3
  for ((round = 1; round <= $1; round++)); do
    # Writes of up to 8 KiB are immediate data.
    sessions 1 Y || return 1
    row_group '' <<'LIST' || return 1
randread 4k 1
randread 4k 32
randwrite 4k 32
randread 64k 32
read 1M 32
write 1M 32
LIST
    sessions 1 N || return 1
    row_group ', RDMA READ' <<<'randwrite 4k 32' || return 1
    sessions 2 Y || return 1
    [ "$CHANNELS" = 2 ] || { echo "no rows of two channels: one CPU" && continue; }
    row_group ', 2 channels' <<'LIST' || return 1
randread 4k 32
randwrite 4k 32
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
[ "$1" != profile ] || sessions 1 Y || { dmesg | tail -n 5; exit 1; }
"$@" || { dmesg | tail -n 5; exit 1; }
stop_srpts
