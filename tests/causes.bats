#!/usr/bin/env bats
# What the report says about what it could not do: the true cause, and what to do about it. The table has each sentence, and the lines of
# a stream that bring it about.

bats_require_minimum_version 1.5.0
load helpers

setup() {
	cd "$BATS_TEST_TMPDIR" || return
}

WORKER='thread 43 worker 1 tokio-rt-worker'

# Reports on a short trace with the lines $1, of which `|` separates each from the next; options $2...: the text, unwrapped, in `out`.
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
	local lines sentence row many='' i

	# Stacks that are deeper than what was copied, or walked by frame pointers as far as they went: enough that it is said.
	deep='' walked=''
	for ((i = 1; i <= 20; i++)); do
		deep+="stack $i 43 1000 7000 6000 1|words $i 43 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 $i|sample 2$i 43 0 0 $i|"
		walked+="frames $i|1000|100$i|sample 2$i 43 0 0 $i|"
	done
	while IFS='~' read -r lines sentence; do
		[[ $lines ]] || continue
		lines=${lines//DEEP/$deep} lines=${lines//WALKED/$walked}
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
meta stacks copied (up to 128 KiB), unwound by CFI|limit 2000000000 20|DEEP~Most were copied in part only, because copying stacks had used up its share of the time: a higher --threshold or a lower --hz needs fewer.
END
}

@test "nothing came: --workers is advised unless it was used" {
	WORKER='thread 43 unknown 0 shop'
	report 'meta workers 0 multi-thread and 0 current-thread by stack, 1 by name, of 3 threads|end 9000000000 duration'
	grep -q 'name them with --workers (found by: 0 multi-thread' out
	report 'meta workers --workers shop: 1 of 3 threads|end 9000000000 duration'
	grep -q 'Check that these are the worker threads (--workers shop: 1 of 3 threads); without --workers they are found' out
	run -1 grep 'name them with --workers' out
}
