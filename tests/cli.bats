#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# The command lines of hud-trace and hud-postproc. Nothing here traces: most of it needs neither root nor BPF.

bats_require_minimum_version 1.5.0

setup() {
	ROOT=$(cd "$BATS_TEST_DIRNAME/.." && pwd)
	HUD=$ROOT/bin/hud-trace
	POSTPROC=$ROOT/build/hud-postproc
	STARTED=()
	cd "$BATS_TEST_TMPDIR"
	unset NO_COLOR
}

teardown() {
	local pid

	for pid in "${STARTED[@]}"; do
		kill "$pid" 2>/dev/null || true
		wait "$pid" 2>/dev/null || true
	done
}

# Starts a process named $1, a copy of sleep, and waits until it runs. Sets PID.
start_named() {
	[[ -x $1 ]] || cp /bin/sleep "$1"
	"./$1" 300 3>&- >/dev/null 2>&1 &
	PID=$!
	STARTED+=("$PID")
	for ((i = 0; i < 1500; i++)); do
		[[ $(cat "/proc/$PID/comm" 2>/dev/null) != "$1" ]] || return 0
		sleep 0.02
	done
	return 1
}

# hud-trace refuses $2... with status 2, says $1, and where to find help.
refused() {
	local words=$1

	shift
	run -2 --separate-stderr "$HUD" "$@"
	echo "$* => $stderr"
	[[ ! $output ]]
	[[ ${stderr_lines[0]} == "hud-trace: "* ]]
	[[ ${stderr_lines[0]} == *"$words"* ]]
	[[ ${stderr_lines[1]} == "Try 'hud-trace --help'." ]]
}

# The command line $@ (without a process) is accepted: hud-trace goes on to look for a process.
accepted() {
	run -1 "$HUD" --print-script "$@" --pid 4194304
	echo "$* => $output"
	[[ $output == 'hud-trace: no process has the id 4194304' ]]
}

# A stream with one sleep of 20 ms and one wait for a CPU.
write_stream() {
	cat <<-'END'
	hud-trace 1
	meta target demo
	meta pid 42
	meta exe /nonexistent/demo
	meta build-id -
	meta threshold-us 5000
	meta hz 99
	meta workers --workers w: 1 of 1 threads
	map 555555554000 555555560000 r-xp 0 - /nonexistent/demo
	thread 43 worker 1 w-0
	begin 1000000000
	sleep 1100000000 43 0 20000000 1000 S 230 a1 42 44 0 waker
	stack a1 43 555555555000 7ffff0000000 7ffff0000100 0
	runq 1300000000 43 0 30000000 P a1 77 78 0 rival
	end 2000000000 interrupt
	END
}

# --- hud-trace: options

@test "variables that change how getopt reads words change nothing" {
	expected=$(env -u GETOPT_COMPATIBLE -u POSIXLY_CORRECT "$HUD" name --hz 0 2>&1) && return 1
	[[ $(GETOPT_COMPATIBLE=1 POSIXLY_CORRECT=1 "$HUD" name --hz 0 2>&1) == "$expected" && $expected == *--hz* ]]
}

@test "a message holds names as text, whoever has chosen them" {
	odd=$'x\e]0;owned\a'
	for arguments in "report $odd" "live $odd" "diff $odd $odd" "resolve $odd" "record $odd/x" "report --format json=$odd/x demo" "report --chart $odd/x.svg demo" \
		"report --format $odd" "report --fail-on $odd demo" "report --chart-kind $odd demo" "report --$odd" "head --pid $odd" "head --meta $odd" "record --ring $odd x" \
		"record --pid $odd x" "resolve --pid $odd x" "report --top $odd demo" "$odd" "report --resolve=$odd demo" \
		"resolve --top=$odd" "record --top=$odd x" "head --top=$odd" "live --resolve=$odd"; do
		[[ -e demo ]] || gzip -dc "$ROOT/examples/demo-recording.txt.gz" >demo
		# shellcheck disable=SC2086 # words
		"$POSTPROC" $arguments <demo >out 2>err && echo "$arguments" | cat -v && return 1
		cat -v err
		! LC_ALL=C grep -q $'[^\t -~]' err || return 1
		grep -qF 'x\x1b]0;owned\x07' err
	done
}

