#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# What the target chooses may be hostile: names, paths, and the files that it maps.

bats_require_minimum_version 1.5.0

setup_file() {
	export HOSTILE=$BATS_FILE_TMPDIR/hostile

	# Its first argument is its name, the others are its threads'.
	cc -o "$HOSTILE" -pthread -x c - <<-'END'
	#include <pthread.h>
	#include <stdio.h>
	#include <sys/prctl.h>
	#include <unistd.h>
	static pthread_barrier_t named;
	static void *sleeper(void *name)
	{
		prctl(PR_SET_NAME, name);
		pthread_barrier_wait(&named);
		for (;;)
			pause();
	}
	int main(int argc, char **argv)
	{
		pthread_t thread;
		prctl(PR_SET_NAME, argv[1]);
		pthread_barrier_init(&named, NULL, argc - 1);
		for (int i = 2; i < argc; i++)
			pthread_create(&thread, NULL, sleeper, argv[i]);
		pthread_barrier_wait(&named);
		puts("ready");
		fflush(stdout);
		for (;;)
			pause();
	}
	END
}

setup() {
	load helpers
	ELF=$ROOT/tests/hostile-elf.py
	STARTED=()
	mkdir "$BATS_TEST_TMPDIR/here"
	cd "$BATS_TEST_TMPDIR/here"
}

teardown() {
	end_started
	[[ ! ${MADE-} ]] || rmdir "$MADE"
}

# Starts the program at $1 with the names $2...; sets SERVER.
start_hostile() {
	: >ready
	"$@" >ready 3>&- &
	SERVER=$!
	STARTED+=("$SERVER")
	within 60 grep -qs ready ready
}

# The files have only printable ASCII and newlines.
plain() {
	! LC_ALL=C grep -anH $'[^\t -~]' "$@" || return 1
}

# A recording of a process that maps file $1, and waits at many places of its function `victim`.
recording() {
	printf '%s\n' 'hud-trace 1' 'meta pid 42' "meta exe $1" 'meta arch x86_64' 'meta threshold-us 5000' \
		'meta polls tls DWARF' 'thread 43 worker 1 w' "map 10000 12000 r-xp 0 - $1" 'begin 900000000'
	for ((i = 0; i < 20; i++)); do
		printf 'stack %x 43 %x 7ffe0000 7ffe0000 1\n' $((i + 1)) $((0x11200 + i * 16))
		printf 'words %x 43 0 11050 11060 11070 11080 0 0 0 0 0 0 0 0 0 0 0 0\n' $((i + 1))
		printf 'sleep %d 43 0 9000000 0 S 202 %x 0 0 0 x\n' $((1000000000 + i * 10000000)) $((i + 1))
		printf 'poll %d 43 %d %d %d 0 7 %d M E\n' $((1000000200 + i * 10000000)) $((991000000 + i * 10000000)) \
			$((1000000100 + i * 10000000)) $((990900000 + i * 10000000)) "$i"
	done
	echo 'end 3000000000 exit'
}

# Debug files below the target's own root are anything that it puts there, and build ids can be copied.
@test "where probes go is not for the target to choose" {
	((!EUID)) || skip 'needs root'
	local id=0123456789abcdef0123456789abcdef01234567 debug=usr/lib/debug/.build-id/01/23456789abcdef0123456789abcdef01234567.debug
	echo 'int f(void) { return 1; } int main(void) { extern int puts(const char *), fflush(void *), pause(void);
		puts("ready"); fflush(0); for (;;) pause(); }' >innocent.c
	cc -w -Wl,--build-id=0x$id -s -o innocent innocent.c
	cc -w -Wl,--build-id=0x$id -Df=_ZN5tokio7runtime4task3raw4poll17h0123456789abcdefE -o forged innocent.c
	[[ -d /usr/lib/debug ]] || { mkdir /usr/lib/debug && MADE=/usr/lib/debug; }
	mkdir -p "root/${debug%/*}"
	cp forged "root/$debug"
	start_hostile unshare -m sh -c 'mount --bind root/usr/lib/debug /usr/lib/debug && exec ./innocent'
	"$POSTPROC" head --pid "$SERVER" >head
	grep '^site ' head
	grep -q "^site - no symbol of .* in the file itself, and its debug file is not one of this machine's" head
	# If that is this machine's, it is used.
	nsenter -m -r -t "$SERVER" "$POSTPROC" head --pid "$SERVER" | grep -q '^site P '
	# What the executable itself says is used, too.
	start_hostile unshare -m sh -c 'mount --bind root/usr/lib/debug /usr/lib/debug && exec ./forged'
	"$POSTPROC" head --pid "$SERVER" | grep -q '^site P '
}

