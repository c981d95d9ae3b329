# Copyright 2026 The srpt Authors
# SPDX-License-Identifier: Apache-2.0
"""The dependency rules of the house, read from the text of BUILD files and #includes.

Rooms: core depends on nothing but std. sim and target never see each other. pytests and conformance
drive core through sim or through verbs of their own, never through target (the suites of
conformance use the module of pytests, which is made of conformance/arms); only the guest takes the
finished //target:srpt, as data. A fuzzer takes its parser from the room where it is.

A file of core is production code if a cc_library that is not testonly lists it. Everything else in
core is test code, which may also use the test libraries.
"""

import ast
import dataclasses
import pathlib
import re

# Room -> the rooms that its code may depend on and include.
ROOMS = {
    "core": {"core"},
    "sim": {"core", "sim"},
    "target": {"core", "target"},
    "conformance": {"core", "sim", "conformance", "pytests"},
    "pytests": {"core", "sim", "conformance", "pytests"},
    "fuzz": {"core", "sim", "target", "fuzz"},  # But sim and target never in one fuzzer.
}

# Third-party library -> the beginnings of its headers' names.
LIBRARIES = {
    "benchmark": ("benchmark/",),
    "cli11": ("CLI/",),
    "fmt": ("fmt/",),
    "gtest": ("gtest/", "gmock/"),
    "ibverbs": ("infiniband/",),
    "json": ("nlohmann/",),
    "pybind11": ("pybind11/", "Python.h"),
    "rapidcheck": ("rapidcheck.h", "rapidcheck/"),
    "rdmacm": ("rdma/",),
    "spdlog": ("spdlog/",),
    "uring": ("liburing.h", "liburing/"),
}
TEST_LIBRARIES = {"benchmark", "gtest", "rapidcheck"}

# Room -> the libraries that its code may use. (Production code of core uses none.)
LIBRARIES_OF = {
    "core": TEST_LIBRARIES,
    "sim": TEST_LIBRARIES | {"cli11", "fmt", "json"},
    "target": TEST_LIBRARIES | {"cli11", "fmt", "ibverbs", "json", "rdmacm", "spdlog", "uring"},
    "conformance": TEST_LIBRARIES | {"ibverbs", "rdmacm"},
    "pytests": TEST_LIBRARIES | {"pybind11"},
    "fuzz": TEST_LIBRARIES | {"json"},
}

# What production code of core may include: std headers without I/O, clock, threads, randomness,
# locale or hash order.
CORE_STD = {
    "algorithm", "array", "bit", "bitset", "charconv", "climits", "compare", "concepts", "cstdarg",
    "cstddef", "cstdint", "cstdio", "cstring", "deque", "functional", "initializer_list",
    "iterator", "limits", "list", "map", "memory", "new", "numeric", "optional", "ranges", "set",
    "span", "string", "string_view", "tuple", "type_traits", "utility", "variant", "vector",
}

# The finished program, and who may run it: as data, never as a dependency.
PROGRAM = "//target:srpt"
PROGRAM_USERS = {"target", "conformance", "docs", "tools"}

INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^">]+)[">]', re.MULTILINE)
SOURCES = (".h", ".cc")
CC_RULES = ("cc_library", "cc_binary", "cc_test", "fuzz_target", "pybind_module")
DEPENDENCIES = ("deps", "implementation_deps")
FILES = ("srcs", "hdrs", "textual_hdrs")


@dataclasses.dataclass(frozen=True)
class Broken:
    """A rule that does not hold, and where."""

    where: str
    what: str

    def __str__(self):
        return f"{self.where}: {self.what}"


@dataclasses.dataclass
class Rule:
    """One rule of a BUILD file: what its text says literally."""

    kind: str
    line: int
    name: str = ""
    testonly: bool = False
    files: tuple = ()
    deps: tuple = ()
    other_labels: tuple = ()  # In data, args, tools, ...


def _strings(node):
    return [n.value for n in ast.walk(node)
            if isinstance(n, ast.Constant) and isinstance(n.value, str)]


def parse_build(text, where="BUILD"):
    """The rules of a BUILD file (its syntax is a part of Python's)."""
    rules = []
    for node in ast.walk(ast.parse(text, where)):
        if not isinstance(node, ast.Call):
            continue
        kind = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
        if not any(k.arg == "name" for k in node.keywords):
            continue
        rule = Rule(kind, node.lineno)
        for keyword in node.keywords:
            strings = _strings(keyword.value)
            if keyword.arg == "name":
                rule.name = strings[0] if strings else ""
            elif keyword.arg == "testonly":
                rule.testonly = getattr(keyword.value, "value", True) in (True, 1)
            elif keyword.arg in FILES:
                rule.files += tuple(strings)
            elif keyword.arg in DEPENDENCIES:
                rule.deps += tuple(strings)
            elif keyword.arg != "visibility":
                rule.other_labels += tuple(s for s in strings if "//" in s)
        rules.append(rule)
    return rules


def _room(path):
    return path.split("/", 1)[0]


