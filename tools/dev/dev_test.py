# Copyright 2026 The srpt Authors
# SPDX-License-Identifier: Apache-2.0
"""What ./dev says about a run: the counts of ./dev test and the table of ./dev bench; what its
commands do before they do anything."""

import json
import os
import pathlib
import re
import subprocess
import sys

import pytest

HERE = pathlib.Path(__file__).resolve().parent

CASES = """<testsuites><testsuite name="s">
<testcase classname="a" name="one"/>
<testcase classname="a" name="two">{verdict}</testcase>
<testcase classname="a" name="three" status="notrun"/>
</testsuite></testsuites>"""


def run(script, *args):
    return subprocess.run([sys.executable, HERE / script, *map(str, args)], text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)


def result(label, status, xml=None):
    outputs = [{"name": "test.xml", "uri": xml.as_uri()}] if xml else []
    return {"id": {"testResult": {"label": label, "run": 1}},
            "testResult": {"status": status, "testActionOutput": outputs}}


def count(tmp_path, events, bazel_status):
    path = tmp_path / "events.json"
    path.write_text("".join(json.dumps(e) + "\n" for e in events))
    return run("count_tests.py", path, bazel_status)


def xml(tmp_path, verdict):
    path = tmp_path / "test.xml"
    path.write_text(CASES.format(verdict=verdict))
    return path


def last_line(ran):
    return ran.stdout.strip().split("\n")[-1]


def test_counts_cases_not_targets(tmp_path):
    ran = count(tmp_path, [result("//a:t", "PASSED", xml(tmp_path, ""))], 0)
    assert last_line(ran) == "2 passed, 0 failed"
    assert "1 skipped" in ran.stdout
    assert ran.returncode == 0


def test_skipped_cases_are_in_the_last_line_if_asked_for(tmp_path):
    path = tmp_path / "events.json"
    path.write_text(json.dumps(result("//a:t", "PASSED", xml(tmp_path, ""))) + "\n")
    assert last_line(run("count_tests.py", path, 0, "--skipped")) == "2 passed, 0 failed, 1 skipped"


def test_names_the_case_that_failed(tmp_path):
    bad = xml(tmp_path, '<failure message="x is 3"/>')
    ran = count(tmp_path, [result("//a:t", "FAILED", bad)], 3)
    assert last_line(ran) == "1 passed, 1 failed"
    assert "FAILED //a:t a.two: x is 3" in ran.stdout
    assert ran.returncode == 1


def test_a_crash_without_cases_is_a_failure(tmp_path):
    ran = count(tmp_path, [result("//a:t", "TIMEOUT")], 3)
    assert last_line(ran) == "0 passed, 1 failed"
    assert "//a:t: TIMEOUT" in ran.stdout


def test_what_does_not_build_is_a_failure(tmp_path):
    broken = {"id": {"targetCompleted": {"label": "//a:t"}}, "completed": {}}
    ran = count(tmp_path, [broken], 1)
    assert last_line(ran) == "0 passed, 1 failed"
    assert "//a:t: does not build" in ran.stdout


def test_a_bazel_that_never_started_is_a_failure(tmp_path):
    ran = run("count_tests.py", tmp_path / "none.json", 36)
    assert last_line(ran) == "0 passed, 1 failed"
    assert ran.returncode == 1


def table(tmp_path, lio, srpt):
    raw = tmp_path / "raw.txt"
    raw.write_text("noise\n" + "".join(f"ROW 4k|lio|{v}\n" for v in lio)
                   + "".join(f"ROW 4k|srpt|{v}\n" for v in srpt))
    ran = run("bench_table.py", "title", raw, tmp_path / "out.json")
    assert ran.returncode == 0, ran.stdout
    return last_line(ran), json.loads((tmp_path / "out.json").read_text())


def test_a_ratio_within_the_spread_counts_as_one(tmp_path):
    line, rows = table(tmp_path, [1000, 1020], [1000, 1000])
    assert line.endswith("%  1.0")
    assert rows == [{"name": "4k", "lio": 1010.0, "srpt": 1000.0, "ratio": 0.9901,
                     "spread": 0.0198}]