# bpftrace reads the symbol table as root when it places a probe, and divides by the size of an entry.
@test "a symbol table that is not as it should be: no probe goes into that file" {
	echo '#include <stdio.h>
		#include <unistd.h>
		void poll(void) __asm__("_ZN5tokio7runtime4task3raw4poll17h0123456789abcdefE"); void poll(void) { puts("ready"); fflush(stdout); for (;;) pause(); }
		int main(void) { poll(); }' >polls.c
	cc -o polls polls.c
	start_hostile ./polls
	"$POSTPROC" head --pid "$SERVER" | grep -q '^site P '
	for change in 'entry 11' 'entry 2' 'size 11' 'size 2' 'link 11' 'link 2'; do
		spoil_sections polls odd $change
		start_hostile ./odd
		"$POSTPROC" head --pid "$SERVER" >head
		grep '^site ' head
		grep -q '^site - ' head
		kill "$SERVER"
		within 60 ended "$SERVER"
	done
}

# A recording that claims more than it has: $2 times the size of $1.
greedy() {
	awk -v kind="$1" -v n="$2" 'BEGIN {
		print "hud-trace 1\nmeta pid 42\nmeta exe /x\nmeta arch x86_64\nmeta threshold-us 5000\nmeta hz 99"
		print "meta polls " (kind ~ /^(polls|blockers|locks)$/ ? "tls x" : "estimate x")
		if (kind == "locks")
			print "meta wakers process\nthread 44 worker 1 w"
		print "thread 43 worker 1 w\nbegin 1000000000"
		ns = 1000000000
		while (kind == "names" && length(name) < 16000) name = name "xxxxxxxxxxxxxxxxxxxx"
		for (i = 1; kind == "polls" && i <= 4096; i++) {
			printf "frame %x whole call user %x 0 1 m f%d f%d - -\n", i, i, i, i
			printf "sample %d 43 0 9000000 %x\n", ns += 1000, i
		}
		for (i = 1; i <= n; i++) {
			if (kind == "words")
				printf "stack %x 43 11000 7ffe0000 7ffe0000 4096\nwords %x 43 4095 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0\n", i, i
			if (kind == "names")
				printf "frame %x whole call user %x 0 1 m n%d%s n%d%s - -\n", i, i, i, name, i, name
			if (kind == "polls")
				printf "poll %d 43 1000000500 %d 1000000400 0 1 1 M R\n", ns += 1000, ns
			if (kind == "blockers") {
				printf "frame %x whole call user %x 0 %d m f%d f%d - /a%d.rs\n", i, i, i, i, i, i
				printf "sleep %.0f 43 0 900000 0 S 202 %x 5 5 0 x\n", ns += 10000000, i
				printf "poll %.0f 43 %.0f %.0f %.0f 0 %d %d M E\n", ns + 2, ns - 9000000, ns + 1, ns - 9000001, i, i
			}
			if (kind == "locks") {
				# One waits for the lock, which the other holds while it works.
				printf "frame %x whole call std %x 0 1 m a::Mutex::lock a::Mutex::lock - -\n", i, i
				printf "frame %x whole call user %x 0 %d m f%d f%d - /a.rs\n", i, n + i, i, i, i
				printf "frame %x whole call user %x 0 %d m g%d g%d - /b.rs\n", n + i, 2 * n + i, i, i, i
				for (k = 0; k < 2; k++)
					printf "frame %x whole call dependency %x 0 1 m tokio::runtime::task::raw::poll tokio::runtime::task::raw::poll - -\n", i + n * k, 3 * n + i
				ns += 20000000
				printf "sleep %.0f 44 1 8900000 1000 S 75 %x 0 0 0 x\n", ns, n + i
				printf "sleep %.0f 43 0 9000000 0 S 202 %x 42 44 %x w\n", ns + 100000, i, n + i
				for (k = 0; k < 2; k++)
					printf "poll %.0f %d %.0f %.0f %.0f 0 %d %d M E\n", ns + 200000 + k, 44 - k, ns - 9100000, ns + 100000, ns - 9100001, 2 * i + k, 2 * i + k
			}
			if (kind == "maps")
				printf "map 7f%010x 7f%010x r-xp 0 - /x\n", (n - i) * 8192, (n - i) * 8192 + 4096
		}
		printf "end %.0f exit\n", ns + 1
	}' </dev/null | zstd -q
}

