#!/usr/bin/env bats
# hud-trace on the real demo server. Needs root and BPF: skipped where these are refused.

bats_require_minimum_version 1.5.0
load helpers

setup_file() {
	local words

	export WHY_NOT='' DEBUG='' RELEASE_FP=''
	if ((EUID)); then
		WHY_NOT='LIVE TESTS NEED ROOT'
		return
	fi
	if ! words=$(timeout 30 bpftrace -e 'BEGIN { exit(); }' 2>&1); then
		WHY_NOT="BPF IS REFUSED HERE: ${words##*$'\n'}"
		return
	fi
	DEBUG=$(timeout 300 "$DEMO/build" debug | tail -n 1)
	RELEASE_FP=$(timeout 300 "$DEMO/build" release-fp | tail -n 1)
	[[ -x $DEBUG && -x $RELEASE_FP && -x $POSTPROC ]]
}

setup() {
	STARTED=()
	[[ ! $WHY_NOT ]] || skip "$WHY_NOT"
	cd "$BATS_TEST_TMPDIR"
}

teardown() {
	end_started
}

# All six are named with their reasons, their twins are not. Waits for a CPU are nobody's blame.
names_all_six() {
	start_server "$1"
	start_load
	start_trace --top 30 --duration 8
	ends_with 0
	cat out
	blames out computing hash_password
	blames out computing compress_report
	blames out 'file I/O' read_template
	blames out 'name lookup' resolve_backend
	blames out sleep call_legacy_sdk
	blames out 'lock|sleep' update_totals
	! rows out | grep -v $'^run queue\t' | grep 'demo_server::good::' || return 1
}

@test "debug build: all six blockers, none of their twins" {
	names_all_six "$DEBUG"
}

@test "release-fp build: all six blockers, none of their twins" {
	names_all_six "$RELEASE_FP"
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

@test "twins alone: nothing but waits for a CPU" {
	start_server "$DEBUG"
	start_load /good/hash /good/compress /good/read /good/dns /good/sleep /good/lock
	start_trace --top 30 --duration 5
	ends_with 0
	cat out
	! rows out | grep -v $'^run queue\t' || return 1
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
	within 40 grep -q '^sleep ' sleep.bt.out
	sleep 2
	for pid in "${pids[@]}"; do
		kill -INT "$pid" 2>/dev/null || true
	done
	for pid in "${pids[@]}"; do
		within 15 ended "$pid"
	done
	! grep -H 'ERROR:' ./*.bt.out ./*.bt.err | grep -vE 'RLIMIT_MEMLOCK|[Ff]ailed to look up stack id' || return 1
}
