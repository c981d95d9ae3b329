# Copyright 2026 The srpt Authors
# SPDX-License-Identifier: Apache-2.0
#
# Sourced in the guest after lib.sh: starts and stops a target that serves a file and a null disk,
# srpt or the kernel's own LIO ib_srpt, behind the same functions, so that every script can be tried
# against either. What they set: TARGET_GUID (both halves of the login's port id), TARGET_PORT.
# shellcheck shell=bash

TARGET=${TARGET:-srpt}
TARGET_PORT=5555
TARGET_GUID=00000000000005e0
SRPT_SOCKET=/run/srpt.sock
SRPT_LOG=${SRPT_LOG:-/logs/srpt.log}
# SRPT_OPTIONS: more options of srpt, for every start.
DISK_FILE=/run/disk0.img # on tmpfs: survives a restart of the target, not the guest
DISK_MIB=${DISK_MIB:-256}
NULL_MIB=${NULL_MIB:-1024}
LIO=/sys/kernel/config/target

target_start() { target_start_"$TARGET" "$@"; }
target_stop() { target_stop_"$TARGET" "$@"; }

# --- srpt ---------------------------------------------------------------------------------------

disk_file() { [ -e "$DISK_FILE" ] || truncate -s "${DISK_MIB}M" "$DISK_FILE"; }

srpt_config() { # prints a configuration in SCST's format
  cat <<CONF
# Two disks behind one Soft-RoCE port.
HANDLER vdisk_fileio {
  DEVICE disk0 {
    filename $DISK_FILE
    nv_cache 1
  }
}
HANDLER vdisk_nullio {
  DEVICE null0 {
    size_mb $NULL_MIB
  }
}
TARGET_DRIVER ib_srpt {
  rdma_cm_port $TARGET_PORT
  TARGET $GUEST_GID {
    LUN 0 disk0
    LUN 1 null0
    enabled 1
  }
}
CONF
}

srpt_ready() { grep -q 'srpt ready' "$SRPT_RUN_LOG" || ! kill -0 "$SRPT_PID" 2>/dev/null; }

# target_start_srpt [OPTION]...: starts /srpt on /run/scst.conf (written if it is not there).
target_start_srpt() {
  disk_file
  [ -e /run/scst.conf ] || srpt_config >/run/scst.conf
  SRPT_RUN_LOG=$(mktemp /run/srpt.XXXXXX)
  # One file a run tells whether this one became ready; all of them are kept in SRPT_LOG.
  SRPT_STATUS=$SRPT_RUN_LOG.status
  # Its status goes to a file: who stops it may be a subshell, and not its parent.
  {
    /srpt --config /run/scst.conf --srpt_service_guid=0x$TARGET_GUID --admin-socket $SRPT_SOCKET \
      ${SRPT_OPTIONS:-} "$@" &
    echo $! >"$SRPT_RUN_LOG.pid"
    wait $!
    echo $? >"$SRPT_STATUS"
  } >"$SRPT_RUN_LOG" 2>&1 &
  wait_for 5 test -s "$SRPT_RUN_LOG.pid" && read -r SRPT_PID <"$SRPT_RUN_LOG.pid"
  if ! wait_for 15 srpt_ready || ! grep -q 'srpt ready' "$SRPT_RUN_LOG"; then
    echo "srpt did not become ready; it says:" >&2
    tail -n 20 "$SRPT_RUN_LOG" >&2
    srpt_keep_log
    return 1
  fi
}

srpt_keep_log() {
  [ -e "${SRPT_RUN_LOG:-}" ] || return 0
  cat "$SRPT_RUN_LOG" >>"$SRPT_LOG"
  : >"$SRPT_RUN_LOG"
}

