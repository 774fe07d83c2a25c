#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Copied stacks, in modes for which tests/copies.bats has no time. Needs root and BPF.

bats_require_minimum_version 1.5.0
load ../helpers
load ../copies

@test "no program is large for the verifier" {
	start_server "$RELEASE"
	is_small 100000 --stack-size 512
	is_small 100000 --polls estimate
	is_small 100000 --polls uprobe
	is_small 100000 --stacks fp
}

@test "nor where the kernel does not tell when a thread is back" {
	start_server "$RELEASE" GLIBC_TUNABLES=glibc.pthread.rseq=0
	is_small 100000
	is_small 100000 --polls estimate
	(($(grep -c '^tracepoint:rseq' script) == 0))
	is_small 100000 --polls uprobe
	is_small 100000 --stack-size 512
}

@test "100 KiB of frames, where the kernel does not tell when a thread is back: whole" {
	GLIBC_TUNABLES=glibc.pthread.rseq=0 start_deep 100 20000
	start_trace --workers target --duration 3 --record r
	ends_with 0
	grep -qx 'meta rseq no' r
	whole r
}

# How many stacks in `resolved` have a frame whose field $1 is $2.
with() {
	awk -v field="$1" -v text="$2" '$1 == "frame" { has[$2] = has[$2] || $field == text } $1 == "same" { has[$2] = has[$3] }
		END { for (id in has) n += has[id]; print n + 0 }' resolved
}

# How many stacks were found to go on behind what was not copied.
gaps() {
	with 4 found
}

@test "400 KiB of frames: both ends, or all if a larger size is asked for" {
	start_deep 400 60000
	start_trace --workers target --duration 2 --record r
	ends_with 0
	# They reach the thread's first function, but some frames are missing.
	whole r
	(($(gaps) > 10 && $(with 11 begin) > 10))
	start_trace --workers target --duration 3 --stack-size 512 --record r2
	ends_with 0
	whole r2
	(($(gaps) == 0))
}

@test "a script run by hand that walks frame pointers" {
	start_server "$RELEASE"
	start_load
	"$HUD" --pid "$SERVER" --duration 3 --stacks fp --print-script >FILE
	timeout 100 env BPFTRACE_NO_USER_SYMBOLS=1 BPFTRACE_LOG_SIZE=10000000 bpftrace -q FILE >out 2>err 3>&-
	grep -q '^frames ' out
	grep -q '^sleep ' out
}

@test "registers that are not where they should be are counted and said, and nothing is unwound from there" {
	mkdir tree
	cp -r "$ROOT/bin" "$ROOT/probes" tree
	mkdir tree/build
	ln -s "$POSTPROC" tree/build
	sed -i 's/REGISTERS_END=16384/REGISTERS_END=16368/' tree/probes/arch.bash
	! cmp -s tree/probes/arch.bash "$ROOT/probes/arch.bash" || return 1
	start_server "$RELEASE"
	start_load
	HUD=tree/bin/hud-trace start_trace --duration 3 --record r --no-resolve
	ends_with 0
	cut -d ' ' -f 1 r | sort | uniq -c
	awk '$1 == "strange" { n += $3 } END { exit !(n > 9) }' r
	(($(grep -c '^stack ' r) == 0))
	# The first sleeps may have begun before the probes were there.
	awk '$1 == "sleep" { n++; known += $8 != 65535 } END { print n, known; exit !(n > 9 && known < n / 2) }' r
	tr -s ' \n' ' ' <out | grep -qE '[0-9,]+ stacks were not taken, and system calls are not known'
}
