#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# What goes wrong on a machine, and how hud-trace handles it. Mostly with a fake bpftrace: this needs root,
# but no BPF. The last tests trace.

bats_require_minimum_version 1.5.0
load helpers

setup_file() {
	export WHY_NOT

	WHY_NOT=$(why_not)
}

setup() {
	STARTED=() OUT=out
	needs_initial_pids
	cd "$BATS_TEST_TMPDIR"
	mkdir fake
	# Started by its interpreter's path, so the process is called bpftrace.
	cat >fake/bpftrace <<-'SH'
		#!/bin/bash
		case $1 in
		--version) echo "bpftrace v${FAKE_VERSION-0.17.0}" && exit "${FAKE_VERSION_STATUS-0}" ;;
		--help) exit ;;
		--info) echo "${FAKE_INFO-}" && exit ;;
		-l) echo "${FAKE_LIST-}" && exit ;;
		esac
		if [[ $2 == -e ]]; then
			[[ ! ${FAKE_SMALL-} ]] || { echo "$FAKE_SMALL" >&2 && exit 1; }
			exit 0
		fi
		cat >script
		eval "$FAKE"
	SH
	chmod +x fake/bpftrace
	PATH=$PWD/fake:$PATH
}

teardown() {
	end_started
}

# Starts a process with one thread, which counts as a worker. Sets SERVER.
start_target() {
	[[ -x target ]] || cp /bin/sleep target
	./target 300 3>&- >/dev/null 2>&1 &
	SERVER=$!
	STARTED+=("$SERVER")
	within 60 grep -qx target "/proc/$SERVER/comm"
}

# Starts hud-trace on it, with a fake bpftrace that does $1 after reading its script.
start_fake() {
	FAKE=$1 start_trace --workers target --headless "${@:2}"
}

# The file $1 has a whole report.
reported() {
	cat "$1"
	grep -q '^hud-trace: target (pid ' "$1"
	grep -qE '^ +ended +' "$1" || grep -q 'The stream ends in the middle' "$1"
}

# An event line; %d is the thread.
EVENT='runq 30000000 %d 0 20000000 W 0 77 78 0 rival\n'

# --- bpftrace

@test "bpftrace is missing, does not run, is too old" {
	start_target
	mkdir bin
	ln -s /usr/bin/* bin
	rm -f bin/bpftrace
	# It must not be in the other places where hud-trace looks, or the test cannot run.
	for place in /usr/sbin /sbin /usr/local/bin; do
		[[ ! -e $place/bpftrace ]] || skip "there is a $place/bpftrace"
	done
	PATH=$PWD/bin start_fake :
	ends_with 1
	grep -q '^hud-trace: bpftrace is missing\. Install it: apt install bpftrace' err
	FAKE_VERSION='no such library' FAKE_VERSION_STATUS=127 start_fake :
	ends_with 1
	grep -q '^hud-trace: bpftrace does not run: bpftrace vno such library\.' err
	FAKE_VERSION=0.14.1 start_fake :
	ends_with 1
	grep -q '^hud-trace: bpftrace 0\.14 is too old\. 0\.17 is needed' err
	[[ ! -s out ]]
}

@test "the secret of --push is not in the environment of bpftrace" {
	start_target
	HUD_TRACE_PUSH_AUTH=s3cret start_fake 'env >given' --push http://127.0.0.1:9/ingest
	ends_with 1
	grep -q ^PATH= given
	! grep s3cret given err || return 1
}

@test "bpftrace fails to load: its words, exit 1, no file" {
	start_target
	for option in '' --raw '--record r.zst' '--format json=f.json' '--chart c.svg'; do
		# shellcheck disable=SC2086 # an option and its value
		start_fake 'echo "stdin:7:1-9: ERROR: could not load" >&2; exit 1' $option
		ends_with 1
		grep -q '^stdin:7:1-9: ERROR: could not load$' err
		grep -q '^hud-trace: bpftrace could not trace' err
		! grep -q 'line [0-9]*:' err || return 1
		[[ ! -e r.zst && ! -e r.zst.partial && ! -e f.json && ! -e c.svg ]]
		nothing_left
	done
}

@test "bpftrace is killed: what came before is reported and recorded, exit 1" {
	start_target
	for signal in KILL SEGV; do
		start_fake "printf 'begin 5\n$EVENT' $SERVER; kill -$signal \$\$" --record r.zst
		ends_with 1
		grep -q "^hud-trace: bpftrace was ended by SIG$signal" err
		! grep -q 'line [0-9]*:' err || return 1
		reported out
		grep -qE '^ +events +1, none lost' out
		"$POSTPROC" report r.zst | cmp - out
		nothing_left
	done
}

@test "bpftrace is killed while hud-trace runs another program: said once, by hud-trace" {
	start_target
	# Takes as long as bpftrace lives.
	cat >fake/renice <<-'SH'
		#!/bin/bash
		while [[ -d /proc/$4 && $(</proc/$4/stat) != *') Z '* ]]; do :; done
	SH
	chmod +x fake/renice
	start_fake 'printf "begin 5\n"; while ! pgrep -x renice >/dev/null; do :; done; kill -KILL $$'
	ends_with 1
	grep -q '^hud-trace: bpftrace was ended by SIGKILL' err
	! grep -q 'line [0-9]*:' err || return 1
}

@test "bpftrace lost events: counted" {
	start_target
	start_fake "printf 'begin 5\nLost 41 events\nLost 1 events\nend 99 duration\n'"
	ends_with 0
	grep -E 'events +.*42 lost' out
}

@test "what bpftrace says that means nothing here is not passed on, all else is" {
	start_target
	start_fake 'printf "%s\n" "8 warnings generated." "1 warning generated." "WARNING: no such thing" "a complaint" >&2
		printf "begin 5\nend 99 duration\n"'
	ends_with 0
	grep -qx 'a complaint' err
	! grep -qE "generated|no such thing" err || return 1
}

@test "bpftrace says much: the first lines are passed on, the rest are counted, and it is not ended by that" {
	start_target
	start_fake 'echo begin 5; for ((i = 0; i < 30000; i++)); do echo "failed to look up stack id $i" >&2; done; echo end 99 duration'
	ends_with 0
	(($(grep -c '^failed to look up stack id' err) == 40))
	grep -qx '(bpftrace: 29960 more lines)' err
	reported out
	grep -qE '^ +ended +when --duration was over' out
}

# Sends a second signal to hud-trace while it makes the report.
@test "signals on the way to the report: it is made all the same" {
	start_target
	start_fake 'trap "touch told; until [[ -e all ]]; do sleep 0.1; done; echo end 99 interrupt; exit" TERM; echo begin 5; touch ready
		while :; do sleep 0.1; done'
	within 60 test -e ready
	kill -TERM "$TRACE"
	within 60 test -e told
	for signal in HUP TERM HUP; do
		kill "-$signal" "$TRACE"
	done
	touch all
	ends_with 0
	reported out
	nothing_left
}

@test "the report or the recorder is killed: said, exit 1, nothing left" {
	start_target
	for command in report record; do
		start_fake "echo begin 5; touch ready; sleep 100 & trap 'kill \$!' EXIT; trap exit TERM; wait" --record r.zst
		within 60 test -e ready
		rm ready
		within 60 pgrep -f "^$POSTPROC $command .*--pid $SERVER" >victims
		kill -KILL "$(head -n 1 victims)"
		ends_with 1
		grep -q "was ended by SIGKILL" err
		! grep -q 'line [0-9]*:' err || return 1
		nothing_left
	done
	reported out
}

# The monitor of the trace.
find_monitor() {
	local pid

	for pid in $(marked hud-postproc); do
		! grep -qzx monitor "/proc/$pid/cmdline" || echo "$pid"
	done
}

# Kills what `$2...` finds, a process called $1: that is said, and another one takes its place.
is_replaced() {
	local name=$1 first

	running() { "$@" >found && [[ -s found ]]; }
	other() { running "$@" && [[ $(head -n 1 found) != "$first" ]]; }
	within 60 running "${@:2}"
	first=$(head -n 1 found)
	kill -KILL "$first"
	within 60 grep -qx "hud-trace: $name was ended by SIGKILL, and is started again" err
	within 60 other "${@:2}"
}

@test "what runs beside bpftrace is killed, one after the other: that is not the end, it is said, and started again" {
	start_target
	start_fake 'echo begin 5; touch ready; trap exit TERM; until [[ -e go ]]; do sleep 0.1; done; echo end 99 duration'
	within 60 test -e ready
	for name in hud-procfs hud-stuck; do
		is_replaced "$name" marked "$name"
	done
	is_replaced 'hud-postproc monitor' find_monitor
	# That has others of its own.
	within 60 marked hud-procfs
	touch go
	ends_with 0
	(($(grep -c 'was ended by' err) == 3))
	grep -qE '^ +ended +when --duration was over' out
	nothing_left
}

# Kills what reads /proc until no other is started.
end_procfs() {
	local pid

	pid=$(marked hud-procfs)
	[[ ! $pid ]] || kill -KILL "$pid"
	grep -q '^hud-trace: hud-procfs .* is missing' err
}

@test "what looks at /proc is killed again and again: it is missing in the end, which is said" {
	start_target
	start_fake 'echo begin 5; touch ready; until [[ -e go ]]; do sleep 0.1; done; echo end 99 duration'
	within 60 test -e ready
	within 60 end_procfs
	touch go
	ends_with 0
	grep -qx 'hud-trace: hud-procfs was ended by SIGKILL: what it tells is missing since then' err
	nothing_left
}

@test "hud-trace is killed at any moment: nothing stays" {
	start_target
	for ((i = 0; i < 16; i++)); do
		start_fake 'trap "exit" TERM; echo begin 5; while :; do sleep 0.1; done'
		sleep "0.$((RANDOM % 900 + 10))"
		kill -KILL "$TRACE"
		wait "$TRACE" 2>/dev/null || true
		within 60 gone || { ps -ef && false; }
	done
	[[ $(sed 's/.*) //; s/ .*//' "/proc/$SERVER/stat") == S ]]
}

