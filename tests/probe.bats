#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# The user's own probes: how a script is composed, and the examples on the real demo server. The latter needs
# root and BPF.

bats_require_minimum_version 1.5.0
load helpers

setup_file() {
	export WHY_NOT='' DEBUG=''
	WHY_NOT=$(why_not)
	[[ ! $WHY_NOT ]] || return 0
	DEBUG=$(timeout 800 "$DEMO/build" debug | tail -n 1)
	[[ -x $DEBUG && -x $POSTPROC ]]
}

setup() {
	STARTED=()
	cd "$BATS_TEST_TMPDIR"
}

teardown() {
	end_started
}

needs_bpf() {
	[[ ! $WHY_NOT ]] || skip "$WHY_NOT"
}

# Prints the script with the scripts $@ in it, for some process whose pid is in SLEEPER.
composed() {
	local script options=()

	sleep 100 3>&- &
	SLEEPER=$!
	STARTED+=("$SLEEPER")
	for script; do
		options+=(--probe "$script")
	done
	within 60 grep -qx sleep "/proc/$SLEEPER/comm"
	"$HUD" --pid "$SLEEPER" --workers sleep --threshold 7 --print-script "${options[@]}" >script
}

@test "a script is taken apart at its braces; there is one BEGIN and one END" {
	cat >one.bt <<-'END'
		#!/usr/bin/env bpftrace
		/* BEGIN { in a comment } */
		struct mine { int a; };
		BEGIN
		{
			printf("} $1 // no comment %d %d\n", $1, $2); // }
			if (1) { @one = $1; }
		}
		interval:s:1 /$2 > 1/ { printf("mine %d\n", $12); }
		//@standalone
		interval:s:9 { exit(); }
		//@end
		END { @two = 1; }
	END
	printf 'END { printf("last\\n"); }' >'t=w o.bt'
	composed one.bt 't=w o.bt'
	[[ $(grep -c '^ *BEGIN' script) == 1 && $(grep -c '^ *END' script) == 1 ]]
	[[ $(grep -n '^struct mine' script | cut -d: -f1) -lt $(grep -n '^BEGIN' script | cut -d: -f1) ]]
	sed -n '/^BEGIN/,/^}/p' script | grep -qF "printf(\"} \$1 // no comment %d %d\\n\", $SLEEPER, 7000); // }"
	sed -n '/^BEGIN/,/^}/p' script | grep -qF "@why = 0;"
	sed -n '/^END/,/^}/p' script | grep -qF '@two = 1;'
	sed -n '/^END/,/^}/p' script | grep -qF 'printf("last\n");'
	grep -qF 'interval:s:1 /7000 > 1/ { printf("mine %d\n", $12); }' script
	[[ $(grep -c 'interval:s:9' script) == 0 ]]
	# It may have been made to print its map.
	[[ $(grep -cE 'clear\(@(one|two)\)' script) == 0 ]]
}

@test "without one, the script is as it was" {
	composed
	[[ $(grep -c '^//#' script) == 0 ]]
}

@test "what is no script is refused" {
	run -2 --separate-stderr "$HUD" --probe nosuch.bt some-name
	[[ $stderr == *"--probe: 'nosuch.bt' is not a readable file"* ]]
	: >empty.bt
	run -2 --separate-stderr "$HUD" --probe empty.bt some-name
	[[ $stderr == *"--probe: 'empty.bt' is empty"* ]]
	echo 'END {}' >fine.bt
	run -2 --separate-stderr "$HUD" --probe-output x some-name
	[[ $stderr == *'--probe-output needs --probe FILE.bt'* ]]
	run -2 --separate-stderr "$HUD" --probe fine.bt --probe-output x --raw some-name
	[[ $stderr == *'either --raw or --probe-output, not both'* ]]
}

