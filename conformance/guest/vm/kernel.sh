# Copyright 2026 The srpt Authors
# SPDX-License-Identifier: Apache-2.0
#
# Sourced by vmrun: the guest's kernel is the package that Debian's linux-image-amd64 depends on,
# downloaded and unpacked into the cache. Nothing is installed on the host.
# shellcheck shell=bash

# kernel_package: the name of today's kernel package, found through apt.
kernel_package() {
  apt-cache depends linux-image-amd64 2>/dev/null |
    sed -n 's/^ *Depends: \(linux-image-[0-9][^ ]*\).*/\1/p' | head -n 1
}

# kernel_update_lists: refreshes apt's lists; without root, into the cache.
kernel_update_lists() {
  if [ "$(id -u)" = 0 ]; then
    apt-get -qq update >&2
  elif command -v sudo >/dev/null; then
    sudo apt-get -qq update >&2
  else
    die "apt knows no linux-image-amd64: run 'apt-get update' as root once"
  fi
}

kernel_download() { # into $CACHE/kernel
  local package tmp
  package=$(kernel_package)
  [ -n "$package" ] || { kernel_update_lists; package=$(kernel_package); }
  [ -n "$package" ] || die "apt offers no linux-image-amd64: is this Debian's amd64 archive?"
  say "fetching Debian's kernel package $package (once, into $CACHE)"
  tmp=$(mktemp -d "$CACHE/fetch.XXXXXX")
  (
    cd "$tmp"
    apt-get -qq -o APT::Sandbox::User=root download "$package" >&2 || {
      kernel_update_lists
      apt-get -qq -o APT::Sandbox::User=root download "$(kernel_package)" >&2
    }
    dpkg -x linux-image-*.deb kernel
    rm -f linux-image-*.deb
  ) || { rm -rf "$tmp"; die "could not download $package"; }
  rm -rf "$CACHE/kernel"
  mv "$tmp/kernel" "$CACHE/kernel"
  rm -rf "$tmp"
}

# The uncompressed ELF image boots by PVH: no decompression by emulated code.
kernel_extract() { # BZIMAGE OUT
  /usr/bin/python3 - "$1" "$2" <<'PY'
import lzma, struct, subprocess, sys, zlib
image = open(sys.argv[1], "rb").read()
setup_sectors = image[0x1F1]
offset, length = struct.unpack_from("<II", image, 0x248)
payload = image[(setup_sectors + 1) * 512 + offset :][:length]
if payload[:6] == b"\xfd7zXZ\0":
    elf = lzma.LZMADecompressor().decompress(payload)
elif payload[:2] == b"\x1f\x8b":
    elf = zlib.decompressobj(31).decompress(payload)
elif payload[:4] == b"\x28\xb5\x2f\xfd":
    elf = subprocess.run(["zstd", "-dc"], input=payload, stdout=subprocess.PIPE).stdout
else:
    sys.exit("vmrun: unknown kernel compression")
open(sys.argv[2], "wb").write(elf)
PY
}

kernel_prepare() {
  KDIR=${SRPT_VM_KERNEL:-$CACHE/kernel}
  if [ ! -d "$KDIR/lib/modules" ]; then
    [ -z "${SRPT_VM_KERNEL:-}" ] || die "SRPT_VM_KERNEL=$KDIR holds no lib/modules"
    exec 9>"$CACHE/lock"
    flock 9 # two first runs at once fetch it once
    [ -d "$KDIR/lib/modules" ] || kernel_download
    exec 9>&-
  fi
  KVER=$(ls "$KDIR/lib/modules" | head -n 1)
  [ -n "$KVER" ] || die "no kernel in $KDIR"
  VMLINUX=$CACHE/vmlinux-$KVER
  if [ ! -s "$VMLINUX" ]; then
    kernel_extract "$KDIR/boot/vmlinuz-$KVER" "$VMLINUX.$$"
    mv "$VMLINUX.$$" "$VMLINUX"
  fi
}
