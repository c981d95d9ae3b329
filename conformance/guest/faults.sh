#!/bin/bash
# Copyright 2026 The srpt Authors
# SPDX-License-Identifier: Apache-2.0
#
# The fault suite, in the guest: what Linux's SRP initiator and the administrator of its machine can
# do to a target in the middle of I/O. After each fault the data is read back and compared.
. /lib.sh
. /target.sh
. /checks.sh
. /python.sh
. /faults_checks.sh
. /faults_link_checks.sh

dmesg -n 3
link_up || { echo "FAIL link_up: $RDMA_DEV did not come up"; exit 1; }
initiator_up ch_count=2 || { echo "FAIL initiator_up: ib_srp did not load"; exit 1; }
forget_kernel
target_start || { echo "FAIL target_start: it did not become ready"; checks_end; exit 1; }
log_in || { echo "FAIL log_in: $(dmesg | tail -n 1)"; checks_end; exit 1; }
python_up || { echo "FAIL python_up: no host's root (--hostroot)"; checks_end; exit 1; }
HELD=$(srpt_holds qp mr cq)
check data_is_there io_verified
if [ "$LINK" = rxe ]; then
  check port_down_and_up_under_io port_down_and_up
  check initiator_killed_with_commands_held killed hold
else
  skip port_down_and_up_under_io "siw does not look at its interface's carrier"
  skip initiator_killed_with_commands_held "a SEND without a receive ends an iWARP connection at once"
fi
check initiator_killed_in_full_swing killed hammer
check device_reset_under_io reset_under_io -d
check target_reset_under_io reset_under_io -t
check host_reset_under_io reset_under_io -H
check rejected_logins_leave_the_session_alone rejected_under_io
# (In this shell, not in a check's: the next ones need the new process's id.)
daemon_killed_and_back >/tmp/killed.out 2>&1
KILLED=$?
check daemon_killed_and_restarted_under_io daemon_reconnected
check initiator_deleted_and_unloaded_under_io initiator_gone
log_in || { FAILED=$((FAILED + 1)); echo "FAIL log_in: after ib_srp was loaded again"; }
check data_survived_everything old_data_intact
if [ "$LINK" = rxe ]; then
  check link_down_and_up_under_io link_down_for_good
else
  check link_down_and_up_under_io link_down_and_up
  check logout logout "$HOST"
  check no_session_left wait_for 15 no_sessions
fi
check target_stops_cleanly target_stop
checks_end
