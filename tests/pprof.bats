#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# The formats pprof, prometheus and markdown, read by other people's readers: protoc, prometheus_client,
# cmark-gfm.
#
# The golden files are made of write_stream's output. After a wanted change, rewrite them with UPDATE_GOLDEN=1
# and look at the difference.

bats_require_minimum_version 1.5.0

setup() {
	ROOT=$(cd "$BATS_TEST_DIRNAME/.." && pwd)
	POSTPROC=$ROOT/build/hud-postproc
	GOLDEN=$ROOT/tests/unit/golden
	EXE=/opt/shop
	cd "$BATS_TEST_TMPDIR"
}

# frame ID CALL ORIGIN PC LINE NAME [FILE [WHOLE-NAME]]
frame() {
	printf 'frame %s whole %s %s %s 10 %s %s %s %s - %s\n' "$1" "$2" "$3" "$4" "$5" "$EXE" "$6" "${8-$6}" "${7:--}"
}

# A sleep of a worker: sleep ID TID AT-MS TOOK-MS
sleep_line() {
	printf 'sleep %d %s 0 %d 0 S 230 %s 0 0 0 -\n' "$(($3 * 1000000))" "$2" "$(($4 * 1000000))" "$1"
}

# A stack of two machine frames: function $2 in $3, inlined into shop::page, polled by Tokio.
stack() {
	frame "$1" call system 5550 81 clock_nanosleep ./nanosleep.c
	frame "$1" inlined user 5600 7 "$2" "$3"
	frame "$1" call user 5600 40 shop::page /home/ann/shop/src/page.rs 'shop::page::{{closure}}'
	frame "$1" call runtime 5700 200 tokio::runtime::task::raw::poll /t/tokio-1.43.1/src/runtime/task/raw.rs
	frame "$1" call runtime 5800 300 tokio::runtime::scheduler::multi_thread::worker::run /t/tokio-1.43.1/src/runtime/x.rs
}

# Difficult names: with ends of labels, cells, lines or code spans, HTML, invalid UTF-8, changes of text
# direction, and two that become equal when escaped. $1: how many more blockers.
write_stream() {
	local i

	cat <<-'END'
	hud-trace 1
	meta target shop "1"|x`\x0a<b>\xff
	meta pid 42
	meta exe /opt/shop
	meta build-id abcd
	meta clock 500000000 1700000000000000000
	meta threshold-us 5000
	meta hz 99
	map 1000 2000 r-xp 0 ef01 /usr/lib/libc.so.6
	map 5000 6000 r-xp 1000 abcd /opt/shop
	thread 43 worker 1 w`0\xfe|
	thread 44 worker 1 w-1
	begin 1000000000
	Lost 3 events
	END
	stack a1 '<script>alert("1")</script>|a\\|b' '/home/ann/shop/src/|`.rs'
	stack a2 'shop::``tick`::\x0a#\x20@ann\x20https://example.com' /home/ann/shop/src/b.rs
	stack a3 'same\xff' /home/ann/shop/src/c.rs
	stack a4 'same\x5cxff' /home/ann/shop/src/c.rs
	stack a5 'shop::\xe2\x80\xaeturn\xc3\xa9' /home/ann/shop/src/d.rs
	sleep_line a1 43 1100 20
	sleep_line a1 44 1200 5
	sleep_line a1 43 1300 2600
	sleep_line a2 43 1400 100
	sleep_line a3 44 1500 30
	sleep_line a4 44 1550 40
	sleep_line a5 44 1600 50
	echo 'runq 1700000000 43 0 30000001 P a2 77 78 0 rival'
	echo 'runq 1800000000 43 0 10000001 W 0 77 78 0 rival'
	for ((i = 0; i < ${1-0}; i++)); do
		stack "b$i" "shop::f$i"
		sleep_line "b$i" 43 1900 6
	done
	echo 'end 2000000000 interrupt'
}

# The totals in csv: ns and counts.
csv_totals() {
	/usr/bin/python3 -c '
import csv, sys
rows = list(csv.DictReader(open(sys.argv[1], newline="", encoding="latin-1")))
assert rows
print(sum(int(r["total_ns"]) for r in rows), sum(int(r["count"]) for r in rows))' "$1"
}

