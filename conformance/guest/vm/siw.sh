# Copyright 2026 The srpt Authors
# SPDX-License-Identifier: Apache-2.0
#
# Sourced by vmrun: siw, Linux's soft iWARP, is not in Debian's kernel package. Its module is built
# from Debian's own source package of the same version, in the cache. Nothing is installed on the
# host, and nothing of it is kept in the source tree.
# shellcheck shell=bash

# siw_get PACKAGE VERSION: that one, or what there is: the archive drops an old linux-kbuild when a
# newer one comes, long before the headers that need it, and its tools and siw's source serve both.
siw_get() {
  apt-get -qq -o APT::Sandbox::User=root download "$1=$2" >&2 2>/dev/null ||
    apt-get -qq -o APT::Sandbox::User=root download "$1" >&2
}

siw_download() { # DIR: the headers of the guest's kernel, unpacked, and siw's source from its source
  local version flavour=${KVER#*-*-} package
  version=$(apt-cache show "linux-headers-$KVER" 2>/dev/null | sed -n 's/^Version: //p' | head -n 1)
  [ -n "$version" ] || { kernel_update_lists; version=$(
    apt-cache show "linux-headers-$KVER" 2>/dev/null | sed -n 's/^Version: //p' | head -n 1); }
  [ -n "$version" ] || die "apt offers no linux-headers-$KVER any more: remove $CACHE/kernel"
  say "fetching Debian's kernel headers and source $version (once, 150 MB; only siw is kept)"
  (
    cd "$1" || exit
    for package in "linux-headers-$KVER" "linux-headers-${KVER%-"$flavour"}-common" \
      "linux-kbuild-${KVER%.*}" "linux-source-${KVER%.*}"; do
      siw_get "$package" "$version" || exit
    done
    for package in linux-headers-*.deb linux-kbuild-*.deb; do
      dpkg -x "$package" tree || exit
    done
    # (xz and dpkg-deb complain when tar has what it wants and stops reading)
    dpkg-deb --fsys-tarfile linux-source-*.deb 2>/dev/null |
      tar -xO "./usr/src/linux-source-${KVER%.*}.tar.xz" | xz -dc 2>/dev/null |
      tar -x --occurrence "linux-source-${KVER%.*}/drivers/infiniband/sw/siw" || :
    mv "linux-source-${KVER%.*}/drivers/infiniband/sw/siw" siw || exit
    rm -f ./*.deb
  ) || { rm -rf "$1"; die "could not download the sources of siw"; }
}

# siw_prepare: sets SIW_KO, the module for the guest's kernel.
siw_prepare() {
  local tmp
  SIW_KO=$CACHE/siw-$KVER/siw.ko
  [ ! -s "$SIW_KO" ] || return 0
  command -v make gcc-12 xz >/dev/null || die "make, gcc-12 and xz-utils are needed to build siw"
  exec 9>"$CACHE/lock"
  flock 9
  if [ ! -s "$SIW_KO" ]; then
    tmp=$(mktemp -d "$CACHE/siw.XXXXXX")
    siw_download "$tmp"
    # The headers' one absolute path, which would be right if they were installed.
    sed -i "s|/usr/src|$tmp/tree/usr/src|" "$tmp/tree/usr/src/linux-headers-$KVER/Makefile"
    make -C "$tmp/tree/usr/src/linux-headers-$KVER" "M=$tmp/siw" CONFIG_RDMA_SIW=m modules \
      >"$CACHE/siw.log" 2>&1 || { tail -n 20 "$CACHE/siw.log" >&2; die "siw does not build"; }
    strip --strip-debug "$tmp/siw/siw.ko"
    mkdir -p "$CACHE/siw-$KVER"
    mv "$tmp/siw/siw.ko" "$SIW_KO"
    rm -rf "$tmp"
  fi
  exec 9>&-
}
