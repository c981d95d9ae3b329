# Copyright 2026 The srpt Authors
# SPDX-License-Identifier: Apache-2.0
#
# Sourced by smoke.sh: the bodies of its checks. HOST, DISK and NULL are the session's SCSI host
# and its two disks.
# shellcheck shell=bash

no_rdma_device() {
  expect_status 1 /srpt --config /run/scst.conf
  expect_output 'no usable RDMA device' /srpt --config /run/scst.conf
}

bad_configuration() {
  printf 'HANDLER vdisk_nullio {\n  DEVICE d0 {\n    size_mb many\n  }\n}\n' >/run/bad.conf
  expect_status 2 /srpt --config /run/bad.conf
  expect_output '^.*/run/bad.conf:3: .*expected' /srpt --config /run/bad.conf
}

help_text() {
  local name
  for name in rdma_cm_port srp_max_req_size srp_max_rsp_size srp_max_rdma_size use_srq \
    srpt_srq_size srpt_sq_size srpt_service_guid; do
    expect_output "$name" /srpt --help >/dev/null
  done
}

first_io() {
  dd if="$DISK" of=/dev/null bs=4096 count=1 iflag=direct
  echo "the first read ended $(uptime_s) s after boot"
  expect "at most 30 s" awk '{ exit !($1 <= 30) }' /proc/uptime
}

login_ipv4() {
  expect "a SCSI host" test -n "$HOST"
  expect_equal "the number of channels" "$(host_attr "$HOST" ch_count)" 2
  expect "a request limit of at least 64" test "$(host_attr "$HOST" req_lim)" -ge 64
  expect "LUN 0" test -b "$DISK"
  expect "LUN 1" test -b "$NULL"
}

session_listed() {
  expect_output "$GUEST_IP" ctl list sessions
  expect_output '"ok": *true' ctl --json list sessions
}

# shards: how many srpt was told to have.
shards() {
  local option
  for option in ${SRPT_OPTIONS:-}; do
    [[ $option != --shards=* ]] || { echo "${option#*=}" && return; }
  done
  echo 1
}

# The two channels of the session are where the fewest are: on two shards, if there are two.
channels_on_shards() {
  local want=1 seen
  [ "$(shards)" = 1 ] || want=2
  seen=$(grep -o 'accepted: session [^,]*, shard [0-9]*' "$SRPT_RUN_LOG" | awk '{ print $NF }' |
    sort -u)
  echo "shards: $seen"
  expect_equal "the number of shards that have a channel" "$(wc -w <<<"$seen")" $want
  ctl get "/targets/ib_srpt/$GUEST_GID/comp_v_mask"
  expect_output '^[0-9]+,[0-9]+$' ctl get "/targets/ib_srpt/$GUEST_GID/sessions/$GUEST_IP/comp_vector"
}

admin_socket_is_private() { expect_equal "the socket's mode" "$(stat -c %a $SRPT_SOCKET)" 600; }

# limit NAME: what srpt says of itself.
limit() { # shellcheck disable=SC2086
  /srpt --print-limits ${SRPT_OPTIONS:-} | awk -v name="$1" '$1 == name { print $2 }'
}

idle_memory() {
  local kib bound
  kib=$(awk '/^VmRSS/ { print $2 }' "/proc/$SRPT_PID/status")
  # A shard has its own data buffers; shared receives are there from the start.
  bound=$((65536 * $(shards) + $(limit memory_shared_receives) / 1024))
  echo "$kib KiB resident"
  expect "less than $bound KiB resident, not $kib KiB" test "$kib" -lt $bound
}

# The kernel counts the shared receive queues of a process.
receives_shared() {
  local want=0
  [[ " ${SRPT_OPTIONS:-} " != *" --use_srq=Y "* ]] || want=1
  rdma resource show srq
  expect_equal "the number of shared receive queues" \
    "$(rdma resource show srq | grep -c "pid $SRPT_PID ")" $want
}

inquiry_and_vpd() {
  local page
  expect_output 'Product identification' sg_inq "$DISK"
  for page in 0 0x80 0x83 0xb0 0xb1; do sg_vpd -p $page "$DISK" >/dev/null; done
  expect_output '\[di\]' sg_vpd -p 0 "$DISK"
  expect_output '\[bl\]' sg_vpd -p 0 "$DISK"
  expect_output 'designator|Target port' sg_vpd -p di "$DISK"
}

