#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Programs built in all ways that change how their stacks are found and named: each frame is compared with
# gdb's, and the result with the table in tests/README.md. `tests/builds` does the work, and prints the table.

bats_require_minimum_version 1.5.0

setup_file() {
	ROOT=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)
	export ROOT
	"$ROOT/tests/builds" >"$BATS_FILE_TMPDIR/table" 2>"$BATS_FILE_TMPDIR/said" 3>&- && ended=0 || ended=$?
	echo "$ended" >"$BATS_FILE_TMPDIR/ended"
}

setup() {
	cd "$BATS_FILE_TMPDIR" || return
	[[ $(cat ended) != 77 ]] || skip "$(cat said)"
}

@test "the stack of every thread of every build is gdb's, frame by frame" {
	cat table said
	[[ $(cat ended) == 0 ]]
	run -1 grep '^differs' said
	(($(grep -c '^| ' table) > 15))
}

@test "tests/README.md shows the table that was printed" {
	sed -n '/^| build /,/^$/p' "$ROOT/tests/README.md" | grep '^|' >shown
	diff shown table >differences || true
	cat differences said
	run -1 grep '^>' differences
	# Rows that are missing are for another elfutils, or could not be built here, as the next test says.
	while IFS='|' read -r _ kind _; do
		[[ $kind == *elfutils* ]] || grep -qF "skipped: ${kind:1:-1}:" said
	done < <(grep '^<' differences)
}

@test "all kinds of builds can be made here" {
	! grep -q '^skipped' said || skip "$(sed -n 's/^skipped: //p' said | paste -sd';')"
}

# The stacks of musl-waits at path $1, in `resolved`, once all of its threads wait.
resolve_waits() {
	"$1" >waits.out 3>&- &
	local pid=$! end=$((SECONDS + 30))

	until [[ $(cat /proc/$pid/task/*/syscall 2>/dev/null | awk '$1 ~ /^(7|35|202|230|271)$/' | wc -l) == 3 ]] || ((SECONDS > end)); do
		sleep 0.1
	done
	{ "$ROOT/build/hud-postproc" head --pid $pid && "$ROOT/build/san/tests/copy-stacks" $pid; } >recording
	"$ROOT/build/hud-postproc" resolve --pid $pid recording >resolved 2>complaints
	kill $pid
	wait $pid || true
}

@test "static musl, whose code has no unwind tables: stacks reach the thread's start, with and without symbols" {
	command -v musl-gcc >/dev/null || skip 'musl-tools is not installed'
	musl-gcc -static -O2 -fasynchronous-unwind-tables -o waits "$ROOT/tests/musl-waits.c"
	resolve_waits "$PWD/waits"
	cat resolved
	awk '$1 == "frame" { chain[$2] = chain[$2] " " $10 } END { for (id in chain) print chain[id] }' resolved | sort >chains
	grep -q ' wait_in_poll descend descend descend .* main ' chains
	grep -q ' pthread_cond_wait wait_for_lock lock start __clone$' chains
	grep -q ' sleep wait_asleep nap start __clone$' chains
	run -1 grep '^frame [^ ]* cut' resolved
	# Of a stack in epoll_wait, the probes copy 1 KiB only.
	awk '$1 == "stack" { $7 = 8 } $1 == "stack" && NF > 7 { NF = 7 } $1 != "words" || $4 < 8' recording >short
	"$ROOT/build/hud-postproc" resolve --target "$PWD/waits" short >resolved 2>complaints
	awk '$1 == "frame" { chain[$2] = chain[$2] " " $10 } END { for (id in chain) print chain[id] }' resolved >chains
	cat chains
	grep -q ' wait_in_poll descend descend descend' chains
	strip -o stripped waits
	resolve_waits "$PWD/stripped"
	(($(grep -c '^frame' resolved) > 15))
	run -1 grep '^frame [^ ]* cut' resolved
}
