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


@pytest.mark.parametrize("option", ["--seeds=0", "--seeds=1000000000001", "--jobs=0", "--jobs=257"])
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


# --- Campaigns

# Commands that are given up after a microsecond: a failure that needs no mistake in core.
IMPATIENT = ("--option", "command-timeout-ns=1000")


@pytest.mark.parametrize("value", ["0", "-1", "0.0001", "100001", "1e3", "inf", "nan", " 1", "1m",
                                   ""])
def test_minutes_are_a_number(value):
    first = refused(f"--minutes={value}")
    assert "--minutes: a number from 0.001 to 100000 was expected" in first
    assert f'not "{value}"' in first


@pytest.mark.parametrize("value", ["nonsense", "Busy", "none", ""])
def test_a_profile_is_one_of_three(value):
    first = refused(f"--profile={value}")
    assert f'--profile: busy, mixed or idle was expected, not "{value}"' in first


@pytest.mark.parametrize("value, wrong", [
    ("depth", "--option: NAME=VALUE was expected, not \"depth\""),
    ("=3", "there is no option \"\""),
    ("deep=3", "there is no option \"deep\""),
    ("depth=0", "depth: a number from 1 to 126 was expected, not \"0\""),
    ("depth=", "depth: a number from 1 to 126 was expected, not \"\""),
    ("command-timeout-ns=999", "a number from 1000 to"),
    ("seed=7", "seed cannot be changed"),
    ("hostile=1", "hostile cannot be changed"),
])
def test_a_change_is_an_option_with_a_value_that_it_may_have(value, wrong):
    assert wrong in refused("--option", value)


@pytest.mark.parametrize("option", ["--minutes=1", "--failures=x", "--json=x"])
@pytest.mark.parametrize("trace", ["--record", "--replay", "--minimise"])
def test_traces_are_no_campaign(option, trace):
    first = refused(option, trace, "x")
    assert f"{option.split('=')[0]} is for runs of seeds; {trace} does not go with it" in first


@pytest.mark.parametrize("option", ["--profile=busy", "--option=depth=3"])
@pytest.mark.parametrize("trace", ["--replay", "--minimise"])
def test_a_trace_says_itself_what_it_is_like(option, trace):
    assert "does not go with it" in refused(option, trace, "x")


def test_a_directory_that_cannot_be_written_is_said_before_the_first_seed(tmp_path):
    (tmp_path / "file").write_text("")
    for name in ("file", "file/below"):
        first = refused("--failures", tmp_path / name, "--seeds", "1")
        assert first.startswith(f"srpt_sim: --failures: cannot write {tmp_path / name}: ")
    for name in ("/proc/none", "/proc/self"):
        assert f"cannot write {name}: " in refused("--failures", name, "--seeds", "1")


def test_this_build_counts_no_paths(tmp_path):
    assert "--paths: this build does not count them" in refused("--paths", tmp_path / "x")


def test_minutes_end_a_campaign_and_the_next_seed_is_said(tmp_path):
    path = tmp_path / "out.json"
    ran = run("--minutes", "0.005", "--seed", "9", "--jobs", "2", "--json", path)
    assert ran.returncode == 0
    seeds = [row["seed"] for row in json.loads(path.read_text())["seeds"]]
    last = seeds[-1]
    assert seeds == list(range(9, last + 1))
    assert f"seeds 9 to {last} were run; go on with --seed {last + 1}" in ran.stdout
    assert f"all {len(seeds)} seeds held" in ran.stdout


def test_the_number_of_seeds_ends_it_if_that_is_first():
    ran = run("--minutes", "100", "--seeds", "2")
    assert "seeds 1 to 2 were run; go on with --seed 3" in ran.stdout


def test_the_order_of_threads_shows_nowhere(tmp_path):
    texts = []
    for jobs in ("1", "3"):
        path = tmp_path / jobs
        ran = run("--seeds", "12", "--jobs", jobs, "--json", path)
        texts.append((path.read_text().split("]")[0], ran.stdout.split("\n")[3:]))
    assert texts[0] == texts[1]


def test_failures_are_told_apart_and_kept(tmp_path):
    ran = run("--seeds", "3", "--seed", "14", "--jobs", "2", "--failures", tmp_path / "new" / "dir",
              *IMPATIENT)
    assert ran.returncode == 1
    lines = ran.stdout.split("\n")
    at = lines.index("3 of 3 seeds FAILED, in 2 ways:")
    table = [line.split() for line in lines[at + 2:-1]]
    assert table[0][:2] == ["2", "14"]
    assert table[0][2].startswith("35:peer")
    assert table[3][:2] == ["1", "16"]
    assert sorted(p.name for p in (tmp_path / "new" / "dir").iterdir()) == ["seed-14.trace",
                                                                          "seed-16.trace"]
    # One report a way.
    assert ran.stderr.count("FAILED") == 2
    # Each command of the table breaks the same again.
    again = run(*table[1][2:])
    assert again.returncode == 1
    assert table[0][2] in again.stdout
    played = run(*table[2][2:])
    assert played.returncode == 1
    assert "it broke what it broke when it was recorded" in played.stdout


def test_a_trace_that_cannot_be_kept_is_said(tmp_path):
    (tmp_path / "seed-14.trace").mkdir()
    ran = run("--seeds", "1", "--seed", "14", "--failures", tmp_path, *IMPATIENT)
    assert ran.returncode == 2
    assert f"--failures: cannot write {tmp_path}/seed-14.trace" in ran.stderr
    assert "1 of 1 seeds FAILED" in ran.stdout


@pytest.mark.parametrize("profile", ["busy", "mixed", "idle"])
def test_a_profile_is_run_and_measured(tmp_path, profile):
    path = tmp_path / "out.json"
    ran = run("--profile", profile, "--option", "commands=50", "--seeds", "1", "--json", path)
    assert ran.returncode == 0
    assert "IUs" in ran.stdout and "memory: " in ran.stdout
    out = json.loads(path.read_text())
    # A command and its response, and what logins and verification take.
    assert out["ius"] >= 2 * 50 * 8
    assert out["memory_bytes"] > 0
    assert out["ius_per_cpu_second"] > 0
    # The same seed of another profile is another run.
    other = "mixed" if profile != "mixed" else "busy"
    ran_other = run("--profile", other, "--option", "commands=50", "--seeds", "1")
    assert f"fingerprint {out['fingerprint']}" not in ran_other.stdout


def test_five_seeds_of_a_profile():
    ran = run("--profile", "idle", "--option", "commands=1")
    assert "all 5 seeds held" in ran.stdout


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


def test_a_run_with_changes_is_written_down_with_them(tmp_path):
    trace = tmp_path / "trace"
    ran = run("--record", trace, "--seed", "16", *IMPATIENT)
    assert ran.returncode == 1
    assert "it broke 1:peer" in ran.stdout
    assert "option command-timeout-ns 1000\n" in trace.read_text()
    assert "it broke what it broke" in run("--replay", trace).stdout


def test_a_trace_of_an_earlier_version_is_read(tmp_path):
    trace = tmp_path / "trace"
    run("--record", trace, "--seed", "7")
    played = run("--replay", trace).stdout
    later = ("option bidirectional ", "option think-max-ns ", "option work-max-ns ")
    lines = trace.read_text().split("\n")
    earlier = [line for line in lines if not line.startswith(later)]
    assert len(earlier) == len(lines) - 3
    trace.write_text("\n".join(earlier))
    assert run("--replay", trace).stdout == played


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
