# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# The target: finds the process that a name means, checks that it can be traced, and reads its head.

declare -A META=() # the head's meta lines

# Reads a file of /proc, which may contain anything but NUL, into REPLY. Fails if it does not exist: processes
# come and go.
slurp() {
	REPLY=''
	{ read -r -d '' REPLY <"$1" || true; } 2>/dev/null
	REPLY=${REPLY%$'\n'}
	[[ $REPLY ]]
}

# Sets FIELDS to the words of /proc/$1/stat after the name: 0 state, 1 parent, 6 flags, 19 start time, 25 the
# address of the program's stack, which is random for each program.
read_stat() {
	slurp "/proc/$1/stat" && read -r -a FIELDS <<<"${REPLY##*) }"
}

# All processes except kernel threads, this one, its children, and its ancestors.
list_processes() {
	local pid exe
	local -A kin=()

	for ((pid = $$; pid > 1; pid = FIELDS[1])); do
		kin[$pid]=1
		read_stat "$pid" || break
	done
	while IFS=$'\t' read -r -d '' pid exe; do
		[[ ${kin[$pid]-} ]] && continue
		read_stat "$pid" || continue
		((!(FIELDS[6] & 0x200000) && FIELDS[1] != $$)) || continue
		slurp "/proc/$pid/comm" || REPLY=
		COMM[pid]=$REPLY
		exe=${exe% (deleted)}
		EXE[pid]=${exe##*/}
	done < <(cd /proc && exec find [1-9]*/exe -maxdepth 0 -printf '%h\t%l\0' 2>/dev/null)
}

# One line about process $1: pid, start, command line.
describe() {
	local boot start line words=()

	boot=$(sed -n 's/^btime //p' /proc/stat)
	read_stat "$1" && start=$((boot + FIELDS[19] / $(getconf CLK_TCK)))
	# The command line is in the process's memory, and reading that may never return (userfaultfd).
	mapfile -d '' -n 200 -t words < <(timeout 2 cat "/proc/$1/cmdline" 2>/dev/null)
	line=${words[*]}
	printf '%8d  %(%F %T)T  %.200s' "$1" "${start:-0}" "$(clean "${line:0:200}")"
}

# Names like NAME: one contains the other, or few letters differ.
near_names() {
	local pid

	for pid in "${!COMM[@]}"; do
		clean "${COMM[pid]}" && echo
		clean "${EXE[pid]}" && echo
	done | sort -u | WANT=$NAME awk '
		function least(a, b) { return a < b ? a : b }
		function distance(a, b,    i, j, above, here, old) {
			for (j = 0; j <= length(b); j++) row[j] = j
			for (i = 1; i <= length(a); i++) {
				above = row[0]; row[0] = i
				for (j = 1; j <= length(b); j++) {
					old = row[j]
					here = above + (substr(a, i, 1) != substr(b, j, 1))
					row[j] = least(here, least(row[j], row[j - 1]) + 1)
					above = old
				}
			}
			return row[length(b)]
		}
		BEGIN { want = tolower(ENVIRON["WANT"]) }
		length($0) > 2 {
			have = tolower($0)
			if (index(have, want) || index(want, have)) near = 0
			else if (length(want) > 64) next
			else near = distance(want, have)
			if (near <= least(length(want), length(have)) / 3) print near "\t" $0
		}' | sort -n | cut -f2 | head -n 5
}

# Sets PID to the process that NAME means.
find_target() {
	local pid by matches=() near tokios

	list_processes
	for by in name executable part; do
		for pid in "${!COMM[@]}"; do
			case $by in
			name) [[ ${COMM[pid]} == "$NAME" ]] || continue ;;
			executable) [[ ${EXE[pid]} == "$NAME" ]] || continue ;;
			part) [[ ${COMM[pid]} == *"$NAME"* || ${EXE[pid]} == *"$NAME"* ]] || continue ;;
			esac
			matches+=("$pid")
		done
		((${#matches[@]} == 0)) || break
	done
	case ${#matches[@]} in
	1) PID=${matches[0]} ;;
	0)
		near=$(near_names)
		say "hud-trace: no process is named '$(clean "$NAME")'${near:+. Is it one of these? ${near//$'\n'/, }}"
		tokios=$(tokio_names)
		[[ ! $tokios ]] || say "Tokio runs in: $tokios"
		exit 1
		;;
	*)
		say "hud-trace: ${#matches[@]} processes match '$(clean "$NAME")'; choose one by --pid:"
		for pid in "${matches[@]}"; do
			say "$(describe "$pid")"
		done
		exit 1
		;;
	esac
}

# Sets REPLY to what stat(1) prints for format $1 about the target's executable, or to $2 if it prints
# nothing within five seconds: a file system that does not answer may block it for ever.
stat_program() {
	stat_file "/proc/$PID/exe" "$@"
}

# The same for another file, $1.
stat_file() {
	read -r -t 5 REPLY < <(exec stat -Lc "$2" "$1" 2>/dev/null) || REPLY=$3
}

