# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# hud-trace tasks: what the tasks of a running process wait for. hud-postproc does it; here are its command line, and the process that a
# name means.

tasks_usage() {
	cat <<-'END'
	usage: sudo hud-trace tasks [OPTION]... NAME
	       sudo hud-trace tasks [OPTION]... --pid PID

	Lists the Tokio runtimes of a running process and their tasks: how many there are
	of each kind, what state they are in, and what they wait for. The process is
	neither stopped nor changed. A process that is called "tasks" is traced by --pid.

	  NAME                    process or executable with this name, or a part of it
	  -p, --pid PID           process id, instead of NAME
	      --tree              the awaits of all tasks, joined where they are the same
	      --watch SECS        look again every SECS seconds, and compare; Ctrl-C ends it
	  -f, --format FORMAT     text, json, folded (for flame graphs), or dot (a graph)
	  -t, --target FILE       read symbols from FILE, unstripped; repeatable
	      --debuginfod        fetch debug info from the servers in $DEBUGINFOD_URLS
	  -h, --help              print this text

	hud-postproc tasks CORE does the same for a core dump.

	Exit status: 0 listed, 1 no tasks or failed, 2 wrong usage, 77 no permission.
	END
}

# Sets PID or NAME, and OPTIONS to what hud-postproc gets.
parse_tasks_options() {
	local words

	OPTIONS=()
	words=$(env -u GETOPT_COMPATIBLE -u POSIXLY_CORRECT getopt -n hud-trace -o hp:f:t: -l help,tree,watch:,pid:,format:,target:,debuginfod -- "$@" 2>&1) ||
		refuse_tasks "$(clean "$(sed -n '1s/^[^:]*: //p' <<<"$words")")"
	unquote "$words"
	# shellcheck disable=SC2153 # unquote sets it
	set -- "${WORDS[@]}"
	while [[ $1 != -- ]]; do
		case $1 in
		-h | --help) tasks_usage && exit ;;
		--debuginfod)
			# shellcheck disable=SC2034 # require_root asks sudo to keep the servers
			DEBUGINFOD=1
			OPTIONS+=("$1")
			shift
			continue
			;;
		--tree) OPTIONS+=("$1") && shift && continue ;;
		-p | --pid) number --pid "$2" 1 4194304 'a process id from 1 to 4194304' && PID=$REPLY ;;
		--watch)
			duration --watch "$2" s 100000 86400000000 'a number of seconds from 0.1 to 86400, or a duration (500ms, 30s, 5m)'
			OPTIONS+=("--watch=$2")
			;;
		-f | --format)
			[[ $2 == @(text|json|folded|dot) ]] || refuse_tasks "--format: '$(clean "$2")' is not text, json, folded or dot"
			OPTIONS+=("--format=$2")
			;;
		-t | --target)
			[[ -f $2 && -r $2 ]] || refuse_tasks "--target: '$(clean "$2")' is not a readable file"
			OPTIONS+=("--target=$2")
			;;
		esac
		shift 2
	done
	shift
	(($# <= 1)) || refuse_tasks "give one NAME, not $#"
	NAME=${1-}
	[[ $NAME || $PID ]] || refuse_tasks 'which process? Name it, or a part, or give its id by --pid'
	[[ ! $NAME || ! $PID ]] || refuse_tasks 'give either a NAME or --pid PID, not both'
}

refuse_tasks() {
	say "hud-trace tasks: $*"
	say "Try 'hud-trace tasks --help'."
	exit 2
}

# Runs the command with the arguments behind "tasks".
run_tasks() {
	local OPTIONS

	parse_tasks_options "$@"
	require_root "reading a process's memory"
	find_files
	[[ $PID ]] || find_target
	check_target
	exec env "${USER_LOCALE[@]}" "$POSTPROC" tasks ${OPTIONS[@]+"${OPTIONS[@]}"} --pid "$PID"
}