is_golden() {
	[[ ! ${UPDATE_GOLDEN-} ]] || cp "$1" "$GOLDEN/$1"
	diff -u "$GOLDEN/$1" "$1"
}

# Writes recording $1 as format $2 to file $3, and csv to all.csv.
report() {
	"$POSTPROC" report --headless --format "$2=$3" --format csv=all.csv "$1"
}

# --- pprof

# What protoc reads, in profile.txt, with texts instead of indices: `name: "..."`.
decode() {
	gzip -t "$1"
	gzip -dc "$1" | protoc --decode=perftools.profiles.Profile -I "$ROOT/postproc" format/profile.proto >profile.txt
	/usr/bin/python3 - profile.txt >named.txt <<-'END'
	import re, sys
	lines = open(sys.argv[1], encoding="utf-8").read().split("\n")
	texts = [m.group(1) for m in (re.match(r'string_table: "(.*)"$', l) for l in lines) if m]
	assert texts[0] == "" and len(set(texts)) == len(texts)
	index = re.compile(r"( *(?:type|unit|key|str|name|system_name|filename|build_id|comment|default_sample_type)): (\d+)$")
	for l in lines:
	    m = index.match(l)
	    print(m.group(1) + ": " + texts[int(m.group(2))] if m else l)
	END
}

# Sums of the profile's values: ns and counts.
profile_totals() {
	awk '/^  value:/ { sum[n++ % 3] += $2 } END { printf "%.0f %.0f\n", sum[1], sum[0] }' profile.txt
}

@test "pprof: the messages and numbers of the published layout" {
	# The definition that other readers were built from: message, field, number.
	sed -n 's/^message \(.*\) {.*/\1/p; s/^ *\(repeated \)*[A-Za-z0-9]* \([a-z_]*\) = \([0-9]*\).*/\2 \3/p' \
		"$ROOT/postproc/format/profile.proto" | paste -sd' ' >layout
	cat layout
	[[ $(cat layout) == "Profile sample_type 1 sample 2 mapping 3 location 4 function 5 string_table 6 time_nanos 9 \
duration_nanos 10 period_type 11 period 12 comment 13 default_sample_type 14 ValueType type 1 unit 2 Sample location_id 1 \
value 2 label 3 Label key 1 str 2 num 3 num_unit 4 Mapping id 1 memory_start 2 memory_limit 3 file_offset 4 filename 5 \
build_id 6 has_functions 7 has_filenames 8 has_line_numbers 9 has_inline_frames 10 Location id 1 mapping_id 2 address 3 \
line 4 Line function_id 1 line 2 Function id 1 name 2 system_name 3 filename 4" ]]
}

@test "pprof: a sample per stack, worker and blocker; as much as csv" {
	write_stream >in
	report in pprof out.pb.gz
	decode out.pb.gz
	cat named.txt
	[[ $(profile_totals) == "$(csv_totals all.csv)" ]]
	# a1 by two workers; a2 asleep and waiting; a3 and a4, which are two here; a5; and a wait without a
	# stack.
	[[ $(grep -c '^sample {' named.txt) == 8 ]]
	head -12 named.txt | paste -sd' ' | grep -qx 'sample_type {   type: blocks   unit: count } sample_type {   type: blocked   unit: nanoseconds } sample_type {   type: delay   unit: nanoseconds }'
	grep -qx 'default_sample_type: blocked' named.txt
	grep -qx 'time_nanos: 1700000000500000000' named.txt
	grep -qx 'duration_nanos: 1000000000' named.txt
	grep -qx 'period: 1' named.txt
	grep -qxF 'comment: threshold 5000000 ns' named.txt
}

