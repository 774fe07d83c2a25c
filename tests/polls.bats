#!/usr/bin/env bats
# Polls by Tokio's own state, against a program that knows its own. Needs root and BPF: skipped where these are refused.

bats_require_minimum_version 1.5.0
load helpers

GROUND_TRUTH=$ROOT/examples/ground-truth
PROBE=$ROOT/probes/poll.bt

setup_file() {
	export WHY_NOT='' DEBUG='' RELEASE=''
	WHY_NOT=$(why_not)
	[[ ! $WHY_NOT ]] || return 0
	DEBUG=$(timeout 300 "$GROUND_TRUTH/build" debug | tail -n 1)
	RELEASE=$(timeout 300 "$GROUND_TRUTH/build" release-debug | tail -n 1)
	[[ -x $DEBUG && -x $RELEASE && -x $POSTPROC ]]
}

setup() {
	STARTED=()
	cd "$BATS_TEST_TMPDIR" || return
}

teardown() {
	local pid

	for pid in "${STARTED[@]}"; do
		kill -KILL "$pid" 2>/dev/null || true
		wait "$pid" 2>/dev/null || true
	done
}

# Runs program $1 as $2 and traces its polls of at least $3 microseconds for $4 seconds: polls, truth. Where its Tokio keeps its state
# comes from $5, debug info by default.
trace() {
	local numbers

	[[ ! $WHY_NOT ]] || skip "$WHY_NOT"
	: >ready
	"$1" "$2" 60 500 >ready 2>truth 3>&- &
	PROGRAM=$!
	STARTED+=("$PROGRAM")
	within 10 grep -q ready ready
	sleep 0.5
	read -r -a numbers < <("$POSTPROC" head --pid "$PROGRAM" | sed -nE "s/^tokio ([0-9 ]*) ${5-DWARF}\$/\1/p")
	((${#numbers[@]} == 19))
	timeout -s INT "$4" env --default-signal=INT BPFTRACE_NO_USER_SYMBOLS=1 \
		bpftrace "$PROBE" "$PROGRAM" "$3" "${numbers[@]}" >polls 2>complaints 3>&- || true
	# What it is in the middle of, it writes down when that is over.
	sleep 0.5
	kill -KILL "$PROGRAM"
	# There may be none.
	grep -q '^poll' polls || { cat complaints && ! grep -v RLIMIT_MEMLOCK complaints | grep -q ERROR; }
}

# Compares with the truth, for a threshold of $1 microseconds: sets WANTED, FOUND, BLOCKS and WRONG. The probes attach one after
# another, so that waits for a CPU may be missing from what was seen first.
compare() {
	{
		printf 'hud-trace 1\nmeta threshold-us %d\nmeta hz 499\nmeta polls tls\n' "$1"
		awk '$1 == "poll" { from = from ? from : $4 + 5e8 } $1 == "poll" && $4 > from' polls
	} | "$POSTPROC" report --format ndjson - >report
	"$ROOT/tests/accuracy" "$1" truth report counts
	read -r _ WANTED FOUND BLOCKS WRONG _ < <(grep '^all' counts)
}

# How busy the machine is otherwise is not up to the test.
accurate() {
	compare "$1"
	((WANTED >= 20))
	((FOUND * 10 >= WANTED * 8))
	((WRONG * 10 <= BLOCKS * 2))
}

@test "multi-thread, debug: long polls are found, and hardly any other" {
	trace "$DEBUG" multi 10000 8
	accurate 10000
}

@test "multi-thread, release: long polls are found, and hardly any other" {
	trace "$RELEASE" multi 10000 8
	accurate 10000
}

@test "current-thread, release: long polls are found, and hardly any other" {
	trace "$RELEASE" current 10000 8
	accurate 10000
}

@test "multi-thread and current-thread, stripped: long polls are found, and hardly any other" {
	[[ ! $WHY_NOT ]] || skip "$WHY_NOT"
	strip -s -o stripped "$RELEASE"
	trace "$PWD/stripped" multi 10000 6 'table 1\.[0-9]+, searched for'
	accurate 10000
	trace "$PWD/stripped" current 10000 6 'table 1\.[0-9]+, searched for'
	accurate 10000
}

@test "short polls, block_in_place and spawn_blocking are not taken for long polls" {
	trace "$RELEASE" healthy 10000 8
	compare 10000
	((WRONG <= 2))
	# It was busy: there are enough polls to be wrong about.
	(($(grep -c '^poll' truth) > 20))
}

@test "polls that never end are reported while they last" {
	trace "$DEBUG" stuck 10000 7
	cat polls
	# The one that runs: the other sleeps all the while, and nothing happens to it.
	awk '$1 == "poll" && $11 == "R" { n[$3]++; last[$3] = $5 - $4 }
		END {
			for (tid in n) if (n[tid] >= 2 && last[tid] >= 1e9) threads++
			exit !threads
		}' polls
}

@test "a deadlock is reported with its place, also one that was there before" {
	[[ ! $WHY_NOT ]] || skip "$WHY_NOT"
	"$DEBUG" stuck 60 >ready 2>truth 3>&- &
	SERVER=$!
	STARTED+=("$SERVER")
	within 10 grep -q ready ready
	sleep 2
	start_trace --duration 6
	ends_with 0
	cat out
	rows out | grep -E '^computing'
	rows out | grep -E '^(lock|sleep)'
	grep -E '^ +unfinished +1 of 1 ' out
}

@test "a storm of long polls is counted only, and the report says so" {
	[[ ! $WHY_NOT ]] || skip "$WHY_NOT"
	"$RELEASE" multi 300 500 >ready 2>truth 3>&- &
	SERVER=$!
	STARTED+=("$SERVER")
	within 10 grep -q ready ready
	"$HUD" --pid "$SERVER" --threshold 1 --polls tls --stacks fp --duration 2 --print-script |
		sed 's/\(@polls [<=>-]* \)10000/\120/g' >script
	(($(grep -c '@polls <= 20)' script) > 0))
	{
		"$POSTPROC" head --pid "$SERVER" --meta threshold-us=1000 --meta 'polls=tls x'
		timeout 150 env BPFTRACE_NO_USER_SYMBOLS=1 BPFTRACE_LOG_SIZE=10000000 bpftrace -q --no-warnings script 2>err 3>&-
	} >r
	cut -d ' ' -f 1 r | sort | uniq -c
	# So many in each of the seconds; several CPUs may count one at once.
	(($(awk '$1 == "poll" && $11 == "E"' r | wc -l) < 150))
	awk '$1 == "counted" { if ($5 > 10 && $6 > 500000 * $5) found = 1 } END { exit !found }' r
	"$POSTPROC" report r | tr -s ' \n' ' ' >line
	cat line
	grep -qE '! [0-9,]+ long polls, [0-9.]+ m?s in all, were counted only' line
}

@test "a process without Tokio is refused, with the reason" {
	sleep 60 3>&- &
	STARTED+=("$!")
	"$POSTPROC" head --pid "$!" | grep -E '^tokio - .{10,}'
}

@test "poll.bt reads the state in the same way in both of its probes" {
	awk '/^\/\/@body observe/ { one = 1; next } one && /^\/\/@standalone/ { one++; next } one && /^\/\/@end/ { one--; next }
		one && !/\/\/@tokio/' "$PROBE" >one
	awk '/^tracepoint:sched:sched_switch \/pid == \$1\/$/ { two = 1 } two && /A read that fails/ { on = 1 }
		/^}/ { two = on = 0 } on' "$PROBE" >two
	(($(wc -l <one) > 30))
	diff one two
}
