# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# The pipeline of bpftrace, the recorder and the report: started here, and followed until the last of them has
# ended, for whatever reason.

# Becomes the program $3.... It gets the signal $1 when this script ends, in whatever way, even if that is
# before this call. (The kernel sends the signal only if the parent ends after it was asked to.) It keeps the
# descriptors 0, 1, 2 and $2.
exec_bound() {
	# shellcheck disable=SC2086 # numbers, or nothing
	close_others $2
	# shellcheck disable=SC2016 # for the other shell
	exec setpriv --pdeathsig "$1" sh -c '[ "$PPID" = "$0" ] || exit; exec "$@"' "$$" "${@:3}"
}

# Environment variables for bpftrace. Each CPU has a buffer of so many pages; some machines have many CPUs. With a limit of arenas, malloc()
# does not raise its threshold for mmap(), and gives back what LLVM has used.
bpftrace_settings() {
	local pages=512

	count_cpus
	while ((pages > 32 && pages * CPUS > 16384)); do
		((pages /= 2))
	done
	echo "BPFTRACE_NO_USER_SYMBOLS=1 BPFTRACE_MAP_KEYS_MAX=$KEYS BPFTRACE_MAX_MAP_KEYS=$KEYS BPFTRACE_PERF_RB_PAGES=$pages MALLOC_ARENA_MAX=1"
}

# Sets COMMAND to one that runs a script from standard input, with the options $@.
bpftrace_command() {
	local settings

	read -r -a settings < <(bpftrace_settings)
	COMMAND=(env '--default-signal=PIPE,USR1,USR2' --ignore-signal=HUP "${settings[@]}" bpftrace -q "$@")
	[[ $STACKS != dwarf ]] || COMMAND+=(--dwarf-pid "$PID")
	COMMAND+=(-)
}

# $@: options of the live view.
run_report() {
	local options=(--top "$TOP" --sort "$RANKING" --pid "$PID" --begun "$TELL_BEGIN" "$@") format expression

	options+=(${TARGETS[@]+"${TARGETS[@]/#/--target=}"} ${CRATES[@]+"${CRATES[@]}"})
	[[ $DEBUGINFOD ]] && options+=(--debuginfod)
	[[ $WINDOW && ! $TRIGGER_FOLDER ]] && options+=(--window "$WINDOW")
	options+=(${TRIGGER_OPTIONS[@]+"${TRIGGER_OPTIONS[@]}"} ${PUSH_OPTIONS[@]+"${PUSH_OPTIONS[@]}"})
	[[ $EVERY ]] && options+=(--every "$EVERY")
	[[ $CARRIED ]] && options+=(--carry "$CARRIED")
	[[ $LISTEN ]] && options+=(--listen "$LISTEN")
	[[ $CHART ]] && options+=(--chart "$CHART")
	[[ $PROBE_OUTPUT ]] && options+=(--probe-output "$PROBE_OUTPUT")
	[[ $CHART_KIND ]] && options+=(--chart-kind "$CHART_KIND")
	for format in ${FORMATS[@]+"${FORMATS[@]}"}; do
		options+=(--format "$format")
	done
	for expression in ${FAIL_ON[@]+"${FAIL_ON[@]}"}; do
		options+=(--fail-on "$expression")
	done
	[[ $VERBOSE ]] && options+=(--verbose)
	[[ $COLOR == no ]] && options+=(--no-color)
	[[ $HEADLESS$QUIET ]] && options+=(--headless)
	# It ends at the end of its input, not earlier.
	trap '' INT TERM HUP
	close_others ${NAMED_FDS[@]+"${NAMED_FDS[@]}"} "$TELL_BEGIN" "$NOTES" "$TELL" "$CARRIED"
	export HUD_TRACE_PUSH_AUTH
	exec env "${USER_LOCALE[@]}" "$POSTPROC" "$([[ $VIEW ]] && echo live || echo report)" "${options[@]}" -
}

# Ends at the end of its input, too.
run_record() {
	local options=(--pid "$PID" --begun "$TELL_BEGIN" "$RESOLVE")

	[[ $RING ]] && options+=(--ring "$RING")
	options+=(${TARGETS[@]+"${TARGETS[@]/#/--target=}"})
	[[ $DEBUGINFOD && $RESOLVE != --no-resolve ]] && options+=(--debuginfod)
	[[ $HEADLESS$QUIET ]] && options+=(--headless)
	trap '' INT TERM HUP
	close_others ${NAMED_FDS[@]+"${NAMED_FDS[@]}"} "$TELL_BEGIN"
	exec "$POSTPROC" record "${options[@]}" -- "$RECORD"
}

