# Copyright 2026 The srpt Authors
# SPDX-License-Identifier: Apache-2.0
"""What core's libraries ask of the outside, by their undefined symbols.

Core is pure: no I/O, clock, threads, randomness, environment or locale. What it may ask for is
written here; everything else is refused, known or not.
"""

import os
import re
import subprocess

# Names as c++filt prints them, each a pattern for the whole name.
ALLOWED = [
    # Memory and text, without a look at the world. The *printf here write into a buffer, with
    # formats whose output does not depend on the locale (integers and strings).
    r"mem(cpy|move|set|cmp|chr)|str(len|nlen|cmp|ncmp|chr)|(v?snprintf)",
    r"__(memcpy|memmove|memset|snprintf|vsnprintf)_chk",
    r"operator (new|delete)(\[\])?\(.*\)",
    # A failed check ends the program.
    r"abort|__stack_chk_fail|__assert_fail|std::terminate\(\)|std::__glibcxx_assert_fail\(.*\)",
    # The C++ ABI: exceptions (of std, which would be our bug), statics, run-time type information.
    r"_Unwind_Resume|__gxx_personality_v0|__cxa_(allocate_exception|free_exception|throw|rethrow)",
    r"__cxa_(begin|end)_catch|__cxa_call_(unexpected|terminate)|__clang_call_terminate",
    r"__cxa_(throw_bad_array_new_length|pure_virtual|deleted_virtual)",
    r"__cxa_guard_(acquire|release|abort)|__cxa_atexit|__dso_handle|_GLOBAL_OFFSET_TABLE_",
    r"(vtable|typeinfo|typeinfo name) for (__cxxabiv1::.*|std::.*)",
    r"std::(bad_[a-z_]+|exception|logic_error|length_error|out_of_range)::.*",
    r"std::__throw_.*",
    # Whether shared_ptr needs atomic counts: a variable of the C library, read only.
    r"__libc_single_threaded",
    # The code of std's containers and strings that lives in the C++ library.
    r"std::_Rb_tree_(increment|decrement|insert_and_rebalance|rebalance_for_erase)\(.*\)",
    r"std::__detail::_List_node_base::.*",
    r"(.* )?std::(__cxx11::)?basic_string(_view)?<char.*",
    r"(.* )?std::operator\+<char.*|(.* )?std::allocator<char>::.*",
    # What a sanitizer or a coverage build adds.
    r"__(asan|ubsan|tsan|sanitizer|sancov|lsan)_.*|__gcov_.*|__llvm_(profile|gcov)_.*|__start_.*",
    r"__stop_.*",
]
_ALLOWED = re.compile("|".join(f"(?:{p})" for p in ALLOWED))

# Names that a pattern above would let through, and that must not be.
_REFUSED = re.compile(r".*(ostream|istream|locale|chrono|random|filesystem|thread\b|mutex).*")


def read(nm_output, defined, undefined):
    """Adds the symbols of one `nm` run to the two sets, as the linker spells them."""
    for line in nm_output.splitlines():
        words = line.split()
        if len(words) < 2 or words[-1].endswith(":"):
            continue
        kind, name = words[-2], words[-1]
        if kind in "Uwv" and len(words) == 2:
            undefined.add(name)
        elif len(words) == 3:
            defined.add(name)


def run(words, **kwargs):
    """What a tool of the system prints, without the library that a sanitizer preloads."""
    env = {name: value for name, value in os.environ.items() if name != "LD_PRELOAD"}
    return subprocess.run(words, check=True, text=True, env=env, stdout=subprocess.PIPE,
                          **kwargs).stdout


def outside(archives):
    """What the archives together need and do not define, demangled and sorted."""
    defined, undefined = set(), set()
    for archive in archives:
        read(run(["nm", archive], stderr=subprocess.PIPE), defined, undefined)
    return demangle(sorted(undefined - defined))


def demangle(names):
    """The names as C++ source has them, sorted."""
    if not names:
        return []
    return sorted(run(["c++filt"], input="\n".join(names)).splitlines())


def refused(names):
    """Those that core may not ask for."""
    return [n for n in names if not _ALLOWED.fullmatch(n) or _REFUSED.fullmatch(n)]