# Can PID be traced?
check_target() {
	[[ -d /proc/$PID ]] || die "no process has the id $PID"
	slurp "/proc/$PID/status" || die "process $PID has just ended"
	# It must be a line of its own: the process's name, above, may contain the same letters.
	[[ $REPLY =~ $'\n'Tgid:$'\t'([0-9]+) ]]
	((BASH_REMATCH[1] == PID)) || die "$PID is a thread of process ${BASH_REMATCH[1]}: use --pid ${BASH_REMATCH[1]}"
	read_stat "$PID" || die "process $PID has just ended"
	((!(FIELDS[6] & 0x200000))) || die "$PID is a kernel thread"
	[[ ${FIELDS[0]} != [ZX] ]] || die "process $PID has exited (it is a zombie: its parent has not waited for it)"
	((PID != $$)) || die 'hud-trace cannot trace itself'
	BORN=${FIELDS[19]} STACK_START=${FIELDS[25]}
	stat_program %d:%i ''
	PROGRAM=$REPLY
}

# Sets LEFT to what has become of the target: '' if it still runs that program, ended, or replaced by another
# program. Its id may belong to another process by now.
look_for_target() {
	LEFT=ended
	read_stat "$PID" && [[ ${FIELDS[0]} != [ZX] ]] && ((FIELDS[19] == BORN)) || return 0
	LEFT=replaced
	# Without randomization, the stacks of all programs may have the same address. But no answer, as on a very
	# slow machine, is no sign of another program.
	stat_program %d:%i "$PROGRAM"
	((FIELDS[25] == STACK_START)) && [[ ! $PROGRAM || $REPLY == "$PROGRAM" ]] || return 0
	LEFT=''
}

