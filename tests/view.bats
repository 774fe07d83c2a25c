#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# The live view, in tmux: what the screen shows, what keys do, and that the terminal is restored, whatever
# ends the view.

bats_require_minimum_version 1.5.0
load helpers

RECORDING=$ROOT/examples/demo-recording.txt.gz

setup_file() {
	export WHY_NOT='' DEBUG=''
	WHY_NOT=$(why_not)
	[[ ! $WHY_NOT ]] || return 0
	DEBUG=$(timeout 800 "$DEMO/build" debug | tail -n 1)
	[[ -x $DEBUG && -x $POSTPROC ]]
}

setup() {
	STARTED=() TMUX_PID='' SOCKET=hud-$BATS_TEST_NUMBER-$$
	cd "$BATS_TEST_TMPDIR" || return
}

teardown() {
	[[ ! $TMUX_PID ]] || kill "$TMUX_PID" 2>/dev/null || true
	end_started
}

t() {
	tmux -L "$SOCKET" -f /dev/null "$@"
}

# A terminal of $1 columns and $2 lines, and a shell in it with the variables $3... .
terminal() {
	LC_ALL=C.UTF-8 t new-session -d -x "$1" -y "$2" "exec env LC_ALL=C.UTF-8 PS1='\$ ' ${*:3} bash --norc --noprofile" 3>&-
	TMUX_PID=$(t display-message -p '#{pid}')
	t set-option -g escape-time 0
	TTY=$(t display-message -p '#{pane_tty}')
	shows '^\$'
	modes >before
}

# The terminal's modes, without its size.
modes() {
	stty -a <"$TTY" | sed 's/rows.*line/line/'
}

keys() {
	t send-keys "$@"
}

# Types a command that prints its status behind its output. What an earlier one left on the screen goes first.
runs() {
	keys -R
	keys "clear; $*; echo ended with \$?" Enter
}

screen() {
	t capture-pane -p "$@"
}

has() {
	screen | grep -qE -- "$1"
}

# Waits until the screen shows $1.
shows() {
	within 60 has "$1" || { echo "not on the screen: $1" && screen && return 1; }
}

lacks() {
	! has "$1"
}

# The view is gone, the report is printed, and the terminal is restored.
is_back() {
	shows '^ended with [0-9]+'
	has "^ended with ${1:-0}\$" || { screen && return 1; }
	modes | diff before -
	[[ $(t display-message -p '#{alternate_on} #{cursor_flag} #{mouse_any_flag}') == '0 1 0' ]]
}

# The pid of the view in this terminal.
view_pid() {
	local pid

	pid=$(ps -o pid=,args= -t "${TTY#/dev/}" | awk '$2 ~ /hud-postproc$/ && $3 == "live" { print $1; exit }')
	echo "$pid"
	[[ $pid ]]
}

play() {
	runs "$POSTPROC live $*"
	shows '^ q report|Enlarge'
}

@test "80 columns, 24 lines: everything in its place" {
	terminal 80 24
	play --speed 20 "$RECORDING"
	shows 'end of the recording'
	screen >list
	cat list
	[[ $(wc -l <list) == 24 ]]
	head -n 1 list | grep -qE '^ demo-server \(pid 10311\)  2 workers +00:0[56]  end of the recording'
	grep -qE '^ blocked  32\.[5-9]% in 30 s [█▌░]+ +32\.[5-9]% over the run   run queue 0\.0%' list
	grep -qE '^ threshold 5 ms  polls tls  stacks copied  events [0-9]+/s  lost 0/s' list
	grep -qE '^  WHY +▾TOTAL  SHARE COUNT +MAX TREND  FUNCTION' list
	grep -qE '^N name lookup +772 ms +6\.[45]% +24 35\.4 ms [^a-z]+ resolve_backend +blocking\.rs:75$' list
	grep -qE '^C computing +711 ms +[0-9.]+% +24 38\.3 ms [^a-z]+ compress_report +blocking\.rs:51$' list
	grep -qE '^WORKER  BLOCKED  -30 s +-15 s +now$' list
	grep -qE '^  10323 +3[01]\.[0-9]%  .*[CNFSLcnfsl]{5}' list
	grep -qE '^LAST BLOCKS +TOOK +WHY +WORKER +FUNCTION' list
	[[ $(grep -cE '^[0-9:.]{12} +[0-9.]+ ms [A-Z] [a-z/IO ]+ +1032[34]  [a-z_]+ +blocking\.rs:[0-9]+$' list) == 4 ]]
	tail -n 1 list | grep -q '^ q report  Enter details  / filter'
	keys q
	is_back
	# The same report as without the view.
	screen -S -1000 | sed -n '/^hud-trace: /,/^ended/p' | grep -v ^ended | sed 's/ *$//' >shown
	"$POSTPROC" report "$RECORDING" | sed 's/ *$//' >report
	diff report shown
}

