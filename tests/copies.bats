#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Copied stacks: what the kernel verifies, how deep stacks may be, which process reads them. Needs root and
# BPF.

bats_require_minimum_version 1.5.0
load helpers
load copies

@test "no program is large for the verifier" {
	start_server "$RELEASE"
	is_small 100000
}

# How often the target's threads have gone to sleep.
sleeps() {
	awk '$1 == "voluntary_ctxt_switches:" { n += $2 } END { print n }' "/proc/$SERVER/task/"*/status
}

has_slept() {
	(($(sleeps) >= $1))
}

# Sets COPIER to the process that reads the copies.
find_copier() {
	for COPIER in $(marked hud-postproc); do
		[[ $(tr '\0' ' ' <"/proc/$COPIER/cmdline") != *' copies '* ]] || return 0
	done
	return 1
}

# The recording $1, which is still being written, has as many stacks as whole() requires.
has_copies() {
	awk '$1 == "sample" && $6 != "0" { samples++ } $1 == "sleep" && $9 != "0" { sleeps++ } END { exit !(samples > 2 && sleeps > 9) }' "$1"
}

# One trace: first undisturbed, then with the process that reads the copies stopped for a while.
@test "100 KiB of frames without frame pointers: whole; who reads them can do nothing else, and what it comes too late for is cut, counted and said" {
	start_deep 100 20000
	start_trace --workers target --record r
	within 120 begun r.partial
	within 120 has_copies r.partial
	find_copier
	cp r.partial so-far
	# Ignores those whose stack is not written yet, and the last one: a stack follows its event.
	awk 'FNR == NR { if ($1 == "stack") here[last = $2]; next }
		FNR == 1 { delete here[last] }
		!($1 == "sample" && $6 != "0" && !($6 in here) || $1 == "sleep" && $9 != "0" && !($9 in here))' so-far so-far >before
	whole before
	grep -q '^meta stacks copied (up to 128 KiB)' before
	(($(grep -c '^strange ' before) == 0))
	cat "/proc/$COPIER/status"
	(($(awk '$1 == "Uid:" { print $3 }' "/proc/$COPIER/status") != 0))
	grep -qE $'^CapEff:\t(0000008000000000|0000000000200000)$' "/proc/$COPIER/status" # BPF, or SYS_ADMIN before Linux 5.8
	grep -q $'^CapBnd:\t0*$' "/proc/$COPIER/status"
	grep -q $'^NoNewPrivs:\t1$' "/proc/$COPIER/status"
	grep -q $'^Seccomp:\t2$' "/proc/$COPIER/status"
	kill -STOP "$COPIER"
	# 100 KiB each, in a ring of 8 MiB.
	within 120 has_slept $(($(sleeps) + 200))
	kill -CONT "$COPIER"
	kill -INT "$TRACE"
	ends_with 0
	grep -E '^torn [0-9]+ [1-9]' r
	tr -s ' \n' ' ' <out | grep -qE '[0-9]+ copied stacks were written over before they were read'
	nothing_left
}

@test "a script run by hand: its header tells how" {
	local command

	start_server "$RELEASE"
	start_load
	"$HUD" --pid "$SERVER" --duration 3 --print-script >FILE
	command=$(sed -n '/^$/q; s:^//     sudo \(env .*\) | sudo hud-postproc copies$:\1:p' FILE)
	[[ $command == *' bpftrace -q --no-warnings -B line FILE' ]]
	"$POSTPROC" head --pid "$SERVER" --meta threshold-us=5000 >r
	timeout 100 $command 2>err 3>&- | "$POSTPROC" copies >>r
	whole r
	(($(grep -cE '^(copying|copied|returned) ' r) == 0))
	"$HUD" --pid "$SERVER" --duration 3 --stacks fp --print-script >FILE
	(($(grep -c 'hud-postproc copies' FILE) == 0))
}

@test "without the right to read the maps, it says so and events come without stacks" {
	start_server "$RELEASE"
	printf 'copying %d 64 4096 0 1000 2000 0 0\ncopied 8000000000000040 7 1500 7000 7010 328\nsample 5 7 0 1 8000000000000040\n' "$SERVER" |
		"$POSTPROC" copies >out 2>err
	cat out err
	grep -q "^hud-postproc copies: no stacks: the maps of process $SERVER cannot be read: " err
	grep -q '^stack [0-9a-f]* 7 1500 7000 7010 0$' out
	grep -qE '^sample 5 7 0 1 [0-9a-f]+$' out
	grep -qE '^torn [0-9]+ 1$' out
}
