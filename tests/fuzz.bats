#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# The fuzzers' corpora: all inputs that once did harm, and damaged variants of each, the same every time. Uses
# gcc's sanitizers; `make fuzz` looks for new inputs.

@test "fuzz: no input does harm" {
	cd "$BATS_TEST_DIRNAME/.."
	fuzz=build/san/tests/fuzz
	mapfile -t targets < <("$fuzz")
	((${#targets[@]} > 5))
	# A file may ask for too much memory: then malloc() fails, as it does under a memory limit.
	export ASAN_OPTIONS=allocator_may_return_null=1:max_allocation_size_mb=256
	for target in "${targets[@]}"; do
		echo "$target"
		files=(tests/fuzz/corpus/"$target"/*)
		timeout 600 "$fuzz" "$target" -variants=9 "${files[@]}" >"$BATS_TEST_TMPDIR/out" 2>&1 ||
			{ tail -n 60 "$BATS_TEST_TMPDIR/out" && return 1; }
		(($(grep -c ' variant [0-9]$' "$BATS_TEST_TMPDIR/out") == 10 * ${#files[@]}))
	done
}

@test "fuzz: no word of a head reaches a shell, a script or a terminal" {
	timeout 120 "$BATS_TEST_DIRNAME/fuzz/head" 3 1
}
