# Copyright 2026 The srpt Authors
# SPDX-License-Identifier: Apache-2.0
"""Turns the guest's "ROW name|target|IOPS" lines into a table: bench_table.py TITLE RAW [JSON].

A row's figure is the median of its rounds. Its spread is its own A/A noise: the larger of the two
targets' (largest - smallest) / median. A ratio that differs from 1 by no more than that counts as
1.0.
"""

import json
import statistics
import sys


WIDTH = 46
OURS = {"srpt": "", "srpt-shards": ", shard a CPU"}


def spread(values):
    return (max(values) - min(values)) / statistics.median(values)


def compare(name, lio, srpt):
    noise = max(spread(lio), spread(srpt))
    lio, srpt = statistics.median(lio), statistics.median(srpt)
    ratio = srpt / lio
    counts = "1.0" if abs(ratio - 1) <= noise else f"{ratio:.3f}"
    print(f"{name:{WIDTH}} {lio:10.0f} {srpt:10.0f} {ratio:7.3f} {100 * noise:9.1f} %  {counts}")
    return {"name": name, "lio": round(lio, 1), "srpt": round(srpt, 1),
            "ratio": round(ratio, 4), "spread": round(noise, 4)}


def main():
    title, raw_path = sys.argv[1], sys.argv[2]
    rows = {}
    with open(raw_path, encoding="utf-8") as raw:
        for line in raw:
            if line.startswith("ROW "):
                name, target, iops = line[4:].strip().split("|")
                rows.setdefault(name, {}).setdefault(target, []).append(float(iops))
    out = []
    print(f"{title}\n{'':{WIDTH}} {'LIO':>10} {'srpt':>10} {'ratio':>7} {'A/A spread':>11}"
          "  counts as")
    for name, by_target in rows.items():
        if not {"lio", "srpt"} <= set(by_target):
            for target, values in by_target.items():
                print(f"{name:{WIDTH}} {target}: {statistics.median(values):.0f} IOPS, "
                      f"spread {100 * spread(values):.1f} %, {len(values)} rounds")
            continue
        for target, suffix in OURS.items():
            if target in by_target:
                out.append(compare(name + suffix, by_target["lio"], by_target[target]))
    if len(sys.argv) > 3:
        with open(sys.argv[3], "w", encoding="utf-8") as file:
            json.dump(out, file, indent=1)
            file.write("\n")
    return 0 if rows else 1


if __name__ == "__main__":
    sys.exit(main())
