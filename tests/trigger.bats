#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# --trigger: what matters is kept as recordings of its own.

bats_require_minimum_version 1.5.0
load helpers
load streams

setup() {
	STARTED=()
	cd "$BATS_TEST_TMPDIR"
	mkdir parts
	cat >command <<-'SH'
		#!/bin/sh
		printf '%s\n' "$#" "$1" "$(id -u)" "$(grep CapEff /proc/self/status)" >>ran
		exit 4
	SH
	chmod +x command
}

# A block at second $1 of $2 ms in function f$3, whose stack is described once in a while, as probes do.
block() {
	(($1 % 5 != 2)) || stack "$3"
	slept $(($1 * 1000000000 + $2 * 1000000)) "$2" "$3"
}

# Short blocks each second up to $1, and long ones in the seconds that follow.
blocks() {
	local second long=" ${*:2} "

	for ((second = 2; second <= $1; second++)); do
		if [[ $long == *" $second "* ]]; then block "$second" 300 2; else block "$second" 10 1; fi
	done
}

# Of each recording: the seconds of its begin and its end, why it ended, and what blocked for longest.
shows() {
	local file

	for file in parts/*; do
		zstd -dc "$file" | awk '/^begin/ { from = $2 } /^end/ { printf "%d-%d %s ", from / 1e9, $2 / 1e9, $3 }'
		"$POSTPROC" report --headless --sort max --format json "$file" | jq -r '.blockers[0].function + ";"'
	done | tr '\n' ' '
}

keep() {
	"$POSTPROC" report --headless --record parts/ "$@" - 2>err >out
}

@test "the time around is kept, by the stream's clock; debounced; the report has everything; the command runs for each" {
	{ head_of && blocks 400 102 122 252 && echo 'end 400900000000 interrupt'; } >stream
	SUDO_UID=65533 SUDO_GID=65533
	[[ $EUID != 0 ]] || { chmod 777 . parts && export SUDO_UID SUDO_GID; }
	keep --trigger 'max>200ms' --on-trigger ./command <stream
	within 10 eval '(($(grep -c "command failed with status 4" err) == 2))'
	cat err
	[[ $(shows) == '82-109 trigger shop::f2; 232-259 trigger shop::f2; ' ]]
	(cd parts && ls) | tr '\n' ' ' >names
	grep -qE '^trigger-170000010[23].zst trigger-170000025[23].zst $' names
	grep -q "^hud-postproc report: --trigger 'max>200ms': shop::f2 took 300 ms (sleep): kept in parts/trigger-17" err
	[[ $(stat -c %a parts/*) == $'600\n600' ]]
	grep -q '399 blocks, the longest 300 ms' out
	# By the user who called, without rights, with one argument.
	(($(wc -l <ran) == 8))
	[[ $(sed -n 1p ran) == 1 && $(sed -n 2p ran) == parts/trigger-*.zst ]]
	[[ $EUID != 0 || ($(sed -n 3p ran) == 65533 && $(sed -n 4p ran) == CapEff:*0000000000000000 && $(stat -c %u parts/* | sort -u) == 65533) ]]
	# What is left out of the recording is of other times only.
	for file in parts/*; do zstd -dc "$file" | grep '^sleep'; done | sort >kept
	(($(wc -l <kept) == 2 * 27))
	[[ ! $(comm -23 kept <(sort stream)) ]]
}

@test "windows, times and numbers; each condition; the end of the stream" {
	{ head_of && blocks 120 22 32 42 52 82 117 && echo 'end 120900000000 exit'; } >stream
	keep --trigger 'max>200ms' --before 2 --after 1s --window 3 --debounce 0 --max-recordings 4 <stream
	[[ $(shows) == '18-25 trigger shop::f2; 27-35 trigger shop::f2; 37-45 trigger shop::f2; 47-55 trigger shop::f2; ' ]]
	grep -q 'the last one that --max-recordings allows' err
	rm parts/*
	# What is in the last moment is kept, although less than --after follows.
	{ head_of && blocks 119 117 && echo 'end 119900000000 exit'; } >stream
	keep --trigger 'max>200ms' <stream
	[[ $(shows) == '98-119 exit shop::f2; ' ]]
	rm parts/*
	# A quiet time stays quiet, and counts are of the window.
	{ head_of && blocks 60 && echo 'Lost 7 events' && blocks 61 | tail -n 1 && echo 'end 61900000000 exit'; } >stream
	keep --trigger 'count>20' --trigger 'total>1s' --trigger 'blocked>30%' --trigger 'lost>7' <stream
	[[ ! -e $(echo parts/*) && ! -s err ]]
	{ head_of && blocks 60 && echo 'Lost 7 events' && blocks 160 | tail -n +101 && echo 'end 161900000000 exit'; } >stream
	keep --trigger 'lost>6' --debounce 15 <stream
	[[ $(ls parts | wc -l) == 1 ]]
	grep -q "'lost>6': 7 events were lost" err
}

@test "a silent stream: it is written when its time has come" {
	mkfifo pipe
	keep --trigger 'max>200ms' --before 0 --after 0.5 --window 2 <pipe 3>&- &
	STARTED+=("$!")
	exec {TO}>pipe
	{ head_of && blocks 22 22; } >&"$TO"
	within 60 grep -q 'kept in' err
	[[ $(shows) == '18-22 trigger shop::f2; ' ]]
}

@test "memory is bounded: if the ring is too small, the recording begins later, and that is said" {
	{
		head_of
		# Words that do not compress.
		block 2 10 1
		head -c 4500000 /dev/urandom | base64 -w 60 | tr '+/' 'xy' | awk '{ printf "sleep %d%09d 43 0 10000000 1029 S 230 1 0 0 0 %s\n", 3 + NR / 1000, NR % 1000 * 1000000, $1 }'
		block 222 300 2
		echo 'end 223900000000 exit'
	} >stream
	keep --trigger 'max>200ms' --before 200 --window 10 --ring 1M <stream
	grep -q 'it begins .* late: --ring is too small' err
	size=$(stat -c %s parts/*)
	((size > 500000 && size < 1100000))
	"$POSTPROC" report --headless parts/* | grep -q '300 ms'
}

@test "what is missing or wrong is refused before anything is traced" {
	run -2 --separate-stderr "$HUD" --trigger 'max>1s' name
	[[ ${stderr_lines[0]} == 'hud-trace: --trigger needs --record FOLDER' ]]
	run -2 --separate-stderr "$HUD" --before 3 name
	[[ ${stderr_lines[0]} == 'hud-trace: --before needs --trigger EXPR' ]]
	run -2 --separate-stderr "$HUD" --trigger 'max>1s' --record parts --raw name
	run -2 --separate-stderr "$HUD" --trigger 'max>1s' --record parts --resolve name
	run -1 "$HUD" --print-script --trigger 'max>1s' --record parts --window 3 --every 1 --format csv=x --before 1 --after 0 --debounce 0 --max-recordings 3 \
		--on-trigger ./command --ring 1M --pid 4194304
	[[ $output == 'hud-trace: no process has the id 4194304' ]]
	while IFS='|' read -r words option; do
		# shellcheck disable=SC2086 # several words
		run -2 --separate-stderr "$HUD" --print-script --trigger 'max>1s' --record parts $option name
		echo "$option => $stderr"
		[[ ${stderr_lines[0]} == "hud-trace: $words"* ]]
	done <<-'END'
		--trigger 'max>x'|--trigger max>x
		--before: 'x' is|--before x
		--max-recordings: '0' is|--max-recordings 0
		gone: No such file|--record gone
	END
	run -2 "$POSTPROC" report --trigger 'max>1s' --record parts file
	[[ $output == *'reads standard input'* ]]
	run -2 "$POSTPROC" report --after 1 -
	[[ $output == *'need --trigger EXPR'* ]]
	run -2 "$POSTPROC" live --trigger 'max>1s' -
}
