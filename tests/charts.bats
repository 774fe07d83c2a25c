#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Charts, drawn by gnuplot from recorded streams.

bats_require_minimum_version 1.5.0

ROOT=$(cd "$BATS_TEST_DIRNAME/.." && pwd)
POSTPROC=$ROOT/build/hud-postproc
KINDS=(all timeline blockers histogram heatmap)

setup() {
	cd "$BATS_TEST_TMPDIR"
}

# A stream with $1 workers and $2 blocks, a sixth of them waits for a CPU. $3 is the name of the functions.
stream() {
	NAME=${3-app::work} awk -v workers="$1" -v blocks="$2" '
		function frame(id, from, function_name, file) {
			printf "frame %x whole call %s %x 10 7 /usr/bin/app %s %s - %s\n", id, from, id * 4096, function_name, \
				function_name, file
		}
		BEGIN {
			split("0 202 230 61 7 42 -1", call, " ")
			name = ENVIRON["NAME"]
			printf "hud-trace 1\nmeta target app\nmeta pid 1000\nmeta exe /usr/bin/app\nmeta threshold-us 5000\n"
			printf "meta arch x86_64\nmeta polls estimate as asked for\n"
			for (w = 0; w < workers; w++)
				printf "thread %d worker 1 tokio-runtime-w\n", 1001 + w
			print "begin 1000000000"
			for (f = 1; f <= 7; f++) {
				frame(f, "user", name f, "/src/app/src/part" f ".rs")
				frame(f, "tokio", "tokio::runtime::task::raw::poll", "/c/tokio-1.43.1/src/runtime/task/raw.rs")
				frame(f, "tokio", "tokio::runtime::scheduler::multi_thread::worker::run", \
					"/c/tokio-1.43.1/src/runtime/scheduler/multi_thread/worker.rs")
			}
			for (i = 0; i < blocks; i++) {
				ns = 1100000000 + i * (9000000000 / blocks)
				took = 5000000 + (i * 7919 % 1000) ^ 2 * 60
				tid = 1001 + int(i * 7 + i / 9) % workers
				if (i % 6 == 5)
					printf "runq %.0f %d 0 %d P %x 99 99 0 cc1\n", ns, tid, took, 1 + i % 7
				else
					printf "sleep %.0f %d 0 %d 1000 %s %s %x 0 0 0 swapper/0\n", ns, tid, took, \
						call[1 + i % 5] == 0 ? "D" : "S", call[1 + i % 5], 1 + i % 7
			}
			print "end 10500000000 duration"
		}'
}

chart() {
	"$POSTPROC" report --width 80 --format csv=/dev/null --chart "$@"
}

@test "every kind is drawn in every format, of any number of workers and blocks" {
	local workers blocks kind format size

	for workers in 1 8 64; do
		for blocks in 0 1 10000; do
			stream "$workers" "$blocks" >stream
			for kind in "${KINDS[@]}"; do
				chart "$kind.svg" --chart-kind "$kind" stream
				grep -q '<svg ' "$kind.svg"
				grep -q '</svg>' "$kind.svg"
			done
		done
	done
	for kind in "${KINDS[@]}"; do
		chart "$kind.png" --chart-kind "$kind" stream
		# The signature, and the width in its first chunk: 1400.
		[[ $(head -c 20 "$kind.png" | od -An -v -tx1 | tr -d ' \n') == 89504e470d0a1a0a0000000d4948445200000578 ]]
		chart "$kind.pdf" --chart-kind "$kind" stream
		[[ $(head -c 5 "$kind.pdf") == %PDF- ]]
		for format in svg png pdf; do
			size=$(stat -c %s "$kind.$format")
			((size > 5000 && size < 4000000)) || { echo "$kind.$format: $size bytes" && return 1; }
		done
	done
	# No other files are left.
	[[ $(find . -name '*.*' -type f | wc -l) == 15 ]]
}

@test "as text, in 80 columns" {
	stream 8 300 >stream
	chart - stream >text
	diff "$ROOT/tests/unit/golden/chart.txt" text
	[[ ! $(grep -E '.{81}' text) ]]
	for kind in blockers timeline histogram heatmap; do
		chart - --chart-kind "$kind" stream
		echo
	done | sed '$d' >parts
	diff text parts
}

@test "as text of little: no worker, no block, one block" {
	local kind

	for kind in "${KINDS[@]}"; do
		stream 1 0 >stream
		chart - --chart-kind "$kind" stream | grep -qE 'none|No code|When, on which worker'
		stream 1 1 >stream
		chart - --chart-kind "$kind" stream | grep -q .
		printf 'hud-trace 1\nbegin 5\nend 5 duration\n' >stream
		chart - --chart-kind "$kind" stream | grep -q .
	done
}

@test "names of 200 characters are shortened in the middle" {
	stream 2 50 "app::$(printf 'very_long_%.0s' {1..19})::work" >stream
	chart - --chart-kind blockers stream >text
	[[ ! $(grep -E '.{81}' text) ]]
	grep -qE '^ 1  app::very_.*\.\.\..*work[1-7]  src/part[1-7]\.rs' text
	chart x.svg stream
	grep -q 'app::very_.*…' x.svg
}

# A fake gnuplot keeps its input. Hostile names are rows of data and nothing else.
@test "names do not reach gnuplot's code" {
	# Root's gnuplot runs as nobody.
	bin=$(mktemp -d)
	touch script
	chmod 666 script
	printf '#!/bin/sh\ncat >>script; echo drawn\n' >"$bin/gnuplot"
	chmod 755 "$bin" "$bin/gnuplot"
	stream 2 50 'a"`touch\x20owned`\x0aEOD\x0asystem(\x27touch\x20owned\x27)' >stream
	for kind in "${KINDS[@]}"; do
		PATH=$bin:$PATH chart x.svg --chart-kind "$kind" stream
		PATH=$bin:$PATH chart - --chart-kind "$kind" stream
	done
	rm -r "$bin"
	grep -q owned script
	awk '/<< EOD$/ { data = 1; next } /^EOD$/ { data = 0; next } !data && /owned|system|`|"/ { print; bad = 1 } END { exit bad }' script
	for kind in "${KINDS[@]}"; do
		chart x.svg --chart-kind "$kind" stream
	done
	[[ ! -e owned ]]
}

@test "which kinds there are is said, and none without a chart" {
	stream 1 1 >stream
	run -2 --separate-stderr "$POSTPROC" report --chart x.svg --chart-kind pie stream
	[[ $stderr == *"'pie' is not timeline, blockers, histogram, heatmap or all"* ]]
	run -2 --separate-stderr "$POSTPROC" report --chart-kind heatmap stream
	[[ $stderr == *"needs --chart"* ]]
	run -2 --separate-stderr "$ROOT/bin/hud-trace" --chart x.svg --chart-kind pie some-name
	[[ $stderr == *"'pie' is not timeline, blockers, histogram, heatmap or all"* ]]
	run -2 --separate-stderr "$ROOT/bin/hud-trace" --chart-kind heatmap some-name
	[[ $stderr == *"needs --chart"* ]]
	[[ ! -e x.svg ]]
}
