#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# hud-trace on more builds of the demo server and the ground truth than tests/live.bats and tests/polls.bats trace,
# and the ground truth by probes where polls begin. Needs root and BPF; skipped without.

bats_require_minimum_version 1.5.0
load ../helpers
load ../tracing

# All six blockers are named, and none of their twins. If polls are estimated, computing may only show as
# waits for a CPU.
@test "demo server, frame pointers, polls estimated" {
	PLACE='src/blocking\.rs:[0-9]+'
	start_server "$(timeout 500 "$DEMO/build" release-fp | tail -n 1)"
	start_load
	start_trace --top 100 --duration 8 --polls estimate --format text --format ndjson=blocks
	ends_with 0
	cat out
	blames out computing hash_password
	blames out computing compress_report
	blames out 'file I/O' read_template
	blames out 'name lookup' resolve_backend
	blames out sleep call_legacy_sdk
	blames out 'lock|sleep' update_totals
	no_twins blocks
}

# Traces the ground truth, built as $1, on runtime $2, with polls told apart by $3, and compares.
trace_truth() {
	start_truth "$(timeout 500 "$GROUND_TRUTH/build" "$1" | tail -n 1)" "${2-multi}"
	start_trace --raw --threshold 10 --duration 8 --polls "${3-auto}"
	ends_with 0
	within 60 written_down
	grep -q "^meta polls ${3-tls}" out
	"$POSTPROC" report --format ndjson=report out
	compare_truth 10000
	is_accurate
}

@test "ground truth, debug" {
	trace_truth debug
	is_named
}

@test "ground truth, release without debug info" {
	trace_truth release
}

@test "ground truth, fat LTO" {
	trace_truth release-lto
	is_named
}

@test "ground truth, stripped by the compiler" {
	trace_truth stripped
}

@test "ground truth, a current-thread runtime" {
	trace_truth release-debug current
	is_named
}

@test "ground truth, polls by probes" {
	trace_truth release-debug multi uprobe
	share "$FOUND" "$WANTED" 95
}

@test "ground truth, a current-thread runtime, polls by probes" {
	trace_truth release-debug current uprobe
	share "$FOUND" "$WANTED" 95
}

@test "--follow: the demo server is restarted, and both lives are reported" {
	RELEASE=$(timeout 500 "$DEMO/build" release | tail -n 1)
	start_server "$RELEASE"
	start_load
	first=$SERVER
	start_trace --follow
	within 100 grep -q '^tracing  ' err
	within 60 has_worked "$first"
	kill "$first"
	wait "$first" || true
	within 60 grep -q '^follow  ' err
	start_server "$RELEASE"
	start_load
	within 60 eval '(($(grep -c "^tracing  " err) == 2))'
	kill -INT "$TRACE"
	ends_with 0
	cat out
	[[ $(grep -cE "^hud-trace: demo-server \\(pid ($first|$SERVER)\\)" out) == 2 ]]
	grep -q "^== life 2: process $SERVER, after " out
}

# Has process $1 used CPU time, in ticks?
has_worked() {
	local words

	read -r -a words <"/proc/$1/stat"
	((words[13] + words[14] > 30))
}
