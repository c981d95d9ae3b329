#!/bin/bash
# Copyright 2026 The srpt Authors
# SPDX-License-Identifier: Apache-2.0
#
# The target's guest of netem.sh: serves its disks over the wire, and does what the other one asks.
. /lib.sh
. /net.sh
. /target.sh

eth_up $WIRE_TARGET || { echo "FAIL eth_up: $RDMA_DEV did not come up"; exit 1; }
target_start || exit 1
serve_peer
srpt_keep_log
