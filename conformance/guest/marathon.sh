#!/bin/bash
# Copyright 2026 The srpt Authors
# SPDX-License-Identifier: Apache-2.0
#
# The marathon, in the guest (boot it with --hostroot): thousands of logins and logouts of our own
# initiator, half of them cut in the middle, and hundreds of Linux's. Nothing of them may remain with
# srpt: no session, no memory, no descriptor, nothing that the kernel holds for it.
# SRPT_MARATHON: how many logins of ours (10000); of Linux's it is 3 in 100 of that.
. /lib.sh
. /target.sh
. /checks.sh
. /python.sh
. /marathon_checks.sh

OURS=${SRPT_MARATHON:-10000}
LINUXS=$((OURS * 3 / 100))
dmesg -n 3
link_up || { echo "FAIL link_up: $RDMA_DEV did not come up"; exit 1; }
initiator_up ch_count=2 || { echo "FAIL initiator_up: ib_srp did not load"; exit 1; }
target_start || { echo "FAIL target_start: it did not become ready"; checks_end; exit 1; }
python_up || { echo "FAIL python_up: no host's root (--hostroot)"; checks_end; exit 1; }
HELD=$(holds)
# The first ones make srpt allocate what it keeps for ever.
check warm_up warm_up $((300 + OURS / 20)) 10
BEFORE=$(size)
check "logins_of_our_initiator_$OURS" ours "$OURS"
check memory_is_flat flat "$BEFORE" "$OURS"
BEFORE=$(size)
check "logins_of_ib_srp_$LINUXS" linuxs $LINUXS
check memory_is_flat_again flat "$BEFORE" $LINUXS
check target_stops_cleanly target_stop
checks_end
