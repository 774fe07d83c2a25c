# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# bpftrace's complaints. They are kept until tracing has begun: if the script is refused and another one is
# tried, nobody needs to read them.

COMPLAINTS='' KEPT_WORDS='' SIFTER='' # the descriptor bpftrace writes to, the one to read what was kept from, and the process in between
SAID=''                               # what bpftrace said before tracing had begun and was not shown
BEGUN_MARK=$'\1'                      # sent to say that tracing has begun; it is a line of its own, or ends half a line

# Lines that say nothing of use here.
NOISE='RLIMIT_MEMLOCK|^Attach|WARNING:|^[0-9]+ warnings? generated\.$|^[[:space:]]*[~^]*$'

# Text of bpftrace, shortened, without the bytes that control a terminal.
harmless() {
	local text=${1:0:500}

	printf '%s' "${text//[!$'\t' -~]/?}"
}

# Passes on bpftrace's complaints from standard input: at most 40 lines after tracing has begun. Complaints
# before that are printed at the end, and only if tracing never begins: the first 20 and the last 20. All
# input is read, because SIGPIPE would end bpftrace.
sift_complaints() {
	local line shown=() more=0 begun=''

	while IFS= read -r line || [[ $line ]]; do
		if [[ $line == *"$BEGUN_MARK"* ]]; then
			begun=1 line=${line//"$BEGUN_MARK"/}
			((!${#shown[@]})) || say "$(printf '%s\n' "${shown[@]}")"
		fi
		[[ ! $line =~ $NOISE ]] || continue
		if ((${#shown[@]} < 40)); then
			shown+=("$(harmless "$line")")
			[[ ! $begun ]] || say "${shown[-1]}"
		elif [[ $begun ]]; then
			((more += 1 + $(wc -l)))
		else
			((++more))
			shown=("${shown[@]:0:20}" "${shown[@]:21}" "$(harmless "$line")")
		fi
	done
	if [[ $begun ]]; then
		((!more)) || say "(bpftrace: $more more lines)"
	else
		((!more)) || shown=("${shown[@]:0:20}" "(bpftrace: $more more lines)" "${shown[@]:20}")
		((!${#shown[@]})) || printf '%s\n' "${shown[@]}"
	fi
}

# Starts the process that takes the complaints about SCRIPT. bpftrace must write them to COMPLAINTS.
start_sifter() {
	local in

	open_pipe
	COMPLAINTS=$OUT in=$IN
	exec {KEPT_WORDS}< <(
		trap '' INT TERM HUP
		close_others "$in"
		exec <&"$in" {in}<&-
		if ((${#OWN[@]})); then name_scripts "$SCRIPT" | sift_complaints; else sift_complaints; fi
	)
	SIFTER=$!
	exec {in}<&-
	[[ ! $BEGUN ]] || tell_sifter
}

# Tells the sifter that tracing has begun.
tell_sifter() {
	[[ $COMPLAINTS ]] || return 0
	# The braces hide bash's own messages about children that were killed meanwhile: hud-trace reports
	# those itself.
	{ (printf '%s\n' "$BEGUN_MARK" >&"$COMPLAINTS") || true; } 2>/dev/null
}

# bpftrace has ended: sets SAID.
end_sifter() {
	exec {COMPLAINTS}>&-
	COMPLAINTS=''
	IFS= read -r -d '' SAID <&"$KEPT_WORDS" || true
	SAID=${SAID%$'\n'}
	exec {KEPT_WORDS}<&-
	wait "$SIFTER" || true
	SIFTER=''
}

# Shows what was kept.
show_complaints() {
	[[ ! $SAID ]] || say "$SAID"
	SAID=''
}
