# Copyright 2026 The srpt Authors
# SPDX-License-Identifier: Apache-2.0
"""Counts the test cases of one bazel run: count_tests.py EVENTS_JSON BAZEL_STATUS [--skipped].

Reads bazel's build events, opens each test's XML (googletest, pytest and the guest's suites write
one), lists what failed or was skipped, and ends with `N passed, N failed` (with --skipped: `N
passed, N failed, N skipped`). A test that failed without naming a case (it crashed, or ran out of
time) counts as one failure, and so does a build that failed. The exit status is 0 only if nothing
failed.
"""

import json
import sys
import urllib.parse
import xml.etree.ElementTree as ElementTree


def test_cases(uri):
    """Yields (name, verdict, why) of each case in a test.xml."""
    path = urllib.parse.unquote(urllib.parse.urlparse(uri).path)
    try:
        root = ElementTree.parse(path).getroot()
    except (OSError, ElementTree.ParseError):
        return
    for case in root.iter("testcase"):
        name = ".".join(p for p in (case.get("classname"), case.get("name")) if p)
        bad = [e for e in case if e.tag in ("failure", "error")]
        skipped = case.find("skipped")
        if bad:
            text = bad[0].get("message") or bad[0].text or ""
            yield name, "failed", text.strip().split("\n")[0][:200]
        elif skipped is not None or case.get("status") == "notrun":
            yield name, "skipped", (skipped.get("message") or "") if skipped is not None else ""
        else:
            yield name, "passed", ""


def main():
    events_path, bazel_status = sys.argv[1], int(sys.argv[2])
    results = {}  # label -> (status, uris); a later attempt replaces an earlier one
    broken = []
    try:
        with open(events_path, encoding="utf-8") as events:
            for line in events:
                event = json.loads(line)
                ident = event.get("id", {})
                if "testResult" in event:
                    key = ident["testResult"]
                    result = event["testResult"]
                    uris = [o["uri"] for o in result.get("testActionOutput", [])
                            if o["name"] == "test.xml"]
                    key = (key["label"], key.get("run"), key.get("shard"))
                    results[key] = (result["status"], uris)
                elif "targetCompleted" in ident and not event.get("completed", {}).get("success"):
                    broken.append(ident["targetCompleted"]["label"])
    except OSError:
        pass

    count = {"passed": 0, "failed": 0, "skipped": 0}
    for (label, _, _), (status, uris) in sorted(results.items(), key=lambda r: r[0][0]):
        cases = [case for uri in uris for case in test_cases(uri)]
        for name, verdict, why in cases:
            count[verdict] += 1
            if verdict != "passed":
                print(f"{verdict.upper()} {label} {name}{': ' if why else ''}{why}")
        if status not in ("PASSED", "FLAKY") and not any(c[1] == "failed" for c in cases):
            count["failed"] += 1
            print(f"FAILED {label}: {status}")
    tested = {label for label, _, _ in results}
    for label in sorted(set(broken) - tested):
        count["failed"] += 1
        print(f"FAILED {label}: does not build")
    if bazel_status != 0 and count["failed"] == 0:
        count["failed"] += 1
        print(f"FAILED: bazel ended with status {bazel_status}")
    line = f"{count['passed']} passed, {count['failed']} failed"
    if "--skipped" in sys.argv[3:]:
        line += f", {count['skipped']} skipped"
    elif count["skipped"]:
        print(f"{count['skipped']} skipped")
    print(line)
    return 1 if count["failed"] or bazel_status else 0


if __name__ == "__main__":
    sys.exit(main())