# In bpftrace 0.23, `@a ? $b - @a : 0` is 0, always, and `@a == 1 ? 9 : @b` is 9.
@test "no map is read where a condition that reads one decides" {
	sed -nE 's/^[^=]* = //; /@[^,;?]* \? [^,;]*@/p' "$ROOT"/probes/*.bt >wrong
	cat wrong
	[[ ! -s wrong ]]
}

@test "the report tells lines of other kinds by their kind, and takes # for a comment" {
	printf '%s\n' 'hud-trace 1' 'begin 5' '# open NS' 'open 1 2' 'open 3' '@n[/a b]: 3' '@n[c]: 4' \
		$'\x1b[31m' 'end 9 duration' >stream
	"$POSTPROC" report stream >out
	grep -qF '2 lines of kind "open" (see --raw)' out
	grep -qF '2 lines of kind "@n" (see --raw)' out
	grep -qF '1 line of an unknown kind' out
	[[ $(grep -c 'kind' out) == 3 ]]
}

@test "what scripts print that the head names: at the end of the report, and in a file, escaped" {
	printf '%s\n' 'hud-trace 2' 'meta probe my own.bt' 'meta probe b.bt' 'mine begins C:\x 5' 'begin 5' '# open NS' $'open\t2' '' '' '@h:' \
		'[1, 2)       3 |@@@@   |' $'\x1b[31mred' 'frames a1' $'\t401106' '        symbol+3' 'sleep badly' '#' '' 'end 9 duration' >stream
	cat >wanted <<-'END'
		mine begins C:\x 5
		# open NS
		open    2

		@h:
		[1, 2)       3 |@@@@   |
		\x1b[31mred
		        symbol+3
	END
	"$POSTPROC" report --probe-output printed stream >out
	cat out
	diff wanted printed
	sed '1,/^my own.bt, b.bt printed this:$/d' out | diff wanted -
	[[ $(grep '^!' out) == '! 1 line could not be read'* ]]
	"$POSTPROC" live --speed 1000 - <stream >out
	sed '1,/^my own.bt, b.bt printed this:$/d' out | diff wanted -
	run -2 "$POSTPROC" live --probe-output x stream
	[[ $output == 'hud-postproc live: --probe-output is for hud-postproc report' && ! -e x ]]
	run -1 "$POSTPROC" report --probe-output /nosuch/x stream
	[[ $output == *'/nosuch/x: No such file or directory'* ]]
	# None of them is left out, and none goes past the page.
	{ printf '%s\n' 'hud-trace 2' 'meta probe many.bt' 'begin 5' && seq -f 'line %.0f' 1000 && printf '%0500d\n' 7 && echo 'end 9 duration'; } >stream
	"$POSTPROC" report --probe-output printed stream >out
	[[ $(wc -l <printed) == 1001 && ! $(awk 'length > 80' out) ]]
	grep -qx '(801 lines before these are left out: --probe-output FILE gets all)' out
	sed '1,/^many.bt printed/d' out >tail
	grep -qx 'line 802' tail
	run ! grep -qx 'line 801' tail
	[[ $(tail -n 7 tail | tr -d '\n') == "$(printf '%0500d' 7)" ]]
	printf '%s\n' 'hud-trace 2' 'meta probe quiet.bt' 'begin 5' 'end 9 duration' >stream
	"$POSTPROC" report stream | grep -qx 'quiet.bt printed nothing.'
}

@test "the examples: their lines are in the recording, in the report under their names, and in a file" {
	needs_bpf
	start_server "$DEBUG"
	start_load
	cat >own.bt <<-'END'
		BEGIN { printf("mine begins %d %d\n", $1, $2); }
		tracepoint:syscalls:sys_enter_write /pid == $1 && @worker[tid]/ { @writes[pid] = count(); }
		interval:s:1 { printf("mine second\n"); }
		END { printf("mine ends\n"); }
	END
	start_trace --duration 4 --threshold 5 --probe "$ROOT/examples/slow-opens.bt" \
		--probe "$ROOT/examples/page-faults.bt" --probe own.bt --top 40 --record rec --probe-output printed
	within 150 ended "$TRACE"
	ends_with 0
	cut -d' ' -f1 rec | sort | uniq -c
	cat out
	for file in rec printed; do
		grep -qx "mine begins $SERVER 5000" $file
		grep -qx 'mine second' $file
		grep -qx 'mine ends' $file
		grep -qE "^@writes\[$SERVER\]: [0-9]+$" $file
		grep -qE '^@opens_us\[.*/template\]: count [0-9]+, average [0-9]+, total [0-9]+$' $file
		grep -qE '^@faulting\[' $file
	done
	grep -qE '^end [0-9]+ duration$' rec
	run ! grep -qE '^(sleep|runq|poll|meta|end) ' printed
	tr '\n' ' ' <out | grep -qF "$ROOT/examples/page-faults.bt, own.bt printed this:"
	grep -qx 'mine ends' out
	run ! grep -q 'left out.*kind' out
	"$POSTPROC" report --top 40 --probe-output again rec | cmp - out
	cmp again printed
	blames out 'file I/O' read_template
}

@test "a script that does not compile: bpftrace's words with its name, and exit 1" {
	needs_bpf
	printf 'BEGIN { @x = 1; }\n' >fine.bt
	printf '\n\ntracepoint:syscalls:sys_enter_openat {\n\t@a[tid] = $nope;\n}\n' >bad.bt
	start_server "$DEBUG"
	start_trace --duration 3 --probe fine.bt --probe bad.bt
	within 120 ended "$TRACE"
	ends_with 1
	grep -qE '^bad\.bt:4:.*\$nope' err
	printf 'BEGIN { @x = 1; ' >bad.bt
	start_trace --duration 3 --probe bad.bt
	within 120 ended "$TRACE"
	ends_with 1
	grep -qE '^bad\.bt:1:' err
	! grep -q 'tried again' err || return 1
	[[ ! -s out ]]
}

@test "a probe by hand is read the same way, with the head and without" {
	needs_bpf
	start_server "$DEBUG"
	start_load
	cp "$ROOT/probes/sleep.bt" edited.bt
	edit edited.bt 's/\<THRESHOLD_US\>/US/'
	"$POSTPROC" head --pid "$SERVER" --meta threshold-us=5000 >head
	env --default-signal=INT BPFTRACE_NO_USER_SYMBOLS=1 bpftrace -q -B line edited.bt "$SERVER" 5000 >lines 2>err 3>&- &
	tracer=$!
	STARTED+=("$tracer")
	within 120 holds lines sleep 10
	kill -INT "$tracer"
	wait "$tracer"
	cat head lines >stream
	"$POSTPROC" report --top 30 stream >out
	cat out
	grep -qE 'events +[1-9]' out
	"$POSTPROC" report lines >out
	grep -qE 'events +[1-9]' out
	[[ $(grep -c 'of an unknown kind' out) == 0 ]]
}