# Counts memory and CPU time; these recordings once took gigabytes, or minutes.
@test "recordings of some KB that ask for gigabytes or hours: at most 512 MiB, and seconds" {
	local kind
	cat >measure <<-'END'
		import resource, subprocess, sys
		status = subprocess.run(sys.argv[1:]).returncode
		used = resource.getrusage(resource.RUSAGE_CHILDREN)
		print(used.ru_maxrss >> 10, "MiB,", used.ru_utime + used.ru_stime, "s", file=sys.stderr)
		sys.exit(status or used.ru_maxrss > 512 << 10)
	END
	for kind in 'words 10000' 'names 12000' 'polls 30000' 'maps 200000' 'locks 16000 --format text' \
		'blockers 80000 --format text --format pprof=p.pb.gz'; do
		# shellcheck disable=SC2086 # a kind and a number
		greedy $kind >in
		(($(stat -c %s in) < 2000000))
		read -ra options <<<"$kind"
		(ulimit -t 60 && exec /usr/bin/python3 measure "$POSTPROC" report "${options[@]:2}" in) >out 2>err || { cat err && echo "$kind" && return 1; }
		grep -q '^hud-trace: ' out
		[[ $kind != locks* ]] || grep -q '^    held while in fdatasync(2): ' out
		[[ $kind != @(names|blockers)* ]] || grep -q '^hud-postproc: the stream needs more than 240 MiB of memory: ' err
	done
}

@test "a name of any length: cut where it is read" {
	{
		greedy none 0 | zstd -dq | sed '$d'
		printf 'thread 44 worker 1 %0300000d\nend 1900000000 exit\n' 1
	} >in
	"$POSTPROC" report --format json in >out
	(($(jq '.workers[] | select(.tid == 44) | .name | length' out) == 16384))
}

# hud-postproc report on a recording with the hostile file $1, in limited time and 2 GB of memory.
report_on() {
	/usr/bin/python3 "$ELF" "$1" "$PWD/file"
	recording "$PWD/file" >in
	(ulimit -v 2000000 && LC_ALL=C exec timeout 800 "$POSTPROC" report --width 200 --headless in >out 2>err)
	[[ ! -s err ]]
	plain out
	grep -q '20 long polls' out
}

@test "hostile files: those that libelf must not open are told from others" {
	for kind in bomb bomb-names bomb-old; do
		report_on "$kind"
		grep -q 'not read: its compressed sections are too large' out
	done
	report_on notes
	grep -q "not read: its notes are too large" out
}