# --- the machine

# Runs hud-trace on the target in a mount namespace, after the commands $1 there; its status must be $2.
# Output in out and err.
elsewhere() {
	local status=0

	FAKE='printf "begin 5\nend 99 duration\n"' "${OWN_MOUNTS[@]}" bash -c "$1
		exec '$HUD' --headless --pid $SERVER --workers target" >out 2>err || status=$?
	cat err
	((status == $2))
}

@test "what the machine lacks is said, with what helps: tracefs, BTF, lockdown, pid namespace, capabilities" {
	needs_own_mounts
	start_target
	# Nor in debugfs.
	elsewhere 'mount -t tmpfs none /sys/kernel/tracing; [[ ! -d /sys/kernel/debug ]] || mount -t tmpfs none /sys/kernel/debug' 0
	grep -q '^warning  *tracefs was not mounted: mounted it on /sys/kernel/tracing' err
	reported out
	elsewhere 'mount -t tmpfs none /sys/kernel; mkdir /sys/kernel/btf
		printf "\0run_delay\0last_arrival\0last_queued\0" >/sys/kernel/btf/vmlinux' 1
	grep -q '^hud-trace: tracefs cannot be mounted' err
	elsewhere 'mount -t tmpfs none /sys/kernel/btf' 1
	grep -q '^hud-trace: the kernel does not describe its types.*CONFIG_DEBUG_INFO_BTF' err
	elsewhere 'mount -t tmpfs none /sys/kernel/btf; printf "\0run_delay\0last_arrival\0not_last_queued\0" >/sys/kernel/btf/vmlinux' 1
	grep -q '^hud-trace: .*its types have no last_queued\..*CONFIG_SCHED_INFO' err
	elsewhere 'mount -t tmpfs none /sys/kernel/security; echo "none integrity [confidentiality]" >/sys/kernel/security/lockdown' 77
	grep -q '^hud-trace: the kernel is locked down.*lockdown=' err
	elsewhere 'mount -t tmpfs none /sys/kernel/security; echo "none [integrity] confidentiality" >/sys/kernel/security/lockdown' 0
	# What Yama shows, if it is there.
	elsewhere 'read -r release </proc/sys/kernel/osrelease; mount -t tmpfs none /proc/sys/kernel; echo "$release" >/proc/sys/kernel/osrelease
		mkdir /proc/sys/kernel/yama; echo 3 >/proc/sys/kernel/yama/ptrace_scope' 77
	grep -q '^hud-trace: no thread can be looked at: kernel.yama.ptrace_scope is 3\. It stays so' err
	run -77 --separate-stderr "${OWN_MOUNTS[@]}" -pf --mount-proc "$HUD" --pid 1
	[[ $stderr == 'hud-trace: not in the initial pid namespace'*host* ]]
	run -77 --separate-stderr setpriv --bounding-set=-all --inh-caps=-all "$HUD" --pid "$SERVER"
	[[ $stderr == 'hud-trace: root, but without the right to trace'* ]]
}

