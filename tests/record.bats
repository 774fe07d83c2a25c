#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Recordings: written while they are passed on, and read again. live.bats records traces.

bats_require_minimum_version 1.5.0
load helpers

setup() {
	STARTED=()
	cd "$BATS_TEST_TMPDIR"
	gzip -dc "$ROOT/examples/demo-recording.txt.gz" >demo
	chmod 644 demo
	# Its first lines, with some events.
	some=$(($(grep -n -m 1 '^begin' demo | cut -d : -f 1) + 300))
}

teardown() {
	local pid

	for pid in "${STARTED[@]}"; do
		kill -KILL "$pid" 2>/dev/null || true
		wait "$pid" 2>/dev/null || true
	done
}

# A stream of $1 seconds: a hundred sleeps a second by two workers, with ten stacks that are printed again
# every ten seconds. A thread comes and goes each second; worker 45 exits early.
long_stream() {
	awk -v seconds="$1" 'BEGIN {
		print "hud-trace 1\nmeta target long\nmeta pid 42\nmeta threshold-us 5000\nmeta stacks copied (up to 64 KiB)"
		print "thread 43 worker 1 w-0\nthread 44 worker 1 w-1\nthread 45 worker 1 w-2\nbegin 1000000000"
		for (s = 1; s <= seconds; s++) {
			printf "named %d000000001 %d new-%d\n", s, 1000 + s, s
			if (s == 2) print "gone 2000000002 45"
			for (i = 0; i < 100; i++) {
				id = i % 10
				printf "sleep %d%09d %d 0 9000000 1000 S 230 a%d 42 44 0 waker\n", s, i * 9000000 + 10, 43 + i % 2, id
				if (seen[id]++ == 0)
					printf "stack a%d 43 1500 7000 7100 1\nwords a%d 43 0 1600 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0\n", id, id
			}
			if (s % 10 == 0) split("", seen)
			if (s > 3) printf "gone %d999999999 %d\n", s, 997 + s
		}
		printf "end %d000000000 interrupt\n", s
	}'
}

@test "what is recorded is passed on unchanged, and gives the same report: plain, gzip, zstd, also from a pipe" {
	"$POSTPROC" report demo >live
	for name in x x.gz x.zst; do
		run -0 --separate-stderr "$POSTPROC" record "$name" <demo
		[[ ! $stderr ]]
		"$POSTPROC" record "$name" <demo | cmp - demo
		"$POSTPROC" report "$name" | cmp - live
		"$POSTPROC" report - <"$name" | cmp - live
		[[ $(stat -c %a "$name") == 600 ]]
		[[ $(echo x*.partial*) == 'x*.partial*' ]]
	done
	cmp x demo
	gzip -dc x.gz | cmp - demo
	zstd -dqc x.zst | cmp - demo
	(($(stat -c %s x.gz) * 5 < $(stat -c %s demo)))
}

@test "what other programs have compressed is read too" {
	"$POSTPROC" report demo >live
	zstd -q -19 demo -o y
	"$POSTPROC" report y | cmp - live
	run -0 "$POSTPROC" diff y - <y
	[[ $output == *'No significant change'* ]]
	{ head -n 5000 demo | gzip && tail -n +5001 demo | gzip -9; } >z
	"$POSTPROC" report z | cmp - live
}

@test "a recording that is cut off is read up to its last whole line, and the report says so" {
	long_stream 200 >long
	for name in c c.gz c.zst; do
		"$POSTPROC" record "$name" <long >/dev/null
		head -c $(($(stat -c %s "$name") * 9 / 10)) "$name" >part
		run -0 --separate-stderr "$POSTPROC" report part
		echo "$output"
		[[ $output == *'! The stream ends in the middle'* ]]
		[[ $output == *'events     1'[4-9],[0-9][0-9][0-9],\ none\ lost* ]]
		[[ $output != *'could not be read'* ]]
		[[ ! $stderr ]]
	done
	# Half a number would be a wrong one.
	printf 'hud-trace 1\nbegin 1000000000\nend 2000000000 interrupt\ngone 2000000000 1' >torn
	run -0 "$POSTPROC" report torn
	[[ $output != *'could not be read'* ]]
}