# Ends at the end of its input, too: bpftrace's output, into which the lines from $1 are merged. If the reader
# of its own output has gone, others report that.
run_copies() {
	trap '' INT TERM HUP PIPE
	close_others "$1"
	[[ $STACKS == copy ]] || set -- --none "$1"
	exec "$POSTPROC" copies "$@"
}

# bpftrace obeys SIGTERM in good order, or at once while it is still compiling. A signal that arrives before a
# child of bash has called exec may be lost. So it is sent again while the child is one of the programs that
# exec_bound and bpftrace_command start with; but not to bpftrace itself, which skips its END at a second
# signal.
end_tracing() {
	local name=bash tries

	ENDING=1
	[[ $TRACER && $TRACER != "$TOLD" ]] || return 0
	TOLD=$TRACER
	see_sleepers
	for ((tries = 0; tries < 100; tries++)); do
		{ read -r name <"/proc/$TRACER/comm"; } 2>/dev/null || break
		kill -TERM "$TRACER" 2>/dev/null || break
		[[ $name == @(bash|hud-trace|setpriv|sh|env) ]] || break
		{ sleep 0.05 || true; } 2>/dev/null
	done
}

# Has the monitor look at the sleepers before the trace ends. The monitor then ends, a moment later.
see_sleepers() {
	local tries

	[[ $BEGUN && $MONITOR && ! $LEFT ]] && kill -USR2 "$MONITOR" 2>/dev/null || return 0
	for ((tries = 0; tries < 20; tries++)); do
		[[ -d /proc/$MONITOR ]] || break
		{ sleep 0.02 || true; } 2>/dev/null # a terminal that hangs up ends this, too
	done
}

on_interrupt() {
	((++INTERRUPTS == 1)) || exit 130
	on_end
}

on_end() {
	((++SIGNALS))
	end_tracing
}

# Leaves no process of this script behind, whatever ends it.
clean_up() {
	local child

	for child in $TRACER $COPIER $MONITOR $LOOKER $REPORTER $RECORDER; do
		kill -KILL "$child" 2>/dev/null || true
	done
	if [[ $VIEW ]]; then
		[[ ! $REPORTER ]] || wait "$REPORTER" 2>/dev/null || true
		end_view 137
	fi
}

# Child $1 ended while a signal arrived, and bash 5.2 believes that it still runs: `wait` would then wait
# until all other children have ended.
is_lost() {
	[[ ! -d /proc/$1 && $'\n'$(jobs -rp)$'\n' == *$'\n'"$1"$'\n'* ]]
}

