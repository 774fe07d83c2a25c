#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# What is blamed, and why: recordings of the programs in tests/cases, each a situation from real reports. The
# suite of the same name in tests/suites builds and traces them.

bats_require_minimum_version 1.5.0
load helpers

setup() {
	cd "$BATS_TEST_TMPDIR" || return
}

# Reports recording $1: text in `out`, JSON in `report`.
report() {
	"$POSTPROC" report --headless --format json=report "$ROOT/tests/recorded/case-$1.zst"
	"$POSTPROC" report --headless "$ROOT/tests/recorded/case-$1.zst" >out
	cat out
}

# Some blocker of the report satisfies jq's $1.
some() {
	jq -e "[.blockers[] | select($1)] | length > 0" report >/dev/null
}

# Blockers like this have most of the blocked time.
most() {
	jq -e "([.blockers[] | select(.reason | IN(\"run-queue\", \"throttled\") | not)] | map(.total_ns) | add) as \$all |
		([.blockers[] | select($1) | .total_ns] | add) > 0.9 * \$all" report >/dev/null
}

@test "an executor's block_on inside a task" {
	report block-on
	most '.reason == "block-on" and .function == "<blockon::Remote as Store>::get" and .task == "blockon::handler" and
		(.advice | contains(".await"))'
}

@test "std::process: output, status, what a child writes, and forking a large process" {
	report child
	for name in repository_status run_hook convert_image; do
		some ".reason == \"child\" and .function == \"childproc::$name\" and (.advice | contains(\"tokio::process\"))"
	done
	most '.reason == "child"'
	some '.parties[0] | .same_process == false and .name == "sleep"'
	report fork
	some '.reason == "child" and .function == "childproc::start_sandbox"'
	! some '.function == "childproc::start_sandbox" and (.reason | IN("child", "run-queue") | not)' || return 1
}

@test "system(3), fork and waitpid of the C library" {
	report libc-child
	for name in spawn_libc wait_libc; do
		some ".reason == \"child\" and .function == \"kinds::$name\""
	done
	most '.reason == "child"'
}

@test "dropping something large is named after its type, in the task that owned it" {
	report drop
	most '.reason == "computing" and (.function | startswith("drop of bigdrop::")) and .task == "bigdrop::session" and
		(.advice | contains("drop(value)"))'
	jq -e '[.tasks[].task] == ["bigdrop::session"]' report >/dev/null
}

@test "standard output that nobody reads: who writes, who waits for it, and who does not read" {
	report stdout
	most '.reason == "stdout" and .function == "slowpipe::log_request" and (.advice | contains("non_blocking"))'
	some '[.parties[] | select(.name == "python3" and (.same_process | not))] | length == 1'
	grep -q '^    read by     python3 (process [0-9]*)' out
}

@test "reads and writes are told by what the descriptor is: standard output, standard input, a pipe" {
	report raw-stdout
	most '.reason == "stdout" and .function == "kinds::raw_write"'
	report stdin
	most '.reason == "stdin" and .function == "kinds::read_stdin" and (.advice | contains("tokio::io::stdin"))'
	report pipe
	most '.reason == "pipe" and .function == "kinds::read_pipe"'
}

@test "locks on files, and who had them" {
	report file-lock
	for name in lock_registry fcntl_lock lock_std; do
		some ".reason == \"file-lock\" and .function == \"filelock::$name\" and
			(.parties[0] | .name == \"filelock\" and (.same_process | not))"
	done
	some '.reason == "socket" and .function == "filelock::syslog_line" and .parties[0].name == "logd"'
	! some '.reason == "syscall" and .function != "(unknown)"' || return 1
}

@test "what sleeps inside a library is not std::thread::sleep; who waits for rayon is told to await" {
	report sqlite
	most '.reason == "sleep" and .function == "sqlite::save_order" and (.advice | contains("spawn_blocking") and
		(contains("std::thread::sleep") | not))'
	report driver
	some '.reason == "sleep" and (.advice | contains("std::thread::sleep"))'
	report rayon
	most '.reason == "lock" and .function == "kinds::with_rayon" and (.advice | contains("oneshot"))'
}

@test "a wait that its timeout ended was ended by nobody" {
	report timer
	some '.function == "timedwait::get_connection" and .reason == "lock" and
		([.parties[] | select(.role == "waker")] | length == 1 and .[0].name == "timer" and .[0].tid == 0)'
	grep -q '^    released by a timer' out
	run -1 grep 'released by indexer' out
}

@test "timers and I/O of the whole runtime stand still while one worker is blocked" {
	report driver
	jq -e '.summary.driver_unpolled | .count == 5 and .total_ns > 1900000000 and .max_ns < 500000000 and
		.function == "iodriver::parse_upload"' report
	tr -s ' \n' ' ' <out | grep -qE 'nobody polled the I/O and timer driver for 2\.[0-9]+ s \(5 times, .* blocked in iodriver::parse_upload'
}

@test "all threads of a runtime in block_in_place: where they are" {
	report in-place
	jq -e '.summary.in_block_in_place | length == 1 and .[0].threads == 4 and
		(.[0].place | startswith("inplace::load_profile /"))' report
	grep -q '^  - 4 in inplace::load_profile ' out
	run -1 grep -E 'tokio_unstable|Put load' out
}

