#!/bin/bash
# Copyright 2026 The srpt Authors
# SPDX-License-Identifier: Apache-2.0
#
# What srpt says, and with which status it ends, when it cannot start. Needs no RDMA device: what is
# wrong with the configuration is told whether there is one or not.
set -u
srpt=$PWD/$1
# (Not in TEST_TMPDIR: a socket's path has 107 bytes at most.)
dir=$(mktemp -d /tmp/srptXXXXXX)
trap 'rm -rf "$dir"' EXIT
cd "$dir" || exit 1
failed=0

# refused STATUS LINE ARG...: srpt ends at once with STATUS and says LINE, an extended regular
# expression, after `srpt: `.
refused() {
  local want=$1 line=$2 got=0
  shift 2
  timeout 10 "$srpt" "$@" >out 2>err </dev/null || got=$?
  if [ $got != "$want" ] || ! grep -qE -- "^srpt: $line" err; then
    failed=1
    printf 'srpt %s: status %s instead of %s, or not "srpt: %s":\n' "$*" $got "$want" "$line"
    sed 's/^/    /' err
  fi
}
device() { # HANDLER ATTRIBUTE...: a device on line 3
  local handler=$1
  shift
  printf 'HANDLER %s {\n  DEVICE d0 {\n%s\n  }\n}\n' "$handler" "$(printf '    %s\n' "$@")" |
    sed '1i # A comment.' >scst.conf
}

device vdisk_fileio "filename $dir/absent"
refused 2 "scst.conf:3: device d0: cannot open $dir/absent: No such file" --config scst.conf
device vdisk_fileio "filename $dir"
refused 2 "scst.conf:3: device d0: cannot open $dir: Is a directory" --config scst.conf
mkfifo fifo
device vdisk_fileio "filename $dir/fifo"
refused 2 "scst.conf:3: device d0: $dir/fifo is neither a regular file" --config scst.conf
truncate -s 511 small
device vdisk_fileio "filename $dir/small"
refused 2 "scst.conf:3: device d0: $dir/small has 511 bytes; expected at least one block" \
  --config scst.conf
device vdisk_nullio "size 4095" "blocksize 4096"
refused 2 "scst.conf:3: DEVICE d0 is smaller than one block" --config scst.conf

# The admin socket.
device vdisk_nullio "size_mb 1"
long=$(printf '%0120d' 0)
refused 2 "command line: --admin-socket: socket path '/$long' has 121 bytes; expected 1 to 107" \
  --config scst.conf --admin-socket "/$long"
refused 2 "command line: --admin-socket: cannot bind $dir/no/s: No such file or directory" \
  --config scst.conf --admin-socket "$dir/no/s"
echo precious >precious
refused 2 "command line: --admin-socket: precious exists and is no socket" \
  --config scst.conf --admin-socket precious

# The command line, and files that are none.
refused 2 ".*--confg" --confg scst.conf
refused 2 "Could not convert: --poll-budget = many; " --config scst.conf --poll-budget many
refused 2 "--config: .*missing; .srpt --help. explains every option" --config
refused 2 "--config FILE is missing" --admin-socket s
refused 2 "--log-level 'loud'; expected debug" --config scst.conf --log-level loud
refused 2 "command line: --rdma_cm_port: rdma_cm_port 'x'; expected" --config scst.conf \
  --rdma_cm_port=x
refused 2 "fifo: it is a FIFO; expected a regular file" --config fifo
refused 2 "$dir: it is a directory; expected a regular file" --config "$dir"
refused 2 "/dev/zero: it is a device; expected a regular file" --config /dev/zero
refused 2 "/bin/true:1: a control character; expected text" --config scst.conf \
  --modprobe-conf /bin/true
printf '# A comment with a \0 in it.\n' >binary.conf
refused 2 "binary.conf:1: a control character; expected text" --config binary.conf

# The limits, as the parameters have them.
"$srpt" --print-limits >out 2>err || { failed=1; echo "srpt --print-limits: status $?"; }
grep -qE '^sq_size +256  ' out && grep -qE '^memory_channel +1[0-9]{6}  ' out ||
  { failed=1; echo "srpt --print-limits:"; cat out; }
printf 'TARGET_DRIVER ib_srpt {\n  srp_max_rsp_size 512\n}\n' >limits.conf
"$srpt" --print-limits --json --config limits.conf --srpt_sq_size=77 >out 2>err
grep -q '"ti_iu_bytes_max":512,.*"sq_size":77,' out ||
  { failed=1; echo "srpt --print-limits --json:"; cat out err; }
refused 2 "command line: --srpt_sq_size: srpt_sq_size '1'; expected" --print-limits --srpt_sq_size=1
refused 2 "--json requires --print-limits" --config scst.conf --json

if [ -z "$(ls /sys/class/infiniband 2>/dev/null)" ]; then
  refused 1 "no usable RDMA device" --config scst.conf --admin-socket s
  [ ! -e s ] || { echo "the admin socket is left behind"; failed=1; }
else
  echo "NOTE: there is an RDMA device here: not testing what is said where there is none"
fi
exit $failed
