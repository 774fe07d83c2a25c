#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Where the tasks of optimised programs wait, as in tests/awaits.bats.

bats_require_minimum_version 1.5.0

setup() {
	ROOT=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)
	COMPARE=$ROOT/build/san/tests/test_awaits
}

# Builds profile $1; sets PROGRAM.
build() {
	PROGRAM=$("$ROOT/tests/awaits/build" "$1" 2>"$BATS_TEST_TMPDIR/said" 3>&-) || skip "$(tail -n 1 "$BATS_TEST_TMPDIR/said")"
}

@test "every task's chain is what the program says: release with debug = 2" {
	build full
	timeout 200 "$COMPARE" "$PROGRAM" 3>&-
}

@test "every task's chain is what the program says: fat LTO with debug = 2" {
	build lto
	timeout 200 "$COMPARE" "$PROGRAM" 3>&-
}

@test "with line tables alone it is told that they have no types" {
	build lines
	timeout 60 "$COMPARE" --lines "$PROGRAM" 3>&-
}
