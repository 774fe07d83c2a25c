#!/usr/bin/env bats
# hud-trace on the real demo server. Needs root and BPF: skipped where these are refused.

bats_require_minimum_version 1.5.0
load helpers

setup_file() {
	export WHY_NOT='' DEBUG='' RELEASE='' RELEASE_FP=''
	WHY_NOT=$(why_not)
	[[ ! $WHY_NOT ]] || return 0
	DEBUG=$(timeout 300 "$DEMO/build" debug | tail -n 1)
	RELEASE=$(timeout 300 "$DEMO/build" release | tail -n 1)
	RELEASE_FP=$(timeout 300 "$DEMO/build" release-fp | tail -n 1)
	[[ -x $DEBUG && -x $RELEASE && -x $RELEASE_FP && -x $POSTPROC ]]
}

setup() {
	STARTED=() OPTIONS=() PLACE='src/blocking\.rs:[0-9]+'
	[[ ! $WHY_NOT ]] || skip "$WHY_NOT"
	cd "$BATS_TEST_TMPDIR"
}

teardown() {
	end_started
}

# All six are named with their reasons, their twins are not. Waits for a CPU are nobody's blame. $2...: the server's variables.
names_all_six() {
	start_server "$@"
	start_load
	start_trace --top 30 --duration 8 ${OPTIONS[@]+"${OPTIONS[@]}"}
	ends_with 0
	cat out
	blames out computing hash_password
	blames out computing compress_report
	blames out 'file I/O' read_template
	blames out 'name lookup' resolve_backend
	blames out sleep call_legacy_sdk
	blames out 'lock|sleep' update_totals
	no_twins out
}

@test "debug build: all six blockers, none of their twins" {
	names_all_six "$DEBUG"
}

@test "release-fp build, polls estimated: all six blockers, none of their twins" {
	OPTIONS=(--polls estimate)
	names_all_six "$RELEASE_FP"
	grep -qE '^ +polls +estimated' out
}

@test "plain release build: the same six, told by exact polls" {
	PLACE=
	names_all_six "$RELEASE"
	grep -qE '^ +polls +exact' out
}

@test "where the kernel does not tell that a thread is back: the same six" {
	names_all_six "$DEBUG" GLIBC_TUNABLES=glibc.pthread.rseq=0
	grep -qE '^ +polls +exact' out
}

# A row of file $1 has a reason that matches $2, and blames a function by its place in the stripped server; $3 matches the
# sources named for it.
blames_place() {
	rows "$1" | grep -qE "^($2)"$'\t'"demo-server\+0x[0-9a-f]+$3" || { echo "no row: $2, $3" && return 1; }
}

# The measured blocks in the table of file $1: times, counts and reasons, no names.
measured() {
	grep -E '^ *[0-9]+ +[0-9.]+ m?s .*(sleep|lock|name lookup)$' "$1" | sed -E 's/^ *[0-9]+ +//' | sort
}

workers_are_found() {
	"$POSTPROC" head --pid "$SERVER" | grep -qE '^meta workers 2 multi-thread'
}

@test "stripped release build: blockers by place" {
	strip -s -o demo-server "$RELEASE"
	# Found by stack, with Tokio's names gone too.
	start_server "$PWD/demo-server" DEMO_THREAD_NAME=my-svc
	within 10 workers_are_found
	LOADER=${RELEASE%/*}/demo-load
	start_load
	start_trace --raw --duration 8
	ends_with 0
	"$POSTPROC" report --top 40 out >report
	cat report
	blames_place report 'file I/O'
	blames_place report 'name lookup'
	blames_place report sleep '$'
	blames_place report 'lock|sleep' ' +(.*/)?src/blocking\.rs:[0-9]+'
	blames_place report computing
	! grep -q 'task .*no symbol' report || return 1
	# With names, the same places are these six, and there are no others: neither their twins nor parks.
	"$POSTPROC" report --top 40 --target "$RELEASE" out >named
	cat named
	! rows named | grep -v $'^run queue\t' | grep -v 'demo_server::blocking::' || return 1
	[[ $(measured named) ]]
	diff <(measured report) <(measured named)
	# A place is the same in another report.
	"$POSTPROC" report --top 40 out | cmp - report
}

@test "a lock is said to be released by the worker that held it" {
	start_server "$DEBUG"
	start_load /lock
	start_trace --raw --duration 5
	ends_with 0
	"$POSTPROC" report -v --top 30 out >report
	cat report
	blames report lock update_totals
	awk '/^#[0-9]+ / { mine = /update_totals/; lock = 0 }
		mine && /^ +lock / { lock = 1 }
		lock && /^ +released by +tokio-/ { woken = NR }
		woken && NR <= woken + 3 && /update_totals/ { found = 1 }
		END { exit !found }' report
}

# The twins do their work some hundred times meanwhile. A machine that others share may stop for milliseconds, now and then.
@test "twins alone: nothing but waits for a CPU" {
	start_server "$DEBUG"
	start_load /good/hash /good/compress /good/read /good/dns /good/sleep /good/lock
	start_trace --top 30 --duration 5
	ends_with 0
	cat out
	! often_blamed out | grep . || return 1
	awk '/^Workers were blocked / { share = $4 } END { exit !(share + 0 < 1) }' out
}

