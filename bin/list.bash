# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# The Tokio processes of this machine: which there are, and how busy and how blocked each is. --list prints them; without a NAME,
# one can be chosen on a terminal.

GLANCES=16           # processes that are looked at at the same time
TOKIO_PIDS=()        # processes with a file that bears marks of Tokio
declare -A SIGHT=()  # by pid: what a look at it told: VERSION WORKERS CURRENT-THREADS BUSY BLOCKED
LISTED=() ROW=()     # the processes of the list, the most blocked first, and a row of text about each

# Sets TOKIO_PIDS. A mark is a name of Tokio's threads, or a path of its sources, which messages of a panic have. Each file is
# searched once, however many processes have it mapped; one on a file system that does not answer ends the search.
find_tokio_pids() {
	local pid key file
	local -A files=() users=() marked=()

	list_processes
	while read -r pid key file; do
		[[ ${EXE[pid]-} ]] || continue
		files[$key]=$file
		users[$pid]+=" $key"
	done < <(printf '%s\0' /proc/[1-9]*/maps | timeout 20 xargs -0 grep -HsE '^[^ ]+ ..x. [^ ]+ [^ ]+ [1-9]' |
		awk '{
			split($1, part, ":")
			split(part[1], folder, "/")
			if (!((folder[3], $4, $5) in seen))
				print folder[3], $4 ":" $5, "/proc/" folder[3] "/map_files/" part[2]
			seen[folder[3], $4, $5] = 1
		}')
	while IFS= read -r file; do
		marked[$file]=1
	done < <(((!${#files[@]})) || printf '%s\0' "${files[@]}" |
		timeout 20 xargs -0 grep -lsF -e tokio-runtime-w -e tokio-rt-worker -e /tokio-1. 2>/dev/null)
	TOKIO_PIDS=()
	for pid in "${!users[@]}"; do
		for key in ${users[$pid]}; do
			[[ ! ${marked[${files[$key]}]-} ]] || { TOKIO_PIDS+=("$pid") && break; }
		done
	done
}

# Looks at all of them for a second, and sets SIGHT for those that have a Tokio. What looks has read files of strangers: its answer
# must have this form.
glance() {
	local pid at line outs form='^glance ([0-9.]+|-)( ([0-9]{1,9}|-)){4}$'

	SIGHT=()
	for ((at = 0; at < ${#TOKIO_PIDS[@]}; at += GLANCES)); do
		outs=()
		for pid in "${TOKIO_PIDS[@]:at:GLANCES}"; do
			# shellcheck disable=SC2093 # it opens a descriptor
			exec {outs[pid]}< <(trap '' TSTP && close_others && exec timeout 60 "$POSTPROC" glance --pid "$pid" 2>/dev/null)
		done
		for pid in "${!outs[@]}"; do
			line=''
			IFS= read -r line <&"${outs[pid]}" || true
			# shellcheck disable=SC2093
			exec {outs[pid]}<&-
			[[ ! $line =~ $form ]] || SIGHT[$pid]=${line#glance }
		done
	done
}

# Sets REPLY to how long process $1 has run: "5 d", "3 h", "12 min", "40 s".
age_of() {
	local up seconds

	REPLY=-
	read_stat "$1" || return 0
	read -r up _ </proc/uptime
	seconds=$((${up%.*} - FIELDS[19] / $(getconf CLK_TCK)))
	if ((seconds >= 172800)); then
		REPLY="$((seconds / 86400)) d"
	elif ((seconds >= 7200)); then
		REPLY="$((seconds / 3600)) h"
	elif ((seconds >= 120)); then
		REPLY="$((seconds / 60)) min"
	else
		REPLY="$((seconds < 0 ? 0 : seconds)) s"
	fi
}

# Sets REPLY to the control group of process $1, without what all of a machine have in common. Of version 1, that of its CPU time.
group_of() {
	slurp "/proc/$1/cgroup" || true
	REPLY=$'\n'$REPLY
	if [[ $REPLY =~ $'\n'0::([^$'\n']*) && ${BASH_REMATCH[1]} != / ]] || [[ $REPLY =~ $'\n'[0-9]+:[a-z,]*cpu[a-z,]*:([^$'\n']*) ]]; then
		REPLY=${BASH_REMATCH[1]}
	else
		REPLY=/
	fi
}

percent() {
	REPLY=-
	[[ $1 == - ]] || REPLY=$1%
}

# Sets LISTED and ROW, and HEADING.
make_list() {
	local pid version workers current busy blocked user age group name row

	LISTED=() ROW=()
	printf -v HEADING '%8s  %-12s %7s  %-8s %7s %5s %7s  %s' PID USER AGE TOKIO WORKERS BUSY BLOCKED 'NAME (CONTROL GROUP)'
	while read -r _ _ pid; do
		read -r version workers current busy blocked <<<"${SIGHT[$pid]}"
		[[ $workers == - ]] || ((workers += current)) || true
		user=$(timeout 5 stat -c %U "/proc/$pid" 2>/dev/null) || user=-
		age_of "$pid" && age=$REPLY
		group_of "$pid" && group=$(clean "$REPLY")
		((${#group} <= 48)) || group=...${group: -45}
		percent "$busy" && busy=$REPLY
		percent "$blocked" && blocked=$REPLY
		name=$(clean "${EXE[pid]:-${COMM[pid]}}")
		LISTED+=("$pid")
		printf -v row '%8d  %-12.12s %7s  %-8s %7s %5s %7s  %s' "$pid" "$(clean "$user")" "$age" "$version" "$workers" "$busy" "$blocked" \
			"${name:0:40} ($group)"
		ROW+=("$row")
	done < <(for pid in "${!SIGHT[@]}"; do
		read -r _ _ _ busy blocked <<<"${SIGHT[$pid]}"
		echo "${blocked/#-/-1} ${busy/#-/-1} $pid"
	done | sort -k1,1nr -k2,2nr -k3,3n)
}

look_for_tokios() {
	show_step 'looking for Tokio processes'
	find_tokio_pids
	show_step 'looking at them for a second'
	glance
	make_list
	end_steps
}

# --list
print_list() {
	look_for_tokios
	printf '%s\n' "$HEADING" ${ROW[@]+"${ROW[@]}"}
	((${#LISTED[@]})) || say 'hud-trace: no process on this machine has a Tokio that can be seen'
	exit 0
}

# "my-app (4242), other (17)": which processes have marks of Tokio; at most 8.
tokio_names() {
	local pid names='' shown=0

	find_tokio_pids
	for pid in ${TOKIO_PIDS[@]+"${TOKIO_PIDS[@]}"}; do
		((shown++ < 8)) || break
		names+="${names:+, }$(clean "${EXE[pid]:-${COMM[pid]}}") ($pid)"
	done
	printf '%s' "$names"
}

# Draws the rows from FIRST on, as many as the terminal has, with CHOSEN marked.
draw_choice() {
	local i width=$1 height=$2

	((CHOSEN >= FIRST)) || FIRST=$CHOSEN
	((CHOSEN < FIRST + height)) || FIRST=$((CHOSEN - height + 1))
	for ((i = FIRST; i < FIRST + height && i < ${#ROW[@]}; i++)); do
		if ((i == CHOSEN)); then
			printf '\e[7m%.*s\e[0m\e[K\n' "$width" "${ROW[i]}"
		else
			printf '%.*s\e[K\n' "$width" "${ROW[i]}"
		fi
	done >&2
}

# Sets REPLY to the next key: up, down, enter, leave, or another.
read_key() {
	local key rest=''

	REPLY=leave
	IFS= read -rsn1 key || return 0
	[[ $key != $'\e' ]] || IFS= read -rsn2 -t 0.1 rest || true
	case $key$rest in
	$'\e[A' | $'\eOA' | k) REPLY=up ;;
	$'\e[B' | $'\eOB' | j) REPLY=down ;;
	'') REPLY=enter ;;
	$'\e' | q) REPLY=leave ;;
	*) REPLY=other ;;
	esac
}

# No process was named: sets PID to the one that is chosen on the terminal.
choose_process() {
	local CHOSEN=0 FIRST=0 width height size

	look_for_tokios
	((${#LISTED[@]})) || die 'no process on this machine has a Tokio that can be seen: name one, or give its id'
	size=$(stty size 2>/dev/null) || size=''
	read -r height width <<<"${size:-24 80}"
	((width > 0)) || width=80
	height=$((height > 8 ? height - 4 : 4))
	((height <= ${#ROW[@]})) || height=${#ROW[@]}
	printf 'Which process? Up and down choose, Enter traces, q leaves.\n%.*s\n' "$width" "$HEADING" >&2
	while :; do
		draw_choice "$width" "$height"
		read_key
		case $REPLY in
		up) ((CHOSEN == 0)) || ((CHOSEN--)) || true ;;
		down) ((CHOSEN + 1 >= ${#ROW[@]})) || ((++CHOSEN)) ;;
		enter) break ;;
		leave) exit 1 ;;
		esac
		printf '\e[%dA' "$height" >&2
	done
	PID=${LISTED[CHOSEN]}
}