read_capacity() {
  local blocks=$((DISK_MIB * 2048))
  expect_output "Last LBA=$((blocks - 1)) .*Number of logical blocks=$blocks|Last LBA=$((blocks - 1))" \
    sg_readcap "$DISK"
  expect_output "Last LBA=$((blocks - 1))" sg_readcap -l "$DISK"
  expect_equal "the disk's size" "$(blockdev --getsize64 "$DISK")" $((DISK_MIB << 20))
}

mode_luns_ready_sync() {
  sg_modes "$DISK"
  expect_output 'Number of LUNs: *2|Lun list length = 16' sg_luns "$DISK"
  sg_turs "$DISK"
  sg_requests "$DISK"
  sg_sync "$DISK"
  sg_sync -S "$DISK"
}

write_read_compare() { # BYTES
  local unit=$1 count
  [ -e /tmp/random ] || dd if=/dev/urandom of=/tmp/random bs=1M count=4 2>/dev/null
  count=$((unit < 65536 ? 16 : (4 << 20) / unit))
  dd if=/tmp/random of="$DISK" bs="$unit" count=$count seek=3 oflag=direct 2>/dev/null
  dd if="$DISK" of=/tmp/back bs="$unit" count=$count skip=3 iflag=direct 2>/dev/null
  cmp -n $((unit * count)) /tmp/random /tmp/back
  # What the target's file holds, too, not only what it answers.
  dd if=$DISK_FILE of=/tmp/back bs="$unit" count=$count skip=3 2>/dev/null
  cmp -n $((unit * count)) /tmp/random /tmp/back
}

read_beyond_the_end() {
  local lba
  lba=$(printf '%08x' $((DISK_MIB * 2048)) | sed 's/../& /g')
  # shellcheck disable=SC2086
  expect_output '[Ll]ogical block address out of range|LBA out of range' \
    sg_raw -r 512 "$DISK" 28 00 $lba 00 00 01 00
}

unknown_command() {
  expect_output '[Ii]nvalid command operation code' sg_raw -r 512 "$DISK" ee 00 00 00 00 00 00 00 00 00
}

null_disk() {
  dd if=/tmp/random of="$NULL" bs=1M count=4 oflag=direct 2>/dev/null
  dd if="$NULL" of=/dev/null bs=1M count=4 iflag=direct 2>/dev/null
}

login_ipv6() {
  local h
  wait_for 5 link_local_ready
  login $TARGET_GUID "[$(link_local)%dummy0]:$TARGET_PORT" ,initiator_ext=0000000000000006
  h=$(newest_host)
  expect "a new SCSI host" test "$h" != "$HOST"
  disk_wait "$h" 0
  logout "$h"
}

wrong_port_id() {
  forget_kernel
  expect "the login to fail" eval "! login 0000000000000bad $GUEST_IP:$TARGET_PORT"
  if [ "$TARGET" = srpt ]; then # LIO ignores the port id's halves here and answers otherwise
    expect_rejection 0x00010003
    expect "srpt's log to tell why" srpt_says '[Rr]eject.*0*5e0|0*5e0.*[Rr]eject'
  fi
}

disabled_target() {
  forget_kernel
  ctl disable $GUEST_GID
  # With an initiator_ext of its own, so that the live session is no duplicate.
  expect "the login to fail" \
    eval "! login $TARGET_GUID $GUEST_IP:$TARGET_PORT ,initiator_ext=0000000000000007"
  ctl enable $GUEST_GID
  expect_rejection 0x00010001
  expect "srpt's log to tell why" srpt_says '[Rr]eject.*(disabled|not enabled)'
}

lun_added_and_removed() {
  local d
  ctl add-lun $GUEST_GID 5 null0
  rescan "$HOST"
  d=$(disk_wait "$HOST" 5)
  dd if="$d" of=/dev/null bs=4096 count=1 iflag=direct
  ctl del-lun $GUEST_GID 5
  expect_output '3 errors' sg_turs -n 3 "$d"
  echo 1 >"/sys/block/${d#/dev/}/device/delete"
  expect_status 1 disk "$HOST" 5
  dd if="$DISK" of=/dev/null bs=4096 count=1 iflag=direct
}

