# Copyright 2026 The srpt Authors
# SPDX-License-Identifier: Apache-2.0
#
# Sourced in the guest after lib.sh: networks that can lose packets. An RDMA device that talks to
# itself does so inside its driver, where nothing can get between.
# shellcheck shell=bash

WIRE_INITIATOR=10.0.5.1
WIRE_TARGET=10.0.5.2
WIRE_MAC=02:00:00:00:01:02

# wire_end NETDEV OWN PEER PEER_MAC TABLE: what is for the peer leaves through NETDEV, although the
# peer's address is this guest's own, too. The neighbour is written down: nobody answers ARP for it.
wire_end() {
  ip link set "$1" mtu 4200 up &&
    ip addr replace "$2/32" dev "$1" &&
    ip route replace "$3/32" dev "$1" src "$2" table "$5" &&
    ip neigh replace "$3" lladdr "$4" dev "$1" nud permanent
}
wire_ends() {
  wire_end v0 $WIRE_INITIATOR $WIRE_TARGET $GUEST_MAC 101 &&
    wire_end v1 $WIRE_TARGET $WIRE_INITIATOR $WIRE_MAC 102
}

# wire_up: two RDMA devices at the ends of a veth pair. ${LINK}0 is the initiator's, ${LINK}1 the
# target's, with the GID of GUEST_GID.
wire_up() {
  local conf
  link_modules && modprobe veth && modprobe sch_netem || return 1
  ip link add v0 address $WIRE_MAC type veth peer name v1 address $GUEST_MAC || return 1
  for conf in /proc/sys/net/ipv4/conf/{all,v0,v1}; do
    echo 1 >$conf/accept_local && echo 0 >$conf/rp_filter
  done
  ip rule add pref 5 iif v0 to $WIRE_INITIATOR lookup local &&
    ip rule add pref 5 iif v1 to $WIRE_TARGET lookup local &&
    ip rule add pref 10 to $WIRE_TARGET lookup 101 &&
    ip rule add pref 10 to $WIRE_INITIATOR lookup 102 &&
    ip rule add pref 20 lookup local &&
    ip rule del pref 0 lookup local &&
    wire_ends &&
    link_add "${LINK}0" v0 && link_add "${LINK}1" v1
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

# wire_cut, wire_mend: nothing passes, in neither direction. Mending prints how much was lost.
# (Setting an interface down takes routes and addresses with it, and sometimes the CM for good.)
wire_cut() { netem v0 loss 100% && netem v1 loss 100%; }
wire_mend() {
  local lost=$(($(netem_dropped v0) + $(netem_dropped v1)))
  netem_off v0
  netem_off v1
  echo $lost
}