@test "132 columns, 43 lines, and then others: it reflows" {
	terminal 132 43
	play --speed 50 "$RECORDING"
	shows 'end of the recording'
	screen
	has 'TREND 30 s +FUNCTION'
	has 'demo_server::blocking::resolve_backend +src/blocking\.rs:75$'
	t resize-window -x 40 -y 10
	shows '^hud-trace needs 60x14,'
	has '^this is 40x10\.'
	t resize-window -x 80 -y 24
	shows ' resolve_backend +blocking\.rs:75$'
	[[ $(screen | wc -l) == 24 ]]
	t resize-window -x 60 -y 14
	shows '^N name lookup +772 ms'
	t resize-window -x 40 -y 10
	shows '^this is 40x10\.'
	keys q
	is_back
}

@test "keys: select, details, group, sort, filter, window, threshold, reset, help" {
	terminal 100 40
	# With a look at all tasks, as --tasks adds.
	gzip -dc "$RECORDING" | awk '{ print } $1 == "begin" {
		print "look", $2, 31, 1
		print "stands", $2, 30, 0, "idle demo::conn socket  src/main.rs:7"
		print "stands", $2, 1, 1, "idle demo::lost unknown future"
		print "behind", $2, 10323, 12, "demo::report demo::timer" }' >looked
	play --speed 50 looked
	shows 'end of the recording'
	keys t
	shows '^    31 tasks at a look; nothing can wake 1 of them'
	has '^        30  idle +demo::conn  +socket  src/main.rs:7'
	has '^    worker 10323 polled demo::report; behind it: 12 demo::timer'
	keys q
	shows '^LAST BLOCKS'
	keys Down Down
	shows '^  demo_server::blocking::compress_report +in task hyper.* src/blocking\.rs:51$|^  demo_server::blocking::compress_report +src'
	keys k Enter
	shows '^#1  demo_server::blocking::resolve_backend'
	screen
	has '^    >   demo_server::route \(inlined\) +src/main\.rs:108'
	has '^    woken by +demo-dns \(thread 10322\), 24 of 24 times'
	has '^    by worker +10323 +41[0-9] ms +13 '
	has '^    durations +20 ms to +50 ms +24 '
	has '^    advice +Use tokio::net::lookup_host'
	keys q
	shows '^LAST BLOCKS'
	# All are in one file, and in one task.
	keys g
	shows ' MOST OF IT IN'
	[[ $(screen | grep -cE '^C computing ') == 1 ]]
	keys g s
	shows '▾COUNT'
	keys s s
	shows '▾FUNCTION'
	[[ $(screen | sed -n '5p') == 'S sleep'*call_legacy_sdk* ]]
	keys 3
	shows '▾MAX'
	# A click on that heading, as xterm tells it: pressed and released, at column 19 and line 4, each 32 more.
	printf '\033[M 3$\033[M#3$' >click
	t load-buffer click
	t paste-buffer
	shows '▾TOTAL'
	# The reason of a row: of all that have it.
	keys Down x
	shows 'name lookup is hidden; X shows it again'
	lacks resolve_backend
	has 'compress_report +blocking\.rs:51$'
	has '32\.[5-9]% over the run'
	shows ' X show name lookup '
	keys Down c
	shows 'written: hud-trace-chain-1\.txt'
	cat hud-trace-chain-1.txt
	grep -qE '^#1  demo_server::blocking::compress_report +.*src/blocking\.rs:51$' hud-trace-chain-1.txt
	grep -q '^ *tokio::runtime::' hud-trace-chain-1.txt
	run ! grep -q $'\e\|frames$' hud-trace-chain-1.txt
	keys X
	shows '^N name lookup +772 ms'
	keys / T e m P
	shows '^ filter: TemP'
	shows 'read_template +src'
	lacks hash_password
	keys Enter
	shows ' / TemP '
	keys Escape
	shows hash_password
	keys -
	shows 'blocked .* in 10 s '
	keys + + +
	shows 'blocked .* in 120 s '
	keys ]
	shows 'threshold 10 ms'
	lacks '^C computing +98\.1 ms'
	keys [ [
	shows 'was not traced'
	keys r
	shows 'counted from here on'
	shows 'Nothing has blocked a worker for 5 ms or longer'
	keys ?
	shows '^  To look'
	# Below what fits on the screen.
	keys Down Down Down Down Down Down Down Down
	shows 'H file lock'
	keys q q
	is_back
}

@test "w: the report and its chart, under names that are new" {
	echo precious >target
	ln -s target hud-trace-report-1.txt
	terminal 80 24
	play --speed 50 --window 2 "$RECORDING"
	shows 'end of the recording'
	keys w
	shows '^ written: hud-trace-report-2\.txt and \.svg'
	keys w
	shows '^ written: hud-trace-report-3\.txt and \.svg'
	keys q
	is_back
	[[ $(<target) == precious ]]
	cmp hud-trace-report-2.txt hud-trace-report-3.txt
	grep -q '</svg>' hud-trace-report-3.svg
	"$POSTPROC" report --window 2 --top 20 "$RECORDING" | sed -n '/^ # /,/^#1/p' >table
	[[ $(wc -l <table) -gt 10 ]]
	sed -n '/^ # /,/^#1/p' hud-trace-report-2.txt | diff table -
	# If nothing can be written there, it says so and goes on.
	mkdir locked && chmod 500 locked
	if ((EUID)); then
		runs "cd locked; $POSTPROC live $RECORDING"
		shows '^ q report'
		keys w
		shows 'cannot write hud-trace-report-1\.txt: Permission denied'
		keys q
		is_back
	fi
}

@test "a recording: held, stepped, sought, and played anew" {
	terminal 80 24
	# Slow enough to type.
	play --speed 0.1 "$RECORDING"
	keys Space
	shows ' paused x0\.1$'
	keys .
	shows '^[0-9:.]{12} +[0-9.]+ ms [A-Z] '
	screen | grep -cE '^[0-9:.]{12} ' >one
	keys Right
	keys Space
	shows 'end of the recording'
	shows '^N name lookup +772 ms +6\.[45]% +24 '
	keys Left Space
	shows '00:0[01]  paused x0\.1$'
	keys } }
	shows 'paused x0\.4$'
	keys Space
	shows 'playing x0\.4$'
	keys q
	is_back
	[[ $(cat one) == [1-4] ]]
}

