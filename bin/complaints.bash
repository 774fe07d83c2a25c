# shellcheck shell=bash
# What bpftrace complains of. Until tracing has begun that is kept: where the script is refused and another one is tried, nobody has to read it.

COMPLAINTS='' KEPT_WORDS='' SIFTER='' # where it goes, where what was kept comes from, and who is between
SAID=''                               # what bpftrace said before tracing had begun, and nobody was shown
BEGUN_MARK=$'\1'                      # says that tracing has begun, in a line of its own or behind half a line

# Lines that mean nothing here.
NOISE='RLIMIT_MEMLOCK|^Attach|WARNING:|^[0-9]+ warnings? generated\.$|^[[:space:]]*[~^]*$'

# Text of bpftrace without bytes that a terminal would obey, and of a bearable length.
harmless() {
	local text=${1:0:500}

	printf '%s' "${text//[!$'\t' -~]/?}"
}

# Passes bpftrace's complaints on, from standard input: 40 lines once tracing has begun. What came before it prints at the end if that
# never comes: the first and the last 20. All are read, because SIGPIPE would end bpftrace.
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

# Starts who takes the complaints about SCRIPT; bpftrace is to write them to COMPLAINTS.
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

# Tracing has begun.
tell_sifter() {
	[[ $COMPLAINTS ]] || return 0
	# The braces: bash tells of children that were killed meanwhile, which is ours to tell.
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
