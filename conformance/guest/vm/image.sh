# Copyright 2026 The srpt Authors
# SPDX-License-Identifier: Apache-2.0
#
# Sourced by vmrun: the guest's file system is an uncompressed initramfs in two parts. The base
# (busybox, host programs with their libraries, kernel modules) is cached by its contents; the
# overlay holds what one run adds. A host program that is missing is left out, and said.
# shellcheck shell=bash

BINS="bash ip tc rdma ibv_devinfo lsscsi lsblk blockdev mkfs.ext4 e2fsck sha256sum
 sg_inq sg_vpd sg_luns sg_readcap sg_turs sg_modes sg_sync sg_raw sg_reset sg_requests sg_dd"
MODS="virtio_pci 9pnet_virtio 9p dummy rdma_rxe ib_uverbs rdma_ucm ib_umad ib_srp ib_srpt
 target_core_mod target_core_file sd_mod sg scsi_dh_alua crc32_generic crc32c_generic ext4 configfs veth
 virtio_net sch_netem"

# guest_path P: sets GP to P as the guest names it; the image is usr-merged (/bin, /lib are links).
guest_path() {
  case $1 in
    /bin/* | /sbin/* | /lib/* | /lib64/*) GP=/usr$1 ;;
    /*) GP=$1 ;;
    *) GP=/root/$1 ;;
  esac
}

put() { # ROOT HOSTFILE GUESTPATH: copy, following links
  guest_path "$3"
  mkdir -p "$1/${GP%/*}"
  cp -Lp --remove-destination "$2" "$1$GP"
}

is_elf() { [ "$(head -c4 "$1" | tr -d '\0')" = $'\x7fELF' ]; }

put_libraries() { # ROOT FILE...: the shared libraries of these files
  local root=$1 lib
  shift
  for lib in $(ldd "$@" 2>/dev/null |
    sed -n 's/.*=> \(\/[^ ]*\) .*/\1/p;s/^[[:space:]]*\(\/[^ :]*\) (0x.*/\1/p' | sort -u); do
    case $lib in # a library from elsewhere goes where the guest looks
      /lib/* | /lib64/* | /usr/lib/*) guest_path "$lib" ;;
      *) guest_path "/usr/lib/x86_64-linux-gnu/${lib##*/}" ;;
    esac
    [ -e "$root$GP" ] || put "$root" "$lib" "$GP"
  done
}

put_program() { # ROOT NAME
  local path
  path=$(command -v "$2") || { say "$2 is not installed here: left out of the guest"; return 0; }
  guest_path "$path"
  rm -f "$1$GP" "$1/usr/bin/${2##*/}" # a link to busybox must not shadow it
  put "$1" "$path" "$path"
  ! is_elf "$path" || put_libraries "$1" "$path"
}

pack() { (cd "$1" && find . -mindepth 1 -printf '%P\0' | sort -z | cpio -0 -o -H newc --quiet -R 0:0); }

