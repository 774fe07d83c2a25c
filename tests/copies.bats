#!/usr/bin/env bats
# Stacks that are copied: what the kernel verifies for it, how deep they are, who reads them. Needs root and BPF.

bats_require_minimum_version 1.5.0
load helpers
load copies

@test "no program makes the kernel verify more than 100,000 instructions" {
	start_server "$RELEASE"
	is_small 100000
	is_small 100000 --polls uprobe
}

@test "nor where the kernel does not tell when a thread is back" {
	start_server "$RELEASE" GLIBC_TUNABLES=glibc.pthread.rseq=0
	is_small 100000
	(($(grep -c '^tracepoint:rseq' script) == 0))
}

@test "100 KiB of frames without frame pointers: whole" {
	start_deep 100 20000
	start_trace --workers target --duration 3 --record r
	ends_with 0
	whole r
	grep -q '^meta stacks copied (up to 128 KiB)' r
	# The same where the kernel does not tell when a thread is back.
	end_started
	GLIBC_TUNABLES=glibc.pthread.rseq=0 start_deep 100 20000
	start_trace --workers target --duration 3 --record r2
	ends_with 0
	whole r2
}

@test "who reads the copies can do nothing else" {
	local copier

	start_server "$RELEASE"
	start_load
	start_trace --record r
	within 120 begun r.partial
	for copier in $(marked hud-postproc); do
		[[ $(tr '\0' ' ' <"/proc/$copier/cmdline") != *' copies ' ]] || break
	done
	cat "/proc/$copier/status"
	[[ $(tr '\0' ' ' <"/proc/$copier/cmdline") == *' copies ' ]]
	(($(awk '$1 == "Uid:" { print $3 }' "/proc/$copier/status") != 0))
	grep -qE $'^CapEff:\t(0000008000000000|0000000000200000)$' "/proc/$copier/status" # BPF, or SYS_ADMIN before Linux 5.8
	grep -q $'^CapBnd:\t0*$' "/proc/$copier/status"
	grep -q $'^NoNewPrivs:\t1$' "/proc/$copier/status"
	grep -q $'^Seccomp:\t2$' "/proc/$copier/status"
	kill -INT "$TRACE"
	ends_with 0
	nothing_left
}

# How often the threads of the target have gone to sleep.
sleeps() {
	awk '$1 == "voluntary_ctxt_switches:" { n += $2 } END { print n }' "/proc/$SERVER/task/"*/status
}

has_slept() {
	(($(sleeps) >= $1))
}

@test "what is written over before it is read is cut, counted and said" {
	local copier

	start_deep 100 4000
	start_trace --workers target --threshold 2 --record r
	within 120 begun r.partial
	for copier in $(marked hud-postproc); do
		[[ $(tr '\0' ' ' <"/proc/$copier/cmdline") != *' copies ' ]] || break
	done
	kill -STOP "$copier"
	# 100 KiB each time, and room for 8 MiB.
	within 120 has_slept $(($(sleeps) + 200))
	kill -CONT "$copier"
	kill -INT "$TRACE"
	ends_with 0
	grep -E '^torn [0-9]+ [1-9]' r
	tr -s ' \n' ' ' <out | grep -qE '[0-9]+ copied stacks were written over before they were read'
}

@test "a script run by hand: its header tells how" {
	local command

	start_server "$RELEASE"
	start_load
	"$HUD" --pid "$SERVER" --duration 3 --print-script >FILE
	command=$(sed -n '/^$/q; s:^//     sudo \(env .*\) | sudo hud-postproc copies$:\1:p' FILE)
	[[ $command == *' bpftrace -q -B line FILE' ]]
	"$POSTPROC" head --pid "$SERVER" --meta threshold-us=5000 >r
	timeout 100 $command 2>err 3>&- | "$POSTPROC" copies >>r
	whole r
	(($(grep -cE '^(copying|copied|returned) ' r) == 0))
	"$HUD" --pid "$SERVER" --duration 3 --stacks fp --print-script >FILE
	(($(grep -c 'hud-postproc' FILE) == 0))
	timeout 100 env BPFTRACE_NO_USER_SYMBOLS=1 BPFTRACE_LOG_SIZE=10000000 bpftrace -q FILE >out 2>err 3>&-
	grep -q '^frames ' out
	grep -q '^sleep ' out
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

@test "registers that are not where they should be are counted and said, and nothing is unwound from there" {
	mkdir tree
	cp -r "$ROOT/bin" "$ROOT/probes" tree
	mkdir tree/build
	ln -s "$POSTPROC" tree/build
	sed -i 's/REGISTERS_END=16384/REGISTERS_END=16368/' tree/probes/compose.bash
	! cmp -s tree/probes/compose.bash "$ROOT/probes/compose.bash" || return 1
	start_server "$RELEASE"
	start_load
	HUD=tree/bin/hud-trace start_trace --duration 3 --record r
	ends_with 0
	cut -d ' ' -f 1 r | sort | uniq -c
	awk '$1 == "strange" { n += $3 } END { exit !(n > 9) }' r
	(($(grep -c '^stack ' r) == 0))
	# The first may have gone before that was known.
	awk '$1 == "sleep" { n++; known += $8 != 65535 } END { print n, known; exit !(n > 9 && known < n / 2) }' r
	tr -s ' \n' ' ' <out | grep -qE '[0-9,]+ stacks were not taken, and system calls are not known'
	# Where they are right, there are none of these.
	start_trace --duration 3 --record r2
	ends_with 0
	(($(grep -c '^strange ' r2) == 0))
}