@test "--doctor: what is there, what is missing, what helps; 0, 1 or 77" {
	needs_own_mounts
	start_target
	export FAKE='echo begin 5'
	run -0 "$HUD" --doctor
	for word in rights capabilities namespace processor kernel lockdown btf ptrace bpftrace tracefs tracepoints trial libdw script; do
		grep -q "^ok  *$word " <<<"$output"
	done
	[[ $output == *'hud-trace can trace here.' ]]
	grep -q '@poll_turn' script
	run -0 "$HUD" --doctor --workers target --pid "$SERVER" --stacks fp
	grep -q "^ok  *target .*$PWD/target$" <<<"$output"
	grep -q '^ok  *workers  *--workers target: 1 of 1 threads' <<<"$output"
	grep -q '^ok  *script .*polls: estimate, stacks: walked by frame pointers$' <<<"$output"
	! grep -q @block0 script || return 1
	run -1 "$HUD" --doctor --pid "$SERVER"
	grep -q '^missing  *target .*no thread that looks like a Tokio worker .* Its threads: 1 target$' <<<"$output"
	grep -A 1 '^missing  *target' <<<"$output" | grep -q '^ *-> If some of these are workers, name them with --workers PREFIX.$'
	FAKE_SMALL='ERROR: no such thing' run -1 "$HUD" --doctor
	grep -q '^missing  *trial .*ERROR: no such thing$' <<<"$output"
	[[ $output == *'hud-trace cannot trace here: see what is missing.' ]]
	# The script is refused.
	FAKE=$(refuses 'pid, 64,' 'ERROR: Error loading program: BEGIN (try -v)') run -0 "$HUD" --doctor
	grep -A 1 '^optional  *script .*refused: ERROR: Error loading program: BEGIN' <<<"$output" |
		grep -q '^ *-> hud-trace continues without copies of more than 48 KiB of a stack$'
	grep -q '^ok  *script .*copied (up to 48 KiB)' <<<"$output"
	FAKE='echo "processed 1000001 insns (limit 1000000)" >&2; echo "ERROR: Error loading program: BEGIN (try -v)" >&2; exit 1' \
		run -1 "$HUD" --doctor --stacks copy --stack-size 64
	grep -A 1 '^missing  *script .*refused: .*(.*processed 1000001 insns' <<<"$output" | grep -q '^ *-> a newer kernel or bpftrace may load it'
	[[ $output == *'hud-trace cannot trace here: see what is missing.' ]]
	# What bpftrace itself lists as its features.
	FAKE_INFO=$'Kernel features\n  Loop support: yes      btf: no' run -1 "$HUD" --doctor
	grep -A 1 "^missing  *btf  *bpftrace 0.17 cannot read the kernel's types" <<<"$output" | grep -q '^ *-> a newer bpftrace may: .* 0\.23 those of 5\.10'
	FAKE_INFO=$'Kernel features\n  btf: yes\n  module btf: no' run -0 "$HUD" --doctor
	FAKE_INFO=$'Probe types\n  kprobe: yes\n  tracepoint: no\n' run -1 "$HUD" --doctor
	grep -q '^missing  *tracepoints .* no program for a tracepoint$' <<<"$output"
	FAKE_VERSION=0.14.1 run -1 "$HUD" --doctor
	grep -A 1 '^missing  *bpftrace .*0\.14 is too old$' <<<"$output" | grep -q '^ *-> 0\.17 is needed'
	run -77 "${OWN_MOUNTS[@]}" bash -c "mount -t tmpfs none /sys/kernel/btf; exec ${OWN_MOUNTS[*]} -pf --mount-proc '$HUD' --doctor"
	grep -q '^missing  *namespace ' <<<"$output"
	grep -q '^missing  *btf ' <<<"$output"
	run -77 setpriv --bounding-set=-setuid,-sys_ptrace,-dac_read_search "$HUD" --doctor
	grep -q '^missing  *capabilities  *root, but without CAP_SETUID CAP_SYS_PTRACE$' <<<"$output"
	grep -q '^optional  *capability  *without CAP_DAC_READ_SEARCH ' <<<"$output"
	run -77 setpriv --bounding-set=-sys_admin "$HUD" --doctor
	grep -q '^missing  *capabilities  *root, but without CAP_SYS_ADMIN$' <<<"$output"
	FAKE_VERSION=0.23.2 run -0 setpriv --bounding-set=-sys_admin "$HUD" --doctor
	grep -q '^ok  *capability  *files that were replaced' <<<"$output"
	setpriv --reuid=65534 --regid=65534 --clear-groups test -r "$HUD" || skip 'others cannot read the source tree'
	run -77 setpriv --reuid=65534 --regid=65534 --clear-groups "$HUD" --doctor
	grep -A 1 '^missing  *rights .*not root$' <<<"$output" | grep -q '^ *-> .*sudo'
}

# --- the target

@test "the target ends before bpftrace has attached: said, exit 1, nothing left" {
	start_target
	start_fake 'touch ready; trap exit TERM; while :; do sleep 0.1; done'
	within 60 test -e ready
	kill -KILL "$SERVER"
	ends_with 1
	[[ $(grep ^hud-trace: err) == "hud-trace: process $SERVER ended before tracing had begun: nothing was traced" && ! -s out ]]
	nothing_left
}

# stat(1) answers at the first call, or only after it.
@test "which file the target runs is not told in time: it is traced all the same" {
	start_target
	mkdir slow
	for answers in first later; do
		cat >slow/stat <<-SH
			#!/bin/sh
			if [ "\$2" = %d:%i ]; then
				call=later
				! mkdir asked 2>/dev/null || call=first
				[ \$call = $answers ] || exit
			fi
			exec /usr/bin/stat "\$@"
		SH
		chmod +x slow/stat
		PATH=$PWD/slow:$PATH start_fake 'printf "begin 5\nend 99 duration\n"'
		ends_with 0
		reported out
		! grep -q 'another program' err || return 1
		rmdir asked
	done
}

@test "the target runs another program before bpftrace has attached: said, exit 1, nothing left" {
	cp /bin/bash target
	mkfifo go
	./target -c 'read -r <go; exec /bin/sleep 300' 3>&- &
	SERVER=$!
	STARTED+=("$SERVER")
	within 60 grep -qx target "/proc/$SERVER/comm"
	start_fake 'touch ready; trap exit TERM; while :; do sleep 0.1; done'
	within 60 test -e ready
	echo >go
	ends_with 1
	[[ $(grep ^hud-trace: err) == "hud-trace: process $SERVER ran another program before tracing had begun: nothing was traced" && ! -s out ]]
	nothing_left
}

@test "interrupted before tracing has begun: said, exit 1, no report and no recording" {
	start_target
	echo old >r
	for option in '' --raw '--record r' '--format json=f.json'; do
		for signal in INT TERM HUP; do
			rm -f ready
			# shellcheck disable=SC2086 # an option and its value
			start_fake 'trap "echo end 99 interrupt; exit" TERM; touch ready; while :; do sleep 0.1; done' $option
			within 60 test -e ready
			kill "-$signal" "$TRACE"
			ends_with 1
			[[ $(grep ^hud-trace: err) == 'hud-trace: it was interrupted before tracing had begun: nothing was traced' ]]
			[[ $option == --raw || ! -s out ]]
			[[ $(cat r) == old && ! -e r.partial && ! -e f.json ]]
			nothing_left
		done
	done
}

is_locked() {
	[[ -e $1 ]] && ! flock -n "$1" true
}

@test "a recording that cannot be written: exit 2 before anything starts" {
	start_target
	mkdir taken
	for file in nosuch/r taken /proc/r; do
		start_fake 'touch started' --record "$file"
		ends_with 2
		grep -q "^hud-trace: --record: $file: " err
		[[ ! -e started && ! -s out ]]
	done
	start_fake 'echo begin 5; touch ready; trap exit TERM; while :; do sleep 0.1; done' --record r
	within 60 is_locked r.partial
	first=$TRACE
	start_fake 'touch started' --record r
	ends_with 2
	grep -q '^hud-trace: --record: r: another recorder is writing it$' err
	[[ ! -e started ]]
	kill -TERM "$first"
	within 60 ended "$first"
}

# The signal for bpftrace finds a child process that has not become bpftrace yet.
@test "the recorder ends at once: bpftrace does, too" {
	start_target
	mkdir -p tree/build
	ln -s "$ROOT/probes" tree/probes
	cp -r "$ROOT/bin" tree
	cat >tree/build/hud-postproc <<-SH
		#!/bin/sh
		[ "\$1" != record ] || [ "\$2" = --check ] || exit 1
		exec "$POSTPROC" "\$@"
	SH
	chmod +x tree/build/hud-postproc
	for try in {1..10}; do
		HUD=$PWD/tree/bin/hud-trace start_fake 'trap exit TERM; while :; do sleep 0.1; done' --record r
		ends_with 1
		[[ $(grep ^hud-trace: err) == 'hud-trace: its output could not be written before tracing had begun: nothing was traced' ]]
		nothing_left
	done
}

@test "a stopped target is traced, and stays stopped" {
	start_target
	kill -STOP "$SERVER"
	start_fake 'printf "begin 5\nend 99 duration\n"'
	ends_with 0
	reported out
	[[ $(sed 's/.*) //; s/ .*//' "/proc/$SERVER/stat") == T ]]
	# Also if all of its threads are inspected.
	"$POSTPROC" head --pid "$SERVER" | grep -q '^thread '
	[[ $(sed 's/.*) //; s/ .*//' "/proc/$SERVER/stat") == T ]]
	kill -CONT "$SERVER"
	within 60 grep -qE '^State:\s+S' "/proc/$SERVER/status"
}