@test "damaged data is told, and what comes before counts" {
	long_stream 200 >long
	"$POSTPROC" record d.zst <long >/dev/null
	size=$(stat -c %s d.zst)
	printf 'damaged damaged damaged' | dd of=d.zst bs=1 seek=$((size * 9 / 10)) conv=notrunc status=none
	run -1 --separate-stderr "$POSTPROC" report d.zst
	[[ $stderr == *'d.zst: its compressed data is damaged'* ]]
	[[ $output == *'events     1'[4-9],[0-9][0-9][0-9],\ none\ lost* ]]
	head -c 3000 /dev/urandom >noise
	{ printf '\x1f\x8b\x08\x00' && cat noise; } >noise.gz
	run -1 "$POSTPROC" report noise.gz
}

@test "until it is whole it has another name, which a killed recorder leaves behind, readable" {
	echo old >k.zst
	mkfifo pipe
	"$POSTPROC" record k.zst <pipe >/dev/null 3>&- &
	recorder=$!
	STARTED+=("$recorder")
	exec 9>pipe
	head -n "$some" demo >&9
	within 60 eval 'zstd -dqc k.zst.partial 2>/dev/null | grep -q "^begin"'
	[[ $(cat k.zst) == old ]]
	# A second recorder refuses.
	run -1 "$POSTPROC" record k.zst <demo
	[[ $output == *'another recorder is writing it'* ]]
	kill -KILL "$recorder"
	wait "$recorder" || true
	exec 9>&-
	[[ $(cat k.zst) == old ]]
	"$POSTPROC" report k.zst.partial | grep -q 'ends in the middle'
	# The next one does not overwrite it.
	"$POSTPROC" record k.zst <demo >/dev/null
	zstd -dqc k.zst | cmp - demo
	"$POSTPROC" report k.zst.partial~ | grep -q 'ends in the middle'
	[[ ! -e k.zst.partial ]]
}

@test "SIGTERM ends a recording in good order, SIGINT is for others" {
	mkfifo pipe
	env --default-signal=INT "$POSTPROC" record s.gz <pipe >/dev/null 3>&- &
	recorder=$!
	STARTED+=("$recorder")
	exec 9>pipe
	head -n "$some" demo >&9
	has() { gzip -dc s.gz.partial 2>/dev/null | cmp -s - <(head -n "$1" demo); }
	within 60 has "$some"
	kill -INT "$recorder"
	sed -n "$((some + 1)),$((some + 100))p" demo >&9
	within 60 has $((some + 100))
	kill -TERM "$recorder"
	wait "$recorder"
	exec 9>&-
	gzip -dc s.gz | cmp - <(head -n $((some + 100)) demo)
}

@test "a full disk ends the recording at a whole line, and nothing else" {
	status=0
	"$POSTPROC" record /dev/full <demo >out 2>err || status=$?
	((status == 1))
	grep -q '/dev/full: No space left on device; tracing goes on' err
	cmp out demo
	(trap '' XFSZ && ulimit -f 200 && exec "$POSTPROC" record full.txt <demo 2>err) | cmp - demo
	grep -q 'full.txt: File too large; tracing goes on, the recording ends here: full.txt.partial' err
	[[ ! -e full.txt ]]
	size=$(stat -c %s full.txt.partial)
	((size <= 200 * 1024))
	cmp <(head -c "$size" demo) full.txt.partial
	((size == 0)) || [[ $(tail -c 1 full.txt.partial | od -An -c) == *'\n'* ]]
}

@test "standard output: full is an error, closed is not" {
	run -1 bash -c '"$1" record o.gz <demo >/dev/full' - "$POSTPROC"
	[[ $output == *'standard output: No space left on device'* ]]
	long_stream 100 >long
	run -0 bash -c 'set -o pipefail; { cat long; until [[ -e gone ]]; do sleep 0.1; done; cat long; } 2>/dev/null |
		{ "$1" record o.gz || echo $? >failed; } | { head -n 3000 >/dev/null; exec <&-; touch gone; }; exit 0' - "$POSTPROC"
	[[ ! -e failed ]]
	gzip -dc o.gz | cmp - <(head -c "$(gzip -dc o.gz | wc -c)" <(cat long long))
	run -1 bash -c '"$1" report demo >/dev/full' - "$POSTPROC"
	[[ $output == *'No space left on device'* ]]
	run -0 bash -c '"$1" record p.gz <demo | tee q | "$1" report - | head -n 1' - "$POSTPROC"
	[[ $output == 'hud-trace: demo-server'* ]]
	cmp q demo
}

