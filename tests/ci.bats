#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# examples/ci: what it starts, keeps and ends with. One trace of the demo server; else a stand-in for hud-trace, which takes a recording.

bats_require_minimum_version 1.5.0
load helpers

setup() {
	STARTED=()
	cd "$BATS_TEST_TMPDIR"
	mkdir bin
	ln -s "$POSTPROC" bin/hud-postproc
	PATH=$PWD/bin:$PATH
	gzip -dc "$ROOT/examples/demo-recording.txt.gz" >demo
	cat >conf <<-'END'
		service() { echo $BASHPID >service; exec sleep 100; }
		load() { echo $BASHPID >load; exec sleep 100; }
		ready() { [[ -s service ]]; }
		LIMITS=('max>50ms')
	END
}

teardown() {
	end_started
}

gate() {
	rm -f service load
	"$ROOT/examples/ci/gate" "$@" 3>&-
}

# hud-trace that traces nothing: its recording is `demo`.
stand_in() {
	cat >bin/hud-trace <<-'END'
		#!/usr/bin/env bash
		echo "$*" >arguments
		options=()
		while (($#)); do
			case $1 in
			--record) cp demo "$2" ;;
			--format | --fail-on) options+=("$1" "$2") ;;
			esac
			shift
		done
		until [[ -s load ]]; do sleep 0.1; done
		exec hud-postproc report --headless "${options[@]}" demo
	END
	chmod +x bin/hud-trace
}

# Neither the service nor the load is there any more.
both_ended() {
	ended "$(cat service)" && ended "$(cat load)"
}

@test "it passes, keeps what it found, and compares with an earlier run" {
	stand_in
	run -0 gate conf
	[[ $output == *'gate: passed' && $output == *'resolve_backend'* ]]
	both_ended
	cat arguments
	[[ $(<arguments) == "--pid $(cat service) --duration 30 --headless --record hud-trace/trace.zst --format text=hud-trace/report.txt "*"--fail-on max>50ms"* ]]
	cmp demo hud-trace/trace.zst
	"$POSTPROC" report demo | cmp - hud-trace/report.txt
	[[ -e hud-trace/service.log && -e hud-trace/load.log && ! -e hud-trace/diff.md ]]
	cp hud-trace/trace.zst base
	OUT=second run -0 gate conf base
	[[ $output == *'No significant change'*'gate: passed' ]]
	"$POSTPROC" diff --format markdown demo demo | cmp - second/diff.md
	# What an earlier run left is not taken for this one's.
	OUT=second run -0 gate conf
	[[ ! -e second/diff.md && ! -e second/diff.txt ]]
	# Something new blocks.
	grep -v resolve_backend demo >base
	OUT=second run -3 gate conf base
	[[ $output == *'blocked, or more than before' ]]
	grep -q '^ new .*' second/diff.txt
	both_ended
}

@test "too much is blocked: status 3; what fails: status 1, and why" {
	stand_in
	sed -i 's/50ms/1ms/' conf
	run -3 --separate-stderr gate conf
	[[ $stderr == *"--fail-on 'max>1ms'"*'gate: too much was blocked'* && -s hud-trace/report.txt ]]
	both_ended
	sed 's/^load.*/load() { echo $BASHPID >load; echo no such host; }/' conf >short
	run -1 gate short
	[[ $output == *'gate: the load ended before the trace did: see hud-trace/load.log' && $(<hud-trace/load.log) == 'no such host' ]]
	sed 's/^service.*/service() { false; }/' conf >broken
	run -1 gate broken
	[[ $output == *'gate: the service has ended: see hud-trace/service.log' && ! -e hud-trace/trace.zst ]]
	printf '#!/bin/sh\nuntil [ -s load ]; do sleep 0.1; done\nexit 77\n' >bin/hud-trace
	run -1 gate conf
	[[ $output == *'gate: hud-trace failed, with status 77' ]]
	both_ended
	run -1 gate
	[[ $output == 'gate: usage: '* ]]
}

@test "the demo server: its report, recording and comparison are kept, and it does not pass" {
	WHY_NOT=$(why_not)
	[[ ! $WHY_NOT ]] || skip "$WHY_NOT"
	ln -s "$HUD" bin/hud-trace
	BUILT=$(timeout 500 "$DEMO/build" debug | tail -n 1)
	sed "s/^DURATION=.*/DURATION=3/; s|^DEMO=.*|DEMO=$DEMO|" "$ROOT/examples/ci/demo.conf" >conf
	OUT=kept BUILT=${BUILT%/*} NO_COLOR=1 run -3 gate conf demo
	[[ $output == *"--fail-on 'blocked>5%'"*'gate: too much was blocked'* ]]
	grep -q '^hud-trace: demo-server (pid ' kept/report.txt
	"$POSTPROC" report kept/trace.zst | cmp - kept/report.txt
	grep -q '^hud-trace: demo-server, before and after' kept/diff.txt
	grep -q '^| ' kept/diff.md
	address=$(sed -n 's/^listening on .*://p' kept/service.log)
	[[ $address ]]
	! (exec 3<>"/dev/tcp/127.0.0.1/$address") 2>/dev/null || return 1
}
