#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# The rights of hud-postproc's processes (hud-trace(8), SECURITY): as root, through sudo, and as any user.

bats_require_minimum_version 1.5.0
load helpers

setup() {
	STARTED=()
	# Any user that it becomes can enter it.
	WORK=$(mktemp -d)
	chmod 755 "$WORK"
	cd "$WORK" || return
	cp "$POSTPROC" hud-postproc
	POSTPROC=$WORK/hud-postproc
}

teardown() {
	end_started
	rm -rf "$WORK"
}

# The head of a stream of a process that runs this program; $1 is a copy of the program.
head_of() {
	local file=$1 offset address size

	read -r offset address size < <(readelf -lW "$file" | awk '$1 == "LOAD" && / R E / { print $2, $3, $5 }')
	base=$((0x555500000000))
	start=$((base + address)) end=$((base + address + (size + 0xfff & ~0xfff)))
	printf 'hud-trace 1\nmeta target it\nmeta pid 42\nmeta exe %s\nmeta threshold-us 5000\n' "$file"
	printf 'map %x %x r-xp %x - %s\n' "$start" "$end" "$((offset))" "$file"
	printf 'thread 43 worker 1 w-0\nbegin 1000000000\n'
}

# Events of the seconds from $1 to $2, each with its own stack in function $3 of the file.
events() {
	local second pc

	pc=$(nm "$FILE" | awk -v name="$3" '$3 == name { print $1 }')
	for ((second = $1; second <= $2; second++)); do
		printf 'sleep %d000000000 43 0 9000000 1000 S 230 a%d 42 44 0 waker\n' "$second" "$second"
		printf 'stack a%d 43 %x 7000 7100 1\n' "$second" $((0x555500000000 + 0x$pc + second))
	done
}

# The processes of report $1 with the name $2.
of_report() {
	pgrep -P "$1" -x "$2"
}

# Starts a report, by the command $1..., on what is written to descriptor 9; sets REPORT.
start_report() {
	mkfifo stream
	"$@" "$POSTPROC" report - <stream >out 2>err 3>&- &
	REPORT=$!
	STARTED+=("$REPORT")
	exec 9>stream
	FILE=$POSTPROC
	{ head_of "$FILE" && events 1 9 main; } >&9
	within 60 of_report "$REPORT" hud-resolver
}

# Ends its input; its status must be $1.
finish_report() {
	local status=0

	echo 'end 20000000000 duration' >&9
	exec 9>&-
	wait "$REPORT" || status=$?
	cat out err
	((status == $1))
}

# Process $1 runs as user $2, in groups $3, without capabilities, behind a filter.
has_nothing() {
	cat "/proc/$1/status"
	[[ $(awk '$1 == "Uid:" { print $2, $3, $4, $5 }' "/proc/$1/status") == "$2 $2 $2 $2" ]]
	[[ $3 == any || $(awk '$1 == "Groups:" { $1 = ""; print }' "/proc/$1/status") == *" $3"* ]]
	grep -q $'^NoNewPrivs:\t1$' "/proc/$1/status"
	grep -q $'^Seccomp:\t2$' "/proc/$1/status"
	grep -q $'^CapEff:\t0*$' "/proc/$1/status"
	grep -q $'^CapPrm:\t0*$' "/proc/$1/status"
}

# The user of process $1, which no other process uses: neither root nor nobody.
stranger() {
	local uid

	uid=$(awk '$1 == "Uid:" { print $2 }' "/proc/$1/status")
	((uid >= 61184 && uid < 65520)) && ! getent passwd "$uid" >/dev/null && echo "$uid"
}

