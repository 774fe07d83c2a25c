#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# hud-postproc diff, and --fail-on: output and exit status. Nothing here traces.

bats_require_minimum_version 1.5.0

setup() {
	ROOT=$(cd "$BATS_TEST_DIRNAME/.." && pwd)
	POSTPROC=$ROOT/build/hud-postproc
	GOLDEN=$ROOT/tests/unit/golden
	export LC_ALL=C.UTF-8
	unset NO_COLOR
	cd "$BATS_TEST_TMPDIR"
}

# A resolved stream of $1 seconds by build $2. Each further word is STACK:SYSCALL:COUNT:MS, for COUNT blocks
# of about MS milliseconds. Stacks 1 to 4 are in functions of their own tasks, stack 5 in code without a name.
stream() {
	local seconds=$1 build=$2

	shift 2
	awk -v seconds="$seconds" -v build="$build" -v blocks="$*" '
		# 0 <= x < 1, the same in every awk
		function random() { seed = seed * 16807 % 2147483647; return seed / 2147483647 }
		function frames(id, name, file,    caller) {
			printf "frame %s whole call user 5%d00 %d00 %d /srv/shop/shop %s\n", id, id, id, 40 + id, file
			for (caller = 1; caller in CALLER; caller++)
				printf "frame %s whole call runtime 7%d00 7%d00 9 /srv/shop/shop %s %s - -\n",
					id, caller, caller, CALLER[caller], CALLER[caller]
		}
		BEGIN {
			seed = 20 + seconds
			CALLER[1] = "tokio::runtime::task::raw::poll"
			CALLER[2] = "tokio::runtime::scheduler::multi_thread::worker::run"
			print "hud-trace 1\nmeta target shop\nmeta pid 100\nmeta exe /srv/shop/shop\nmeta threshold-us 5000"
			print "meta hz 199\nmeta arch x86_64\nmeta build-id " build
			print "map 1000 9000 r-xp 0 " build " /srv/shop/shop"
			print "thread 101 worker 1 tokio-rt-worker\nthread 102 worker 1 tokio-rt-worker\nbegin 1000000000"
			source = " - /srv/shop/src/"
			frames(1, "", "shop::cart::add shop::cart::add" source "cart.rs")
			frames(2, "", "shop::page::render shop::page::render" source "page.rs")
			frames(3, "", "<shop::auth::Login<T,\\x20Vec<u8>>\\x20as\\x20Check>::verify <shop::auth::Login<T,\\x20Vec<u8>>\\x20as\\x20Check>::verify" source "auth.rs")
			frames(4, "", "shop::log::flush shop::log::flush" source "log.rs")
			frames(5, "", "shop+0x500 - - -")
			count = split(blocks, block, " ")
			for (i = 1; i <= count; i++) {
				split(block[i], b, ":")
				for (j = 0; j < b[3]; j++)
					printf "sleep %.0f %d 0 %.0f 0 %s %s %s 0 0 0 -\n",
						1e9 + (j + 0.2 + 0.8 * random()) * seconds / b[3] * 1e9, 101 + j % 2,
						b[4] * (0.8 + 0.4 * random()) * 1e6, b[2] < 2 ? "D" : "S", b[2], b[1] | "sort -n -k 2"
			}
			close("sort -n -k 2")
			printf "end %.0f duration\n", (1 + seconds) * 1e9
		}'
}

# The second trace is twice as long. In it /cart has no lock, the page sleeps longer, the login reads less,
# and the log writes files.
before_and_after() {
	stream 30 aaaabbbb 1:202:120:18 2:230:90:20 3:0:200:30 5:0:20:10 >before
	stream 60 ccccdddd 2:230:180:34 3:0:400:12 4:0:100:25 1:230:2:30 5:0:41:10 >after
}

golden() {
	[[ ! ${UPDATE_GOLDEN-} ]] || cp "$1" "$GOLDEN/$2"
	diff -u "$GOLDEN/$2" "$1"
}

