# Copyright 2026 The srpt Authors
# SPDX-License-Identifier: Apache-2.0
#
# Sourced by vmrun: Debian's fio drags 80 MB of libraries for engines that we never use (Ceph,
# Gluster, NBD, persistent memory) into the guest, which costs seconds of boot under emulation. It
# goes in with a stub in their place that exports the same names.
# shellcheck shell=bash

FIO_UNUSED='libgfapi|libnbd|librados|librbd|libpmem|libpmemblk'

# fio_stub OUT: one library that exports what fio takes from the unused ones, versions included.
fio_stub() {
  local symbols
  symbols=$(nm -D --undefined-only "$(command -v fio)" |
    sed -nE 's/^ *U ((glfs|nbd|rados|rbd|pmem|pmemblk)_[a-z0-9_]*)@?(.*)$/\1 \3/p')
  awk '{ print "void " $1 "(void) { __builtin_trap(); }" }' <<<"$symbols" >"$1.c"
  awk 'NF == 2 { list[$2] = list[$2] " " $1 ";" }
    END { for (version in list) print version " { global:" list[version] " };" }' \
    <<<"$symbols" >"$1.map"
  cc -w -shared -fPIC -nostdlib -Wl,--version-script="$1.map" -o "$1" "$1.c"
}

put_fio() { # ROOT
  local root=$1 fio stub lib
  fio=$(command -v fio) || { say "fio is not installed here: left out of the guest"; return 0; }
  stub=$(mktemp -d "$CACHE/fio.XXXXXX")
  if ! command -v cc nm | grep -q nm || ! fio_stub "$stub/stub.so" 2>/dev/null; then
    rm -rf "$stub"
    put_program "$root" fio # whole: it works, the guest only starts more slowly
    return 0
  fi
  for lib in $(readelf -d "$fio" | sed -nE "s/.*NEEDED.*\[(($FIO_UNUSED)\.so[^]]*)\]/\1/p"); do
    cp "$stub/stub.so" "$stub/$lib"
    put "$root" "$stub/$lib" "/usr/lib/x86_64-linux-gnu/$lib"
  done
  put "$root" "$fio" "$fio"
  # ldd now resolves the unused ones to the stub, so that what they need stays out.
  LD_LIBRARY_PATH=$stub put_libraries "$root" "$fio"
  rm -rf "$stub"
}
