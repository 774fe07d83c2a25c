#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# What tracing costs, and what limits it. Needs root and BPF; skipped without.

bats_require_minimum_version 1.5.0
load helpers
load tracing

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
