# Copyright 2026 The srpt Authors
# SPDX-License-Identifier: Apache-2.0
"""paths.py: blocks become lines by function, and what is no list of blocks is refused."""

import pathlib
import subprocess
import sys

import paths
import pytest

HERE = pathlib.Path(__file__).resolve().parent


def frames(*places):
    return [(function, f"/somewhere/{file}:{line}:3") for function, file, line in places]


def test_a_block_is_where_its_innermost_frame_in_core_is():
    assert paths.place_of(frames(("min", "usr/algorithm.h", 9), ("Pump", "core/srp/x.cc", 7),
                                 ("Step", "core/srp/shard.cc", 8))) == ("core/srp/x.cc", "Pump", 7)
    assert paths.place_of(frames(("Pump", "core/srp/x.cc", 0), ("Step", "core/srp/y.cc", 8))) == (
        "core/srp/y.cc", "Step", 8)
    assert paths.place_of(frames(("min", "usr/algorithm.h", 9))) is None
    assert paths.place_of(frames(("Add<a::B<c>, d>", "core/x.h", 1)))[1] == "Add"
    assert paths.place_of(frames(("operator<", "core/x.h", 1)))[1] == "operator<"


def test_a_line_is_reached_if_one_of_its_blocks_is():
    here = ("core/none.cc", "F")
    merged = paths.merge([((*here, 3), False), ((*here, 3), True), ((*here, 4), False),
                          ((*here, 5), True), ((*here, 5), False), (None, True)])
    assert merged == {here: {3: True, 4: False, 5: True}}


def test_lines_of_cores_own_checks_do_not_count(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "core").mkdir()
    (tmp_path / "core" / "own.cc").write_text("f();\n  SRPT_CHECK(x > 0);\ng();\n")
    merged = paths.merge([(("core/own.cc", "F", line), False) for line in (1, 2, 3, 4)])
    assert merged == {("core/own.cc", "F"): {1: False, 3: False, 4: False}}


def test_the_report_says_what_was_missed_and_how_much_was_reached():
    lines = list(paths.report({
        ("core/srp/a.cc", "F"): {3: True, 5: False, 6: False, 9: True, 12: False},
        ("core/srp/a.cc", "Never"): {20: False, 21: False},
        ("core/wire/b.cc", "All"): {1: True}}))
    assert lines[:3] == ["core/srp/a.cc", "  F: line 5-6, 12", "  Never: never (line 20)"]
    assert [line.split() for line in lines[-3:]] == [
        ["core/srp", "1", "of", "2", "2", "of", "7", "28.6", "%"],
        ["core/wire", "1", "of", "1", "1", "of", "1", "100.0", "%"],
        ["all", "2", "of", "3", "3", "of", "8", "37.5", "%"]]


def test_runs_add_up(tmp_path):
    one, two = tmp_path / "one", tmp_path / "two"
    one.write_text("srpt-paths 1 /x\nreached a\nmissed b\nmissed c\n")
    two.write_text("srpt-paths 1 /x\nmissed a\nreached b\nmissed c\n")
    assert paths.read([one, two]) == ("/x", {"a": True, "b": True, "c": False})


@pytest.mark.parametrize("text, wrong", [
    ("", "line 1: \"srpt-paths 1 EXECUTABLE\" was expected"),
    ("srpt-trace 1\n", "line 1: "),
    ("srpt-paths 1 /x\nreached\n", "line 2: \"reached ADDRESS\" or \"missed ADDRESS\""),
    ("srpt-paths 1 /x\n\nlost 1\n", "line 3: "),
])
def test_what_is_no_list_is_refused(tmp_path, text, wrong):
    name = tmp_path / "list"
    name.write_text(text)
    ran = subprocess.run([sys.executable, HERE / "paths.py", name], text=True, check=False,
                         capture_output=True)
    assert ran.returncode == 1
    assert f"paths.py: {name}: {wrong}" in ran.stderr


def test_a_file_that_is_not_there_is_refused(tmp_path):
    ran = subprocess.run([sys.executable, HERE / "paths.py", tmp_path / "none"], text=True,
                         check=False, capture_output=True)
    assert ran.returncode == 1
    assert f"paths.py: cannot read {tmp_path}/none: " in ran.stderr