@test "stopped and continued: the terminal is the shell's meanwhile" {
	terminal 80 24
	play --speed 50 "$RECORDING"
	shows 'end of the recording'
	keys C-z
	shows 'Stopped'
	modes | diff before -
	keys 'fg; echo ended with $?' Enter
	shows '^N name lookup +772 ms'
	pid=$(view_pid)
	kill -STOP "$pid"
	shows 'Stopped'
	printf '\033[2J scribble' >"$TTY"
	kill -CONT "$pid"
	keys 'fg; echo ended with $?' Enter
	shows '^N name lookup +772 ms'
	lacks scribble
	keys q
	is_back
}

@test "SIGTERM, SIGHUP, Ctrl-C: the report, on a terminal as it was" {
	terminal 80 24
	for signal in TERM HUP INT; do
		play --speed 50 "$RECORDING"
		shows 'end of the recording'
		if [[ $signal == INT ]]; then
			keys C-c
		else
			kill -"$signal" "$(view_pid)"
		fi
		is_back
		has '^   10323  tokio-runtime-w  worker '
	done
}

@test "it crashes: the terminal is as it was" {
	terminal 80 24
	play --speed 50 "$RECORDING"
	shows 'end of the recording'
	kill -SEGV "$(view_pid)"
	is_back 139
}

@test "source lines, where they are at hand; the terminal does not obey them" {
	mkdir src
	printf 'fn main() {\n\tlet a = 1;\n\n\tlet b = 2; // \033[2J owned\n\n\n\tburn(b);\n}\n' >src/main.rs
	awk -f "$ROOT/tests/stream.awk" | sed "s|/home/me/app/src/main.rs|$PWD/src/main.rs|" >stream
	terminal 100 40
	play --speed 100 stream
	shows 'end of the recording'
	keys Enter
	shows '^    source +4 +let b = 2; // .x1b.2J owned'
	has '^ +> +7 +burn\(b\);'
	keys q q
	is_back
	# Files that are no sources are not shown.
	sed "s|$PWD/src/main.rs|/etc/passwd|" stream >other
	play --speed 100 other
	shows 'end of the recording'
	keys Enter
	shows '^    advice '
	lacks '^    source '
	keys q q
	is_back
}

