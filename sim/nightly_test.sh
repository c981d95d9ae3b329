#!/bin/bash
# Copyright 2026 The srpt Authors
# SPDX-License-Identifier: Apache-2.0
#
# One shard of a night (bazel test --config=nightly //sim:nightly_test; docs/simulator.md): the seeds
# of its own range, for SRPT_NIGHT_MINUTES minutes (default 30). The range follows from SRPT_NIGHT,
# the date as YYYY-MM-DD, and the shard: no two nights and no two shards have a seed in common. What
# broke is in the test's outputs, as traces.
set -euo pipefail
usage() {
  printf 'nightly_test: %s\n' "$*" >&2
  exit 2
}
night=${SRPT_NIGHT:-}
minutes=${SRPT_NIGHT_MINUTES:-30}
shard=${TEST_SHARD_INDEX:-0}
shards=${TEST_TOTAL_SHARDS:-1}
sim=${SRPT_SIM:-sim/srpt_sim} # From the root of the runfiles.
[ -z "${TEST_SHARD_STATUS_FILE:-}" ] || touch "$TEST_SHARD_STATUS_FILE"

seconds=-1
if [[ $night =~ ^[0-9]{4}-[0-9]{2}-[0-9]{2}$ ]]; then
  seconds=$(date -u -d "$night" +%s 2>/dev/null) || seconds=-1
fi
[ "$seconds" -gt 0 ] || usage "SRPT_NIGHT: a date as 2026-11-30 was expected, not \"$night\""
day=$((seconds / 86400)) # Since 1970.
shards_max=1000
[ "$shards" -le $shards_max ] ||
  usage "at most $shards_max shards have seeds of their own, not $shards"
# More than any machine runs in a night. (The first night's lie far above those that ./dev sim runs.)
range=1000000000
first=$(((day * shards_max + shard) * range))
printf 'night %s, shard %s of %s: seeds from %s, for %s minutes\n' \
  "$night" "$shard" "$shards" "$first" "$minutes"
exec "$sim" --seed "$first" --seeds "$range" --minutes "$minutes" --jobs 1 \
  --failures "${TEST_UNDECLARED_OUTPUTS_DIR:-failures}"
