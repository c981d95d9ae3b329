# Copyright 2026 The srpt Authors
# SPDX-License-Identifier: Apache-2.0
"""The list of requirements (the .toml files beside this one), and where the tree cites them.

A requirement is a table named by its id: `what` (one sentence), `source` (else the file's), and
optionally `exception`, which says for an arm why it does not hold there ("all": nowhere yet).

A citation is the id in square brackets in a comment or docstring. In production code of core and
target it stands at the line that enforces the rule; in a test it stands in the test (or right above
it) that would fail; in the simulator and in core's initiator at the line that looks.
"""

import ast
import dataclasses
import pathlib
import re
import tomllib

CITATION = re.compile(r"\[(R-[A-Z]+-\d+(?:,\s*R-[A-Z]+-\d+)*)\]")
ID = re.compile(r"R-[A-Z]+-\d\d+$")
ARMS = ("sim", "rxe", "siw")
ROOMS = ("core", "target", "sim", "fuzz", "pytests", "conformance")
SUFFIXES = {".h", ".cc", ".py", ".sh"}
# Files of core and target that are there for tests only, beside *_test.cc.
TEST_CODE = re.compile(
    r"_test\.(cc|py)$|_fixture\.h$|director_scenario\.|bench_world\.|core_bench\.|fake_|_prop\.")
CPP_TEST = re.compile(r"^(?:TEST|TEST_F|TEST_P|RC_GTEST_PROP|RC_GTEST_FIXTURE_PROP)\((.*)$")


@dataclasses.dataclass(frozen=True)
class Requirement:
    """One line of the list."""

    ident: str
    what: str
    source: str
    exception: dict  # arm (or "all") -> why


@dataclasses.dataclass(frozen=True)
class Citation:
    """One id at one place. kind: enforced, checked (by the simulator), unit, suite, guest."""

    ident: str
    kind: str
    path: str
    line: int
    test: str = ""  # Its name, if it is one.
    arms: tuple = ()


def load(directory=pathlib.Path(__file__).resolve().parent):
    """(id -> Requirement, what is wrong with the list)."""
    found, wrong = {}, []
    for path in sorted(directory.glob("*.toml")):
        data = tomllib.loads(path.read_text(encoding="utf-8"))
        for ident, entry in data.items():
            if not isinstance(entry, dict):
                continue
            if not ID.match(ident):
                wrong.append(f"{path.name}: {ident} is no id")
            if ident in found:
                wrong.append(f"{path.name}: {ident} is there twice")
            exception = entry.get("exception", {})
            unknown = set(entry) - {"what", "source", "exception"}
            unknown |= set(exception) - {"all", *ARMS}
            source = entry.get("source", data.get("source", ""))
            if unknown or not entry.get("what", "").endswith(".") or not source:
                wrong.append(f"{path.name}: {ident} is malformed {sorted(unknown)}")
            found[ident] = Requirement(ident, entry.get("what", ""), source, exception)
    return found, wrong


def _cited(text):
    for match in CITATION.finditer(text):
        yield from re.findall(r"R-[A-Z]+-\d+", match.group(1))


def _cpp(path, lines):
    """Citations of one C++ file: those in comments right above a test belong to it."""
    test_file = bool(TEST_CODE.search(path))
    room = path.split("/", 1)[0]
    if room == "fuzz" or test_file or room == "pytests":
        kind, arms = "unit", ()
    elif room in ("sim", "conformance") or path.startswith("core/initiator/"):
        kind, arms = "checked", ("sim",)
    else:
        kind, arms = "enforced", ()
    if room in ("sim", "conformance") and test_file:
        kind, arms = "unit", ("sim",)
    current = ""
    for number, line in enumerate(lines):
        match = CPP_TEST.match(line)
        if match:
            whole = match.group(1) + (lines[number + 1] if number + 1 < len(lines) else "")
            current = ".".join(p.strip() for p in whole.split(")")[0].split(",")[:2])
        for ident in _cited(line):
            test = current
            if line.startswith("//"):  # Above what it belongs to, perhaps the next test.
                after = next((x for x in lines[number:] if not x.startswith("//")), "")
                match = CPP_TEST.match(after)
                if match:
                    test = ".".join(p.strip() for p in match.group(1).split(")")[0].split(",")[:2])
            yield Citation(ident, kind, path, number + 1, test if kind == "unit" else "", arms)


