#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# hud-trace on the real demo server. Needs root and BPF; skipped without. Each build of the server is traced
# once, under all of its load; the tests check the results.

bats_require_minimum_version 1.5.0
load helpers

setup_file() {
	export WHY_NOT='' DEBUG='' RELEASE=''
	STARTED=()
	WHY_NOT=$(why_not)
	[[ ! $WHY_NOT ]] || return 0
	DEBUG=$(timeout 500 "$DEMO/build" debug | tail -n 1)
	RELEASE=$(timeout 500 "$DEMO/build" release | tail -n 1)
	[[ -x $DEBUG && -x $RELEASE && -x $POSTPROC ]]
	trace_all
}

teardown_file() {
	end_started
}

setup() {
	STARTED=() PLACE='src/blocking\.rs:[0-9]+'
	[[ ! $WHY_NOT ]] || skip "$WHY_NOT"
	cd "$BATS_TEST_TMPDIR"
}

teardown() {
	end_started
}

# Traces the running server with options $2..., and ends the trace by $1: leaves `out`, `err`, `status`, and
# in `left` which processes remained.
trace_once() {
	local status=0

	start_trace "${@:2}"
	"$1" || kill -KILL "$TRACE" || true
	within 120 ended "$TRACE" || true
	wait "$TRACE" || status=$?
	echo "$status" >status
	nothing_left >left || true
	end_started
}

by_itself() {
	return 0
}

# What is recorded in $1, or read with options $2..., names all six by now. On a busy machine this may take a
# while: one worker must want the lock that the other holds, or compute for long without losing its CPU. Each report
# costs both of them, so there is one in a second.
all_named() {
	"$POSTPROC" report --headless --top 100 "${@:2}" "$1" >so-far 2>/dev/null && PLACE='' blames_all_six so-far >/dev/null
}

# The report $1, made with -v, shows who held the lock, and where. One wait is not always enough: a busy
# machine may lose a waker's stack.
holder_named() {
	awk '/^#[0-9]+ / { mine = /update_totals/; lock = 0 }
		mine && /^ +lock / { lock = 1 }
		lock && /^ +released by +tokio-/ { woken = NR }
		woken && NR <= woken + 3 && /update_totals/ { found = 1 }
		END { exit !found }' "$1"
}

lock_named() {
	"$POSTPROC" report -v --headless --top 100 rec.partial >verbose-so-far 2>/dev/null && holder_named verbose-so-far
}

interrupt() {
	within 120 seen rec.partial 5 && PAUSE=1 within 120 eval 'all_named rec.partial && lock_named' &&
		kernel_memory "$(marked bpftrace | head -n 1)" >memory && kill -INT -- "-$TRACE"
}

# Workers with other names are told by their stacks. For that they have to stop, and a busy one on a busy machine gets no
# CPU for it in time. So the load begins once hud-trace knows them.
load_known() {
	within 120 grep -q '^workers ' err && start_load
}

terminate() {
	load_known && within 120 seen out 5 && PAUSE=1 within 120 all_named out --target "$RELEASE" && kill -TERM "$TRACE"
}

kill_server() {
	load_known && PAUSE=1 within 120 eval 'gzip -dc b.gz.partial 2>/dev/null >part; seen part 5 && all_named part' && kill -KILL "$SERVER"
}

# In the folder $1, with its own server, at path $2 with the variables $3...
place() {
	mkdir "$BATS_FILE_TMPDIR/$1" && cd "$BATS_FILE_TMPDIR/$1" && start_server "${@:2}"
}

workers_are_found() {
	"$POSTPROC" head --pid "$SERVER" | grep -qE '^meta workers 2 multi-thread'
}

