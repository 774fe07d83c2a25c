# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# hud-trace --doctor: says which of the things that tracing needs are there, which are missing, and how to get
# them.

UNFIT=0 # the exit status: not 0 if something needed is missing

# Prints a line: $1 is ok, missing or optional; $2 the subject; then what was found, and a remedy.
tell() {
	printf '%-9s %-11s %s\n' "$1" "$2" "$3"
	[[ ! ${4-} ]] || printf '%21s %s\n' '' "-> $4"
}

# Prints a line about something optional; $1 tells whether it is there.
tell_option() {
	if (($1)); then tell ok "$2" "$3"; else tell optional "$2" "$4" "$5"; fi
}

# Loads and attaches a small script with all kinds of probes: only that shows, for example, what a seccomp
# filter refuses.
try_small_script() {
	local words status=0

	# shellcheck disable=SC2016 # the variables are of bpftrace
	words=$(timeout 60 bpftrace -q -e 'BEGIN { @x[1] = 1; }
		tracepoint:sched:sched_switch { $f = ((struct task_struct *)curtask)->flags; @x[2] = (uint64)$f; }
		profile:hz:99 { @x[3] = 1; } interval:ms:300 { clear(@x); exit(); }' 2>&1) || status=$?
	FOUND='a small script was loaded, attached and has run'
	((status == 0)) || {
		words=$(sift_complaints <<<"$words")
		FOUND="bpftrace cannot trace: ${words%%$'\n'*}"
		[[ $words ]] || FOUND+="status $status"
		REMEDY=$(remedy_for "$words")
		return 1
	}
}

tell_need() {
	if "check_$1"; then
		tell ok "$1" "$FOUND"
		return
	fi
	tell missing "$1" "$FOUND" "$REMEDY"
	((UNFIT == 77)) || UNFIT=1
	[[ $1 != @(rights|capabilities|namespace|lockdown|ptrace) ]] || UNFIT=77
}

# Loads and attaches SCRIPT, and runs it until tracing has begun. On failure SAID tells why.
try_script() {
	local words status=0

	SCRIPT=$(compose_script)
	bpftrace_command --no-warnings -B line
	words=$("${COMMAND[@]}" < <(printf '%s\n' "$SCRIPT") 2>&1) || status=$?
	[[ $'\n'$words != *$'\n''begin '* ]] || return 0
	SAID=$(sift_complaints <<<"$words")
	SAID=${SAID:-bpftrace ended with status $status}
	return 1
}

# Tries the script that a trace would run, apart from its duration; if that is refused, those that a trace
# would try next. Fails if none is left to try.
tell_script() {
	local words log

	DURATION_MS=100 TRIED_SMALL=1 QUIET=1
	until try_script; do
		words="refused: ${SAID%%$'\n'*}"
		if ! ask_for_less; then
			log=$(kernel_log)
			tell missing script "$words${log:+ (${log##*( )})}" "$(remedy_for "$SAID")"
			return 3
		fi
		tell optional script "$words" "hud-trace continues without $(join_words "${WITHOUT[@]}")"
	done
	tell ok script "loaded and attached: ${#WATCHED[@]} workers, polls: ${META[polls]%% *}, stacks: ${META[stacks]}"
}

# The state of Tokio in a program built with 1.43, as hud-postproc head prints it.
SOME_STATE='id-at=48 id-tag-at=0 budget-at=0 tagged=1 tag-at=0'
SOME_STATE+=' mt-known=1 mt-at=40 mt-tag=0 mt-core=24 mt-tick=64 mt-idle=8 mt-parked=0'
SOME_STATE+=' ct-known=1 ct-at=40 ct-tag=1 ct-core=24 ct-tick=96 ct-idle=0 ct-parked=2 module=0 dtv-entry=0 block=0'
SOME_STATE+=' mt-queue=24 mt-head=16 mt-tail=32 mt-lifo=0 mt-lifo-shared=0 mt-worker=8 mt-handle=16 mt-inject=224 mt-unparked=64'
SOME_STATE+=' mt-workers=72 how=table 1.43'

# Without a target, composes the script for an idle process, with a made-up state of Tokio. Runs in a
# subshell.
tell_any_script() {
	local name=''

	sleep 600 &
	PID=$! WORKERS=sleep HEADLESS=1
	# shellcheck disable=SC2064 # that one
	trap "kill $PID" EXIT
	until [[ $name == sleep ]]; do
		read -r name <"/proc/$PID/comm"
	done
	check_target
	read_head
	TOKIO=("$SOME_STATE")
	choose_how
	tell_script
}

# Says what a trace of the target would use. Ends with a message if the target cannot be traced.
examine_target() {
	local key warning

	HEADLESS=1
	[[ $PID ]] || find_target
	check_target
	read_head
	choose_how
	tell ok target "${META[target]-}, pid $PID: ${META[exe]-}"
	for key in workers polls stacks; do
		tell ok "$key" "${META[$key]-}"
	done
	for warning in ${WARNINGS[@]+"${WARNINGS[@]}"}; do
		tell optional target "$warning"
	done
	((UNFIT)) || tell_script
}

tell_target() {
	local words status=0

	words=$(examine_target 2>&1) || status=$?
	if ((status == 0 || status == 3)); then
		printf '%s\n' "$words"
		UNFIT=$((status ? 1 : UNFIT))
	else
		words=${words#hud-trace: }
		# The first line says what is wrong; after it there may be threads, one per line, and then the
		# remedy.
		tell missing target "${words%%$'\n'*}$(sed -n '2,${$!{/^warning: /!p}}' <<<"$words" |
			sed -E 's/^ *([0-9]+) /\1 /' | paste -s | sed 's/\t/, /g; s/^./ &/')" \
			"$([[ $words != *$'\n'* ]] || printf '%s' "${words##*$'\n'}")"
		((UNFIT)) || UNFIT=1
	fi
}

# libdebuginfod, with which libdw asks servers: libdw loads it on first use.
has_debuginfod() {
	compgen -G '/usr/lib*/libdebuginfod.so.1' >/dev/null || compgen -G '/usr/lib/*/libdebuginfod.so.1' >/dev/null
}

# Capabilities without which less is known.
tell_capabilities() {
	((EUID == 0)) || return 0
	tell_option "$(has_capability 2 && echo 1 || echo 0)" capability 'files of all users can be read (CAP_DAC_READ_SEARCH)' \
		'without CAP_DAC_READ_SEARCH there are no names where only another user may read the program' 'in a container, give it that'
	tell_option "$(has_capability 40 || has_capability 21 && echo 1 || echo 0)" capability 'files that were replaced can be read (CAP_CHECKPOINT_RESTORE)' \
		'without CAP_CHECKPOINT_RESTORE there are no names where the program was replaced while it runs' 'in a container, give it that'
}

run_doctor() {
	local need words paranoid=-

	for need in "${NEEDS[@]}"; do
		tell_need "$need"
	done
	if ((!UNFIT)); then
		if try_small_script; then
			tell ok trial "$FOUND"
		else
			tell missing trial "$FOUND" "$REMEDY"
			UNFIT=1
		fi
	fi
	if words=$("$POSTPROC" --version 2>&1); then
		tell ok libdw "$words"
	else
		tell missing libdw "hud-postproc does not run: $(clean "${words%%$'\n'*}")" 'install elfutils (libdw1), libjson-c, libprotobuf-c'
		UNFIT=$((UNFIT ? UNFIT : 1))
	fi
	tell_capabilities
	{ read -r paranoid </proc/sys/kernel/perf_event_paranoid || true; } 2>/dev/null
	tell ok paranoid "kernel.perf_event_paranoid is $paranoid: that is not for root"
	read_release
	((EUID)) || tell_option $((RELEASE < 6019 && $(test -d "$TRACEFS/events/rseq/rseq_update" && echo 1 || echo 0))) \
		rseq 'the kernel tells when a thread is back in user mode: few stacks are taken' \
		'the kernel does not tell when a thread is back in user mode: more stacks are taken' 'Linux 5.5 to 6.18 with CONFIG_RSEQ does'
	tell_option "$(command -v gnuplot >/dev/null && echo 1 || echo 0)" gnuplot '--chart draws' '--chart draws text only' \
		'install gnuplot (gnuplot-nox)'
	if ! has_debuginfod; then
		tell optional debuginfod '--debuginfod is not available' 'install libdebuginfod1 (elfutils-debuginfod-client)'
	elif [[ ! ${DEBUGINFOD_URLS-} ]]; then
		tell optional debuginfod '--debuginfod has no server to ask' \
			'set DEBUGINFOD_URLS, and sudo --preserve-env=DEBUGINFOD_URLS'
	else
		tell ok debuginfod "--debuginfod asks $(clean "$DEBUGINFOD_URLS")"
	fi
	if [[ $NAME$PID ]]; then
		tell_target
	elif ((!UNFIT)); then
		if [[ $POLLS == uprobe ]]; then
			tell optional script 'not tried: probes at polls need a target' 'give a NAME or --pid'
		else
			(tell_any_script 2>&1) || UNFIT=1
		fi
	fi
	if ((UNFIT)); then
		printf '\nhud-trace cannot trace here: see what is missing.\n'
	else
		printf '\nhud-trace can trace here.\n'
	fi
	exit "$UNFIT"
}