@test "the target's id means another process: it is not mistaken for it" {
	[[ -w /proc/sys/kernel/ns_last_pid ]] || skip 'ids cannot be chosen here'
	needs_own_mounts
	# Tokio's state was not found.
	nowhere="$(printf '%s=0 ' id-at id-tag-at budget-at tagged tag-at {mt,ct}-{known,at,tag,core,tick,idle,parked} module dtv-entry block mt-{queue,head,tail,lifo,lifo-shared,worker,handle,inject,unparked,workers})how=table"
	# In a pid namespace of its own, so that no other process takes the id.
	cat >reuse <<-'SH'
		sleep 300 &
		first=$!
		started=($(sed 's/.*) //' /proc/$first/stat))
		sleep 300 &
		bpftrace=$!
		"$1" monitor --bpftrace $bpftrace --target $first:${started[19]}:${started[25]} --tokio "$2" --news 3 $first 3>news &
		# Until it knows the process.
		until pgrep -x hud-stuck; do sleep 0.1; done
		kill -KILL $first
		wait $first
		echo $((first - 1)) >/proc/sys/kernel/ns_last_pid
		sleep 300 &
		[[ $! == "$first" ]] || exit 9
		while pgrep -x hud-stuck; do sleep 0.1; done
		[[ $(cat news) == ended ]]
	SH
	# It notices the end at once.
	run -0 timeout -k 1 60 "${OWN_MOUNTS[@]}" -pf --mount-proc --kill-child bash reuse "$POSTPROC" "$nowhere"
}