# `hud-postproc report` of $1, or `diff` if there is a $2, ends with status 3 for --fail-on $EXPR, and prints
# $SAID.
broken() {
	local command=report

	[[ ! ${2-} ]] || command=diff
	run -3 --separate-stderr "$POSTPROC" "$command" --fail-on "$EXPR" "$@"
	echo "$EXPR => $stderr"
	[[ $output ]]
	[[ $stderr == "hud-postproc $command: --fail-on '$EXPR': $SAID" ]]
}

passed() {
	local command=report

	[[ ! ${2-} ]] || command=diff
	run -0 --separate-stderr "$POSTPROC" "$command" --fail-on "$EXPR" "$@"
	echo "$EXPR => $stderr"
	[[ $output && ! $stderr ]]
}

@test "a comparison as text" {
	before_and_after
	"$POSTPROC" diff before after >out
	cat out
	golden out diff.txt
	[[ ! $(awk 'length > 80' out) ]]
	! grep -q $'\033' out || return 1
}

@test "a comparison as markdown, beside text" {
	before_and_after
	"$POSTPROC" diff --format markdown=out.md --format text before after >out
	cat out.md
	golden out diff.txt
	golden out.md diff.md
	# Each row has as many cells as the heading.
	[[ $(grep '^|' out.md | awk -F'|' '{ print NF }' | sort -u) == 10 ]]
}

# A worker with nothing to do waits for a CPU six times in each second before, and not after; and once in its code in both.
@test "waits for a CPU stand below the code, if they changed" {
	for side in before after; do
		stream 30 aaaabbbb 1:202:120:18 >blocks
		{
			grep -v '^[se][ln][ed]' blocks
			{
				grep '^sleep' blocks
				awk -v often="$([[ $side == before ]] && echo 6 || echo 0)" 'BEGIN {
					for (s = 2; s < 30; s++) {
						for (n = 0; n < often; n++)
							printf "runq %d.%d00000000 101 0 20000000 W ffff 77 78 0 rival\n", s, n
						printf "runq %d.900000000 101 0 10000000 P 1 77 78 0 rival\n", s
					}
				}' | sed 's/\.//'
			} | sort -n -k 2
			grep '^end' blocks
		} >"$side"
	done
	"$POSTPROC" diff --format markdown=out.md --format text before after >out
	cat out out.md
	grep -qxF ' Waits for a CPU, which no code is to blame for: 1 of 2 changed significantly.' out
	sed -n '/^ Waits/,$p' out | grep -qE '^ gone .* run queue$'
	! sed '/^ Waits/,$d' out | grep 'run queue$' || return 1
	grep -qE '^  blockers +1 unchanged$' out
	[[ $(sed -n '/^Waits for a CPU/,$p' out.md | grep -cE '^\| \*\*gone\*\* .* \| run queue \|') == 1 ]]
}

@test "a recording and itself: nothing has changed" {
	before_and_after
	run -0 "$POSTPROC" diff --fail-on new --fail-on worse --fail-on 'total>0%' before before
	[[ $output == *"No significant change"* ]]
	[[ ! $(grep -E '^ (new|gone|better|worse)' <<<"$output") ]]
}

# The part of the demo's recording from $1 to $2 percent of its time.
part() {
	gzip -dc "$ROOT/examples/demo-recording.txt.gz" >whole
	awk -v low="$1" -v high="$2" '
		$1 == "begin" { begin = $2 }
		$1 == "end" { end = $2 }
		function at(percent) { return sprintf("%.0f", begin + (end - begin) * percent / 100) + 0 }
		NR == FNR { next }
		$1 == "begin" { $2 = sprintf("%.0f", at(low)) }
		$1 == "end" { $2 = sprintf("%.0f", at(high)) }
		/^(sample|runq|sleep|poll) / && ($2 < at(low) || $2 >= at(high)) { next }
		{ print }' whole whole
}

