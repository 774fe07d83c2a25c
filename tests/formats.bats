#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# json, ndjson and trace: compared with golden files, their schema, the rules of their readers, and each
# other.
#
# After a wanted change, rewrite the golden files with UPDATE_GOLDEN=1 and look at the difference.

bats_require_minimum_version 1.5.0

setup() {
	ROOT=$(cd "$BATS_TEST_DIRNAME/.." && pwd)
	HUD=$ROOT/bin/hud-trace
	POSTPROC=$ROOT/build/hud-postproc
	SCHEMA=$ROOT/postproc/format/report-schema.json
	GOLDEN=$ROOT/tests/unit/golden
	# bats has its own files in the directory above.
	mkdir "$BATS_TEST_TMPDIR/here"
	cd "$BATS_TEST_TMPDIR/here"
	unset NO_COLOR
}

# Two workers: sleeps; locks, with and without the thread that released them; a wait for a CPU; computing that
# overlaps a lock, as estimated blocks may; a thread of the blocking pool that does not count.
write_stream() {
	cat <<-'END'
	hud-trace 1
	meta target shop
	meta pid 42
	meta exe /nonexistent/shop
	meta build-id d0c5a1
	meta arch x86_64
	meta threshold-us 5000
	meta hz 100
	meta workers by stack
	meta kernel 6.1
	meta bpftrace 0.17
	meta stacks copied
	meta clock 900000000 1700000000123456789
	meta polls estimate no debug info
	thread 43 worker 1 tokio-rt-worker
	thread 44 worker 1 tokio-rt-worker
	thread 45 blocking-pool 0 tokio-rt-worker
	begin 1000000000
	frame a1 whole inlined user 11029 29 88 shop shop::pay shop::pay - /src/pay.rs
	frame a1 whole call user 11029 29 40 shop shop::page shop::page - /src/page.rs
	frame a1 whole call runtime 12001 1001 - shop poll tokio::runtime::task::raw::poll - -
	frame a1 whole call runtime 13001 2001 - shop run tokio::runtime::scheduler::multi_thread::worker::run - -
	frame a2 whole call system 21000 1000 - /lib/libc.so.6 syscall syscall - -
	frame a2 whole call user 11029 29 143 shop shop::cart::add <shop::cart::Cart\x20as\x20Add>::add - /src/cart.rs
	frame a2 whole call runtime 12001 1001 - shop poll tokio::runtime::task::raw::poll - -
	frame a2 whole call runtime 13001 2001 - shop run tokio::runtime::scheduler::multi_thread::worker::run - -
	frame a3 cut call system 90200 200 0 libc.so.6 syscall syscall - -
	frame a3 cut call user 11800 800 210 shop shop::cart::recount shop::cart::recount - /src/cart.rs
	sleep 1100000029 43 0 20000000 1029 S 230 a1 0 0 0 swapper/0
	sleep 1200000000 43 0 8283604 0 S 202 a2 42 45 a3 tokio-rt-worker
	sleep 1300000000 44 0 9000001 500 S 202 a2 42 45 a3 tokio-rt-worker
	sleep 1400000000 45 0 30000000 0 S 202 a3 42 43 0 tokio-rt-worker
	runq 1500000000 44 0 30000000 P a1 77 78 0 rival
	sample 1600000000 44 1 2000000 a1
	sample 1610000000 44 1 12000000 a1
	sample 1620000000 44 1 22000000 a1
	sleep 1630000000 44 0 10000000 0 S 202 a2 42 45 0 tokio-rt-worker
	runq 1700000000 43 1 5100000 W ffff 0 0 0 swapper/1
	from-the-future 1
	end 2000000000 interrupt
	END
}

# The same with hostile names: bytes that are not UTF-8, quotes, escape sequences, 10 KB.
write_hostile() {
	local long

	printf -v long '%10000s' ''
	write_stream | sed -e 's/ tokio-rt-worker$/ \\xff\\xfe"\\x1b]0;x\\x07\\x5cxff\\x0a\\xe2\\x80\\xae/' \
		-e 's|shop::pay |sh"op::\\xc3<\\x1b[31m\\x0a</script>${x}`id`::pay |g' \
		-e "s|shop::cart::recount |${long// /x} |" -e 's|^meta target shop|meta target \\x9b2J"},{|' \
		-e 's| /src/cart.rs| /\\xf0\\x28/%s%n\\x09.rs|' -e 's| rival$| \\x00\\xc2\\x9b=1+1|'
}

# All formats of stream $1 with options $2..., in report.txt, .json, ...
write_all() {
	local format options=()

	for format in text json ndjson trace csv; do
		options+=(--format "$format=report.$format")
	done
	"$POSTPROC" report "${options[@]}" "${@:2}" "$1"
}

# The names of all formats.
formats() {
	"$POSTPROC" report --format list - | awk '{ print $1 }'
}

# The files $@ (JSON, or JSON lines in *.ndjson) match the schema and, with STRICT, have no other members.
# Uses Debian's Python, whatever else is installed.
valid() {
	/usr/bin/python3 - "$SCHEMA" "$@" <<-'END'
	import json, os, sys
	from jsonschema import Draft202012Validator

	def closed(node):
	    if isinstance(node, list):
	        return [closed(item) for item in node]
	    if not isinstance(node, dict):
	        return node
	    node = {key: closed(value) for key, value in node.items()}
	    if node.get("type") == "object":
	        node["additionalProperties"] = False
	    return node

	with open(sys.argv[1]) as file:
	    schema = json.load(file)
	Draft202012Validator.check_schema(schema)
	if os.environ.get("STRICT"):
	    schema = closed(schema)
	kinds = {"report": "report", "header": "header", "stack": "stack-line", "block": "block", "summary": "summary-line"}
	whole, failed, count = Draft202012Validator(schema), 0, 0
	for name in sys.argv[2:]:
	    with open(name) as file:
	        documents = [json.loads(line) for line in file] if name.endswith("ndjson") else [json.load(file)]
	    for document in documents:
	        count += 1
	        part = {"$defs": schema["$defs"], "$ref": "#/$defs/" + kinds[document["type"]]}
	        errors = list(Draft202012Validator(part).iter_errors(document))[:3]
	        for error in errors:
	            print(name, list(error.absolute_path), error.message[:200])
	        failed += bool(errors) or not whole.is_valid(document)
	print(count, "documents")
	sys.exit(failed > 0 or count == 0)
	END
}

