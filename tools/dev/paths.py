#!/usr/bin/python3
# Copyright 2026 The srpt Authors
# SPDX-License-Identifier: Apache-2.0
"""paths.py FILE...: makes lines of core's source of what `srpt_sim --paths FILE` wrote, and lists
those that none of the runs reached, by function; then how many of all were. The runs of several
machines add up, if all ran the same executable. Run from the root of the source: lines of core's
own checks, which nothing may reach, are left out."""

import collections
import functools
import re
import subprocess
import sys

MAGIC = "srpt-paths 1 "
OWN_CHECK = re.compile(r"SRPT_(CHECK|UNREACHABLE)\(|SRPT_CHECK_")
SOURCE = re.compile(r"(?:^|/)(core/[^:]+):(\d+):\d+$")


def die(message):
    sys.exit(f"paths.py: {message}")


def read(names):
    """The executable, and {address: whether a run reached it}."""
    executable, reached = None, {}
    for name in names:
        try:
            with open(name, encoding="utf-8") as file:
                head, *lines = file.read().split("\n")
        except (OSError, UnicodeDecodeError) as error:
            die(f"cannot read {name}: {error}")
        if not head.startswith(MAGIC):
            die(f"{name}: line 1: \"{MAGIC}EXECUTABLE\" was expected; srpt_sim --paths writes it")
        executable = executable or head[len(MAGIC):]
        for number, line in enumerate(lines, 2):
            words = line.split()
            if not words:
                continue
            if len(words) != 2 or words[0] not in ("reached", "missed"):
                die(f"{name}: line {number}: \"reached ADDRESS\" or \"missed ADDRESS\" was expected")
            reached[words[1]] = reached.get(words[1], False) or words[0] == "reached"
    return executable, reached


def symbolize(executable, addresses):
    """For each address its frames, the innermost first: (function, place)."""
    ran = subprocess.run(
        ["llvm-symbolizer", f"--obj={executable}", "--functions=short"], text=True, check=False,
        input="".join(f"0x{a}\n" for a in addresses), capture_output=True)
    if ran.returncode != 0:
        die(f"llvm-symbolizer failed: {ran.stderr.strip()}")
    blocks = ran.stdout.rstrip("\n").split("\n\n")
    if len(blocks) != len(addresses):
        die(f"llvm-symbolizer answered {len(blocks)} of {len(addresses)} addresses")
    for block in blocks:
        lines = block.split("\n")
        yield list(zip(lines[::2], lines[1::2]))


def place_of(frames):
    """Where in core a block is: (file, function, line). None: nowhere."""
    for function, where in frames:
        found = SOURCE.search(where)
        if found and int(found[2]) != 0:
            return found[1], re.sub(r"^(?!operator\b)(\w+)<.*", r"\1", function), int(found[2])
    return None


@functools.lru_cache(maxsize=None)
def source(file):
    try:
        with open(file, encoding="utf-8") as text:
            return text.read().split("\n")
    except OSError:
        return []


def is_own_check(file, line):
    """Whether only a bug of core's own gets to the end of this line."""
    text = source(file)
    return file.startswith("core/base/check.") or (
        line <= len(text) and OWN_CHECK.search(text[line - 1]) is not None)


def merge(places):
    """{(file, function): {line: reached}} of pairs of a place and whether it was reached."""
    functions = collections.defaultdict(dict)
    for place, was_reached in places:
        if place is not None and not is_own_check(place[0], place[2]):
            file, function, line = place
            lines = functions[file, function]
            lines[line] = lines.get(line, False) or was_reached
    return functions


def ranges(numbers, known):
    """ "3, 5-9": a range has no line between that is known to be otherwise."""
    text, numbers, known = [], sorted(numbers), sorted(known)
    while numbers:
        end = 0
        at = known.index(numbers[0])
        while end + 1 < len(numbers) and known[at + end + 1] == numbers[end + 1]:
            end += 1
        text.append(str(numbers[0]) if end == 0 else f"{numbers[0]}-{numbers[end]}")
        numbers = numbers[end + 1:]
    return ", ".join(text)


def report(functions):
    file_before = None
    for (file, function), lines in sorted(functions.items(),
                                          key=lambda item: (item[0][0], min(item[1]))):
        missed = [line for line, was_reached in lines.items() if not was_reached]
        if not missed:
            continue
        if file != file_before:
            yield file
            file_before = file
        never = len(missed) == len(lines)
        yield f"  {function}: " + (f"never (line {min(lines)})" if never
                                   else "line " + ranges(missed, lines))
    rooms = collections.defaultdict(lambda: [0, 0, 0, 0])
    for (file, _), lines in functions.items():
        for room in (file.rsplit("/", 1)[0], "all"):
            counts = rooms[room]
            counts[0] += any(lines.values())
            counts[1] += 1
            counts[2] += sum(lines.values())
            counts[3] += len(lines)
    yield f"{'reached':16} {'functions':>18} {'lines':>18}"
    for room, (f, all_f, n, all_n) in sorted(rooms.items(), key=lambda item: item[0] == "all"):
        yield f"{room:16} {f:6} of {all_f:6}    {n:6} of {all_n:6}    {100 * n / all_n:5.1f} %"


def main(names):
    if not names or names[0].startswith("-"):
        die(f"FILE... was expected\n{__doc__}")
    executable, reached = read(names)
    addresses = sorted(reached)
    frames = symbolize(executable, addresses) if addresses else []
    functions = merge((place_of(f), reached[a]) for a, f in zip(addresses, frames))
    if not functions:
        die("none of these addresses is in core; the build is --config=paths")
    print("\n".join(report(functions)))


if __name__ == "__main__":
    main(sys.argv[1:])
