#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Which of the machine's timers tracing adds, and when: nothing else may run. Needs root and BPF; skipped without.

bats_require_minimum_version 1.5.0
load helpers
load tracing

# What process $1 runs, as --target of the monitor takes it.
program_of() {
	local fields

	read -ra fields < <(sed 's/.*) //' "/proc/$1/stat")
	echo "$1:${fields[19]}:${fields[25]}"
}

@test "timer interrupts: none are made before there is doubt, and more once polls are long" {
	local tracer busy tick timers

	# CLOCK_MONOTONIC_COARSE
	tick=$(python3 -c 'import time; print(round(1 / time.clock_getres(6)))')
	taskset -c 0 nice bash -c 'while :; do :; done' 3>&- &
	busy=$!
	STARTED+=("$busy")
	# How often each timer fires in a second.
	start_script '^1 at' 'BEGIN { @begun = 0; @worked = (uint64)0; @doubt = (uint64)0; }
		tracepoint:timer:hrtimer_expire_entry /cpu == 0/ { @timer[nsecs / 1000000000, ksym(args->function), args->hrtimer] = count(); }
		interval:s:1 {
			@s = @s + 1;
			if (@s == 1) { @begun = 1; }
			if (@s == 3) { @doubt = (uint64)nsecs; }
			if (@s == 6) { @worked = (uint64)6000000; }
			printf("%d at %d\n", @s, nsecs / 1000000000);
		}'
	"$POSTPROC" monitor --bpftrace "$tracer" --target "$(program_of "$busy")" --rates "5000000:$tick:$((2 * tick)):$((4 * tick))" 2>complaints 3>&- &
	within 120 grep -q '^9 at' out
	# On the one CPU that the process may use.
	(($(find "/proc/$(pgrep -x hud-rate -P "$!")/fd" -lname '*perf_event*' | wc -l) == 1))
	kill -INT "$tracer"
	wait "$!"
	[[ ! -s complaints ]]
	# Some fire twice, and some four times as often as the kernel's tick. Counts them in two seconds
	# before the doubt, and two before and two after a long poll. A virtual machine may miss a third of
	# all.
	timers=$(sed 's/^@timer\[\([0-9]*\), \([a-z_]*\)[^]]*\]: \([0-9]*\)$/timer \1 \3 \2/' out | awk '
		$1 == "timer" && $4 ~ /^tick_/ { tick[$2] = $3 }
		$1 == "timer" { second[++n] = $2; count[n] = $3 }
		$2 == "at" { at[$1] = $3 }
		function say(last,    i, ratio, two, four) {
			for (i = 1; i <= n; i++)
				if ((second[i] == last || second[i] == last - 1) && tick[second[i]]) {
					ratio = count[i] / tick[second[i]]
					two += ratio > 1.4 && ratio < 2.6
					four += ratio > 2.6 && ratio < 5
				}
			print two + 0, four + 0
		}
		END { say(at[3] - 1); say(at[6] - 1); say(at[9] - 1) }')
	echo "$timers"
	awk '{ two[NR] = $1; four[NR] = $2 } END { exit !(two[2] > two[1] && two[3] < two[2] && four[3] > four[2]) }' <<<"$timers"
}