# The time of all blocks in report.$1, ns.
total() {
	case $1 in
	json) jq '[.blockers[].total_ns] | add // 0' report.json ;;
	stacks) jq '[.blockers[].stacks[].total_ns] | add // 0' report.json ;;
	workers) jq '[.workers[] | .blocked_ns + .run_queue_ns] | add // 0' report.json ;;
	sums) jq '.summary | .blocked_ns + .run_queue_ns' report.json ;;
	ndjson) jq -s '[.[] | select(.type == "block").duration_ns] | add // 0' report.ndjson ;;
	ndjson-sums) jq -s '.[-1].summary | .blocked_ns + .run_queue_ns' report.ndjson ;;
	trace) jq '[.traceEvents[] | select(.ph == "X").dur * 1000 | floor] | add // 0' report.trace ;;
	csv)
		/usr/bin/python3 -c 'import csv, sys
with open(sys.argv[1], encoding="latin-1", newline="") as file:
    print(sum(int(row["total_ns"]) for row in csv.DictReader(file)))' report.csv
		;;
	esac
}

# The line of report.text that begins with $1 shows $2 ns as, say, "2.44 s".
says() {
	awk -v label="$1" -v ns="$2" '
		BEGIN { unit["ns"] = 1; unit["us"] = unit["µs"] = 1e3; unit["ms"] = 1e6; unit["s"] = 1e9; unit["min"] = 6e10 }
		$1 == label || $1 " " $2 == label {
			n = split(label, words, " ")
			off = $(n + 1) * unit[$(n + 2)] - ns
			found = 1
			exit !(off * off <= (ns * 0.005) ^ 2)
		}
		END { if (!found) exit !(ns == 0) }' report.text
}

# Every format of stream $1 has the same total, and the text shows it; with the options $2...
same_total() {
	local wanted format

	write_all "$@"
	wanted=$(total json)
	for format in stacks workers sums ndjson ndjson-sums trace csv; do
		echo "$* $format: $(total "$format"), json: $wanted"
		[[ $(total "$format") == "$wanted" ]]
	done
	says blocked "$(jq .summary.blocked_ns report.json)"
	says 'run queue' "$(jq .summary.run_queue_ns report.json)"
}

