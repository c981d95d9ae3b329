# Copyright 2026 The srpt Authors
# SPDX-License-Identifier: Apache-2.0
#
# Sourced in the guest after lib.sh and target.sh: the host's own python3 and pytest over 9p (boot
# with --hostroot). /tmp/suite holds what the programs import, as the project lays it out.
# shellcheck shell=bash

PYTHON_ROOT=/hostroot

python_up() {
  local d
  for d in proc sys dev run tmp dev/pts dev/shm; do
    mount --bind /$d $PYTHON_ROOT/$d || return 1
  done
}

# python ARG...: python3 in /tmp/suite, with what reaches the target in its environment. The shell's
# own process becomes it: in the background, $! is python's.
python() {
  exec chroot $PYTHON_ROOT /usr/bin/env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/tmp \
    LC_ALL=C.UTF-8 PYTHONDONTWRITEBYTECODE=1 PYTHONPATH=/tmp/suite:/tmp/suite/pytests \
    SRPT_ARM=$LINK SRPT_TARGET=$GUEST_IP:$TARGET_PORT SRPT_GUID=$TARGET_GUID \
    SRPT_ADMIN=$SRPT_SOCKET SRPT_TARGET_NAME=$GUEST_GID \
    /bin/sh -c 'cd /tmp/suite && exec /usr/bin/python3 "$@" </dev/null 2>&1' python "$@"
}