@test "pprof: labels, inlined calls in one location, the executable first" {
	write_stream >in
	report in pprof out.pb.gz
	decode out.pb.gz
	cat named.txt
	# Two blocks of the stack a1 on thread 43.
	paste -sd' ' named.txt | grep -qF 'value: 2   value: 2620000000   value: 0   label {     key: worker     str: w`0\\xfe|   }   label {     key: tid     num: 43   }   label {     key: role     str: worker   }   label {     key: reason     str: sleep   }'
	paste -sd' ' named.txt | grep -qF 'value: 1   value: 30000001   value: 0   label {     key: worker     str: w`0\\xfe|   }   label {     key: tid     num: 43   }   label {     key: role     str: worker   }   label {     key: reason     str: run-queue   }'
	# 0x5600 has both functions; those of sleep and raw::poll have one each.
	[[ $(awk '/^location/ { n = 0; at = "" } /^  address:/ { at = $2 } /^  line {/ { n++ } /^}/ && at == 22016 { print n }' named.txt | sort -u) == 2 ]]
	[[ $(awk '/^location/ { n = 0; at = "" } /^  address:/ { at = $2 } /^  line {/ { n++ } /^}/ && at == 21840 { print n }' named.txt) == 1 ]]
	[[ $(awk '/^mapping/ { getline; getline; print $2 }' named.txt | paste -sd' ') == "20480 4096" ]]
	awk '/^mapping/, /^}/' named.txt | paste -sd' ' >mappings
	[[ $(cat mappings) == 'mapping {   id: 2   memory_start: 20480   memory_limit: 24576   file_offset: 4096   filename: /opt/shop   build_id: abcd   has_functions: true   has_filenames: true   has_line_numbers: true   has_inline_frames: true } mapping {   id: 1   memory_start: 4096   memory_limit: 8192   filename: /usr/lib/libc.so.6   build_id: ef01 }' ]]
	grep -A3 -F 'name: shop::page' named.txt | paste -sd' ' | grep -qF 'system_name: shop::page::{{closure}}   filename: /home/ann/shop/src/page.rs'
	# No control byte, and no invalid UTF-8: protoc prints such bytes as octal numbers.
	grep -qF 'same\\xff' profile.txt
	run ! grep -E '[^\\]\\([nrt]|0[0-3]|177)' profile.txt
	run ! env LC_ALL=C.UTF-8 grep -axv ".*" named.txt
	# Everything that is referred to exists.
	awk '$1 == "location_id:" { l[$2] } $1 == "function_id:" { f[$2] } $1 == "mapping_id:" { m[$2] }
	/^location/ { getline; L[$2] } /^function/ { getline; F[$2] } /^mapping/ { getline; M[$2] }
	END { for (i in l) if (!(i in L)) exit 1; for (i in f) if (!(i in F)) exit 1; for (i in m) if (!(i in M)) exit 1; if (!length(l)) exit 1 }' named.txt
}

@test "pprof: the recorded demo server, as much as csv; twice the same" {
	gzip -dc "$ROOT/examples/demo-recording.txt.gz" >in
	report in pprof out.pb.gz
	report in pprof again.pb.gz
	decode out.pb.gz
	cmp out.pb.gz again.pb.gz
	[[ $(profile_totals) == "$(csv_totals all.csv)" ]]
	grep -qxF '  name: demo_server::blocking::read_template' named.txt
	grep -qF 'str: hyper::server::server::new_svc::NewSvcTask' named.txt
}

@test "pprof: a trace without events is a profile, too" {
	printf '%s\n' 'hud-trace 1' 'begin 1' 'end 5 exit' >in
	"$POSTPROC" report --headless --format pprof in >out.pb.gz
	decode out.pb.gz
	grep -qx 'duration_nanos: 4' named.txt
	run ! grep -q '^sample {' named.txt
	run -1 "$POSTPROC" report --headless --format pprof=/dev/full in
}

@test "pprof: is not for a terminal" {
	write_stream >in
	run -2 script -qec "'$POSTPROC' report --headless --format pprof in" /dev/null
	[[ $output == *"pprof is nothing for a terminal: --format pprof=FILE"* ]]
}

# --- prometheus

