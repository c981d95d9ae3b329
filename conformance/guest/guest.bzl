# Copyright 2026 The srpt Authors
# SPDX-License-Identifier: Apache-2.0
"""A suite that runs in the guest."""

# What a guest may take, within bazel's own timeout.
GUEST_SECONDS = {
    "moderate": 280,
    "long": 860,
    "eternal": 3500,
}

def guest_test(name, suite, options = [], files = [], srpt = "//target:srpt", data = [], size = "small", timeout = "long", manual = True):
    """A script of this folder, run in the guest by guest_test.sh.

    Local, because the guest's kernel and image are cached in the source tree's .cache; exclusive,
    because an emulated guest beside other tests would run out of time; manual, but for what ./dev
    test runs.

    Args:
      name: the test's name.
      suite: the script, without .sh.
      options: NAME=VALUE for the script's environment, or options of vmrun.
      files: labels whose files the guest sees below /tmp/suite.
      srpt: the daemon, or None for the kernel's own target.
      data: what the options name.
      size: bazel's.
      timeout: bazel's.
      manual: whether wildcards leave it out.
    """
    native.sh_test(
        name = name,
        size = size,
        timeout = timeout,
        srcs = ["guest_test.sh"],
        args = [suite, "$(rootpath %s)" % srpt if srpt else "lio"] +
               ["--timeout=%d" % GUEST_SECONDS[timeout]] + options +
               (["--"] + ["$(rootpaths %s)" % f for f in files] if files else []),
        data = [":runner"] + ([srpt] if srpt else []) + files + data,
        tags = ["exclusive", "local"] + (["manual"] if manual else []),
    )
