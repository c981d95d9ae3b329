# Copyright 2026 The srpt Authors
# SPDX-License-Identifier: Apache-2.0
"""Every call of libibverbs and librdmacm goes through target/verbs/seam.h, where it can be made
to fail."""

import pathlib
import re

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
SEAM = {"target/verbs/seam.h", "target/verbs/seam.cc"}
CALL = re.compile(r"\b(?:ibv|rdma)_[a-z0-9_]+\s*\(")
# Comments, texts and characters, so that what they mention is no call.
NO_CODE = re.compile(r"""//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])+'""", re.DOTALL)


def calls(text):
    """The calls of the libraries in `text`: [(line, what)]."""
    code = NO_CODE.sub(lambda m: re.sub(r"[^\n]", " ", m.group()), text)
    return [(code.count("\n", 0, m.start()) + 1, m.group()) for m in CALL.finditer(code)]


def test_only_the_seam_calls_the_libraries():
    files = [p for p in sorted((ROOT / "target").rglob("*")) if p.suffix in (".h", ".cc", ".inc")]
    assert len(files) > 50, f"{ROOT} is not the project's root"
    around = []
    for path in files:
        name = str(path.relative_to(ROOT))
        if name not in SEAM:
            around += [f"{name}:{line}: {what}" for line, what in
                       calls(path.read_text(encoding="utf-8"))]
    assert not around, "\n".join(around)


@pytest.mark.parametrize("text, lines", [
    ("ibv_post_send(qp, wr, &bad);", [1]),
    ("int x;\n  return ::rdma_accept (id, &p);\n", [2]),
    ("if (ibv_poll_cq(a, 1, b) && rdma_listen(id, 1))", [1, 1]),
    ("// see ibv_poll_cq(3)\nibv_qp_attr attr{};", []),
    ('Because("rdma_listen(x)");', []),
    ("verbs::PostSend(qp, wr, &bad);", []),
])
def test_a_call_is_told_from_a_mention(text, lines):
    assert [line for line, _ in calls(text)] == lines