@test "hostile files: symbols in a bomb, sections out of the file, long and many names" {
	for kind in bomb-lzma wild; do
		report_on "$kind"
		grep -q '^#1  victim$' out
	done
	report_on exponential-name
	grep -q '^#1  a::f::<(u8, u8), ((u8, u8), ' out
	report_on overlapping-names
	grep -qE '^#1  _+\.\.\._+$' out
	report_on long-name
	grep -qE '^#1  _RNvC5tokiox+\.\.\.x+$' out
}

@test "hostile files: debug info that leads in circles, or nowhere" {
	report_on reference-loop
	grep -q '^        file+0x1200 (inlined)$' out
	report_on deep
	grep -q '^#1  f$' out
	report_on shared-ranges
	grep -q '^#1  f$' out
}

@test "hostile files: call frame information without an end" {
	report_on cfi-loop
	for kind in cfi-registers cfi-long; do
		report_on "$kind"
		grep -q '^#1  victim$' out
	done
}

@test "hostile files: the head of a process that has them mapped" {
	for kind in bomb notes wild cfi-registers; do
		/usr/bin/python3 "$ELF" "$kind" "$PWD/file"
		# It maps code from the file; it runs another program.
		/usr/bin/python3 -c 'import mmap, os, signal, sys
mapped = mmap.mmap(os.open(sys.argv[1], os.O_RDONLY), 0, prot=mmap.PROT_READ | mmap.PROT_EXEC, flags=mmap.MAP_PRIVATE)
print("ready", flush=True)
signal.pause()' "$PWD/file" >ready 3>&- &
		SERVER=$!
		STARTED+=("$SERVER")
		within 60 grep -qs ready ready
		(ulimit -v 2000000 && exec timeout 800 "$POSTPROC" head --headless --pid "$SERVER" >head)
		plain head
		grep -q "^map [0-9a-f]* [0-9a-f]* r-xp 0 - $PWD/file$" head
		end_started
		rm ready
	done
}

@test "hostile process: names of its threads, its path and its arguments stay text" {
	local name=$'a\n\tb\e]0;c\a"' other=$'`id`$(id)\'\xff\xc2' path
	path=$PWD/$'my  "app"\n`touch owned` $(touch owned)\e]0;x\a\xff'

	mkdir "$path"
	cp "$HOSTILE" "$path/it's"
	start_hostile "$path/it's" "$name" "$other" $'%s%n\\x1b|' $'\xe2\x80\xae<b>&amp;'
	"$POSTPROC" head --headless --workers '`id`' --pid "$SERVER" >head
	plain head
	grep -qF "thread $SERVER unknown 0 a\\x0a\\x09b\\x1b]0;c\\x07\"" head
	grep -qE '^thread [0-9]+ unknown 1 `id`\$\(id\).\\xff\\xc2$' head
	grep -qF 'my  "app"' head
	# Nothing of it is in the script for bpftrace.
	run -0 --separate-stderr "$HUD" --pid "$SERVER" --workers '`id`' --print-script
	[[ $output == *"BEGIN"* && $output != *'id`'* && $output != *owned* && $output != *'"app"'* ]]
	plain - <<<"$output$stderr"
	# Messages name it, if several match and if none does.
	"$HOSTILE" "$name" $'\e[2J' "$(printf '%2000s' '')" 3>&- >ready2 &
	STARTED+=("$!")
	within 60 grep -qs ready ready2
	run -1 "$HUD" --print-script "$name"
	[[ $output == *"2 processes match 'a\\x0a\\x09b\\x1b]0;c\\x07\"'"* && $output == *"\\x1b[2J"* ]]
	plain - <<<"$output"
	run -1 "$HUD" --print-script 'a\x0a\x09b'
	[[ $output == *'Is it one of these? a\x0a\x09b\x1b]0;c\x07"'* ]]
	plain - <<<"$output"
	run -1 "$HUD" --print-script --pid "$SERVER"
	[[ $output == *'has no thread that looks like a Tokio worker'* && $output == *'`id`'* ]]
	plain - <<<"$output"
	[[ ! -e owned ]]
}

