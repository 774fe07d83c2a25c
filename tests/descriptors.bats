#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Which descriptors the processes of a running trace have open: what they need, and what the user named for
# them. Needs root and the demo server, but no BPF: bpftrace is a fake.

bats_require_minimum_version 1.5.0
load helpers

setup_file() {
	export DEBUG=''
	((!EUID)) || return 0
	DEBUG=$(timeout 800 "$DEMO/build" debug | tail -n 1)
	[[ -x $DEBUG && -x $POSTPROC ]]
}

setup() {
	STARTED=()
	needs_initial_pids
	cd "$BATS_TEST_TMPDIR" || return
	mkdir fake
	cat >fake/bpftrace <<-'SH'
		#!/bin/bash
		case $1 in
		--version) echo "bpftrace v0.17.0" && exit ;;
		--help | --info) exit ;;
		esac
		cat >script
		trap 'echo end 9 interrupt; exit' TERM
		echo begin 5
		until [[ -e on ]]; do sleep 0.1; done
		echo named 6 1 x
		echo '#' >ready
		while :; do sleep 0.1; done
	SH
	chmod +x fake/bpftrace
	PATH=$PWD/fake:$PATH
	echo 'of the user' >file
	mkfifo pipe
	# Descriptors of the caller, which no process here needs.
	exec 7<file 8<>pipe
}

teardown() {
	exec 7<&- 8<&-
	end_started
}

# Pipes, terminals and the user's files that each process of the trace except hud-trace itself has open from 3
# up, unless it also has them as 0, 1 or 2: the process's name, and what it has open.
left_open() {
	local pid name fd what

	for pid in $(marked); do
		[[ $pid != "$TRACE" ]] || continue
		name=$(called "$pid")
		for fd in "/proc/$pid/fd"/*; do
			((${fd##*/} > 2)) || continue
			what=$(readlink "$fd")
			[[ " $(readlink "/proc/$pid/fd/"{0,1,2} | tr '\n' ' ')" != *" $what "* ]] || continue
			case $what in
			pipe:*) echo "$name: a pipe" ;;
			"$PWD/file" | "$PWD/pipe" | /dev/pts/*) echo "$name: $what" ;;
			esac
		done
	done 2>/dev/null | sort | uniq -c | sed -E 's/^ *//; s:/dev/pts/[0-9]+:a terminal:' >open
}

# What process $1 is: a subcommand of hud-postproc, or the name it gave itself; a part of hud-trace; another
# program.
called() {
	local name words

	name=$(cat "/proc/$1/comm")
	mapfile -d '' -t words <"/proc/$1/cmdline"
	case $name in
	hud-postproc) echo "${words[1]}" ;;
	hud-trace | bash) [[ ${words[1]} == */bpftrace ]] && echo bpftrace || echo hud-trace ;;
	*) echo "$name" ;;
	esac
}

# A trace with options $@ runs and has begun.
running() {
	start_trace --duration 60 "$@"
	: >on
	within 120 test -e ready
}

# $1 is open. Processes that have just started may still be closing what they do not need.
is_left_open() {
	within 60 is_open "$1" || { cat open && return 1; }
}

is_open() {
	left_open
	[[ $(cat open) == "$1" ]]
}

end_trace() {
	kill -TERM "$TRACE"
	ends_with 0
}

# But for what hud-trace itself has between two of them: the monitor tells it what happens, and copies gets lines from there.
@test "a report: none but where its own processes' messages go" {
	start_server "$DEBUG"
	running --headless
	is_left_open $'1 copies: a pipe\n1 hud-stuck: a pipe\n2 monitor: a pipe\n1 report: a pipe'
	end_trace
}

@test "event lines and a recording, which the user named as a descriptor: the recorder has that, and nobody else" {
	start_server "$DEBUG"
	exec 9> >(cat >copy)
	running --raw --record /dev/fd/9
	exec 9>&-
	# As it was named, and as it was opened.
	is_left_open $'1 copies: a pipe\n1 hud-stuck: a pipe\n2 monitor: a pipe\n2 record: a pipe'
	end_trace
	within 60 grep -q '^end 9 interrupt' copy
}

@test "formats, one of which goes to a descriptor: the report and what opens its files have that" {
	start_server "$DEBUG"
	exec 9> >(cat >copy)
	running --headless --format text --format json=/dev/fd/9
	exec 9>&-
	is_left_open $'1 copies: a pipe\n1 hud-files: a pipe\n1 hud-stuck: a pipe\n2 monitor: a pipe\n2 report: a pipe'
	end_trace
	within 60 jq -e '.trace.ended == "interrupt"' copy
}

@test "probes where polls begin: what looks for their end has the output besides" {
	start_server "$DEBUG"
	running --headless --polls uprobe
	# The stream itself; the way to what looks for the line, as it is named and as it was opened.
	is_left_open $'1 copies: a pipe\n1 hud-stuck: a pipe\n1 hud-trace: a pipe\n2 monitor: a pipe\n1 report: a pipe\n2 tee: a pipe'
	end_trace
}

@test "the live view: its terminal, messages for the user, and the way to say that the user has left" {
	start_server "$DEBUG"
	SOCKET=hud-descriptors-$$
	tmux -L "$SOCKET" -f /dev/null new-session -d -x 80 -y 24 \
		"exec env LC_ALL=C.UTF-8 HUD_LIVE_MARK=live-$$ PATH='$PATH' '$HUD' --pid $SERVER 7<file 8<>pipe" 3>&-
	STARTED+=("$(tmux -L "$SOCKET" display-message -p '#{pid}')")
	MARK=live-$$ TRACE=$(tmux -L "$SOCKET" display-message -p '#{pane_pid}')
	: >on
	within 120 test -e ready
	# What holds messages back passes them to the view, and to the terminal in the end. Pictures are drawn on demand.
	is_left_open $'1 copies: a pipe\n2 hud-chart: a pipe\n1 hud-stuck: a pipe\n1 hud-trace: a pipe\n5 live: a pipe\n3 monitor: a pipe'
	tmux -L "$SOCKET" send-keys q
	within 60 gone
}