# Two workers are sampled 199 times a second.
@test "a healthy service: hardly any stack is taken" {
	local events

	start_server "$DEBUG"
	start_load /good/hash /good/compress /good/read /good/dns /good/sleep /good/lock
	start_trace --raw --duration 5
	ends_with 0
	cut -d ' ' -f 1 out | sort | uniq -c
	events=$(grep -cE '^(sample|sleep|runq|poll) ' out || true)
	(($(grep -c '^stack ' out || true) <= 2 * events))
	(($(grep -cE '^(sample|sleep) ' out || true) < 100))
}

@test "too many stacks: frame pointers must do, and that is said" {
	start_server "$DEBUG"
	start_load
	"$HUD" --pid "$SERVER" --duration 4 --print-script | sed 's/16777216/100000/' >script
	env BPFTRACE_NO_USER_SYMBOLS=1 BPFTRACE_LOG_SIZE=10000000 BPFTRACE_MAP_KEYS_MAX=8192 \
		bpftrace -q --no-warnings script >out 2>err 3>&-
	grep -E '^limit [0-9]+ [0-9]+$' out
	grep -A 1 '^frames ' out | grep -qE '^\s+[0-9a-f]+'
}

# Idle: nothing. Under /sleep: call_legacy_sdk.
found_unasked() {
	start_trace --duration 1
	ends_with 0
	cat out
	grep -qE "^workers +$1" err
	grep -qE 'Nothing blocked|No event came' out
	start_load /sleep
	start_trace --duration 4
	ends_with 0
	cat out
	blames out sleep call_legacy_sdk
}

@test "renamed workers are found unasked" {
	start_server "$DEBUG" DEMO_THREAD_NAME=my-svc
	found_unasked '2 multi-thread'
}

@test "a current-thread runtime is found unasked" {
	start_server "$DEBUG" DEMO_FLAVOR=current
	found_unasked '.*1 current-thread'
}

complete() {
	cat out
	grep -q '^hud-trace: .*workers for' out
	grep -qE "^ +ended +$1" out
}

@test "--fail-on: status 3 if it is so, 0 if not" {
	start_server "$DEBUG"
	start_load /hash
	start_trace --duration 3 --fail-on 'max>1ms' --fail-on 'max>1000s'
	ends_with 3
	grep -q "^hud-postproc report: --fail-on 'max>1ms': .* took .* ms (" err
	(($(grep -c "1000s" err) == 0))
	grep -q '^Workers were blocked' out
	start_trace --duration 1 --fail-on 'max>1000s'
	ends_with 0
}

@test "SIGINT to the group: a whole report, nothing left" {
	start_server "$DEBUG"
	start_load /sleep
	start_trace
	await_tracing
	kill -INT -- "-$TRACE"
	ends_with 0
	complete interrupt
	nothing_left
}

@test "SIGTERM: a whole report, nothing left" {
	start_server "$DEBUG"
	start_load /sleep
	start_trace
	await_tracing
	kill -TERM "$TRACE"
	ends_with 0
	complete interrupt
	nothing_left
}

@test "SIGHUP, kill -9: nothing left" {
	start_server "$DEBUG"
	for signal in HUP KILL; do
		start_trace
		await_tracing
		kill "-$signal" "$TRACE"
		nothing_left
	done
}

@test "a closed pipe: nothing left" {
	start_server "$DEBUG"
	start_load /sleep
	mkfifo pipe
	OUT=pipe start_trace --raw --duration 60
	head -n 1 pipe | grep '^hud-trace 1$'
	within 20 ended "$TRACE"
	nothing_left
}

@test "the target's death ends it, with a whole report" {
	start_server "$DEBUG"
	start_load /sleep
	start_trace
	await_tracing
	kill -KILL "$SERVER"
	ends_with 0
	complete exit
	nothing_left
}

@test "each probe runs by itself" {
	local probe pid pids=()

	start_server "$DEBUG"
	start_load /sleep
	for probe in "$ROOT"/probes/*.bt; do
		sed "s:/proc/self/exe:/proc/$SERVER/exe:" "$probe" >"${probe##*/}"
		env --default-signal=INT bpftrace "${probe##*/}" "$SERVER" 5000 >"${probe##*/}.out" 2>"${probe##*/}.err" 3>&- &
		pids+=("$!")
		STARTED+=("$!")
	done
	within 60 grep -q "^sleep " sleep.bt.out
	sleep 2
	# What bpftrace says of its own end, when all of them end at once, is not about the scripts.
	! grep -H 'ERROR:' ./*.bt.out ./*.bt.err |
		grep -vE 'RLIMIT_MEMLOCK|[Ff]ailed to look up stack id' || return 1
	for pid in "${pids[@]}"; do
		! ended "$pid" || { echo "one has ended by itself" && return 1; }
		kill -INT "$pid"
	done
	for pid in "${pids[@]}"; do
		within 40 ended "$pid"
	done
}