# put_modules ROOT NAME...: modules with all they depend on, and a fresh module index.
put_modules() {
  local root=$1 tree=$KDIR/lib/modules/$KVER index=$CACHE/index-$KVER name pattern line file
  shift
  local to=$root/lib/modules/$KVER
  mkdir -p "$to"
  cp "$tree"/modules.{builtin,builtin.modinfo,order} "$to/"
  if [ ! -s "$index/lib/modules/$KVER/modules.dep" ]; then # of the whole tree, once
    mkdir -p "$index/lib/modules/$KVER"
    cp "$tree"/modules.{builtin,builtin.modinfo,order} "$index/lib/modules/$KVER/"
    ln -sfn "$tree/kernel" "$index/lib/modules/$KVER/kernel"
    depmod -b "$index" "$KVER"
  fi
  for name in "$@"; do
    pattern=${name//[-_]/[-_]}
    line=$(grep -E "/$pattern\.ko[^ ]*:" "$index/lib/modules/$KVER/modules.dep" || :)
    if [ -z "$line" ]; then
      grep -qE "/$pattern\.ko" "$tree/modules.builtin" || say "the kernel has no module $name"
      continue
    fi
    for file in ${line//:/}; do
      mkdir -p "$to/${file%/*}"
      cp "$tree/$file" "$to/$file"
    done
  done
  if [ -n "$SIW_KO" ]; then
    mkdir -p "$to/updates"
    cp "$SIW_KO" "$to/updates/siw.ko"
  fi
  depmod -b "$root" "$KVER"
}

base_skeleton() { # ROOT
  local root=$1 d applet
  mkdir -p "$root"/{usr/{bin,sbin,lib,lib64},proc,sys,dev,tmp,run,etc,root,mnt,logs,share,hostroot,var/{log,lib}}
  for d in bin sbin lib lib64; do ln -s "usr/$d" "$root/$d"; done
  ln -s ../run "$root/var/run"
  cp -L "$(command -v busybox)" "$root/bin/busybox"
  for applet in $("$root/bin/busybox" --list); do
    [ "$applet" = busybox ] || ln -s busybox "$root/bin/$applet"
  done
  ln -s ../bin/busybox "$root/sbin/modprobe" # the kernel's own module requests look there
  printf 'root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534::/:/bin/false\n' >"$root/etc/passwd"
  printf 'root:x:0:\nnogroup:x:65534:\n' >"$root/etc/group"
  printf '127.0.0.1 localhost\n::1 localhost\n' >"$root/etc/hosts"
  printf 'hosts: files\npasswd: files\ngroup: files\n' >"$root/etc/nsswitch.conf"
  cp "$here/vm/init" "$root/init"
  chmod 755 "$root/init"
}

image_base() {
  local key b root provider lib
  key=$({
    echo "$BINS|$MODS|${EXTRA_MODS[*]-}|$KVER|$KDIR|$SIW_KO"
    cat "$here/vm/image.sh" "$here/vm/fio.sh" "$here/vm/init"
    for b in $BINS fio cc busybox; do
      stat -Lc '%n %Y %s' "$(command -v "$b")" 2>/dev/null || echo "no $b"
    done
  } | sha256sum | cut -c1-16)
  BASE=$CACHE/base-$key.cpio
  [ ! -s "$BASE" ] || { touch "$BASE"; return 0; }
  for b in busybox cpio depmod ldd; do
    command -v $b >/dev/null || die "no $b here: install busybox-static, cpio, kmod"
  done
  root=$(mktemp -d "$CACHE/root.XXXXXX")
  # shellcheck disable=SC2064
  trap "rm -rf '$root'" EXIT
  base_skeleton "$root"
  for b in $BINS; do put_program "$root" "$b"; done
  put_fio "$root"
  # busybox's shell prefers its own applets to programs in the PATH: keep it out of the way.
  [ ! -e "$root/usr/bin/bash" ] || ln -sf bash "$root/usr/bin/sh"
  mkdir -p "$root/etc/libibverbs.d" # verbs providers of the software devices only
  for provider in rxe siw; do
    for lib in /usr/lib/*/libibverbs/lib$provider-rdmav*.so; do
      [ -e "$lib" ] || continue
      put "$root" "$lib" "$lib"
      put_libraries "$root" "$lib"
      put "$root" /etc/libibverbs.d/$provider.driver /etc/libibverbs.d/$provider.driver
    done
  done
  lib=/lib/x86_64-linux-gnu/libgcc_s.so.1 # opened at run time when a thread ends
  [ ! -e $lib ] || put "$root" $lib $lib
  [ -z "$SIW_KO" ] || EXTRA_MODS+=(libcrc32c)
  # shellcheck disable=SC2086
  put_modules "$root" $MODS ${EXTRA_MODS[@]+"${EXTRA_MODS[@]}"}
  pack "$root" >"$BASE.$$"
  mv "$BASE.$$" "$BASE"
  rm -rf "$root"
  trap - EXIT
  ls -t "$CACHE"/base-*.cpio | tail -n +7 | xargs -r rm -f
}

quoted() { printf "'%s'" "${1//\'/\'\\\'\'}"; }

# image_overlay SCRIPT ARG...: the script, its arguments and what this run adds.
image_overlay() {
  local o=$WORK/overlay arg x from to
  mkdir -p "$o"
  cp -L "$1" "$o/vm-script"
  chmod 755 "$o/vm-script"
  cp "$here"/{lib,net,target,checks,python}.sh "$o/"
  shift
  {
    for x in ${ENVIRONMENT[@]+"${ENVIRONMENT[@]}"}; do echo "export ${x%%=*}=$(quoted "${x#*=}")"; done
    printf 'set -- /vm-script'
    for arg in "$@"; do printf ' %s' "$(quoted "$arg")"; done
    echo
  } >"$o/vm-args"
  for x in ${EXTRA_BINS[@]+"${EXTRA_BINS[@]}"}; do put_program "$o" "$x"; done
  for x in ${ADD[@]+"${ADD[@]}"}; do
    from=${x%%:*} to=${x#*:}
    [ -e "$from" ] || die "no $from"
    if [ -d "$from" ]; then
      guest_path "$to"
      mkdir -p "$o$GP"
      cp -aL "$from/." "$o$GP/"
    else
      put "$o" "$from" "$to"
      ! is_elf "$from" || put_libraries "$o" "$from"
    fi
  done
  pack "$o" >"$WORK/overlay.cpio"
  cat "$BASE" "$WORK/overlay.cpio" >"$WORK/initrd"
  rm -rf "$o"
}
