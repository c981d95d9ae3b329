# Copyright 2026 The srpt Authors
# SPDX-License-Identifier: Apache-2.0
#
# Sourced in the guest after lib.sh: a network that can lose packets. It is the wire between two
# guests (vmrun --peer): an RDMA device that talks to itself does so inside its driver, where nothing
# can get between.
# shellcheck shell=bash

WIRE_INITIATOR=10.0.5.1
WIRE_TARGET=10.0.5.2

# eth_up ADDRESS: an RDMA device at this guest's end of the wire between two guests.
eth_up() {
  link_modules && modprobe virtio_net && modprobe sch_netem || return 1
  wait_for 5 test -e /sys/class/net/eth0 &&
    ip link set eth0 mtu 4200 up &&
    ip addr replace "$1/24" dev eth0 &&
    link_add "$RDMA_DEV" eth0
}

# rdma_counter NAME: of the RDMA device; rxe counts what it sees of a bad wire.
rdma_counter() { cat "/sys/class/infiniband/$RDMA_DEV/ports/1/hw_counters/$1"; }

# serve_peer: does what the other guest asks for by peer, until that one's script has ended.
serve_peer() {
  local order
  until [ -e /share/over ]; do
    for order in /share/*.order; do
      [ -e "$order" ] || continue
      mv "$order" "$order.read"
      (eval "$(cat "$order.read")") >"$order.out" 2>&1
      echo $? >"$order.status.new"
      mv "$order.status.new" "$order.status"
    done
    sleep 0.1
  done
}

# peer COMMAND...: the other guest does it; prints what it printed, ends with its status.
peer() {
  local order status
  order=$(mktemp /share/XXXXXX) || return 1
  printf '%q ' "$@" >"$order"
  mv "$order" "$order.order"
  wait_for 60 test -s "$order.order.status" || { echo "the other guest does not answer: $*"; return 1; }
  cat "$order.order.out"
  read -r status <"$order.order.status"
  return "$status"
}

# netem NETDEV WHAT...: what leaves NETDEV suffers it, from now on.
netem() {
  local dev=$1
  shift
  tc qdisc replace dev "$dev" root netem limit 10000 "$@"
}
netem_off() { tc qdisc del dev "$1" root; }
# netem_counter NETDEV NAME: of "Sent A bytes B pkt (dropped C, overlimits D requeues E)".
netem_dropped() { tc -s qdisc show dev "$1" | sed -n 's/.*dropped \([0-9]*\).*/\1/p' | head -n 1; }
netem_sent() { tc -s qdisc show dev "$1" | sed -n 's/.* \([0-9]*\) pkt .*/\1/p' | head -n 1; }
