# shellcheck shell=bash
# hud-trace --doctor: what of all that tracing needs is there, what is not, and what helps.

UNFIT=0 # the exit status that what is missing calls for

# One line: $1 is ok, missing or optional; $2 what it is about; the rest is what there is, and what helps.
tell() {
	printf '%-9s %-11s %s\n' "$1" "$2" "$3"
	[[ ! ${4-} ]] || printf '%21s %s\n' '' "-> $4"
}

# Something that tracing goes without: $1 is whether it is there.
tell_option() {
	if (($1)); then tell ok "$2" "$3"; else tell optional "$2" "$4" "$5"; fi
}

# A small script with all kinds of probes is loaded and attached: what a seccomp filter, say, refuses shows only so.
try_small_script() {
	local words status=0

	# shellcheck disable=SC2016 # the variables are of bpftrace
	words=$(timeout 60 bpftrace -q -e 'BEGIN { @x[1] = 1; }
		tracepoint:sched:sched_switch { $f = ((struct task_struct *)curtask)->flags; @x[2] = (uint64)$f; }
		profile:hz:99 { @x[3] = 1; } interval:ms:300 { clear(@x); exit(); }' 2>&1) || status=$?
	FOUND='a small script was loaded, attached and has run'
	((status == 0)) || {
		words=$(grep -vE 'RLIMIT_MEMLOCK|^Attach|WARNING:|^[[:space:]]*[~^]*$' <<<"$words" | head -n 1)
		FOUND="bpftrace cannot trace: $(clean "${words:-status $status}")"
		REMEDY='bpftrace --info tells what the kernel lacks; a container may need --privileged'
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
	[[ $1 != @(rights|namespace|lockdown|ptrace) ]] || UNFIT=77
}

# What a trace of the target would have. Ends with a message where there is nothing to trace.
examine_target() {
	local key warning

	HEADLESS=1
	[[ $PID ]] || find_target
	check_target
	read_head
	choose_polls
	choose_stacks
	tell ok target "${META[target]}, pid $PID: ${META[exe]}"
	for key in workers polls stacks; do
		tell ok "$key" "${META[$key]}"
	done
	for warning in ${WARNINGS[@]+"${WARNINGS[@]}"}; do
		tell optional target "$warning"
	done
}

tell_target() {
	local words

	if words=$(examine_target 2>&1); then
		printf '%s\n' "$words"
	else
		words=${words#hud-trace: }
		# What it says, behind that perhaps threads, one in a line, and what helps.
		tell missing target "${words%%$'\n'*}$(sed -n '2,${$!{/^warning: /!p}}' <<<"$words" |
			sed -E 's/^ *([0-9]+) /\1 /' | paste -s | sed 's/\t/, /g; s/^./ &/')" \
			"$([[ $words != *$'\n'* ]] || printf '%s' "${words##*$'\n'}")"
		((UNFIT)) || UNFIT=1
	fi
}

# The library that libdw asks servers by, which it loads when it needs it.
has_debuginfod() {
	compgen -G '/usr/lib*/libdebuginfod.so.1' >/dev/null || compgen -G '/usr/lib/*/libdebuginfod.so.1' >/dev/null
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
		tell missing libdw "hud-postproc does not run: $(clean "${words%%$'\n'*}")" 'install elfutils (libdw1), libyajl, libprotobuf-c'
		UNFIT=$((UNFIT ? UNFIT : 1))
	fi
	{ read -r paranoid </proc/sys/kernel/perf_event_paranoid || true; } 2>/dev/null
	tell ok paranoid "kernel.perf_event_paranoid is $paranoid: that is not for root"
	read_release
	((EUID)) || tell_option $((RELEASE < 6019 && $(test -d "$TRACEFS/events/rseq/rseq_update" && echo 1 || echo 0))) \
		rseq 'the kernel tells when a thread is back in user mode: few stacks are taken' \
		'the kernel does not tell when a thread is back in user mode: more stacks are taken' 'Linux 5.5 to 6.18 with CONFIG_RSEQ does'
	tell_option "$(command -v gnuplot >/dev/null && echo 1 || echo 0)" gnuplot '--chart draws' '--chart draws text only' \
		'install gnuplot (gnuplot-nox)'
	if ! has_debuginfod; then
		tell optional debuginfod '--debuginfod is not to be had' 'install libdebuginfod1 (elfutils-debuginfod-client)'
	elif [[ ! ${DEBUGINFOD_URLS-} ]]; then
		tell optional debuginfod '--debuginfod has no server to ask' \
			'set DEBUGINFOD_URLS, and sudo --preserve-env=DEBUGINFOD_URLS'
	else
		tell ok debuginfod "--debuginfod asks $(clean "$DEBUGINFOD_URLS")"
	fi
	[[ ! $NAME$PID ]] || tell_target
	if ((UNFIT)); then
		printf '\nhud-trace cannot trace here: see what is missing.\n'
	else
		printf '\nhud-trace can trace here.\n'
	fi
	exit "$UNFIT"
}
