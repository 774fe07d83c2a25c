#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# The built program: hardened, and without a trace of where it was built.

setup() {
	ROOT=$(cd "$BATS_TEST_DIRNAME/.." && pwd)
	POSTPROC=$ROOT/build/hud-postproc
	cd "$BATS_TEST_TMPDIR"
}

@test "hardening: position independent, nothing writable that need not be, checked" {
	readelf -dW "$POSTPROC" >dynamic
	grep -q 'FLAGS_1.*NOW.*PIE' dynamic
	! grep -E 'RPATH|RUNPATH|TEXTREL' dynamic || return 1
	readelf -lW "$POSTPROC" >segments
	grep -q 'GNU_RELRO' segments
	grep -qE 'GNU_STACK .* RW +0x' segments
	! grep -E '^ *(LOAD|GNU_STACK) .* RWE' segments || return 1
	readelf --dyn-syms -W "$POSTPROC" >symbols
	grep -q ' __stack_chk_fail' symbols
	grep -q ' __memcpy_chk' symbols
}

@test "hardening: what is compiled here can be entered at its functions alone" {
	[[ $(uname -m) == x86_64 ]] || skip "it is x86-64's"
	readelf -nW "$ROOT/build/resolve/unwind/unwind.o" | grep -q 'x86 feature: IBT, SHSTK'
}

@test "of libiberty, nothing that is under the GPL alone, and not its obstack: glibc has one with other types" {
	nm "$POSTPROC" >symbols
	grep -q ' t htab_find_slot$\| T htab_find_slot$' symbols
	grep -q ' U _obstack_newchunk@' symbols
	! grep ' objalloc_' symbols || return 1
}

@test "reproducible: nothing in it tells where it was built" {
	! grep -aF -e "$ROOT/postproc" -e "$ROOT/build" "$POSTPROC" || return 1
	readelf --debug-dump=info "$POSTPROC" >info 2>/dev/null
	grep -q 'DW_AT_comp_dir.*: \.$' info
	! grep 'DW_AT_comp_dir' info | grep -F ": $ROOT" || return 1
}

@test "licence: each source file has its SPDX line at its start; in Rust at its end, because recordings name lines" {
	local file lines
	cd "$ROOT"
	grep -q '^ *Apache License$' LICENSE
	find . \( -path ./.git -o -path ./build -o -name target -o -path ./tests/fuzz/corpus -o -path ./tests/recorded \) -prune \
		-o -type f \( -name '*.[ch18]' -o -name '*.bash*' -o -name '*.bats' -o -name '*.bt' -o -name '*.awk' -o -name '*.py' \
		-o -name '*.rs' -o -name '*.proto' -o -name Makefile \) -print -o -type f -perm -u+x -exec grep -lI '^#!' {} + \
		>"$BATS_TEST_TMPDIR/sources"
	(($(wc -l <"$BATS_TEST_TMPDIR/sources") > 400))
	while read -r file; do
		if [[ $file == *.rs ]]; then lines=$(tail -n 1 "$file"); else lines=$(head -n 2 "$file"); fi
		[[ $lines == *'SPDX-License-Identifier: Apache-2.0'* ]] || echo "$file"
	done <"$BATS_TEST_TMPDIR/sources" >"$BATS_TEST_TMPDIR/without"
	diff /dev/null "$BATS_TEST_TMPDIR/without"
}
