#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# What is said about what could not be done: the true cause, and what to do about it. Each table has the sentences, and what brings them
# about. Why Tokio's state is not known: tests/unit/tokio/test_tokio.c.

bats_require_minimum_version 1.5.0
load helpers

setup() {
	STARTED=()
	cd "$BATS_TEST_TMPDIR" || return
}

teardown() {
	end_started
}

WORKER='thread 43 worker 1 tokio-rt-worker'

# Reports a short trace with the lines $1, separated by `|`, and the options $2...; the text is in `out`,
# unwrapped.
report() {
	{
		printf '%s\n' 'hud-trace 2' 'meta target shop' 'meta pid 42' 'meta arch x86_64' 'meta threshold-us 5000' \
			'meta exe /nowhere/shop' "$WORKER" 'begin 1000000000'
		tr '|' '\n' <<<"$1"
		[[ $1 == *'end 9'* || $1 == *CUT* ]] || echo 'end 9000000000 duration'
	} | grep -v CUT >stream
	"$POSTPROC" report --headless "${@:2}" stream >printed
	tr -s ' \n' ' ' <printed >out
}

@test "each sentence about what could not be done: its cause, and a remedy" {
	local lines sentence i

	# Stacks that were walked by frame pointers as far as they went: enough that it is said.
	walked=''
	for ((i = 1; i <= 20; i++)); do
		walked+="frames $i|1000|100$i|sample 2$i 43 0 0 $i|"
	done
	while IFS='~' read -r lines sentence; do
		[[ $lines ]] || continue
		lines=${lines//WALKED/$walked}
		report "$lines"
		grep -qF -- "$sentence" out || { printf 'from %.200s\nnot: %s\n' "$lines" "$sentence" && cat printed && return 1; }
	done <<'END'
sleep 2000000000 43 0 20000000 0 S 35 0 0 0 0 -|CUT~The stream ends in the middle: the trace was cut off, or still runs. What came before counts.
Lost 5 events~5 events were lost (100.0%): times and counts are too low. A higher --threshold or fewer samples (--hz) make fewer events.
sleep x~1 line could not be read and was left out: damaged, or no event line.
surprise 1 2~1 line of kind "surprise" (see --raw) was left out.
sleep 2000000000 43 0 20000000 0 S 35 5 0 0 0 -~The stream does not have these stacks: it begins too late, or the copies could not be read, which hud-trace says while it traces.
sleep 2000000000 43 0 20000000 0 S 35 5 0 0 0 -|Lost 5 events~The lines of these stacks were lost, like other events.
limit 2000000000 7~7 stacks were copied in part only, or not at all, so as not to slow the target down: there were too many at once. A higher --threshold or a lower --hz needs fewer.
torn 2000000000 7~7 copied stacks were written over before they were read, and are cut short: the machine was too busy. A higher --threshold or a lower --hz needs fewer.
strange 2000000000 7~this kernel keeps the registers of a thread elsewhere than hud-trace takes it to. --stacks fp may do; please report the kernel.
counted 2000000000 7 80000000~7 waits, 80.0 ms in all, were counted only, so as not to slow the target down: there were too many at once. They are in none of the sums. A higher --threshold makes fewer.
counted 2000000000 0 0 3 30000000~3 long polls, 30.0 ms in all, were counted only, so as not to slow the target down: there were too many at once.
thin 2000000000~tracing cost more than --max-overhead allows. A higher --threshold, a lower --hz or a higher --max-overhead keeps them whole.
end 9000000000 overhead~Tracing was ended because it cost more than --max-overhead allows. A higher --threshold or a lower --hz costs less.
meta polls uprobe 3|end 9000000000 limit|begin 9100000000|end 9200000000 duration~the probes that told polls apart were taken off: they cost a worker more than 2% of its time.
meta stacks walked by frame pointers|WALKED~Most were walked in the kernel, where not all code lets it: --stacks copy takes more time, but gets further.
END
}

# Twenty stacks of a thread that stands in function $1 of `code`, and what is to be known of the trace: $2, lines with `|` between.
cut_in() {
	local lines pc i offset address size

	read -r offset address size < <(readelf -lW code | awk '$1 == "LOAD" && / R E / { print $2, $3, $5 }')
	pc=0x$(nm code | awk -v name="$1" '$3 == name { print $1 }')
	lines=$(printf 'meta %s|map %x %x r-xp %x %s %s' "$2" $((0x500000 + address)) $((0x501000 + address)) "$((offset))" \
		"$(readelf -n code | sed -n 's/.*Build ID: //p')" "$PWD/code")
	for ((i = 1; i <= 20; i++)); do
		lines+=$(printf '|stack %x 43 %x 7ffe0000 90000000 1|words %x 43 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 %x|sample 2%02d0000000 43 0 0 %x' \
			$i $((0x500000 + pc + i)) $i $i $i $i)
	done
	report "$lines"
	cat printed
}

@test "most stacks are cut: why, and what to do about it" {
	# How each finds its caller: far up its own stack, where rbp leads, not at all.
	for rule in 'deep:.cfi_def_cfa rsp, 0x20000' 'fiber:.cfi_def_cfa rbp, 16' 'bare:'; do
		printf '.globl %s\n.type %s, @function\n%s: %s\n%s\n.fill 64, 1, 0x90\n%s\n.size %s, . - %s\n' \
			"${rule%%:*}" "${rule%%:*}" "${rule%%:*}" "${rule#*:}" '' '' "${rule%%:*}" "${rule%%:*}"
	done | awk '/^deep:|^fiber:/ { sub(/: /, ":\n.cfi_startproc\n"); cfi = 1 } /^\.size/ && cfi { print ".cfi_endproc"; cfi = 0 } { print }' >code.s
	cc -shared -nostdlib -Wl,--build-id -o code code.s
	cut_in deep 'stacks copied (up to 128 KiB), unwound by CFI'
	grep -q 'Most are deeper than what is copied of a stack: a larger --stack-size copies more\.' out
	cut_in deep 'stacks copied (up to 512 KiB, the most), unwound by CFI'
	grep -q 'Most are deeper than what is copied of a stack, which is as much as can be\.' out
	cut_in deep 'stacks copied (up to 128 KiB), unwound by CFI|limit 2000000000 20'
	grep -q 'Most were copied in part only, because copying stacks had used up its share of the time: a higher --threshold or a lower --hz needs fewer\.' out
	cut_in bare 'stacks copied (up to 128 KiB), unwound by CFI|limit 2000000000 20'
	grep -q 'Most lead through code without unwind tables' out
	cut_in bare 'stacks copied (up to 128 KiB), unwound by CFI|torn 2000000000 15'
	grep -q 'Most were written over before they were read (see above)\.' out
	cut_in fiber 'stacks copied (up to 128 KiB), unwound by CFI'
	grep -q 'Most go on on another stack, as fibers and coroutines have them .* and where that is was not found' out
	cut_in bare 'stacks copied (up to 128 KiB), unwound by CFI'
	grep -q 'Most lead through code without unwind tables: building that with frame pointers helps\.' out
	# Another build of that file: which is said before.
	printf '.byte 0\n' >>code.s
	mv code first
	cc -shared -nostdlib -Wl,--build-id -o other code.s
	cp first code
	sed "s|$PWD/code|$PWD/other|" stream >changed
	"$POSTPROC" report --headless changed | tr -s ' \n' ' ' >out
	grep -qE 'other: this library is another build now \(build id [0-9a-f]+, the recording has [0-9a-f]+\): give the old one with --target\.' out
	grep -q 'Most lead through code without unwind tables, or through files that could not be read (see above)\.' out
}

@test "each file that names could not be taken from: why, and what helps" {
	local id made options sentence rest

	echo 'int wait_here(int n) { return n + 1; }' >here.c
	cc -shared -Wl,--build-id -o code here.c
	cc -shared -Wl,--build-id -nostartfiles -o other here.c
	cc -shared -g -gsplit-dwarf -fPIC -Wl,--build-id -o split here.c && rm -f ./*.dwo
	cc -shared -g -fPIC -Wl,--build-id -o damaged here.c
	head -c 4000 /dev/zero >zero
	objcopy --update-section .debug_info=zero damaged
	printf 'root:x:0:0:a list of users, and no program at all\n' >text
	cp code narrow && printf '\1' | dd of=narrow bs=1 seek=4 conv=notrunc status=none
	cp code closed && chmod 0 closed
	chmod 755 "$PWD" "${PWD%/*}" "${PWD%/*/*}" "${PWD%/*/*/*}"
	# The file, its build id (=: its own), its offset (=: the right one), options, and what is said.
	while IFS='~' read -r made id rest options sentence; do
		[[ $made ]] || continue
		read -r offset address < <(readelf -lW "$made" 2>/dev/null | awk '$1 == "LOAD" && / R E / { print $2, $3 }') || offset=0x1000 address=0x1000
		[[ $made == */* || $made == '['* ]] || made=$PWD/$made
		sentence=${sentence/OWN/$(readelf -n "$made" 2>/dev/null | sed -n 's/.*Build ID: //p')}
		[[ $id != = ]] || id=$(readelf -n "$made" | sed -n 's/.*Build ID: //p')
		[[ $rest != = ]] || rest=$(printf %x "$offset")
		printf '%s\n' 'hud-trace 2' 'meta pid 0' 'meta arch x86_64' 'meta threshold-us 5000' "meta exe $made" 'meta stacks walked by frame pointers' \
			"$WORKER" "map $(printf '%x %x' $((0x500000 + address)) $((0x501000 + address))) r-xp $rest $id $made" 'begin 1000000000' \
			'frames 1' "$(printf ' %x' $((0x500000 + address + 0x100)))" 'sleep 2000000000 43 0 20000000 0 S 35 1 0 0 0 -' 'end 9000000000 duration' >stream
		# shellcheck disable=SC2086 # words
		"$POSTPROC" report --headless $options stream >printed
		tr -s ' \n' ' ' <printed >out
		grep -qF -- "$made: $sentence." out || { echo "$made $id $rest: $sentence" && cat printed && return 1; }
	done <<'END'
text~-~=~~not an ELF executable or library
narrow~-~=~~not a 64-bit ELF file with this byte order
/nowhere/shop~-~=~~the file is not on this machine; --target takes a copy
code~-~=~~taken from this machine's file without a check: the recording has no build id
code~-~777000~~the file here is another one (its segments are not where they were mapped): --target takes a copy of the one that ran
code~0123456789abcdef~=~~this executable is another build now (build id OWN, the recording has 0123456789abcdef): give the old one with --target
code~=~=~--target other~--target not used: its build id differs from the running program's
code~=~=~--target text~--target not used: not an executable that can be read
code~-~=~--target code~--target used without a check: the recording has no build id
[vdso]~0123456789abcdef~0~~the vdso's code is neither recorded nor the same here: hud-trace --record --resolve keeps its names
split~=~=~~its debug info is split, and its .dwo files are not where it was built: no inlined calls
damaged~=~=~~its debug info cannot be read: no source lines or inlined calls
END
	# A user without the right.
	((EUID == 0)) || skip 'another user is needed'
	sed -i "s|$PWD/damaged|$PWD/closed|" stream
	cp "$POSTPROC" postproc
	setpriv --reuid=65534 --regid=65534 --clear-groups ./postproc report --headless stream | tr -s ' \n' ' ' >out
	grep -qF "$PWD/closed: the file cannot be read: run as root." out
}

@test "code that is mapped a second time (V8's builtins) is of the same file" {
	local id

	printf '.globl _start\n_start: .fill 12288, 1, 0x90\n' >code.s
	cc -no-pie -nostdlib -Wl,--build-id -o code code.s
	id=$(readelf -n code | sed -n 's/.*Build ID: //p')
	read -r offset address < <(readelf -lW code | awk '$1 == "LOAD" && / R E / { print $2, $3 }')
	report "$(printf 'meta exe %s|map %x %x r-xp %x %s %s|map 7f0000000000 7f0000001000 r-xp %x %s %s|frames 1| 7f0000000100|sleep 2000000000 43 0 20000000 0 S 35 1 0 0 0 -' \
		"$PWD/code" "$((address))" $((address + 0x3000)) "$((offset))" "$id" "$PWD/code" $((offset + 0x1000)) "$id" "$PWD/code")"
	cat printed
	grep -q ' stacks 1, 100.0% cut short ' out
	run -1 grep -F 'the file here is another one' out
}

# hud-trace --print-script with $2... says $1, and ends with status 1.
says() {
	local wanted=$1

	run -1 --separate-stderr "${@:2}"
	[[ $stderr == *"$wanted"* ]] || { echo "$stderr" && return 1; }
}

# Whether process $1 has ended, and nobody has taken notice.
is_zombie() {
	[[ $(sed -n 's/^State:\t\(.\).*/\1/p' "/proc/$1/status") == Z ]]
}

@test "each process that cannot be traced: why, and what to do" {
	/usr/bin/python3 -c 'import threading, time
threading.Thread(target=time.sleep, args=(300,)).start()' 3>&- &
	threads=$!
	STARTED=("$threads")
	two() { (($(find /proc/$threads/task -mindepth 1 -maxdepth 1 | wc -l) == 2)); }
	within 60 two
	tid=$(find "/proc/$threads/task" -mindepth 1 -maxdepth 1 -printf '%f\n' | grep -vx "$threads")
	says "$tid is a thread of process $threads: use --pid $threads" "$HUD" --print-script --pid "$tid"
	# shellcheck disable=SC2016 # for the other shell
	says 'hud-trace cannot trace itself' bash -c 'exec "$0" --print-script --pid $$' "$HUD"
	/usr/bin/python3 -c 'import os, time
child = os.fork() or os._exit(0)
print(child, flush=True)
time.sleep(300)' >child 3>&- &
	STARTED+=("$!")
	within 60 test -s child
	within 60 is_zombie "$(<child)"
	says "process $(<child) has exited (it is a zombie: its parent has not waited for it)" "$HUD" --print-script --pid "$(<child)"
	says "None of these names begins with nobody: without --workers, all threads that run a scheduler are looked for." \
		"$HUD" --print-script --pid "$threads" --workers nobody
	says 'If some of these are workers, name them with --workers PREFIX.' "$HUD" --print-script --pid "$threads"
	mkdir fake
	printf '#!/bin/bash\n[[ $1 != --version ]] || echo bpftrace v0.17.0\n' >fake/bpftrace
	chmod +x fake/bpftrace
	PATH=$PWD/fake:$PATH says '--stacks dwarf: bpftrace 0.17 cannot walk stacks by CFI, 0.26 and later can; use --stacks copy' \
		"$HUD" --print-script --pid "$threads" --workers python --stacks dwarf
	says "Without --polls tls another way is taken" "$HUD" --print-script --pid "$threads" --workers python --polls tls
	says "Without --polls uprobe another way is taken" "$HUD" --print-script --pid "$threads" --workers python --polls uprobe
	# Root without the right to look into it.
	setpriv --reuid 12 --clear-groups sleep 300 3>&- &
	STARTED+=("$!")
	within 60 grep -q sleep "/proc/$!/comm"
	says "process $! could not be inspected: root lacks CAP_SYS_PTRACE here. Give it to the container (--cap-add SYS_PTRACE)" \
		setpriv --bounding-set=-sys_ptrace "$HUD" --pid "$!" --workers sleep
	# It is not whole.
	cp -r "$ROOT/bin" "$ROOT/probes" .
	says "build/hud-postproc is missing: run make in $PWD" bin/hud-trace --print-script --pid "$threads"
	mkdir build && cp "$POSTPROC" build
	rm probes/stack.bt
	says "the probes are missing from $PWD/probes" bin/hud-trace --print-script --pid "$threads"
	# A command fails where none is expected to.
	sed -i 's/^main() {/&\n\tfalse/' bin/hud-trace
	says ': false failed with status 1. Please report this.' bin/hud-trace --version
}

@test "nothing came: --workers is advised unless it was used" {
	WORKER='thread 43 unknown 0 shop'
	report 'meta workers 0 multi-thread and 0 current-thread by stack, 1 by name, of 3 threads|end 9000000000 duration'
	grep -q 'name them with --workers (found by: 0 multi-thread' out
	report 'meta workers --workers shop: 1 of 3 threads|end 9000000000 duration'
	grep -q 'Check that these are the worker threads (--workers shop: 1 of 3 threads); without --workers they are found' out
	run -1 grep 'name them with --workers' out
}
