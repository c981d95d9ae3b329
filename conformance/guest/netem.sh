#!/bin/bash
# Copyright 2026 The srpt Authors
# SPDX-License-Identifier: Apache-2.0
#
# The netem suite, in two guests (boot it with --peer netem_target.sh): Linux's initiator here, the
# target there, and between them a wire that delays, loses and reorders packets in both directions
# while fio verifies every block.
. /lib.sh
. /net.sh
. /target.sh
. /checks.sh
. /faults_checks.sh
. /netem_checks.sh

GUEST_IP=$WIRE_TARGET # where the logins go
dmesg -n 3
eth_up $WIRE_INITIATOR || { echo "FAIL eth_up: $RDMA_DEV did not come up"; exit 1; }
# never_register: rxe loses fast registrations with the packets, and then hangs until the SCSI
# timeout whatever the target is.
initiator_up ch_count=2 never_register=1 || { echo "FAIL initiator_up: ib_srp did not load"; exit 1; }
peer true || { echo "FAIL peer: the target's guest is not there"; exit 1; }
log_in || { echo "FAIL log_in: $(dmesg | tail -n 1)"; exit 1; }
check clean_wire io_verified
check delay under delay 10ms
check loss lossy loss 1%
check heavy_loss lossy loss 5%
check reordering reordered delay 20ms reorder 25% 50%
check everything_at_once lossy delay 3ms reorder 10% loss 1%
check wire_cut_under_io cut_under_io
check data_survived_everything old_data_intact
check logout_and_login_under_loss relogin_under_loss
check sessions_are_whole_and_end sessions_end
check target_stops_cleanly peer target_stop
checks_end
