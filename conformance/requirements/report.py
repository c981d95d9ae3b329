# Copyright 2026 The srpt Authors
# SPDX-License-Identifier: Apache-2.0
"""Which requirement is enforced where, tested by what on which arm, and what is open.

report.py [--events ARM=FILE]... [--out FILE]: FILE of --events is bazel's build events of a run of
the suites on that arm, whose test.xml files say what passed there; without it the report says where
a test can run. Prints a summary; the whole report goes to FILE (Markdown).
"""

import argparse
import json
import pathlib
import sys
import urllib.parse
import xml.etree.ElementTree as ElementTree

import requirements

ROOT = pathlib.Path(__file__).resolve().parents[2]


def verdicts(events):
    """(suite, test) -> passed, failed or skipped, of all its cases, from one run's events."""
    out = {}
    for line in pathlib.Path(events).read_text(encoding="utf-8").splitlines():
        for output in json.loads(line).get("testResult", {}).get("testActionOutput", []):
            if output["name"] != "test.xml":
                continue
            path = urllib.parse.unquote(urllib.parse.urlparse(output["uri"]).path)
            try:
                cases = list(ElementTree.parse(path).getroot().iter("testcase"))
            except (OSError, ElementTree.ParseError):
                continue
            for case in cases:
                key = ((case.get("classname") or "").split(".")[-1], case.get("name").split("[")[0])
                verdict = "passed"
                if any(e.tag in ("failure", "error") for e in case):
                    verdict = "failed"
                elif case.find("skipped") is not None:
                    verdict = "skipped"
                worse = ("skipped", "passed", "failed")
                out[key] = max(out.get(key, "skipped"), verdict, key=worse.index)
    return out


def on_arms(citation, runs):
    """arm -> passed, failed, skipped, or "can" for an arm that did not run."""
    out = {}
    for arm in citation.arms:
        if citation.kind == "suite" and arm in runs:
            suite = pathlib.PurePath(citation.path).stem
            out[arm] = runs[arm].get((suite, citation.test), "not run")
        else:
            out[arm] = "can"
    return out


def tested(citations, runs):
    """arm -> whether a test of it passed there (or can run there), "unit" among the arms."""
    out = {}
    for citation in citations:
        if citation.kind == "enforced":
            continue
        if citation.kind == "unit":
            out["unit"] = True
        for arm, verdict in on_arms(citation, runs).items():
            out[arm] = out.get(arm, False) or verdict in ("passed", "can")
    return out


def entry(requirement, citations, runs):
    """The report's lines about one requirement."""
    lines = [f"### {requirement.ident}", "", f"{requirement.what} ({requirement.source})", ""]
    for citation in citations:
        where = f"{citation.path}:{citation.line}"
        name = f" `{citation.test}`" if citation.test else ""
        arms = ", ".join(f"{a} {v}" if v != "can" else a
                         for a, v in on_arms(citation, runs).items())
        lines.append(f"- {citation.kind}: {where}{name}{f' ({arms})' if arms else ''}")
    for arm, why in requirement.exception.items():
        lines.append(f"- exception ({arm}): {why}")
    return lines + [""]


def main():
    """Prints the summary; the status is 1 if the list or a citation is wrong."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--events", action="append", default=[], metavar="ARM=FILE")
    parser.add_argument("--out", type=pathlib.Path)
    args = parser.parse_args()
    runs = {}
    for given in args.events:
        arm, _, path = given.partition("=")
        runs[arm] = verdicts(path)

    wanted, wrong = requirements.load()
    cited = requirements.citations(ROOT)
    wrong += requirements.problems(wanted, cited)
    by_id = {}
    for citation in cited:
        by_id.setdefault(citation.ident, []).append(citation)

    whole = ["# Requirements", ""]
    enforced, excepted, none = 0, [], []
    count = {arm: 0 for arm in ("unit", *requirements.ARMS)}
    for ident, requirement in wanted.items():
        here = by_id.get(ident, [])
        whole += entry(requirement, here, runs)
        enforced += any(c.kind == "enforced" for c in here)
        where = tested(here, runs)
        for arm in count:
            count[arm] += where.get(arm, False)
        if requirement.exception:
            excepted.append(ident)
        if not any(where.values()) and "all" not in requirement.exception:
            none.append(ident)
    summary = [
        f"requirements: {len(wanted)}, enforced at a named line {enforced}, "
        f"excepted {len(excepted)}",
        "tested by: " + ", ".join(f"{arm} {n}" for arm, n in count.items()),
    ]
    if excepted:
        summary.append("excepted: " + " ".join(excepted))
    if none:
        summary.append("not tested: " + " ".join(none))
    summary += [f"wrong: {line}" for line in wrong]
    print("\n".join(summary))
    if args.out:
        args.out.parent.mkdir(parents=True, exist_ok=True)
        args.out.write_text("\n".join(whole + ["## Summary", ""] + summary) + "\n",
                            encoding="utf-8")
        print(f"the whole report: {args.out}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