@test "the target's executable is replaced and deleted: its code keeps its names" {
	local address change

	cat >program.c <<-'C'
		#include <stdio.h>
		#include <unistd.h>
		__attribute__((noinline)) void a_function_of_its_own(void) { for (;;) pause(); }
		int main(void) { printf("%lx\n", (unsigned long)a_function_of_its_own); fflush(stdout); a_function_of_its_own(); }
	C
	for change in 'cp /bin/sleep other; mv other target' 'rm target'; do
		cc -g -O1 -o target program.c
		: >address
		./target >address 2>&1 3>&- &
		SERVER=$!
		STARTED+=("$SERVER")
		within 60 test -s address
		# An address inside it.
		printf -v address '%x' $((16#$(cat address) + 5))
		start_fake "$change; echo begin 5; for ns in 3 4 5; do printf 'frames a%d\n\t%s\nsample %d0000000 $SERVER 0 0 a%d\n' \$ns $address \$ns \$ns; done
			printf 'end 90000000 duration\n'" --record r --resolve
		ends_with 0
		! grep '^hud-postproc' err || return 1
		grep '^frame ' r
		(($(grep -c '^frame .* a_function_of_its_own ' r) == 1 && $(grep -c '^same ' r) == 2))
	done
}

@test "in a chroot, a target with mounts of its own: its files have the names that both know them by" {
	local folder

	needs_own_mounts
	mkdir -p root/usr root/proc root/dev
	: >root/dev/null
	for folder in bin lib lib64; do
		[[ ! -L /$folder ]] || cp -P "/$folder" root
	done
	[[ -L root/lib ]] || skip 'libraries are not in /usr here'
	cp /bin/sleep root/target
	cp "$POSTPROC" root
	cat >root/inside <<-'SH'
		unshare --mount --propagation unchanged ./target 100 &
		target=$!
		while kill -0 $target && [ "$(cat /proc/$target/comm)" != target ]; do sleep 0.1; done
		readlink /proc/$target/root >seen
		/hud-postproc head --workers target --pid $target
		kill $target
	SH
	timeout 60 "${OWN_MOUNTS[@]}" sh -c 'mount --bind /usr root/usr && mount -t proc proc root/proc && exec chroot root sh inside' >head
	cat head
	# Otherwise this tests nothing.
	[[ $(cat root/seen) == */root ]]
	grep -qx 'meta exe /target' head
	grep -qE '^map .* /target$' head
	grep -qE '^map .* /usr/lib/.*/libc[-.0-9]*\.so.*$' head
}

@test "files of the target that kill who reads them: said, and it goes on with less" {
	local death

	cc -shared -fPIC -D_GNU_SOURCE -o faulty.so "$ROOT/tests/faulty-libdw.c"
	echo '#include <unistd.h>
		static __thread volatile int tls; int main(void) { tls = 1; for (;;) pause(); }' >program.c
	cc -o target program.c
	start_target
	for death in crashed 'took too long' 'took too much memory'; do
		FAULT=$death LD_PRELOAD=$PWD/faulty.so start_fake "printf 'begin 5\n$EVENT' $SERVER; echo end 99 duration"
		ends_with 0
		grep -qx "warning  *reading $PWD/target to find workers $death: left out" err
		grep -qx "polls  *estimate its file cannot be read (see the warnings)" err
		reported out
		nothing_left
	done
	# If nothing can be read, workers are found by name.
	FAULT=crashed FAULT_ALL=1 LD_PRELOAD=$PWD/faulty.so start_fake "printf 'begin 5\n$EVENT' $SERVER; echo end 99 duration"
	ends_with 0
	grep -qx 'workers  *--workers target: 1 of 1 threads' err
	grep -qx 'executable  .*/target' err
	reported out
	nothing_left
}

@test "the target's id is another process's before bpftrace has attached: said, exit 1, nothing left" {
	local id last tries

	[[ -w /proc/sys/kernel/ns_last_pid ]] || skip 'ids cannot be chosen here'
	start_target
	start_fake 'touch ready; trap exit TERM; while :; do sleep 0.1; done'
	within 60 test -e ready
	kill -KILL "$SERVER"
	wait "$SERVER" || true
	# Another process may take it first.
	for ((tries = 0; tries < 200; tries++)); do
		read -r last </proc/sys/kernel/ns_last_pid
		echo $((SERVER - 1)) >/proc/sys/kernel/ns_last_pid
		sleep 300 3>&- &
		id=$!
		# Otherwise ids would come again that other tests and programs have just used.
		echo "$last" >/proc/sys/kernel/ns_last_pid
		[[ $id != "$SERVER" ]] || break
		# Other signals may get lost if the process does not sleep yet.
		kill -KILL "$id"
		wait "$id" || true
	done
	STARTED+=("$id")
	[[ $id == "$SERVER" ]] || skip "the id $SERVER could not be had"
	ends_with 1
	grep -q "^hud-trace: process $SERVER ended before tracing had begun: nothing was traced" err
	[[ $(sed 's/.*) //; s/ .*//' "/proc/$SERVER/stat") == S ]]
	nothing_left
}

# --- what its output leads to

# The pipe on standard input is filled to most of its 64 KiB; pages that are only partly written hold less.
pipe_full() {
	/usr/bin/python3 -c 'import array, fcntl, termios
held = array.array("i", [0])
fcntl.ioctl(0, termios.FIONREAD, held)
raise SystemExit(held[0] < 30000)'
}

@test "a reader that rests: all comes, in the end" {
	start_target
	mkfifo pipe
	OUT=pipe start_fake 'echo begin 5; for ((i = 1; i <= 20000; i++)); do echo "named $i 1 a-name-of-a-thread"; done; echo end 7 duration' --raw
	# This is 600 KiB.
	{ read -r first && within 60 pipe_full && cat >rest; } <pipe
	ends_with 0
	[[ $first == 'hud-trace 2' ]]
	(($(grep -c '^named ' rest) == 20000))
	[[ $(tail -n 1 rest) == 'end 7 duration' ]]
	nothing_left
}

@test "a reader that goes: it ends, also when nothing is written" {
	start_target
	for format in '' --raw; do
		mkfifo "pipe$format"
		# shellcheck disable=SC2086 # an option, or none
		OUT=pipe$format start_fake 'touch ready; trap exit TERM; while :; do sleep 0.1; done' $format
		{ within 60 test -e ready && rm ready; } <"pipe$format"
		within 60 ended "$TRACE"
		nothing_left
	done
}

@test "stdin, stdout and stderr closed" {
	start_target
	run -1 --separate-stderr bash -c "FAKE=: exec '$HUD' --pid $SERVER --workers target >&-"
	[[ $stderr == 'hud-trace: standard output is closed' ]]
	FAKE='printf "begin 5\nend 99 duration\n"' "$HUD" --pid "$SERVER" --workers target >out 2>&- <&-
	reported out
	run -1 --separate-stderr bash -c "FAKE='printf \"begin 5\nend 99 duration\n\"' exec '$HUD' -q --pid $SERVER --workers target >/dev/full"
	[[ $stderr == 'hud-postproc report: the report: No space left on device' ]]
}

@test "a full file system: what was there stays, the rest is said" {
	needs_own_mounts
	start_target
	FAKE='printf "begin 5\nend 99 duration\n"' run -1 "${OWN_MOUNTS[@]}" bash -c "mkdir small; mount -t tmpfs -o size=16k none small
		echo old >small/report.json; head -c 1M /dev/zero >small/fill
		'$HUD' -q --pid $SERVER --workers target --format json=small/report.json --format text; status=\$?
		ls small; cat small/report.json; exit \$status"
	echo "$output"
	[[ $output == *'No space left on device'* ]]
	[[ $output == *$'\nfill\nreport.json\nold' ]]
}

@test "hardly any memory: said, exit 1 or 2, nothing left" {
	start_target
	for limit in 3000 4000 5000 6000 8000; do
		FAKE='printf "begin 5\nend 99 duration\n"' start_limited "$limit"
		within 120 ended "$TRACE"
		status=0
		wait "$TRACE" || status=$?
		echo "$limit KiB: $status"
		cat err
		((status == 0)) || [[ -s err ]]
		# bash 5.2.37 itself aborts, as it frees something twice.
		((status < 128)) || grep -qx 'free(): double free detected in tcache 2' err
		nothing_left
	done
}

start_limited() {
	local HUD=$PWD/limited

	printf '#!/bin/bash\nulimit -v %d\nexec %q "$@"\n' "$1" "$ROOT/bin/hud-trace" >limited
	chmod +x limited
	start_trace --workers target --headless
}

# All processes of the trace are stopped or have ended.
all_stopped() {
	local pid

	for pid in $(marked); do
		[[ $(sed 's/.*) //; s/ .*//' "/proc/$pid/stat" 2>/dev/null) =~ ^[TZ]?$ ]] || return 1
	done
}

@test "suspended and resumed: nothing is lost" {
	start_target
	start_fake 'echo begin 5; touch ready; for ((i = 1; i <= 30; i++)); do echo "named $i 1 x"; sleep 0.1; done; echo end 7 duration' --raw
	within 60 test -e ready
	# shellcheck disable=SC2046 # numbers
	kill -STOP $(marked)
	# Processes that were being started meanwhile are stopped, too.
	within 60 eval 'kill -STOP $(marked); all_stopped'
	[[ $(sed 's/.*) //; s/ .*//' "/proc/$SERVER/stat") == S ]]
	# shellcheck disable=SC2046
	kill -CONT $(marked)
	ends_with 0
	(($(grep -c '^named ' out) == 30))
	nothing_left
}

# Runs hud-trace with a terminal as its standard error; the terminal's content goes to `screen`. The fake
# bpftrace begins when there is a file `go`.
on_a_terminal() {
	cat >show.py <<-'PY'
		import os, pty, subprocess, sys
		ours, theirs = pty.openpty()
		hud = subprocess.Popen(sys.argv[1:], stdin=subprocess.DEVNULL, stdout=open("out", "w"), stderr=theirs)
		os.close(theirs)
		with open("screen", "wb", buffering=0) as screen:
		    try:
		        while more := os.read(ours, 4096):
		            screen.write(more)
		    except OSError:
		        pass
		sys.exit(hud.wait())
	PY
	: >screen
	FAKE='until [[ -e go ]]; do sleep 0.1; done; echo begin 5; echo end 99 duration' TERM=xterm NO_COLOR=1 \
		/usr/bin/python3 show.py "$HUD" --pid "$SERVER" --workers target "$@" 3>&- &
	TRACE=$!
	STARTED+=("$TRACE")
}

@test "on a terminal the steps are shown until tracing begins, in a line that is gone then; nowhere else, and not with --headless or --quiet" {
	start_target
	: >err
	on_a_terminal
	within 60 grep -q 'bpftrace compiles the script' screen
	touch go
	ends_with 0
	# Each step replaces the previous one.
	tr '\r' '\n' <screen | sed -n 's/^\x1b\[K\(.*\)\.\.\.$/\1/p' | grep -v ^attaching >steps
	diff - steps <<-'END'
		looking at this machine
		finding the process and its workers
		composing the script
		bpftrace compiles the script
	END
	# What remains of all lines.
	sed 's/\r$//; s/.*\r\x1b\[K//' screen >left
	cat left
	head -n 1 left | grep -qx 'target  *target'
	tail -n 1 left | grep -qE '^tracing  *began after [0-9.]+ s$'
	grep -q '^attaching, then tracing; Ctrl-C to end\.\.\.$' left
	(($(grep -c '\.\.\.' left) == 1))
	for option in --headless --quiet; do
		on_a_terminal $option
		ends_with 0
		! grep -q $'\x1b' screen || return 1
	done
	FAKE='echo begin 5; echo end 99 duration' start_trace --workers target
	ends_with 0
	! grep -q $'[\x1b\r]' err || return 1
}

# Types $2... (see terminal.py) at a shell that runs hud-trace with the options $1, and a bpftrace that writes
# lines until it is ended.
at_terminal() {
	MARK=$BATS_TEST_NAME-$$-$RANDOM
	FAKE='echo begin 5; trap "echo end \$i interrupt; exit" INT TERM; for ((i = 6; ; i++)); do echo "named $i 1 x"; touch ready; ((i < 16)) || touch later; sleep 0.1; done' \
		HUD_LIVE_MARK=$MARK NO_COLOR=1 /usr/bin/python3 "$ROOT/tests/terminal.py" \
		"TERM=${TERMINAL-dumb} '$HUD' --workers target --pid $SERVER $1" "${@:2}" >terminal 3>&-
}

@test "Ctrl-Z, fg, Ctrl-C at a terminal: it rests, goes on, and reports; the target never rests" {
	start_target
	cat >states <<-'SH'
		until [ -e ready ]; do sleep 0.1; done
		for file in $(grep -lzsF "HUD_LIVE_MARK=$HUD_LIVE_MARK" /proc/[0-9]*/environ); do
			sed -n "s/^State:.\(.\).*/$(cat "${file%/environ}/comm")-\1/p" "${file%/environ}/status" 2>/dev/null
		done
		sed -n 's/^State:.\(.\).*/target-\1/p' "/proc/$1/status"
		echo 'All of them'
	SH
	at_terminal '--headless --record r' file:ready '\x1a' 'Stopped' "sh states $SERVER\\n" 'All of them' 'fg; echo status-$?\n' \
		file:later '\x03' 'status-0' 'exit\n' || { cat terminal && return 1; }
	cat terminal
	# hud-trace, bpftrace (here two scripts), and the commands after them.
	(($(grep -c '^bash-T' terminal) >= 2))
	(($(grep -c '^hud-postproc-T' terminal) >= 2))
	grep -q '^target-S' terminal
	grep -qE '^ +ended +by Ctrl-C, q or a signal' terminal
	# What the same Ctrl-C has ended is not reported.
	! grep 'was ended by SIG' terminal || return 1
	# Everything that it wrote is there.
	awk '$1 == "named" { if ($2 != ++n + 5) exit 1 } END { exit n < 10 }' r
	nothing_left
}

@test "the terminal goes: what was traced is reported to files, nothing left" {
	start_target
	at_terminal '--headless --record r --format json=r.json' file:ready HANGUP
	cat terminal
	within 60 test -e r.json
	jq -e '.trace.ended == "interrupt" and .trace.truncated == false' r.json
	within 60 test -e r
	nothing_left
}

@test "the terminal that its messages go to goes before tracing begins: reported all the same" {
	start_target
	cat >leave.py <<-'PY'
		import os, pty, subprocess, sys, time
		ours, theirs = pty.openpty()
		hud = subprocess.Popen(sys.argv[1:], stdin=subprocess.DEVNULL, stdout=open("out", "w"), stderr=theirs)
		os.close(theirs)
		while not os.path.exists("ready"):
		    time.sleep(0.05)
		os.close(ours)
		open("go", "w").close()
		sys.exit(hud.wait())
	PY
	FAKE='touch ready; until [[ -e go ]]; do sleep 0.1; done; echo begin 5; echo end 99 duration' TERM=xterm \
		run -0 timeout 60 /usr/bin/python3 leave.py "$HUD" --pid "$SERVER" --workers target
	reported out
}

@test "the terminal goes while it shows the live view: what was traced is recorded, nothing left" {
	start_target
	TERMINAL=xterm at_terminal '--record r' details '' file:later HANGUP
	cat terminal
	within 60 test -e r
	grep -qE '^end [0-9]+ interrupt$' r
	nothing_left
}

@test "suspended with the machine: the clock of the events is the one that goes on meanwhile" {
	local boot wall uptime

	start_target
	# In a time namespace of its own this clock can be ahead, as after a suspension.
	unshare -T --boottime 100000 true || skip 'no time namespaces here'
	unshare -T --boottime 100000 "$POSTPROC" head --workers target --pid "$SERVER" >head
	read -r boot wall < <(sed -n 's/^meta clock //p' head)
	read -r uptime _ </proc/uptime
	((boot / 1000000000 >= 100000 + ${uptime%.*} - 100 && boot / 1000000000 <= 100000 + ${uptime%.*}))
	((wall / 1000000000 - EPOCHSECONDS < 100))
}

# Like a container's limit: the kernel kills the largest process.
@test "a limit of the memory of a control group: said, exit 1, what came before is reported" {
	local group limit

	for group in /sys/fs/cgroup/memory /sys/fs/cgroup; do
		limit=$group/hud-trace-test-$$
		[[ -e $group/cgroup.procs ]] && mkdir "$limit" 2>/dev/null || continue
		[[ ! -w $limit/memory.limit_in_bytes && ! -w $limit/memory.max ]] || break
		rmdir "$limit"
	done
	[[ -d $limit ]] || skip 'no memory limit can be set here'
	echo 300M >"$limit/$([[ -w $limit/memory.max ]] && echo memory.max || echo memory.limit_in_bytes)"
	start_target
	start_fake "echo \$BASHPID >$limit/cgroup.procs; printf 'begin 5\n$EVENT' $SERVER; sleep 1; exec /usr/bin/python3 -c 'bytearray(1 << 30)'"
	ends_with 1
	rmdir "$limit"
	grep -q '^hud-trace: bpftrace was ended by SIGKILL, not by hud-trace' err
	reported out
	nothing_left
}

@test "probes unasked: not where others would pay for them, too" {
	echo '#include <unistd.h>
		void poll(void) __asm__("_ZN5tokio7runtime4task3raw4poll17h0123456789abcdefE"); void poll(void) { for (;;) pause(); }
		int main(void) { poll(); }' >program.c
	cc -o target program.c
	start_target
	start_fake 'printf "begin 5\nend 99 duration\n"'
	ends_with 0
	grep -q '^polls  *uprobe 1 types of futures' err
	grep -q "uprobe:/proc/$SERVER/exe:0x" script
	grep -q '@asked == 4' script
	# Another process has it mapped, even if not as its program.
	/usr/bin/python3 -c 'import mmap, time; file = open("target"); mapped = mmap.mmap(file.fileno(), 0, mmap.MAP_PRIVATE, mmap.PROT_READ); open("mapped", "w"); time.sleep(300)' 3>&- &
	sharer=$!
	STARTED+=("$sharer")
	within 60 test -e mapped
	start_fake 'printf "begin 5\nend 99 duration\n"'
	ends_with 0
	grep -qx "polls  *estimate .*; no probes unasked (--polls uprobe): process $sharer has its executable mapped, too" err
	! grep -q uprobe: script || return 1
	kill "$sharer"
	within 60 ended "$sharer"
	# Whether one has cannot be told.
	mkdir odd
	printf '#!/bin/sh\n[ "$1" != -lsE ] || kill -KILL $$\nexec /usr/bin/grep "$@"\n' >odd/grep
	chmod +x odd/grep
	PATH=$PWD/odd:$PATH start_fake 'printf "begin 5\nend 99 duration\n"'
	ends_with 0
	grep -qx "polls  *estimate .*; no probes unasked (--polls uprobe): who has its executable mapped cannot be told" err
	! grep -q uprobe: script || return 1
	# Whose it is cannot be told.
	printf '#!/bin/sh\n[ "$2" != %%u:%%i ] || exit 1\nexec /usr/bin/stat "$@"\n' >odd/stat
	chmod +x odd/stat
	rm odd/grep
	PATH=$PWD/odd:$PATH start_fake 'printf "begin 5\nend 99 duration\n"'
	ends_with 0
	grep -qx "polls  *estimate .*; no probes unasked (--polls uprobe): whose its executable is cannot be told" err
	! grep -q uprobe: script || return 1
	# It is another user's.
	chown 1 target
	start_fake 'printf "begin 5\nend 99 duration\n"'
	ends_with 0
	grep -qx "polls  *estimate .*; no probes unasked (--polls uprobe): its executable is another user's" err
	! grep -q uprobe: script || return 1
	# They are used if asked for.
	start_fake 'printf "begin 5\nend 99 duration\n"' --polls uprobe
	ends_with 0
	grep -q "uprobe:/proc/$SERVER/exe:0x" script
}

@test "bpftrace dies of the target's files: tracing goes on without what made it read them" {
	echo '#include <unistd.h>
		void poll(void) __asm__("_ZN5tokio7runtime4task3raw4poll17h0123456789abcdefE"); void poll(void) { for (;;) pause(); }
		int main(void) { poll(); }' >program.c
	cc -o target program.c
	start_target
	for death in 'kill -FPE $$' 'exit 1'; do
		rm -rf first
		start_fake "if mkdir first; then $death; fi; printf 'begin 5\n$EVENT' $SERVER; echo end 99 duration" --record r --format text --format json=r.json
		ends_with 0
		grep -qx 'polls  *uprobe 1 types of futures.*' err
		grep -qx 'warning  *bpftrace ended before it had begun: it is tried again without probes at polls' err
		! grep -q uprobe: script || return 1
		reported out
		grep -q '^ *polls *estimated' out
		grep -qE '^ +events +1, none lost' out
		"$POSTPROC" report r | cmp - out
		nothing_left
	done
	# If it also dies of something else, the retries end: without probes, with small copies, without
	# copies.
	start_fake 'echo again >>tries; kill -SEGV $$'
	ends_with 1
	(($(wc -l <tries) == 4))
	grep -q '^hud-trace: bpftrace was ended by SIGSEGV' err
	nothing_left
	# A newer bpftrace walks the stack itself.
	rm -rf first
	chown 1 target
	sed -i 's/--help) exit/--help) echo --dwarf-pid \&\& exit/' fake/bpftrace
	FAKE_VERSION=0.26.0 start_fake "if [[ \$1 == -q ]] && mkdir first; then kill -SEGV \$\$; fi; printf 'begin 5\n$EVENT' $SERVER; echo end 99 duration" --stacks dwarf
	ends_with 0
	grep -qx 'stacks  *walked by CFI in bpftrace' err
	grep -qx 'warning  *bpftrace ended before it had begun: it is tried again without its own stack walk' err
	grep -q 'It copies stacks to its own maps' script
	reported out
}

# Fails like a kernel that refuses a script with $1.
refuses() {
	echo "if grep -q '$1' script; then echo '$2' >&2; exit 1; fi; printf 'begin 5\n$EVENT' $SERVER; echo end 99 duration"
}

# hud-trace went on without $1, told the user and the report (in the report, $2 is all that is missing), and
# did not print the refusal.
went_without() {
	ends_with 0
	grep -qx "warning  *bpftrace ended before it had begun: it is tried again without $1" err
	! grep -qi error err || return 1
	# Its end may be on the next line.
	sed -n '/^ *without /,/^ *ended /p' out | tr -s ' \n' ' ' | grep -q "^ without ${2-$1}: bpftrace or the kernel refused that ended"
	grep -qE '^ +events +1, none lost' out
}

@test "the kernel refuses the script: less is copied, then nothing, each said in a line" {
	start_target
	start_fake "$(refuses 'pid, 64,' 'ERROR: Error loading program: tracepoint:sched:sched_switch (try -v)')"
	went_without 'copies of more than 48 KiB of a stack'
	grep -q '^ *stacks .*copied (up to 48 KiB)' out
	grep -q 'pid, 24,' script
	start_fake "$(refuses '@block0' 'ERROR: failed to create map: Operation not permitted')" --record r
	went_without 'copies of stacks' 'copies of more than 48 KiB of a stack and copies of stacks'
	grep -q '^ *stacks .*walked by frame pointers: copies were refused' out
	"$POSTPROC" report r | cmp - out
	nothing_left
}

@test "the kernel refuses what was asked for: its own words, and what to do" {
	start_target
	start_fake 'if [[ $2 == -v ]]; then
			printf "%s\n" "processed 3 insns (limit 1000000)" "7: (85) call bpf_map_update_elem#2" "BPF program is too large. Processed 1000001 insn" \
				"processed 1000001 insns (limit 1000000) max_states_per_insn 4" "ERROR: Error loading program" >&2
		else
			echo again >>tries; echo "ERROR: Error loading program: BEGIN (try -v)" >&2
		fi; exit 1' --stacks copy --stack-size 256
	ends_with 1
	(($(wc -l <tries) == 1))
	grep -qx 'ERROR: Error loading program: BEGIN (try -v)' err
	grep -A 3 -x 'hud-trace: the kernel says:' err | tail -n 2 >words
	printf '    %s\n' 'BPF program is too large. Processed 1000001 insn' 'processed 1000001 insns (limit 1000000) max_states_per_insn 4' | cmp - words
	grep -qx 'hud-trace: leave out --stacks copy and --stack-size 256, and it is tried with less' err
	[[ ! -s out ]]
	# If nothing can be traced, nothing else is tried.
	rm tries
	FAKE_SMALL='ERROR: no such thing' start_fake 'echo again >>tries; exit 1'
	ends_with 1
	(($(wc -l <tries) == 1))
	grep -q '^hud-trace: a small script does not run here either: bpftrace cannot trace: ERROR: no such thing\.' err
	nothing_left
}

@test "no timer's program runs in the middle of a raw one that looks at a worker" {
	start_target
	[[ -d /sys/kernel/tracing/events/rseq/rseq_update ]] || skip 'this kernel has no rseq_update'
	FAKE_VERSION=0.23.0 FAKE_LIST=rawtracepoint:sched_switch start_fake 'printf "begin 5\nend 99 duration\n"'
	ends_with 0
	for program in rawtracepoint:rseq_update profile:hz interval:s:1; do
		awk -v program="^$program( |:|\$)" '$0 ~ program { inside = 1 } inside; /^}/ { inside = 0 }' script >one
		grep -q '^{' one
		grep -q '@busy\[(uint64)cpu\]' one
	done
}

@test "a tracepoint cannot be attached to, or Tokio's state not be read: it is gone without" {
	start_target
	[[ -d /sys/kernel/tracing/events/rseq/rseq_update ]] || skip 'this kernel has no rseq_update'
	start_fake "$(refuses 'tracepoint:rseq:rseq_update' 'ERROR: Error attaching probe: tracepoint:rseq:rseq_update')"
	went_without 'the tracepoint rseq:rseq_update'
	grep -q 'copying .* 64, 2048, 256,' script
	FAKE_VERSION=0.23.0 FAKE_LIST=rawtracepoint:sched_switch start_fake "$(refuses 'rawtracepoint:' 'ERROR: Probe does not exist: rawtracepoint:rseq_update')"
	went_without 'raw tracepoints'
	grep -q '^tracepoint:rseq:rseq_update' script
	# A target with a state of Tokio's, by its head.
	layout='id-at=176 id-tag-at=184 budget-at=128 tagged=0 tag-at=0 mt-known=1 mt-at=112 mt-tag=0 mt-core=16 mt-tick=32 mt-idle=8 mt-parked=0'
	layout+=' ct-known=0 ct-at=224 ct-tag=0 ct-core=16 ct-tick=0 ct-idle=0 ct-parked=0 module=0 dtv-entry=0 block=0 how=a test'
	mkdir -p tree/build
	ln -s "$ROOT/probes" tree/probes
	cp -r "$ROOT/bin" tree
	cat >tree/build/hud-postproc <<-SH
		#!/bin/sh
		[ "\$1" = head ] || exec "$POSTPROC" "\$@"
		"$POSTPROC" "\$@" | sed 's/^tokio .*/tokio $layout/'
	SH
	chmod +x tree/build/hud-postproc
	HUD=$PWD/tree/bin/hud-trace start_fake "$(refuses 'hrtimer_expire_exit' 'stdin:7:1-40: ERROR: tracepoint not found: timer:hrtimer_expire_exit')"
	went_without 'the tracepoint timer:hrtimer_expire_exit'
	grep -q '^profile:hz:501 ' script
	HUD=$PWD/tree/bin/hud-trace start_fake "$(refuses '@poll_turn' 'ERROR: Error loading program: tracepoint:rseq:rseq_update (try -v)')"
	went_without "Tokio's own state" "copies of more than 48 KiB of a stack, copies of stacks and Tokio's own state"
	grep -q '^ *polls .*estimated from samples' out
	grep -q '^profile:hz:99 ' script
	HUD=$PWD/tree/bin/hud-trace start_fake 'echo again >>tries; echo "ERROR: Error loading program: BEGIN" >&2; exit 1' --stacks copy --polls tls
	ends_with 1
	(($(wc -l <tries) == 2))
	grep -qx 'hud-trace: leave out --stacks copy and --polls tls, and it is tried with less' err
	nothing_left
}

@test "the target runs another program after it was looked at, and all looks the same but its file: said, exit 1" {
	cat >program.c <<-'C'
		#include <unistd.h>
		int main(int argc, char **argv)
		{
			while (access("go", F_OK) != 0)
				usleep(10000);
			execv("./another", (char *[]){"./another", argv[1], NULL});
		}
	C
	cc -w -o targets program.c
	cp /bin/sleep another
	mkdir -p tree/build
	ln -s "$ROOT/probes" tree/probes
	cp -r "$ROOT/bin" tree
	# The program changes after the head is written.
	cat >tree/build/hud-postproc <<-SH
		#!/bin/sh
		[ "\$1" = head ] || exec "$POSTPROC" "\$@"
		"$POSTPROC" "\$@" || exit
		touch "$PWD/go"
		until grep -qx another "/proc/\$(cat "$PWD/pid")/comm"; do :; done
	SH
	chmod +x tree/build/hud-postproc
	# Its stack begins at the same address each time.
	setarch -R ./targets 300 3>&- >/dev/null 2>&1 &
	SERVER=$!
	STARTED+=("$SERVER")
	echo "$SERVER" >pid
	within 60 grep -qx targets "/proc/$SERVER/comm"
	before=$(sed 's/.*) //' "/proc/$SERVER/stat" | cut -d ' ' -f 26)
	HUD=$PWD/tree/bin/hud-trace FAKE='echo begin 5; trap "echo end 99 interrupt; exit" TERM; while :; do sleep 0.1; done' start_trace --workers targets --headless
	ends_with 1
	[[ $(sed 's/.*) //' "/proc/$SERVER/stat" | cut -d ' ' -f 26) == "$before" ]]
	grep -q "^hud-trace: process $SERVER ran another program before tracing had begun: nothing was traced" err
	[[ ! -s out ]]
	nothing_left
}

# --- with the real bpftrace

# Only if tracing works here.
trace_for_real() {
	[[ ! $WHY_NOT ]] || skip "$WHY_NOT"
	PATH=${PATH#"$PWD/fake:"}
}

@test "two hud-trace on one process, which executes another program: both see it, and end" {
	local first mark

	trace_for_real
	cp /bin/bash target
	mkfifo go
	./target -c 'read -r <go; exec sleep 300' 3>&- &
	SERVER=$!
	STARTED+=("$SERVER")
	within 60 grep -qx target "/proc/$SERVER/comm"
	OUT=out1 start_trace --workers target --raw --stacks fp
	first=$TRACE mark=$MARK
	OUT=out2 start_trace --workers target --raw --stacks fp
	within 100 grep -q '^begin ' out1
	within 100 grep -q '^begin ' out2
	echo >go
	ends_with 0
	nothing_left
	TRACE=$first MARK=$mark
	ends_with 0
	nothing_left
	(($(grep -hcE '^end [0-9]+ exec$' out1) == 1 && $(grep -hcE '^end [0-9]+ exec$' out2) == 1))
	within 60 grep -qx sleep "/proc/$SERVER/comm"
}

@test "--max-overhead and polls that cost too much to probe: once little is copied of stacks, no more is later" {
	trace_for_real
	# Looks like one type of future.
	echo '#include <unistd.h>
		void poll(void) __asm__("_ZN5tokio7runtime4task3raw4poll17h0123456789abcdefE"); void poll(void) { for (;;) pause(); }
		int main(void) { poll(); }' >program.c
	cc -o target program.c
	start_target
	# A probe that costs this much ends the trace as the probes at polls do; the next trace must say so.
	cat >dear.bt <<-'BT'
		interval:ms:1 { printf("named %lld 1 x\n", nsecs); printf("named %lld 1 x\n", nsecs); printf("named %lld 1 x\n", nsecs); }
		BEGIN { @asked = (uint64)0; }
		interval:ms:100 /@asked == 1/ { printf("end %lld limit\n", nsecs); exit(); }
	BT
	export REAL_BPFTRACE
	REAL_BPFTRACE=$(command -v bpftrace)
	PATH=$PWD/fake:$PATH start_fake 'echo begin 5; if mkdir first; then exec "$REAL_BPFTRACE" -q -B line dear.bt
		else sed -n "/^BEGIN/,/^}/p" script >begin; echo "end 99 duration"; fi' --polls uprobe --max-overhead 1 --duration 600
	ends_with 0
	grep -q 'from now on little is copied of stacks$' err
	grep -q '^polls  *probing them costs a worker more than' err
	grep -qF '@copied = (uint64)1 * 37224448;' begin
	grep -q '@thin = (uint64)1;' begin
	# It traces for the rest of the time.
	left=$(sed -n 's/.*@until = $now + (uint64)\([0-9]*\) \* 1000000;/\1/p' script)
	((left > 1000 && left < 600000))
	nothing_left
}

@test "a bpftrace that cannot be told that tracing costs too much is ended" {
	trace_for_real
	start_target
	# It has no variable to be told by.
	cat >deaf.bt <<-'BT'
		BEGIN { printf("begin %lld\n", nsecs); }
		interval:ms:1 { printf("named %lld 1 x\n", nsecs); printf("named %lld 1 x\n", nsecs); printf("named %lld 1 x\n", nsecs); }
		END { printf("end %lld interrupt\n", nsecs); }
	BT
	export REAL_BPFTRACE
	REAL_BPFTRACE=$(command -v bpftrace)
	PATH=$PWD/fake:$PATH start_fake 'exec "$REAL_BPFTRACE" -q -B line deaf.bt' --max-overhead 1 --duration 600
	ends_with 0
	grep -q '^hud-postproc: bpftrace cannot be told: No such file or directory$' err
	grep -qE '^overhead  *that is more than --max-overhead, 1%: it ends$' err
	reported out
	nothing_left
}

@test "breakpoints at polls that other processes run into cost too much: they are taken off, and it goes on without" {
	trace_for_real
	echo '#include <unistd.h>
		void poll(void) __asm__("_ZN5tokio7runtime4task3raw4poll17h0123456789abcdefE"); void poll(void) { }
		int main(int argc, char **argv) { while (argc > 1) poll(); for (;;) pause(); }' >program.c
	cc -O0 -o target program.c
	cp target other
	start_target
	# Instead of hud-trace's script, one that puts a breakpoint into a program other than the target.
	cat >shared.bt <<-'BT'
		BEGIN { @asked = (uint64)0; printf("begin %lld\n", nsecs); }
		uprobe:./other:_ZN5tokio7runtime4task3raw4poll17h0123456789abcdefE /pid == 1/ { }
		interval:ms:100 /@asked == 4/ { printf("end %lld limit\n", nsecs); exit(); }
	BT
	./other hit 3>&- &
	STARTED+=("$!")
	export REAL_BPFTRACE
	REAL_BPFTRACE=$(command -v bpftrace)
	PATH=$PWD/fake:$PATH start_fake 'if mkdir first; then exec "$REAL_BPFTRACE" -q -B line shared.bt
		else echo begin 6; echo "end 99 duration"; fi' --polls uprobe
	ends_with 0
	grep -qE '^overhead  *breakpoints are hit [0-9]+ times a second, by all processes together$' err
	grep -q '^polls  *probing them costs all processes together too much: estimated from now on' err
	nothing_left
}
