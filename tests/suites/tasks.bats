#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# hud-trace tasks, on a program of which tasks stand still while very many others come and go: those that stand are found, with their
# awaits, and none is made up. And on a program that was built with tokio_unstable.

bats_require_minimum_version 1.5.0
load ../helpers

LOOKS=100

setup() {
	cd "$BATS_TEST_TMPDIR" || return
	STARTED=()
	((!EUID)) || skip 'LIVE TESTS NEED ROOT'
}

teardown() {
	end_started
}

@test "a storm: 50,000 tasks and more come and go while it looks $LOOKS times" {
	start_program "$("$ROOT/tests/standing/build" "$ROOT/build/standing")" 2000 200
	"$POSTPROC" tasks --pid "$PROGRAM" --watch 0.1 --format json >looks 3>&- {INPUT}>&- &
	WATCHER=$!
	STARTED+=("$WATCHER")
	looked() {
		(($(wc -l <looks) >= LOOKS))
	}
	within 600 looked
	kill "$WATCHER"
	# The program's own tasks by what they wait for, in each look. A last line may be cut.
	head -n "$LOOKS" looks | jq -c '
		def leaf: .awaits | if . then [recurse(.children[])] | last.waits_for else null end;
		.tasks | {
			sleepers: map(select(.future == "standing::sleeper")) | {found: length, right: map(select(leaf == "sleep")) | length},
			waiters: map(select(.future == "standing::waiter")) | {found: length, right: map(select(leaf == "mutex")) | length},
			readers: map(select(.future == "standing::reader")) | {found: length, right: map(select(leaf == "socket")) | length},
			wrong: map(select((.future == "standing::sleeper" and leaf != "sleep" and leaf) or
				(.future == "standing::waiter" and leaf != "mutex" and leaf) or
				(.future == "standing::receiver" and leaf != "channel" and leaf) or
				(.future == "standing::reader" and leaf != "socket" and leaf))) | length,
			nameless: map(select(.future == null)) | length,
			last_id: map(.id) | max}' >sums
	jq -s '{looks: length, found: (map(.sleepers.found) | add), right: (map(.sleepers.right) | add), wrong: (map(.wrong) | add),
		came: (map(.last_id) | max - min)}' sums | tee all
	[[ $(jq -s length sums) == "$LOOKS" ]]
	# 2003 sleepers stand in all looks: of a thousand at most one is not found, and none of the chains is a wrong one.
	jq -e '.found >= 0.999 * .looks * 2003 and .found <= .looks * 2003' all
	jq -e '.right >= 0.999 * .looks * 2003 and .wrong == 0' all
	jq -se 'all(.waiters.found <= 20 and .readers.found <= 5 and .nameless == 0)' sums
	jq -e '.came >= 50000' all
}

@test "tokio_unstable: with debug info, the same tasks, at the same awaits" {
	BINARY=$(RUSTFLAGS='--cfg tokio_unstable' "$ROOT/tests/standing/build" "$ROOT/build/standing-unstable")
	start_program "$BINARY"
	"$POSTPROC" tasks --pid "$PROGRAM" >text
	cat text
	"$POSTPROC" tasks --pid "$PROGRAM" --format json >tasks.json
	jq -e '[.tasks[] | select(.future == "standing::sleeper")] | length == 43 and
		all(.awaits | [recurse(.children[])] | last.waits_for == "sleep")' tasks.json
	jq -e '[.tasks[] | select(.future == "standing::waiter")] | length == 20 and
		all(.awaits | [recurse(.children[])] | last.waits_for == "mutex")' tasks.json
	jq -e '[.runtimes[].tasks] | sort == [0, 4, 5, 6, 98]' tasks.json
	grep -qF 'Tokio was built with tokio_unstable' text || [[ $(jq -c '[.runtimes[].workers | select(.)] | sort' tasks.json) == '[1,2]' ]]
}
