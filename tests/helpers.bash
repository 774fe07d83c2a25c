# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# Helpers of the live tests: the demo server, its load, and hud-trace on it. Teardown ends them all, by pid.

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
HUD=$ROOT/bin/hud-trace
# shellcheck disable=SC2034 # they use it
POSTPROC=$ROOT/build/hud-postproc
DEMO=$ROOT/examples/demo-server
# shellcheck disable=SC2034
GROUND_TRUTH=$ROOT/examples/ground-truth

# Waits up to $1 seconds until $2... succeeds, which is tried every PAUSE (0.1) seconds.
within() {
	local end=$((SECONDS + $1))

	shift
	until "$@"; do
		((SECONDS <= end)) || return 1
		sleep "${PAUSE-0.1}"
	done
}

# Prints why nothing can be traced here; nothing if it can.
why_not() {
	local words

	if ((EUID)); then
		echo 'LIVE TESTS NEED ROOT'
	elif ! words=$(timeout 60 bpftrace -e 'BEGIN { exit(); }' 2>&1); then
		echo "BPF IS REFUSED HERE: ${words##*$'\n'}"
	fi
}

# Skips the test where hud-trace would not trace, even with a fake bpftrace.
needs_initial_pids() {
	((!EUID)) || skip 'needs root'
	[[ $(readlink /proc/self/ns/pid) == 'pid:[4026531836]' ]] || skip 'needs the initial pid namespace'
}

# Sets OWN_MOUNTS to a command that runs another one in its own mount namespace; skips the test if its mounts
# would be visible to others.
needs_own_mounts() {
	local seen

	OWN_MOUNTS=(unshare --mount)
	! "${OWN_MOUNTS[@]}" true 2>/dev/null || return 0
	# In a chroot, / may be an ordinary folder whose mount has no name by which it could be made private.
	# It may be private already.
	OWN_MOUNTS+=(--propagation unchanged)
	# shellcheck disable=SC2016 # for the shell inside
	seen=$("${OWN_MOUNTS[@]}" sh -c 'mount --bind . . && grep -cF " $PWD " "/proc/$1/mountinfo"; umount "$PWD"' sh $$) || true
	[[ $seen == 0 ]] || skip 'what is mounted in a namespace here is seen outside'
}

# This bpftrace loads its programs one by one, as it attaches them: before 0.21.
loads_singly() {
	! bpftrace --help 2>&1 | grep -q "'verifier'"
}

# Runs the bpftrace script $1 until it says `begin`, and prints how many instructions the kernel verified for
# each of its programs, including END.
verified() {
	local tracer old=-v

	# Other versions load all of them at once, and the kernel reports the number for each open program
	# (5.16); a log would be too long.
	loads_singly || old=
	: >log
	env --default-signal=INT BPFTRACE_LOG_SIZE=10000000 BPFTRACE_NO_USER_SYMBOLS=1 bpftrace --no-warnings $old -B line "$1" >>log 2>>log 3>&- &
	tracer=$!
	STARTED+=("$tracer")
	within 120 begun log
	[[ $old ]] || insns "$tracer"
	kill -INT "$tracer"
	wait "$tracer"
	[[ ! $old ]] || sed -n 's/^processed \([0-9]*\) insns.*/\1/p' log
}

# Starts the bpftrace script $2, with output to `out`, and waits for the line $1 in it; sets tracer.
start_script() {
	: >out
	env --default-signal=INT bpftrace -B line -e "$2" >out 2>err 3>&- &
	tracer=$!
	STARTED+=("$tracer")
	within 60 grep -q "$1" out
}

# How many instructions were verified for each program that the bpftrace with pid $1 has open; the kernel
# reports this since 5.16.
insns() {
	cat "/proc/$1/fdinfo/"* 2>/dev/null | awk '$1 == "verified_insns:" { print $2 }'
}

# What the kernel has set aside for the maps and programs of bpftrace, process $1 (KiB).
kernel_memory() {
	cat "/proc/$1/fdinfo/"* 2>/dev/null | awk '/^memlock:/ { sum += $2 } END { print int(sum / 1024) }'
}

# Each of the programs whose instructions file $2 counts, a line each, has at most $1.
are_small() {
	echo "verified: $(sort -n "$2" | tr '\n' ' ')"
	(($(wc -l <"$2") > 9 && $(sort -n "$2" | tail -n 1) <= $1))
}

# A test waits for a background process by what it writes. The background shell may create or empty the file
# late, so this is done before.

