#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Three builds of a program whose stacks are found and named in different ways; each frame is compared with
# gdb's. tests/suites/builds.bats has all kinds of builds; tests/builds does the work.

bats_require_minimum_version 1.5.0

@test "the stack of every thread is gdb's, frame by frame: debug, release with line tables, stripped" {
	local ended=0

	cd "$BATS_TEST_TMPDIR"
	"$BATS_TEST_DIRNAME/builds" dev lines stripped >table 2>said 3>&- || ended=$?
	cat table said
	((ended != 77)) || skip "$(cat said)"
	((ended == 0))
	[[ ! -s said ]]
	# Everything that a build can tell is shown.
	grep -qxF '| debug | all | all | all | all | all |' table
	grep -qxF '| release, `debug = 1` | all | all | all | all | all |' table
	grep -qxF '| stripped | all | all | none | none | none |' table
	(($(wc -l <table) == 5))
}
