# Copyright 2026 The srpt Authors
# SPDX-License-Identifier: Apache-2.0
"""What the documentation tells people to run and to look at, read from its Markdown."""

import dataclasses
import re
import shlex

FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\(([^)#\s]+)(?:#[^)]*)?\)")
# `core/target.h`, `docs/decisions/`: a path from the root in backticks.
QUOTED = re.compile(r"`((?:[\w.-]+/)+[\w.*-]*|[\w-]+\.(?:md|bazelrc))`")
SHELLS = {"sh", "bash", "console"}


@dataclasses.dataclass(frozen=True)
class Command:
    """A command of a fenced block: its line in the file and its words."""

    line: int
    words: tuple


def commands(text):
    """The commands in the fences that are marked as shell. Comments and prompts are left out."""
    found = []
    first = 0
    for fence in FENCE.finditer(text):
        if fence.group(1) not in SHELLS:
            continue
        line = text.count("\n", 0, fence.start(2))
        joined = ""
        for physical in fence.group(2).splitlines():
            line += 1
            first = first if joined else line
            joined += physical
            if joined.endswith("\\"):
                joined = joined[:-1] + " "
                continue
            words = shlex.split(joined, comments=True)
            joined = ""
            while words[:1] in (["$"], ["sudo"]):
                words = words[1:]
            if words:
                found.append(Command(first, tuple(words)))
    return found


def configuration(text):
    """All of a document's examples of scst.conf as one."""
    return "".join(f.group(2) for f in FENCE.finditer(text) if f.group(1) == "conf")


def paths(text):
    """The files that links and quoted paths name: [(line, path)]. Links outside are left out."""
    found = []
    prose = FENCE.sub(lambda m: "\n" * m.group().count("\n"), text)
    for pattern in (LINK, QUOTED):
        for match in pattern.finditer(prose):
            path = match.group(1)
            if "://" not in path and not path.startswith(("http", "mailto:")):
                found.append((prose.count("\n", 0, match.start()) + 1, path, pattern is LINK))
    return found


def options(words):
    """The long options among the words, without their values."""
    return [w.split("=")[0] for w in words if w.startswith("--") and w != "--"]