@test "hostile, wide and long names: no column breaks, no byte is obeyed" {
	NAME='app::\x1b[2J\x1b]0;owned\x07' awk -f "$ROOT/tests/stream.awk" >hostile
	NAME='app::\xe6\xbc\xa2\xe5\xad\x97\xe6\xbc\xa2\xe5\xad\x97\xe6\xbc\xa2\xe5\xad\x97\xe6\xbc\xa2\xe5\xad\x97\xe6\xbc\xa2\xe5\xad\x97\xe6\xbc\xa2\xe5\xad\x97' \
		awk -f "$ROOT/tests/stream.awk" >wide
	NAME="app::$(printf 'x%.0s' {1..200})" awk -f "$ROOT/tests/stream.awk" >long
	terminal 80 24
	for name in hostile wide long; do
		play --speed 100 "$name"
		shows 'end of the recording'
		keys Down
		shows '^  app::'
		screen
		[[ $(screen | grep -cE '^C computing +200 ms +[0-9.]+% +20 10\.0 ms .*[ /]main\.rs:7$') == 1 ]]
		[[ $(screen | grep -cE '10\.0 ms C computing +1[12]  .*[ /]main\.rs:7$') == 4 ]]
		! has 'owned' || has '\\x1b\]0;owned\\x07|owned\\x07'
		[[ $(t display-message -p '#{pane_title}') != *owned* ]]
		keys Enter
		shows '^#1  app::'
		keys q q
		is_back
	done
}

@test "no UTF-8, no colour: ASCII, and nothing is told by colour alone" {
	terminal 80 24 LC_ALL=C NO_COLOR=1
	play --speed 50 "$RECORDING"
	shows 'end of the recording'
	screen >list
	cat list
	! LC_ALL=C grep -n '[^ -~]' list || return 1
	! screen -e | grep -E $'\033\\[([0-9;]*;)?(3[0-7]|38;|4[0-7]|48;)' || return 1
	grep -qE '^ blocked  32\.[5-9]% in 30 s [#.-]+ ' list
	grep -qE '^  10323 .*[cnfsl]{5}' list
	keys q
	is_back
	terminal_colours=$(screen -e | grep -c $'\033\\[38' || true)
	[[ $terminal_colours == 0 ]]
}

@test "nothing comes any more: the numbers sink, and what lasts is shown" {
	terminal 80 24
	mkfifo stream
	LASTS=1 OPEN=1 awk -f "$ROOT/tests/stream.awk" >lines
	exec {held}<>stream
	runs "$POSTPROC live --window 2 - <stream"
	cat lines >stream
	shows '^C computing +[0-9.]+ ms +'
	shows '^[0-9:.]{12} +[0-9.]+ m?s C still lasts +11  app::work +src/main\.rs:7$'
	shows '^Nothing has blocked|^  Nothing has blocked a worker for 5 ms or longer in the last 2 s'
	# The stream reports once a second that it still lasts.
	within 60 lacks 'still lasts'
	exec {held}>&-
	is_back
}

@test "a second of 10,000 events: all are counted" {
	N=3400 STEP=300000 awk -f "$ROOT/tests/stream.awk" >lines
	(($(grep -c '^[sp][ao]' lines) > 10000))
	terminal 80 24
	mkfifo stream
	exec {held}<>stream
	runs "$POSTPROC live - <stream"
	cat lines >stream
	shows '^C computing +[0-9.]+ s '
	exec {held}>&-
	is_back
	"$POSTPROC" report lines >report
	screen -S -100 >shown
	grep '^ 1 ' report
	grep -F "$(grep '^ 1 ' report)" shown
	grep -q 'events     10,200, none lost' shown
}

# The options that bpftrace compiles fastest, for tests to which the trace itself does not matter.
CHEAP='--polls estimate --stacks fp'

# hud-trace on the demo server, in the terminal.
trace_in() {
	[[ ! $WHY_NOT ]] || skip "$WHY_NOT"
	start_server "$DEBUG"
	start_load
	terminal "$@"
	MARK=$BATS_TEST_NAME-$$-$RANDOM
	runs "HUD_LIVE_MARK=$MARK $HUD --pid $SERVER $OPTIONS"
	shows '^ q report'
	# Some time after the probes are attached.
	within 60 has '^[A-Z] [a-zA-Z/ ]+ +[0-9.]+ m?s +[0-9.]+% +[0-9]+ '
}

