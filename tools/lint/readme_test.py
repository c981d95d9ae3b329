# Copyright 2026 The srpt Authors
# SPDX-License-Identifier: Apache-2.0
"""What README, CONTRIBUTING and docs tell people to run exists, with the options that they name."""

import functools
import itertools
import os
import pathlib
import re
import subprocess

import pytest

import commands
import rooms

HERE = pathlib.Path(__file__)
ROOT = HERE.resolve().parents[2]
SRPT = HERE.parents[2] / "target" / "srpt"
# Without the library that a sanitizer's build loads into Python.
ENVIRONMENT = {name: value for name, value in os.environ.items() if name != "LD_PRELOAD"}
# The rooms of the house: what a path in the text may begin with.
TOP = {p.name for p in ROOT.iterdir()}


def documents():
    return ["README.md", "CONTRIBUTING.md",
            *sorted(str(p.relative_to(ROOT)) for p in (ROOT / "docs").rglob("*.md"))]


@functools.lru_cache(None)
def help_of(*words):
    """What `words --help` prints."""
    ran = subprocess.run([*words, "--help"], cwd=ROOT, text=True, stdin=subprocess.DEVNULL,
                         stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=60, check=False,
                         env=ENVIRONMENT)
    assert ran.returncode == 0, f"{words} --help: {ran.stdout}"
    return ran.stdout


def help_of_dev(command):
    """The comment at the head of the command's file, which `./dev COMMAND --help` prints."""
    lines = (ROOT / "tools/dev" / command).read_text(encoding="utf-8").split("\n")
    return "\n".join(itertools.takewhile(lambda line: line.startswith("#"), lines))


def has_label(label):
    """Whether bazel knows it, as far as the text of BUILD files says."""
    package, _, name = label.removeprefix("//").partition(":")
    if "..." in label or name == "all":
        return (ROOT / package.replace("...", "")).is_dir()
    build = ROOT / package / "BUILD"
    name = name or package.rpartition("/")[2]
    return build.is_file() and any(r.name == name for r in rooms.parse_build(build.read_text()))


def unknown_options(text, words):
    return [o for o in commands.options(words) if o not in text]


def wrong_with_srpt(words):
    if words[:1] == ["ctl"]:
        text = help_of(str(SRPT), "ctl")
        verbs = [w for w in words[1:] if not w.startswith("-")]
        verb = verbs[0] if verbs else ""
        if f"  {verb}" not in text and f"| {verb}" not in text:
            return f"srpt ctl has no verb {verb}"
    else:
        text = help_of(str(SRPT))
    unknown = unknown_options(text, words)
    return f"srpt has no {unknown}" if unknown else None


def wrong_with_dev(words):
    command = words[0] if words else "help"
    if not os.access(ROOT / "tools/dev" / command, os.X_OK):
        return f"there is no ./dev {command}"
    unknown = unknown_options(help_of_dev(command), words)
    return f"./dev {command} has no {unknown}" if unknown else None


def wrong_with_bazel(words):
    ours = words[:words.index("--")] if "--" in words else words
    labels = [w for w in ours if w.startswith("//")]
    for label in labels:
        if not has_label(label):
            return f"bazel knows no {label}"
    for option in commands.options(ours):
        config = next((w.split("=")[1] for w in ours if w.startswith("--config=")), None)
        if option == "--config" and f":{config} " not in (ROOT / ".bazelrc").read_text():
            return f".bazelrc has no configuration {config}"
    if "--" in words and labels == ["//target:srpt"]:
        return wrong_with_srpt(words[words.index("--") + 1:])
    return None


def wrong_with(words):
    """Why the command cannot work, or None. Commands of the system are not ours to check."""
    program, rest = words[0], list(words[1:])
    if program == "./dev":
        return wrong_with_dev(rest)
    if program == "bazel":
        return wrong_with_bazel(rest)
    if program == "srpt" or program.endswith("/srpt"):
        return wrong_with_srpt(rest)
    if program.startswith("./") and not (ROOT / program).exists():
        return f"there is no {program}"
    return None