# target_stop_srpt: SIGTERM; its exit status is the function's.
target_stop_srpt() {
  local status=1
  if ! kill -TERM "$SRPT_PID"; then
    echo "srpt ended before it was asked to" >&2
    srpt_keep_log
    return 1
  fi
  if ! wait_for 15 eval "! kill -0 $SRPT_PID 2>/dev/null"; then
    echo "srpt did not stop within 15 s of SIGTERM" >&2
    kill -KILL "$SRPT_PID"
  fi
  wait_for 5 test -s "$SRPT_STATUS" && read -r status <"$SRPT_STATUS"
  srpt_keep_log
  return $status
}

ctl() { /srpt ctl --socket $SRPT_SOCKET "$@"; }
srpt_says() { grep -qE -- "$1" "$SRPT_RUN_LOG" "$SRPT_LOG" 2>/dev/null; }

logins_accepted() { grep -c 'accepted: session' "$SRPT_RUN_LOG"; }

no_sessions() {
  local answer
  answer=$(ctl --json list sessions) || return 1
  grep -q '"ok": *true' <<<"$answer" && ! grep -q '"initiator_port_id"' <<<"$answer"
}

# srpt_holds KIND...: how many of them (qp, mr, cq, cm_id, ...) the kernel counts for srpt.
srpt_holds() {
  local kind
  for kind in "$@"; do
    echo "$kind $(rdma resource show "$kind" | grep -c "pid $SRPT_PID ")"
  done
}

# --- LIO ----------------------------------------------------------------------------------------

lio_device() { # PLUGIN NAME CONTROL
  mkdir -p "$LIO/core/$1/$2" && echo "$3" >"$LIO/core/$1/$2/control" &&
    echo 1 >"$LIO/core/$1/$2/enable" && echo "$2" >"$LIO/core/$1/$2/wwn/vpd_unit_serial"
}

lio_load() {
  modprobe target_core_mod && modprobe target_core_file &&
    { grep -q ' configfs ' /proc/mounts || mount -t configfs configfs /sys/kernel/config; } &&
    modprobe ib_srpt && mkdir -p /var/target/pr /var/target/alua &&
    read -r TARGET_GUID </sys/module/ib_srpt/parameters/srpt_service_guid &&
    TARGET_GUID=${TARGET_GUID#0x} # LIO takes the device's; it cannot be set
}

# lio_export PLUGIN/DEVICE...: LUN 0, 1, ... of the one port, for this guest's own initiator.
lio_export() {
  local gid group acl device n=0
  gid=$(tr -d : </sys/class/infiniband/$RDMA_DEV/ports/1/gids/0)
  group=$LIO/srpt/0x$gid/0x$gid # named by the GID: then ACLs are named by the initiator's port id
  mkdir -p "$group" || return 1
  for device in "$@"; do
    mkdir -p "$group/lun/lun_$n"
    ln -s "$LIO/core/$device" "$group/lun/lun_$n/device"
    for acl in 0 6; do # the initiator_ext of the logins that the suites make
      acl=$group/acls/0x000000000000000$acl${gid:16}
      mkdir -p "$acl/lun_$n"
      ln -s "$group/lun/lun_$n" "$acl/lun_$n/lun"
    done
    n=$((n + 1))
  done
  echo 1 >"$group/enable" && echo $TARGET_PORT >$LIO/srpt/discovery_auth/rdma_cm_port
}

target_start_lio() {
  disk_file
  lio_load &&
    lio_device fileio_0 disk0 "fd_dev_name=$DISK_FILE,fd_dev_size=$((DISK_MIB << 20)),fd_buffered_io=1" &&
    lio_device rd_mcp_0 null0 "rd_pages=$((NULL_MIB * 256)),rd_nullio=1" &&
    lio_export fileio_0/disk0 rd_mcp_0/null0
}

target_stop_lio() {
  local group
  echo 0 >$LIO/srpt/discovery_auth/rdma_cm_port
  for group in $LIO/srpt/0x*/0x*; do
    echo 0 >"$group/enable"
    find "$group/acls" "$group/lun" -type l -exec rm {} +
    rmdir "$group"/acls/*/lun_* "$group"/acls/* "$group"/lun/lun_* "$group" "${group%/*}"
  done
  rmdir $LIO/core/*/*0
}