@test "the session in examples is what it prints" {
	"$ROOT/examples/live-session" >session
	[[ $(grep -c '^== ' session) == 3 ]]
	diff "$ROOT/examples/live-session.txt" session
}

@test "where there is no view" {
	terminal 80 24
	# What bin/live.bash checks: the terminal is ours, and no output is for programs.
	cat >choose <<-END
		FORMATS=() HEADLESS='' QUIET='' RAW='' VIEW=''
		say() { echo "said \$*" >&2; }
		. $ROOT/bin/live.bash
		eval "\$1"
		choose_view
		[[ ! \$VIEW ]]
	END
	runs 'for s in HEADLESS=1 QUIET=1 RAW=1 "FORMATS=(json)" "FORMATS=(a=b json=-)" TERM=dumb "unset TERM";' \
		'do bash choose "$s" && echo "no $s"; done; bash choose "FORMATS=(json=x)" || echo one; bash choose : | cat && echo piped'
	is_back
	for setting in HEADLESS=1 QUIET=1 RAW=1 'FORMATS=\(json\)' 'FORMATS=\(a=b json=-\)' TERM=dumb 'unset TERM' ; do
		has "^no $setting\$"
	done
	has '^one$'
	has '^piped$'
	# Only what the user did not ask for has its reason said.
	[[ $(screen | grep -c '^said ') == 2 ]]
	has '^said no live view: TERM is dumb$'
	has '^said no live view: TERM is not set$'
	runs "(bash choose :; echo in the background: \$?) & wait"
	shows 'in the background: [0-9]'
	# This shell puts a background job into its own process group, which does not own the terminal.
	has 'in the background: 0'
	has '^said no live view: not in the foreground \(timeout --foreground keeps it there\)$'
	# Where the shell has not made it the leader of a process group already.
	runs '(timeout 60 bash choose :; exit)'
	is_back
	has '^said no live view: not in the foreground '
	runs '(timeout 60 bash choose : | cat; timeout --foreground 60 bash choose :)'
	is_back 1
	lacks said
	runs 'setsid --wait bash choose :'
	is_back
	has '^said no live view: no controlling terminal$'
	# hud-postproc live without a terminal: prints the report.
	setsid "$POSTPROC" live "$RECORDING" >out 2>err </dev/null
	grep -q 'no view: ' err
	"$POSTPROC" report "$RECORDING" | diff - out
}

@test "live: keys, messages in its last line and behind the report, q ends it in good order" {
	OPTIONS="--record trace.zst --max-overhead 1"
	trace_in 100 30
	shows 'that is more than --max-overhead'
	keys q
	is_back
	screen -S -1000 >shown
	cat shown
	grep -q '^ending\.\.\.$' shown
	grep -q '^  ended  *' shown
	grep -q '^attaching, ' shown
	sed -n '/^hud-trace: demo-server/,$p' shown | grep -q '^overhead    that is more than --max-overhead'
	"$POSTPROC" report trace.zst | grep -qE 'ended *(by Ctrl-C|because it cost)'
}

@test "live: q ends it; so does Ctrl-C" {
	for key in q C-c; do
		OPTIONS=$CHEAP
		trace_in 80 24
		keys "$key"
		# Nothing else would end it: it has no duration, and costs little.
		is_back
		screen -S -1000 >shown
		cat shown
		[[ $key != q ]] || grep -q '^ending\.\.\.$' shown
		grep -qE '^  ended +by Ctrl-C, q or a signal$' shown
		! grep -q overhead shown || return 1
		nothing_left
		kill "$TMUX_PID"
		end_started
	done
}

@test "live: the target dies: the report" {
	OPTIONS=$CHEAP
	trace_in 80 24
	kill -KILL "$SERVER"
	is_back
	screen -S -1000 | grep -qE '^  ended +when the process exited'
}

@test "live: the view is killed: the terminal is as it was, nothing is left" {
	OPTIONS=$CHEAP
	trace_in 80 24
	# Until then it has no more rights than the report.
	pid=$(view_pid)
	grep -qE '^Seccomp:\s+2$' "/proc/$pid/status"
	grep -qE '^CapEff:\s+0+$' "/proc/$pid/status"
	grep -qE '^Uid:\s+[1-9]' "/proc/$pid/status"
	kill -KILL "$pid"
	is_back 1
	has 'hud-postproc report was ended by SIGKILL: there is no report'
	nothing_left
}
