# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# If bpftrace or the kernel refuses the script, the next one asks for less, and so on, until nothing more can
# be left out.

WITHOUT=()     # what this trace goes without
NO_RAW=0       # 1: do not use raw tracepoints
NO_TICKS=0     # 1: do not sample at timer interrupts
LEAN=0         # 1: keep little room for copies of stacks
TRIED_SMALL='' # 1: it was tried whether bpftrace can run a small script
TRIAL=''       # why it cannot

# Each of these functions leaves something out and adds its name to WITHOUT. It fails if the script does not
# have that thing, or if the user asked for it explicitly: then the refusal is reported instead.

# Both have bpftrace read the target's files: their ELF for probes, their CFI for its own unwinder.
without_files() {
	local before=${#WITHOUT[@]}

	if [[ $POLLS == uprobe && $ASKED_POLLS != uprobe ]]; then
		POLLS=estimate WITHOUT+=('probes at polls')
		add_meta polls 'estimate bpftrace ended when it was to probe polls'
	fi
	if [[ $STACKS == dwarf ]]; then
		STACKS=copy WITHOUT+=('its own stack walk')
		choose_stacks
	fi
	((${#WITHOUT[@]} > before))
}

without_deep_copies() {
	[[ $STACKS == copy && ! $ASKED_SIZE ]] && ((STACK_KIB > 48)) || return 1
	STACK_KIB=48 LEAN=1
	choose_stacks
	WITHOUT+=("copies of more than $STACK_KIB KiB of a stack")
}

without_copies() {
	[[ $STACKS == copy && $ASKED_STACKS != copy && ! $ASKED_SIZE ]] || return 1
	STACKS=fp
	choose_stacks 'copies were refused'
	WITHOUT+=('copies of stacks')
}

# Ordinary tracepoints or a timer of the script replace them.
without_raw() {
	((!NO_RAW)) && takes_raw || return 1
	NO_RAW=1
	WITHOUT+=('raw tracepoints')
}

without_ticks() {
	((TICKS)) || return 1
	NO_TICKS=1
	choose_rate
	WITHOUT+=('the tracepoint timer:hrtimer_expire_exit')
}

# Without the state, the programs that sample are smaller; polls are then estimated.
without_state() {
	[[ $POLLS == tls && $ASKED_POLLS == auto ]] || return 1
	POLLS=estimate
	choose_rate
	add_meta polls "estimate programs that read Tokio's state were refused"
	WITHOUT+=("Tokio's own state")
}

without_resume() {
	((RESUME)) || return 1
	RESUME=0
	choose_stacks
	WITHOUT+=('the tracepoint rseq:rseq_update')
}

# Lists what may help, most likely first, judging by bpftrace's message. If the message names a tracepoint,
# bpftrace could not find it or attach to it; but a program that could not be loaded is called by its
# tracepoint's name, too.
list_ways() {
	if [[ $SAID == *[Ll]oad* ]]; then
		echo deep_copies copies files state
		return
	fi
	[[ $SAID != *rawtracepoint* ]] || echo raw
	[[ $SAID != *rseq_update* ]] || echo resume
	[[ $SAID != *hrtimer_expire_exit* ]] || echo ticks
	echo files deep_copies copies raw ticks state
}

# Did bpftrace end by itself before tracing had begun? Signals of these kinds come from someone who wants it
# to end.
was_refused() {
	[[ ! $BEGUN && ! $ENDING && ! $LEFT ]] && ((STATUS && COPIER_STATUS == 3)) || return 1
	! blames_own_script || return 1
	((STATUS <= 128)) || [[ $(kill -l "$STATUS" 2>/dev/null) != @(INT|TERM|HUP|QUIT) ]]
}

# The complaint is about one of the user's own scripts.
blames_own_script() {
	local script

	for script in ${OWN[@]+"${OWN[@]}"}; do
		[[ $'\n'$SAID != *$'\n'"$(harmless "$(clean "$script")"):"[0-9]* ]] || return 0
	done
	return 1
}

# Leaves out what may help, and says so to the user and in the head. Fails if nothing is left to leave out.
ask_for_less() {
	local way before=${#WITHOUT[@]} words

	if [[ ! $TRIED_SMALL ]]; then
		TRIED_SMALL=1
		try_small_script || { TRIAL="$FOUND. ${REMEDY^}" && return 1; }
	fi
	for way in $(list_ways); do
		"without_$way" || continue
		words=$(join_words "${WITHOUT[@]:before}")
		[[ $QUIET ]] || say "warning     bpftrace ended before it had begun: it is tried again without $words"
		add_meta without "$(join_words "${WITHOUT[@]}")"
		return
	done
	return 1
}

# "a", "a and b", "a, b and c".
join_words() {
	local words=$1

	while (($# > 2)); do
		shift
		words+=", $1"
	done
	printf '%s' "$words${2+ and $2}"
}

# Nothing more can be left out: shows the kernel's log for SCRIPT, which bpftrace prints only on request, and
# a remedy.
explain_refusal() {
	local words=$SAID wishes=()

	show_complaints
	# As in "Use -v for full kernel error log" and "(try -v)".
	if [[ $words == *' -v'* ]]; then
		words=$(kernel_log)
		[[ ! $words ]] || say "hud-trace: the kernel says:"$'\n'"$words"
	fi
	[[ ! $TRIAL ]] || say "hud-trace: a small script does not run here either: $TRIAL"
	[[ $ASKED_STACKS == auto ]] || wishes+=("--stacks $ASKED_STACKS")
	[[ ! $ASKED_SIZE ]] || wishes+=("--stack-size $STACK_KIB")
	[[ $ASKED_POLLS != @(tls|uprobe) ]] || wishes+=("--polls $ASKED_POLLS")
	((!${#wishes[@]})) || say "hud-trace: leave out $(join_words "${wishes[@]}"), and it is tried with less"
}

# The end of the verifier's log for SCRIPT: the last program in it is the refused one.
kernel_log() {
	local COMMAND

	# If its log does not fit, the kernel prints none.
	local -x BPFTRACE_LOG_SIZE=10000000

	bpftrace_command -v -B line
	# If the script runs this time, it is ended as soon as it begins.
	{ timeout -s KILL 600 "${COMMAND[@]}" < <(printf '%s\n' "$SCRIPT") 2>&1 || true; } | awk '
		/^begin / { exit }
		/^processed [0-9]+ insns/ { last = two "\n" one "\n" $0 }
		NF { two = one; one = $0 }
		END { print last }' | sed 's/[^\t -~]/?/g; s/^/    /; /^ *$/d' | cut -c 1-500
}

# The remedy for bpftrace's message $1.
remedy_for() {
	case $1 in
	*'Unknown struct'* | *'linux/types.h'* | *'unknown type name'*) echo "this bpftrace cannot read the kernel's types: a newer one may" ;;
	*'create map'* | *'creation of the required BPF maps'*)
		echo 'raise the limit of locked memory (ulimit -l) or that of its control group; a container may need --privileged'
		;;
	*[Ll]oad*) echo 'a newer kernel or bpftrace may load it; --stacks fp --polls off asks for least' ;;
	*tracepoint*) echo 'a kernel built with that tracepoint is needed' ;;
	*) echo 'bpftrace --info tells what the kernel lacks; a container may need --privileged' ;;
	esac
}
