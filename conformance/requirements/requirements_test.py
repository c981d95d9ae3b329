# Copyright 2026 The srpt Authors
# SPDX-License-Identifier: Apache-2.0
"""The list is well formed, every citation is in it, and the tool that looks notices breaches."""

import json
import pathlib

import report
import requirements

ROOT = pathlib.Path(__file__).resolve().parents[2]


def tree(tmp_path, files):
    """The citations of a tree with these files."""
    for name, text in files.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return requirements.citations(tmp_path)


def test_the_list_is_well_formed():
    wanted, wrong = requirements.load()
    assert not wrong
    assert {f"R-FAULT-{n:02}" for n in range(1, 35)} <= set(wanted)
    assert {f"R-INV-{n:02}" for n in range(1, 51)} <= set(wanted)


def test_every_citation_is_in_the_list():
    wanted, _ = requirements.load()
    cited = requirements.citations(ROOT)
    assert not [c for c in cited if c.ident not in wanted]


def test_a_list_with_mistakes_is_refused(tmp_path):
    (tmp_path / "one.toml").write_text(
        'source = "s"\n[R-A-01]\nwhat = "It is."\n[R-B]\nwhat = "It is."\n[R-C-01]\nwhat = "no"\n'
        '[R-D-01]\nwhat = "It is."\nexception = { moon = "far" }\n')
    (tmp_path / "two.toml").write_text('[R-A-01]\nwhat = "It is."\n')
    _, wrong = requirements.load(tmp_path)
    text = "\n".join(wrong)
    for part in ("R-A-01 is there twice", "R-B is no id", "R-C-01 is malformed",
                 "R-D-01 is malformed ['moon']", "two.toml: R-A-01 is malformed"):
        assert part in text, text


def test_citations_belong_to_the_test_below_or_around_them(tmp_path):
    cited = tree(tmp_path, {"core/a_test.cc": "\n".join([
        "// [R-A-01]", "TEST(A, One) {", "  x();  // [R-A-02, R-A-03]", "}", "",
        "TEST(A, Two) {", "  y();  // [R-A-04]", "}"])})
    assert [(c.ident, c.kind, c.test) for c in cited] == [
        ("R-A-01", "unit", "A.One"), ("R-A-02", "unit", "A.One"), ("R-A-03", "unit", "A.One"),
        ("R-A-04", "unit", "A.Two")]


def test_a_suite_that_injects_faults_runs_on_the_sim_arm_only(tmp_path):
    cited = tree(tmp_path, {"conformance/suites/test_x.py": "\n".join([
        "def helper(arm):", "    arm.inject('it')", "",
        "def test_all():", "    '''Says. [R-A-01]'''", "",
        "# [R-A-02]", "def test_some(arm):", "    helper(arm)", ""])})
    assert [(c.ident, c.test, c.arms) for c in cited] == [
        ("R-A-01", "test_all", requirements.ARMS), ("R-A-02", "test_some", ("sim",))]


def test_what_nobody_keeps_or_tests_is_named(tmp_path):
    wanted = {i: requirements.Requirement(i, "", "", {}) for i in ("R-A-01", "R-A-02", "R-A-03")}
    wanted["R-A-04"] = requirements.Requirement("R-A-04", "", "", {"all": "later"})
    cited = tree(tmp_path, {
        "core/a.cc": "// [R-A-01]\n// [R-A-02]\n// [R-A-09]\n",
        "core/a_test.cc": "TEST(A, One) {}  // [R-A-01]\n// [R-A-03]\n"})
    found = "\n".join(requirements.problems(wanted, cited))
    assert "R-A-09 is not in the list" in found
    assert "R-A-02: nothing tests it" in found and "R-A-03: no line" in found
    assert "R-A-01" not in found and "R-A-04" not in found


def test_verdicts_of_a_run_replace_what_could_run(tmp_path):
    xml = tmp_path / "test.xml"
    xml.write_text(
        '<testsuites><testsuite><testcase classname="x.test_x" name="test_all[a]"/>'
        '<testcase classname="x.test_x" name="test_all[b]"><failure/></testcase>'
        '<testcase classname="x.test_x" name="test_some"><skipped/></testcase>'
        '</testsuite></testsuites>')
    events = tmp_path / "events.json"
    events.write_text(json.dumps({"testResult": {"testActionOutput": [
        {"name": "test.xml", "uri": f"file://{xml}"}]}}) + "\n")
    cited = tree(tmp_path, {"conformance/suites/test_x.py":
                            "def test_all():\n    '''[R-A-01]'''\n\n"
                            "def test_some():\n    '''[R-A-02]'''\n"})
    runs = {"rxe": report.verdicts(events)}
    assert report.on_arms(cited[0], runs) == {"sim": "can", "rxe": "failed", "siw": "can"}
    assert report.on_arms(cited[1], runs)["rxe"] == "skipped"
    assert not report.tested(cited, runs)["rxe"]


def test_each_requirement_is_enforced_and_tested_or_excepted():
    wanted, wrong = requirements.load()
    assert not wrong
    problems = requirements.problems(wanted, requirements.citations(ROOT))
    assert not problems, "\n".join(problems)