# Starts `hud-postproc monitor`, which watches the trace, tells by the pipe FROM_MONITOR what happens, and
# ends when bpftrace does.
start_monitor() {
	local options kept tokio workers=${#WATCHED[@]}

	open_pipe
	FROM_MONITOR=$IN kept="$OUT $TO_COPIES"
	options=(--bpftrace "$TRACER" --target "$PID:$BORN:$STACK_START" --news "$OUT" --lines "$TO_COPIES" --max-overhead "$MAX_OVERHEAD")
	# shellcheck disable=SC2206 # numbers, or nothing
	options+=(${COPIER:+--process "$COPIER"} ${REPORTER:+--process "$REPORTER"} ${RECORDER:+--process "$RECORDER"})
	[[ $BEGUN ]] || { kept+=" $FROM_READERS" && options+=(--begin "$FROM_READERS" --duration "${DURATION_MS:-0}"); }
	[[ ! $FROM_VIEW ]] || { kept+=" $FROM_VIEW" && options+=(--quit "$FROM_VIEW"); }
	[[ ! $THIN ]] || options+=(--thin)
	((!TICKS)) || options+=(--rates "${THRESHOLD_US}000:$REST_HZ:$HZ:$FAST_HZ")
	count_cpus
	# Breakpoints may use 2 % of the time of each worker that can run. If the user's own scripts have
	# breakpoints, these cannot be told apart, so there is no limit.
	[[ $POLLS != uprobe ]] || ((${#OWN[@]})) || options+=(--max-hits $((2 * (workers < CPUS ? workers : CPUS))))
	[[ $POLLS != tls ]] || tokio=$(printf '%s\n' "${TOKIO[@]}")
	# A terminal sends its signals to all of these processes; the monitor ignores them, and ends when its
	# work is done.
	{
		trap '' INT TERM HUP
		exec_bound KILL "$kept" "$POSTPROC" monitor "${options[@]}" --tokio "${tokio-}" -- "${SLEEPERS[@]}"
	} &
	MONITOR=$!
	exec {OUT}>&-
}

# Tracing costs $1 % of a CPU, of which $2 in probes and $3 in processes; the consequence is $4.
note_cost() {
	local means='it ends'

	say "overhead    tracing costs $1% of a CPU: $2% in probes, $3% in bpftrace and hud-postproc"
	case $4 in
	thin) THIN=1 means='from now on little is copied of stacks' ;;
	kill) end_tracing ;;
	esac
	say "overhead    that is more than --max-overhead, $MAX_OVERHEAD%: $means"
}

# Breakpoints at polls are hit $1 times a second; the consequence is $2.
note_hits() {
	say "overhead    breakpoints are hit $1 times a second, by all processes together"
	DEAR='all processes together too much'
	[[ $2 != kill ]] || end_tracing
}

# The target has ended or runs another program, as $1 says. bpftrace is about to notice that itself; a signal
# now would cost its last lines.
note_left() {
	LEFT=$1
	PATIENCE=$((SECONDS + (BEGUN ? 30 + ${#SITES[@]} / 5 : 3)))
}

# The process $1 has ended. If it was the report or the recorder, bpftrace is ended.
note_finished() {
	case $1 in
	"$REPORTER") await REPORTER REPORT_STATUS && UNWRITTEN=${REPORT_STATUS#0} ;;
	"$RECORDER") await RECORDER RECORD_STATUS && UNWRITTEN=${RECORD_STATUS#0} ;;
	*) return 0 ;;
	esac
	end_tracing
}

# Handles a line from the monitor: postproc/monitor/monitor.h.
heed() {
	case $1 in
	begun) note_begin ;;
	quit) end_tracing ;;
	unread) UNREAD=1 && end_tracing ;;
	ended | replaced) note_left "$1" ;;
	finished) note_finished "$2" ;;
	killed) say "hud-trace: $2 was ended by SIG$(kill -l "$3"), and is started again" ;;
	lost) say "hud-trace: $2 was ended by SIG$(kill -l "$3"): what it tells is missing since then" ;;
	costly) note_cost "${@:2}" ;;
	hits) note_hits "${@:2}" ;;
	esac
}

# The monitor has ended: bpftrace has, too, or is about to, unless the monitor was killed.
note_monitor_gone() {
	local status

	await MONITOR status
	exec {FROM_MONITOR}<&-
	[[ ! $ENDING ]] && ((status)) || return 0
	if ((++MONITORS_LOST < 9)) && was_killed 'hud-postproc monitor' "$status" ', and is started again'; then
		start_monitor
	else
		end_tracing
	fi
}

# Waits until bpftrace has ended; sets STATUS to its exit status. Ends it when the report, the recorder or the
# target has ended. (bpftrace notices the target's end itself, unless that came before it had attached.)
await_bpftrace() {
	local news status

	PATIENCE=''
	# A signal may have come before bpftrace was started.
	[[ ! $ENDING ]] || end_tracing
	while [[ $MONITOR ]]; do
		status=0
		# A signal that comes between two commands is handled after the next line, and there is one each
		# second. (With a time limit, read loses what it has read when that passes.)
		read -r -a news -u "$FROM_MONITOR" || status=$?
		if ((!status)); then
			heed "${news[@]}"
		elif ((status <= 128)); then
			note_monitor_gone
		fi
		if [[ $PATIENCE ]] && ((SECONDS > PATIENCE)); then
			PATIENCE='' UNNOTICED=1
			end_tracing
		fi
	done
	await TRACER STATUS
	end_looks
	exec {TO_COPIES}>&-
	end_steps
	await COPIER COPIER_STATUS
	end_sifter
}

# Tracing has begun. The processes that take events from the kernel get priority now, over everything on a
# busy machine, because the kernel drops what is not taken. They have little to do, and --max-overhead limits
# that.
note_begin() {
	local tenths=$(((${EPOCHREALTIME/./} - STARTED_US) / 100000))

	BEGUN=1
	tell_sifter
	begin_looks
	end_steps
	[[ $QUIET || $VIEW ]] || say "tracing     began after $((tenths / 10)).$((tenths % 10)) s"
	# The braces hide bash's own messages about children that were killed meanwhile: hud-trace reports
	# those itself.
	# shellcheck disable=SC2086 # numbers, or nothing
	{ renice -n -19 -p $TRACER $COPIER $RECORDER || true; } &>/dev/null
	# The target may have started the same program anew before that, which the monitor cannot see.
	[[ ! $LEFT ]] || return 0
	look_for_target
	[[ ! $LEFT ]] || note_left "$LEFT"
}

