# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# Looks at all tasks of the target while it is traced: hud-postproc tasks writes them as event lines.

# Starts one look, or with $2 one each second, whose event lines go to the descriptor $1. Sets LOOKER.
start_looks() {
	local options=(--format=events ${2:+--watch=1} ${TARGETS[@]+"${TARGETS[@]/#/--target=}"}) to=$1

	[[ ! $DEBUGINFOD ]] || options+=(--debuginfod)
	# What it has to say is in its lines.
	(
		trap '' INT TERM HUP
		exec >&"$to"
		exec 2>/dev/null
		exec_bound KILL '' "$POSTPROC" tasks "${options[@]}" --pid "$PID"
	) &
	LOOKER=$!
}

# With --tasks, one look each second until end_looks. They share the pipe of the monitor's lines.
begin_looks() {
	[[ ! $LOOKS ]] || start_looks "$TO_COPIES" each-second
}

end_looks() {
	local status

	[[ $LOOKER ]] || return 0
	kill -KILL "$LOOKER" 2>/dev/null || true
	await LOOKER status
}

# After the trace, one look, whose lines go to the descriptor $1: if the target still runs, and somebody reads.
look_at_end() {
	local status

	[[ $BEGUN && ! $LEFT$UNREAD$UNWRITTEN ]] && [[ ! $RAW || $LOOKS ]] || return 0
	[[ ! $REPORTER || -d /proc/$REPORTER ]] || return 0
	look_for_target
	[[ ! $LEFT ]] || return 0
	start_looks "$1"
	await LOOKER status
}
