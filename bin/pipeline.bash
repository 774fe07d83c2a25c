# shellcheck shell=bash
# The pipeline: bpftrace, the recorder and the report, from their start to the end of the last of them, whatever ends it.

# bpftrace's complaints about script $1, without those that mean nothing here.
sift_complaints() {
	if ((${#OWN[@]})); then name_scripts "$1"; else exec cat; fi |
		grep --line-buffered -vE "RLIMIT_MEMLOCK|^Attach|WARNING:|^[[:space:]]*[~^]*$" | head -n 40 >&2 || true
}

run_bpftrace() {
	local pages=512 keys=4096 cpus options=()

	[[ $STACKS != dwarf ]] || options+=(--dwarf-pid "$PID")
	# Other processes of the same executable do not pay for the probes then. Newer ones would not sample all threads.
	[[ $POLLS != uprobe ]] || ((BPFTRACE[0] > 0 || BPFTRACE[1] > 23)) || options+=(-p "$PID")
	# Each CPU has a buffer of so many pages; some machines have many CPUs.
	cpus=$(getconf _NPROCESSORS_ONLN)
	# The kernel sets all of a map's memory aside at once. A copied stack takes a key for each 128 bytes: two for each worker,
	# and two for each CPU; there may be more workers later. Some fifty maps get as much, so there is a limit: where very many
	# deep stacks are taken at once, some are cut.
	if [[ $STACKS == copy ]]; then
		while ((keys < STACK_KIB * 8 * (3 * ${#WATCHED[@]} + 2 * cpus) && keys < 32768)); do
			((keys *= 2))
		done
	fi
	while ((pages > 32 && pages * cpus > 16384)); do
		((pages /= 2))
	done
	# Signals: SIGINT is ignored in what a script runs in the background, and bpftrace must see it. The last one: also if
	# this script is killed outright, bpftrace ends.
	exec env --default-signal=INT,PIPE --ignore-signal=HUP BPFTRACE_NO_USER_SYMBOLS=1 BPFTRACE_LOG_SIZE=10000000 \
		BPFTRACE_MAP_KEYS_MAX="$keys" BPFTRACE_MAX_MAP_KEYS="$keys" BPFTRACE_PERF_RB_PAGES="$pages" \
		setpriv --pdeathsig TERM bpftrace -q --no-warnings -B "$1" ${options[@]+"${options[@]}"} -
}

run_report() {
	local options=(--top "$TOP" --pid "$PID") format expression

	[[ $TARGET ]] && options+=(--target "$TARGET")
	[[ $DEBUGINFOD ]] && options+=(--debuginfod)
	[[ $WINDOW ]] && options+=(--window "$WINDOW")
	[[ $CHART ]] && options+=(--chart "$CHART")
	[[ $CHART_KIND ]] && options+=(--chart-kind "$CHART_KIND")
	for format in ${FORMATS[@]+"${FORMATS[@]}"}; do
		options+=(--format "$format")
	done
	for expression in ${FAIL_ON[@]+"${FAIL_ON[@]}"}; do
		options+=(--fail-on "$expression")
	done
	[[ $COLOR == no ]] && options+=(--no-color)
	[[ $HEADLESS$QUIET ]] && options+=(--headless)
	# It ends at the end of its input, and not before.
	trap '' INT TERM HUP
	exec env "${USER_LOCALE[@]}" "$POSTPROC" report "${options[@]}" -
}

# Ends at the end of its input as well.
run_record() {
	local options=(--pid "$PID")

	[[ $RING ]] && options+=(--ring "$RING")
	[[ $RESOLVE ]] && options+=(--resolve)
	[[ $TARGET ]] && options+=(--target "$TARGET")
	[[ $DEBUGINFOD && $RESOLVE ]] && options+=(--debuginfod)
	[[ $HEADLESS$QUIET ]] && options+=(--headless)
	trap '' INT TERM HUP
	exec "$POSTPROC" record "${options[@]}" -- "$RECORD"
}

# On SIGTERM bpftrace ends in good order, or at once while it is still compiling.
end_tracing() {
	ENDING=1
	[[ ! $TRACER ]] || kill -TERM "$TRACER" 2>/dev/null || true
}

on_interrupt() {
	((++INTERRUPTS == 1)) || exit 130
	end_tracing
}

# Whatever ends this script: nothing that it started stays.
clean_up() {
	local child

	for child in $TRACER $WATCHER $STUCK $REPORTER $RECORDER; do
		kill -KILL "$child" 2>/dev/null || true
	done
}

# Waits until bpftrace has ended; sets STATUS to its exit status. It is ended when the report is gone, the recorder, or
# the target (which it notices itself, unless that was before it had attached).
await_bpftrace() {
	local ended patience=$((5 + ${#SITES[@]} / 5))

	while [[ $TRACER ]]; do
		ended='' STATUS=0
		# shellcheck disable=SC2086 # numbers, or nothing
		wait -n -p ended $TRACER $WATCHER $REPORTER $RECORDER || STATUS=$?
		case ${ended-} in # unset when a signal came
		'') continue ;;
		"$TRACER") TRACER='' && break ;;
		"$WATCHER")
			WATCHER=''
			if ((patience)); then
				# bpftrace is about to notice that itself, and a signal on top would cost its last lines.
				setpriv --pdeathsig KILL sleep "$patience" {out}>&- {complaints}>&- {relay}>&- &
				WATCHER=$! patience=0
				continue
			fi
			;;
		"$REPORTER") REPORTER='' REPORT_STATUS=$STATUS ;;
		"$RECORDER") RECORDER='' RECORD_STATUS=$STATUS ;;
		esac
		end_tracing
	done
	for ended in $WATCHER $STUCK; do
		kill "$ended" 2>/dev/null || true
	done
	WATCHER='' STUCK=''
}

# Waits for the process in the variable $1, empties that, and sets the variable $2 to its status.
await() {
	local -n child=$1 result=$2

	while [[ $child ]]; do
		INTERRUPTED=$INTERRUPTS result=0
		wait "$child" || result=$?
		((result > 128 && INTERRUPTED != INTERRUPTS)) || child=
	done
}

# A pipe with no name: sets IN and OUT to its ends, opened apart.
open_pipe() {
	local both

	exec {both}<> <(:)
	exec {IN}<"/dev/fd/$both" {OUT}>"/dev/fd/$both" {both}>&-
}

# Who reads it may be gone already; that shows later.
write_head() (
	trap '' PIPE
	printf '%s\n' "$HEAD" 2>/dev/null || true
)

# Starts bpftrace on the script $1, writing to the file descriptor $2, and what tells that the target is gone.
start_bpftrace() {
	run_bpftrace "$([[ $RAW ]] && echo line || echo full)" \
		>&"$2" 2>&"$complaints" {out}>&- {complaints}>&- {relay}>&- < <(printf '%s\n' "$1") &
	TRACER=$!
	setpriv --pdeathsig KILL tail --pid="$PID" -f /dev/null {out}>&- {complaints}>&- {relay}>&- &
	WATCHER=$!
	if [[ $POLLS == tls ]]; then
		setpriv --pdeathsig KILL "$POSTPROC" stuck "$PID" "$TOKIO" "${WATCHED[@]}" {out}>&- {complaints}>&- {relay}>&- &
		STUCK=$!
	fi
}

# Runs bpftrace with probes at polls to its end. Fails if these were too dear.
probe_polls() {
	local watch

	# tee writes to what it is told to and to a pipe; whether it could, and what came, is for others to say.
	exec {relay}> >(
		trap '' INT TERM HUP
		tee -p /dev/fd/4 4>&1 >&"$out" 2>/dev/null | grep -q '^end [0-9]* limit$'
	)
	watch=$!
	start_bpftrace "$1" "$relay"
	exec {relay}>&-
	await_bpftrace
	! wait "$watch"
}

# For what is left of the time since $1 (us), tracing goes on without probes at polls. Attaching counts too, which leaves a
# second at least.
go_on_estimating() {
	local left

	if [[ $DURATION_MS ]]; then
		left=$((DURATION_MS - (${EPOCHREALTIME/./} - $1) / 1000))
		DURATION_MS=$((left > 1000 ? left : 1000))
	fi
	POLLS=estimate
	[[ $QUIET ]] || say 'polls       probing them costs a worker more than 2 % of its time: estimated from now on'
}

# Runs the pipeline to its end.
trace() {
	local out to complaints sifter script relay started=${EPOCHREALTIME/./}

	script=$(compose_script)
	trap clean_up EXIT
	trap on_interrupt INT
	trap end_tracing TERM HUP
	exec {complaints}> >(trap '' INT TERM HUP && sift_complaints "$script")
	sifter=$!
	exec {out}>&1
	# It also tells when what stdout leads to is full: bpftrace does not look.
	[[ ! $RAW || $RECORD ]] || RECORD=/dev/null
	if [[ ! $RAW ]]; then
		exec {out}>&-
		open_pipe
		out=$OUT
		run_report <&"$IN" {IN}<&- {out}>&- {complaints}>&- &
		REPORTER=$!
		exec {IN}<&-
	fi
	if [[ $RECORD ]]; then
		to=$out
		open_pipe
		out=$OUT
		run_record <&"$IN" >&"$to" {IN}<&- {to}>&- {out}>&- {complaints}>&- &
		RECORDER=$!
		exec {IN}<&- {to}>&-
	fi
	write_head >&"$out"
	relay=$out
	if [[ $POLLS == uprobe ]] && ! probe_polls "$script" && [[ ! $ENDING ]]; then
		go_on_estimating "$started"
		script=$(compose_script)
	fi
	if [[ $POLLS != uprobe ]]; then
		start_bpftrace "$script" "$out"
		await_bpftrace
	fi
	exec {complaints}>&-
	wait "$sifter" || true
	if ((STATUS > 0 && STATUS < 128)); then
		[[ ! $REPORTER ]] || kill -KILL "$REPORTER"
		exec {out}>&-
		await RECORDER RECORD_STATUS
		die 'bpftrace could not trace (its words are above).' \
			'bpftrace --info tells what the kernel lacks; hud-trace --print-script shows the script'
	fi
	exec {out}>&-
	await REPORTER REPORT_STATUS
	await RECORDER RECORD_STATUS
	if ((RECORD_STATUS > 128)); then
		say "hud-trace: the recorder was killed; what it has written is $(clean "$RECORD").partial"
		RECORD_STATUS=1
	fi
	((REPORT_STATUS)) || REPORT_STATUS=$RECORD_STATUS
	exit "$REPORT_STATUS"
}