@test "nothing to record leaves what is there; nowhere to record is told at once" {
	echo old >n
	run -1 "$POSTPROC" record n </dev/null
	[[ $output == *'n: nothing came that could be recorded'* && $(cat n) == old && ! -e n.partial ]]
	head -n 20 demo | run -1 "$POSTPROC" record n
	[[ $(cat n) == old ]]
	run -1 "$POSTPROC" record /nonexistent/n <demo
	[[ $output == *'/nonexistent/n: No such file or directory'* ]]
	run -2 "$POSTPROC" record
	run -2 "$POSTPROC" record --ring 1 n
	run -2 "$POSTPROC" record --ring 5T n
	run -2 "$POSTPROC" record --ring -1M n
	run -1 "$POSTPROC" record --ring 1M /dev/null <demo
	run -1 "$POSTPROC" record --resolve /dev/null <demo
	run -0 "$POSTPROC" record --help
}

@test "who called sudo owns it" {
	((EUID == 0)) || skip 'needs root'
	chown 65534 .
	SUDO_UID=65534 SUDO_GID=65533 "$POSTPROC" record w.zst <demo >/dev/null
	[[ $(stat -c '%u %g %a' w.zst) == '65534 65533 600' ]]
}

@test "--ring keeps the newest, with the head and the stacks that it needs" {
	long_stream 1000 >long
	for name in r r.gz r.zst; do
		"$POSTPROC" record --ring 128K "$name" <long | cmp - long
		(($(stat -c %s "$name") <= 128 * 1024))
		[[ $(echo "$name".*) != *partial* ]]
		"$POSTPROC" report "$name" >out
		cat out
		grep -q '^hud-trace: long (pid 42): 2 workers for [0-9]' out
		grep -q 'ended  *by Ctrl-C, q or a signal' out
		run ! grep -qE 'could not be read|without their stack|unknown kind|in the middle' out
		run ! grep -q 'w-2' out
	done
	# The newest lines are all there, and nothing is older than its beginning.
	begin=$(awk '$1 == "begin" { print $2 }' r)
	((begin > 500000000000))
	cmp <(grep ^sleep r) <(awk -v b="$begin" '$1 == "sleep" && $2 > b' long)
	# It keeps about as much as it may.
	(($(grep -c ^sleep r) > 700))
	# Threads that came before and are still there have their names.
	first=$((1000 + begin / 1000000000))
	grep -q "^named $begin $((first - 1)) new-$((first - 1001))\$" r
	run ! grep -q "^thread 45" r
}

@test "--ring: after a kill the newest is there too" {
	mkfifo pipe
	"$POSTPROC" record --ring 128K k.gz <pipe >/dev/null 3>&- &
	recorder=$!
	STARTED+=("$recorder")
	exec 9>pipe
	long_stream 1000 | grep -v ^end >&9
	within 60 eval 'gzip -dc k.gz.partial 2>/dev/null | tail -n 1 | grep -q "^gone 1000999999999"'
	kill -KILL "$recorder"
	wait "$recorder" || true
	exec 9>&-
	(($(stat -c %s k.gz.partial) <= 128 * 1024))
	"$POSTPROC" report k.gz.partial >out
	grep -q 'in the middle' out
	run ! grep -qE 'could not be read|without their stack' out
}

@test "a line that never ends is passed by in bounded memory" {
	{ echo 'hud-trace 1'; head -c 300000000 /dev/zero | tr '\0' x; echo; echo 'begin 1'; echo 'end 2000000000 interrupt'; } |
		zstd -q >bomb.zst
	(ulimit -v 400000 && exec "$POSTPROC" report bomb.zst) >out
	grep -q '1 line could not be read' out
	(ulimit -v 400000 && zstd -dqc bomb.zst | "$POSTPROC" record b.zst | cmp - <(zstd -dqc bomb.zst))
	zstd -dqc b.zst | cmp - <(zstd -dqc bomb.zst)
}

