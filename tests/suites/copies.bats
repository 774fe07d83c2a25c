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
	# Four times the default: a program copies more than one stack.
	is_small 150000 --stack-size 512
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