trace_all() {
	place debug "$DEBUG"
	start_load
	trace_once interrupt --top 100 --record rec --fail-on 'max>1ms' --fail-on 'max>1000s'
	# For a kernel that does not show when a thread returns to user mode, and workers with other names.
	place norseq "$DEBUG" GLIBC_TUNABLES=glibc.pthread.rseq=0 DEMO_THREAD_NAME=my-svc
	within 60 workers_are_found
	trace_once kill_server --top 100 --record b.gz
	place estimate "$RELEASE"
	start_load
	trace_once by_itself --top 100 --duration 6 --polls estimate --record /dev/full --fail-on 'count>0' --format text --format ndjson=blocks
	mkdir "$BATS_FILE_TMPDIR/bin"
	strip -s -o "$BATS_FILE_TMPDIR/bin/demo-server" "$RELEASE"
	place stripped "$BATS_FILE_TMPDIR/bin/demo-server" DEMO_THREAD_NAME=my-svc
	# By their stacks, even without Tokio's names.
	within 60 workers_are_found
	LOADER=${RELEASE%/*}/demo-load
	trace_once terminate --raw
	place twins "$DEBUG"
	start_load /good/hash /good/compress /good/read /good/dns /good/sleep /good/lock
	trace_once by_itself --raw --duration 5 --tasks
}

# What trace $1 left, with status $2; no process remained.
of() {
	cd "$BATS_FILE_TMPDIR/$1" || return
	tail -n 5 out
	cat err status left
	[[ $(cat status) == "$2" && ! -s left ]]
}

# The report $1 names all six with their reasons.
blames_all_six() {
	blames "$1" computing hash_password &&
		blames "$1" computing compress_report &&
		blames "$1" 'file I/O' read_template &&
		blames "$1" 'name lookup' resolve_backend &&
		blames "$1" sleep call_legacy_sdk &&
		blames "$1" 'lock|sleep' update_totals
}

# And $2 (ndjson) does not blame their twins. Waits for a CPU are nobody's fault.
names_all_six() {
	cat "$1"
	blames_all_six "$1"
	no_twins "$2"
}

# Writes the report of recording $1 as `blocks` (ndjson), unless a test has done so.
list_blocks() {
	[[ -e blocks ]] || "$POSTPROC" report --format ndjson=blocks "$1"
}

@test "debug build: all six blockers, none of their twins" {
	of debug 3
	list_blocks rec
	names_all_six out blocks
	grep -qE '^ +polls +exact' out
}

@test "SIGINT to the group: a whole report, nothing left" {
	of debug 3
	grep -q '^hud-trace: .*workers for' out
	grep -qE '^ +ended +by Ctrl-C, q or a signal' out
	grep -qE '^end [0-9]+ interrupt$' rec
	# And where the tasks stood, which is looked at once, at the end.
	grep -qE '^ +[0-9,]+ tasks when tracing had ended' out
	[[ $(grep -c '^look ' rec) == 1 ]]
	sed -n '/^end /,$p' rec | grep -qE '^stands [0-9]+ [0-9]+ [0-9]+ [a-z]+ demo_server::http::serve '
}

@test "--tasks: looks while it traces" {
	of twins 0
	(($(sed -n '/^begin /,/^end /p' out | grep -c '^look ') >= 2))
}

@test "--fail-on: status 3 if it is so, 0 if not" {
	of debug 3
	grep -q "^hud-postproc report: --fail-on 'max>1ms': .* took [0-9.]* m\?s (" err
	(($(grep -c '1000s' err) == 0))
	grep -q '^Workers were blocked' out
	of twins 0
}

@test "the recording gives the report that was made of it" {
	of debug 3
	"$POSTPROC" report --top 100 rec | diff - out
	for key in target pid exe build-id command options hud-trace bpftrace kernel arch clock threshold-us hz polls stacks workers; do
		grep -q "^meta $key [^ ]" rec || { echo "no $key" && return 1; }
	done
	[[ $(echo ./*.partial* ./*.resolved*) == './*.partial* ./*.resolved*' ]]
}

@test "two workers take at most 32 MiB of the kernel's memory" {
	of debug 3
	cat memory
	(($(cat memory) > 1000 && $(cat memory) <= 32768))
}

@test "a lock is said to be released by the worker that held it" {
	of debug 3
	blames out lock update_totals
	"$POSTPROC" report -v --top 100 rec >verbose
	cat verbose
	holder_named verbose
}

@test "where the kernel does not tell that a thread is back: the same six; renamed workers are found unasked" {
	of norseq 0
	list_blocks b.gz
	names_all_six out blocks
	grep -qE '^ +polls +exact' out
	grep -qE '^hud-trace: demo-server \(pid [0-9]+\): 2 workers for ' out
	gzip -dc b.gz | grep -qx 'meta rseq no'
}

@test "the target's death ends it, with a whole report, nothing left" {
	of norseq 0
	grep -q '^hud-trace: .*workers for' out
	grep -qE '^ +ended +when the process exited' out
	gzip -dc b.gz | grep -qE '^end [0-9]+ exit$'
	[[ $(gzip -dc b.gz | grep -c '^look ') == 0 ]]
}

@test "the recording has names, also without the program" {
	of norseq 0
	! gzip -dc b.gz | grep -qE '^(words|stack) ' || return 1
	gzip -dc b.gz | sed "s|$DEBUG|/nonexistent/server|g" >moved
	"$POSTPROC" report --top 100 moved >report
	blames report computing hash_password
	[[ $(echo ./*.partial* ./*.resolved*) == './*.partial* ./*.resolved*' ]]
}

# Computing is known by consecutive samples; if others have the CPU in between, it shows as waits in the same
# function.
@test "plain release build, polls estimated: the same six, none of their twins" {
	of estimate 1
	PLACE=
	cat out
	blames out computing hash_password
	blames out computing compress_report
	blames out 'file I/O' read_template
	blames out 'name lookup' resolve_backend
	blames out sleep call_legacy_sdk
	blames out 'lock|sleep' update_totals
	no_twins blocks
	grep -qE '^ +polls +estimated' out
}

@test "the disk is full: the report is made, the status is 1" {
	of estimate 1
	grep -q 'count>0' err
	grep -q '/dev/full: No space left on device' err
	grep -qE '^ +ended +when --duration was over' out
}

# A row of file $1 has a reason that matches $2, and blames a function of the stripped server by its offset;
# $3 matches the sources named for it.
blames_place() {
	rows "$1" | grep -qE "^($2)"$'\t'"demo-server\+0x[0-9a-f]+$3" || { echo "no row: $2, $3" && return 1; }
}

# The measured blocks in the table of file $1: times, counts and reasons, no names.
measured() {
	grep -E '^ *[0-9]+ +[0-9.]+ m?s .*(sleep|lock|name lookup)$' "$1" | sed -E 's/^ *[0-9]+ +//' | sort
}

@test "stripped release build: blockers by place" {
	of stripped 0
	"$POSTPROC" report --top 100 out >report
	cat report
	blames_place report 'file I/O'
	blames_place report 'name lookup'
	blames_place report sleep '$'
	blames_place report 'lock|sleep' ' +(.*/)?src/blocking\.rs:[0-9]+'
	blames_place report computing
	! grep -q 'task .*no symbol' report || return 1
	# Another report shows the same offset.
	"$POSTPROC" report --top 100 out | cmp - report
}

