#!/usr/bin/env bats
# What goes wrong on a machine, and what hud-trace makes of it. Mostly with a bpftrace that a test has written: it needs root, but
# no BPF.

bats_require_minimum_version 1.5.0
load helpers

setup() {
	STARTED=() OUT=out
	((!EUID)) || skip 'needs root'
	[[ $(readlink /proc/self/ns/pid) == 'pid:[4026531836]' ]] || skip 'needs the initial pid namespace'
	cd "$BATS_TEST_TMPDIR"
	mkdir fake
	cat >fake/bpftrace <<-'SH'
		#!/usr/bin/env bash
		case $1 in
		--version) echo "bpftrace v${FAKE_VERSION-0.17.0}" && exit "${FAKE_VERSION_STATUS-0}" ;;
		--help) exit ;;
		esac
		cat >script
		eval "$FAKE"
	SH
	chmod +x fake/bpftrace
	PATH=$PWD/fake:$PATH
}

teardown() {
	end_started
}

# Starts a process whose one thread counts as a worker. Sets SERVER.
start_target() {
	[[ -x target ]] || cp /bin/sleep target
	./target 300 3>&- >/dev/null 2>&1 &
	SERVER=$!
	STARTED+=("$SERVER")
	within 10 grep -qx target "/proc/$SERVER/comm"
}

# Starts hud-trace on it, with a bpftrace that does $1 when it has read its script.
start_fake() {
	FAKE=$1 start_trace --workers target --headless "${@:2}"
}

# The file $1 holds a whole report.
reported() {
	cat "$1"
	grep -q '^hud-trace: target (pid ' "$1"
	grep -qE '^ +ended +' "$1" || grep -q 'The stream ends in the middle' "$1"
}

# A line of an event; %d is the thread.
EVENT='runq 30000000 %d 0 20000000 W 0 77 78 0 rival\n'

# --- bpftrace

@test "bpftrace is missing, does not run, is too old" {
	start_target
	mkdir bin
	ln -s /usr/bin/* bin
	rm -f bin/bpftrace
	# Where else it is looked for, there is none, or the test cannot be.
	for place in /usr/sbin /sbin /usr/local/bin; do
		[[ ! -e $place/bpftrace ]] || skip "there is a $place/bpftrace"
	done
	PATH=$PWD/bin start_fake :
	ends_with 1
	grep -q '^hud-trace: bpftrace is missing\. Install it: apt install bpftrace' err
	FAKE_VERSION='no such library' FAKE_VERSION_STATUS=127 start_fake :
	ends_with 1
	grep -q '^hud-trace: bpftrace does not run: bpftrace vno such library\.' err
	FAKE_VERSION=0.14.1 start_fake :
	ends_with 1
	grep -q '^hud-trace: bpftrace 0\.14 is too old\. 0\.17 is needed' err
	[[ ! -s out ]]
}

@test "bpftrace fails to load: its words, exit 1, no file" {
	start_target
	for option in '' --raw '--record r.zst' '--format json=f.json' '--chart c.svg'; do
		# shellcheck disable=SC2086 # an option and its value
		start_fake 'echo "stdin:7:1-9: ERROR: could not load" >&2; exit 1' $option
		ends_with 1
		grep -q '^stdin:7:1-9: ERROR: could not load$' err
		grep -q '^hud-trace: bpftrace could not trace' err
		! grep -q 'line [0-9]*:' err
		[[ ! -e r.zst && ! -e r.zst.partial && ! -e f.json && ! -e c.svg ]]
		nothing_left
	done
}

@test "bpftrace is killed: what came before is reported and recorded, exit 1" {
	start_target
	for signal in KILL SEGV; do
		start_fake "printf 'begin 5\n$EVENT' $SERVER; kill -$signal \$\$" --record r.zst
		ends_with 1
		grep -q "^hud-trace: bpftrace was ended by SIG$signal" err
		! grep -q 'line [0-9]*:' err
		reported out
		grep -qE '^ +events +1, none lost' out
		"$POSTPROC" report r.zst | cmp - out
		nothing_left
	done
}

@test "bpftrace lost events: counted" {
	start_target
	start_fake "printf 'begin 5\nLost 41 events\nLost 1 events\nend 99 duration\n'"
	ends_with 0
	grep -E 'events +.*42 lost' out
}

# Gives a second signal to hud-trace while its report is made.
@test "signals on the way to the report: it is made all the same" {
	start_target
	start_fake 'trap "sleep 1; echo end 99 interrupt; exit" TERM; echo begin 5; touch ready; while :; do sleep 0.1; done'
	within 20 test -e ready
	for signal in TERM HUP TERM HUP; do
		kill "-$signal" "$TRACE"
		sleep 0.4
	done
	ends_with 0
	reported out
	nothing_left
}

@test "the report or the recorder is killed: said, exit 1, nothing left" {
	start_target
	for command in report record; do
		start_fake "echo begin 5; touch ready; sleep 100 & trap 'kill \$!' EXIT; trap exit TERM; wait" --record r.zst
		within 20 test -e ready
		rm ready
		victim=$(pgrep -f "^$POSTPROC $command .*--pid $SERVER" | head -n 1)
		kill -KILL "$victim"
		ends_with 1
		grep -q "was ended by SIGKILL" err
		! grep -q 'line [0-9]*:' err
		nothing_left
	done
	reported out
}

@test "hud-trace is killed at any moment: nothing stays" {
	start_target
	for ((i = 0; i < 24; i++)); do
		start_fake 'trap "exit" TERM; echo begin 5; while :; do sleep 0.1; done'
		sleep "0.$((RANDOM % 900 + 10))"
		kill -KILL "$TRACE"
		wait "$TRACE" 2>/dev/null || true
		within 15 gone || { ps -ef && false; }
	done
	[[ $(sed 's/.*) //; s/ .*//' "/proc/$SERVER/stat") == S ]]
}