def missing_paths(text, folder):
    """Paths that are named and not there; what the commands make (out/) comes and goes."""
    missing = []
    for line, path, is_link in commands.paths(text):
        if is_link:
            if not (folder / path).exists():
                missing.append((line, path))
        elif path.split("/")[0] in TOP - {"out"} and not list(ROOT.glob(path.rstrip("/"))):
            missing.append((line, path))
    return missing


@pytest.mark.parametrize("document", documents())
def test_every_command_works(document):
    text = (ROOT / document).read_text(encoding="utf-8")
    wrong = [f"{document}:{c.line}: {why}" for c in commands.commands(text)
             if (why := wrong_with(c.words))]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("document", documents())
def test_every_file_exists(document):
    path = ROOT / document
    missing = missing_paths(path.read_text(encoding="utf-8"), path.parent)
    assert not missing, "\n".join(f"{document}:{line}: no {name}" for line, name in missing)


def start(tmp_path, configuration):
    """Starts srpt where it finds no RDMA device: it reads the configuration and goes no further."""
    conf = tmp_path / "scst.conf"
    conf.write_text(configuration)
    if list(pathlib.Path("/sys/class/infiniband").glob("*")):
        pytest.skip("this machine has an RDMA device: srpt would open the example's files")
    return subprocess.run([SRPT, "--config", conf], text=True, stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=60, check=False,
                          env=ENVIRONMENT)


@pytest.mark.parametrize("document", ["README.md", "docs/user-guide.md"])
def test_the_example_configuration_is_good(tmp_path, document):
    configuration = commands.configuration((ROOT / document).read_text(encoding="utf-8"))
    assert "TARGET_DRIVER ib_srpt" in configuration
    store = tmp_path / "disk.img"  # In place of the reader's disk.
    store.write_bytes(bytes(1 << 20))
    configuration, disks = re.subn(r"(?m)^(\s*filename) .*$", rf"\1 {store}", configuration)
    assert disks > 0
    ran = start(tmp_path, configuration)
    assert ran.returncode == 1 and "device" in ran.stdout, ran.stdout


def test_a_bad_configuration_is_found(tmp_path):
    ran = start(tmp_path, "HANDLER vdisk_fileio {\n  DEVICE disk0 {\n    filename disk0\n  }\n}\n")
    assert ran.returncode == 2 and "scst.conf:3: " in ran.stdout, ran.stdout


def test_the_readme_has_the_two_commands_and_the_binary():
    ran = [c.words for c in commands.commands((ROOT / "README.md").read_text(encoding="utf-8"))]
    assert ("./dev", "demo") in ran
    assert ("./dev", "test") in ran
    assert any(w[:2] == ("bazel", "run") and "//target:srpt" in w for w in ran)


@pytest.mark.parametrize("line, why", [
    ("./dev dance", "no ./dev dance"),
    ("./dev sim --sheep 3", "--sheep"),
    ("bazel run //target:sprt -- --config x", "//target:sprt"),
    ("bazel test --config=warp //core/...", "warp"),
    ("bazel run -c opt //target:srpt -- --config x --turbo", "--turbo"),
    ("srpt ctl explode", "no verb explode"),
    ("./scripts/x", "no ./scripts/x"),
])
def test_a_wrong_command_is_found(line, why):
    [command] = commands.commands(f"Text.\n```sh\n{line}\n```\n")
    assert command.line == 3
    assert why in (wrong_with(command.words) or "")


def test_a_missing_file_is_found():
    text = "See `core/target.h`, `core/nothing.h`, [here](gone.md) and [there](https://x.org/y)."
    assert missing_paths(text, ROOT) == [(1, "gone.md"), (1, "core/nothing.h")]


def test_comments_prompts_and_continued_lines():
    text = ("```sh\n# no\n$ ./dev test   # yes\nsudo srpt --config \\\n  x\n```\n"
            "```\n./not this\n```\n")
    assert [(c.line, c.words) for c in commands.commands(text)] == [
        (3, ("./dev", "test")), (4, ("srpt", "--config", "x"))]
