# Copyright 2026 The srpt Authors
# SPDX-License-Identifier: Apache-2.0
"""The command line of srpt_sim: what it refuses, and when."""

import json
import pathlib
import subprocess

import pytest

SIM = pathlib.Path("sim/srpt_sim").resolve()  # From the root of the runfiles.
MOST = 2**64 - 1


def run(*args):
    return subprocess.run([SIM, *args], text=True, capture_output=True, check=False, timeout=50)


def refused(*args):
    """Nothing was simulated; the first line says who refuses and what."""
    ran = run(*args)
    assert ran.returncode == 2
    assert ran.stdout == ""
    first = ran.stderr.split("\n")[0]
    assert first.startswith("srpt_sim: ")
    return first


@pytest.mark.parametrize("option", ["--seed", "--seeds", "--jobs", "--trace"])
@pytest.mark.parametrize("value", [str(MOST + 1), "-1", " 7", "+7", "7x", "0x", "0x1g", "1e3",
                                   "seven", ""])
def test_a_number_is_a_number(option, value):
    first = refused(f"{option}={value}")
    assert f"{option}: a number from" in first
    assert f'not "{value}"' in first


@pytest.mark.parametrize("option", ["--seeds=0", "--seeds=1000001", "--jobs=0", "--jobs=257"])
def test_a_number_is_within_its_range(option):
    assert "a number from" in refused(option)


def test_seeds_do_not_begin_anew():
    assert str(MOST) in refused("--seed", str(MOST), "--seeds", "2")
    assert run("--seed", str(MOST), "--seeds", "1").returncode == 0


def test_hexadecimal_and_decimal_are_the_same_seed():
    ran = [run("--seed", seed, "--seeds", "1").stdout.split("fingerprint ")[1]
           for seed in ("0x10", "16")]
    assert ran[0] == ran[1]


def test_no_such_option():
    assert "no such option: --sees" in refused("--sees", "3")
    assert "--seed" in refused("--seed")


def test_a_json_file_that_cannot_be_written_is_said_before_the_first_seed(tmp_path):
    path = tmp_path / "none" / "out.json"
    assert f"cannot write {path}: No such file" in refused("--json", str(path), "--seeds", "1")
    refused("--json", str(tmp_path), "--seeds", "1")


def test_json(tmp_path):
    path = tmp_path / "out.json"
    ran = run("--json", str(path), "--seeds", "2", "--seed", "5")
    assert ran.returncode == 0
    out = json.loads(path.read_text())
    assert [row["seed"] for row in out["seeds"]] == [5, 6]
    assert f"fingerprint {out['fingerprint']}" in ran.stdout


def test_a_disk_that_fills_up_is_said():
    ran = run("--json", "/dev/full", "--seeds", "1")
    assert ran.returncode == 2
    assert "srpt_sim: --json: cannot write /dev/full" in ran.stderr


def test_help():
    ran = run("--help")
    assert ran.returncode == 0
    assert ran.stdout.startswith("srpt_sim [--seeds N]")


# --- Traces


def test_a_run_is_written_down_and_played_again(tmp_path):
    trace = tmp_path / "trace"
    ran = run("--record", trace, "--seed", "7")
    assert ran.returncode == 0
    assert "all held" in ran.stdout
    played = run("--replay", trace)
    assert played.returncode == 0
    assert "all held, as it did when it was recorded" in played.stdout
    assert run("--replay", trace).stdout == played.stdout
    assert "broke nothing" in refused("--minimise", trace)


def test_a_step_that_no_longer_applies_is_told(tmp_path):
    trace = tmp_path / "trace"
    run("--record", trace, "--seed", "7")
    lines = trace.read_text().splitlines()
    count = int(lines[-1].split()[1])
    lines[-1:] = ["happens kill 1234 9  # 5 us", f"end {count + 1}"]
    trace.write_text("\n".join(lines) + "\n")
    played = run("--replay", trace)
    assert played.returncode == 0
    assert "found no opportunity: 0.000000 ms: kill" in played.stdout


def test_what_is_no_trace_is_refused(tmp_path):
    trace = tmp_path / "trace"
    assert f"--replay: cannot read {trace}: No such file" in refused("--replay", trace)
    trace.write_text("srpt-trace 1\noption depth 0\n")
    assert f"--replay: {trace}: line 2: depth: a number from 1 to" in refused("--replay", trace)
    assert "--out: " not in refused("--minimise", trace)
    assert "one at a time" in refused("--replay", trace, "--record", trace)
    assert "--out goes with --minimise" in refused("--out", trace)
    assert "--record: cannot write" in run("--record", tmp_path / "none" / "x").stderr


def test_this_build_has_no_planted_bugs():
    assert "this build has no planted bugs" in refused("--plant", "FuaLies")
    assert '"Nothing" is no planted bug' in refused("--plant", "Nothing")