# Says why nothing was traced.
explain_nothing() {
	local why='bpftrace ended'

	if [[ $LEFT == replaced ]]; then
		why="process $PID ran another program"
	elif [[ $LEFT ]]; then
		why="process $PID ended"
	elif ((SIGNALS)); then
		why='it was interrupted'
	elif [[ $UNREAD ]]; then
		why='nobody read its output any more'
	elif [[ $UNWRITTEN ]]; then
		why='its output could not be written'
	fi
	say "hud-trace: $why before tracing had begun: nothing was traced"
}

# Ends hud-trace before there is a pipeline.
end_early() {
	explain_nothing
	exit 1
}

# Waits for the process in the variable $1, clears that, and sets the variable $2 to its status. Hides bash's
# own message about a killed child.
await() {
	local -n child=$1 result=$2
	local signals

	while [[ $child ]]; do
		signals=$SIGNALS result=0
		! is_lost "$child" 2>/dev/null || { child='' && break; }
		wait "$child" 2>/dev/null || result=$?
		((result > 128 && signals != SIGNALS)) || child=
	done
}

# Did a signal cause the status $2? Then says so: $1 names the process, $3 the consequence.
was_killed() {
	(($2 > 128)) && kill -l "$2" &>/dev/null || return 1
	say "hud-trace: $1 was ended by SIG$(kill -l "$2")$3"
}

# The reader may have gone already; that is reported later.
write_head() (
	trap '' PIPE
	printf '%s\n' "$HEAD" 2>/dev/null || true
)

# Starts bpftrace on SCRIPT, writing to the file descriptor $1, and the monitor.
start_bpftrace() {
	local to=$1 buffers=full lines

	# Copies must be read as soon as their line comes.
	[[ ! $RAW && $STACKS != copy ]] || buffers=line
	open_pipe
	lines=$IN TO_COPIES=$OUT
	open_pipe
	to=$OUT
	run_copies "$lines" <&"$IN" >&"$1" &
	COPIER=$!
	exec {IN}<&- {lines}<&-
	start_sifter
	bpftrace_command --no-warnings -B "$buffers"
	# Ctrl-C in a terminal reaches all of these processes. bpftrace must be ended only after the monitor
	# has looked at the sleepers (end_tracing).
	# shellcheck disable=SC2261 # one of these is standard output
	exec_bound TERM '' env --block-signal=INT "${COMMAND[@]}" >&"$to" 2>&"$COMPLAINTS" < <(printf '%s\n' "$SCRIPT") &
	TRACER=$!
	exec {to}>&-
	follow_bpftrace
	[[ ! $BEGUN ]] || begin_looks
	start_monitor
}

# Runs bpftrace with probes at polls until it ends, writing to the file descriptor $1. Fails if these probes
# cost too much.
probe_polls() {
	local relay watch to=$1

	# tee writes to its output and to a pipe. Others report failed writes.
	exec {relay}> >(
		trap '' INT TERM HUP
		close_others "$to"
		exec 3>&"$to" {to}>&-
		tee -p /dev/fd/4 4>&1 >&3 3>&- 2>/dev/null | grep -q '^end [0-9]* limit$' 3>&-
	)
	watch=$!
	start_bpftrace "$relay"
	exec {relay}>&-
	await_bpftrace
	! wait "$watch"
}

# Reduces the duration to what is left of it since $1 (us), at least a second, as attaching counts, too.
shorten_duration() {
	local left

	[[ $DURATION_MS ]] || return 0
	left=$((DURATION_MS - (${EPOCHREALTIME/./} - $1) / 1000))
	DURATION_MS=$((left > 1000 ? left : 1000))
}

# Goes on without probes at polls, for what is left of the time since $1 (us).
go_on_estimating() {
	shorten_duration "$1"
	POLLS=estimate
	[[ $QUIET ]] || say "polls       probing them costs ${DEAR:-a worker more than 2 % of its time}: estimated from now on"
}

# Runs bpftrace on SCRIPT until it ends, writing to the file descriptor $1; a second time if probes at polls
# turn out to cost too much. The duration counts from $2 (us).
run_script() {
	if [[ $POLLS == uprobe ]] && ! probe_polls "$1" && [[ ! $ENDING ]]; then
		show_complaints
		go_on_estimating "$2"
		SCRIPT=$(compose_script)
	fi
	if [[ $POLLS != uprobe ]]; then
		start_bpftrace "$1"
		await_bpftrace
	fi
}

