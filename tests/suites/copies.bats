#!/usr/bin/env bats
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

# How many frames in `resolved` were found behind a gap in the copy.
gaps() {
	awk '$1 == "frame" && $4 == "found"' resolved | wc -l
}

@test "400 KiB of frames: both ends, or all if a larger size is asked for" {
	start_deep 400 60000
	start_trace --workers target --duration 2 --record r
	ends_with 0
	# They reach the thread's first function, but some frames are missing.
	whole r
	(($(gaps) > 10 && $(awk '$1 == "frame" && $11 == "begin"' resolved | wc -l) > 10))
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