def _needs_faults(functions, name, seen):
    """Whether a test, or a fixture or helper of its file that it uses, injects faults."""
    if name in seen or name not in functions:
        return False
    seen.add(name)
    node = functions[name]
    for part in ast.walk(node):
        if isinstance(part, ast.Attribute) and part.attr in ("require", "inject", "require_sim"):
            return True
    used = {part.id for part in ast.walk(node) if isinstance(part, ast.Name)}
    used |= {arg.arg for arg in node.args.args}
    return any(_needs_faults(functions, other, seen) for other in used)


def _autouse(node):
    return any("autouse" in ast.dump(decorator) for decorator in node.decorator_list)


def _fixture_names(functions):
    """Fixtures are used by the name they are given, too."""
    out = dict(functions)
    for node in functions.values():
        for decorator in node.decorator_list:
            for keyword in getattr(decorator, "keywords", []):
                if keyword.arg == "name" and isinstance(keyword.value, ast.Constant):
                    out[keyword.value.value] = node
    return out


def _python(path, text):
    """Citations of one Python file, each with its test and the arms where that can run."""
    suite = path.startswith("conformance/suites/")
    lines = text.splitlines()
    tree = ast.parse(text)
    functions = {n.name: n for n in tree.body if isinstance(n, ast.FunctionDef)}
    named = _fixture_names(functions)
    every = any(_autouse(n) and _needs_faults(named, n.name, set()) for n in functions.values())
    for number, line in enumerate(lines, 1):
        for ident in _cited(line):
            test, arms = "", ()
            for node in functions.values():
                first = min([node.lineno] + [d.lineno for d in node.decorator_list])
                while first > 1 and lines[first - 2].startswith("#"):
                    first -= 1
                if first <= number <= node.end_lineno:
                    test = node.name
            if suite:
                sim_only = every or _needs_faults(named, test, set())
                arms = ("sim",) if sim_only else ARMS
            yield Citation(ident, "suite" if suite else "unit", path, number, test, arms)


def citations(root):
    """Every citation in the tree."""
    out = []
    for room in ROOMS:
        for path in sorted((root / room).rglob("*")):
            name = path.relative_to(root).as_posix()
            if path.suffix not in SUFFIXES or name.startswith("conformance/requirements/"):
                continue
            text = path.read_text(encoding="utf-8")
            if "[R-" not in text:
                continue
            if path.suffix == ".py":
                out.extend(_python(name, text))
            elif path.suffix == ".sh":
                for number, line in enumerate(text.splitlines(), 1):
                    for ident in _cited(line):
                        out.append(Citation(ident, "guest", name, number, path.stem,
                                            ("rxe", "siw")))
            else:
                out.extend(_cpp(name, text.splitlines()))
    return out


def problems(wanted, cited):
    """What the house does not allow: unknown ids, and requirements that nobody keeps or tests."""
    out = [f"{c.path}:{c.line}: {c.ident} is not in the list" for c in cited
           if c.ident not in wanted]
    kinds = {}
    for citation in cited:
        kinds.setdefault(citation.ident, set()).add(citation.kind)
    for ident, requirement in wanted.items():
        if "all" in requirement.exception:
            continue
        if "enforced" not in kinds.get(ident, set()):
            out.append(f"{ident}: no line of core or target enforces it, and no exception says why")
        if not kinds.get(ident, set()) & {"unit", "suite", "checked", "guest"}:
            out.append(f"{ident}: nothing tests it, and no exception says why")
    return out