# Copies the program $1 to $2, which runs as well, but sections of type $4 have no `entry` size, no end (`size`),
# or a `link` to nothing: $3.
spoil_sections() {
	/usr/bin/python3 - "$@" <<-'END'
		import struct, sys
		elf = bytearray(open(sys.argv[1], "rb").read())
		field, form, value = {"entry": (56, "<Q", 0), "size": (32, "<Q", 1 << 40), "link": (40, "<I", 60000)}[sys.argv[3]]
		sections, = struct.unpack_from("<Q", elf, 0x28)
		count, = struct.unpack_from("<H", elf, 0x3c)
		for at in range(sections, sections + 64 * count, 64):
		    if struct.unpack_from("<I", elf, at + 4)[0] == int(sys.argv[4]):
		        struct.pack_into(form, elf, at + field, value)
		open(sys.argv[2], "wb").write(elf)
	END
	chmod 755 "$2"
}

# Starts the demo server at path $1, with the variables $2...; sets SERVER, ADDR and LOADER. Waits $TO_START
# seconds (60) until it listens: SERVER becomes the server only then.
start_server() {
	LOADER=${1%/*}/demo-load
	: >server.out
	env "${@:2}" "$DEMO/run" "$1" >server.out 2>server.err 3>&- &
	SERVER=$!
	STARTED+=("$SERVER")
	within "${TO_START-60}" grep -qs '^listening on ' server.out
	ADDR=$(sed -n 's/^listening on //p' server.out)
}

# Ends everything that was started.
end_started() {
	local pid

	for pid in "${STARTED[@]}"; do
		kill -TERM "$pid" 2>/dev/null || true
	done
	for pid in "${STARTED[@]}"; do
		within 10 ended "$pid" || kill -KILL "$pid" 2>/dev/null || true
		wait "$pid" 2>/dev/null || true
	done
	STARTED=()
}

# A load for five minutes at most.
start_load() {
	"$LOADER" "$ADDR" --seconds 300 "$@" >load.out 2>&1 3>&- &
	STARTED+=("$!")
}

# Starts hud-trace on the server in a process group of its own; output in out and err, or in $OUT. Sets TRACE and MARK.
start_trace() {
	MARK=${BATS_TEST_NAME-setup}-$$-$RANDOM
	[[ -p ${OUT:-out} ]] || : >"${OUT:-out}"
	: >err
	# Background processes of a script ignore SIGINT; hud-trace itself changes that.
	env --default-signal=QUIT,HUP,PIPE HUD_LIVE_MARK="$MARK" NO_COLOR=1 \
		setsid "$HUD" --pid "$SERVER" "$@" >"${OUT:-out}" 2>err 3>&- &
	TRACE=$!
	STARTED+=("$TRACE")
}

# The pids of hud-trace and everything it started, wherever they are; with $1, only those with that name.
marked() {
	local file

	# shellcheck disable=SC2013 # no such path has a space
	for file in $(grep -lzsF "HUD_LIVE_MARK=$MARK" /proc/[0-9]*/environ); do
		file=${file%/environ}
		[[ ${1-} && $(cat "$file/comm" 2>/dev/null) != "$1" ]] || echo "${file#/proc/}"
	done
}

gone() {
	[[ ! $(marked "$@") ]]
}

# The bpftrace with pid $1 has attached probes: it has links, or more events than the one for each CPU that
# old versions have for their output.
has_attached() {
	local others=0

	! loads_singly || others=$(nproc)
	(($(find "/proc/$1/fd" '(' -lname '*perf_event*' -o -lname '*bpf?link*' -o -lname '*raw-tracepoint*' ')' 2>/dev/null | wc -l) > others))
}

# The stream in file $1 has begun: all probes are attached.
begun() {
	grep -qs '^begin ' "$1"
}

# File $1 has at least $3 lines of kind $2.
holds() {
	[[ -e $1 ]] && (($(grep -c "^$2 " "$1") >= $3))
}

# The load has worked for some $2 seconds: it causes two dozen blocks a second, most of which are in the
# stream $1.
seen() {
	holds "$1" poll $((15 * $2))
}

# The polls of examples/ground-truth that had begun when the trace `out` ended are in `truth`: each of its
# threads may have been in one.
written_down() {
	(($(awk -v end="$(sed -n 's/^end \([0-9]*\) .*/\1/p' out)" '$1 == "poll" && $2 + 0 > end + 0' truth | wc -l) >= 5))
}

