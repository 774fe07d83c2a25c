# shellcheck shell=bash
# What hud-trace is doing until tracing has begun, on a terminal: one line, written anew in place, which is gone before anything else is said.

STEPS='' STEP=''         # 1: steps are shown; the one that is
STEPPER='' STEPS_OPEN='' # who shows bpftrace's steps, and the pipe whose end ends that

choose_steps() {
	[[ $HEADLESS$QUIET$PRINT_SCRIPT$DOCTOR || ! -t 2 || ${TERM:-dumb} == dumb ]] || STEPS=1
}

show_step() {
	[[ $STEPS && $STEP != "$1" ]] || return 0
	STEP=$1
	printf '\r\e[K%s...' "$1" >&2 || true
}

# The line is gone.
end_steps() {
	[[ $STEP ]] || return 0
	STEP=''
	if [[ $STEPPER ]]; then
		exec {STEPS_OPEN}>&-
		wait "$STEPPER" 2>/dev/null || true
		STEPPER=''
	fi
	printf '\r\e[K' >&2 || true
}

# What bpftrace, process $1, does, as its open files tell: it makes maps when it has compiled the script, and has more events open than one for the
# output of each CPU, or links, when the kernel has taken programs.
bpftrace_step() {
	local files rest

	files=$(ls -l "/proc/$1/fd" 2>/dev/null) || return
	rest=${files//perf_event/}
	if [[ $files == *bpf?link* || $files == *raw-tracepoint* ]] || (((${#files} - ${#rest}) / 10 > CPUS)); then
		show_step 'attaching'
	elif [[ $files == *bpf-map* ]]; then
		show_step 'loading: the kernel verifies the script'
	else
		show_step 'bpftrace compiles the script'
	fi
}

# Shows the steps of bpftrace until end_steps.
follow_bpftrace() {
	local in

	[[ $STEPS && ! $VIEW && ! $BEGUN ]] || return 0
	open_pipe
	STEPS_OPEN=$OUT in=$IN
	show_step 'bpftrace compiles the script'
	{
		trap '' INT TERM HUP
		close_others "$in"
		until read -rt 0.2 -u "$in" || (($? <= 128)); do
			bpftrace_step "$TRACER"
		done
	} &
	STEPPER=$!
	exec {in}<&-
}
