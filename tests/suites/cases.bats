#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# What is blamed, and why, live: the programs of tests/cases, built and traced. tests/cases.bats has
# recordings of them.

bats_require_minimum_version 1.5.0
load ../helpers
load ../tracing

# Builds case $1, or skips the test.
build() {
	PROGRAM=$("$ROOT/tests/cases/build" "$1" 2>built) || skip "CANNOT BE BUILT HERE: $(grep -m 1 '^error' built)"
}

# Starts a program whose standard output goes to a reader that pauses between reads; sets SERVER.
start_read_slowly() {
	# shellcheck disable=SC2094 # that is the pipe
	"$@" 2>truth 3>&- > >(exec /usr/bin/python3 -c 'import os, time
while os.read(0, 65536): time.sleep(0.05)') &
	SERVER=$!
	STARTED+=("$SERVER")
}

start() {
	"$@" >/dev/null 2>truth 3>&- &
	SERVER=$!
	STARTED+=("$SERVER")
}

# Traces it for $1 seconds, once it has printed something: text in `out`, JSON in `report`.
trace() {
	within 60 grep -q . truth
	"$HUD" --pid "$SERVER" --duration "$1" --headless --record rec >out 2>err 3>&-
	"$POSTPROC" report --headless --format json=report rec
	cat out
}

# Its workers exist.
started_workers() {
	(($(cat "/proc/$SERVER/task/"*/comm 2>/dev/null | grep -c '^tokio-r') >= 2))
}

some() {
	jq -e "[.blockers[] | select($1)] | length > 0" report >/dev/null
}

@test "block_on" {
	build blockon
	start "$PROGRAM"
	trace 3
	some '.reason == "block-on" and .function == "<blockon::Remote as Store>::get" and .task == "blockon::handler"'
}

@test "child processes" {
	build childproc
	start "$PROGRAM"
	trace 3
	for name in repository_status run_hook convert_image; do
		some ".reason == \"child\" and .function == \"childproc::$name\""
	done
	! some '(.reason | IN("child", "run-queue") | not) and .function != "(unknown)"' || return 1
}

@test "drops" {
	build bigdrop
	start "$PROGRAM"
	trace 4
	some '.function == "drop of bigdrop::SessionCache" and .task == "bigdrop::session"'
}

@test "standard output" {
	build slowpipe
	start_read_slowly "$PROGRAM"
	trace 3
	some '.reason == "stdout" and .function == "slowpipe::log_request" and any(.parties[]; .name == "python3")'
	grep -q '^    read by     python3' out
}

@test "file locks" {
	build filelock
	start "$PROGRAM" hold
	start "$PROGRAM"
	trace 3
	for name in lock_registry fcntl_lock lock_std; do
		some ".reason == \"file-lock\" and .function == \"filelock::$name\" and .parties[0].name == \"filelock\""
	done
}

@test "SQLite" {
	build sqlite
	start "$PROGRAM"
	trace 3
	some '.reason == "sleep" and .function == "sqlite::save_order" and (.advice | contains("spawn_blocking"))'
}

@test "a wait whose time was over" {
	build timedwait
	start "$PROGRAM"
	trace 3
	some '.function == "timedwait::get_connection" and .parties[0].name == "timer"'
	# The probes report this; it is not concluded from stacks.
	grep -qx 'meta wakers process' rec
	# Of a sleep that had not ended when the trace did nobody knows what would have ended it.
	awk '$1 == "sleep" && $7 == "S" && $8 == 202 { n++; timer += $10 == 0 && $11 == 0 && $12 == "0" && $13 ~ /^timer(\\x00|$)/ }
		END { print n, timer; exit !(n > 9 && timer == n) }' rec
	run -1 grep 'released by indexer' out
}

# Stops the server twice for 0.3 s, while it is traced to recording `rec`.
stop_twice() {
	local i

	within 60 eval 'grep -qas "^begin" rec.partial'
	for i in 1 2; do
		kill -STOP "$SERVER"
		sleep 0.3
		kill -CONT "$SERVER"
		sleep 0.2
	done
}

# In both modes: the kernel shows that a worker returns to user mode, or (without restartable sequences) only
# that it leaves its CPU.
@test "a process that is stopped" {
	build kinds
	local tunables stopper

	for tunables in glibc.pthread.rseq=1 glibc.pthread.rseq=0; do
		GLIBC_TUNABLES=$tunables start "$PROGRAM" busy
		within 60 started_workers
		stop_twice &
		stopper=$!
		trace 3
		wait "$stopper"
		# Both workers compute nearly all of the time.
		jq -e '.summary | .stops >= 1 and .stopped_ns > 250000000 * .stops' report
		some '.function == "kinds::compute" and .reason == "computing" and .max_ns < 200000000'
		end_started
	done
}

# Once the trace ends by itself, and once it is interrupted.
@test "a sleep that has not ended when the trace does" {
	build kinds
	local duration

	mkfifo tell
	exec {TELL}<>tell
	for duration in 3 ''; do
		start "$PROGRAM" never <tell
		within 60 started_workers
		: >err
		"$HUD" --pid "$SERVER" ${duration:+--duration "$duration"} --headless --record rec >out 2>err 3>&- &
		TRACE=$!
		STARTED+=("$TRACE")
		within 60 eval 'grep -q "began after" err'
		echo >&"$TELL"
		# A worker reads, but not standard input.
		within 60 eval 'grep -q "^0 0x[1-9a-f]" "/proc/$SERVER/task/"*/syscall'
		[[ $duration ]] || kill -INT "$TRACE"
		wait "$TRACE"
		"$POSTPROC" report --headless --format json=report rec
		cat out
		some '.function == "kinds::read_pipe" and (.task | startswith("kinds::every")) and .reason != "computing"'
		run -1 grep '(unknown)' out
		end_started
	done
}

# By Tokio's state, by its name, and with a kernel that shows less.
@test "the body of #[tokio::main]" {
	build mainloop
	local options tunables=

	for options in '' '--workers mainloop' '--polls uprobe' tunables; do
		[[ $options != tunables ]] || options='' tunables=glibc.pthread.rseq=0
		GLIBC_TUNABLES=$tunables start "$PROGRAM"
		within 60 grep -q . truth
		# shellcheck disable=SC2086 # options
		"$HUD" --pid "$SERVER" --duration 2 --headless --record rec $options >out 2>err 3>&-
		"$POSTPROC" report --headless --format json=report rec
		cat out
		some '.main_future and .function == "mainloop::redraw_screen" and .reason == "sleep"'
		some '.main_future and .function == "mainloop::layout_widgets" and .reason == "computing"'
		jq -e '.summary.main_futures.threads == 1 and .summary.blocked_ns == 0' report
		end_started
	done
}

@test "the body of #[tokio::main], stripped" {
	build mainloop
	strip -o mainloop "$PROGRAM"
	start ./mainloop
	trace 3
	grep -q '; 1 thread polls the main future of a runtime$' err
	some '.main_future and .reason == "sleep" and (.function | startswith("mainloop+0x"))'
	some '.main_future and .reason == "computing" and (.function | startswith("mainloop+0x"))'
	jq -e '.summary.main_futures.threads == 1 and .summary.blocked_ns == 0' report
}

@test "the driver" {
	build iodriver
	start "$PROGRAM"
	trace 4
	jq -e '.summary.driver_unpolled | .count >= 3 and .total_ns > 1000000000 and .function == "iodriver::parse_upload"' report
}

@test "block_in_place" {
	build inplace
	start "$PROGRAM"
	within 60 grep -q 'requests were sent' truth
	trace 1
	jq -e '.summary.in_block_in_place[0] | .threads == 4 and (.place | startswith("inplace::load_profile "))' report
}

@test "a CPU quota" {
	build quota
	start "$ROOT/tests/cases/quota/start" "$PROGRAM"
	trace 4
	jq -e '.summary.cpu_quota | .quota_ns == 20000000 and .throttled_periods > 10' report
	some '.reason == "throttled" and .parties == []'
}

@test "Tokio in two extension modules, each with a runtime of its own; stripped, named from copies" {
	build pydual/colframe
	build pydual/lakestore
	local built=${PROGRAM%/*}
	mkdir stripped

	for library in libcolframe.so liblakestore.so; do
		strip -o "stripped/$library" "$built/$library"
	done
	start env CASE_LIBS="$PWD/stripped" /usr/bin/python3 "$ROOT/tests/cases/pydual/app.py"
	within 60 grep -q . truth
	"$HUD" --pid "$SERVER" --duration 4 --headless --target "$built/liblakestore.so" --target "$built/libcolframe.so" \
		--record rec >out 2>err 3>&-
	cat err out
	grep -qE '^polls +tls .* in liblakestore.so, .* in libcolframe.so$|^polls +tls .* in libcolframe.so, .* in liblakestore.so$' err
	run -1 grep '^warning' err
	"$POSTPROC" report --headless --target "$built/liblakestore.so" --target "$built/libcolframe.so" --format json=report rec
	some '.reason == "lock" and .function == "colframe::convert_result" and (.task | startswith("colframe::"))'
	some '.reason == "computing" and .function == "lakestore::decode_footer" and (.task | startswith("lakestore::"))'
	some '.reason == "sleep" and .function == "lakestore::read_log"'
	# By Tokio's state: samples alone would show few of these polls (25 ms each, nearly a hundred in 4 s).
	some '.function == "lakestore::decode_footer" and .reason == "computing" and .count >= 10'
	end_started
	start env CASE_LIBS="$built" /usr/bin/python3 "$ROOT/tests/cases/pydual/app.py"
	within 60 grep -q . truth
	"$HUD" --pid "$SERVER" --duration 2 --headless --polls uprobe --record rec >out 2>err 3>&-
	"$POSTPROC" report --headless --format json=report rec
	cat err out
	some '.reason == "sleep" and .function == "lakestore::read_log"'
	some '.reason == "lock" and .function == "colframe::convert_result"'
}

@test "stacks that grow on the heap; started by the dynamic linker" {
	build fiber
	local linker

	linker=$(readelf -lW "$PROGRAM" | sed -n 's/.*interpreter: \(.*\)]/\1/p')
	start "$linker" "$PROGRAM"
	within 60 grep -q . truth
	"$HUD" --pid "$SERVER" --duration 3 --headless --record rec >out 2>err 3>&-
	"$POSTPROC" report --headless --format json=report rec
	cat err out
	grep -q "^executable  $PROGRAM\$" err
	some '.reason == "sleep" and .function == "fiber::fetch_statistics" and .task == "fiber::plan_query"'
	some '.reason == "computing" and .function == "fiber::burn" and .task == "fiber::plan_query"'
	jq -e '.trace | .stacks > 0 and .stacks_cut * 5 <= .stacks' report
	end_started
	# More stacks than are copied: how the thread began is found all the same, and the frames below the first switch.
	start "$PROGRAM" 9
	within 60 grep -q . truth
	"$HUD" --pid "$SERVER" --duration 3 --headless --record rec >out 2>err 3>&-
	"$POSTPROC" report --headless --format json=report rec
	cat err out
	jq -e '[.blockers[] | select(.reason == "sleep" or .reason == "computing") | .task] | unique == ["fiber::plan_query"]' report
	jq -e '.trace | .stacks > 0 and .stacks_cut * 5 <= .stacks' report
	grep -qE '^ +stacker::grow \(found\)' <("$POSTPROC" report --headless -v rec)
	end_started
	# Probes are placed in the program, not in the linker.
	start "$linker" "$PROGRAM" 1
	within 60 grep -q . truth
	"$HUD" --pid "$SERVER" --duration 2 --headless --polls uprobe --record rec >out 2>err 3>&-
	"$POSTPROC" report --headless --format json=report rec
	some '.reason == "sleep" and .function == "fiber::fetch_statistics" and .task == "fiber::plan_query"'
}

@test "what belongs to these" {
	build kinds
	local mode

	while read -r mode reason function; do
		case $mode in
		raw) start_read_slowly "$PROGRAM" raw ;;
		stdin) start "$PROGRAM" stdin < <(exec /usr/bin/python3 -c 'import time
while True:
    print("line", flush=True); time.sleep(0.03)') ;;
		*) start "$PROGRAM" "$mode" ;;
		esac
		within 60 started_workers
		"$HUD" --pid "$SERVER" --duration 2 --headless --record rec >out 2>err 3>&-
		[[ $mode != pipe ]] || grep -qE '^descriptor [0-9]+ [0-9]+ 0 [0-9]+ - -$' rec
		"$POSTPROC" report --headless --format json=report rec
		some ".reason == \"$reason\" and .function == \"$function\"" || { cat out && return 1; }
		end_started
	done <<-END
		raw stdout kinds::raw_write
		stdin stdin kinds::read_stdin
		pipe pipe kinds::read_pipe
		child child kinds::spawn_libc
		child child kinds::wait_libc
		sleep sleep kinds::usleep_c
		rayon lock kinds::with_rayon
		timed lock kinds::recv_late
		mine block-on kinds::mine::block_on
		current sleep kinds::pause
	END
}
