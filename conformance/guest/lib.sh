# Copyright 2026 The srpt Authors
# SPDX-License-Identifier: Apache-2.0
#
# Sourced by the scripts that run in the guest: an RDMA device in software, Linux's SRP initiator,
# its disks.
# shellcheck shell=bash

# LINK: the kind of device, rxe (Soft-RoCE) or siw (soft iWARP; boot with --siw).
LINK=${LINK:-rxe}
RDMA_DEV=${LINK}0
GUEST_IP=10.0.1.1
# dummy0's address decides GID 0, and with it target names and port ids: keep it the same always.
GUEST_MAC=02:00:00:00:01:01
case $LINK in
  rxe) GUEST_GID=fe80:0000:0000:0000:0000:00ff:fe00:0101 ;;
  siw) GUEST_GID=0200:0000:0101:0000:0000:0000:0000:0000 ;; # iWARP's GID is just the MAC
esac

uptime_s() { cut -d' ' -f1 /proc/uptime; }

# wait_for SECONDS COMMAND...: until it succeeds, polling; 1 when time runs out.
wait_for() {
  local end
  end=$(awk -v s="$1" '{ printf "%d", ($1 + s) * 100 }' /proc/uptime)
  shift
  until "$@"; do
    [ "$(awk '{ printf "%d", $1 * 100 }' /proc/uptime)" -lt "$end" ] || return 1
    sleep 0.05
  done
}

# link_modules: what verbs in user space need, over LINK.
link_modules() {
  local module driver=rdma_rxe
  [ "$LINK" = rxe ] || driver=$LINK
  for module in $driver ib_uverbs rdma_ucm ib_umad; do
    modprobe $module || return 1
  done
}

# RoCE needs the GID of the IPv4 address, iWARP has only one GID.
gid_ready() {
  case $LINK in
    rxe) grep -q ffff: "/sys/class/infiniband/$1/ports/1/gids/1" 2>/dev/null ;;
    siw) grep -q ACTIVE "/sys/class/infiniband/$1/ports/1/state" 2>/dev/null ;;
  esac
}

# link_add DEVICE NETDEV: an RDMA device on a network interface that is up and has its address.
link_add() { rdma link add "$1" type "$LINK" netdev "$2" && wait_for 5 gid_ready "$1"; }

# link_up: one RDMA device on a dummy interface, ready for RDMA/CM on IPv4 and IPv6.
link_up() {
  link_modules || return 1
  modprobe dummy numdummies=0 # without it the module makes a dummy0 of its own
  ip link add dummy0 address $GUEST_MAC type dummy &&
    ip link set dummy0 mtu 9000 &&
    ip addr add $GUEST_IP/24 dev dummy0 &&
    ip link set dummy0 up &&
    link_add "$RDMA_DEV" dummy0
}

link_local() { ip -6 -br addr show dev dummy0 scope link | awk '{ sub("/.*", "", $3); print $3 }'; }
# Duplicate address detection keeps an address "tentative", unusable for CM, for a second.
link_local_ready() { ! ip -6 addr show dev dummy0 | grep -q tentative && [ -n "$(link_local)" ]; }

# initiator_up [PARAMETER=VALUE]...: Linux's SRP initiator and disk driver.
initiator_up() {
  modprobe ib_srp "$@" && modprobe sd_mod && modprobe sg &&
    wait_for 5 test -e /sys/class/infiniband_srp/srp-$RDMA_DEV-1/add_target
}

# login GUID DEST [OPTIONS]: DEST is ip:port or [ipv6%if]:port, OPTIONS begin with a comma. The
# reason of a failure is in the kernel's messages.
login() {
  printf 'id_ext=%s,ioc_guid=%s,dest=%s%s' "$1" "$1" "$2" "${3:-}" \
    >/sys/class/infiniband_srp/srp-$RDMA_DEV-1/add_target
}

srp_hosts() { # the numbers of the SCSI hosts that are SRP logins
  local h
  for h in /sys/class/srp_host/host*; do
    [ -e "$h" ] && echo "${h##*host}"
  done
  return 0
}

newest_host() { srp_hosts | sort -n | tail -n 1; }

# disk HOST LUN: prints /dev/sdX. Letters are given asynchronously: find a disk by its H:C:T:L.
disk() {
  local d
  for d in /sys/class/srp_host/host"$1"/device/target*/"$1":*:*:"$2"/block/*; do
    [ -e "$d" ] && echo "/dev/${d##*/}" && return 0
  done
  return 1
}

disk_wait() { wait_for "${3:-15}" eval "disk $1 $2 >/dev/null" && disk "$1" "$2"; }
disk_gone() { ! disk "$1" "$2" >/dev/null; }

host_attr() { cat /sys/class/scsi_host/host"$1"/"$2"; }

rescan() { echo "- - -" >/sys/class/scsi_host/host"$1"/scan; }

logged_out() { [ ! -e /sys/class/srp_host/host"$1" ]; }

# logout HOST: removes the login's port; the initiator disconnects.
logout() {
  echo 1 >/sys/class/srp_remote_ports/port-"$1":1/delete && wait_for 15 logged_out "$1"
}

kernel_says() { dmesg | grep -q -- "$@"; }
