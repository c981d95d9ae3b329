# Copyright 2026 The srpt Authors
# SPDX-License-Identifier: Apache-2.0
#
# Sourced by vmrun: chooses KVM or emulation, boots, follows the script's output, reports how the
# guest ended.
# shellcheck shell=bash

QEMU_PID='' WATCHDOG_PID=''
COMPLAINT='BUG:|Oops:|WARNING: CPU|general protection|Kernel panic|soft lockup|blocked for more than'

boot_cleanup() {
  [ -z "$WATCHDOG_PID" ] || kill "$WATCHDOG_PID" 2>/dev/null || :
  [ -z "$QEMU_PID" ] || kill -9 "$QEMU_PID" 2>/dev/null || :
  pair_kill
  rm -rf "$WORK"
}

# kvm_boots: whether Debian's kernel reaches user space within two seconds under KVM. Some machines
# have a /dev/kvm on which it never does.
kvm_boots() {
  [ -w /dev/kvm ] || return 1
  local memo p=$WORK/probe
  memo=$CACHE/kvm-$(cat /proc/sys/kernel/random/boot_id) # the answer holds until the host reboots
  if [ ! -e "$memo" ]; then
    mkdir -p "$p/bin" "$p/dev"
    cp -L "$(command -v busybox)" "$p/bin/busybox"
    printf '#!/bin/busybox sh\n/bin/busybox mount -t devtmpfs dev /dev\n%s\n' \
      "printf '\001' | /bin/busybox dd of=/dev/port bs=1 seek=1281 count=1" >"$p/init"
    chmod 755 "$p/init"
    pack "$p" >"$WORK/probe.cpio"
    rm -f "$CACHE"/kvm-*
    local status=0
    { timeout -s KILL 2 qemu-system-x86_64 -nodefaults -display none -machine pc -accel kvm \
      -cpu host -m 256 -no-reboot -kernel "$VMLINUX" -initrd "$WORK/probe.cpio" \
      -append "rdinit=/init panic=-1" -device isa-debug-exit,iobase=0x501,iosize=1 \
      </dev/null >/dev/null 2>&1 || status=$?; } 2>/dev/null
    if [ $status = 3 ]; then echo yes >"$memo"; else echo no >"$memo"; fi # (1 << 1) | 1
  fi
  [ "$(cat "$memo")" = yes ]
}

boot_accel() {
  [ $ICOUNT = 0 ] || ACCEL=icount
  [ "$ACCEL" != auto ] || { if kvm_boots; then ACCEL=kvm; else ACCEL=tcg; fi; }
  # Emulation: no CPU with ERMS, because "rep movsb" is emulated byte by byte, ten times slower.
  CPU=Nehalem
  case $ACCEL in
    kvm) ACCEL_ARGS=(-accel kvm) CPU=host ;;
    tcg) ACCEL_ARGS=(-accel tcg,thread=multi,tb-size=512) ;;
    icount) ACCEL_ARGS=(-accel tcg,thread=single,tb-size=512 -icount shift=0,sleep=off) ;;
    *) die "unknown accelerator $ACCEL" ;;
  esac
}

boot_describe() {
  case $ACCEL in
    kvm) echo "KVM" ;;
    tcg) echo "emulation (no usable KVM)" ;;
    icount) echo "emulation, counting instructions" ;;
  esac
}

