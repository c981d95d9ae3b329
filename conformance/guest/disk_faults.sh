#!/bin/bash
# Copyright 2026 The srpt Authors
# SPDX-License-Identifier: Apache-2.0
#
# The fault suite of the disks behind the target, in the guest: one that hangs, fails, loses what it
# was to keep, or is full (faults 20, 29, 30), seen by Linux's initiator. The session's other disk is
# verified meanwhile.
. /lib.sh
. /target.sh
. /checks.sh
. /faults_checks.sh
. /disk_faults_checks.sh

dmesg -n 3
link_up || { echo "FAIL link_up: $RDMA_DEV did not come up"; exit 1; }
initiator_up ch_count=2 || { echo "FAIL initiator_up: ib_srp did not load"; exit 1; }
disks_up || { echo "FAIL disks_up: the device mapper did not come up"; exit 1; }
with_disks >/run/scst.conf
target_start || { echo "FAIL target_start: it did not become ready"; checks_end; exit 1; }
log_in_to_disks || { echo "FAIL log_in: $(dmesg | tail -n 1)"; checks_end; exit 1; }
check data_is_there io_verified
check read_errors read_errors
check write_errors write_errors
check no_space no_space
check flush_fails flush_fails
check read_of_a_disk_that_hangs read_hangs
check write_to_a_disk_that_hangs write_hangs
check data_survived_everything old_data_intact
check logout logout "$HOST"
check no_session_left wait_for 15 no_sessions
check target_stops_cleanly target_stop
checks_end