def test_a_ratio_beyond_the_spread_counts_as_it_is(tmp_path):
    line, rows = table(tmp_path, [1000, 1000], [900, 900])
    assert line.endswith("0.900")
    assert rows[0]["ratio"] == 0.9


def test_srpt_with_shards_is_a_row_of_its_own(tmp_path):
    raw = tmp_path / "raw.txt"
    raw.write_text("ROW 4k|lio|1000\nROW 4k|srpt|900\nROW 4k|srpt-shards|1200\n")
    ran = run("bench_table.py", "title", raw, tmp_path / "out.json")
    assert [line.split()[0] for line in ran.stdout.splitlines()[2:]] == ["4k", "4k,"]
    rows = json.loads((tmp_path / "out.json").read_text())
    assert [(row["lio"], row["ratio"]) for row in rows] == [(1000.0, 0.9), (1000.0, 1.2)]


def test_a_build_installs_every_library_that_the_workspace_names():
    """Bazel makes one repository of them all, so each build needs each of them."""
    root = HERE.parents[1]
    group = set()
    for line in (root / "tools/packages.txt").read_text().splitlines():
        words = line.split("#")[0].split()
        if words and words[0] == "build":
            group.update(words[1:])
    named = set(re.findall(r'"((?:lib|pybind|nlohmann)[a-z0-9.+-]*-dev)"',
                           (root / "WORKSPACE").read_text()))
    assert len(named) > 5
    assert named <= group


# A bazel that notes how it is called, and refuses a build's flags where the real one does.
BAZEL = """#!/bin/bash
echo "$*" >>"$BAZEL_CALLS"
if [[ $1 = query && $* = *--disk_cache* ]]; then
  echo "ERROR: Unrecognized option: --disk_cache" >&2
  exit 2
fi
[[ $* != *//no:such* ]]
"""


def dev(tmp_path, *command, **variables):
    """Runs it where bazel is only played. Gives what it did, and the calls of bazel."""
    bazel = tmp_path / "bin" / "bazel"
    calls = tmp_path / "calls"
    bazel.parent.mkdir()
    bazel.write_text(BAZEL)
    bazel.chmod(0o755)
    calls.write_text("")
    env = dict(os.environ, PATH=f"{bazel.parent}:{os.environ['PATH']}", BAZEL_CALLS=str(calls),
               **variables)
    ran = subprocess.run(command, cwd=HERE.parents[1], env=env, text=True, stdout=subprocess.PIPE,
                         stderr=subprocess.PIPE, check=False)
    return ran, calls.read_text().splitlines()


@pytest.mark.parametrize("name", ["bench", "build", "check", "conformance", "core_bench",
                                  "coverage", "demo", "fingerprints", "fuzz", "lint", "planted",
                                  "scenarios", "sim", "test"])
def test_a_command_explains_itself_and_does_nothing(tmp_path, name):
    ran, calls = dev(tmp_path, f"tools/dev/{name}", "--help")
    assert ran.returncode == 0
    assert ran.stdout.startswith(f"./dev {name}")
    assert ran.stderr == ""
    assert calls == []


@pytest.mark.parametrize("label, exists", [("//a:b", True), ("//no:such", False)])
def test_flags_of_a_build_do_not_hide_a_target(tmp_path, label, exists):
    ran, calls = dev(tmp_path, "bash", "-c", f". tools/dev/lib.sh; target_exists {label}",
                     SRPT_BAZEL_STARTUP="", SRPT_BAZEL_FLAGS="--disk_cache=/x --symlink_prefix=/y")
    assert (ran.returncode == 0) == exists
    assert len(calls) == 1


def test_a_build_gets_the_flags(tmp_path):
    _, calls = dev(tmp_path, "bash", "-c", ". tools/dev/lib.sh; bazel_ build //a:b",
                   SRPT_BAZEL_STARTUP="--output_base=/z", SRPT_BAZEL_FLAGS="--disk_cache=/x -k")
    assert calls == ["--output_base=/z build --disk_cache=/x -k //a:b"]


def test_check_knows_its_steps(tmp_path):
    ran, calls = dev(tmp_path, "tools/dev/check", "lint", "everything")
    assert ran.returncode == 2
    assert "STEP (tests clang " in ran.stderr
    assert calls == []