def _label_room(label):
    """The room of //room/...:x, or None for :x, external and //tools labels."""
    if not label.startswith("//"):
        return None
    return re.split("[/:]", label[2:], maxsplit=1)[0]


def check_build(path, text):
    """The rules that the BUILD file `path` (from the root) breaks."""
    room = _room(path)
    broken = []
    try:
        rules = parse_build(text, path)
    except SyntaxError as error:
        return [Broken(f"{path}:{error.lineno}", "cannot be read")]
    for rule in rules:
        where = f"{path}:{rule.line}"
        if rule.kind in CC_RULES and room not in ROOMS and room != "tools":
            broken.append(Broken(where, f"C++ in {room}, which is no room of the house"))
            continue
        if room == "core" and rule.kind == "cc_library" and any("*" in f for f in rule.files):
            broken.append(Broken(where, f"{rule.name} has a glob; core's libraries list files"))
        if {"sim", "target"} <= {_label_room(dep) for dep in rule.deps}:
            broken.append(Broken(where, f"{rule.name} depends on sim and on target"))
        for dep in rule.deps:
            broken += _check_dep(room, rule, where, dep)
        for label in rule.other_labels:
            named = re.search(r"//target[/:][^)\s]*", label)
            if named and room not in ("target",) and (
                    named.group() != PROGRAM or room not in PROGRAM_USERS):
                broken.append(Broken(where, f"{rule.name} names {named.group()}; only the finished "
                                            f"{PROGRAM} may be run, from {sorted(PROGRAM_USERS)}"))
    return broken


def _check_dep(room, rule, where, dep):
    if dep.startswith("@"):
        if room in ROOMS:
            return [Broken(where, f"{rule.name} depends on {dep}; use //tools/deps")]
        return []
    target_room = _label_room(dep)
    if target_room is None or room not in ROOMS:
        return []
    if target_room == "tools":
        library = dep.rpartition(":")[2].replace("gtest_main", "gtest")
        if library not in LIBRARIES_OF[room]:
            return [Broken(where, f"{rule.name} depends on {dep}, not allowed in {room}")]
        production = rule.kind == "cc_library" and not rule.testonly
        if room == "core" and production:
            return [Broken(where, f"{rule.name} is production code of core; it depends on {dep}")]
        return []
    if target_room not in ROOMS[room]:
        return [Broken(where, f"{rule.name} depends on {dep}; {room} may see only "
                              f"{', '.join(sorted(ROOMS[room]))}")]
    return []


def production_files(build_files):
    """The files of core, from the root, that production libraries list. {path: text} -> set."""
    files = set()
    for path, text in build_files.items():
        if _room(path) != "core":
            continue
        package = path.rpartition("/")[0]
        for rule in parse_build(text, path):
            if rule.kind == "cc_library" and not rule.testonly:
                files.update(f"{package}/{f}" for f in rule.files)
    return files


def check_source(path, text, production):
    """The rules that the C++ file `path` breaks. `production`: production_files()."""
    room = _room(path)
    broken = []
    for match in INCLUDE.finditer(text):
        line = text.count("\n", 0, match.start(2)) + 1
        where, name = f"{path}:{line}", match.group(2)
        if match.group(1) == '"' and not name.startswith(sum(LIBRARIES.values(), ())):
            what = _check_project_include(room, path, name, production)
        else:
            what = _check_system_include(room, path, name, production)
        if what:
            broken.append(Broken(where, what))
    return broken


def _check_project_include(room, path, name, production):
    to = _room(name)
    if to not in ROOMS or "/" not in name:
        return f'"{name}" does not start at the root'
    if to not in ROOMS[room]:
        return f'"{name}": {room} may see only {", ".join(sorted(ROOMS[room]))}'
    if path in production and name not in production:
        return f'"{name}" is test code, included by production code of core'
    return None


def _check_system_include(room, path, name, production):
    if path in production:
        return None if name in CORE_STD else f"<{name}> in production code of core"
    for library, beginnings in LIBRARIES.items():
        if name.startswith(beginnings) and library not in LIBRARIES_OF[room]:
            return f"<{name}> ({library}) is not allowed in {room}"
    return None


def check_tree(root):
    """Every rule that the project at `root` breaks, and how many files were looked at."""
    root = pathlib.Path(root)
    sources, builds = {}, {}
    for room in sorted({*ROOMS, "docs", "tools"}):
        for path in sorted((root / room).rglob("*")):
            if path.name in ("BUILD", "BUILD.bazel"):
                builds[str(path.relative_to(root))] = path.read_text(encoding="utf-8")
            elif room in ROOMS and path.suffix in SOURCES:
                sources[str(path.relative_to(root))] = path.read_text(encoding="utf-8")
    broken = []
    for path, text in builds.items():
        if not path.startswith("tools/bazel/"):
            broken += check_build(path, text)
    production = production_files(builds)
    for path, text in sources.items():
        broken += check_source(path, text, production)
    return broken, len(builds) + len(sources)
