#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# What tracing costs, and what limits it. Needs root and BPF; skipped without.

bats_require_minimum_version 1.5.0
load helpers

setup_file() {
	export WHY_NOT
	WHY_NOT=$(why_not)
}

setup() {
	STARTED=()
	[[ ! $WHY_NOT ]] || skip "$WHY_NOT"
	cd "$BATS_TEST_TMPDIR" || return
}

teardown() {
	end_started
}

# Starts many-threads $1 $2 $3. Sets SERVER.
start_threads() {
	cc -O1 -o target "$ROOT/tests/many-threads.c" -lpthread
	: >target.out
	./target "$@" >target.out 2>&1 3>&- &
	SERVER=$!
	STARTED+=("$SERVER")
	within 60 grep -qx ready target.out
}

@test "2,000 threads, and 1,000 more each second: all are traced, in bounded memory, and no thread stays stopped" {
	start_threads 2000 500000 1000
	start_trace --workers target --duration 3 --raw
	within 100 grep -q '^begin ' out
	memory=$(kernel_memory "$(marked bpftrace | head -n 1)")
	ends_with 0
	echo "$memory KiB"
	cut -d ' ' -f 1 out | sort | uniq -c
	((memory > 1000 && memory < 262144))
	grep -qE '^end [0-9]+ duration$' out
	(($(grep -c '^gone ' out) > 100))
	(($(awk '$1 == "sleep" { print $3 }' out | sort -u | wc -l) > 1500))
	"$POSTPROC" report out >report
	grep -q '^hud-trace: target (pid ' report
	! grep -hE '^State:\s+[tT]' /proc/"$SERVER"/task/*/status || return 1
	nothing_left
}

@test "--max-overhead: it copies little of stacks, then it ends, and says so" {
	# Enough to cost something on a busy machine as well, but not so much that events are lost there: what says `thin` is one.
	start_threads 8 1000 0
	start_trace --workers target --threshold 0.05 --max-overhead 1 --record r --no-resolve --format text --format json=r.json
	within 150 ended "$TRACE"
	ends_with 0
	cut -d ' ' -f 1 r | sort | uniq -c
	grep -qE '^overhead +tracing costs [0-9]+% of a CPU: ' err
	grep -qE '^overhead .*--max-overhead, 1%: from now on little is copied of stacks$' err
	grep -qE '^thin [0-9]+$' r
	grep -qE '^end [0-9]+ overhead$' r
	# Of few sleeps, but for those that were on their way.
	awk '$1 == "thin" { thin = $2 }
		FNR == NR { next }
		$1 == "sleep" && $2 > thin + 1e8 { if ($9 != "0") copied++; else skipped++ }
		END { print copied + 0, skipped + 0; exit !(skipped > 50 && copied * 5 < skipped) }' r r
	tr -s ' \n' ' ' <out >line
	grep -q '! After .* little was copied of stacks' line
	grep -q '! Tracing was ended because it cost more than --max-overhead allows' line
	jq -e '.trace.ended == "overhead" and .trace.thinned_from_ns > 0' r.json
	[[ $(cat "/proc/$SERVER/comm") == target ]]
	nothing_left
}

# Starts the bpftrace script $2, with output to `out`, and waits for the line $1 in it; sets tracer.
start_script() {
	: >out
	env --default-signal=INT bpftrace -B line -e "$2" >out 2>err 3>&- &
	tracer=$!
	STARTED+=("$tracer")
	within 60 grep -q "$1" out
}

@test "bpftrace's events go to its programs alone, which run as before" {
	local before tracer i

	start_script '^n ' 'tracepoint:sched:sched_process_exec /comm == "true"/ { @n = @n + 1; }
		interval:ms:200 { printf("n %d\n", @n); }'
	"$POSTPROC" monitor --verbose --bpftrace "$tracer" >hushed 3>&- &
	within 60 grep -qE '^overhead .*, [1-9][0-9]* events hushed$' hushed
	before=$(tail -n 1 out)
	for ((i = 0; i < 20; i++)); do
		taskset -c $((i % $(nproc))) true
	done
	more() { (($(tail -n 1 out | cut -d ' ' -f 2) >= ${before#n } + 20)); }
	within 60 more
	kill -INT "$tracer"
	wait "$!"
}

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