@test "stripped release build, with the symbols of another copy: the same six, at the same places" {
	of stripped 0
	PLACE=
	"$POSTPROC" report --top 100 --target "$RELEASE" out >named
	"$POSTPROC" report --target "$RELEASE" --format ndjson=blocks out
	names_all_six named blocks
	grep -qE '^ +polls +exact' named
	"$POSTPROC" report --top 100 out >report
	[[ $(measured named) ]]
	# A lock inside a name lookup counts as that, but only names tell.
	diff <(measured report | sed 's/name lookup$/lock/' | sort) <(measured named | sed 's/name lookup$/lock/' | sort)
	! comm -23 <(measured report) <(measured named) | grep -v 'lock$' || return 1
}

@test "SIGTERM: a whole stream, nothing left" {
	of stripped 0
	(($(grep -cE '^end [0-9]+ interrupt$' out) == 1))
	# No poll has ended twice: two looks at the same time, one in the middle of the other, would tell it so.
	[[ ! $(awk '$1 == "poll" && $11 == "E" { print $2, $3, $4 }' out | sort | uniq -d) ]]
}

# The twins work for seconds meanwhile.
@test "twins alone: nothing but waits for a CPU" {
	of twins 0
	list_blocks out
	"$POSTPROC" report --top 100 out
	jq -se '.[0].trace.ended == "duration"' blocks
	# Percent of the time of two workers: a shared machine may stop for milliseconds now and then.
	(($(blocked_ms blocks '') * 100 < $(jq -s '.[0].trace.duration_ns / 500000 | round' blocks)))
}