@test "hostile process: a name cannot pass for a line of /proc" {
	start_hostile "$HOSTILE" $'Tgid:\t1' $'x) Z 1 1'
	run -0 --separate-stderr "$HUD" --pid "$SERVER" --workers 'x)' --print-script
	[[ $output == *BEGIN* ]]
}

# Starts a process with memory that nobody fills, until its standard input (descriptor $1) ends; with the
# words $2... Sets SERVER.
start_unfilled() {
	rm -f "in$1"
	mkfifo "in$1"
	: >ready
	"./$UNFILLED" "${@:2}" <"in$1" >ready 3>&- &
	SERVER=$!
	STARTED+=("$SERVER")
	eval "exec $1>in$1"
	within 60 grep -qs ready ready
}

# The process behind descriptor $1 was resumed: its thread never waited long.
was_let_go() {
	eval "exec $1>&-"
	wait "$SERVER"
	cat ready
	# Each look holds it for 50 ms; before, it was held as long as the inspector lived.
	(($(sed -n 's/^longest //p' ready) < 2000))
}

@test "hostile process: memory that never comes holds nobody, and that is said" {
	# Under a name that nobody else's has.
	UNFILLED=unfilled-$((RANDOM % 100000))
	cc -D_GNU_SOURCE -pthread -o "$UNFILLED" "$ROOT/tests/unfilled.c"
	start_unfilled 8
	MARK=unfilled-$$-$RANDOM
	reason=$(why_not)
	[[ ! $reason ]] || skip "$reason"
	HUD_LIVE_MARK=$MARK run -0 --separate-stderr timeout 120 "$HUD" --pid "$SERVER" --duration 1 8>&- 3>&-
	echo "$output$stderr"
	[[ $stderr == *'parts of the process could not be read in time'* ]]
	nothing_left
	was_let_go 8
	# The command line is in its memory, too: reading it blocks.
	start_unfilled 8 command
	HUD_LIVE_MARK=$MARK timeout 120 "$POSTPROC" head --headless --pid "$SERVER" >head 8>&- 3>&-
	grep -q '^meta warning .*parts of the process could not be read in time' head
	grep -q '^thread [0-9]* unknown 1 tokio-runtime-w' head
	within 60 gone
	first=$SERVER
	start_unfilled 7 command
	# Nor is who types its name held.
	completed=$(timeout 60 bash -c '. "$1"; COMP_WORDS=(hud-trace "$2"); COMP_CWORD=1; _hud_trace; echo "${COMPREPLY[*]}"' - \
		"$ROOT/bin/hud-trace.bash-completion" "${UNFILLED%?}" 7>&- 8>&- 3>&-)
	[[ $completed == "$UNFILLED" ]]
	run -1 timeout 120 "$HUD" --print-script "$UNFILLED" 7>&- 8>&- 3>&-
	[[ $output == *"2 processes match '$UNFILLED'"*"$first"* && $output == *"$SERVER"* ]]
	was_let_go 7
	exec 8>&-
}

