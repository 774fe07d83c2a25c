# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# The live view: when it is shown, and how the pipeline differs with it. While tracing lasts, hud-postproc
# live takes the place of the report and uses the terminal.

# Sets VIEW if the report goes to this process's terminal and no other output was asked for. Says why if that
# alone does not suffice.
choose_view() {
	local format stat

	[[ ! $HEADLESS$QUIET$RAW && -t 1 ]] || return 0
	for format in ${FORMATS[@]+"${FORMATS[@]}"}; do
		[[ $format == *=?* && $format != *=- ]] || return 0
	done
	if [[ ${TERM:-dumb} == dumb ]]; then
		say "no live view: TERM is ${TERM:-not set}"
	elif ! { MODES=$(stty -g </dev/tty); } 2>/dev/null; then
		say 'no live view: no controlling terminal'
	# In the background, using the terminal would stop it: its process group must be the terminal's.
	elif read -r stat <"/proc/$$/stat" && read -ra stat <<<"${stat##*) }" && [[ ${stat[2]} == "${stat[5]}" ]]; then
		VIEW=1
	else
		say 'no live view: not in the foreground (timeout --foreground keeps it there)'
	fi
}

# Messages would be printed into the view. Instead the view shows them in its last line, which it reads from
# the pipe $1, and all of them are printed after the report.
hold_notes() {
	local line lines=()

	while IFS= read -r line; do
		((${#lines[@]} == 200)) || lines+=("$line")
		printf '%s\n' "$line" 1>&"$1" 2>/dev/null || true
	done
	((!${#lines[@]})) || printf '%s\n' "${lines[@]}"
}

# From here on standard error is held back; $SCREEN is the terminal's. The view reads the notes from $NOTES.
start_holding() {
	local to

	open_pipe
	NOTES=$IN to=$OUT
	exec {SCREEN}>&2
	exec 2> >(trap '' INT TERM HUP PIPE && close_others "$to" "$SCREEN" && hold_notes "$to" 1>&"$SCREEN")
	NOTE_KEEPER=$!
	exec {to}>&-
}

# Starts the view as REPORTER, with the event lines from $1. It tells by FROM_VIEW that the user has left it.
start_view() {
	open_pipe
	FROM_VIEW=$IN TELL=$OUT
	run_report --notes "$NOTES" --tell "$TELL" ${RECORD:+--recording "$RECORD"} <&"$1" 2>&"$SCREEN" &
	REPORTER=$!
	exec {TELL}>&- {NOTES}<&-
	NOTES='' TELL=''
}

# The view has ended. If it was killed, the terminal must be restored.
end_view() {
	[[ $VIEW ]] || return 0
	VIEW=''
	if (($1 > 128)); then
		"$POSTPROC" live --rescue - 2>/dev/null || true
		stty "$MODES" </dev/tty 2>/dev/null || true
	fi
	exec 2>&"$SCREEN" {SCREEN}>&-
}

# Waits until everything held back has been printed.
await_notes() {
	[[ ! $NOTE_KEEPER ]] || wait "$NOTE_KEEPER" || true
	NOTE_KEEPER=''
}
