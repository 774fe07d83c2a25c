#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Many workers, and many names: they are values in the script's maps. The last tests need root and BPF.

bats_require_minimum_version 1.5.0
load helpers

setup_file() {
	export WHY_NOT=''
	WHY_NOT=$(why_not)
	# A copy, so that threads can be renamed in its head.
	mkdir -p "$BATS_FILE_TMPDIR/tree/build"
	cp -r "$ROOT/bin" "$ROOT/probes" "$BATS_FILE_TMPDIR/tree"
	cat >"$BATS_FILE_TMPDIR/tree/build/hud-postproc" <<-END
		#!/bin/bash
		if [[ \$1 == head ]]; then
			"$POSTPROC" "\$@" --workers target | awk -v names="\$TEST_NAMES" '
				/^thread / && names && \$4 == 1 && \$2 != pid { \$5 = "worker-" n++ % names; NF = 5 }
			/^meta pid / { pid = \$3 }
			{ print }'
		else
			exec "$POSTPROC" "\$@"
		fi
	END
	chmod +x "$BATS_FILE_TMPDIR/tree/build/hud-postproc"
}

setup() {
	STARTED=()
	cd "$BATS_TEST_TMPDIR"
}

teardown() {
	end_started
}

# Starts $1 threads that sleep for half a second, repeatedly. Sets SERVER.
start_threads() {
	cc -O1 -o target "$ROOT/tests/many-threads.c" -lpthread
	./target "$1" 500000 0 >target.out 2>&1 3>&- &
	SERVER=$!
	STARTED+=("$SERVER")
	within 60 grep -qx ready target.out
}

needs_bpf() {
	[[ ! $WHY_NOT ]] || skip "$WHY_NOT"
}

# How many ms of CPU time composing a script for the process takes.
cost() {
	local TIMEFORMAT='%U %S'

	{ time "$HUD" --pid "$SERVER" --workers target --print-script >script; } 2>&1 | awk '{ print int(1000 * ($1 + $2)) }'
}

@test "a script for 3,000 workers is composed in linear time" {
	local few many

	start_threads 300
	few=$(cost)
	end_started
	start_threads 3000
	many=$(cost)
	echo "300: $few ms, 3000: $many ms"
	(($(grep -c '@worker\[[0-9]*\] = 1;' script) == 3001))
	# Ten times the time (and what one worker costs), with room for other load; quadratic time would be a
	# hundred times.
	((many < 20 * few + 2000))
}

@test "64 names of workers are loaded" {
	needs_bpf
	start_threads 128
	TEST_NAMES=64 "$BATS_FILE_TMPDIR/tree/bin/hud-trace" --pid "$SERVER" --polls estimate --print-script >script
	(($(grep -o '@watched\["worker-[0-9]*"\] = 1;' script | wc -l) == 64))
	verified script >counts
	are_small 100000 counts
}

# $1: how a thread that is renamed to a worker's name later is recognised. It sleeps for half a second,
# repeatedly.
finds_renamed() {
	cat >renamed.c <<-'C'
		#define _GNU_SOURCE
		#include <pthread.h>
		#include <stdio.h>
		#include <unistd.h>
		static void *late(void *go) { read(0, go, 1); pthread_setname_np(pthread_self(), "target"); for (;;) usleep(500000); }
		static void *worker(void *unused) { for (;;) usleep(500000); return unused; }
		int main(void) { char go; pthread_t t; pthread_create(&t, 0, worker, 0); pthread_create(&t, 0, late, &go); pthread_setname_np(t, "other");
			puts("ready"); fflush(stdout); for (;;) usleep(500000); }
	C
	cc -O1 -o target renamed.c -lpthread
	mkfifo go
	./target <go >target.out 2>&1 3>&- &
	SERVER=$!
	STARTED+=("$SERVER")
	exec 9>go
	within 60 grep -qx ready target.out
	tid=$(grep -lx other "/proc/$SERVER"/task/*/comm | cut -d / -f 5)
	OUT=out start_trace "$@" --polls estimate --threshold 100 --raw
	within 100 grep -q '^begin ' out
	grep -qxE "thread $tid [a-z-]+ 0 other" out
	echo go >&9
	exec 9>&-
	within 60 grep -qE "^sleep [0-9]+ $tid " out
	kill -INT "$TRACE"
	ends_with 0
}

@test "a thread that takes a worker's name later is a worker" {
	needs_bpf
	finds_renamed --workers target
	end_started
	rm go
	# Names that were found are values in a map.
	HUD=$BATS_FILE_TMPDIR/tree/bin/hud-trace finds_renamed
}

@test "3,000 workers are traced" {
	needs_bpf
	start_threads 3000
	timeout 800 "$HUD" --pid "$SERVER" --workers target --threshold 100 --duration 3 --raw >out 2>err
	cat err
	grep -q '^begin' out
	awk '$1 == "sleep" && !seen[$3]++ { n++ } END { print n + 0 " workers slept"; exit !(n > 2000) }' out
}
