# Copyright 2026 The srpt Authors
# SPDX-License-Identifier: Apache-2.0
#
# Sourced by netem.sh after faults_checks.sh, which it builds on: the bodies of its checks.
# shellcheck shell=bash

# both_ways WHAT...: what netem does to the packets of either guest, from now on.
both_ways() { netem eth0 "$@" && peer netem eth0 "$@"; }
both_ways_off() { netem_off eth0 && peer netem_off eth0; }

# lost: how many packets netem dropped, here and there.
lost() { echo "$(netem_dropped eth0) $(peer netem_dropped eth0)"; }

# command_timeout SECONDS: after it, the kernel has a command aborted.
command_timeout() { echo "$1" >"/sys/block/${DISK#/dev/}/device/timeout"; }

# under WHAT...: verified I/O meanwhile, in one session all the time. It prints what was lost. (Where
# the machine is slow, too, rxe's retransmissions take longer than 10 s.)
under() {
  local logins
  logins=$(peer logins_accepted)
  command_timeout 30
  both_ways "$@"
  io_begin 10
  io_ends_well
  lost >/tmp/lost
  echo "under $*: packets lost here and there: $(cat /tmp/lost)"
  both_ways_off
  command_timeout 10
  old_data_intact
  expect_equal "the number of logins" "$(peer logins_accepted)" "$logins"
}

# lossy WHAT...: the same, and netem's counters say that packets were lost in both directions.
lossy() {
  under "$@"
  expect "netem to drop packets in both directions" awk '{ exit !($1 > 0 && $2 > 0) }' /tmp/lost
}

# reordered WHAT...: the same, and the target's RDMA device saw packets out of order.
reordered() {
  local before
  before=$(peer rdma_counter out_of_seq_request)
  under "$@"
  expect "packets out of order at the target" \
    test "$(peer rdma_counter out_of_seq_request)" -gt "$before"
}

# cut_under_io: nothing passes until commands time out and ib_srp wants to abort them. When the wire
# is back, they and their aborts are answered. (rxe goes on trying for ever: no queue pair fails.)
cut_under_io() {
  local logins
  logins=$(peer logins_accepted)
  forget_kernel
  io_begin 8
  both_ways loss 100%
  expect "commands to time out" wait_for 60 expect_kernel 'SRP abort called' >/dev/null
  lost >/tmp/lost
  both_ways_off
  expect "packets to be lost in both directions" awk '{ exit !($1 > 0 && $2 > 0) }' /tmp/lost
  io_ends_well
  old_data_intact
  expect_equal "the number of logins" "$(peer logins_accepted)" "$logins"
}

# relogin_under_loss: CM messages are lost too, and sent again.
relogin_under_loss() {
  both_ways loss 5%
  logout "$HOST"
  wait_for 120 log_in
  io_verified
  lost >/tmp/lost
  both_ways_off
  expect "packets to be lost" awk '{ exit !($1 + $2 > 0) }' /tmp/lost
}

sessions() { peer ctl --json list sessions | grep -o '"initiator_port_id"' | wc -l; }

sessions_end() {
  HOST=$(newest_host)
  expect_equal "the number of sessions" "$(sessions)" 1
  logout "$HOST"
  expect "the target to forget the session" wait_for 60 peer no_sessions
}
