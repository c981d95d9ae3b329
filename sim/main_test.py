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
