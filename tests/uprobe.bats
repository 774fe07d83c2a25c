#!/usr/bin/env bats
# hud-trace --polls uprobe on real programs. Needs root and BPF: skipped where these are refused.

bats_require_minimum_version 1.5.0
load helpers

setup_file() {
	export WHY_NOT='' RELEASE='' TRUTH=''
	WHY_NOT=$(why_not)
	[[ ! $WHY_NOT ]] || return 0
	RELEASE=$(timeout 300 "$DEMO/build" release | tail -n 1)
	TRUTH=$(timeout 300 "$ROOT/examples/ground-truth/build" release | tail -n 1)
	[[ -x $RELEASE && -x $TRUTH && -x $POSTPROC ]]
}

setup() {
	STARTED=()
	[[ ! $WHY_NOT ]] || skip "$WHY_NOT"
	cd "$BATS_TEST_TMPDIR"
}

teardown() {
	end_started
}

# Starts the ground truth in this way, as $SERVER.
start_truth() {
	: >truth.out
	"$TRUTH" "$@" >truth.out 2>truth 3>&- &
	SERVER=$!
	STARTED+=("$SERVER")
	within 30 grep -qs '^ready' truth.out
}

# A row of file `out` has a reason that matches $1, and blames function $2 of the demo server, which has no debug info.
blames_function() {
	rows out | grep -qE "^($1)"$'\t'"demo_server::blocking::$2\$" || { echo "no row: $1, $2" && return 1; }
}

@test "release build without debug info: all six blockers, none of their twins, all polls exact" {
	start_server "$RELEASE"
	start_load
	start_trace --polls uprobe --top 30 --duration 8
	ends_with 0
	cat out
	blames_function computing hash_password
	blames_function computing compress_report
	blames_function 'file I/O' read_template
	blames_function 'name lookup' resolve_backend
	blames_function sleep call_legacy_sdk
	blames_function 'lock|sleep' update_totals
	no_twins out
	grep -q '^ *polls *exact, by probes' out
	! grep -q '^ ~' out || return 1
}

# A trace of the ground truth, run as $1, finds what is there and little else.
is_accurate() {
	local wanted found blocks wrong near

	start_truth "$1" 60
	start_trace --polls uprobe --threshold 10 --duration 10 --raw
	ends_with 0
	"$POSTPROC" report --format ndjson=report out
	"$ROOT/tests/accuracy" 10000 truth report counts
	read -r _ wanted found blocks wrong _ _ _ _ near _ < <(grep '^all' counts)
	((wanted >= 50))
	((found * 100 >= wanted * 95))
	((wrong * 100 <= blocks * 10))
	((near * 100 >= found * 80))
}

@test "both schedulers: polls as the program itself has measured them" {
	is_accurate multi
	end_started
	is_accurate current
}

@test "a debug build, whose functions begin with what is slow to probe: polls are exact all the same" {
	DEBUG=$(timeout 300 "$DEMO/build" debug | tail -n 1)
	start_server "$DEBUG" DEMO_FLAVOR=current
	start_load /sleep
	start_trace --polls uprobe --duration 3
	ends_with 0
	cat out
	blames out sleep call_legacy_sdk
	grep -qE '^ +polls +exact, by probes' out
}

@test "SIGINT: a whole report, nothing left, the target goes on" {
	start_server "$RELEASE"
	start_load /sleep
	start_trace --polls uprobe
	within 60 begun out
	kill -INT -- "-$TRACE"
	ends_with 0
	cat out
	grep -qE '^ +ended +interrupt' out
	nothing_left
	"$LOADER" "$ADDR" --seconds 1 /sleep >after 2>&1
	! ended "$SERVER" || return 1
}

@test "the target's death ends it, with a whole stream" {
	start_server "$RELEASE"
	start_load /sleep
	start_trace --polls uprobe --raw
	within 60 grep -q '^begin' out
	sleep 1
	kill -KILL "$SERVER"
	ends_with 0
	grep '^end' out
	grep -qE '^end [0-9]+ exit$' out
	nothing_left
}

@test "too many polls a second: the probes are taken off, and it goes on without them" {
	start_truth yield 60
	start_trace --polls uprobe --raw --duration 14
	ends_with 0
	awk '$1 == "begin" { begun++ }
		$1 == "end" { if (begun == 1 && $3 == "limit") limit = 1; else if ($3 == "duration") whole = limit && begun == 2 }
		$1 == "poll" && limit { late = 1 }
		END { exit !(whole && !late) }' out
	"$POSTPROC" report out >report
	cat report
	grep -q '^! After .* the probes that told polls apart were taken off' report
	nothing_left
	! ended "$SERVER" || return 1
}
