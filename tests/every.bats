#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# --every: outputs are written again while the stream goes on.

bats_require_minimum_version 1.5.0
load helpers
load streams

setup() {
	STARTED=()
	cd "$BATS_TEST_TMPDIR"
}

@test "files are written while the stream goes on, also where it is silent; dated ones are kept; counters never go back" {
	mkdir sub
	start_report --every 0.2 --top 10 --format text --format prometheus=m.prom --format html=page.html --format json=sub/r.json --format pprof=p.pb.gz
	{ begin_stream && blocks 1 100; } >&"$TO"
	within 60 counts m.prom 100
	cp m.prom first
	[[ ! -s out && ! -e sub/r.json && -s page.html ]]
	within 60 eval 'compgen -G "sub/r-1*.json" >/dev/null && compgen -G "p-1*.pb.gz" >/dev/null'
	grep -q '^hud_trace_blocks_total.*shop::f' m.prom
	blocks 101 1000 >&"$TO"
	within 60 counts m.prom 1000
	cp m.prom second
	# A metric that was there is there still, and no lower.
	awk '/^#/ || / [0-9.]+$/ && !/_total|_bucket|_count|_sum/ { next }
		{ value = $NF; sub(/ [^ ]+$/, "") }
		FNR == NR { was[$0] = value; next }
		$0 in was { if (value + 0 < was[$0] + 0) { print "back: " $0; bad = 1 } delete was[$0] }
		END { for (name in was) { print "gone: " name; bad = 1 }; exit bad }' first second
	[[ $(grep -c '^hud_trace_blocks_total{.*(others)' second) == 0 ]]
	finish_report 40
	[[ ! -s err ]] || { cat err && return 1; }
	counts m.prom 1000
	[[ $(jq '.blockers | map(.count) | add' sub/r.json) == 1000 && -s p.pb.gz ]]
	grep -q '1,000 blocks' out
	# Each dated file is whole, is no cut stream, and has no less than the one before.
	for file in sub/r-*.json; do
		jq -e '.trace.truncated == false' "$file" >/dev/null
		jq '.blockers | map(.count) | add' "$file"
	done >counted
	sort -nc counted
	for file in p-*.pb.gz; do
		gzip -t "$file"
	done
}

@test "a reader never finds half a file" {
	start_report --every 0.1 --format prometheus=m.prom
	{ begin_stream && blocks 1 200; } >&"$TO"
	within 60 test -s m.prom
	inode=$(stat -c %i m.prom)
	for ((reads = 0, seen = 0; reads < 2000 && seen < 5; reads++)); do
		cp m.prom copy
		[[ $(tail -n 1 copy) == hud_trace_* && $(tail -c 1 copy | od -An -tx1) == ' 0a' && $(head -n 1 copy) == '# HELP '* ]]
		[[ $(stat -c %i m.prom) == "$inode" ]] || { inode=$(stat -c %i m.prom) && seen=$((seen + 1)); }
	done
	((seen == 5))
}

@test "counters go on where those of an earlier trace ended, also those that it does not have" {
	exec {CARRY}<>carry
	life() {
		"$POSTPROC" report --headless --carry "$CARRY" --format prometheus="$1.prom" --format openmetrics="$1.om" - >out
	}
	{ begin_stream && blocks 1 100 && echo 'end 40000000000 exit'; } | life 1
	cmp 1.prom carry
	# Only one function blocks in the second, and there is a wait for a CPU.
	{ begin_stream && blocks 40 40 && echo 'runq 3000000000 43 0 30000000 P 1 77 78 0 rival' && echo 'end 41000000000 exit'; } | life 2
	cmp 2.prom carry
	exec {CARRY}>&-
	counts 1.prom 100
	counts 2.prom 101
	counts 2.om 101
	grep -q '^hud_trace_run_queue_waits_total{.*} 1$' 2.prom
	# Gauges are this one's, each sum is of both, and no series comes twice.
	! grep '^hud_trace_duration_seconds' 1.prom | grep -qFf - 2.prom || return 1
	[[ $(awk '/^hud_trace_(block_duration_seconds_count|events_total)/ { print $NF }' 2.prom | tr '\n' ' ') == '101 102 ' ]]
	awk '/^hud_trace_worker_seconds_total/ { sum[FILENAME] = $NF } END { exit !(sum["1.prom"] == "39.000000000" && sum["2.prom"] == "79.000000000") }' 1.prom 2.prom
	[[ ! $(sed -E 's/ [^ ]+$//' 2.prom | sort | uniq -d) ]]
	[[ $(grep -c '^hud_trace_blocks_total' 1.prom) == $(grep -c '^hud_trace_blocks_total' 2.prom) ]]
	# OpenMetrics has the same numbers.
	diff <(grep -v '^#' 2.prom | sort) <(grep -v '^#' 2.om | sort)
	/usr/bin/python3 -c 'from prometheus_client.openmetrics.parser import *; list(text_string_to_metric_families(open("2.om").read()))'
	# One that had blockers is no worse for a trace that has none.
	exec {CARRY}<>carry
	{ begin_stream && echo 'begin 1000000000' && echo 'end 2000000000 exit'; } | life 3
	counts 3.prom 101
	counts 3.om 101
}

@test "a file that cannot be written is said, and the trace goes on" {
	mkdir sub
	start_report --every 0.1 --format prometheus=sub/m.prom
	{ begin_stream && blocks 1 10; } >&"$TO"
	within 60 test -s sub/m.prom
	mv sub away
	within 60 grep -q 'sub/m.prom: ' err
	mkdir sub
	within 60 test -s sub/m.prom
}

@test "--every and what it needs" {
	run -2 --separate-stderr "$POSTPROC" report --every 1 -
	[[ $stderr == *'--every needs a file to write'* ]]
	run -2 --separate-stderr "$POSTPROC" report --every 1 --format csv=x file
	[[ $stderr == *'reads standard input'* ]]
	run -2 --separate-stderr "$POSTPROC" report --every 1 --window 1 --format csv=x -
	run -2 --separate-stderr "$HUD" --every 1 name
	[[ ${stderr_lines[0]} == 'hud-trace: --every needs a file to write: --format F=FILE' ]]
	run -2 --separate-stderr "$HUD" --every 1 --window 1 --format csv=x name
	run -2 --separate-stderr "$HUD" --every 0 --format csv=x name
}
