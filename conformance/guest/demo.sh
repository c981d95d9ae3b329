#!/bin/bash
# Copyright 2026 The srpt Authors
# SPDX-License-Identifier: Apache-2.0
#
# The main job, in the guest: Linux's own SRP initiator uses disks that the target serves over
# Soft-RoCE. `./dev demo` boots it. Arguments: the seconds that passed before the boot.
. /lib.sh
. /target.sh

BEFORE=${1:-0} STEP='' N=0
clock() { awk -v b="$BEFORE" '{ printf "%6.1f", $1 + b }' /proc/uptime; }
step() {
  STEP=$*
  N=$((N + 1))
  printf '\n[%s s] %d. %s\n' "$(clock)" $N "$STEP"
}
tell() { sed 's/^/             /'; }
note() { printf '%s\n' "$*" | tell; }
fail() {
  printf '\n[%s s] FAILED at step %d, "%s": %s\n' "$(clock)" $N "$STEP" "$*"
  [ "$TARGET" != srpt ] || srpt_keep_log
  exit 1
}
run() { "$@" >/tmp/run.log 2>&1 || { tell </tmp/run.log; fail "'$*' ended with status $?"; }; }

log_in() {
  login $TARGET_GUID $GUEST_IP:$TARGET_PORT ,max_sect=4096 ||
    fail "the initiator could not log in: $(dmesg | grep -i srp | tail -n 1)"
  HOST=$(newest_host)
  FILE_DISK=$(disk_wait "$HOST" 0) || fail "LUN 0 did not appear"
  NULL_DISK=$(disk_wait "$HOST" 1) || fail "LUN 1 did not appear"
}

step "a Soft-RoCE device: rdma_rxe on a dummy network interface"
link_up || fail "rdma_rxe did not come up"
rdma link show | tell

step "$TARGET starts, serving a file and a null disk"
[ "$TARGET" != srpt ] || { srpt_config >/run/scst.conf; grep -v '^#' /run/scst.conf | tell; }
target_start || fail "the target did not start"
[ "$TARGET" != srpt ] || tail -n 3 "$SRPT_RUN_LOG" | tell

step "Linux's ib_srp logs in through RDMA/CM"
run initiator_up cmd_sg_entries=255 indirect_sg_entries=2048 allow_ext_sg=1 ch_count=2
log_in
run dd if="$FILE_DISK" of=/dev/null bs=4096 count=1 iflag=direct
FIRST_IO=$(clock)
note "channels $(host_attr "$HOST" ch_count), request limit $(host_attr "$HOST" req_lim)," \
  "immediate data $(cat /sys/module/ib_srp/parameters/use_imm_data);" \
  "boot to first I/O $(awk '{ printf "%.1f s", $1 }' /proc/uptime)"
[ "$(host_attr "$HOST" ch_count)" = 2 ] || fail "the login did not get two channels"

step "the new disks"
lsscsi -g | tell
lsblk -d -o NAME,SIZE,HCTL,VENDOR,MODEL,REV "$FILE_DISK" "$NULL_DISK" | tell

step "mkfs.ext4, mount, copy a tree, unmount"
run mkfs.ext4 -q -F "$FILE_DISK"
run mkdir -p /mnt/disk
run mount -t ext4 "$FILE_DISK" /mnt/disk
run cp -a /usr/bin /usr/sbin /etc /lib/modules /mnt/disk/
(cd /mnt/disk && find . -type f -print0 | sort -z | xargs -0 sha256sum) >/tmp/sums
FILES=$(wc -l </tmp/sums) MIB=$(du -sm /mnt/disk | cut -f1)
run umount /mnt/disk
note "$FILES files, $MIB MiB"

step "log out; stop and restart $TARGET; log in again"
logout "$HOST" || fail "the logout did not end"
target_stop || fail "the target did not stop cleanly (status $?)"
target_start || fail "the target did not start again"
log_in
note "back as $FILE_DISK and $NULL_DISK"

step "e2fsck, and every checksum"
run e2fsck -f -n "$FILE_DISK"
tail -n 1 /tmp/run.log | tell
run mount -t ext4 -o ro "$FILE_DISK" /mnt/disk
(cd /mnt/disk && sha256sum -c /tmp/sums >/tmp/check.log 2>&1) ||
  fail "$(grep -c FAILED /tmp/check.log) checksums differ"
OK=$(grep -c ': OK$' /tmp/check.log)
[ "$OK" = "$FILES" ] || fail "$OK of $FILES checksums are equal"
run umount /mnt/disk
note "$OK of $FILES checksums are equal"

step "fio: random reads and writes, 512 B to 1 MiB, depth 32, each block's CRC verified"
fio --name=verify --filename="$FILE_DISK" --rw=randrw --rwmixread=30 --ioengine=libaio --direct=1 \
  --iodepth=32 --bssplit=512/10:4k/30:8k/15:16k/10:64k/15:128k/10:512k/5:1m/5 --size=128m \
  --verify=crc32c --verify_fatal=1 --do_verify=1 --randseed=20260101 --output-format=json \
  --output=/tmp/fio.json >/tmp/run.log 2>&1 || { tell </tmp/run.log; fail "fio found an error"; }
# fio's JSON: of each direction, the number of I/Os and bytes.
FIO=$(awk -F'[:,]' '/"(read|write)" : [{]/ { gsub(/[" {]/, "", $1); way = $1 }
  /"io_kbytes"/ && way { kb[way] += $2 } /"total_ios"/ && way { ios[way] += $2 }
  /"error"/ { errors += $2 } /"(trim|sync)" : [{]/ { way = "" }
  END { printf "%d reads (%d MiB), %d writes (%d MiB), %d errors", ios["read"], kb["read"] / 1024,
    ios["write"], kb["write"] / 1024, errors }' /tmp/fio.json)
case $FIO in *" 0 errors") note "$FIO" ;; *) fail "$FIO" ;; esac

step "sessions and their counters"
case $TARGET in
  srpt)
    ctl list sessions >/tmp/run.log 2>&1 || { tell </tmp/run.log; fail "srpt ctl list sessions"; }
    tell </tmp/run.log
    ctl list counters >/tmp/run.log 2>&1 || { tell </tmp/run.log; fail "srpt ctl list counters"; }
    tell </tmp/run.log
    ;;
  lio) note "request limit $(host_attr "$HOST" req_lim), zero $(host_attr "$HOST" zero_req_lim)" ;;
esac
dmesg | grep -E 'I/O error|SRP (abort|reset)|ib_srp: failed' >/tmp/complaints &&
  { tell </tmp/complaints; fail "the kernel complained about I/O"; }

step "log out, stop $TARGET"
logout "$HOST" || fail "the logout did not end"
target_stop || fail "the target did not stop cleanly (status $?)"

cat <<TEXT

Summary: all $N steps passed in $(clock) s.
  initiator   Linux $(uname -r) ib_srp over rdma_rxe, RDMA/CM, two channels
  first I/O   $FIRST_IO s
  ext4        $FILES files, $MIB MiB written; after a restart of $TARGET e2fsck clean, $OK checksums equal
  fio         $FIO
TEXT