@test "two halves of a recording: no significant change" {
	part 0 50 >first
	part 50 100 >second
	(($(grep -c '^sleep ' first) > 20 && $(grep -c '^sleep ' second) > 20))
	run -0 "$POSTPROC" diff --fail-on new --fail-on worse --fail-on 'total>0%' --top 100 first second
	echo "$output"
	[[ ${lines[1]} == "No significant change"* ]]
	[[ ! $(grep -E '^ (new|gone|better|worse) ' <<<"$output") ]]
	run -0 "$POSTPROC" diff --top 100 second first
	[[ ${lines[1]} == "No significant change"* ]]
}

@test "a recording with one blocker removed: it is gone, nothing else" {
	stream 30 aaaabbbb 1:202:120:18 2:230:90:20 3:0:200:30 >before
	grep -v '^sleep .* 202 1 ' before >after
	"$POSTPROC" diff before after >out
	cat out
	[[ $(grep -cE '^ (gone|new|better|worse) ' out) == 1 ]]
	grep -A1 '^ gone ' out | grep -q 'shop::cart::add'
	"$POSTPROC" diff after before >out
	grep -A1 '^ new ' out | grep -q 'shop::cart::add'
}

@test "--fail-on of a report" {
	before_and_after
	EXPR='max>35ms' SAID="<shop::auth::Login<T, Vec<u8>> as Check>::verify took 36.0 ms (file I/O)" broken before
	EXPR='max>50ms' passed before
	EXPR='total>9s' SAID='workers were blocked for 10.2 s; 59.0% of the blocked time was in <shop::auth::Login<T, Vec<u8>> as Check>::verify (file I/O)' broken before
	EXPR='count>10000' passed before
	EXPR='lost>0' passed before
	EXPR='rate>100/s' passed before
	EXPR='blocked>50%' passed before
	for EXPR in 'total>1s' 'blocked>5%' 'count>100' 'rate>2/s' 'max>=30ms'; do
		run -3 --separate-stderr "$POSTPROC" report --fail-on "$EXPR" before
		[[ $output == hud-trace:* && $stderr == "hud-postproc report: --fail-on '$EXPR': "* ]]
	done
	# All that are exceeded are printed.
	run -3 --separate-stderr "$POSTPROC" report --fail-on 'max>35ms' --fail-on 'max>50ms' --fail-on 'count>1' before
	((${#stderr_lines[@]} == 2))
	sed '/^end/i Lost 7 events' before >lossy
	EXPR='lost>0' SAID='7 events were lost' broken lossy
}

@test "--fail-on of a comparison" {
	before_and_after
	EXPR=new SAID='shop::log::flush is new: blocks 21.1 ms per second and worker (file I/O)' broken before after
	EXPR=worse SAID='shop::page::render blocks 50.2 ms per second and worker, before 29.9 ms (sleep)' broken before after
	# The total went down; the other way round, up.
	EXPR='total>10%' passed before after
	run -3 --separate-stderr "$POSTPROC" diff --fail-on 'total>10%' after before
	[[ $stderr == *"% more; "*"% of the blocked time was in <shop::auth::Login<T, Vec<u8>> as Check>::verify "* ]]
	EXPR='total>400%' passed after before
	EXPR='max>100ms' passed before after
}

@test "near the threshold no change fails --fail-on" {
	stream 30 aaaabbbb 1:202:20:7 2:230:90:20 >before
	stream 30 aaaabbbb 1:202:200:7 2:230:90:20 3:0:200:7 >after
	for EXPR in new worse; do
		passed before after
	done
	grep -A1 '^ worse? ' <<<"$output" | grep -q 'shop::cart::add'
	grep -A1 '^ new? ' <<<"$output" | grep -q 'shop::auth::Login'
	# What is twice as long as a lower threshold is none of chance.
	sed -i 's/^meta threshold-us 5000/meta threshold-us 3000/' before after
	EXPR=worse SAID='shop::cart::add blocks 23.4 ms per second and worker, before 2.38 ms (lock)' broken before after
}

@test "a wrong --fail-on is refused before anything is read" {
	for EXPR in '' new 'total>10%' 'max>50x' 'max' 'foo>1' 'max>5ms or so'; do
		run -2 --separate-stderr "$POSTPROC" report --fail-on "$EXPR" /nonexistent
		[[ ! $output && $stderr == "hud-postproc report: --fail-on '$EXPR': "* && ${#stderr_lines[@]} == 1 ]]
		run -2 --separate-stderr "$ROOT/bin/hud-trace" --fail-on "$EXPR" --pid 4194304
		[[ ! $output && ${stderr_lines[0]} == "hud-trace: --fail-on '$EXPR': "* ]]
		[[ ${stderr_lines[1]} == "Try 'hud-trace --help'." ]]
	done
	for EXPR in '' 'new>1' 'total>5' 'max>5%' 'worse new'; do
		run -2 --separate-stderr "$POSTPROC" diff --fail-on "$EXPR" /nonexistent /nonexistent
		[[ ! $output && $stderr == "hud-postproc diff: --fail-on '$EXPR': "* ]]
	done
	run -2 --separate-stderr "$ROOT/bin/hud-trace" --fail-on 'max>5ms' --raw --pid 4194304
	[[ $stderr == *"either --raw or --fail-on"* ]]
}

@test "wrong usage of diff, and files that are none" {
	before_and_after
	run -2 "$POSTPROC" diff before
	run -2 "$POSTPROC" diff before after after
	run -2 "$POSTPROC" diff - -
	run -2 "$POSTPROC" diff --format yaml before after
	run -2 "$POSTPROC" diff --top 0 before after
	run -2 "$POSTPROC" diff --nonsense before after
	run -1 --separate-stderr "$POSTPROC" diff before /nonexistent
	[[ ! $output && $stderr == 'hud-postproc diff: /nonexistent: No such file or directory' ]]
	echo hello >text
	run -1 --separate-stderr "$POSTPROC" diff --fail-on new text after
	[[ ! $output && $stderr == 'hud-postproc diff: text: it has no event lines of hud-trace' ]]
	run -1 "$POSTPROC" diff --format markdown=/nonexistent/x before after
	run -1 bash -c '"$1" diff before after >/dev/full' - "$POSTPROC"
	run -0 "$POSTPROC" diff --help
	[[ ! $(awk 'length > 90' <<<"$output") ]]
}

@test "one of the two may be standard input; the report is written whole" {
	before_and_after
	"$POSTPROC" diff before after >out
	"$POSTPROC" diff - after <before | diff out -
	"$POSTPROC" diff before - <after | diff out -
	"$POSTPROC" diff --format text=file before after
	diff out file
}

@test "what differs between the two is told of both: the target, the line" {
	before_and_after
	sed -i 's/^meta target shop$/meta target shop.after/; s|/srv/shop/src/|/home/ci/shop/src/|; /page.rs/s/ 42 / 47 /' after
	"$POSTPROC" diff --format markdown=out.md --format text before after >out
	cat out out.md
	[[ $(head -n 1 out) == 'hud-trace: shop and shop.after, before and after' ]]
	[[ $(head -n 1 out.md) == '### hud-trace: `shop` and `shop.after`, before and after' ]]
	grep -qxF '    shop::page::render  src/page.rs:42 before, src/page.rs:47 after' out
	grep -qF '`src/page.rs:42 before, src/page.rs:47 after`' out.md
	# The same line below another directory, and what is in one of them only.
	grep -qxF '    <shop::auth::Login<T, Vec<u8>> as Check>::verify  src/auth.rs:43' out
	grep -A1 '^ gone ' out | grep -qxF '    shop::cart::add  src/cart.rs:41'
	grep -A1 '^ new ' out | grep -qxF '    shop::log::flush  src/log.rs:44'
}

@test "colour only on a terminal" {
	before_and_after
	TERM=xterm script -qec "'$POSTPROC' diff before after" /dev/null </dev/null >out
	grep -q $'\033\[' out
	NO_COLOR=1 TERM=xterm script -qec "'$POSTPROC' diff before after" /dev/null </dev/null >out
	! grep -q $'\033\[' out || return 1
}