@test "--help has a line for each option, in groups, and three examples, in 80 columns" {
	run -0 --separate-stderr "$HUD" --help
	[[ ! $stderr ]]
	((${#lines[@]} > 10))
	[[ ! $("$HUD" --help | LC_ALL=C awk 'length > 80') ]]
	long=$output
	run -0 "$HUD" -h
	[[ $output == "$long" ]]
	[[ $(grep -E '^[A-Z][a-z]+:$' <<<"$long" | paste -sd' ') == 'Examples: Target: Report: Output: Recording: Trigger: Tracing: Help:' ]]
	(($(grep -c '^  sudo hud-trace ' <<<"$long") == 3))
	# Each option has a line in one of the groups, and the line begins with it.
	sed '1,/^Target:/d' <<<"$long" | sed -nE 's/^  (    |-., )(--[a-z-]+).*/\2/p' | sort -u >own
	sed '1,/^Target:/d' <<<"$long" | long_options >all
	cat own
	(($(wc -l <own) > 20))
	diff own all
}

# The long options in the input, one a line.
long_options() {
	grep -oE -- '(^|[^a-z-])--[a-z][a-z-]*' | grep -oE -- '--.*' | sort -u
}

@test "--help, the manual page and the completion name the same options, and hud-trace takes just these" {
	"$HUD" --help | long_options >help
	# The page describes an option where it is bold, at the start of a line behind .TP.
	sed -n '/^\.SH OPTIONS/,/^\.SH [^O]/{s/\\-/-/g;p}' "$ROOT/bin/hud-trace.8" | grep -A 1 '^\.TP' | grep '^\.B' | long_options >manual
	(
		. "$ROOT/bin/hud-trace.bash-completion"
		COMP_WORDS=(hud-trace --) COMP_CWORD=1
		_hud_trace
		printf '%s\n' "${COMPREPLY[@]}"
	) | sort -u >completion
	# GNU's getopt lists the options that a prefix could mean.
	for letter in {a..z}; do
		said=$("$HUD" "--$letter" 2>&1 | head -n 1)
		long_options <<<"$said" | grep -E -- "--$letter." || [[ $said == *"unrecognized option"* ]] || grep "^--$letter" help ||
			echo "an option that begins with $letter"
	done >some
	# Other versions do not list them: tries those that are named.
	for option in $(sort -u help manual completion); do
		"$HUD" "$option" --no-such-option 2>&1 | grep -qE "(unrecognized|unknown) option '?$option'?$" || echo "$option"
	done | cat - some | sort -u >taken
	cat help
	(($(wc -l <help) > 20))
	diff help manual
	diff help completion
	diff help taken
	accepted --verbose
	accepted -v
}

@test "--version" {
	run -0 "$HUD" --version
	[[ $output =~ ^hud-trace\ [0-9]+\.[0-9]+\.[0-9]+$ ]]
	version=$output
	run -0 "$HUD" -V
	[[ $output == "$version" ]]
	grep -qF "\"$version\"" "$ROOT/bin/hud-trace.8"
	grep -qF "\"$version\"" "$ROOT/bin/hud-trace-tasks.8"
	grep -qF "\"$version\"" "$ROOT/bin/hud-postproc.1"
}

@test "every option is taken, with its lowest and its highest value" {
	accepted
	accepted --threshold 0.05
	accepted --threshold 60000
	accepted --duration 0.1
	accepted --duration 604800
	accepted --window 0.1
	accepted --window 604800
	accepted --top 1
	accepted --top 100
	accepted --hz 1
	accepted --hz 997
	accepted --hz 0099
	accepted --max-overhead 1
	accepted --max-overhead 10000
	accepted --polls auto
	accepted --polls estimate
	accepted --polls off
	accepted --stacks auto
	accepted --stacks fp
	accepted --stacks copy
	accepted --polls auto
	accepted --polls tls
	accepted --polls uprobe
	accepted --polls estimate
	accepted --polls off
	accepted --stack-size 1
	accepted --stack-size 512
	accepted --workers tokio
	accepted --chart x.png
	accepted --chart x.svg
	accepted --chart x.pdf
	accepted --chart -
	accepted --target /bin/sleep
	accepted -t /bin/sleep
	accepted --headless
	accepted --quiet
	accepted -q
	accepted --no-color
	accepted --raw
	DEBUGINFOD_URLS=http://127.0.0.1:1 accepted --debuginfod
	run -1 "$HUD" --print-script -p 4194304
}

@test "--option=value, and any order" {
	accepted --threshold=1 --duration=2 --window=3 --top=4 --hz=5 --workers=w --chart=x.png --target=/bin/sleep -q
	run -1 "$HUD" hudnosuchproc --threshold=1 --print-script --top 3
	[[ $output == *"no process is named 'hudnosuchproc'"* ]]
	run -1 "$HUD" --top 3 --print-script hudnosuchproc --threshold=1
	[[ $output == *"no process is named 'hudnosuchproc'"* ]]
	run -1 "$HUD" --print-script -- --hudnosuchproc
	[[ $output == *"no process is named '--hudnosuchproc'"* ]]
	refused '--top' hudnosuchproc --threshold=1 --top=0
}

@test "durations take units" {
	accepted --threshold=50us --duration=100ms --window=250ms
	accepted --threshold=60s --duration=168h --window=2.5s
	accepted --threshold=1m --duration=1m --window=1h
	write_stream >stream
	"$POSTPROC" report --window=0.75 stream >alone
	for window in 0.75s 750ms 750000us; do
		"$POSTPROC" report --window=$window stream >with
		cmp alone with
	done
	"$POSTPROC" report --window=0.75m stream >with
	run -1 cmp -s alone with
}

# What is blamed if the user's code calls a crate of origin $1, with the options that follow.
blamed() {
	printf '%s\n' 'hud-trace 1' 'meta target shop' 'meta pid 42' 'meta arch x86_64' 'meta threshold-us 5000' 'thread 43 worker 1 w' \
		'begin 1000000000' "frame a1 whole call $1 21000 1000 7 shop acme::get acme_db::get - /x/acme/lib.rs" \
		'frame a1 whole call user 11029 29 40 shop shop::page shop::page - /src/page.rs' \
		'frame a1 whole call runtime 12001 1001 - shop poll tokio::runtime::task::raw::poll - -' \
		'frame a1 whole call runtime 13001 2001 - shop run tokio::runtime::scheduler::multi_thread::worker::run - -' \
		'sleep 1200000000 43 0 9000000 0 S 230 a1 0 0 0 -' 'end 2000000000 exit' |
		"$POSTPROC" report --format json "${@:2}" - | jq -r '.blockers[0].function'
}

@test "whose a crate is, is the user's word" {
	[[ $(blamed user) == acme::get && $(blamed dependency) == shop::page ]]
	[[ $(blamed user --not-mine acme-db) == shop::page ]]
	[[ $(blamed dependency --mine acme_db) == acme::get ]]
	[[ $(blamed user --not-mine acme-db --mine acme-db) == acme::get ]]
	[[ $(blamed user --not-mine acme --not-mine db) == acme::get ]]
	accepted --mine acme-db --not-mine=a --not-mine b
	for bad in '' 'a b' a::b ../x; do
		refused "--not-mine: '$bad' is not the name of a crate" --not-mine "$bad" name
		run -2 "$POSTPROC" report --mine "$bad" /nonexistent
		[[ $output == "hud-postproc report: --mine: '$bad' is not the name of a crate" ]]
	done
}

@test "bad numbers are refused, with the option and its range" {
	for bad in 0 0.04 60000.1 99999999999 -1 x 1x 49us 0.04ms 61s 2m 1ns ms '1 s' '' ' 5' 5. 1e3 0x10 inf nan 1,5 '1;id'; do
		refused "--threshold: '$bad' is not a number of milliseconds from 0.05 to 60000, or a duration" --threshold "$bad" name
	done
	for bad in 0 0.09 604800.5 -1 x '' 1d 99ms 169h; do
		refused "--duration: '$bad' is not a number of seconds from 0.1 to 604800, or a duration" --duration "$bad" name
		refused "--window: '$bad' is not a number of seconds from 0.1 to 604800, or a duration" "--window=$bad" name
	done
	for bad in 0 998 9.5 -1 x ''; do
		refused "--hz: '$bad' is not a whole number from 1 to 997" --hz "$bad" name
	done
	for bad in 0 10001 1.5 -1 x ''; do
		refused "--max-overhead: '$bad' is not a whole number of percent of a CPU, from 1 to 10000" --max-overhead "$bad" name
	done
	for bad in 0 101 1.5 -1 x ''; do
		refused "--top: '$bad' is not a whole number from 1 to 100" --top "$bad" name
	done
	for bad in 0 4194305 1.5 -1 x '' self '1 2' 99999999999999999999; do
		refused "--pid: '$bad' is not a process id from 1 to 4194304" --pid "$bad"
		refused "--pid: '$bad' is not a process id from 1 to 4194304" -p "$bad"
	done
}

@test "a value that is shown has no control characters" {
	refused "--hz: '\\x1b[31m\\x0a' is not" --hz $'\e[31m\n' name
	run -1 --separate-stderr "$HUD" --print-script $'hud\e[31m\nnosuch\xc3'
	[[ $stderr == *"'hud\\x1b[31m\\x0anosuch\\xc3'"* ]]
}

@test "other wrong usage is refused" {
	refused 'give one NAME, not 2' one two
	refused 'give either a NAME or --pid PID, not both' --pid 1 name
	refused "'--nonsense'" --nonsense name
	refused "'--\\x1b]0;x\\x07'" --$'\e]0;x\a' name
	refused "-- '\\x1b'" -$'\e]0;x\a' name
	refused "'z'" -z name
	refused "requires an argument" name --top
	refused "doesn't allow an argument" --quiet=1 name
	refused "--chart: 'x.gif' does not end in .png, .svg or .pdf" --chart x.gif name
	refused "--chart: 'png' does not end in" --chart=png name
	DEBUGINFOD_URLS='' refused '--debuginfod: DEBUGINFOD_URLS names no server' --debuginfod name
	refused 'either --raw or --chart, not both' --raw --chart x.png name
	refused "--target: 'nosuchfile' is not a readable file" --target nosuchfile name
	refused "--target: '/' is not a readable file" --target=/ name
}

@test "a value is never run or expanded" {
	for word in '$(touch ran)' '`touch ran`' "'; touch ran; '" '* ?' 'a\b' '"' "it's"; do
		run -1 --separate-stderr "$HUD" --print-script --workers "$word" "hudnosuch$word"
		[[ $stderr == *"'hudnosuch$word'"* ]]
		refused "'$word'" --hz "$word" name
		refused "$word'" --pid "1 a[\$(touch ran)]$word"
	done
	[[ ! -e ran ]]
}

# --- hud-trace: the process

@test "a NAME that none has: similar ones are suggested" {
	start_named hudtestproc
	run -1 --separate-stderr "$HUD" --print-script hudtestprox
	[[ $stderr == *"no process is named 'hudtestprox'. Is it one of these? "*hudtestproc* ]]
	run -1 --separate-stderr "$HUD" --print-script HUDTESTPROC
	[[ $stderr == *hudtestproc* ]]
	run -1 --separate-stderr "$HUD" --print-script zzqqxxyyvvwwkk
	[[ ${stderr_lines[0]} == "hud-trace: no process is named 'zzqqxxyyvvwwkk'" ]]
}

@test "a NAME that several have: they are listed" {
	start_named hudtestproc
	one=$PID
	start_named hudtestproc
	two=$PID
	run -1 --separate-stderr "$HUD" --print-script hudtestproc
	[[ ! $output ]]
	[[ ${stderr_lines[0]} == "hud-trace: 2 processes match 'hudtestproc'; choose one by --pid:" ]]
	((${#stderr_lines[@]} == 3))
	grep -qE "^ *$one  [0-9-]{10} [0-9:]{8}  ./hudtestproc 300$" <<<"$stderr"
	grep -qE "^ *$two  [0-9-]{10} [0-9:]{8}  ./hudtestproc 300$" <<<"$stderr"
	run -0 "$HUD" --print-script --workers hudtest --pid "$two"
}

@test "a whole name wins over a part, and a part is enough" {
	start_named hudtestpro
	whole=$PID
	start_named hudtestproc
	run -0 --separate-stderr "$HUD" --print-script --workers hudtest hudtestpro
	[[ $output == *"@worker[$whole] = 1;"* ]]
	run -0 --separate-stderr "$HUD" --print-script --workers hudtest udtestproc
	[[ $output == *"@worker[$PID] = 1;"* ]]
}

@test "a process that has no workers: its threads are listed" {
	start_named hudtestproc
	run -1 --separate-stderr "$HUD" --print-script --workers nosuch --pid "$PID"
	[[ $stderr == *"process $PID has no thread that looks like a Tokio worker (--workers nosuch: 0 of 1 threads)"* ]]
	[[ $stderr == *hudtestproc* ]]
	[[ $stderr == *'None of these names begins with nosuch: without --workers, all threads that run a scheduler are looked for.'* ]]
	run -1 --separate-stderr "$HUD" --print-script --pid "$PID"
	[[ $stderr == *'If some of these are workers, name them with --workers PREFIX.'* ]]
}

@test "not a process to trace: kernel thread, none" {
	run -1 "$HUD" --print-script --pid 4194304
	[[ $output == 'hud-trace: no process has the id 4194304' ]]
	[[ $(cat /proc/2/comm) == kthreadd ]] || skip 'no kernel threads are seen here'
	run -1 "$HUD" --print-script --pid 2
	[[ $output == 'hud-trace: 2 is a kernel thread' ]]
}

@test "not root: exit 77, and the command to type" {
	((EUID == 0)) || skip 'needs root, to drop it'
	drop=(setpriv --reuid=65534 --regid=65534 --clear-groups)
	"${drop[@]}" test -r "$HUD" || skip 'others cannot read the source tree'
	run -77 --separate-stderr "${drop[@]}" "$HUD" --top 3 'my service'
	[[ ! $output ]]
	[[ ${stderr_lines[0]} == 'hud-trace: tracing needs root. Run' ]]
	[[ ${stderr_lines[1]} == "    sudo $HUD --top 3 my\\ service" ]]
	DEBUGINFOD_URLS=x run -77 --separate-stderr "${drop[@]}" "$HUD" --debuginfod name
	[[ ${stderr_lines[1]} == "    sudo --preserve-env=DEBUGINFOD_URLS $HUD --debuginfod name" ]]
	# Wrong usage and help work without root.
	run -2 "${drop[@]}" "$HUD" --top 0 name
	run -0 "${drop[@]}" "$HUD" --help
	run -0 "${drop[@]}" "$HUD" --version
}

# --- hud-trace --print-script

@test "--print-script prints a whole script and runs nothing" {
	start_named hudtestproc
	mkdir path
	printf '#!/bin/sh\ncase $1 in --info | -l) exit ;; esac\n[ "$1" != --version ] || { echo bpftrace v0.20.0; exit; }\ntouch "%s/ran"\n' "$PWD" >path/bpftrace
	chmod +x path/bpftrace
	PATH=$PWD/path:$PATH run -0 --separate-stderr "$HUD" --print-script --workers hudtest --threshold 7 --hz 49 \
		--duration 3 hudtestproc
	[[ ! $stderr ]]
	[[ ! -e ran ]]
	[[ ${lines[0]} == '// Composed by hud-trace '* ]]
	[[ $output == *"@worker[$PID] = 1;"* ]]
	[[ $output == *'profile:hz:49 '* ]]
	[[ $output == *'@until = $now + (uint64)3000 * 1000000;'* ]]
	[[ $output == *7000* ]]
	[[ $output == *'strncmp(comm, "hudtest", 7)'* ]]
	# No placeholder is left.
	run -1 grep -nE '\$[12]([^0-9]|$)|//@|@composed|@standalone' <<<"$output"
	# The braces match.
	script=$("$HUD" --print-script --workers hudtest hudtestproc)
	(($(tr -cd '{' <<<"$script" | wc -c) == $(tr -cd '}' <<<"$script" | wc -c)))
	[[ $script != *'@why = 3;'* ]]
}

@test "--print-script: odd names of workers are not pasted into it" {
	start_named 'hud")x'
	run -0 "$HUD" --print-script --workers 'hud")x' --pid "$PID"
	[[ $output == *"@worker[$PID] = 1;"* ]]
	[[ $output != *'hud")x'* ]]
}

# --- installed

@test "make install: what is installed finds its own files" {
	run -0 make -C "$ROOT" install "DESTDIR=$BATS_TEST_TMPDIR/root" PREFIX=/usr
	[[ -r root/usr/share/man/man8/hud-trace.8 && -r root/usr/share/man/man8/hud-trace-tasks.8 ]]
	[[ -r root/usr/share/man/man1/hud-postproc.1 ]]
	[[ -r root/usr/share/bash-completion/completions/hud-trace ]]
	run -0 root/usr/bin/hud-trace --help
	run -0 root/usr/bin/hud-trace --version
	run -0 root/usr/bin/hud-postproc report --help
	start_named hudtestproc
	run -0 root/usr/bin/hud-trace --print-script --workers hudtest hudtestproc
	chmod -x root/usr/lib/hud-trace/hud-postproc
	run -1 root/usr/bin/hud-trace --print-script --workers hudtest hudtestproc
	[[ $output == *"root/usr/lib/hud-trace/hud-postproc is missing"* ]]
	run -0 make -C "$ROOT" uninstall "DESTDIR=$BATS_TEST_TMPDIR/root" PREFIX=/usr
	[[ ! $(find root ! -type d) ]]
}

@test "without a process: what it can do, and how to name one, in three lines" {
	for arguments in '' '--top 3' "''"; do
		eval "run -2 --separate-stderr '$HUD' $arguments"
		[[ ! $output ]]
		((${#stderr_lines[@]} == 3))
		[[ ${stderr_lines[0]} == 'hud-trace: which process? It reports which code blocks a Tokio process.' ]]
		[[ ${stderr_lines[1]} == *"'hud-trace my-app'"*"'hud-trace --pid 42'"* ]]
		[[ ${stderr_lines[2]} == *--help*--doctor* ]]
	done
}

@test "a chart that cannot be drawn is refused before tracing" {
	start_named hudtestproc
	run -2 "$HUD" --print-script --chart nowhere/x.svg hudtestproc
	[[ $output == 'hud-trace: nowhere/x.svg: No such file or directory'* ]]
}

@test "the manuals have no warnings" {
	command -v man >/dev/null || skip 'no man'
	for page in hud-trace.8 hud-trace-tasks.8 hud-postproc.1; do
		LC_ALL=C.UTF-8 MANWIDTH=80 run -0 --separate-stderr man -l --warnings "$ROOT/bin/$page"
		[[ ! $stderr ]]
	done
}

@test "the manual of hud-postproc and --help of its commands name the same options, and all commands" {
	for command in report live diff resolve record tasks; do
		"$POSTPROC" "$command" --help
	done | sed -nE 's/^  (    |-., )(--[a-z-]+).*/\2/p' | grep -vx -- --help | sort -u >help
	sed -n '/^\.SH OPTIONS/,/^\.SH [^O]/{s/\\-/-/g;p}' "$ROOT/bin/hud-postproc.1" | grep -A 1 '^\.TP' | grep '^\.B' | long_options >manual
	cat help
	(($(wc -l <help) > 15))
	diff help manual
	for command in $("$POSTPROC" --help | sed -nE 's/^  ([a-z]+) .*/\1/p'); do
		grep -qw "$command" "$ROOT/bin/hud-postproc.1"
	done
}

# --- documents

@test "links between the documents lead to files" {
	cd "$ROOT"
	for document in README.md */README.md */*/README.md; do
		grep -oE '\]\([^)]+\)' "$document" | sed -E 's/^\]\(//; s/\)$//; s/#.*//' | grep -vE '^(https?:|$)' |
			sed "s|^|$(dirname "$document")/|"
	done >"$BATS_TEST_TMPDIR/links"
	cd "$BATS_TEST_TMPDIR"
	cat links
	(($(wc -l <links) > 10))
	while read -r link; do
		[[ -e $ROOT/$link ]] || echo "$link"
	done <links >broken
	[[ ! -s broken ]]
}

@test "README.md shows lines of a report as they are printed" {
	sed -n '/^    #5 /,/^    *advice/p' "$ROOT/README.md" | grep -vx '        \.\.\.' | sed 's/^    //' >shown
	gzip -dc "$ROOT/examples/demo-recording.txt.gz" | LC_ALL=C.UTF-8 "$POSTPROC" report - >printed
	(($(wc -l <shown) > 6))
	[[ ! $(grep -vxFf printed shown) ]]
}

# --- how polls are told apart

# Prints the script that hud-trace makes with --polls $1 if the lines about Tokio and sites in the head are
# $2...
script_with() {
	mkdir -p tree/build
	cp -r "$ROOT/bin" "$ROOT/probes" tree
	cat >tree/build/hud-postproc <<-END
		#!/bin/bash
		"$POSTPROC" "\$@" | grep -vE '^(tokio|site) '
		printf '%s\n' $(printf '%q ' "${@:2}")
	END
	chmod +x tree/build/hud-postproc
	start_named polled
	run tree/bin/hud-trace --print-script --workers polled --pid "$PID" --polls "$1"
	kill "$PID"
}

@test "a script for aarch64 reads its registers, and thread-local memory above the thread pointer" {
	local state='tokio id-at=48 id-tag-at=0 budget-at=0 tagged=1 tag-at=0 mt-known=1 mt-at=40 mt-tag=0 mt-core=24 mt-tick=64 mt-idle=8'
	state+=' mt-parked=0 ct-known=1 ct-at=40 ct-tag=1 ct-core=24 ct-tick=96 ct-idle=0 ct-parked=2 module=0 dtv-entry=0'

	# 336 above it, as `block` without a sign says.
	HOSTTYPE=aarch64 script_with tls "$state block=18446744073709551280 how=table 1.43"
	((status == 0))
	[[ $output == *thread.uw.tp_value* && $output == *'($fs - -336)'* && $output == *'user_regs.regs[30]'* ]]
	# No name of x86-64, and no word that was not replaced.
	[[ ! $output =~ fsbase|orig_ax|regs-\>(ip|sp|bp|di|cs)|REG_|IN_EPOLL|USER_REGISTERS ]]
}

@test "polls are told apart by the first way that there is: thread-local state, probes, none" {
	local state='tokio id-at=48 id-tag-at=0 budget-at=0 tagged=1 tag-at=0 mt-known=1 mt-at=40 mt-tag=0 mt-core=24 mt-tick=64 mt-idle=8'
	state+=' mt-parked=0 ct-known=1 ct-at=40 ct-tag=1 ct-core=24 ct-tick=96 ct-idle=0 ct-parked=2 module=0 dtv-entry=0 block=0 how=table 1.43'
	local sites=('site P 55d0c1a30010 1010 0 app::Future' 'site P 55d0c1a30020 1020 1 -' 'site B 55d0c1a30030 1030 0 -'
		'site K 55d0c1a30040 1040 0 -')

	script_with auto "$state" "${sites[@]}"
	((status == 0))
	[[ $output == *fsbase* && $output != *uprobe:* ]]
	script_with auto 'tokio - not known' "${sites[@]}"
	((status == 0))
	grep -x "uprobe:/proc/$PID/exe:0x1010 /pid == $PID/" <<<"$output"
	grep -x "uprobe:/proc/$PID/exe:0x1020 /pid == $PID/" <<<"$output"
	grep -x "uprobe:/proc/$PID/exe:0x1030,uprobe:/proc/$PID/exe:0x1040 /pid == $PID/" <<<"$output"
	# The slow site costs more. For some versions there are no casts (compose.awk, without_casts).
	grep -A 40 'exe:0x1010' <<<"$output" | grep -m 1 -E 'price = (\(uint64\))?1000;'
	grep -A 40 'exe:0x1020' <<<"$output" | grep -m 1 -E 'price = (\(uint64\))?15000;'
	script_with uprobe "$state" "${sites[@]}"
	((status == 0))
	[[ $output == *uprobe:* ]]
	script_with auto 'tokio - not known' 'site - no symbol'
	((status == 0))
	[[ $output != *uprobe:* && $output != *@poll_* ]]
	script_with uprobe "$state" 'site - no symbol'
	((status == 1))
	[[ $output == *'--polls uprobe: no poll can be probed: no symbol'* ]]
	script_with tls 'tokio - not known' "${sites[@]}"
	((status == 1))
	[[ $output == *"--polls tls: Tokio's state cannot be read: not known"* ]]
}

# --- completion

# The completions of `hud-trace $@` with the cursor at the end.
complete_words() {
	bash -c '. "$1"; shift; COMP_WORDS=(hud-trace "$@"); COMP_CWORD=$#; _hud_trace; printf "%s\n" "${COMPREPLY[@]}"' \
		- "$ROOT/bin/hud-trace.bash-completion" "$@"
}

@test "completion: options, names, pids, files" {
	start_named hudtestproc
	touch picture.png
	[[ $(complete_words --th) == --threshold ]]
	[[ $(complete_words --threshold 5 hudtestp) == hudtestproc ]]
	[[ $(complete_words --pid "$PID") == *"$PID"* ]]
	[[ $(complete_words --chart pict) == picture.png ]]
	[[ $(complete_words --chart-kind t) == timeline ]]
	[[ $(complete_words --target = pict) == picture.png ]]
	[[ ! $(complete_words --top '') ]]
}

@test "completion: a hostile name is neither offered nor expanded" {
	start_named 'hud$(touch ran)'
	[[ ! $(complete_words 'hud$') ]]
	complete_words hud
	[[ ! -e ran ]]
}

# --- hud-postproc

@test "hud-postproc: wrong usage" {
	run -2 "$POSTPROC"
	run -2 "$POSTPROC" nonsense
	[[ $output == *"'nonsense' is not a command"* ]]
	run -0 "$POSTPROC" --help
	[[ $output == *report*head* ]]
	run -0 "$POSTPROC" report --help
	run -0 "$POSTPROC" head --help
}

@test "report: bad options are refused" {
	write_stream >stream
	for bad in --nonsense -z --top=0 --top=101 --top=x --top= --window=0 --window=nan --width=59 --width=501 --pid=0 --pid=x; do
		echo "$bad"
		run -2 --separate-stderr "$POSTPROC" report "$bad" stream
		[[ ! $output ]]
		[[ $stderr ]]
	done
	run -2 "$POSTPROC" report --top=0 stream
	[[ $output == *"--top: '0' is not a number from 1 to 100"* ]]
	run -2 "$POSTPROC" report
	[[ $output == *'give one FILE'* ]]
	run -2 "$POSTPROC" report stream stream
}

@test "report: a file that is not there, or no stream" {
	run -1 --separate-stderr "$POSTPROC" report nosuchfile
	[[ ! $output ]]
	[[ $stderr == *'nosuchfile: No such file or directory'* ]]
	for file in /bin/sleep /dev/null "$ROOT/Makefile"; do
		run -1 --separate-stderr "$POSTPROC" report "$file"
		[[ ! $output ]]
		[[ $stderr == *"$file: it has no event lines of hud-trace" ]]
	done
	run -1 --separate-stderr "$POSTPROC" report .
	[[ $stderr == *'Is a directory'* ]]
	write_stream | sed '1s/1/3/' >later
	run -1 --separate-stderr "$POSTPROC" report later
	[[ $stderr == *'later version'* ]]
}

@test "report: a stream gives the same from a file and from stdin" {
	write_stream >stream
	run -0 --separate-stderr "$POSTPROC" report stream
	[[ ! $stderr ]]
	[[ ${lines[0]} == 'hud-trace: demo (pid 42): 1 worker for 1.00 s, threshold 5 ms' ]]
	[[ $output == *'run queue'*rival* ]]
	[[ $output == *'2, none lost'* ]]
	[[ $(grep '^!' <<<"$output") == '! /nonexistent/demo: the file is not on this machine; --target takes a copy.' ]]
	file=$output
	run -0 --separate-stderr "$POSTPROC" report - <stream
	[[ $output == "$file" ]]
	# Slowly, through a pipe.
	[[ $({ head -5 stream; sleep 0.2; tail -n +6 stream; } | "$POSTPROC" report -) == "$file" ]]
}

@test "report: lines of unknown kinds and broken ones are counted" {
	write_stream | sed '11a wibble 1 2 3\nfrob\nsleep 1 2' >stream
	run -0 --separate-stderr "$POSTPROC" report stream
	[[ $output == *'1 line of kind "wibble" (see --raw) was left out'* ]]
	[[ $output == *'1 line of kind "frob" (see --raw) was left out'* ]]
	[[ $output == *'1 line could not be read and was left out'* ]]
	[[ $output == *'2, none lost'* ]]
}

@test "report: lost events are told" {
	write_stream | sed '$i Lost 7 events' >stream
	run -0 --separate-stderr "$POSTPROC" report stream
	[[ $output == *'2, 7 lost'* ]]
	[[ $output == *'! 7 events were lost'* ]]
}

@test "report: what was counted only, little copied, and ended for its cost is told" {
	write_stream | sed 's/^end 2000000000 interrupt/counted 1500000000 12000 600000000000\ncounted 1600000000 1 1000000 300 4000000000\nthin 1700000000\nthin 1700000000\nend 2000000000 overhead/' >stream
	run -0 "$POSTPROC" report --width 400 --format text --format json=r.json stream
	[[ $output == *'! 12,001 waits, 600 s in all, were counted only'* ]]
	[[ $output == *'! 300 long polls, 4.00 s in all, were counted only'* ]]
	[[ $output == *'! After 700 ms little was copied of stacks'* ]]
	[[ $output == *'! Tracing was ended because it cost more than --max-overhead allows'* ]]
	[[ $output != *' of an unknown kind '* ]]
	jq -e '.trace | .events_counted == 12001 and .counted_ns == 600001000000 and .polls_counted == 300 and .polls_counted_ns == 4000000000 and .thinned_from_ns == 700000000 and .ended == "overhead"' r.json
}

@test "report: a truncated stream is reported, and says so" {
	write_stream | sed '$d' >stream
	run -0 --separate-stderr "$POSTPROC" report stream
	[[ $output == *'! The stream ends in the middle'* ]]
	# Truncated anywhere, it must not crash.
	write_stream >stream
	size=$(wc -c <stream)
	for ((i = 0; i < size; i += 7)); do
		status=0
		head -c "$i" stream | "$POSTPROC" report - >/dev/null 2>&1 || status=$?
		((status <= 1))
	done
}

@test "report: a reader that goes away, and a full disk" {
	write_stream >stream
	run -0 timeout 100 bash -c '"$1" report stream | head -1' - "$POSTPROC"
	((${#lines[@]} == 1))
	[[ $output == 'hud-trace: demo'* ]]
	run -1 timeout 100 bash -c '"$1" report stream >/dev/full' - "$POSTPROC"
	[[ $output == *'No space left on device'* ]]
}

@test "report: hostile names never reach the output raw" {
	write_stream | sed -e 's/ w-0$/ w\\x1b[31m\\x0a0\\x07/' -e 's/ rival$/ r\\x1b]0;x\\x07\\x0a/' \
		-e 's/^meta target .*/meta target d\\x1b[2J\\x0d\\x9b\\xc2\\x9b/' -e 's/nonexistent/non\\x1b[31m\\x0aexistent/' >stream
	for options in '' -v --width=60 --width=200; do
		# shellcheck disable=SC2086
		LC_ALL=C.UTF-8 "$POSTPROC" report $options stream >out 2>&1
		# Except for its own ellipsis.
		LC_ALL=C sed 's/\xe2\x80\xa6//g' out | LC_ALL=C tr -d '\n -~' >raw
		[[ ! -s raw ]]
		# shellcheck disable=SC2086
		LC_ALL=C "$POSTPROC" report $options stream >out 2>&1
		LC_ALL=C tr -d '\n -~' <out >raw
		[[ ! -s raw ]]
		grep -qF 'w\x1b' out
		# A newline in a name does not begin a line.
		run -1 grep -E '^(0|existent)' out
	done
}

@test "report: no colours but on a terminal" {
	write_stream >stream
	"$POSTPROC" report stream >out
	run -1 grep -q $'\e' out
	command -v script >/dev/null || skip 'no script(1)'
	TERM=xterm script -qec "'$POSTPROC' report stream" /dev/null </dev/null >out
	grep -q $'\e\[' out
	TERM=xterm script -qec "'$POSTPROC' report --no-color stream" /dev/null </dev/null >out
	run -1 grep -q $'\e\[' out
	NO_COLOR=1 TERM=xterm script -qec "'$POSTPROC' report stream" /dev/null </dev/null >out
	run -1 grep -q $'\e\[' out
}

@test "--debuginfod without a server to ask is refused" {
	write_stream >stream
	for command in 'report stream' 'resolve stream' 'head --pid 1'; do
		# shellcheck disable=SC2086 # words
		DEBUGINFOD_URLS='' run -2 --separate-stderr "$POSTPROC" $command --debuginfod
		[[ $stderr == *'sudo --preserve-env=DEBUGINFOD_URLS'* ]]
	done
}

@test "resolve: wrong usage" {
	write_stream >stream
	run -0 "$POSTPROC" resolve --help
	run -2 "$POSTPROC" resolve
	run -2 "$POSTPROC" resolve stream more
	run -2 "$POSTPROC" resolve --pid x stream
	run -2 "$POSTPROC" resolve --nonsense stream
	run -1 "$POSTPROC" resolve nosuchfile
	[[ $output == *'nosuchfile: No such file or directory'* ]]
}

@test "report: says which file's symbols could not be had, and why" {
	cat >stream <<-'END'
	hud-trace 1
	map 1000 2000 r-xp 0 0123abcd /nosuch/libmine.so
	begin 1
	stack 77 1 1500 7000 7000 0
	sample 2 1 0 0 77
	end 3 interrupt
	END
	"$POSTPROC" report --width 200 stream | tee out
	grep -q '/nosuch/libmine.so: the file is not on this machine' out
}

@test "a recording of version 1 reads as one of version 2 does; kinds that came later are passed over, and told once" {
	local rest='begin 1000000000
sleep 2100000000 43 0 20000000 100000 S 230 0 42 43 0 w
end 3000000000 interrupt'

	# Since version 2 the fields of a `tokio` line have names.
	{ printf '%s\n' 'hud-trace 1' 'meta pid 42' 'meta threshold-us 5000' 'tokio 48 0 0 1 0 1 40 0 24 64 8 0 1 40 1 24 96 0 2 table 1.43' \
		'thread 43 worker 1 w-0' "$rest"; } >one
	{ printf '%s\n' 'hud-trace 2' 'meta pid 42' 'meta threshold-us 5000' 'tokio id-at=48 mt-known=1 how=table 1.43' \
		'thread 43 worker 1 w-0' "$rest"; } >two
	{ sed '2i later-head 1' two | sed '/^sleep/i later 2\nlater 3'; } >three
	"$POSTPROC" report one >report.one
	"$POSTPROC" report two | tee report.two
	"$POSTPROC" report three | tee report.three
	diff report.one report.two
	run ! grep -E 'left out|could not be' report.two
	grep -q '^! 1 line of kind "later-head"' report.three
	grep -q '^! 2 lines of kind "later"' report.three
	(($(grep -c later report.three) == 2))
	# Frames go behind the head, which here has a line of an unknown kind.
	"$POSTPROC" resolve three >resolved
	diff three resolved
}

@test "head: of a process" {
	start_named hudtestproc
	run -0 --separate-stderr "$POSTPROC" head --pid "$PID" --workers hudtest --meta key=value
	[[ ! $stderr ]]
	[[ ${lines[0]} == 'hud-trace 2' ]]
	grep -qx 'meta key value' <<<"$output"
	grep -qx "meta pid $PID" <<<"$output"
	grep -qE '^map [0-9a-f]+ [0-9a-f]+ r-xp [0-9a-f]+ ([0-9a-f]+|-) /.*/hudtestproc$' <<<"$output"
	grep -qE "^thread $PID [a-z-]+ 1 hudtestproc$" <<<"$output"
	printf '%s\n' "$output" >stream
	run -0 "$POSTPROC" report stream
	[[ $output == *'No event came at all'* ]]
}

@test "head: wrong usage, and no such process" {
	run -2 "$POSTPROC" head
	run -2 "$POSTPROC" head --pid x
	run -2 "$POSTPROC" head --pid 0
	run -2 "$POSTPROC" head --pid 1 --meta novalue
	run -2 "$POSTPROC" head --pid 1 more
	run -1 "$POSTPROC" head --pid 4194304
	[[ $output == *'process 4194304: No such process'* ]]
}