# Two workers are sampled 199 times a second.
@test "a healthy service: hardly any stack is taken" {
	local events

	of twins 0
	cut -d ' ' -f 1 out | sort | uniq -c
	events=$(grep -cE '^(sample|sleep|runq|poll) ' out || true)
	(($(grep -c '^stack ' out || true) <= 2 * events))
	(($(grep -cE '^(sample|sleep) ' out || true) < 100))
}

@test "SIGHUP, kill -9: nothing left" {
	start_server "$DEBUG"
	for signal in HUP KILL; do
		start_trace --raw --polls estimate --stacks fp
		within 120 begun out
		kill "-$signal" "$TRACE"
		nothing_left
	done
}

@test "--raw into a pipe that is closed, and into a full disk: it ends, nothing left" {
	start_server "$DEBUG"
	start_load /sleep
	mkfifo pipe
	OUT=pipe start_trace --raw --polls estimate --stacks fp
	# It has traced for a while when the reader goes.
	{ grep -m 1 '^begin ' && head -n 5; } <pipe >lines
	within 60 ended "$TRACE"
	nothing_left
	OUT=/dev/full start_trace --raw --polls estimate --stacks fp
	ends_with 1
	grep -q 'standard output: No space left on device' err
	nothing_left
}

@test "the recorder is killed: the report is made, the status is 1" {
	start_server "$DEBUG"
	start_load /sleep
	start_trace --record k.zst
	within 120 eval 'zstd -dqc k.zst.partial 2>/dev/null >part; holds part poll 10'
	kill -KILL "$(marked hud-postproc | while read -r pid; do grep -qz '^record$' "/proc/$pid/cmdline" && echo "$pid"; done)"
	ends_with 1
	grep -q 'the recorder was ended by SIGKILL; what it has written is k.zst.partial' err
	blames out sleep call_legacy_sdk
	"$POSTPROC" report k.zst.partial >partial
	blames partial sleep call_legacy_sdk
	nothing_left
}

# Many more stacks, waits and long polls than there may be in a second: these are so many that little load will do.
@test "too much of everything: what is nearest of a stack must do, waits and polls are counted only, and the report says so" {
	start_server "$DEBUG"
	start_load
	"$HUD" --pid "$SERVER" --threshold 0.05 --polls tls --stacks copy --print-script >script
	edit script 's/@copied > 33554432/@copied > 100000/'
	edit script 's/@copied > 37748736/@copied > 200000/'
	edit script 's/events.0 >= 10000/events.0 >= 3/'
	edit script 's/\(@polls [<=>-]* \)10000/\12/g'
	"$POSTPROC" head --pid "$SERVER" --meta threshold-us=50 --meta 'polls=tls x' >r
	env --default-signal=INT BPFTRACE_NO_USER_SYMBOLS=1 BPFTRACE_LOG_SIZE=10000000 BPFTRACE_MAP_KEYS_MAX=8192 \
		timeout 150 bpftrace -q --no-warnings -B line script >>r 2>err 3>&- &
	tracer=$!
	STARTED+=("$tracer")
	has_limits() {
		grep -qE '^limit [0-9]+ [0-9]+$' r && grep -qE '^copied( [0-9a-f]+){5} 4096 4096 0 ' r &&
			awk '$1 == "counted" && $3 > 2 && $4 > 50000 * $3 { waits = 1 } $1 == "counted" && $5 > 2 && $6 > 50000 * $5 / 2 { polls = 1 }
				END { exit !(waits && polls) }' r
	}
	within 120 has_limits || { cat err && cut -d ' ' -f 1 r | sort | uniq -c && grep ^counted r && false; }
	kill -INT "$tracer"
	wait "$tracer" || true
	# At most so many of each in a second, and a few more: CPUs that count at the same time may miss
	# counts. Waits of a worker outside a poll, without a stack, do not count.
	awk '$1 == "begin" { begin = $2 } $1 ~ /^(sleep|runq|poll|counted)$/ && $2 > last { last = $2 }
		$1 == "sleep" || $1 == "runq" && $7 != "0" { waits++ } $1 == "poll" && $11 == "E" { polls++ }
		END { seconds = (last - begin) / 1e9 + 2; print seconds, waits, polls; exit waits > 5 * 3 * seconds || polls > 5 * 2 * seconds }' r
	# A copy begins within the limit. Each takes rows of 2 KiB.
	awk '$1 == "begin" { begin = $2 } $1 == "limit" { last = $2 } $1 == "copied" { bytes += int(($7 + 2047) / 2048) * 2048 }
		END { seconds = (last - begin) / 1e9 + 2; print seconds, bytes; exit bytes > 250000 * seconds }' r
	"$POSTPROC" report r | tr -s ' \n' ' ' >line
	cat line
	grep -qE '! [0-9,]+ waits, [0-9.]+ m?s in all, were counted only' line
	grep -qE '! [0-9,]+ long polls, [0-9.]+ m?s in all, were counted only' line
}