# Probes are placed in a file, and slow every process that runs it. Sets NO_SITES to the reason if that is not
# only the target: the file is another user's, made for many, or another process has it mapped. (The device is
# not compared: in an overlay it differs between containers.)
find_sharers() {
	local file name owner users inode sharer status

	users=$(sed -n 's/^Uid:[[:space:]]*//p' "/proc/$PID/status" 2>/dev/null) || users=''
	for file in ${SITE_FILES[@]+"${SITE_FILES[@]}"}; do
		name='its executable'
		[[ $file == */exe ]] || name='a library of its'
		stat_file "$file" %u:%i ''
		owner=${REPLY%:*} inode=${REPLY#*:}
		if [[ ! $REPLY || ! $users ]]; then
			NO_SITES="no probes unasked (--polls uprobe): whose $name is cannot be told"
			return
		fi
		if [[ ${users//[[:space:]]/ } != "$owner $owner $owner $owner" ]]; then
			NO_SITES="no probes unasked (--polls uprobe): $name is another user's"
			return
		fi
		status=0
		# There may be more than one command line can hold, some may not be readable, and they come
		# and go meanwhile. grep counts that as an error, and so does xargs: 123.
		sharer=$(printf '%s\0' /proc/[1-9]*/maps | timeout 10 xargs -0 grep -lsE "^[^ ]+ [^ ]+ [^ ]+ [^ ]+ $inode ") || status=$?
		if ((status != 0 && status != 123)); then
			NO_SITES="no probes unasked (--polls uprobe): who has $name mapped cannot be told"
			return
		fi
		sharer=$(sed -n "\\|^/proc/$PID/maps\$|!{p;q}" <<<"$sharer")
		[[ $sharer ]] || continue
		sharer=${sharer#/proc/}
		NO_SITES="no probes unasked (--polls uprobe): process ${sharer%/maps} has $name mapped, too"
		return
	done
}

# The process that wrote the head has read files of the target, which may have taken control of it. The head's
# words are used below as numbers, and in the script that root runs. So each line must have the form given in
# probes/README.md.
check_head() {
	local hex='[0-9a-f]{1,16}' number='[0-9]{1,20}' tid='[1-9][0-9]{0,9}' odd

	odd=$(grep -m 1 -vxE "hud-trace 2|meta [a-z0-9-]+ [ -~]*|tokio (- |([a-z-]+=$number |runtime=[-0-9,]+ )+how=)[ -~]*|\
site (- [ -~]*|[PBKCIEW] $hex $hex [01] [ -~]*)|map $hex $hex r-xp $hex [0-9a-f-]+ [ -~]*|\
thread $tid (worker|current-thread|main-future|blocking-pool|other|unknown) [01] [ -~]*" <<<"$HEAD") || return 0
	die "hud-postproc head wrote an unexpected line about process $PID: $(clean "${odd:0:200}")"
}

# Root cannot look into every process (__ptrace_may_access in Linux 6.18's kernel/ptrace.c). Prints why, and what to do.
say_closed() {
	! readlink "/proc/$PID/exe" >/dev/null || return 0
	read_own_status CapEff
	if ((16#$REPLY >> 19 & 1)); then
		printf ': the kernel lets not even root look into it from here. It belongs to a machine or container around this one, or a security module protects it: run hud-trace outside'
	else
		printf ': root lacks CAP_SYS_PTRACE here. Give it to the container (--cap-add SYS_PTRACE)'
	fi
}

# Reads everything about the process that the stream begins with. This is where its threads are examined.
read_head() {
	local options=(--pid "$PID") line kind one two three rest words script

	options+=(${TARGETS[@]+"${TARGETS[@]/#/--target=}"})
	[[ $DEBUGINFOD ]] && options+=(--debuginfod)
	[[ $HEADLESS$QUIET ]] && options+=(--headless)
	[[ $WORKERS ]] && options+=(--workers "${WORKERS:0:15}") # the kernel cuts names
	[[ $WINDOW ]] && options+=(--meta "window-s=$WINDOW")
	slurp "/proc/$PID/comm" || REPLY=$PID
	options+=(--meta "target=$REPLY" --meta "threshold-us=$THRESHOLD_US")
	options+=(--meta "bpftrace=${BPFTRACE[0]}.${BPFTRACE[1]}" --meta "hud-trace=$VERSION")
	printf -v words '%q ' "${ARGUMENTS[@]}"
	options+=(--meta "options=${words% }")
	# Debian's bpftrace has no disassembler, so it cannot check whether an instruction begins at an offset
	# into a function.
	[[ $POLLS != @(auto|uprobe) ]] || read_answers
	[[ $INFO != *'bfd: no'* ]] || options+=(--probe-starts)
	# Ctrl-Z must not stop it while it holds a thread of the target.
	HEAD=$(trap '' TSTP && close_others && exec "$POSTPROC" head "${options[@]}") || die "process $PID could not be inspected$(say_closed)"
	check_head
	for script in ${OWN[@]+"${OWN[@]}"}; do
		add_meta probe "$(clean "$script")"
	done
	while IFS= read -r line; do
		# There may be very many of these, and locate_sites reads those that it needs.
		[[ $line != 'map '* ]] || continue
		read -r kind one two three rest <<<"$line"
		case $kind in
		thread)
			[[ $three == 1 && -d /proc/$PID/task/$one ]] || continue
			WATCHED+=("$one")
			[[ $two != main-future ]] || MAINS+=("$one")
			[[ $two != current-thread ]] || CURRENT_THREADS+=("$one")
			# With several Tokios, each has its own driver, and it is not known to which one a
			# worker belongs.
			[[ $two != worker ]] || ((${#TOKIO[@]} > 1)) || one=+$one
			SLEEPERS+=("$one")
			;;
		tokio) TOKIO+=("$one $two $three $rest") ;;
		site)
			if [[ $one == - ]]; then
				NO_SITES="$two $three $rest"
			else
				SITES+=("$one${rest%% *}:$two:0x$three")
			fi
			;;
		meta)
			two=${line#"meta $one "} # as it is: a path may have spaces in a row
			META[$one]=$two
			[[ $one == warning ]] && WARNINGS+=("$two")
			;;
		esac
	done <<<"$HEAD"
	locate_sites
	((${#WATCHED[@]})) || no_workers
}

# Sites are probed in the file that is mapped at their address: sets SITE_FILES to these files, and replaces
# each site's address by an offset into its file.
locate_sites() {
	local i kind address site map maps at file
	local -A files=()

	mapfile -t maps < <(sed -n 's/^map \([0-9a-f]*\) \([0-9a-f]*\) [^ ]* [^ ]* [^ ]* /\1-\2 /p' <<<"$HEAD")
	for i in "${!SITES[@]}"; do
		IFS=: read -r kind address site <<<"${SITES[i]}"
		file=/proc/$PID/exe
		for map in ${maps[@]+"${maps[@]}"}; do
			at=${map%% *}
			((16#$address >= 16#${at%-*} && 16#$address < 16#${at#*-})) || continue
			[[ ${map#* } == "${META[exe]}" && ! ${META[linker]-} ]] || file=/proc/$PID/map_files/$at
			break
		done
		SITES[i]=$kind:$file:$site
		files[$file]=1
	done
	SITE_FILES=("${!files[@]}")
}

no_workers() {
	say "hud-trace: process $PID has no thread that looks like a Tokio worker (${META[workers]-}). Its threads:"
	sed -n 's/^thread [0-9]* [^ ]* [01] \(.*\)/\1/p' <<<"$HEAD" | sort | uniq -c | sort -rn | head -n 10 >&2
	((${#WARNINGS[@]})) && say "$(printf 'warning: %s\n' "${WARNINGS[@]}")"
	if [[ $WORKERS ]]; then
		say "None of these names begins with ${WORKERS:0:15}: without --workers, all threads that run a scheduler are looked for."
	else
		say 'If some of these are workers, name them with --workers PREFIX.'
	fi
	exit 1
}

# Adds a line to the head.
add_meta() {
	HEAD+=$'\n'"meta $1 $2"
	META[$1]=$2
}
