# Copyright 2026 The srpt Authors
# SPDX-License-Identifier: Apache-2.0
"""Core's libraries ask the outside for nothing but memory and the C++ ABI."""

import pathlib
import re
import shutil
import tarfile

import pytest

import rooms
import symbols

HERE = pathlib.Path(__file__)
ROOT = HERE.resolve().parents[2]


@pytest.fixture(scope="module")
def archives(tmp_path_factory):
    """{core/base/libbase: its file}: with or without position-independent code, as it was built."""
    folder = tmp_path_factory.mktemp("archives")
    with tarfile.open(HERE.parent / "core_archives.tar") as tar:
        tar.extractall(folder)
    return {re.sub(r"^.*/bin/|(\.pic)?\.(lo|a)$", "", str(p)): p for p in folder.rglob("*.a")}


def test_core_asks_for_nothing_but_memory_and_the_abi(archives):
    names = symbols.outside(archives.values())
    assert "memcpy" in names, "nm found nothing: are the libraries there?"
    assert not symbols.refused(names)


def test_no_library_of_core_is_forgotten(archives):
    wanted = set()
    for path in (ROOT / "core").rglob("BUILD"):
        for rule in rooms.parse_build(path.read_text()):
            if (rule.kind == "cc_library" and not rule.testonly
                    and any(f.endswith(".cc") for f in rule.files)):
                wanted.add(f"{path.parent.relative_to(ROOT)}/lib{rule.name}")
    assert len(wanted) >= 9
    assert not wanted - set(archives), "add them to CORE_LIBRARIES in tools/lint/BUILD"


# Impure functions, and what their symbols are called.
BAD_C = """
#include <fcntl.h>
#include <locale.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>
void* f(void* (*g)(void*), timespec* t, pthread_t* p, char* b) {
  clock_gettime(CLOCK_REALTIME, t);
  pthread_create(p, nullptr, g, nullptr);
  printf("%ld %d %p", time(nullptr), rand(), getenv("X"));
  write(open("/x", 0), b, read(0, b, 1));
  setlocale(LC_ALL, "");
  return malloc(1);
}
"""
BAD_STD = """
#include <chrono>
#include <iostream>
#include <random>
#include <string>
#include <unordered_map>
unsigned f(std::unordered_map<std::string, int>& m) {
  std::cout << std::chrono::steady_clock::now().time_since_epoch().count();
  return std::random_device{}() + m["x"];
}
"""
BAD = {
    BAD_C: {"clock_gettime", "pthread_create", "printf", "time", "rand", "getenv", "write", "open",
            "read", "setlocale", "malloc"},
    BAD_STD: {"std::chrono::_V2::steady_clock::now()", "std::cout",
              "std::random_device::_M_getval()",
              "std::_Hash_bytes(void const*, unsigned long, unsigned long)"},
}


@pytest.mark.parametrize("source", BAD, ids=["c", "std"])
def test_every_impure_function_is_found(tmp_path, source):
    compiler = shutil.which("g++") or shutil.which("clang++")
    assert compiler, "a C++ compiler is needed"
    (tmp_path / "bad.cc").write_text(source)
    symbols.run([compiler, "-std=c++20", "-w", "-c", "bad.cc"], cwd=tmp_path)
    found = set(symbols.refused(symbols.outside([tmp_path / "bad.o"])))
    assert BAD[source] <= found, BAD[source] - found


def test_what_std_needs_passes():
    assert not symbols.refused([
        "memcpy", "operator new(unsigned long)", "operator delete(void*, unsigned long)",
        "std::__throw_length_error(char const*)", "typeinfo for std::exception",
        "std::__cxx11::basic_string<char, std::char_traits<char>, std::allocator<char> >::~"
        "basic_string()",
    ])


def test_defined_somewhere_is_not_outside():
    defined, undefined = set(), set()
    symbols.read("a.o:\n0000000000000000 T f\n                 U g\n                 w h\n",
                 defined, undefined)
    symbols.read("b.o:\n0000000000000010 W g\n", defined, undefined)
    assert (defined, undefined - defined) == ({"f", "g"}, {"h"})
