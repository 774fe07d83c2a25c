#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# How accurate reports are: recordings of examples/ground-truth, which wrote down what was true. `make
# bench-accuracy` makes such recordings.

bats_require_minimum_version 1.5.0
load helpers

setup() {
	cd "$BATS_TEST_TMPDIR" || return
}

# Compares the report on recording $1 with the truth.
judge() {
	gzip -dc "$ROOT/tests/recorded/$1.truth.gz" >truth
	"$POSTPROC" report --format ndjson=report "$ROOT/tests/recorded/$1.gz"
	compare_truth 5000
}

# Nearly every block is found, hardly anything else is reported, and the details are right.
accurate() {
	judge "$1"
	((WANTED >= 100))
	share "$FOUND" "$WANTED" 99
	share $((BLOCKS - WRONG)) "$BLOCKS" 99
	share "$NAMED" "$FOUND" 100
	share "$FUNCTION" "$NAMED" 99
	share "$REASON" "$FOUND" 99
	share "$TASK" "$NAMED" 99
	share "$NEAR" "$FOUND" 95
}

@test "a multi-thread runtime: what blocks, where, why, in which task and for how long" {
	accurate tokio-1.24.2-release-debug-multi
}

@test "a current-thread runtime: the same" {
	accurate tokio-1.24.2-release-debug-current
}

@test "a healthy service whose CPUs others want: waits for a CPU, no blocks" {
	judge tokio-1.24.2-release-debug-healthy
	((WRONG <= 1))
	# The machine was busy, and the report shows it.
	(($(grep -c '"reason":"run-queue"' report) >= 50))
}

@test "what is wrong in a report is noticed" {
	judge tokio-1.24.2-release-debug-multi
	mv report right
	awk '!/^{"type":"block"/ || n++ % 2' right >report
	compare_truth 5000
	! share "$FOUND" "$WANTED" 80 || return 1
	jq -c 'if .type == "block" then .start_ns += 40000000 else . end' right >report
	compare_truth 5000
	! share $((BLOCKS - WRONG)) "$BLOCKS" 80 || return 1
	jq -c 'if .type == "block" then .function |= sub("burn_cpu"; "compute") | .task |= sub("sleeps"; "naps") |
		.reason |= sub("socket"; "lock") | .duration_ns |= . * 0.9 else . end' right >report
	compare_truth 5000
	! share "$FUNCTION" "$NAMED" 98 || return 1
	! share "$TASK" "$NAMED" 98 || return 1
	! share "$REASON" "$FOUND" 98 || return 1
	! share "$NEAR" "$FOUND" 80 || return 1
}
