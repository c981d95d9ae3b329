# Copyright 2026 The srpt Authors
# SPDX-License-Identifier: Apache-2.0
#
# Sourced by faults.sh after faults_checks.sh, which it builds on: links that fail, initiators that
# die.
# shellcheck shell=bash

# ended_busy: how many channels ended with commands in flight.
ended_busy() { grep -cE 'disconnect.* [1-9][0-9]* commands active' "$SRPT_RUN_LOG" || :; }

# HELD: what it holds for the one session of ib_srp.
holds_no_more() { [ "$(srpt_holds qp mr cq)" = "$HELD" ]; }

# port_down_and_up: the device loses its carrier and gets it back: the session stays (fault 26).
port_down_and_up() {
  local before
  io_begin 8
  before=$(logins_accepted)
  ip link set dummy0 carrier off
  expect "srpt to log it" wait_for 5 srpt_says "$RDMA_DEV port 1: port error"
  sleep 2
  ip link set dummy0 carrier on
  expect "srpt to log it" wait_for 5 srpt_says "$RDMA_DEV port 1: port active"
  io_ends_well
  old_data_intact
  expect_equal "the number of logins" "$(logins_accepted)" "$before"
}

# killed MODE: our initiator (initiator.py), of a nexus of its own, dies with commands in flight.
# Nobody else notices; nothing of it remains. (One that hammers may by chance have none at that
# moment: then another dies.)
killed() {
  local try busy
  for try in 1 2 3 4 5; do
    busy=$(ended_busy)
    kill_one "$1"
    [ "$(ended_busy)" = "$busy" ] || return 0
    echo "victim $try had no commands in flight"
    [ "$1" != hold ] || return 1
  done
  return 1
}
kill_one() { # MODE
  local victim active
  rm -f /tmp/victim.out
  python conformance/guest/initiator.py "$1" 7 >/tmp/victim.out 2>&1 &
  victim=$!
  # (Python and its modules come over 9p.)
  wait_for 60 test -s /tmp/victim.out || { kill -KILL "$victim"; echo "the victim never worked" && return 1; }
  io_begin 8
  cat /tmp/victim.out
  active=$(ctl list sessions | awk -v name="${GUEST_IP}_1" '$1 == name { print $6 }')
  echo "killing $victim with $active commands active"
  kill -KILL "$victim"
  [ "$1" != hold ] || expect "commands to be in flight" test "$active" -gt 0
  expect "the session to end" wait_for 30 eval "! ctl list sessions | grep -q ${GUEST_IP}_1"
  wait_for 30 holds_no_more || { echo "srpt holds $(srpt_holds qp mr cq | xargs), not $HELD" && return 1; }
  io_ends_well
  old_data_intact
}

# link_down_and_up: its interface is set down under the device. The queue pairs fail; ib_srp comes
# back when the link does.
link_down_and_up() {
  forget_kernel
  io_begin 12
  ip link set dummy0 down
  sleep 3
  ip link set dummy0 up
  expect "ib_srp to log in again" wait_for 60 expect_kernel 'reconnect.*succeeded'
  io_ends_well
  old_data_intact
}

# link_down_for_good: on rxe that leaves the CM's own queue pair (GSI) in error, and nobody logs in
# or out on the device any more, not even by DREQ. The session that nothing announced the end of is
# noticed by the keepalive (fault 24), and the target stops cleanly. It sees signs of life until the
# initiator gives up on its commands, which takes it several timeouts.
link_down_for_good() {
  # Its error handler got that far, or the timers of its port ran out.
  local gave_up='SRP reset_host called|I/O error, dev'
  forget_kernel
  io_begin 5
  ip link set dummy0 down
  sleep 3
  ip link set dummy0 up
  expect "srpt to live" kill -0 "$SRPT_PID"
  expect "ib_srp to give up" wait_for 150 eval "no_sessions || expect_kernel '$gave_up'"
  expect "the dead session to be noticed" wait_for 150 no_sessions
}
