# Copyright 2026 The srpt Authors
# SPDX-License-Identifier: Apache-2.0
#
# Sourced by vmrun: --peer, a second guest on the same wire. A vmrun of its own boots it, with the
# same options. The wire is a socket between the two QEMUs, and both guests have the folder /share.
# shellcheck shell=bash

PEER_PID='' PEER_STATUS=0
PAIR_SECONDS=60 # for the peer to start, and to end

# pair_wire SERVER MAC: this guest's end.
pair_wire() {
  SHARE=$PAIR/share
  QEMU_ARGS+=(-netdev "stream,id=wire,server=$1,addr.type=unix,addr.path=$PAIR/wire"
    -device "virtio-net-pci,netdev=wire,mac=$2,romfile=")
}

# pair_start: makes the wire, and boots the peer (SRPT_VM_PAIR tells that this one is it).
pair_start() {
  local end=$((SECONDS + PAIR_SECONDS)) peer=("${OPTIONS[@]}")
  if [ -n "${SRPT_VM_PAIR:-}" ]; then
    PAIR=$SRPT_VM_PAIR
    pair_wire on 02:00:00:00:01:01
    return 0
  fi
  PAIR=$WORK/pair
  mkdir -p "$PAIR/share"
  [ -z "$LOGS" ] || peer+=(--logs "$LOGS/peer")
  SRPT_VM_PAIR=$PAIR "$here/vmrun" "${peer[@]}" "$PEER" >"$PAIR/out" 2>&1 &
  PEER_PID=$!
  until [ -S "$PAIR/wire" ]; do
    kill -0 $PEER_PID 2>/dev/null && [ $SECONDS -lt $end ] || break
    sleep 0.1
  done
  [ -S "$PAIR/wire" ] || { cat "$PAIR/out" >&2; die "the peer did not start"; }
  pair_wire off 02:00:00:00:01:02
}

# pair_end: tells the peer by /share/over, waits for it, prints what it said; sets PEER_STATUS.
pair_end() {
  local end=$((SECONDS + PAIR_SECONDS))
  [ -n "$PEER_PID" ] || return 0
  touch "$PAIR/share/over"
  while kill -0 $PEER_PID 2>/dev/null && [ $SECONDS -lt $end ]; do sleep 0.1; done
  pair_kill
  sed 's/^/peer: /' "$PAIR/out"
}

pair_kill() {
  [ -n "$PEER_PID" ] || return 0
  kill $PEER_PID 2>/dev/null || :
  wait $PEER_PID 2>/dev/null || PEER_STATUS=$?
  PEER_PID=''
}