# report.trace follows the format's rules, and has as many blocks as report.json and report.ndjson.
good_trace() {
	jq -en --slurpfile trace report.trace --slurpfile report report.json --slurpfile lines report.ndjson '
		def ns: . * 1000 | floor; # as Perfetto reads it
		# Perfetto drops a complete event that overlaps another one of its thread and is not nested in
		# it.
		def nested: reduce .[] as $e ({open: [], good: true};
			($e.ts | ns) as $from | ($from + ($e.dur | ns)) as $to |
			.open |= map(select(. > $from)) |
			if .open == [] or .open[-1] >= $to then .open += [$to] else .good = false end) | .good;
		def check($what): if . then . else error($what) end;
		$trace[0] as $t | $report[0] as $r | [$t.traceEvents[] | select(.ph == "X")] as $x |
		($t | has("displayTimeUnit") and (.traceEvents | type == "array") | check("top")) and
		all($t.traceEvents[]; (.ph == "X" or .ph == "M") and (.name | type == "string") and
			(.pid | type == "number") and (.tid | type == "number" and . < 2147483648) and
			(.args | type == "object") | check("event")) and
		all($x[]; (.cat | type == "string") and (.ts | type == "number") and .ts >= 0 and .dur > 0 and
			(.dur | ns) == .args.duration_ns | check("X")) and
		([$t.traceEvents[] | select(.name == "process_name")] | length == 1 | check("process")) and
		([$t.traceEvents[] | select(.name == "thread_name").tid] | (unique | length) == length | check("names")) and
		([$x[].tid] | unique) - [$t.traceEvents[] | select(.name == "thread_name").tid] == [] and
		all($x | group_by(.tid)[]; sort_by(.ts) | nested | check("nesting")) and
		($x | length == ([$r.blockers[].count] | add // 0) | check("count")) and
		($x | length == ([$lines[] | select(.type == "block")] | length) | check("lines")) and
		([$x[] | [.cat, .name]] | group_by(.) | map({key: (.[0] | join(" ")), value: length}) | from_entries) ==
		([$r.blockers[] | [.reason, .function, .count]] | group_by(.[:2]) |
			map({key: (.[0][:2] | join(" ")), value: (map(.[2]) | add)}) | from_entries) and
		all($r.workers[]; . as $w | [$x[] | select(.tid == $w.tid)] | length <= $w.blocks + $r.summary.run_queue_waits.count)'
}

# ndjson: header, stacks, blocks by start, summary. Every stack that is referred to is there once, as in json.
good_references() {
	jq -es '
		def check($what): if . then . else error($what) end;
		def party_stacks: .party | select(. != null).stack | select(. != null);
		(map(.type) | (.[0] == "header") and (.[-1] == "summary") and
			([.[] | select(. == "header" or . == "summary")] | length == 2) and
			(.[1:-1] | . == sort_by(. == "block")) | check("order")) and
		([.[] | select(.type == "block").start_ns] | . == sort | check("start")) and
		([.[] | select(.type == "stack").id] as $ids | ($ids == ($ids | unique) | check("once")) and
			([.[] | select(.type == "block") | (.stack // empty), party_stacks] - $ids == [] | check("ids")))' report.ndjson
	jq -e '
		def check($what): if . then . else error($what) end;
		[.stacks[].id] as $ids | ($ids == ($ids | unique) | check("once")) and
		([.blockers[] | (.stacks[], .parties[]).stack | select(. != null)] - $ids == [] | check("ids")) and
		all(.blockers[]; .total_ns == ([.stacks[].total_ns] | add) and .count == ([.stacks[].count] | add)) and
		([.blockers[] | [(.reason | IN("run-queue", "throttled") | not), .total_ns]] | . == (sort | reverse)) and
		all(.stacks[]; (.frames | length) as $n | (.blame == null or .blame < $n) and (.poll == null or .poll < $n))' report.json
}

# --- golden files

@test "json, ndjson and trace of a stream are the golden ones" {
	write_stream >s
	for format in json ndjson trace; do
		"$POSTPROC" report --format "$format" s >"$format"
		[[ ! ${UPDATE_GOLDEN-} ]] || cp "$format" "$GOLDEN/formats.$format"
		diff "$GOLDEN/formats.$format" "$format"
	done
}

@test "the same again from standard input, and to a file" {
	write_stream >s
	for format in json ndjson trace; do
		"$POSTPROC" report --format "$format=to-file" - <s
		cmp "$GOLDEN/formats.$format" to-file
	done
}

# --- waits for a CPU

# In two tasks, and without one; threads of two processes of one name had the CPU, one of the target's, and nobody.
@test "waits for a CPU are below the ranking, and no part of what is blocked" {
	write_stream | awk '!/^runq/ { print; next }
	!waited++ {
		for (n = 1; n <= 2; n++) {
			print "frame b" n " whole call user 11029 29 40 shop shop::score shop::score - /src/score.rs"
			print "frame b" n " whole call user 11029 29 40 shop shop::task" n " shop::task" n " - /src/task.rs"
			print "frame b" n " whole call runtime 12001 1001 - shop poll tokio::runtime::task::raw::poll - -"
			print "frame b" n " whole call runtime 13001 2001 - shop run tokio::runtime::scheduler::multi_thread::worker::run - -"
		}
		print "runq 1300000000 43 0 30000000 P b1 77 78 0 rival"
		print "runq 1400000000 43 0 40000000 P b2 80 80 0 rival"
		print "runq 1500000000 43 0 10000000 P b2 42 45 0 own"
		print "runq 1600000000 43 0 70000000 W ffff 0 0 0 swapper/1"
	}' >s
	run -0 --separate-stderr "$POSTPROC" report s
	echo "$output"
	blocked=$(sed -n 's/^  blocked *\(.* .*\) of .* worker time.*/\1/p' <<<"$output")
	sed -n '/^ #/,/^#1/p' <<<"$output" >tables
	grep -qxF "    All rows add up to \"blocked\", $blocked; the waits below are not part of it." tables
	! sed '/All rows/,$d' tables | grep -E 'run queue|idle worker' || return 1
	grep -qE '^ +80\.0 ms +4\.0% +3 +40\.0 ms  shop::score$' tables
	grep -qxF '    for rival (several processes) 70.0 ms, own (this process) 10.0 ms' tables
	grep -qE '^ +70\.0 ms +3\.5% +1 +70\.0 ms  \(idle worker waiting for a CPU\)$' tables
	grep -qxF '    for nobody: the CPU was idle, 70.0 ms' tables
	[[ $(<tables) == *'advice      CPU pressure from another process'* ]]
	! sed -n '/^#1/,$p' <<<"$output" | grep -q 'waits, the longest' || return 1
	# For machines they are entries as before, behind all code.
	"$POSTPROC" report --format csv s | cut -d, -f2 >reasons
	[[ $(tail -n 3 reasons | sort -u) == run-queue && $(grep -c run-queue reasons) == 3 ]]
	# In a pull request.
	"$POSTPROC" report --format markdown s >markdown
	grep -qxF '| 80.0 ms | 4.0% | 3 | 40.0 ms | `shop::score` | `rival (several processes) 70.0 ms, own (this process) 10.0 ms` |' markdown
	# Compared: no change of code, and not counted as one.
	"$POSTPROC" diff s s >diff
	grep -qxF ' Waits for a CPU, which no code is to blame for: no significant change (of 3).' diff
	! grep 'run queue$' diff || return 1
	# Without anything else there is no ranking.
	grep -vE '^(sleep|sample)' s >waits
	run -0 --separate-stderr "$POSTPROC" report waits
	[[ ${lines[1]} == 'No code blocked a worker, but workers had to wait for a CPU 4 times.' ]]
	! grep -q '^ #' <<<"$output" || return 1
}

# --- shorter polls

@test "what shorter polls took is told of the whole trace, not of a part" {
	write_stream | sed 's/^end/shorter 2000000000 1000000000 1000000 40000000 0 1000000\n&/' >s
	"$POSTPROC" report s >text
	grep -qxF '  shorter    polls of 1 ms to 5 ms: ~40.0 ms (2.0%), estimated; see --threshold' text
	[[ $("$POSTPROC" report --format json s | jq -c .summary.shorter_polls) == '{"from_ns":1000000,"estimated_ns":40000000,"unsure_ns":0}' ]]
	[[ $("$POSTPROC" report --window 0.5 --format json s | jq -c .summary.shorter_polls) == null ]]
	# A ring has dropped what came first.
	sed 's/^begin .*/begin 1050000000/' s >ring
	[[ $("$POSTPROC" report --format json ring | jq -c .summary.shorter_polls) == null ]]
}

# --- locks

# 43 writes to the disk, 44 waits for the lock that it holds meanwhile: twice; and once for one that a thread has which is not watched.
@test "a lock and what is done while it is held point at each other" {
	write_stream | awk '/^frame a1/ && !done++ {
		print "frame c1 whole call system 21000 1000 - /lib/libc.so.6 fdatasync fdatasync - -"
		print "frame c1 whole call user 11029 29 12 shop shop::log shop::log - /src/log.rs"
		print "frame c1 whole call runtime 12001 1001 - shop poll tokio::runtime::task::raw::poll - -"
		print "frame c1 whole call runtime 13001 2001 - shop run tokio::runtime::scheduler::multi_thread::worker::run - -"
		print "frame c2 whole call system 21000 1000 - /lib/libc.so.6 syscall syscall - -"
		print "frame c2 whole call std 21000 1000 - shop lock std::sync::Mutex::lock - -"
		print "frame c2 whole call user 11029 29 143 shop shop::cart::add shop::cart::add - /src/cart.rs"
		print "frame c2 whole call runtime 12001 1001 - shop poll tokio::runtime::task::raw::poll - -"
		print "frame c2 whole call runtime 13001 2001 - shop run tokio::runtime::scheduler::multi_thread::worker::run - -"
		for (ms = 1200; ms < 1300; ms += 50) {
			print "sleep " ms + 30 "000000 43 0 30000000 0 D 75 c1 0 0 0 -"
			print "sleep " ms + 31 "000000 44 0 25000000 0 S 202 c2 42 43 a3 tokio-rt-worker"
		}
		print "sleep 1400000000 44 0 20000000 0 S 202 c2 42 45 a3 tokio-rt-worker"
	} !/^(sleep|runq|sample) / || /^sleep .* c/' >s
	run -0 --separate-stderr "$POSTPROC" report s
	echo "$output"
	[[ $(grep -cF 'held while in fdatasync(2): see #2; 2 of 3 waits, 50.0 ms' <<<"$output") == 1 ]]
	grep -qE '^    held +while in fdatasync\(2\): see #2; 2 of 3 waits, 50\.0 ms$' <<<"$output"
	grep -qxF '    lock held here: others waited for it 2 times, 50.0 ms: see #1' <<<"$output"
	grep -qE '^    lock held +others waited for it 2 times, 50\.0 ms: see #1$' <<<"$output"
	"$POSTPROC" report --format json s >report.json
	jq -e '.blockers[] | select(.reason == "lock").held | length == 1 and (.[0] | .function == "shop::log" and
		.syscall == "fdatasync" and .reason == "file-io" and .count == 2 and .total_ns == 50000000)' report.json
	jq -e '[.blockers[].held[].stack] - [.stacks[].id] == []' report.json
	# Where polls are told apart.
	"$POSTPROC" report "$ROOT/examples/demo-recording.txt.gz" >demo
	grep -qxF '    held while in clock_nanosleep(2): see #6; 8 of 8 waits, 146 ms' demo
}

# --- the schema

@test "json and each line of ndjson are what the schema says, and nothing else" {
	write_stream >s
	write_hostile >h
	gzip -dc "$ROOT/examples/demo-recording.txt.gz" >demo
	head -n 18 s >nothing
	for stream in s h demo nothing; do
		write_all "$stream"
		STRICT=1 run -0 valid report.json report.ndjson
		valid report.json report.ndjson
	done
}

@test "the schema refuses what is not so" {
	write_stream >s
	write_all s
	for wrong in '.version = 2' 'del(.summary)' '.blockers[0].count = "1"' '.blockers[0].reason = "lazy"' \
		'.stacks[0].frames[0].line = 0' '.workers[0].blocked_ns = -1' '.type = "other"'; do
		echo "$wrong"
		jq "$wrong" report.json >wrong.json
		run ! valid wrong.json
	done
	jq -c 'if .type == "block" then del(.tid) else . end' report.ndjson >wrong.ndjson
	run ! valid wrong.ndjson
	jq '.more = 1' report.json >more.json
	valid more.json
	STRICT=1 run ! valid more.json
}

@test "Debian's jsonschema command takes the schema and the report" {
	write_stream >s
	write_all s
	run -0 /usr/bin/jsonschema -i report.json "$SCHEMA"
}

# --- against each other, and the rules

@test "the blocked time is the same in every format" {
	write_stream >s
	write_hostile >h
	gzip -dc "$ROOT/examples/demo-recording.txt.gz" >demo
	head -n 18 s >nothing
	head -c 3000 s >cut
	same_total s
	(($(total json) > 100000000))
	same_total h
	same_total demo
	same_total nothing
	same_total cut
	for window in 0.3 1 2.5; do
		same_total demo --window "$window"
	done
}

@test "lost events show in every format and chart, and in none without" {
	write_stream | awk '$1 == "end" { print "Lost 1237 events" } { print }' >lossy
	write_stream >s
	for format in $(formats); do
		for stream in lossy s; do
			"$POSTPROC" report --format "$format" "$stream" >out
			[[ $format != pprof ]] || { gzip -dc out >plain && mv plain out; }
			count=$(grep -acE 'lost' out) || true
			number=$(grep -acE '1,?237' out) || true
			echo "$format $stream: $count lines of what was lost, $number with the number"
			[[ $stream == s || ($count -gt 0 && $number -gt 0) ]]
			[[ $stream == lossy || $number == 0 ]]
		done
	done
	for kind in timeline blockers histogram heatmap all; do
		for file in chart.svg -; do
			"$POSTPROC" report --format json=json --chart "$file" --chart-kind "$kind" lossy >out
			[[ $file == - ]] || mv "$file" out
			grep -q 'events were lost: too low' out
			"$POSTPROC" report --format json=json --chart "$file" --chart-kind "$kind" s >out
			[[ $file == - ]] || mv "$file" out
			[[ $(grep -c 'events were lost' out) == 0 ]]
		done
	done
	for format in text markdown; do
		"$POSTPROC" diff --format "$format" s lossy >out
		grep -q 'After, 1,237 events were lost' out
	done
}

@test "long polls by task are all that there were, and stalls are no longer than the worker that was blocked least" {
	gzip -dc "$ROOT/examples/demo-recording.txt.gz" >demo
	"$POSTPROC" report --format json=demo.json --format text=demo.text --format prometheus=demo.prom demo
	jq -e '.summary.long_polls == ([.tasks[].long_polls.count] | add) and
		.summary.longest_poll_ns == ([.tasks[].long_polls.max_ns] | max) and .tasks[0].task != null' demo.json
	jq -e '.summary.all_blocked | .workers == 2 and .count > 10 and .max_ns < .total_ns and .mean_wait_ns * 2 >= .total_ns / .count' \
		demo.json
	jq -e '.summary.all_blocked.total_ns <= ([.workers[].blocked_ns] | min)' demo.json
	grep -qE '^  stalled    1\.[0-9]+ s \([0-9.]+%\) with all 2 workers blocked; [0-9]+ times, up to [0-9.]+ ms$' demo.text
	grep -q '^ *143 .*hyper::server.*NewSvcTask$' demo.text
	[[ $(sed -n 's/^hud_trace_all_workers_blocked_seconds_total{[^}]*} //p' demo.prom) == 1.0* ]]
	! jq -e '.tasks[0]' <("$POSTPROC" report --format json <(sed 's/^meta polls .*/meta polls estimate/' demo)) || return 1
}

@test "trace keeps to the format's rules, with as many blocks as the report has" {
	write_stream >s
	write_hostile >h
	gzip -dc "$ROOT/examples/demo-recording.txt.gz" >demo
	head -n 18 s >nothing
	for stream in s h demo nothing; do
		echo "$stream"
		write_all "$stream"
		good_trace
	done
	write_all demo --window 1
	good_trace
}

@test "trace: a lane per worker, and another where estimated blocks overlap" {
	write_stream >s
	write_all s
	[[ $(jq -r '.traceEvents[] | select(.name == "thread_name") | "\(.tid) \(.args.name)"' report.trace) == \
		"43 tokio-rt-worker"$'\n'"44 tokio-rt-worker"$'\n'"4194313 tokio-rt-worker, overlapping" ]]
	[[ $(jq -c '[.traceEvents[] | select(.tid > 4194303 and .ph == "X") | [.name, .cat, .ts, (.dur * 1000 | floor)]]' report.trace) == \
		'[["shop::cart::add","lock",620000,10000000]]' ]]
}

@test "trace: a block says why, where, in which task, and who ended it" {
	write_stream >s
	write_all s
	[[ $(jq -c '[.traceEvents[] | select(.cat == "lock")][0] | .name, .args' report.trace) == '"shop::cart::add"
{"reason":"lock","duration_ns":8283604,"estimated":false,"task":"shop::cart::add","waker":"tokio-rt-worker (process 42, thread 45) in shop::cart::recount","stack":["syscall","shop::cart::add /src/cart.rs:143","poll"]}' ]]
	[[ $(jq -r '.traceEvents[] | select(.cat == "run-queue" and .tid == 44).args.culprit' report.trace) == 'rival (process 77, thread 78)' ]]
}

@test "when it was, by the wall clock" {
	write_stream >s
	write_all s
	[[ $(jq -r .trace.start_time report.json) == "$(date -u -d @1700000000 +%FT%T).223456789Z" ]]
	sed -i '/^meta clock/d' s
	write_all s
	[[ $(jq -r .trace.start_time report.json) == null ]]
}

@test "stacks are referred to by id, and stand once" {
	write_stream >s
	write_hostile >h
	gzip -dc "$ROOT/examples/demo-recording.txt.gz" >demo
	for stream in s h demo; do
		echo "$stream"
		write_all "$stream"
		good_references
	done
}

# --- hostile names

@test "hostile names: valid JSON, nothing raw, and every byte can be had back" {
	write_hostile >h
	write_all h
	for format in json ndjson trace; do
		iconv -f UTF-8 -t UTF-8 "report.$format" >/dev/null
		[[ ! $(LC_ALL=C grep -lP '[\x00-\x09\x0b-\x1f\x7f]|\xc2[\x80-\x9f]|\xe2\x80\xae' "report.$format") ]]
		jq -e . "report.$format" >/dev/null
		/usr/bin/python3 -c 'import json, sys
for line in open(sys.argv[1]) if "ndjson" in sys.argv[1] else [open(sys.argv[1]).read()]: json.loads(line)' "report.$format"
	done
	[[ $(jq -r '.workers[0].name' report.json) == '\xff\xfe"'$'\e]0;x\a''\x5cxff'$'\n''\xe2\x80\xae' ]]
	printf '%b' "$(jq -r '.workers[0].name' report.json)" >name
	printf '\xff\xfe"\x1b]0;x\x07\x5cxff\x0a\xe2\x80\xae' >wanted
	cmp name wanted
	[[ $(jq -r '.traceEvents[] | select(.cat == "sleep").name' report.trace) == 'sh"op::\xc3<'$'\e[31m\n''</script>${x}`id`::pay' ]]
	[[ $(jq -r '.target.name' report.json) == '\x9b2J"},{' ]]
	(($(jq '[.stacks[].frames[].name | length] | max' report.json) == 10000))
}

@test "the locale changes nothing" {
	write_hostile >h
	for format in json ndjson trace; do
		LC_ALL=C "$POSTPROC" report --format "$format" h >c
		LC_ALL=C.UTF-8 "$POSTPROC" report --format "$format" h >utf8
		cmp c utf8
	done
}

# --- writing

@test "a full disk fails, a reader that goes away does not hang, and no half file stays" {
	gzip -dc "$ROOT/examples/demo-recording.txt.gz" >demo
	for format in json ndjson trace; do
		run -1 bash -c "'$POSTPROC' report --format $format demo >/dev/full"
		[[ $output == *'No space left on device'* ]]
		timeout 100 bash -c "'$POSTPROC' report --format $format demo | head -c 100 >short"
		[[ $(wc -c <short) == 100 ]]
		run -1 "$POSTPROC" report --format "$format=nowhere/x" demo
		run -1 "$POSTPROC" report --format "$format=x" no-such-file
		[[ ! -e x ]]
	done
	[[ $(ls) == demo$'\n'short ]]
}

# --- hud-trace

@test "hud-trace refuses, before it traces, what is no format and what cannot be written" {
	mkdir dir
	for wrong in nope JSON '' 'nope=x' $'\e[31m' '=x'; do
		run -2 --separate-stderr "$HUD" --print-script --format "$wrong" hudnosuchproc
		[[ ! $output ]]
		[[ ${stderr_lines[0]} == "hud-trace: --format: '"*"' is unknown; the formats are:" ]]
		[[ ${stderr_lines[-1]} == "Try 'hud-trace --help'." ]]
		[[ $stderr == *ndjson* && $stderr != *$'\e'* ]]
	done
	for wrong in json=nowhere/x trace=dir text=/proc/x.txt csv=dir/; do
		run -2 --separate-stderr "$HUD" --print-script --format "$wrong" hudnosuchproc
		echo "$wrong $stderr"
		[[ ${stderr_lines[0]} == "hud-trace: ${wrong#*=}: "* ]]
	done
	run -2 --separate-stderr "$HUD" --print-script --format json= hudnosuchproc
	run -2 --separate-stderr "$HUD" --print-script --format json --format trace=nowhere/x hudnosuchproc
	run -2 --separate-stderr "$HUD" --headless --export nowhere/trace.json --print-script hudnosuchproc
	[[ ${stderr_lines[0]} == 'hud-trace: nowhere/trace.json: No such file or directory' ]]
	run -2 --separate-stderr "$HUD" --raw --format json hudnosuchproc
	[[ ${stderr_lines[0]} == 'hud-trace: either --raw or --format, not both' ]]
	[[ $(find . -mindepth 1) == ./dir ]]
}

@test "hud-trace takes formats that can be written, and leaves their files alone until then" {
	echo old >old
	for right in --format=json --format=trace=new '--format=ndjson=a b=c' --export=old --export=/dev/null; do
		run -1 "$HUD" --print-script "$right" --headless hudnosuchproc
		[[ $output == *"no process is named 'hudnosuchproc'"* ]]
	done
	[[ $(ls) == old && $(cat old) == old ]]
}

@test "--format list, both manuals and the completion have the same formats" {
	"$HUD" --format list | awk '{ print $1 }' | sort >listed
	formats | sort >own
	# .BR text ", " json " and " markdown ;
	sed -n '/^The formats are$/{n;p}' "$ROOT/bin/hud-trace.8" | sed 's/^\.BR//; s/"[^"]*"/ /g; s/;//' | tr -s ' ' '\n' | sed '/^$/d' | sort >manual
	sed -n '/^\.SH FORMATS/,/^\.SH [^F]/p' "$ROOT/bin/hud-postproc.1" | grep -A 1 '^\.TP' | sed -nE 's/^\.BR? ([a-z]+).*/\1/p' | sort >page
	sed -n '/--format)/{n;p}' "$ROOT/bin/hud-trace.bash-completion" | sed 's/.*"$word"//; s/ list$//' | tr -s ' ' '\n' | sed '/^$/d' | sort >completion
	(($(wc -l <own) > 5))
	diff own listed
	diff own manual
	diff own page
	diff own completion
}

@test "--format and --export are in the manual page and the completion" {
	for option in --format --export; do
		sed 's/\\-/-/g' "$ROOT/bin/hud-trace.8" | grep -qF -- "$option"
		grep -qF -- "$option" "$ROOT/bin/hud-trace.bash-completion"
	done
}

@test "make install puts the schema where the manual says" {
	make -s -C "$ROOT" install DESTDIR="$PWD/root" PREFIX=/usr/local
	cmp "$SCHEMA" root/usr/local/share/hud-trace/report-schema.json
	sed 's/\\-/-/g' "$ROOT/bin/hud-postproc.1" | grep -qF /usr/local/share/hud-trace
	make -s -C "$ROOT" uninstall DESTDIR="$PWD/root" PREFIX=/usr/local
	[[ ! -e root/usr/local/share/hud-trace ]]
}

@test "a stack is known though nothing had happened for minutes before it was described" {
	cat >stream <<-END
		hud-trace 1
		meta target app
		meta pid 100
		meta threshold-us 5000
		meta arch x86_64
		meta polls tls DWARF
		thread 101 worker 1 w
		begin 1000000000
		stack 5 101 1000 7000 7100 0
		sleep 100000000000 101 0 40000000 0 S 230 5 0 0 0 -
		poll 100001000000 101 99950000000 100000500000 99949000000 40000000 7 1 M E
		stack 6 101 2000 7000 7100 0
		sleep 200000000000 101 0 40000000 0 S 230 6 0 0 0 -
		poll 200001000000 101 199950000000 200000500000 199949000000 40000000 7 2 M E
		end 300000000000 interrupt
	END
	run -0 "$POSTPROC" report --format ndjson stream
	[[ $(jq -r 'select(.type == "block") | .function' <<<"$output" | tr '\n' ' ') == '[anon]+0x1000 [anon]+0x2000 ' ]]
}

@test "a format is the same alone and beside one that needs every block" {
	gzip -dc "$ROOT/examples/demo-recording.txt.gz" >demo
	for format in json folded pprof prometheus html; do
		"$POSTPROC" report --format "$format=alone" demo
		"$POSTPROC" report --format "$format=beside" --format ndjson=blocks demo
		[[ -s alone && -s blocks ]]
		cmp alone beside
	done
}

@test "addresses of the same line are one stack, other lines are not" {
	local a b line counts

	while read -r line counts; do
		{
			printf '%s\n' 'hud-trace 1' 'meta target shop' 'meta arch x86_64' 'meta threshold-us 5000' 'meta polls estimate as asked for' \
				'thread 43 worker 1 tokio-rt-worker' 'begin 1000000000'
			for a in 1:11029:7 2:1102d:$line; do
				b=${a#*:}
				printf 'frame a%s whole call user %s 29 %s shop shop::page shop::page - /src/page.rs\n' "${a%%:*}" "${b%:*}" "${b#*:}"
				printf 'frame a%s whole call runtime 12001 1001 - shop poll tokio::runtime::task::raw::poll - -\n' "${a%%:*}"
				printf 'frame a%s whole call runtime 13001 2001 - shop run tokio::runtime::scheduler::multi_thread::worker::run - -\n' "${a%%:*}"
			done
			printf 'sleep %d000000029 43 0 20000000 1029 S 230 a%d 0 0 0 swapper/0\n' 1100 1 1200 2
			printf 'end 2000000000 exit\n'
		} >stream
		run -0 --separate-stderr "$POSTPROC" report --format json stream
		[[ $(jq -c '[.blockers[].stacks[].count]' <<<"$output") == "$counts" ]]
	done <<-'END'
		7 [2]
		8 [1,1]
	END
	# It keeps the original addresses.
	"$POSTPROC" resolve stream | grep '^frame a2' | grep -q ' 1102d '
}

# f takes 60 ms, with nothing in the queue; g 40 ms in two polls, with 11 and 3 tasks: 20 ms x 14 = 280 ms.
@test "ready tasks that a blocker held up are in the report and in the formats, and can decide its rank" {
	cat >in <<-'END'
		hud-trace 2
		meta target app
		meta pid 100
		meta threshold-us 5000
		meta polls tls DWARF
		thread 101 worker 1 tokio-rt-worker
		begin 1000000000
		frame 5 whole call user 5 5 1 app f app::f - -
		frame 5 whole call runtime 20 20 1 app poll tokio::runtime::task::raw::poll - -
		frame 5 whole call runtime 30 30 1 app run multi_thread::worker::run - -
		frame 6 whole call user 6 6 1 app g app::g - -
		frame 6 whole call runtime 20 20 1 app poll tokio::runtime::task::raw::poll - -
		frame 6 whole call runtime 30 30 1 app run multi_thread::worker::run - -
		sample 2010000000 101 0 0 5
		ready 2050000000 101 2000000000 0 0 0 1
		poll 2060000000 101 2000000000 2060000000 2000000000 0 7 1 M E
		sample 3010000000 101 0 0 6
		ready 3015000000 101 3000000000 10 1 5 0
		poll 3020000000 101 3000000000 3020000000 3000000000 0 7 2 M E
		sample 4010000000 101 0 0 6
		ready 4015000000 101 4000000000 3 0 0 0
		poll 4020000000 101 4000000000 4020000000 4000000000 0 7 3 M E
		end 5000000000 interrupt
	END
	"$POSTPROC" report in >text
	cat text
	grep -A1 -E '^ 1 +60.0 ms' text | grep -qx '    f'
	grep -qxE ' +held up 11 ready tasks at the median, 11 at the worst; in 1 of 2 polls one' text
	grep -qE '^ +held up +nothing: no other task was ready in the worker.s queue$' text
	paste -sd' ' text | tr -s ' ' | grep -qF 'could not be stolen; 280 ms of delay together; up to 5 more were in the injection queue with no worker idle'
	"$POSTPROC" report --sort delay in >text
	grep -A1 -E '^ 1 +40.0 ms' text | grep -qx '    g'
	"$POSTPROC" report --sort delay --format csv in | cut -d , -f 3,16- | tr -d '\r' >csv
	diff - csv <<-'END'
		function,held_up_p50,held_up_max,delay_ns
		"g",11,11,280000000
		"f",0,0,0
	END
	"$POSTPROC" report --format prometheus in >metrics
	grep -qxF 'hud_trace_task_delay_seconds_total{target="app",function="g",reason="computing",task="g"} 0.280000000' metrics
	"$POSTPROC" report --format json in | jq -e '.blockers | map(.held_up.delay_ns) == [0, 280000000]'
	"$POSTPROC" report --format markdown --sort delay in >table.md
	grep -E '^\| (#|1|2) ' table.md | tr -d ' ' | cut -d '|' -f 2,9 >columns
	diff - columns <<-'END'
		#|helduptasks
		1|11/11
		2|0/0
	END
	"$POSTPROC" report --format ndjson=blocks.ndjson in
	STRICT=1 valid blocks.ndjson
	[[ $(jq -c 'select(.type == "block").held_up' blocks.ndjson) == '{"tasks":0,"lifo":false,"injected":0,"idle_workers":1}
{"tasks":11,"lifo":true,"injected":5,"idle_workers":0}
{"tasks":3,"lifo":false,"injected":0,"idle_workers":0}' ]]
	run -2 "$POSTPROC" report --sort size in
	[[ $output == *"--sort: 'size' is not total, max, count or delay"* ]]
}

@test "where it is not known what was ready, the report says why" {
	printf '%s\n' 'hud-trace 2' 'meta polls tls table 1.30' 'meta no-queues nobody knows' 'thread 101 worker 1 w' 'begin 1000000000' \
		'sample 2010000000 101 0 0 0' 'poll 2060000000 101 2000000000 2060000000 2000000000 0 7 1 M E' 'end 5000000000 interrupt' >in
	"$POSTPROC" report in >text
	grep -qx '  held up    how many ready tasks is not known: nobody knows' text
}

# The first runtime's pool is full in the last three looks, and its injection queue grows in five; the second one's cannot start a
# thread in the last two. What came before the trace does not count.
@test "what runtimes say of themselves, and a sentence where something is wrong" {
	{
		printf '%s\n' 'hud-trace 2' 'meta target app' 'runtime 500000000 aa0 M 2 0 9999 9999 9999 1 1 9999 4 main' 'begin 1000000000'
		for i in 1 2 3 4 5 6; do
			echo "runtime ${i}000000000 aa0 M 2 1 $((i * 100)) $((i * 10)) 7 $((i > 3 ? 4 : 3)) 0 $((i > 3 ? i : 0)) 4 main"
			echo "runtime ${i}100000000 bb0 C 1 - - - - 1 $((i < 5)) $((i > 4 ? 8 : 0)) 512 "
			# One worker is in a poll until 0.3 s before the last look; what Tokio counts of it stands still.
			echo "worked ${i}000000000 aa0 0 101 T $((i > 5 ? 11 : 10)) $((i > 5 ? 9700000000 : 5000000000)) 0"
			echo "worked ${i}000000000 aa0 1 0 T $((i * 3)) $((7000000000 + i * 50000000)) 1"
			# Tokio has no worker with this number.
			echo "worked ${i}000000000 aa0 18446744073709551615 0 T $i ${i}000000000 1"
			echo "worked ${i}100000000 bb0 0 201 K $((i * 20)) ${i}200000000 -"
		done
		echo 'end 7000000000 interrupt'
	} >in
	"$POSTPROC" report in >text
	cat text
	# A median is the middle of a bucket of 1/16.
	grep -qE '^ +main +2 +408/600 +41/60 +7/7 +4/6$' text
	grep -qE '^ +current-thread +1 +- +- +- +0/8$' text
	grep -qxF '      workers busy 49.5%, the busiest 94.0%; 3 parks a second' text
	grep -qxF '      workers busy at least 100.0%; at most 20 parks a second' text
	"$POSTPROC" report --verbose in | grep -qxF '        worker 0 (thread 101): busy 94.0%, 0 parks a second'
	paste -sd' ' text | tr -s ' ' >line
	grep -qF 'main: for 4 s in a row worker 0 (thread 101) was busy all the time, and the other was idle' line
	grep -qF 'Tokio before 1.45 does not count how busy workers are' line
	grep -qF 'main: the blocking pool was at its cap of 4 threads for 3.00 s: jobs waited for one, up to 6 at once' line
	grep -qF 'main: the injection queue only grew for 5 s' line
	grep -qF 'current-thread: jobs of the blocking pool waited for 2.00 s, up to 8 at once, although it may have more threads' line
	"$POSTPROC" report --format prometheus in >metrics
	diff - <(grep 'runtime="' metrics) <<-'END'
		hud_trace_workers_count{target="app",runtime="1",name="main"} 2
		hud_trace_workers_count{target="app",runtime="2",name=""} 1
		hud_trace_live_tasks_count{target="app",runtime="1",name="main"} 600
		hud_trace_global_queue_depth{target="app",runtime="1",name="main"} 60
		hud_trace_total_local_queue_depth{target="app",runtime="1",name="main"} 7
		hud_trace_blocking_threads_count{target="app",runtime="1",name="main"} 2
		hud_trace_blocking_threads_count{target="app",runtime="2",name=""} 1
		hud_trace_idle_blocking_threads_count{target="app",runtime="1",name="main"} 0
		hud_trace_idle_blocking_threads_count{target="app",runtime="2",name=""} 0
		hud_trace_blocking_queue_depth{target="app",runtime="1",name="main"} 6
		hud_trace_blocking_queue_depth{target="app",runtime="2",name=""} 8
		hud_trace_total_park_count_total{target="app",runtime="1",name="main"} 16
		hud_trace_total_busy_duration_seconds_total{target="app",runtime="1",name="main"} 4.950000000
	END
	"$POSTPROC" report --format json=runtimes.json --format ndjson=runtimes.ndjson in
	STRICT=1 valid runtimes.json runtimes.ndjson
	jq -e '.runtimes | map([.name, .tasks.max, .pool_full_ns, .one_busy_looks, (.worked | map([.tid, .busy_ns, .parks, .counted_by]))])
		== [["main", 600, 3000000000, 4, [[101, 4700000000, 1, "tokio"], [null, 250000000, 15, "tokio"]]],
			[null, null, 0, 0, [[201, 5000000000, 100, "kernel"]]]]' runtimes.json
	[[ $(tail -n 1 runtimes.ndjson | jq -c .runtimes) == "$(jq -c .runtimes runtimes.json)" ]]
}

# Two threads of the first pool wait for jobs that have not begun, and these for a thread; one computes. The second one has no thread but its
# worker.
@test "where the threads of a full blocking pool stood" {
	{
		printf '%s\n' 'hud-trace 2' 'meta target app' 'begin 1000000000'
		for i in 1 2 3 4; do
			echo "runtime ${i}000000000 aa0 M 1 0 - 0 0 4 0 2 4 main"
			echo "runtime ${i}000000000 bb0 M 1 0 - 0 0 1 0 3 9 other"
		done
		for id in 1 2; do
			echo "frame $id whole call system 500 10 - libc.so.6 syscall syscall - -"
			((id == 2)) || echo "frame $id whole inlined runtime 700 20 9 app park tokio::runtime::park::CachedParkThread::block_on - /t/tokio-1.43.1/src/runtime/park.rs"
			echo "frame $id whole call user 800 30 $((id + 40)) app shop::job$id shop::job$id - src/job.rs"
			echo "frame $id whole call runtime 900 40 9 app run tokio::runtime::blocking::pool::Inner::run - /t/tokio-1.43.1/src/runtime/blocking/pool.rs"
		done
		printf 'pooled 2000000000 aa0 %s\n' '11 202 J 1' '12 202 J 1' '13 - - 2'
		echo 'end 5000000000 interrupt'
	} >in
	"$POSTPROC" report in >text
	cat text
	grep -qxF '      2 of 3 threads, block_on: shop::job1  src/job.rs:41' text
	grep -qxF '      1 of 3 threads, computing: shop::job2  src/job.rs:42' text
	paste -sd' ' text | tr -s ' ' >line
	grep -qF 'main: the blocking pool was at its cap of 4 threads for 3.00 s: jobs waited for one, up to 2 at once' line
	grep -qF 'main: 2 of these threads wait for jobs of the same pool which wait for a thread' line
	grep -qF 'other: jobs of the blocking pool waited for 3.00 s, up to 3 at once, and it had no threads but the workers' line
	run ! grep -q 'a deadlock' line
	sed '/^pooled .* 13 /d; s/ 4 0 2 4 main/ 3 0 2 3 main/' in >all
	"$POSTPROC" report all | paste -sd' ' | tr -s ' ' >line
	grep -qF 'main: a deadlock: every thread of the blocking pool waits for a job of the same pool, and these jobs wait for a thread' line
	"$POSTPROC" report --format json=full.json in
	STRICT=1 valid full.json
	jq -e '.runtimes[0].pool_stands == [
		{"threads": 2, "waiting_for_jobs": 2, "reason": "block-on", "function": "shop::job1", "file": "src/job.rs", "line": 41},
		{"threads": 1, "waiting_for_jobs": 0, "reason": "computing", "function": "shop::job2", "file": "src/job.rs", "line": 42}] and
		.runtimes[1].pool_none_ns == 3000000000' full.json
}

# Site 10 is task f's.
@test "how long woken tasks waited for their polls, by task" {
	printf '%s\n' 'hud-trace 2' 'meta target app' 'meta polls uprobe 1 types of futures' 'site P a 1 0 app::f' 'begin 1000000000' \
		'@took[10, 0]: 8' '@took[10, 6]: 2' '@waited[10, 0]: 3' '@waited[10, 5]: 1' 'end 2000000000 interrupt' >in
	"$POSTPROC" report in | tr -s ' ' >text
	cat text
	grep -A1 -xE ' 4 75.0% - - - - 25.0% -' text | grep -qx ' app::f'
	grep -A1 -xE ' 10 80.0% - - - - - 20.0%' text | grep -qx ' app::f'
	"$POSTPROC" report --format json=waits.json in
	STRICT=1 valid waits.json
	jq -e '.tasks | map([.task, (.polls | map(.count)), (.waits | map(.count))]) == [["app::f", [8, 0, 0, 0, 0, 0, 2], [3, 0, 0, 0, 0, 1, 0]]]' waits.json
}