@test "hostile process: a file system that does not answer holds nobody, and that is said" {
	((EUID == 0)) || skip 'needs root'
	[[ -e /dev/fuse ]] || skip 'no FUSE here'
	mkdir mute
	mkfifo in
	cp "$HOSTILE" program
	: >mounted
	/usr/bin/python3 "$ROOT/tests/mute-fs.py" mute program <in >mounted 3>&- &
	fs=$!
	STARTED+=("$fs")
	exec 8>in
	within 60 grep -qs ready mounted || skip 'FUSE cannot be mounted here'
	start_hostile "$PWD/mute/file" tokio-rt-worker 8>&-
	exec 8>&-
	MARK=mute-$$-$RANDOM
	# A process that hangs there can only end with the file system; nothing waits for it.
	HUD_LIVE_MARK=$MARK timeout 120 "$POSTPROC" head --headless --pid "$SERVER" >head 3>&-
	# A bpftrace that walks stacks by CFI itself would hang there, too.
	mkdir fake
	printf '#!/bin/bash\n[[ $1 != --version ]] || echo bpftrace v0.26.0\n[[ $1 != --help ]] || echo --dwarf-pid\n' >fake/bpftrace
	chmod +x fake/bpftrace
	PATH=$PWD/fake:$PATH HUD_LIVE_MARK=$MARK run -1 timeout 120 "$HUD" --print-script --stacks dwarf --pid "$SERVER" 3>&-
	kill "$fs"
	[[ $output == "hud-trace: --stacks dwarf: bpftrace would wait for $PWD/mute/file, whose file system does not answer; use --stacks copy" ]]
	grep -q '^meta warning no symbols: the file cannot be read: its file system does not answer' head
	grep -q "^thread $SERVER unknown 1 tokio-rt-worker" head
	# Only the names of its own files are lost.
	grep -qE '^map [0-9a-f]+ [0-9a-f]+ r-xp [0-9a-f]+ [0-9a-f]{16,} /.*/(libc|ld-linux)[^/]*$' head
	within 60 gone
}

@test "hostile files: a folder of debug files that does not answer costs one wait, and no names" {
	((EUID == 0)) || skip 'needs root'
	[[ -e /dev/fuse ]] || skip 'no FUSE here'
	mkdir .debug
	mkfifo in
	: >mounted
	/usr/bin/python3 "$ROOT/tests/mute-fs.py" .debug "$HOSTILE" <in >mounted 3>&- &
	fs=$!
	STARTED+=("$fs")
	exec 8>in
	within 60 grep -qs ready mounted || skip 'FUSE cannot be mounted here'
	exec 8>&-
	# More files than the opener has threads. For each, one in that folder is looked for.
	for ((i = 1; i <= 6; i++)); do
		echo "void victim_$i(void) { }" | cc -shared -fPIC -o "library-$i" -x c -
		echo >"debug-$i"
		objcopy --add-gnu-debuglink="debug-$i" "library-$i"
		rm "debug-$i"
	done
	{
		printf '%s\n' 'hud-trace 1' 'meta pid 42' "meta exe $PWD/library-1" 'meta arch x86_64' 'meta threshold-us 5000' \
			'meta polls tls DWARF' 'thread 43 worker 1 w' 'begin 900000000'
		for ((i = 1; i <= 6; i++)); do
			read -r offset address size < <(readelf -lW "library-$i" | awk '$1 == "LOAD" && / R E / { print $2, $3, $5 }')
			pc=0x$(nm "library-$i" | awk '/ victim_/ { print $1 }')
			printf 'map %x %x r-xp %x - %s\n' $((i << 32 | address)) $(((i << 32 | address) + 0x1000)) "$((offset))" "$PWD/library-$i"
			printf 'stack %x 43 %x 7ffe0000 7ffe0000 1\n' "$i" $((i << 32 | pc))
			now=$((i * 1000000000))
			printf 'sleep %d 43 0 9000000 0 S 202 %x 0 0 0 x\n' $now "$i"
			printf 'poll %d 43 %d %d %d 0 7 %d M E\n' $((now + 200)) $((now - 9000000)) $((now + 100)) $((now - 9100000)) "$i"
		done
		echo 'end 9000000000 exit'
	} >stream
	timeout 120 "$POSTPROC" report --headless stream >out 2>err 3>&-
	kill "$fs"
	cat out err
	for ((i = 1; i <= 6; i++)); do
		grep -q "^    victim_$i\$" out
	done
}

# A hud-trace whose hud-postproc writes the head $1.
with_head() {
	printf '%s\n' "$1" >head
	run --separate-stderr "$PWD/copy/bin/hud-trace" --pid "$SERVER" --print-script
}

