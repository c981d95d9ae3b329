# Copyright 2026 The srpt Authors
# SPDX-License-Identifier: Apache-2.0
"""The arm that SRPT_ARM selects, one for each test; see conformance/arms/arm.py."""

import pytest

from conformance.arms.arm import make_arm


def pytest_configure(config):
    """Our own mark."""
    config.addinivalue_line("markers", "world(**options): a world of its own, see make_arm")


@pytest.fixture(name="arm")
def arm_fixture(request):
    """An arm without sessions, before and after."""
    mark = request.node.get_closest_marker("world")
    arm = make_arm(**(mark.kwargs if mark else {}))
    yield arm
    arm.close()


@pytest.fixture(name="session")
def session_fixture(arm):
    """A session of initiator 1 whose unit attentions on LUN 0 and 1 were taken."""
    return arm.login().ready(0, 1)
