# Copyright 2026 The srpt Authors
# SPDX-License-Identifier: Apache-2.0
"""Which seeds a night's shards run (nightly_test.sh), with a simulator that is only played."""

import os
import pathlib
import subprocess

import pytest

SCRIPT = pathlib.Path("sim/nightly_test.sh").resolve()  # From the root of the runfiles.
SIM = "#!/bin/bash\necho \"$@\"\n"


def night(tmp_path, **variables):
    sim = tmp_path / "sim"
    sim.write_text(SIM)
    sim.chmod(0o755)
    env = {key: value for key, value in os.environ.items()
           if not key.startswith(("TEST_", "SRPT_"))}
    env.update(variables, SRPT_SIM=str(sim))
    return subprocess.run([SCRIPT], env=env, text=True, capture_output=True, check=False,
                          timeout=20)


def seeds(tmp_path, date, shard, shards=50):
    """The range as (first, one behind the last)."""
    ran = night(tmp_path, SRPT_NIGHT=date, TEST_SHARD_INDEX=str(shard),
                TEST_TOTAL_SHARDS=str(shards))
    assert ran.returncode == 0, ran.stderr
    words = ran.stdout.split("\n")[1].split()
    first = int(words[words.index("--seed") + 1])
    return first, first + int(words[words.index("--seeds") + 1])


def test_no_seed_is_run_twice(tmp_path):
    nights = ["2026-11-30", "2026-12-01", "2027-01-01", "2099-12-31"]
    ranges = sorted(seeds(tmp_path, date, shard) for date in nights for shard in (0, 1, 48, 49))
    assert len(ranges) == 16
    for (_, end), (begin, _) in zip(ranges, ranges[1:]):
        assert end <= begin
    assert ranges[0][0] > 2000  # Those of every day.
    assert ranges[-1][1] < 2**63


def test_the_same_night_is_the_same_seeds(tmp_path):
    assert seeds(tmp_path, "2026-11-30", 7) == seeds(tmp_path, "2026-11-30", 7, shards=10)


def test_minutes_and_outputs_are_the_environments(tmp_path):
    ran = night(tmp_path, SRPT_NIGHT="2026-11-30", SRPT_NIGHT_MINUTES="7",
                TEST_UNDECLARED_OUTPUTS_DIR="/outputs")
    assert "--minutes 7 --jobs 1 --failures /outputs" in ran.stdout


@pytest.mark.parametrize("date", ["", "today", "2026-13-01", "2026-11-31", "1960-01-01",
                                  "2026-11-30; true"])
def test_what_is_no_date_is_refused(tmp_path, date):
    ran = night(tmp_path, SRPT_NIGHT=date)
    assert ran.returncode == 2
    assert ran.stdout == ""
    assert ran.stderr.startswith("nightly_test: SRPT_NIGHT: a date")
    assert f'not "{date}"' in ran.stderr


def test_more_shards_than_ranges_are_refused(tmp_path):
    ran = night(tmp_path, SRPT_NIGHT="2026-11-30", TEST_TOTAL_SHARDS="1001")
    assert ran.returncode == 2
    assert "at most 1000 shards" in ran.stderr