# Builds `program`, with build id $1 and the linker's options $2..., and writes `stream`: thirty sleeps in its app::nap, below a poll of Tokio's.
make_program() {
	local chain='' name offset start size

	cat >program.c <<-'C'
		void nap(void) __asm__("_ZN3app3nap17h0123456789abcdefE");
		void poll(void) __asm__("_ZN5tokio7runtime4task3raw4poll17h0123456789abcdefE");
		void run(void) __asm__("_ZN5tokio7runtime9scheduler12multi_thread6worker3run17h0123456789abcdefE");
		void nap(void) {}
		void poll(void) { nap(); }
		void run(void) { poll(); }
		int main(void) { run(); }
	C
	cc -O0 -no-pie -Wl,--build-id="0x$1" -o unstripped program.c
	cc -O0 -no-pie -Wl,--build-id="0x$1" "${@:2}" -o program program.c
	for name in nap poll run; do
		name=$(nm unstripped | sed -n "s/^0*\([0-9a-f]*\) T .*[0-9]${name}17h.*/\1/p")
		printf -v chain '%s\t%x\n' "$chain" $((0x$name + 2))
	done
	read -r offset start size < <(readelf -lW program | awk '$1 == "LOAD" && /R E/ { print $2, $3, $6 }')
	cat >stream <<-END
		hud-trace 2
		meta target program
		meta pid 42
		meta exe $PWD/program
		meta threshold-us 5000
		map $(printf '%x %x r-xp %x' $((start)) $((start + (size | 4095) + 1)) $((offset))) $1 $PWD/program
		thread 43 worker 1 w-0
		begin 1000000000
	END
	for ((i = 1; i <= 30; i++)); do
		printf 'frames %x\n%ssleep %d 43 0 20000000 0 S 230 %x 0 0 0 -\n' "$i" "$chain" $((1000000000 + i * 30000000)) "$i"
	done >>stream
	echo 'end 2000000000 duration' >>stream
}

@test "unasked, names are put in where the recording is a file and its executable has some" {
	make_program abcd0001
	run -0 --separate-stderr "$POSTPROC" record --resolve-unasked named.zst <stream
	[[ ! $stderr && $output == "$(cat stream)" ]]
	run -0 --separate-stderr "$POSTPROC" record --resolve-unasked --ring 64K ring <stream
	[[ ! $stderr ]]
	"$POSTPROC" record --no-resolve plain <stream >/dev/null
	cmp plain stream
	"$POSTPROC" record --resolve-unasked /dev/fd/9 <stream 9> >(cat >passed) >/dev/null
	within 60 cmp -s passed stream
	"$POSTPROC" report plain >report
	rm program
	for name in named.zst ring; do
		"$POSTPROC" report "$name" | cmp - report
	done
	"$POSTPROC" report --target /bin/true named.zst | grep -q '^! --target is not used: this recording has its names already'
	grep -q ' app::nap$' report
	[[ $(echo ./*partial* ./*resolved*) == './*partial* ./*resolved*' ]]
}

@test "unasked, a recording of an executable without names stays as it is: an unstripped copy can tell them later" {
	make_program abcd0002 -s
	run -0 --separate-stderr "$POSTPROC" record --resolve-unasked r <stream
	[[ $stderr == 'hud-postproc record: r: left without names, as the executable has none'*--target* ]]
	cmp r stream
	"$POSTPROC" report --target unstripped r >report
	grep -q ' app::nap$' report
	run -0 --separate-stderr "$POSTPROC" record --resolve-unasked --target unstripped r <stream
	[[ ! $stderr ]]
	rm program unstripped
	"$POSTPROC" report r | cmp - report
}

@test "the program was built anew in its place: report and diff say so, and not that stacks are cut" {
	make_program abcd0003
	mv stream old
	mv program old-program
	make_program abcd0004
	"$POSTPROC" report old >report
	tr -s ' \n' ' ' <report >line
	grep -qF "! $PWD/program: this executable is another build now (build id abcd0004, the recording has abcd0003): give the old one with --target." line
	! grep -qE 'stacks are cut short|frame pointers|not on this machine' report || return 1
	for format in text markdown; do
		"$POSTPROC" diff --format $format old stream | tr -s ' \n' ' ' >line
		grep -qF 'Before, program: this executable is another build now (build id abcd0004, the recording has abcd0003): give the old one with --target.' line
	done
	"$POSTPROC" report --target old-program old >report
	grep -q ' app::nap$' report
	! grep -q 'another build' report || return 1
	rm program
	"$POSTPROC" report old | tr -s ' \n' ' ' >line
	grep -qF "! $PWD/program: the file is not on this machine; --target takes a copy. Without it its functions have no names" line
	! grep -q 'stacks are cut short' line || return 1
}

@test "hud-trace refuses recordings that cannot be" {
	run -2 "$HUD" --ring 64M name
	[[ $output == *'--ring, --resolve and --no-resolve need --record FILE'* ]]
	run -2 "$HUD" --resolve name
	run -2 "$HUD" --no-resolve name
	run -2 "$HUD" --record - name
	for size in 1 63K x 1T -1M 2000G 1.5M ''; do
		run -2 "$HUD" --record f --ring="$size" --print-script --pid 4194304 || [[ ! $size ]]
	done
	run -1 "$HUD" --record f --ring 64K --resolve --print-script --pid 4194304
	run -1 "$HUD" --record f --no-resolve --print-script --pid 4194304
	[[ ! -e f && ! -e f.partial ]]
}
