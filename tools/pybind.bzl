"""A pybind11 module: <name>.so, importable by Debian's python3."""

def pybind_module(name, srcs, deps = [], **kwargs):
    native.cc_binary(
        name = name + ".so",
        srcs = srcs,
        copts = ["-fvisibility=hidden"],
        linkshared = True,
        linkstatic = True,
        deps = deps + ["//tools/deps:pybind11"],
        **kwargs
    )
    native.py_library(
        name = name,
        data = [":" + name + ".so"],
        imports = ["."],
        **kwargs
    )
