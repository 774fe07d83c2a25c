#!/usr/bin/env bats
# The fuzzers' corpora, which hold whatever has done harm once, and some inputs made of them: the same ones each time.

@test "fuzz: no input does harm" {
	cd "$BATS_TEST_DIRNAME/.."
	mapfile -t targets < <(build/fuzz/tests/fuzz)
	FUZZ_RUNS=400 run tests/fuzz/run
	echo "$output"
	((status == 0))
	# Each has run them all, and those of its corpus.
	((${#targets[@]} > 5 && $(grep -c 'Done [0-9]* runs' <<<"$output") == ${#targets[@]}))
}