device_added_and_removed() {
  local d
  expect_output 'No such file' ctl add-device vdisk_fileio disk6 filename=/run/absent
  truncate -s 8M /run/disk6.img
  ctl add-device vdisk_fileio disk6 filename=/run/disk6.img
  expect_output 'exists already' ctl add-device vdisk_fileio disk6 filename=/run/disk6.img
  ctl add-lun $GUEST_GID 6 disk6
  rescan "$HOST"
  d=$(disk_wait "$HOST" 6)
  dd if=/dev/urandom of="$d" bs=4096 count=4 oflag=direct
  cmp -n 16384 "$d" /run/disk6.img
  ctl del-lun $GUEST_GID 6
  echo 1 >"/sys/block/${d#/dev/}/device/delete"
  ctl del-device disk6
  rm /run/disk6.img
}

disk_resized() {
  local bytes=$(((NULL_MIB + 64) << 20)) d=${NULL#/dev/}
  ctl resize null0 $bytes
  echo 1 >"/sys/block/$d/device/rescan"
  expect_equal "the disk's size" "$(blockdev --getsize64 "$NULL")" $bytes
}

# The administrator closes the session; the initiator comes back by itself, to its disks.
session_closed() {
  local name
  echo 1 >"/sys/class/srp_remote_ports/port-$HOST:1/reconnect_delay"
  name=$(ctl --json list sessions | grep -oE '"name": *"[^"]*"' | head -n 1 | cut -d'"' -f4)
  expect "a session's name" test -n "$name"
  forget_kernel
  ctl close-session $GUEST_GID "$name"
  wait_for 15 expect_kernel 'reconnect.*succeeded'
  dd if="$DISK" of=/dev/null bs=4096 count=1 iflag=direct
}

lun_reset() {
  sg_reset -d "$DISK"
  dd if="$DISK" of=/dev/null bs=4096 count=1 iflag=direct
}

ext4_survives_relogin() {
  mkfs.ext4 -q -F "$DISK"
  mkdir -p /mnt/smoke
  mount -t ext4 "$DISK" /mnt/smoke
  cp -a /etc /usr/sbin /mnt/smoke/
  (cd /mnt/smoke && find . -type f -print0 | sort -z | xargs -0 sha256sum) >/tmp/sums
  umount /mnt/smoke
  echo 3 >/proc/sys/vm/drop_caches
  e2fsck -f -n "$DISK"
  mount -t ext4 -o ro "$DISK" /mnt/smoke
  (cd /mnt/smoke && sha256sum -c /tmp/sums) >/tmp/sums.out 2>&1 || { grep -v OK /tmp/sums.out; return 1; }
  umount /mnt/smoke
}

fio_verified() {
  fio --name=smoke --filename="$DISK" --rw=randrw --ioengine=libaio --direct=1 --iodepth=32 \
    --bssplit=512/10:4k/40:16k/20:64k/15:256k/10:1m/5 --size=32m --verify=crc32c --verify_fatal=1 \
    --do_verify=1 --output-format=terse
}

sessions_unharmed() {
  expect_equal "the host's state" "$(host_attr "$HOST" state)" running
  dd if="$DISK" of=/dev/null bs=4096 count=1 iflag=direct
}

too_small_request_size() {
  target_start --srp_max_req_size=2116
  forget_kernel
  expect "the login to fail" eval "! login $TARGET_GUID $GUEST_IP:$TARGET_PORT"
  case $LINK in # (ib_srp puts this reason into words)
    siw) expect_rejection 0x00010002 ;;
    *) expect_kernel 'max_it_iu_len too large' ;;
  esac
  expect "srpt's log to tell which value would do" srpt_says '8260'
  target_stop
}

restart_and_relogin() {
  local h
  target_start
  login $TARGET_GUID $GUEST_IP:$TARGET_PORT ,max_sect=4096
  h=$(newest_host)
  dd if="$(disk_wait "$h" 0)" of=/dev/null bs=4096 count=1 iflag=direct
  logout "$h"
  target_stop
}

kernel_is_quiet() {
  # (reset_device is ours: lun_reset)
  ! dmesg | grep -E 'I/O error|SRP (abort|reset_host)|BUG:|WARNING:|Oops'
}
