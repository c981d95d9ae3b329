# Copyright 2026 The srpt Authors
# SPDX-License-Identifier: Apache-2.0
"""The arm that SRPT_ARM selects, one for each test; see conformance/arms/arm.py."""

import pytest

from conformance.arms.arm import make_arm


@pytest.fixture(name="arm")
def arm_fixture():
    """An arm without sessions, before and after."""
    arm = make_arm()
    yield arm
    arm.close()


@pytest.fixture(name="session")
def session_fixture(arm):
    """A session of initiator 1 whose unit attentions on LUN 0 and 1 were taken."""
    return arm.login().ready(0, 1)