@test "root's report is a user that nobody else is, and reads through a process that can only open" {
	((EUID == 0)) || skip 'needs root'
	start_report env -u SUDO_UID -u SUDO_GID
	uid=$(stranger "$REPORT")
	has_nothing "$REPORT" "$uid" any
	has_nothing "$(of_report "$REPORT" hud-resolver)" "$uid" any
	# Another process of nobody, as which many services run, cannot end it.
	for process in "$REPORT" $(pgrep -P "$REPORT"); do
		run -1 setpriv --reuid=65534 --regid=65534 --clear-groups bash -c "kill -0 $process"
	done
	# When memory runs out, it is killed first.
	[[ $(cat "/proc/$(of_report "$REPORT" hud-resolver)/oom_score_adj") == 500 ]]
	# It cannot use more than honest files need: addresses, memory, files in memory.
	awk '/^Max address space/ { good += $4 <= 4 * 2 ^ 30 } /^Max data size/ { good += $4 <= 2 * 2 ^ 30 } /^Max file size/ { good += $4 <= 2 ^ 20 }
		END { exit good != 3 }' "/proc/$(of_report "$REPORT" hud-resolver)/limits"
	opener=$(of_report "$REPORT" hud-opener)
	# Not root, which owns directories and may signal all processes.
	[[ $(awk '$1 == "Uid:" { print $2, $3, $4, $5 }' "/proc/$opener/status") == "$uid $uid $uid $uid" ]]
	grep -q $'^Seccomp:\t2$' "/proc/$opener/status"
	# DAC_READ_SEARCH, SYS_PTRACE, and CHECKPOINT_RESTORE or, before Linux 5.9, SYS_ADMIN.
	grep -qE $'^CapEff:\t(0000010000080004|0000000000280004)$' "/proc/$opener/status"
	# The resolver can write to nothing but its socket and the pipe for messages.
	for fd in /proc/"$(of_report "$REPORT" hud-resolver)"/fd/*; do
		[[ $fd == */[012] || $(readlink "$fd") == socket:* || $(readlink "$fd") == /*hud-postproc ||
			$(readlink "$fd") == *.debug ]]
	done
	finish_report 0
	[[ ! $(pgrep -P "$REPORT") ]]
}

@test "no helper has what only another one needs" {
	mkfifo stream
	# It may be told to write to a descriptor of the caller.
	"$POSTPROC" report --format text=/dev/fd/7 - <stream >out 2>err 7> >(cat >seven) 3>&- 8>&- &
	REPORT=$!
	STARTED+=("$REPORT")
	exec 9>stream
	FILE=$POSTPROC
	{ head_of "$FILE" && events 1 9 main; } >&9
	within 60 of_report "$REPORT" hud-resolver
	for helper in hud-opener hud-files; do
		pid=$(of_report "$REPORT" "$helper")
		ls -l "/proc/$pid/fd"
		(($(find "/proc/$pid/fd" -lname 'socket:*' | wc -l) == 1))
	done
	[[ $(readlink "/proc/$pid/fd/7") == pipe:* ]]
	# The resolver asks the opener, and still answers.
	(($(find "/proc/$(of_report "$REPORT" hud-resolver)/fd" -lname 'socket:*' | wc -l) == 2))
	[[ ! -e /proc/$(of_report "$REPORT" hud-opener)/fd/7 ]]
	finish_report 0
	within 60 grep -q "^hud-trace: it" seven
}

@test "through sudo it is who called" {
	((EUID == 0)) || skip 'needs root'
	start_report env SUDO_UID=1 SUDO_GID=1
	has_nothing "$REPORT" 1 "$(id -G "$(id -un 1)" | cut -d ' ' -f 1)"
	has_nothing "$(of_report "$REPORT" hud-resolver)" 1 any
	finish_report 0
}

# Its first lines fill the pipe, which nobody reads: it waits there.
@test "what describes a process looks at it through one that can do no more" {
	((EUID == 0)) || skip 'needs root'
	sleep 100 3>&- &
	target=$!
	STARTED+=("$target")
	within 60 grep -qx sleep "/proc/$target/comm"
	mkfifo stream
	exec 8<>stream
	env SUDO_UID=1 SUDO_GID=1 "$POSTPROC" head --pid "$target" --meta "x=$(printf '%0100000d' 7)" >stream 3>&- 8>&- &
	head=$!
	STARTED+=("$head")
	within 60 grep -q $'^Seccomp:\t2$' "/proc/$head/status"
	has_nothing "$head" 1 any
	inspector=$(of_report "$head" hud-inspector)
	cat "/proc/$inspector/status"
	[[ $(awk '$1 == "Uid:" { print $2, $3, $4, $5 }' "/proc/$inspector/status") == '1 1 1 1' ]]
	grep -q $'^CapEff:\t0000000000080000$' "/proc/$inspector/status" # SYS_PTRACE
	grep -q $'^Seccomp:\t2$' "/proc/$inspector/status"
	cat <stream >out 8>&- &
	reader=$!
	exec 8>&-
	wait "$head" "$reader"
	grep -q "^meta exe $(readlink "/proc/$target/exe")" out
	grep -q '^meta workers 0 multi-thread and 0 current-thread by stack, 0 by name, of 1 threads' out
	grep -qE '^map [0-9a-f]+ [0-9a-f]+ r-xp [0-9a-f]+ [0-9a-f]{16,} /' out
	grep -q "^thread $target other 0 sleep" out
}

# Sets `pid` to the child called $1 of the monitor $monitor, once it has its filter.
sealed_child() {
	pid=$(pgrep -P "$monitor" -x "$1") && grep -q $'^Seccomp:\t2$' "/proc/$pid/status"
}

@test "what looks at the target while it is traced has its own rights each, and ends with the monitor" {
	local pid fields monitor

	((EUID == 0)) || skip 'needs root'
	sleep 100 3>&- &
	target=$!
	sleep 100 3>&- &
	tracer=$!
	STARTED+=("$target" "$tracer")
	read -ra fields < <(sed 's/.*) //' "/proc/$target/stat")
	env -u SUDO_UID -u SUDO_GID "$POSTPROC" monitor --bpftrace "$tracer" --target "$target:${fields[19]}:${fields[25]}" \
		--lines 9 --tokio '' --rates 5000000:100:200:400 "$target" 9>lines 3>&- &
	monitor=$!
	STARTED+=("$monitor")
	within 60 sealed_child hud-rate
	# KILL, SETGID, SETUID, SETPCAP, DAC_READ_SEARCH, SYS_PTRACE, SYS_ADMIN and, since Linux 5.8, PERFMON, BPF.
	grep -qE $'^CapEff:\t000000(c0|00)002801e4$' "/proc/$monitor/status"
	grep -qE $'^CapBnd:\t000000(c0|00)002801e4$' "/proc/$monitor/status"
	children=$pid
	within 60 sealed_child hud-procfs
	cat "/proc/$pid/status"
	stranger "$pid"
	grep -q $'^CapEff:\t0000000000080004$' "/proc/$pid/status" # SYS_PTRACE, DAC_READ_SEARCH
	grep -q $'^NoNewPrivs:\t1$' "/proc/$pid/status"
	children+=" $pid"
	within 60 sealed_child hud-stuck
	cat "/proc/$pid/status"
	stranger "$pid"
	grep -q $'^CapEff:\t0000000000080000$' "/proc/$pid/status" # SYS_PTRACE
	grep -q $'^NoNewPrivs:\t1$' "/proc/$pid/status"
	children+=" $pid $(pgrep -d ' ' -P "$pid")"
	# They have no descriptor of the monitor's but what they need: the target's.
	[[ $(find "/proc/$pid/fd" -lname '*pidfd*' | wc -l) == 1 ]]
	kill -KILL "$monitor"
	for pid in $children; do
		within 60 ended "$pid"
	done
	kill -0 "$target"
}

@test "anybody else stays who it is, behind the same filters" {
	if ((EUID == 0)); then
		start_report setpriv --reuid 1 --regid 1 --clear-groups
		has_nothing "$REPORT" 1 any
		has_nothing "$(of_report "$REPORT" hud-resolver)" 1 any
	else
		start_report env
		has_nothing "$REPORT" "$EUID" any
		has_nothing "$(of_report "$REPORT" hud-resolver)" "$EUID" any
	fi
	finish_report 0
}

@test "a resolver that crashes is started again, and that is said" {
	start_report env
	resolver=$(of_report "$REPORT" hud-resolver)
	kill -SEGV "$resolver"
	events 11 19 report_main >&9
	finish_report 0
	tr -s '\n ' ' ' <out | grep -q 'the resolver process crashed, and was restarted'
}

@test "what opens files or makes them is killed: that is said, not that there are none" {
	cp "$POSTPROC" whole
	start_report env
	kill -KILL "$(of_report "$REPORT" hud-opener)"
	# Another file, mapped at other addresses.
	FILE=$PWD/whole
	head_of "$FILE" | sed -n 's/5555\([0-9a-f]*\) /5556\1 /g; /^map/p' >&9
	events 11 19 report_main | sed 's/ 5555/ 5556/' >&9
	finish_report 0
	tr -s '\n ' ' ' <out | grep -q "$PWD/whole: the file cannot be read: the process that opens files has ended"
	rm stream
	mkfifo stream
	"$POSTPROC" report --format json=new - <stream >out 2>err 3>&- &
	REPORT=$!
	STARTED+=("$REPORT")
	exec 9>stream
	head_of "$FILE" >&9
	within 60 of_report "$REPORT" hud-files
	kill -KILL "$(of_report "$REPORT" hud-files)"
	finish_report 1
	grep -q 'new: the process that creates files has ended' err
	[[ ! -e new ]]
}

@test "what passes messages on is killed: said, and no report is lost by that" {
	start_report env
	kill -KILL "$(of_report "$REPORT" hud-messages)"
	kill -SEGV "$(of_report "$REPORT" hud-resolver)"
	events 11 19 report_main >&9
	finish_report 0
	grep -qxF 'hud-postproc: hud-messages was ended by SIGKILL: what other processes had to say since then is missing' err
	tr -s '\n ' ' ' <out | grep -q 'the resolver process crashed, and was restarted'
}

@test "a resolver in foreign hands has no terminal, no input, and nobody to signal" {
	cc -shared -fPIC -D_GNU_SOURCE -o faulty.so "$ROOT/tests/faulty-libdw.c"
	FILE=$POSTPROC
	{ head_of "$FILE" && events 1 3 main && echo 'end 20000000000 duration'; } >in
	# In a terminal that receives all of it.
	HUD=1 /usr/bin/python3 "$ROOT/tests/terminal.py" \
		"FAULT=hijacked LD_PRELOAD=$PWD/faulty.so $POSTPROC report in; echo status-\$?" 'status-0' 'exit\n' >terminal 3>&- ||
		{ cat -v terminal && return 1; }
	cat -v terminal
	for line in '0 is null' '1 is null' '2 is a pipe' 'signals: none' '\x1b]0;owned\x07'; do
		tr -d '\r' <terminal | grep -qxF -- "$line"
	done
	! grep -q $'\e]0;owned' terminal || return 1
}

reads_copy() {
	[[ $(readlink /proc/"$(of_report "$REPORT" hud-resolver)"/fd/*) == */copy* ]]
}

