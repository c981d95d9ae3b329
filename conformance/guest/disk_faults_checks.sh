# Copyright 2026 The srpt Authors
# SPDX-License-Identifier: Apache-2.0
#
# Sourced by disk_faults.sh after faults_checks.sh, which it builds on. LUN 2 (BAD) is a mapped disk
# that can be made to hang or to fail; LUN 3 (FULL) is a file larger than the file system that it is
# on; LUN 4 (LAZY) is a mapped disk, too, behind the target's page cache, so that only a flush meets
# its errors.
# shellcheck shell=bash

BAD_SECTORS=65536 # of each mapped disk
WHOLE_bad="linear /dev/ram0 0" WHOLE_lazy="linear /dev/ram0 $BAD_SECTORS"
FULL_AT=/run/small

disks_up() {
  modprobe brd rd_nr=1 rd_size=$BAD_SECTORS && modprobe dm_mod &&
    wait_for 5 test -e /dev/ram0 &&
    dm create bad --table "0 $BAD_SECTORS $WHOLE_bad" &&
    dm create lazy --table "0 $BAD_SECTORS $WHOLE_lazy" &&
    mkdir -p $FULL_AT && mount -t tmpfs -o size=4m none $FULL_AT && truncate -s 16M $FULL_AT/disk
}
dm() { DM_DISABLE_UDEV=1 dmsetup "$@"; } # there is no udev to make the node
# becomes NAME TARGET [ARGUMENT]...: what it is mapped to from now on.
becomes() {
  local name=$1
  shift
  dm suspend --noflush --nolockfs "$name"
  dm load "$name" --table "0 $BAD_SECTORS $*"
  dm resume "$name"
}
fails() { becomes "$1" error; }
# (With a check that failed in the middle, the next begin from here, too.)
whole() {
  becomes bad "$WHOLE_bad"
  becomes lazy "$WHOLE_lazy"
}
hangs() { dm suspend --noflush --nolockfs "$1"; }
goes_on() { dm resume "$1"; }

with_disks() { # srpt_config with the two more
  srpt_config | awk -v full=$FULL_AT/disk '
    /^HANDLER vdisk_nullio/ {
      print "HANDLER vdisk_fileio {"
      print "  DEVICE bad {\n    filename /dev/mapper/bad\n    o_direct 1\n  }"
      print "  DEVICE lazy {\n    filename /dev/mapper/lazy\n  }"
      print "  DEVICE full {\n    filename " full "\n  }"
      print "}"
    }
    { print }
    /LUN 1 / { print "    LUN 2 bad\n    LUN 3 full\n    LUN 4 lazy" }'
}

log_in_to_disks() {
  log_in && BAD=$(disk_wait "$HOST" 2) && FULL=$(disk_wait "$HOST" 3) &&
    LAZY=$(disk_wait "$HOST" 4) &&
    echo 3 >"/sys/block/${BAD#/dev/}/device/timeout"
}

# pattern BYTE MIB: so much of it.
pattern() { head -c "$(($2 << 20))" /dev/zero | tr '\0' "$1"; }
put() { dd of="$1" bs=64k iflag=fullblock oflag=direct status=none; } # DISK
get() { dd if="$1" bs=64k count=$(($2 * 16)) iflag=direct status=none; } # DISK MIB
holds() { # DISK BYTE MIB
  pattern "$2" "$3" >/tmp/want.bin
  get "$1" "$3" | cmp - /tmp/want.bin
}

read_errors() {
  whole
  pattern a 1 | put "$BAD"
  forget_kernel
  fails bad
  expect "reading to fail" eval "! get $BAD 1 >/dev/null"
  expect_kernel 'Add. Sense: Unrecovered read error'
  old_data_intact
  whole
  expect "the disk to be as before" holds "$BAD" a 1
}

write_errors() {
  whole
  forget_kernel
  fails bad
  expect "writing to fail" eval "! pattern b 1 | put $BAD"
  expect_kernel 'Add. Sense: Write error'
  old_data_intact
  whole
  expect "the disk to be as before" holds "$BAD" a 1
  pattern b 1 | put "$BAD"
  expect "the disk to take data again" holds "$BAD" b 1
}

no_space() {
  forget_kernel
  expect "writing to fail" eval "! pattern c 8 | put $FULL"
  expect_kernel 'Add. Sense: Space allocation failed write protect'
  expect "what was taken to be there" holds "$FULL" c 2
  old_data_intact
  mount -o remount,size=32m none $FULL_AT
  pattern d 8 | put "$FULL"
  expect "the disk to take data again" holds "$FULL" d 8
}

# A flush that fails may have lost what was acknowledged: the disk stays failed until the
# administrator says that it may go on (fault 30).
flush_fails() {
  whole
  pattern g 1 | put "$LAZY"
  flush "$LAZY"
  fails lazy
  pattern h 1 | put "$LAZY"
  expect "the flush to fail" eval "! flush $LAZY"
  whole
  expect "srpt to say so" srpt_says 'lazy.*fail'
  expect "reading to fail" eval "! get $LAZY 1 >/dev/null"
  old_data_intact
  # (A page that was given up later fails the next flush, too.)
  expect "the disk to be served again" wait_for 10 served_again
  expect "the disk to take data again" holds "$LAZY" i 1
}
served_again() {
  ctl clear-failed lazy && pattern i 1 | put "$LAZY" && flush "$LAZY"
}
flush() { dd if=/dev/null of="$1" bs=512 count=0 conv=notrunc,fsync status=none; } # DISK

# The initiator aborts the READ, which is answered at once, and asks again; nobody is reset.
read_hangs() {
  local before reader
  whole
  before=$(logins_accepted)
  forget_kernel
  hangs bad
  get "$BAD" 1 >/tmp/read.out &
  reader=$!
  expect "ib_srp to abort it" wait_for 20 expect_kernel 'SRP abort called'
  sleep 2
  old_data_intact
  goes_on bad
  expect "the READ to succeed" wait $reader
  pattern b 1 >/tmp/want.bin
  cmp /tmp/want.bin /tmp/read.out
  expect "no reset" eval "! expect_kernel 'SRP reset_(device|host) called'"
  expect_equal "the number of logins" "$(logins_accepted)" "$before"
}

# A WRITE that the backend has cannot be recalled: its ABORT gets no answer, LUN RESET is answered
# "failed", and ib_srp logs in again. The new session uses the other disks, waits at this one, and
# what it writes there stays.
write_hangs() {
  local before writer
  whole
  before=$(logins_accepted)
  forget_kernel
  hangs bad
  pattern e 1 | put "$BAD" &
  writer=$!
  expect "ib_srp to log in again" wait_for 60 eval "[ \$(logins_accepted) -gt $before ]"
  expect_kernel 'SRP abort called'
  expect_kernel 'SRP reset_device called'
  expect_kernel 'SRP reset_host called'
  expect "the new session's other disk to work" wait_for 20 old_data_intact
  goes_on bad
  wait $writer || echo "the WRITE was given up" # the initiator's patience is limited
  expect "the disk to take data again" wait_for 30 eval "pattern f 1 | put $BAD"
  expect "no older write to come after it" holds "$BAD" f 1
  sleep 2
  expect "no older write to come later" holds "$BAD" f 1
}
