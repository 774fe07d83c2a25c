#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Where the tasks of a running program wait, by its debug info: the program in awaits/ writes down its tasks' chains of
# awaits, and test_awaits compares all of them. tests/suites/awaits.bats has optimised builds.

bats_require_minimum_version 1.5.0

setup_file() {
	ROOT=$(cd "$BATS_TEST_DIRNAME/.." && pwd)
	export ROOT
	"$ROOT/tests/awaits/build" dev >"$BATS_FILE_TMPDIR/program" 2>"$BATS_FILE_TMPDIR/said" 3>&- || true
}

setup() {
	PROGRAM=$(cat "$BATS_FILE_TMPDIR/program")
	[[ $PROGRAM ]] || skip "$(tail -n 1 "$BATS_FILE_TMPDIR/said")"
	COMPARE=$ROOT/build/san/tests/test_awaits
}

@test "every task's chain is what the program says, and forged memory does no harm: debug" {
	timeout 200 "$COMPARE" "$PROGRAM" 3>&-
}

@test "without debug info it is told what is missing" {
	objcopy --strip-debug "$PROGRAM" "$BATS_TEST_TMPDIR/stripped"
	timeout 60 "$COMPARE" --none "$BATS_TEST_TMPDIR/stripped" 3>&-
}
