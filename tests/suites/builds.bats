#!/usr/bin/env bats
# Programs built in every way that changes how their stacks are found and named: frame by frame as gdb has them, and the
# table of it in README.md. `tests/builds` does the work, and prints the table.

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

@test "README.md shows the table that was printed" {
	sed -n '/^| build /,/^$/p' "$ROOT/README.md" | grep '^|' >shown
	diff shown table >differences || true
	cat differences said
	run -1 grep '^>' differences
	# What it shows besides is for another elfutils, or could not be built here, as the next test says.
	while IFS='|' read -r _ kind _; do
		[[ $kind == *elfutils* ]] || grep -qF "skipped: ${kind:1:-1}:" said
	done < <(grep '^<' differences)
}

@test "all kinds of builds can be made here" {
	! grep -q '^skipped' said || skip "$(sed -n 's/^skipped: //p' said | paste -sd';')"
}
