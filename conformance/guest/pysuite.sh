#!/bin/bash
# Copyright 2026 The srpt Authors
# SPDX-License-Identifier: Apache-2.0
#
# The Python conformance suites on the verbs arm, in the guest (boot it with --hostroot): the host's
# own python3 and pytest against the target that runs here. /tmp/suite holds the suites
# (conformance/suites) and the module (pytests/srptest.so), as the project lays them out. Arguments:
# pytest's, or those of SRPT_PYTEST_ARGS. Last line: N passed, N failed, N skipped.
. /lib.sh
. /target.sh
. /python.sh

eval "set -- ${SRPT_PYTEST_ARGS:-} \"\$@\""
link_up || { echo "$RDMA_DEV did not come up"; exit 1; }
target_start || exit 1
python_up || exit 1

python -m pytest -p no:cacheprovider -rs --junitxml=/tmp/pytest.xml "$@" | tee /tmp/pytest.out
status=${PIPESTATUS[0]}
cp /tmp/pytest.xml /logs/pytest.xml

# A target that the suites brought down is a failure of its own.
if ! target_stop; then
  echo "FAIL target_stops_cleanly: status $?"
  [ "$status" != 0 ] || status=1
fi
summary=$(grep -E '(passed|failed|skipped|error).* in [0-9.]+s' /tmp/pytest.out | tail -n 1)
count() { grep -oE "[0-9]+ $1" <<<"$summary" | cut -d' ' -f1 | awk '{ n += $1 } END { print n + 0 }'; }
echo "$(count passed) passed, $(($(count failed) + $(count error))) failed, $(count skipped) skipped"
exit "$status"
