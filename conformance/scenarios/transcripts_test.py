# Copyright 2026 The srpt Authors
# SPDX-License-Identifier: Apache-2.0
"""Every transcript of this folder, and the program that plays them."""

import pathlib
import re
import subprocess

import pytest

FOLDER = pathlib.Path("conformance/scenarios").resolve()  # From the root of the runfiles.
PROGRAM = FOLDER / "srpt_scenario"
FILES = sorted(FOLDER.glob("*.txt"))
FAULTS = range(1, 35)  # Of the reference page.


def run(*args):
    return subprocess.run([PROGRAM, *map(str, args)], text=True, capture_output=True, check=False,
                          timeout=100)


def copy_of(tmp_path, file, change=lambda text: text):
    path = tmp_path / file.name
    path.write_text(change(file.read_text()))
    return path


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_a_transcript_is_as_it_stands_there(file):
    for _ in range(2):
        ran = run(file)
        assert ran.returncode == 0, ran.stdout + ran.stderr


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_rewriting_what_is_intact_changes_nothing(tmp_path, file):
    path = copy_of(tmp_path, file)
    ran = run("--rewrite", path)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "rewritten" not in ran.stdout
    assert path.read_text() == file.read_text()


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_a_log_that_was_dropped_is_written_again(tmp_path, file):
    def drop(text):
        return "".join(line for line in text.splitlines(True) if not line.startswith(" "))

    path = copy_of(tmp_path, file, drop)
    assert run("--rewrite", path).returncode == 0
    assert path.read_text() == file.read_text()


def test_every_fault_has_one_transcript():
    numbers = {}
    for file in FILES:
        named = re.match(r"fault-(\d\d)-[a-z0-9-]+\.txt$", file.name)
        if named is None:
            continue
        head = file.read_text().splitlines()[0]
        titled = re.match(r"# Fault (\d+): \S.*\.$", head)
        assert titled, f"{file.name} begins with '{head}'"
        assert int(titled[1]) == int(named[1]), file.name
        numbers.setdefault(int(named[1]), []).append(file.name)
    assert sorted(numbers) == list(FAULTS)
    assert all(len(files) == 1 for files in numbers.values()), numbers


def test_every_transcript_says_why_and_has_a_log():
    for file in FILES:
        text = file.read_text()
        assert re.match(r"(#.*\n){3}", text), f"{file.name}: what must happen, and why?"
        assert re.search(r"^ +\d+\.\d{3}  ", text, re.MULTILINE), file.name


def test_a_line_that_differs_is_named(tmp_path):
    def change(text):
        assert "CHECK CONDITION 0b/4e/00 delta 2" in text
        return text.replace("CHECK CONDITION 0b/4e/00 delta 2", "CHECK CONDITION 0b/4e/00 delta 1",
                            1)

    path = copy_of(tmp_path, FOLDER / "fault-11-duplicate-tag.txt", change)
    before = path.read_text()
    ran = run(path)
    assert ran.returncode == 1
    lines = ran.stdout.splitlines()
    assert str(path) in lines[0]
    minus = [line for line in lines if line.startswith("- ")]
    plus = [line for line in lines if line.startswith("+ ")]
    assert len(minus) == len(plus) == 1, ran.stdout
    assert "0b/4e/00 delta 1" in minus[0]
    assert "0b/4e/00 delta 2" in plus[0]
    assert "  run 100us" in lines  # The command it belongs to.
    assert path.read_text() == before
    assert run("--rewrite", path).returncode == 0
    assert path.read_text() == (FOLDER / "fault-11-duplicate-tag.txt").read_text()


@pytest.mark.parametrize("change", [
    lambda text: text.replace("run 80s", "run 79s", 1),
    lambda text: re.sub(r"^ .*DREQ\n", "", text, count=1, flags=re.MULTILINE),
    lambda text: text.replace("fault lost-completion\n", "", 1),
], ids=["a_command", "a_line_less", "no_fault"])
def test_what_changes_the_run_is_seen(tmp_path, change):
    path = copy_of(tmp_path, FOLDER / "fault-01-lost-send-completion.txt", change)
    assert run(path).returncode == 1


def test_an_expectation_is_not_rewritten_away(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("disk disk0\nlogin A\nexpect over A\n")
    ran = run("--rewrite", path)
    assert ran.returncode == 1
    assert f"{path}:3: A is not over" in ran.stdout
    assert run(path).returncode == 1


@pytest.mark.parametrize("text, line, what", [
    ("disk disk0\nlogin A\nsend A fly\n", 3, 'there is no command "fly"'),
    ("disk disk0\nwrld\n", 2, 'there is no command "wrld"'),
    ("run 1s\n", 1, "the world has no disk yet"),
    ("    10.500  A -> REQ\n", 1, "stands behind no command"),
    ("disk disk0\nrun 1 s\n", 2, 'not "1"'),
    ("world shards 9\n", 1, "shards is a number from 1 to 8"),
    ("world credit 9\n", 1, 'no option "credit"'),
])
def test_a_line_that_makes_no_sense_is_named(tmp_path, text, line, what):
    path = tmp_path / "bad.txt"
    path.write_text(text)
    ran = run(path)
    assert ran.returncode == 2
    assert ran.stderr.startswith(f"{path}:{line}: "), ran.stderr
    assert what in ran.stderr
    assert path.read_text() == text


def test_the_command_line():
    assert run().returncode == 2
    assert "no such option: --fix" in run("--fix").stderr
    ran = run("no/such/file.txt")
    assert ran.returncode == 2
    assert "cannot be read" in ran.stderr
    ran = run("--help")
    assert ran.returncode == 0
    assert ran.stdout.startswith("srpt_scenario [--rewrite] FILE...")


def test_a_directory_is_no_transcript(tmp_path):
    ran = run(tmp_path)
    assert ran.returncode == 2
    assert "no command" in ran.stderr
