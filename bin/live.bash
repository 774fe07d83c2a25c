# shellcheck shell=bash
# The live view: where it is shown, and what that changes about the pipeline. hud-postproc live is the report then, with the
# terminal while tracing lasts.

# Sets VIEW if it is: the report goes to a terminal that is this process's, and nothing else was asked for.
choose_view() {
	local format stat

	[[ ! $HEADLESS$QUIET$RAW && -t 1 && ${TERM:-dumb} != dumb ]] || return 0
	for format in ${FORMATS[@]+"${FORMATS[@]}"}; do
		[[ $format == *=?* && $format != *=- ]] || return 0
	done
	{ MODES=$(stty -g </dev/tty); } 2>/dev/null || return 0
	# Not in the background, where it would be stopped: its process group is the terminal's.
	read -r stat <"/proc/$$/stat" || return 0
	read -ra stat <<<"${stat##*) }"
	[[ ${stat[2]} == "${stat[5]}" ]] || return 0
	VIEW=1
}

# What is said while the view is up would be written into it: the view shows it in its last line, by the pipe $1, and all of it is
# printed behind the report.
hold_notes() {
	local line lines=()

	while IFS= read -r line; do
		((${#lines[@]} == 200)) || lines+=("$line")
		printf '%s\n' "$line" 1>&"$1" 2>/dev/null || true
	done
	((!${#lines[@]})) || printf '%s\n' "${lines[@]}"
}

# From here on standard error is held; the terminal's is $SCREEN. The view is to read the notes from $NOTES.
start_holding() {
	local to

	open_pipe
	NOTES=$IN to=$OUT
	exec {SCREEN}>&2
	exec 2> >(trap '' INT TERM HUP PIPE && close_others "$to" "$SCREEN" && hold_notes "$to" 1>&"$SCREEN")
	NOTE_KEEPER=$!
	exec {to}>&-
}

# Starts the view, which reads the event lines from $1, as REPORTER. By FROM_VIEW it tells that the user leaves it.
start_view() {
	open_pipe
	FROM_VIEW=$IN TELL=$OUT
	run_report --notes "$NOTES" --tell "$TELL" ${RECORD:+--recording "$RECORD"} <&"$1" 2>&"$SCREEN" &
	REPORTER=$!
	exec {TELL}>&- {NOTES}<&-
	NOTES='' TELL=''
}

# The view is gone. If it did not go by itself, the terminal is not as it was yet.
end_view() {
	[[ $VIEW ]] || return 0
	VIEW=''
	if (($1 > 128)); then
		"$POSTPROC" live --rescue - 2>/dev/null || true
		stty "$MODES" </dev/tty 2>/dev/null || true
	fi
	exec 2>&"$SCREEN" {SCREEN}>&-
}

# What was held has been printed.
await_notes() {
	[[ ! $NOTE_KEEPER ]] || wait "$NOTE_KEEPER" || true
	NOTE_KEEPER=''
}
