#!/bin/bash
# Copyright 2026 The srpt Authors
# SPDX-License-Identifier: Apache-2.0
#
# PROGRAM FILE: the program prints this file, byte for byte.
set -euo pipefail
"$1" | diff -u "$2" - || {
  echo "$2 is not what $1 prints: write it anew (bazel run $1 > $2)" >&2
  exit 1
}
echo "1 passed, 0 failed"