@test "two libraries with a Tokio each: both are told apart by their state" {
	report libraries
	jq -e '.target.polls | startswith("tls ") and contains("in libcolframe.so") and contains("in liblakestore.so")' report
	some '.reason == "lock" and .function == "colframe::convert_result" and (.task | startswith("colframe::"))'
	some '.reason == "computing" and .function == "lakestore::decode_footer" and (.task | startswith("lakestore::"))'
	some '.reason == "sleep" and .function == "lakestore::read_log" and (.task | startswith("lakestore::"))'
	run -1 grep 'nobody polled the I/O and timer driver' out
}

@test "stacks that grow on the heap, four on top of each other: whole, with the task" {
	report fibers
	jq -e '.trace | .stacks > 5 and .stacks_cut == 0' report
	some '.reason == "computing" and .task == "fiber::plan_query" and .function == "fiber::burn"'
	most '.task == "fiber::plan_query" and (.function | IN("fiber::burn", "fiber::fetch_statistics"))'
}

@test "a CPU quota that was used up is nobody else's fault" {
	report quota
	jq -e '.summary.cpu_quota | .quota_ns == 20000000 and .period_ns == 100000000 and .throttled_periods > 30 and
		.throttled_ns > 1000000000' report
	grep -q '^  throttled  1\.[0-9]* s in 3[0-9] periods of 100 ms: quota 0\.2 CPUs, 2 workers' out
	some '.reason == "throttled" and .function == "quota::burn" and .parties == [] and (.advice | contains("quota"))'
}

@test "a process that was stopped was not computing, nor did its driver stand still" {
	report stopped
	most '.reason == "computing" and .function == "kinds::compute" and .max_ns < 100000000'
	jq -e '.summary | .stops == 1 and .stopped_ns > 400000000 and .stopped_ns < 410000000' report
	grep -q '^  stopped    401 ms in 1 stop' out
	run -1 grep 'nobody polled' out
}

@test "a sleep that has not ended when the trace does has its stack" {
	report unended
	most '.reason == "pipe" and .function == "kinds::read_pipe" and (.task | startswith("kinds::every"))'
	grep -q 'unfinished  1 of 1 had not ended when the trace did' out
}

@test "the body of #[tokio::main] runs on a thread that is no worker: told as that, and counted apart" {
	report main-future
	some '.main_future and .reason == "sleep" and .function == "mainloop::redraw_screen" and .task == "mainloop::main" and
		(.durations.p50_ns | . > 24000000 and . < 30000000) and (.estimated | not)'
	some '.main_future and .reason == "computing" and .function == "mainloop::layout_widgets" and
		(.durations.p50_ns | . > 10000000 and . < 20000000) and .estimated'
	jq -e '.summary | .blocked_ns == 0 and (.main_futures | .threads == 1 and .blocks > 40 and .blocked_ns > 1000000000)' report
	jq -e '[.workers[].role] == ["main-future", "worker", "worker"]' report
	# The workers' time is that of two threads.
	jq -e '.summary.worker_time_ns == 2 * .trace.duration_ns' report
	grep -q '^hud-trace: mainloop (pid [0-9]*): 2 workers ' out
	grep -q '^No code blocked a worker; the main future was blocked 56' out
	grep -q '^    main future mainloop::main' out
	"$POSTPROC" report --headless --format prometheus=metrics "$ROOT/tests/recorded/case-main-future.zst" >/dev/null
	grep -q '^hud_trace_main_future_blocked_seconds_total{.*function="mainloop::redraw_screen",reason="sleep"' metrics
	grep -qE '^hud_trace_workers\{.*\} 2$' metrics
	run -1 grep -E '^hud_trace_blocked_seconds_total.*mainloop::' metrics
}

@test "the body of a current-thread runtime: by its stacks, beside the tasks, which Tokio's state tells apart" {
	report current-thread
	some '.reason == "sleep" and .function == "kinds::pause" and .count > 30 and (.main_future | not) and (.estimated | not)'
	some '.reason == "sleep" and .function == "kinds::usleep_c" and .task == "kinds::every" and .count > 30'
	jq -e '[.workers[] | select(.blocked_ns > 0) | .role] == ["current-thread"]' report
	# Where the state of another build shows these polls, they are not counted twice.
	zstdcat "$ROOT/tests/recorded/case-current-thread.zst" | grep -v '^meta block-on' >stream
	"$POSTPROC" report --headless --format json=report stream >out
	cat out
	! some '.function == "kinds::pause" and .reason == "sleep"' || return 1
	some '.function == "kinds::usleep_c"'
}

@test "on which descriptor a call slept is told by the probes, what that is by whoever looked at it" {
	zstdcat "$ROOT/tests/recorded/case-pipe.zst" >whole
	# Every second read uses descriptor 9, a file, instead of the pipe. Its name makes no timer of it.
	awk '$1 == "sleep" && $8 == 0 { printf "descriptor %.0f %s 0 %d - -\n", $2 - 1, $3, n++ % 2 ? 9 : 3 }
		{ print }
		$1 == "begin" { print "descriptor", $2, 1, 0, 9, "file /var/log/[timerfd].log" }' whole >stream
	"$POSTPROC" report --headless --format json=report stream >out
	cat out
	some '.function == "kinds::read_pipe" and .reason == "pipe"'
	some '.function == "kinds::read_pipe" and .reason == "file-io"'
	jq -e '[.blockers[] | select(.function == "kinds::read_pipe") | .count] | (.[0] - .[1]) as $n | $n >= -1 and $n <= 1' report
}