boot_qemu_args() { # sets Q
  local append="console=ttyS0 loglevel=5 panic=-1 oops=panic nokaslr mitigations=off
    random.trust_cpu=on tsc=reliable no_timer_check pci=lastbus=0 cryptomgr.notests audit=0 selinux=0
    apparmor=0 8250.nr_uarts=2 rdinit=/init srpt_accel=$ACCEL $APPEND"
  [ $HOSTROOT = 0 ] || append+=" srpt_hostroot"
  [ -z "$LOGS" ] || append+=" srpt_logs"
  [ -z "$SHARE" ] || append+=" srpt_share"
  append=$(echo $append) # one line
  Q=(qemu-system-x86_64 -nodefaults -no-user-config -display none
    -machine "pc,usb=off,hpet=off,vmport=off" "${ACCEL_ARGS[@]}" -cpu "$CPU" -smp "$SMP" -m "$MEM"
    -no-reboot -kernel "$VMLINUX" -initrd "$WORK/initrd" -append "$append"
    -serial "file:$WORK/console" -serial "file:$WORK/out"
    -device isa-debug-exit,iobase=0x501,iosize=1)
  boot_share vmio "$WORK/io"
  [ $HOSTROOT = 0 ] || boot_share hostroot / ,readonly=on
  [ -z "$LOGS" ] || { mkdir -p "$LOGS"; LOGS=$(readlink -f "$LOGS"); boot_share vmlogs "$LOGS"; }
  [ -z "$SHARE" ] || boot_share vmshare "$(readlink -f "$SHARE")"
  Q+=(${QEMU_ARGS[@]+"${QEMU_ARGS[@]}"})
}

boot_share() { # TAG HOSTDIR [OPTIONS]: a 9p folder
  Q+=(-fsdev "local,id=$1,path=$2,security_model=none,multidevs=remap${3:-}"
    -device "virtio-9p-pci,fsdev=$1,mount_tag=$1")
}

boot_run() {
  local status=0 tail_pid
  mkdir -p "$WORK/io"
  boot_qemu_args
  : >"$WORK/out"
  : >"$WORK/console"
  [ $VERBOSE = 0 ] || say "booting Linux $KVER under $(boot_describe)"
  "${Q[@]}" </dev/null >"$WORK/qemu.log" 2>&1 &
  QEMU_PID=$!
  tail -n +1 -s 0.1 -f --pid=$QEMU_PID "$WORK/out" 2>/dev/null &
  tail_pid=$!
  (
    sleep "$TIMEOUT" &
    trap 'kill $! 2>/dev/null; exit' TERM
    wait $!
    touch "$WORK/timeout"
    kill -9 $QEMU_PID 2>/dev/null
  ) &
  WATCHDOG_PID=$!
  wait $QEMU_PID 2>/dev/null || status=$?
  QEMU_PID=''
  kill $WATCHDOG_PID 2>/dev/null || :
  WATCHDOG_PID=''
  wait $tail_pid 2>/dev/null || :
  pair_end
  boot_report $status
}

boot_report() { # QEMU_STATUS
  local console=$WORK/console status
  if [ -n "$LOGS" ]; then
    cp "$console" "$LOGS/console.log"
    cp "$WORK/qemu.log" "$LOGS/qemu.log"
    cp "$WORK/io/dmesg" "$LOGS/dmesg.log" 2>/dev/null || :
  fi
  if [ $VERBOSE = 1 ]; then
    awk -v a="$T_BEGIN" -v b="$T_IMAGE" -v c="$(now)" -v s="$(cat "$WORK/io/t_start" 2>/dev/null)" \
      -v e="$(cat "$WORK/io/t_end" 2>/dev/null)" 'BEGIN { split(s, x, " "); split(e, y, " ")
        printf "vmrun: image %.2f s, guest %.2f s (uptime: script began at %.2f s, ended at %.2f s)\n",
          b - a, c - b, x[1], y[1] }' >&2
  fi
  if grep -aqE "$COMPLAINT" "$console" "$WORK/io/dmesg" 2>/dev/null; then
    say "the guest's kernel complained:"
    grep -aEh -A6 "$COMPLAINT" "$console" | head -n 30 >&2
  fi
  if [ -s "$WORK/io/rc" ]; then
    status=$(cat "$WORK/io/rc")
    [ "$status" != 0 ] || status=$PEER_STATUS
    exit "$status"
  fi
  if [ -e "$WORK/timeout" ]; then
    say "timed out after $TIMEOUT s; the console ended with:"
    tail -n 5 "$console" >&2
    exit 124
  fi
  say "the guest died (QEMU's status $1); its console and QEMU's messages ended with:"
  tail -n 25 "$console" "$WORK/qemu.log" >&2
  exit 125
}