# Says how probe $1, process $2, has ended, and fails.
has_failed() {
	local status=0

	wait "$2" || status=$?
	echo "$1 ended with status $status" && tail "$1.out" "$1.err"
	return 1
}

attached_or_over() {
	has_attached "$1" || ended "$1"
}

# The probe $1, process $2, has printed a line of kind $3 in which $4 stands last.
printed_or_over() {
	grep -qE "^$3 .* $4(\\\\x00)*\$" "$1.out" || ended "$2"
}

# Lets probe $1 trace the server until it has printed a line of kind $2 in which $3 stands last; without them, until
# it has attached.
run_probe() {
	local probe=${1##*/} status=0 pid

	cp "$1" .
	! grep -q /proc/self/exe "$probe" || edit "$probe" "s:/proc/self/exe:/proc/$SERVER/exe:"
	# Else it reads the server's symbols again for each frame.
	env --default-signal=INT BPFTRACE_CACHE_USER_SYMBOLS=1 bpftrace -B line "$probe" "$SERVER" 1 >"$probe.out" 2>"$probe.err" 3>&- &
	pid=$!
	STARTED+=("$pid")
	within 120 attached_or_over "$pid"
	[[ ! ${2-} ]] || within 120 printed_or_over "$probe" "$pid" "$2" "$3"
	! ended "$pid" || has_failed "$probe" "$pid"
	kill -INT "$pid"
	# It may have many probes to remove.
	within 120 ended "$pid"
	wait "$pid" || status=$?
	((!status)) || { echo "$probe: status $status" && tail "$probe.out" "$probe.err" && return 1; }
}

# Every CPU has a program that bpftrace 0.17 dies of when it reads its symbols. It is taken off its CPU for a worker, and a timer
# that wakes one interrupts it.
@test "each probe runs by itself, whatever else runs" {
	local probe cpu

	start_server "$DEBUG"
	start_load /sleep
	echo 'int main(void) { for (volatile long i = 0;; i++) ; }' >loop.c
	cc -O1 -o loop loop.c
	spoil_sections loop odd entry 2
	for ((cpu = 0; cpu < $(nproc); cpu++)); do
		nice ./odd 3>&- &
		STARTED+=("$!")
	done
	for probe in "$ROOT"/probes/*.bt; do
		case ${probe##*/} in
		runq.bt) run_probe "$probe" runq '0 odd' ;;
		sleep.bt) run_probe "$probe" sleep '0 odd' ;;
		*) run_probe "$probe" ;;
		esac
	done
	grep -q /proc/ ./*.bt
	! grep -H 'ERROR:' ./*.bt.out ./*.bt.err | grep -vE 'RLIMIT_MEMLOCK|[Ff]ailed to look up stack id' || return 1
}
