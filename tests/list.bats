#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# The list of Tokio processes, and choosing one from it. Needs root; traces nothing.

bats_require_minimum_version 1.5.0

setup_file() {
	. "$BATS_TEST_DIRNAME/helpers.bash"
	RELEASE=$(timeout 500 "$DEMO/build" release | tail -n 1)
	export RELEASE
}

setup() {
	. "$BATS_TEST_DIRNAME/helpers.bash"
	STARTED=()
	cd "$BATS_TEST_TMPDIR"
	((EUID == 0)) || skip 'only root may look into processes'
}

teardown() {
	end_started
}

# The line about process $1 of the list in out.
line_of() {
	awk -v pid="$1" '$1 == pid' out
}

# Has process $1 used CPU time, in ticks?
has_worked() {
	local words

	read -r -a words <"/proc/$1/stat"
	((words[13] + words[14] > 30))
}

@test "--list: a loaded server is busier than an idle one, and no thread was stopped" {
	start_server "$RELEASE"
	idle=$SERVER
	start_server "$RELEASE"
	start_load
	within 60 has_worked "$SERVER"
	(while kill -0 "$SERVER" && sleep 0.005; do
		grep -hs '^TracerPid:.*[1-9]' "/proc/$SERVER/task/"*/status || true
	done >traced 2>/dev/null) 3>&- &
	watcher=$!
	STARTED+=("$watcher")
	run -0 --separate-stderr "$HUD" --list
	kill "$watcher"
	printf '%s\n' "$output" | tee out
	[[ ${lines[0]} == *PID*USER*TOKIO*WORKERS*BUSY*BLOCKED* ]]
	[[ ! -s traced ]]
	# PID USER AGE UNIT TOKIO WORKERS BUSY BLOCKED NAME
	read -r _ user _ _ version workers busy blocked name _ < <(line_of "$SERVER")
	[[ $user == root && $version == 1.* && $workers == 2 && $name == demo-server ]]
	read -r _ _ _ _ _ _ idle_busy idle_blocked _ < <(line_of "$idle")
	((${busy%\%} > 20 && ${blocked%\%} > 5 && ${blocked%\%} <= ${busy%\%}))
	((${idle_busy%\%} < 20 && ${idle_blocked%\%} <= ${idle_busy%\%}))
	# The most blocked come first.
	(($(grep -n "^ *$SERVER " out | cut -d: -f1) < $(grep -n "^ *$idle " out | cut -d: -f1)))
	# What has Tokio's marks but no Tokio, as hud-postproc, is not in the list.
	run ! grep -q hud-postproc out
}

# Leaves the list in out.
is_listed() {
	"$HUD" --list >out
	[[ $(line_of "$1") ]]
}

@test "--list: a process in a namespace of its own, and a hostile name" {
	mkdir odd
	cp "$RELEASE" $'odd/\e]0;x\a$(touch owned)'
	unshare --pid --fork --kill-child $'odd/\e]0;x\a$(touch owned)' >server.out 2>&1 3>&- &
	STARTED+=("$!")
	within 60 grep -qs '^listening on ' server.out
	inner=$(pgrep -P "$!")
	STARTED+=("$inner")
	# It listens before its workers have run for the first time.
	within 60 is_listed "$inner"
	cat -v out
	[[ $(line_of "$inner") == *' 1.'*' 2 '*'%'*'\x1b]0;x\x07$(touch owned) ('* ]]
	run ! grep -q $'[\e\a]' out
	[[ ! -e owned ]]
}

@test "a NAME that none has: the processes with Tokio are named" {
	start_server "$RELEASE"
	run -1 --separate-stderr "$HUD" hudnosuchproc
	[[ ${stderr_lines[0]} == "hud-trace: no process is named 'hudnosuchproc'" ]]
	[[ ${stderr_lines[1]} == 'Tokio runs in: '*"demo-server ($SERVER)"* || ${#stderr_lines[1]} -gt 100 ]]
}

@test "without a NAME on a terminal, one is chosen by the arrow keys; q leaves" {
	start_server "$RELEASE"
	# It ends after the choice: no thread has such a name.
	timeout 200 /usr/bin/python3 - "$HUD" "$SERVER" <<-'END'
	import os, pty, re, select, sys

	def run(keys_of):
	    pid, terminal = pty.fork()
	    if pid == 0:
	        os.environ.update(TERM="xterm", COLUMNS="120", LINES="50")
	        os.execv(sys.argv[1], [sys.argv[1], "--workers", "hudnosuchname"])
	    seen = b""
	    while True:
	        try:
	            ready = select.select([terminal], [], [], 100)[0]
	            data = os.read(terminal, 65536) if ready else b""
	        except OSError:
	            data = b""
	        if not data:
	            break
	        seen += data
	        keys = keys_of(seen)
	        if keys:
	            os.write(terminal, keys)
	    return seen.decode("utf-8", "replace"), os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])

	drawn = [0]
	def choose(seen):
	    """Goes down until the server's row is the marked one."""
	    marked = re.findall(rb"\x1b\[7m *(\d+) ", seen)
	    if len(marked) <= drawn[0]:
	        return b""
	    drawn[0] = len(marked)
	    return b"\r" if marked[-1] == sys.argv[2].encode() else b"\x1b[B"

	seen, status = run(choose)
	assert status == 1 and f"process {sys.argv[2]} has no thread that looks like a Tokio worker" in seen, (seen, status)
	left = [False]
	def leave(seen):
	    if b"\x1b[7m" in seen and not left[0]:
	        left[0] = True
	        return b"q"
	    return b""
	seen, status = run(leave)
	assert status == 1 and "has no thread" not in seen, (seen, status)
	END
}

@test "--list takes no process, and needs root" {
	run -2 --separate-stderr "$HUD" --list --pid 1
	[[ ${stderr_lines[0]} == 'hud-trace: either --list or a process, not both' ]]
	run -77 --separate-stderr setpriv --reuid 65534 --regid 65534 --clear-groups "$HUD" --list
}
