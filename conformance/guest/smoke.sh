#!/bin/bash
# Copyright 2026 The srpt Authors
# SPDX-License-Identifier: Apache-2.0
#
# The smoke suite, in the guest: what a change must not break between Linux's SRP initiator and the
# target over Soft-RoCE. Runs against TARGET=srpt, and against TARGET=lio to try the suite itself.
. /lib.sh
. /target.sh
. /checks.sh
. /smoke_checks.sh

only_srpt() { # NAME FUNCTION...
  if [ "$TARGET" = srpt ]; then check "$@"; else skip "$1" "not for $TARGET"; fi
}

dmesg -n 3
disk_file
srpt_config >/run/scst.conf
only_srpt no_rdma_device no_rdma_device
link_up || { echo "FAIL link_up: $RDMA_DEV did not come up"; exit 1; }
initiator_up cmd_sg_entries=255 indirect_sg_entries=2048 allow_ext_sg=1 ch_count=2 ||
  { echo "FAIL initiator_up: ib_srp did not load"; exit 1; }
only_srpt bad_configuration bad_configuration
only_srpt help_text help_text
forget_kernel
target_start || { echo "FAIL target_start: it did not become ready"; checks_end; exit 1; }

# The session that the next checks use: IPv4, two channels.
login $TARGET_GUID $GUEST_IP:$TARGET_PORT ,max_sect=4096
HOST=$(newest_host)
DISK=$(disk_wait "$HOST" 0)
NULL=$(disk_wait "$HOST" 1)
check boot_to_first_io_below_30_s first_io
check login_ipv4_two_channels login_ipv4
only_srpt session_listed session_listed
only_srpt channels_on_shards channels_on_shards
only_srpt admin_socket_is_private admin_socket_is_private
only_srpt idle_memory_is_bounded idle_memory
only_srpt receives_shared_as_asked receives_shared
check inquiry_and_vpd inquiry_and_vpd
check read_capacity read_capacity
check mode_luns_ready_sync mode_luns_ready_sync
for size in 512 4096 8192 12288 65536 131072 1048576; do
  check "write_read_compare_$size" write_read_compare $size
done
check read_beyond_the_end read_beyond_the_end
check unknown_command_is_refused unknown_command
check null_disk_reads_and_writes null_disk
check login_ipv6 login_ipv6
check wrong_port_id_is_rejected wrong_port_id
only_srpt disabled_target_rejects disabled_target
only_srpt lun_added_and_removed lun_added_and_removed
only_srpt device_added_and_removed device_added_and_removed
only_srpt disk_resized disk_resized
only_srpt session_closed_by_admin session_closed
check lun_reset lun_reset
check ext4_survives_relogin ext4_survives_relogin
check fio_verified fio_verified
check sessions_unharmed sessions_unharmed
check logout logout "$HOST"
check target_stops_cleanly target_stop
only_srpt too_small_request_size_is_told too_small_request_size
check restart_and_relogin restart_and_relogin
check kernel_is_quiet kernel_is_quiet
checks_end