# Runs program $1 of examples/ground-truth as $2 for at most five minutes; what it reports goes to `truth`.
# Sets SERVER.
start_truth() {
	: >ready
	"$1" "$2" 300 500 >ready 2>truth 3>&- &
	SERVER=$!
	STARTED+=("$SERVER")
	within 60 grep -qs '^ready' ready
}

# Starts program $1 with arguments $2..., such as tests/standing, and waits until it is ready, so that its tasks stand. What it says goes to
# `truth`; it ends with its input, the descriptor INPUT. Sets PROGRAM.
start_program() {
	: >truth
	mkfifo input
	"$@" <input >truth 2>standing.err 3>&- &
	PROGRAM=$!
	STARTED+=("$PROGRAM")
	# shellcheck disable=SC2034 # they close it
	exec {INPUT}>input
	within 60 grep -q '^ready' truth
}

# Compares `report` (ndjson) with `truth`, for polls of at least $1 microseconds. Sets the counts of all kinds
# together (see tests/accuracy).
compare_truth() {
	VERBOSE=1 "$ROOT/tests/accuracy" "$1" truth report counts
	# shellcheck disable=SC2034 # for those who call it
	read -r _ WANTED FOUND BLOCKS WRONG NAMED FUNCTION REASON TASK NEAR _ < <(grep '^all' counts)
}

# $1 is at least $3 percent of $2.
share() {
	(($1 * 100 >= $2 * $3)) || { echo "$1 of $2 is less than $3 %" && return 1; }
}

# Nearly every long poll was found, hardly anything else, with the right reason and length.
is_accurate() {
	((WANTED >= 20))
	share "$FOUND" "$WANTED" 90
	share $((BLOCKS - WRONG)) "$BLOCKS" 90
	share "$REASON" "$FOUND" 90
	share "$NEAR" "$FOUND" 90
}

# And with the right place and task.
is_named() {
	((NAMED == FOUND))
	share "$FUNCTION" "$NAMED" 90
	share "$TASK" "$NAMED" 90
}

# Edits file $1 by the sed command $2. Fails if that changes nothing: then the test would test nothing.
edit() {
	cp "$1" "$1.before"
	sed -i "$2" "$1"
	! cmp -s "$1" "$1.before" || { echo "$1: nothing there for $2" && return 1; }
}

# No bpftrace is left, though it may have many probes to remove, and then nothing else either.
nothing_left() {
	within 60 gone bpftrace || { echo "bpftrace is left: $(marked bpftrace)" && return 1; }
	within 60 gone || { echo "left: $(marked)" && return 1; }
}

# Waits for hud-trace; its status must be $1.
ends_with() {
	local status=0

	within 120 ended "$TRACE"
	wait "$TRACE" || status=$?
	echo "status $status"
	cat err
	((status == $1))
}

ended() {
	[[ ! -e /proc/$1 || $(sed 's/.*) //' "/proc/$1/stat" 2>/dev/null) == Z* ]]
}

# The rows of the ranked table in file $1: reason, tab, blamed function and line.
rows() {
	awk '/^ +# +total / { table = 1; next }
		table && (/^$/ || /^ ~/) { exit }
		table && /^ *[0-9]+ +~?[0-9.,]+ / { sub(/.*  /, ""); why = $0; want = 1; next }
		want { sub(/^ +/, ""); print why "\t" $0; want = 0 }' "$1"
}

# For how many milliseconds workers were blocked by functions that match $2, by the report $1 (ndjson). Waits
# for a CPU do not count.
blocked_ms() {
	jq -s --arg function "$2" 'map(select(.type == "block" and .reason != "run-queue" and (.function // "" | test($function))).duration_ns)
		| (add // 0) / 1000000 | round' "$1"
}

# The correct twins are not blamed in report $1 (ndjson). They work as long as the six that block, so
# mistaking them would show as much time. On a busy machine one may really wait for a lock whose owner has no
# CPU, for a little.
no_twins() {
	local good bad

	good=$(blocked_ms "$1" '^demo_server::good::')
	bad=$(blocked_ms "$1" '^demo_server::blocking::')
	echo "twins: $good ms, the six: $bad ms"
	((bad > 0 && good * 20 <= bad))
}

# A row of file $1 has a reason that matches $2, and blames function $3 of blocking.rs, at $PLACE.
blames() {
	rows "$1" | grep -qE "^($2)"$'\t'"demo_server::blocking::$3${PLACE:+ +(.*/)?$PLACE}" ||
		{ echo "no row: $2, $3" && return 1; }
}
