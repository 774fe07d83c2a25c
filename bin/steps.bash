# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# Shows on a terminal what hud-trace does until tracing has begun: one line, rewritten in place, and removed
# before anything else is printed.

STEPS='' STEP=''         # 1: steps are shown; the current step
STEPPER='' STEPS_OPEN='' # who shows bpftrace's steps, and the pipe whose end ends that

choose_steps() {
	[[ $HEADLESS$QUIET$PRINT_SCRIPT$DOCTOR || ! -t 2 || ${TERM:-dumb} == dumb ]] || STEPS=1
}

show_step() {
	[[ $STEPS && $STEP != "$1" ]] || return 0
	STEP=$1
	printf '\r\e[K%s...' "$1" >&2 || true
}

# Removes the line.
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

# Tells what bpftrace, process $1, is doing, from its open files. It makes its maps after compiling the
# script. Once the kernel has taken programs, it has links, or more events than the one per CPU for its
# output.
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

# Shows bpftrace's steps until end_steps.
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