# Does the same, and tries again with less if bpftrace or the kernel refuses the script. Prints the lines that
# this adds to the head.
run_scripts() {
	local head

	run_script "$@"
	while was_refused; do
		head=$HEAD
		ask_for_less || { explain_refusal && break; }
		printf '%s\n' "${HEAD#"$head"$'\n'}" >&"$1"
		SCRIPT=$(compose_script)
		run_script "$@"
	done
	show_complaints
}

# Starts the report or the view. Sets OUT to the descriptor for its event lines.
start_report() {
	local in out

	open_pipe
	in=$IN out=$OUT
	if [[ $VIEW ]]; then
		start_view "$in"
	else
		run_report <&"$in" &
		REPORTER=$!
	fi
	exec {in}<&-
	OUT=$out
}

# Starts the recorder, which passes on to the descriptor $1 what it reads. Sets OUT to the descriptor for its event lines.
start_recorder() {
	local to=$1

	open_pipe
	run_record <&"$IN" >&"$to" &
	RECORDER=$!
	exec {IN}<&- {to}>&-
}

# bpftrace could not trace: ends the pipeline, whose descriptor for event lines is $1, without a report.
give_up() {
	local out=$1

	[[ ! $REPORTER ]] || kill -KILL "$REPORTER" 2>/dev/null || true
	exec {out}>&-
	await REPORTER REPORT_STATUS
	await RECORDER RECORD_STATUS
	end_view 137
	await_notes
	die 'bpftrace could not trace (its words are above).' \
		'hud-trace --doctor tells what is missing; hud-trace --print-script shows the script'
}

# Waits for the report and the recorder, whose input has ended.
await_readers() {
	await REPORTER REPORT_STATUS
	end_view "$REPORT_STATUS"
	await RECORDER RECORD_STATUS
	await_notes
	# The monitor may have ended before it could tell.
	[[ $BEGUN ]] || ! read -r -t 5 -u "$FROM_READERS" || note_begin
}

# All have ended: says what failed, and exits with the status that follows. $1 is not 0 if bpftrace failed.
conclude() {
	local status=$1

	! was_killed 'hud-postproc report' "$REPORT_STATUS" ': there is no report' || REPORT_STATUS=1
	! was_killed 'hud-postproc copies' "$COPIER_STATUS" ': what came before counts' || status=1
	! was_killed 'the recorder' "$RECORD_STATUS" "; what it has written is $(clean "$RECORD").partial" || RECORD_STATUS=1
	if [[ ! $BEGUN ]]; then
		explain_nothing
		exit 1
	fi
	if [[ $UNNOTICED ]]; then
		say "hud-trace: process $PID has ${LEFT/replaced/been replaced by another program}, which bpftrace did not notice: the last lines may be missing"
		status=1
	fi
	# A failure outranks what --fail-on finds.
	((REPORT_STATUS && REPORT_STATUS != 3)) || REPORT_STATUS=$((RECORD_STATUS ? RECORD_STATUS : status ? status : REPORT_STATUS))
	exit "$REPORT_STATUS"
}

# Runs the pipeline to its end.
trace() {
	local status=0 out started=${EPOCHREALTIME/./}

	show_step 'composing the script'
	SCRIPT=$(compose_script)
	look_for_target
	[[ ! $LEFT ]] || end_early
	# USR2 is a message to the monitor. It may come while the child is still this shell, which it would
	# end, running clean_up.
	trap '' USR2
	trap clean_up EXIT
	trap on_interrupt INT
	trap on_end TERM HUP
	end_steps
	[[ ! $VIEW ]] || start_holding
	# By this pipe the report or the recorder tells that tracing has begun.
	open_pipe
	FROM_READERS=$IN TELL_BEGIN=$OUT
	exec {out}>&1
	# The recorder also notices when standard output can take no more, which bpftrace does not.
	[[ ! $RAW || $RECORD ]] || RECORD=/dev/null RESOLVE=--no-resolve
	if [[ ! $RAW ]]; then
		exec {out}>&-
		start_report
		out=$OUT
	fi
	if [[ $RECORD ]]; then
		start_recorder "$out"
		out=$OUT
	fi
	exec {TELL_BEGIN}>&-
	write_head >&"$out"
	run_scripts "$out" "$started"
	((STATUS <= 0 || (STATUS >= 128 && STATUS != 255))) || give_up "$out"
	look_at_end "$out"
	[[ $ENDING ]] || ! was_killed bpftrace "$STATUS" ', not by hud-trace: what came before counts' || status=1
	exec {out}>&-
	await_readers
	conclude "$status"
}
