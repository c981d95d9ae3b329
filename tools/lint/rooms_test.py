# Copyright 2026 The srpt Authors
# SPDX-License-Identifier: Apache-2.0
"""The dependency rules hold in this tree, and the checker notices each kind of breach."""

import pathlib

import pytest

import rooms

ROOT = pathlib.Path(__file__).resolve().parents[2]
PRODUCTION = {"core/base/types.h", "core/srp/shard.h", "core/srp/shard.cc"}


def test_the_tree_keeps_the_rules():
    broken, files = rooms.check_tree(ROOT)
    assert files > 100, f"{ROOT} is not the project's root"
    assert not broken, "\n".join(map(str, broken))


def whats(broken):
    return [b.what for b in broken]


@pytest.mark.parametrize("path, include, what", [
    ("core/srp/shard.cc", '"sim/world.h"', "core may see only core"),
    ("core/srp/shard.cc", '"target/reactor.h"', "core may see only core"),
    ("core/srp/shard.cc", "<chrono>", "<chrono> in production code of core"),
    ("core/srp/shard.cc", "<unordered_map>", "<unordered_map> in production code of core"),
    ("core/srp/shard.cc", "<sys/socket.h>", "<sys/socket.h> in production code of core"),
    ("core/srp/shard.cc", "<gtest/gtest.h>", "<gtest/gtest.h> in production code of core"),
    ("core/srp/shard.cc", '"gtest/gtest.h"', "in production code of core"),
    ("core/srp/shard.cc", '"core/srp/shard_fixture.h"', "is test code"),
    ("core/srp/shard.cc", '"shard.h"', "does not start at the root"),
    ("core/srp/shard_test.cc", "<infiniband/verbs.h>", "(ibverbs) is not allowed in core"),
    ("sim/world.cc", '"target/reactor.h"', "sim may see only core, sim"),
    ("sim/world.cc", "<liburing.h>", "(uring) is not allowed in sim"),
    ("target/main.cc", '"sim/world.h"', "target may see only core, target"),
    ("pytests/bind.h", '"target/verbs/listener.h"', "pytests may see only"),
    ("conformance/arms/verbs_arm.cc", '"target/verbs/listener.h"', "conformance may see only"),
    ("fuzz/x_fuzz.cc", '"pytests/bind.h"', "fuzz may see only core, fuzz, sim, target"),
    ("fuzz/x_fuzz.cc", "<rdma/rdma_cma.h>", "(rdmacm) is not allowed in fuzz"),
])
def test_a_forbidden_include_is_found(path, include, what):
    text = f"// A comment.\n#include {include}\n"
    broken = rooms.check_source(path, text, PRODUCTION)
    assert len(broken) == 1 and what in broken[0].what, broken
    assert broken[0].where == f"{path}:2"


@pytest.mark.parametrize("path, include", [
    ("core/srp/shard.cc", '"core/srp/shard.h"'),
    ("core/srp/shard.cc", "<vector>"),
    ("core/srp/shard_test.cc", "<gtest/gtest.h>"),
    ("core/srp/shard_test.cc", "<random>"),
    ("sim/world.cc", '"core/srp/shard.h"'),
    ("target/main.cc", "<CLI/CLI.hpp>"),
    ("pytests/bind.h", '"conformance/arms/arm.h"'),
])
def test_an_allowed_include_passes(path, include):
    assert not rooms.check_source(path, f"#include {include}\n", PRODUCTION)


def build(kind, **attributes):
    lines = "".join(f"    {k} = {v!r},\n" for k, v in attributes.items())
    return f"{kind}(\n    name = 'x',\n{lines})\n"


@pytest.mark.parametrize("path, text, what", [
    ("core/BUILD", build("cc_library", deps=["//sim:world"]), "x depends on //sim:world"),
    ("core/BUILD", build("cc_library", deps=["//tools/deps:gtest"]), "production code of core"),
    ("core/BUILD", build("cc_test", deps=["//tools/deps:rdmacm"]), "not allowed in core"),
    ("core/BUILD", build("cc_library", deps=["@debian//:fmt"]), "use //tools/deps"),
    ("core/BUILD", "cc_library(name = 'x', srcs = glob(['*.cc']))", "x has a glob"),
    ("sim/BUILD", build("cc_library", deps=["//target/storage"]), "x depends on //target/storage"),
    ("target/BUILD", build("cc_test", deps=["//sim:disk"]), "x depends on //sim:disk"),
    ("pytests/BUILD", build("pybind_module", deps=["//target/verbs"]), "x depends on"),
    ("pytests/BUILD", build("py_library", data=["//target:srpt"]), "x names //target:srpt"),
    ("conformance/BUILD", build("sh_test", data=["//target/admin:ctl"]), "names //target/admin"),
    ("conformance/BUILD", build("cc_test", deps=["//target:srpt"]), "x depends on"),
    ("fuzz/BUILD", build("fuzz_target", deps=["//sim:world", "//target/config"]), "on sim and on"),
    ("docs/BUILD", build("cc_library", srcs=["a.cc"]), "no room of the house"),
    ("core/BUILD", "cc_library(name = 'x'", "cannot be read"),
    ("sim/BUILD", "[" + build("cc_test", deps=["//target:log"]) + " for n in ['a']]", "depends on"),
])
def test_a_forbidden_dependency_is_found(path, text, what):
    broken = rooms.check_build(path, text)
    assert len(broken) == 1 and what in broken[0].what, broken


@pytest.mark.parametrize("path, text", [
    ("core/BUILD", build("cc_library", deps=["//core/base", ":y"])),
    ("core/BUILD", build("cc_test", deps=["//tools/deps:gtest_main"])),
    ("core/BUILD", build("cc_library", testonly=True, deps=["//tools/deps:gtest"])),
    ("conformance/guest/BUILD", build("sh_test", data=["//target:srpt"])),
    ("conformance/guest/BUILD", build("sh_test", args=["$(rootpath //target:srpt)"])),
    ("tools/deps/BUILD", build("cc_library", deps=["@debian//:fmt"])),
    ("sim/BUILD", build("cc_library", visibility=["//fuzz:__subpackages__"])),
])
def test_an_allowed_dependency_passes(path, text):
    assert not rooms.check_build(path, text)


def test_production_code_is_what_production_libraries_list():
    text = build("cc_library", srcs=["a.cc"], hdrs=["a.h"]) + build(
        "cc_library", testonly=True, hdrs=["fixture.h"]) + build("cc_test", srcs=["a_test.cc"])
    assert rooms.production_files({"core/srp/BUILD": text}) == {"core/srp/a.cc", "core/srp/a.h"}


def test_a_whole_tree_is_looked_at(tmp_path):
    (tmp_path / "core").mkdir()
    (tmp_path / "core/BUILD").write_text(build("cc_library", srcs=["a.cc"]))
    (tmp_path / "core/a.cc").write_text("#include <thread>\n")
    broken, files = rooms.check_tree(tmp_path)
    assert whats(broken) == ["<thread> in production code of core"] and files == 2