@test "hostile head: a word that should be a number is not evaluated, nor pasted into the script" {
	local line good bad='x[$(touch${IFS}owned)]'

	# Its own program: if another process runs it, too, no probes are placed in it unless asked for.
	cp /bin/sleep sleeper
	./sleeper 300 3>&- &
	SERVER=$!
	STARTED+=("$SERVER")
	mkdir -p copy/build
	cp -r "$ROOT/bin" "$ROOT/probes" copy
	printf '#!/bin/sh\n[ "$1" != head ] || cat "%s"\n' "$PWD/head" >copy/build/hud-postproc
	chmod +x copy/build/hud-postproc
	good="hud-trace 2
meta exe /bin/x
meta workers 1
tokio - no debug info
site P 1000 1000 0 f::{closure}
map 1000 2000 r-xp 0 - /bin/x
thread $SERVER worker 1 w"
	with_head "$good"
	((status == 0))
	[[ $output == *":0x1000 "* ]]
	for line in "thread 1 worker $bad w" "thread $bad worker 1 w" "map $bad 2000 r-xp 0 - /bin/x" "map 1000 $bad r-xp 0 - /bin/x" \
		"tokio id-at=$bad mt-at=0 how=DWARF" "tokio $bad=1 how=DWARF" "tokio id-at=1$bad how=DWARF" "tokio id-at=1" "site P 1000 $bad 0 f" 'site P 1000 1{}BEGIN{system("id")} 0 f' \
		"meta $bad x" $'meta exe \e]0;x\a' "$bad"; do
		with_head "$good"$'\n'"$line"
		((status == 1))
		[[ $stderr == *'wrote an unexpected line about process '* && ! -e owned ]]
		plain - <<<"$stderr"
	done
	# The head must not set parameters that the script takes from the process itself.
	with_head "${good/tokio - no debug info/tokio pid=313371 threshold=313372 mt-at=313373 how=DWARF}"
	((status == 0))
	[[ $output == *"/pid == $SERVER"* && $output == *313373* && $output != *31337[12]* ]]
	# A thread of another process is not one of its workers.
	with_head "$good"$'\n'"thread $$ worker 1 w"
	((status == 0))
	[[ $output == *"@worker[$SERVER] = 1"* && $output != *"@worker[$$] = 1"* ]]
}

# Reads stream $1 and writes every format of it that is text.
write_all() {
	local format options=()

	for format in $("$POSTPROC" report --format list - | awk '$1 != "pprof" { print $1 }'); do
		options+=(--format "$format=all.$format")
	done
	"$POSTPROC" report --headless "${options[@]}" --chart all.svg "$1" 2>err
	[[ ! -s err ]]
}

@test "hostile recording: names in a chart are text, for gnuplot and for who reads the picture" {
	local bad='\x0a\x09\x22\x60touch\x20owned\x60$(touch\x20owned)\x1b]0;x\x07</text><script>\xff\xc2\x9b\xe2\x80\xae'

	recording /nonexistent/file | sed -e "s|^meta exe .*|&\nmeta target $bad|" -e "s| w\$| $bad|" >in
	for ((i = 1; i <= 20; i++)); do
		printf 'frame %x whole call user 11200 1200 7 m %s %s - /%s.rs\n' "$i" "$bad" "$bad" "$bad"
	done >>frames
	sed -i -e '/^stack/d' -e '/^words/d' -e '/^begin/r frames' in
	write_all in
	[[ ! -e owned ]]
	/usr/bin/python3 -c 'import sys, xml.dom.minidom
tree = xml.dom.minidom.parse(sys.argv[1])
assert not tree.getElementsByTagName("script")
assert any("<script>" in (node.nodeValue or "") for text in tree.getElementsByTagName("text") for node in text.childNodes)' all.svg
	# Newlines and UTF-8 are allowed; other control bytes, C1, and changes of text direction are not.
	! LC_ALL=C grep -anE $'[\x01-\x08\x0b\x0c\x0e-\x1f\x7f]|\xc2[\x80-\x9f]|\xe2\x80\xae' all.* || return 1
	iconv -f UTF-8 -t UTF-16 all.* >/dev/null
}
