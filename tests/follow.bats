#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# --follow, with a fake bpftrace: needs root, but no BPF. suites/live.bats follows a real server.

bats_require_minimum_version 1.5.0
load helpers

setup() {
	STARTED=() OUT=out
	needs_initial_pids
	cd "$BATS_TEST_TMPDIR"
	mkdir fake
	# It traces until process TARGET, which the script names, has left: by its end, or for another program.
	cat >fake/bpftrace <<-'SH'
		#!/bin/bash
		case $1 in
		--version) echo 'bpftrace v0.17.0' && exit ;;
		--help | --info | -l) exit ;;
		esac
		[[ $2 != -e ]] || exit 0
		cat >script
		pid=$(sed -n 's/.*pid == \([0-9]*\).*/\1/p' script | head -n 1)
		printf 'begin 5\nrunq 30000000 %d 0 20000000 W 0 77 78 0 rival\n' "$pid"
		trap 'echo "end 99000000 interrupt"; exit' TERM
		echo "$pid" >>traced
		was=$(cut -d' ' -f28 "/proc/$pid/stat")
		while [[ $(cut -d' ' -f28 "/proc/$pid/stat" 2>/dev/null) == "$was" ]] && ! grep -qs ' Z ' "/proc/$pid/stat"; do sleep 0.05; done
		echo 'end 99000000 exit'
	SH
	chmod +x fake/bpftrace
	PATH=$PWD/fake:$PATH
	: >traced
}

teardown() {
	end_started
}

# Starts a process named $1, with one thread, which counts as a worker; sets SERVER.
start_target() {
	[[ -x $1 ]] || cp /bin/sleep "$1"
	"./$1" 300 3>&- >/dev/null 2>&1 &
	SERVER=$!
	STARTED+=("$SERVER")
	within 60 grep -qx "$1" "/proc/$SERVER/comm"
}

end_target() {
	kill "$SERVER"
	wait "$SERVER" 2>/dev/null || true
}

has_traced() {
	[[ $(tr '\n' ' ' <traced) == "$* " ]]
}

ends_with() {
	within 60 ended "$TRACE"
	local status=0
	wait "$TRACE" || status=$?
	cat out err
	((status == $1))
}

@test "each life has its report and its files; a signal ends it, and nothing is left" {
	start_target hudlife
	mkdir sub.d
	start_trace --follow --workers hudlife --headless --record r.zst --format json=sub.d/r.json --format prometheus=m.prom --format text --every 0.2
	one=$SERVER
	within 60 has_traced "$one"
	# It is written while the trace goes on.
	within 60 grep -qs '^hud_trace_run_queue_waits_total.* 1$' m.prom
	# A process that is there already, or has another name, is no successor.
	start_target hudother
	SERVER=$one
	end_target
	within 60 grep -q '^follow  .*waiting for its successor' err
	start_target hudlife
	two=$SERVER
	within 60 has_traced "$one" "$two"
	end_target
	start_target hudlife
	three=$SERVER
	within 60 has_traced "$one" "$two" "$three"
	kill -INT "$TRACE"
	ends_with 0
	[[ $(grep -c '^hud-trace: hudlife (pid ' out) == 3 ]]
	[[ $(grep -E '^(== life|hud-trace: hudlife)' out | sed -E 's/(life [0-9]).*/\1/; s/.*\(pid ([0-9]+)\).*/\1/' | tr '\n' ' ') == "$one == life 2 $two == life 3 $three " ]]
	for file in r.zst r.2.zst r.3.zst; do
		"$POSTPROC" report "$file" >/dev/null
	done
	[[ $(jq .target.pid sub.d/r.json sub.d/r.2.json sub.d/r.3.json | tr '\n' ' ') == "$one $two $three " ]]
	# Its counters are of all lives.
	[[ ! -e m.2.prom ]]
	grep -q '^hud_trace_run_queue_waits_total.* 3$' m.prom
	grep -q '^hud_trace_run_queue_seconds_total.* 0.060000000$' m.prom
	within 60 gone
}

@test "another program in the same process is its next life; --duration ends all lives" {
	cp /bin/sleep hudlife
	cp /bin/bash hudshell
	./hudshell -c 'while [[ ! -e go ]]; do read -rt 0.1 <> <(:) || :; done; exec ./hudlife 300' 3>&- >/dev/null 2>&1 &
	SERVER=$!
	STARTED+=("$SERVER")
	within 60 grep -qx hudshell "/proc/$SERVER/comm"
	mkdir parts
	printf '#!/bin/sh\necho "$1" >>ran\n' >command
	chmod +x command
	start_trace --follow --workers hud --headless --duration 300 --trigger 'run-queue>10ms' --record parts/ --on-trigger ./command
	within 60 has_traced "$SERVER"
	touch go
	within 60 has_traced "$SERVER" "$SERVER"
	kill -TERM "$TRACE"
	ends_with 0
	grep -q "^follow  .*process $SERVER runs another program" err
	[[ $(grep -c '^hud-trace: ' out) == 2 ]]
	# What was seen of each life.
	within 10 eval '[[ $(sort ran) == "$(printf "%s\n" parts/trigger-*.zst)" ]]'
	[[ $(for file in parts/*; do "$POSTPROC" report --headless --format json "$file" | jq .target.pid; done) == "$SERVER"$'\n'"$SERVER" ]]
	start_trace --follow --workers hud --headless --duration 1
	end_target
	# It is over while nothing is there to be traced.
	within 60 ended "$TRACE"
	within 60 gone
}

@test "--follow and what it cannot be combined with" {
	run -2 --separate-stderr "$HUD" --follow --raw x
	[[ ${stderr_lines[0]} == 'hud-trace: either --raw or --follow, not both'* ]]
	run -2 --separate-stderr "$HUD" --follow --list
	run -2 --separate-stderr "$HUD" --follow --doctor
}
