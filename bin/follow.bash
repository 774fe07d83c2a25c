# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# --follow: a trace for each life of the target. This process traces nothing: it runs hud-trace once for each life, and waits for
# the next one in between.

LIFE=0 CHILD=''                         # the number of this life, and the hud-trace that traces it
FIRST_NAME='' FIRST_PROGRAM='' GROUP='' # what its successors have in common with the target: name or executable, and its unit
CARRY=''                                # its descriptor: open_carry
FOLLOW_UNTIL=''                         # when the duration is over, us

# Sets REPLY to file name $1 of this life: "trace.zst" is "trace.2.zst" in the second. What is no file keeps its name, and so does a
# descriptor.
file_of_life() {
	local folder='' name=$1

	REPLY=$1
	[[ $LIFE -gt 1 && $1 && $1 != - && $1 != /dev/* ]] || return 0
	[[ $name != */* ]] || { folder=${name%/*}/ && name=${name##*/}; }
	if [[ $name == ?*.* ]]; then
		# "profile.pb.gz" has one ending for each of two things.
		[[ $name =~ ^(.+)(\.[^.]+\.(gz|zst))$ || $name =~ ^(.+)(\.[^.]+)$ ]]
		REPLY=$folder${BASH_REMATCH[1]}.$LIFE${BASH_REMATCH[2]}
	else
		REPLY=$folder$name.$LIFE
	fi
}

# Sets WORDS to the arguments for the trace of this life, of process PID. Metrics keep their file: their reader knows it by name, and
# counters go on.
words_of_life() {
	local words=("${ARGUMENT_WORDS[@]}") left

	WORDS=(--pid "$PID")
	while [[ ${words[0]-} && ${words[0]} != -- ]]; do
		case ${words[0]} in
		--follow) words=("${words[@]:1}") && continue ;;
		-p | --pid | --duration) ;;
		--record)
			# With --trigger it is a folder, for all lives.
			REPLY=${words[1]}
			[[ $TRIGGER_FOLDER ]] || file_of_life "$REPLY"
			WORDS+=(--record "$REPLY")
			;;
		--chart | --export | --probe-output) file_of_life "${words[1]}" && WORDS+=("${words[0]}" "$REPLY") ;;
		--format)
			REPLY=${words[1]}
			[[ $REPLY != *=* || $REPLY == @(prometheus|openmetrics)=* ]] || { file_of_life "${REPLY#*=}" && REPLY=${words[1]%%=*}=$REPLY; }
			WORDS+=(--format "$REPLY")
			;;
		*)
			WORDS+=("${words[0]}")
			takes_value "${words[0]}" || { words=("${words[@]:1}") && continue; }
			WORDS+=("${words[1]}")
			;;
		esac
		words=("${words[@]:2}")
	done
	[[ $FOLLOW_UNTIL ]] || return 0
	left=$(((FOLLOW_UNTIL - ${EPOCHREALTIME/./}) / 1000))
	WORDS+=(--duration "$((left > 100 ? left : 100))ms")
}

on_follow_signal() {
	((++SIGNALS))
	# Ctrl-C has reached it already, and a second one would end it without a report.
	[[ ! $CHILD ]] || kill -TERM "$CHILD" 2>/dev/null || true
}

follow_is_over() {
	((SIGNALS)) || { [[ $FOLLOW_UNTIL ]] && ((${EPOCHREALTIME/./} >= FOLLOW_UNTIL)); }
}

# Opens a file without a name, in which each trace leaves its counters for the next one.
open_carry() {
	local file

	file=$(mktemp) || die 'there is no folder for a temporary file'
	exec {CARRY}<>"$file"
	rm -f "$file"
}

# Traces PID. Sets STATUS.
trace_life() {
	words_of_life
	(
		export HUD_TRACE_PUSH_AUTH
		HUD_TRACE_CARRY=$CARRY exec "$SELF" "${WORDS[@]}"
	) <&0 &
	CHILD=$!
	await CHILD STATUS
}

# Has process $1 workers already? It may have started a moment ago.
has_workers() {
	local answer='' workers

	if [[ $WORKERS ]]; then
		cat "/proc/$1/task/"*/comm 2>/dev/null | WANT=${WORKERS:0:15} awk 'index($0, ENVIRON["WANT"]) == 1 { found = 1 } END { exit !found }'
		return
	fi
	read -r answer _ workers _ < <(close_others && exec timeout 60 "$POSTPROC" glance --pid "$1" 2>/dev/null) || true
	# Where Tokio's state cannot be read, its threads have a name.
	[[ $answer == glance ]] && { ((workers > 0)) 2>/dev/null || { [[ $workers == - ]] && grep -qs '^tokio-' "/proc/$1/task/"*/comm; }; }
}

# Is process $1 what follows process $2, which was born at $3? The process itself, if it runs another program; otherwise one that is no
# older, has its name or its executable's, and its unit, if it was in one.
is_successor() {
	[[ ${COMM[$1]-} ]] || return 1
	read_stat "$1" || return 1
	[[ ${FIELDS[0]} != [ZX] ]] || return 1
	(($1 != $2 || FIELDS[19] != $3)) || return 0
	((FIELDS[19] >= $3)) || return 1
	[[ ${COMM[$1]} == "$FIRST_NAME" || ${EXE[$1]} == "$FIRST_PROGRAM" ]] || return 1
	group_of "$1"
	[[ $GROUP != *.@(service|scope)* || $REPLY == "$GROUP" ]]
}

# Sets PID to the successor of the target that has just left, once there is one. Fails if tracing is to end before that.
await_successor() {
	local pid last=$PID last_born=$BORN

	until follow_is_over; do
		COMM=() EXE=()
		list_processes
		for pid in "$last" "${!COMM[@]}"; do
			if is_successor "$pid" "$last" "$last_born" && has_workers "$pid"; then
				PID=$pid
				return 0
			fi
		done
		sleep 0.5 & await_sleep "$!"
	done
	return 1
}

# Waits for `sleep`, process $1, or a signal.
await_sleep() {
	wait "$1" 2>/dev/null || kill "$1" 2>/dev/null || true
}

# Traces the target, and its successors, one after the other. Exits with the status of the last trace, or 3 if --fail-on was true in
# one of them.
follow() {
	local status=0 left_us

	slurp "/proc/$PID/comm" && FIRST_NAME=$REPLY
	FIRST_PROGRAM=$(readlink "/proc/$PID/exe") || true
	FIRST_PROGRAM=${FIRST_PROGRAM% (deleted)}
	FIRST_PROGRAM=${FIRST_PROGRAM##*/}
	group_of "$PID" && GROUP=$REPLY
	[[ ! $DURATION_MS ]] || FOLLOW_UNTIL=$((${EPOCHREALTIME/./} + DURATION_MS * 1000))
	open_carry
	trap on_follow_signal INT TERM HUP
	while :; do
		((++LIFE))
		trace_life
		((STATUS != 3)) || status=3
		look_for_target
		# It goes on, and it was the trace that ended.
		[[ $LEFT ]] || break
		! follow_is_over || break
		left_us=${EPOCHREALTIME/./}
		[[ $QUIET ]] || say "follow      process $PID ${LEFT/replaced/runs another program}: waiting for its successor; Ctrl-C ends"
		await_successor || break
		check_target
		left_us=$(((${EPOCHREALTIME/./} - left_us) / 100000))
		printf '\n== life %d: process %d, after %d.%d s ==\n\n' "$((LIFE + 1))" "$PID" $((left_us / 10)) $((left_us % 10))
	done
	exit $((status ? status : STATUS))
}