@test "a file that kills its reader costs its own names alone" {
	cp "$POSTPROC" copy
	FILE=$PWD/copy
	{ head_of "$FILE" && events 1 9 main && echo 'end 20000000000 duration'; } >stream
	"$POSTPROC" resolve stream >named
	grep -q ' main ' named
	mkfifo fifo
	"$POSTPROC" report - <fifo >out 2>err 3>&- &
	REPORT=$!
	STARTED+=("$REPORT")
	exec 9>fifo
	{ head_of "$FILE" && events 1 9 main; } >&9
	within 60 of_report "$REPORT" hud-resolver
	within 60 reads_copy
	: >copy
	cp "$POSTPROC" whole
	FILE=$PWD/whole
	events 11 19 report_main >&9
	finish_report 0
	tr -s '\n ' ' ' <out | grep -q "$PWD/copy: reading it crashed; no names from it since then"
}

@test "outputs are the caller's, and whole or untouched" {
	((EUID == 0)) || skip 'needs root'
	gzip -dc "$ROOT/examples/demo-recording.txt.gz" >demo
	as_user() {
		SUDO_UID=1 SUDO_GID=1 "$POSTPROC" "$@"
	}
	mkdir mine
	chown 1 mine
	as_user report --format json=mine/x.json --chart mine/x.svg demo
	as_user record mine/r.zst <demo >/dev/null
	FILE=$POSTPROC
	{ head_of "$FILE" && events 1 2000 main; } | as_user record --ring 64K mine/ring >/dev/null
	as_user record --resolve mine/named <demo >/dev/null
	[[ $(stat -c '%u %a %n' mine/*) == "$(printf '1 600 mine/%s\n' named r.zst ring)"$'\n'"$(printf '1 644 mine/%s\n' x.json x.svg)" ]]
	# Files that the caller may not write are not written.
	for name in x.json /root/hud-x.json; do
		run -1 as_user report --format "json=$name" demo
		[[ $output == *"$name: Permission denied, to the user that called sudo (in a root's shell: unset SUDO_UID)"* ]]
		run -2 as_user report --check --format "json=$name" -
		[[ $output == *"$name: Permission denied"* && ! -e $name ]]
		run -1 as_user record "$name" <demo
		[[ $output == *"$name: Permission denied"* && ! -e $name ]]
	done
	run -1 as_user report --chart x.svg demo
	[[ $output == *'x.svg: cannot create a file there: Permission denied'* ]]
	# Nor read.
	chmod 600 demo
	run -1 as_user report demo
	[[ $output == *'demo: Permission denied'* ]]
	# If root calls, they are root's.
	env -u SUDO_UID "$POSTPROC" report --format json=x.json demo
	chmod 700 .
	env -u SUDO_UID "$POSTPROC" report --format json=y.json --chart y.png demo
	env -u SUDO_UID "$POSTPROC" record --resolve r <demo >/dev/null
	[[ $(stat -c '%u %a %n' ./*.json y.png r) == $'0 644 ./x.json\n0 644 ./y.json\n0 644 y.png\n0 600 r' ]]
	[[ $(echo ./*.?????? mine/*.?????? mine/*partial*) == './*.?????? mine/*.?????? mine/*partial*' ]]
}

# Finds the resolver of the recorder $REPORT, two levels below it, and stops it.
stop_resolver_of_record() {
	RESOLVER=$(pgrep -x hud-resolver -P "$(pgrep -d , -P "$REPORT")" 2>/dev/null) && kill -STOP "$RESOLVER"
}

@test "root's recorder keeps the right to write to any directory, and reads what it has recorded as nobody" {
	((EUID == 0)) || skip 'needs root'
	mkfifo stream
	cc -shared -fPIC -D_GNU_SOURCE -o faulty.so "$ROOT/tests/faulty-libdw.c"
	env -u SUDO_UID -u SUDO_GID FAULT=waits LD_PRELOAD="$PWD/faulty.so" "$POSTPROC" record --resolve r <stream >passed 2>err 3>&- &
	REPORT=$!
	STARTED+=("$REPORT")
	exec 9>stream
	FILE=$POSTPROC
	{ head_of "$FILE" && events 1 9 main && echo 'end 20000000000 duration'; } >&9
	within 60 grep -q '^end' passed
	cat "/proc/$REPORT/status"
	grep -q $'^Seccomp:\t2$' "/proc/$REPORT/status"
	grep -q $'^NoNewPrivs:\t1$' "/proc/$REPORT/status"
	# DAC_OVERRIDE, SETGID, SETUID; the last two until names are embedded.
	grep -q $'^CapEff:\t00000000000000c2$' "/proc/$REPORT/status"
	grep -q $'^CapBnd:\t00000000000000c2$' "/proc/$REPORT/status"
	exec 9>&-
	within 60 stop_resolver_of_record
	uid=$(stranger "$RESOLVER")
	has_nothing "$RESOLVER" "$uid" any
	has_nothing "$(awk '$1 == "PPid:" { print $2 }' "/proc/$RESOLVER/status")" "$uid" any
	kill -CONT "$RESOLVER"
	wait "$REPORT"
	grep -q '^frame .* main ' r
	# Without names to embed, it cannot become another user.
	env -u SUDO_UID -u SUDO_GID "$POSTPROC" record r <stream >passed 2>err 3>&- &
	REPORT=$!
	STARTED+=("$REPORT")
	exec 9>stream
	{ head_of "$FILE" && echo 'end 20000000000 duration'; } >&9
	within 60 grep -q '^end' passed
	grep -q $'^CapEff:\t0000000000000002$' "/proc/$REPORT/status"
	exec 9>&-
	wait "$REPORT"
}

@test "nothing is written through what somebody else has planted" {
	((EUID == 0)) || skip 'needs root'
	gzip -dc "$ROOT/examples/demo-recording.txt.gz" >demo
	mkdir theirs
	chmod 1777 theirs
	echo precious >victim
	for name in x.json x.svg r r.partial; do
		ln -s "$PWD/victim" "theirs/$name"
	done
	mkfifo theirs/fifo
	ln -s /dev/null theirs/device
	chown -h 1 theirs/*
	# A link to a file is replaced by a file, where the caller may do that.
	"$POSTPROC" report --format json=theirs/x.json --chart theirs/x.svg demo
	run "$POSTPROC" record theirs/r <demo
	[[ $(cat victim) == precious ]]
	[[ -f theirs/x.json && ! -L theirs/x.json && ! -L theirs/x.svg ]]
	# A pipe or device is not written to.
	for name in fifo device; do
		run -1 timeout 100 "$POSTPROC" report --format "json=theirs/$name" demo
		[[ $output == *"theirs/$name: Operation not permitted"* ]]
		run -1 timeout 100 "$POSTPROC" record "theirs/$name" <demo
		[[ $output == *"theirs/$name: Operation not permitted"* ]]
		run -2 "$POSTPROC" report --check --format "json=theirs/$name" -
	done
	# Another user's file in a directory like /tmp stays, too.
	echo theirs >theirs/y.json
	chown 2 theirs/y.json
	SUDO_UID=1 SUDO_GID=1 run -1 "$POSTPROC" report --format json=theirs/y.json demo
	[[ $(cat theirs/y.json) == theirs ]]
	[[ $(echo theirs/*.??????) == 'theirs/*.??????' ]]
}

# Runs the command $4... repeatedly; each time, $2 and $3 are exchanged between two other system calls of it.
# `arrange` creates them again, and `untouched` checks that nothing else was changed. At least $1 calls must
# have been tried.
exchanged_between_all_calls() {
	local least=$1 name=$2 other=$3 calls n

	[[ -x swap-between ]] || cc -D_GNU_SOURCE -o swap-between "$ROOT/tests/swap-between.c" -lseccomp
	for ((n = 1; ; n++)); do
		rm -rf theirs
		mkdir theirs
		arrange
		chown -hR 1 theirs
		env -u SUDO_UID timeout 60 ./swap-between "$n" "$name" "$other" "${@:4}" <demo >swapped 2>err ||
			{ echo "call $n: status $?" && cat err && return 1; }
		calls=$(tail -n 1 swapped)
		untouched || { echo "call $n of $calls: what is not theirs was changed" && return 1; }
		((n <= calls)) || break
	done
	((calls >= least))
}

@test "an output's directory changes between any two calls: root's files stay as they are" {
	((EUID == 0)) || skip 'needs root'
	gzip -dc "$ROOT/examples/demo-recording.txt.gz" >demo
	echo precious >victim
	mkdir roots
	untouched() { [[ $(cat victim) == precious && ! $(ls -A roots) ]]; }
	for kind in socket file pipe; do
		arrange() {
			case $kind in
			socket) /usr/bin/python3 -c 'import socket; socket.socket(socket.AF_UNIX).bind("theirs/out")' ;;
			file) echo old >theirs/out ;;
			pipe) mkfifo theirs/out ;;
			esac
			ln -s "$PWD/victim" theirs/other
		}
		exchanged_between_all_calls 3 theirs/out theirs/other "$POSTPROC" report --format json=theirs/out demo
		exchanged_between_all_calls 3 theirs/out theirs/other "$POSTPROC" record theirs/out
		exchanged_between_all_calls 3 theirs/out theirs/other "$POSTPROC" report --check --format json=theirs/out -
		exchanged_between_all_calls 3 theirs/out theirs/other "$POSTPROC" record --check theirs/out
	done
	# The directory itself.
	arrange() { mkdir theirs/folder && ln -s "$PWD/roots" theirs/other; }
	exchanged_between_all_calls 5 theirs/folder theirs/other "$POSTPROC" report --format json=theirs/folder/out demo
	exchanged_between_all_calls 5 theirs/folder theirs/other "$POSTPROC" record theirs/folder/out
}

@test "a recording that gets its names is the one that was made, whatever has taken its place" {
	((EUID == 0)) || skip 'needs root'
	# Little to read, as that is done between any two calls.
	gzip -dc "$ROOT/examples/demo-recording.txt.gz" | awk '!/^(stack|words|frame|frames|same) / && (!/^(poll|sleep|runq|sample) / || ++n < 20)' >demo
	sed 's/^meta target .*/meta target secret/' demo >victim
	arrange() { ln -s "$PWD/victim" theirs/other; }
	untouched() { ! grep -q secret theirs/out || return 1; }
	exchanged_between_all_calls 5 theirs/out.partial theirs/other "$POSTPROC" record --resolve theirs/out
	arrange() { mkfifo theirs/other; }
	exchanged_between_all_calls 5 theirs/out.partial theirs/other "$POSTPROC" record --resolve theirs/out
}

@test "an output may be a descriptor that the caller opened: that, not a path" {
	gzip -dc "$ROOT/examples/demo-recording.txt.gz" >demo
	echo before >out
	"$POSTPROC" report --format json=/dev/fd/7 demo 7>>out
	[[ $(head -n 1 out) == before ]]
	tail -n +2 out | jq -e .trace >/dev/null
	"$POSTPROC" report --format json=/dev/stdout demo >>out
	[[ $(head -n 1 out) == before ]]
	"$POSTPROC" record /dev/fd/7 <demo 7>recorded >passed
	cmp demo recorded
	# A file that was opened for reading is not written to.
	run -1 bash -c '"$1" report --format json=/dev/fd/7 demo 7<demo' - "$POSTPROC"
	[[ $output == *'/dev/fd/7: Bad file descriptor'* ]]
	# A device that does more than take bytes.
	mknod block b 7 200 2>/dev/null || skip 'no device can be made here'
	run -1 "$POSTPROC" report --format json=block demo
	[[ $output == *'block: Operation not permitted'* && -b block ]]
}

# A fake gnuplot reports its own rights.
@test "gnuplot has the rights of the report" {
	((EUID == 0)) || skip 'needs root'
	gzip -dc "$ROOT/examples/demo-recording.txt.gz" >demo
	mkdir bin
	printf '#!/bin/sh\nexec cat /proc/self/status\n' >bin/gnuplot
	chmod 755 bin bin/gnuplot
	PATH=$WORK/bin:$PATH env -u SUDO_UID "$POSTPROC" report --chart x.svg demo
	cat x.svg
	grep -qE $'^Uid:\t(6[1-5][0-9]{3})\t\\1\t\\1\t\\1$' x.svg
	grep -q $'^NoNewPrivs:\t1$' x.svg
	grep -q $'^CapPrm:\t0*$' x.svg
}

@test "a report that is killed leaves nothing" {
	start_report env
	children=$(pgrep -P "$REPORT")
	kill -KILL "$REPORT"
	for pid in $children; do
		within 60 ended "$pid"
	done
	exec 9>&-
}