# Sums of what prometheus_client reads in $1: ns and counts of blockers and distributions, and how many series
# blockers have.
metric_totals() {
	/usr/bin/python3 - "$1" <<-'END'
	import sys
	from decimal import Decimal
	from prometheus_client.parser import text_string_to_metric_families
	text = open(sys.argv[1], encoding="utf-8", newline="").read()
	value, series = {}, set()
	for family in text_string_to_metric_families(text):
	    assert family.documentation and family.type != "unknown", family
	    for s in family.samples:
	        key = (s.name, tuple(sorted(s.labels.items())))
	        assert key not in series, key
	        series.add(key)
	        value.setdefault(s.name, []).append(s.value)
	def sum_of(*names):
	    return sum(v for n in names for v in value.get("hud_trace_" + n, []))
	print(round(sum_of("blocked_seconds_total", "run_queue_seconds_total") * 1e9),
	      int(sum_of("blocks_total", "run_queue_waits_total")))
	print(round(sum_of("block_duration_seconds_sum", "run_queue_wait_duration_seconds_sum") * 1e9),
	      int(sum_of("block_duration_seconds_count", "run_queue_wait_duration_seconds_count")))
	print(len(value["hud_trace_blocked_seconds_total"]))
	END
}

@test "prometheus: golden" {
	write_stream 2 >in
	report in prometheus prometheus.txt
	is_golden prometheus.txt
	LC_ALL=C.UTF-8 "$POSTPROC" report --headless --format prometheus in | diff prometheus.txt -
}

@test "prometheus: the same labels come once; as much as csv; bounded" {
	write_stream 30 >in
	"$POSTPROC" report --headless --top 6 --format prometheus=out --format csv=all.csv in
	metric_totals out >totals
	cat out totals
	[[ $(sed -n 1p totals) == "$(csv_totals all.csv)" ]]
	[[ $(sed -n 2p totals) == "$(csv_totals all.csv)" ]]
	# Six of the top, of which two become one; and the others. Waits for a CPU take no place of theirs.
	[[ $(sed -n 3p totals) == 6 ]]
	[[ $(grep -c '^hud_trace_run_queue_seconds_total{' out) == 2 ]]
	gzip -dc "$ROOT/examples/demo-recording.txt.gz" >in
	report in prometheus out
	metric_totals out >totals
	cat totals
	[[ $(sed -n 1p totals) == "$(csv_totals all.csv)" ]]
	[[ $(sed -n 2p totals) == "$(csv_totals all.csv)" ]]
}

@test "prometheus: every line is by the rules" {
	write_stream 30 >in
	report in prometheus out
	# HELP and TYPE come once, before their metric; buckets grow, and the last one is the count.
	awk '/^# HELP/ { if (seen[$3]++) exit bad = 1; help = $3; next }
	/^# TYPE/ { if ($3 != help || $4 !~ /^(counter|gauge|histogram)$/) exit bad = 1; type = $4; before = 0; next }
	!/^hud_trace_[a-z_]+\{([a-z]+="([^"\\]|\\["\\])*"(,[a-z]+="([^"\\]|\\["\\])*")*)\} [0-9.]+$/ { print; exit bad = 1 }
	index($0, help) != 1 { print; exit bad = 1 }
	type == "histogram" && /_bucket/ { if ($NF < before) exit bad = 1; before = $NF }
	type == "histogram" && /_count/ { if ($NF != before) exit bad = 1; counts++ }
	END { exit bad || counts != 2 }' out
}

# --- markdown

@test "markdown: golden" {
	write_stream 2 >in
	"$POSTPROC" report --headless --top 8 --format markdown=markdown.txt in
	is_golden markdown.txt
}

@test "markdown: a table of as many cells as it should have, whatever the names" {
	write_stream 2 >in
	"$POSTPROC" report --headless --top 6 --format markdown in >out
	cat out
	cmark-gfm -e table -e autolink -e strikethrough out >out.html
	cat out.html
	# Six of seven that blocked, and below these two that waited for a CPU.
	[[ $(grep -c '^<tr>' out.html) == 10 ]]
	[[ $(grep -c '^<td' out.html) == $((6 * 11 + 2 * 6)) ]]
	[[ $(grep -c '^<table>' out.html) == 2 ]]
	# Nothing of the names is markup.
	run ! grep -E '<(script|b|a|em|del|h1)\b' out.html
	grep -qF '<code>&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt;|a\\|b</code>' out.html
	grep -qF '<code>shop::``tick`::\x0a# @ann https://example.com</code>' out.html
	grep -qF '<code>src/|`.rs:7</code>' out.html
	grep -qE '^<p>[0-9]+ more, together ' out.html
}
