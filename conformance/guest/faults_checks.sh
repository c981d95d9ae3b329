# Copyright 2026 The srpt Authors
# SPDX-License-Identifier: Apache-2.0
#
# Sourced by faults.sh: the bodies of its checks. HOST and DISK are the session's SCSI host and its
# LUN 0. The disk's first 8 MiB keep one pattern all the time; the faults strike I/O behind them.
# shellcheck shell=bash

KEPT=/tmp/kept.bin

# log_in: sets HOST and DISK; timeouts are short, so that what hangs is seen to be recovered.
log_in() {
  login $TARGET_GUID $GUEST_IP:$TARGET_PORT || return 1
  HOST=$(newest_host)
  DISK=$(disk_wait "$HOST" 0) || return 1
  echo 10 >"/sys/block/${DISK#/dev/}/device/timeout"
  echo 1 >"/sys/class/srp_remote_ports/port-$HOST:1/reconnect_delay"
  if [ ! -e $KEPT ]; then
    dd if=/dev/urandom of=$KEPT bs=1M count=8 2>/dev/null &&
      dd if=$KEPT of="$DISK" bs=1M oflag=direct 2>/dev/null
  fi
}

old_data_intact() {
  dd if="$DISK" of=/tmp/back.bin bs=1M count=8 iflag=direct 2>/dev/null
  cmp $KEPT /tmp/back.bin
}

# fio_job SECONDS: writes and verifies behind the kept data; any error or wrong byte ends it.
fio_job() {
  fio --name=faults --filename="$DISK" --offset=16m --size=24m --rw=randwrite --bsrange=512-128k \
    --ioengine=libaio --direct=1 --iodepth=16 --verify=crc32c --verify_fatal=1 --do_verify=1 \
    --verify_backlog=64 --time_based --runtime="$1" --output-format=terse
}

io_begin() { # SECONDS
  fio_job "$1" >/tmp/fio.out 2>&1 &
  FIO=$!
  sleep 2 # until it is at work
  kill -0 $FIO
}
io_ends_well() { # nothing was lost, no byte was wrong
  wait $FIO || { tail -n 5 /tmp/fio.out; echo "fio found an error"; return 1; }
}
io_verified() {
  io_begin 3
  io_ends_well
  old_data_intact
}

# reset_under_io OPTION: sg_reset's, again and again while I/O runs.
reset_under_io() {
  local i
  forget_kernel
  io_begin 8
  for i in 1 2 3; do
    sg_reset "$1" "$DISK"
    sleep 1
  done
  io_ends_well
  old_data_intact
  expect_kernel 'SRP reset_(device|host) called' # the reset reached ib_srp
}

rejected_under_io() {
  local i
  io_begin 8
  forget_kernel
  for i in 1 2 3; do
    expect "the login to fail" \
      eval "! login 0000000000000bad $GUEST_IP:$TARGET_PORT ,initiator_ext=000000000000000$i"
  done
  expect_rejection 0x00010003
  expect "srpt's log to tell why" srpt_says '[Rr]eject.*0*5e0|0*5e0.*[Rr]eject'
  io_ends_well
  old_data_intact
  expect_equal "the host's state" "$(host_attr "$HOST" state)" running
}

# daemon_killed_and_back: SIGKILL with commands outstanding, then a new process on the same disk.
daemon_killed_and_back() {
  forget_kernel
  io_begin 12 || return 1
  kill -KILL "$SRPT_PID" || return 1
  wait_for 5 eval "! kill -0 $SRPT_PID 2>/dev/null" || return 1
  srpt_keep_log
  sleep 1
  target_start || return 1
  wait_for 60 expect_kernel 'reconnect.*succeeded' || return 1
  io_ends_well
}
daemon_reconnected() {
  cat /tmp/killed.out
  expect_equal "the status of what went before" "$KILLED" 0
  old_data_intact
  io_verified
}

module_unloads() { rmmod ib_srp && [ ! -e /sys/module/ib_srp ]; }

# initiator_gone: the initiator goes away with I/O on its way. Linux does not unload a module whose
# disk is in use, so the login is deleted first; fio then sees errors. The target forgets the session
# and lives.
initiator_gone() {
  io_begin 20
  expect "ib_srp to be in use" eval "! module_unloads"
  logout "$HOST"
  expect "fio to lose its disk" eval "! wait $FIO"
  expect "ib_srp to be unloaded" wait_for 15 module_unloads
  expect "the session to end" wait_for 30 no_sessions
  expect "srpt to live" kill -0 "$SRPT_PID"
  modprobe ib_srp ch_count=2
  wait_for 5 test -e /sys/class/infiniband_srp/srp-$RDMA_DEV-1/add_target
}
