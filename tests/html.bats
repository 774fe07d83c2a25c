#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# The format html: what it says, that it is whole, and that a hostile target's names stay text. suites/html.bats opens it in a
# browser.
#
# After a wanted change, rewrite the golden file with UPDATE_GOLDEN=1 and look at the difference.

bats_require_minimum_version 1.5.0

setup() {
	ROOT=$(cd "$BATS_TEST_DIRNAME/.." && pwd)
	POSTPROC=$ROOT/build/hud-postproc
	GOLDEN=$ROOT/tests/unit/golden
	cd "$BATS_TEST_TMPDIR"
}

# Two workers, a sleep, a lock that another thread released, a wait for a CPU. $1 stands for the function's name.
write_stream() {
	local name=${1:-shop::pay}

	cat <<-END
	hud-trace 1
	meta target shop
	meta pid 42
	meta exe /nonexistent/shop
	meta arch x86_64
	meta threshold-us 5000
	meta hz 100
	meta clock 900000000 1700000000123456789
	meta polls estimate no debug info
	thread 43 worker 1 tokio-rt-worker
	thread 44 worker 1 tokio-rt-worker
	begin 1000000000
	frame a1 whole call system 21000 1000 - /lib/libc.so.6 clock_nanosleep clock_nanosleep - -
	frame a1 whole call user 11029 29 88 shop $name $name - /home/ann/shop/src/pay.rs
	frame a1 whole call user 11029 29 40 shop shop::page shop::page - /home/ann/shop/src/page.rs
	frame a1 whole call runtime 12001 1001 - shop poll tokio::runtime::task::raw::poll - -
	frame a1 whole call runtime 13001 2001 - shop run tokio::runtime::scheduler::multi_thread::worker::run - -
	frame a2 whole call system 21000 1000 - /lib/libc.so.6 syscall syscall - -
	frame a2 whole call user 11029 29 143 shop shop::cart::add shop::cart::add - /home/ann/shop/src/cart.rs
	frame a2 whole call runtime 12001 1001 - shop poll tokio::runtime::task::raw::poll - -
	frame a2 whole call runtime 13001 2001 - shop run tokio::runtime::scheduler::multi_thread::worker::run - -
	frame a3 cut call system 90200 200 0 libc.so.6 syscall syscall - -
	frame a3 cut call user 11800 800 210 shop shop::cart::recount shop::cart::recount - /home/ann/shop/src/cart.rs
	sleep 1100000029 43 0 20000000 1029 S 230 a1 0 0 0 swapper/0
	sleep 1200000000 43 0 8283604 0 S 202 a2 42 45 a3 tokio-rt-worker
	sleep 1300000000 44 0 9000001 500 S 202 a2 42 45 a3 tokio-rt-worker
	runq 1500000000 44 0 30000000 P a1 77 78 0 rival
	Lost 3 events
	end 2000000000 interrupt
	END
}

# Writes stream $1 as a page, and what can be read of it.
page() {
	"$POSTPROC" report --headless --format html=page.html --format csv=all.csv "$1"
	/usr/bin/python3 "$ROOT/tests/read-page.py" page.html >page.txt
}

@test "a page says what the report does, and can be read without JavaScript" {
	write_stream >in
	page in
	[[ ! ${UPDATE_GOLDEN-} ]] || cp page.txt "$GOLDEN/html.txt"
	diff "$GOLDEN/html.txt" page.txt
	# The whole text of the report is part of it.
	LC_ALL=C.UTF-8 "$POSTPROC" report --headless --width 110 in >report.txt
	sed -n '/^hud-trace: /,$p' page.txt | diff report.txt -
}

@test "the ranking has the numbers of csv, and each row leads to its blocker" {
	gzip -dc "$ROOT/examples/demo-recording.txt.gz" >in
	page in
	grep -o '<tr><td class="n" data-v="[0-9]*"><a href="#blocker-[0-9]*">[0-9]*</a></td><td class="n strong" data-v="[0-9]*"' page.html |
		sed -E 's/[^0-9"]*"([0-9]+)"[^#]*#blocker-([0-9]+)">([0-9]+)<.*"([0-9]+)"$/\1 \2 \3 \4/; s/^.*class="n" data-v=//' | tr -d '"' |
		grep -oE '[0-9]+ [0-9]+ [0-9]+ [0-9]+$' >rows
	awk -F, 'NR > 1 && $1 && $2 !~ /run-queue|throttled/' all.csv | /usr/bin/python3 -c '
import csv, sys
for row in csv.reader(sys.stdin): print(row[0], row[0], row[0], row[7])' >wanted
	(($(wc -l <wanted) == 8))
	diff wanted rows
	for ((i = 1; i <= 8; i++)); do
		grep -q "<article id=\"blocker-$i\"" page.html
	done
	# The timeline has the time of the blocks, in both of its parts.
	/usr/bin/python3 - page.html all.csv <<-'END'
	import csv, json, re, sys
	page = open(sys.argv[1], encoding="utf-8").read()
	data = json.loads(re.search(r'id="timeline-data">(.*?)</script>', page, re.S)[1])
	total = sum(int(row["total_ns"]) for row in csv.DictReader(open(sys.argv[2])) if row["rank"] != "0") / 1000
	blocks = sum(data["blocks"][2::5])
	slices = sum(sum(lane[2::3]) / 100 * data["width"] for lane in data["lanes"])
	assert data["exact"] == 0 and abs(blocks - total) < 1000, (blocks, total)
	# A slice's share is rounded up to whole percents.
	assert total * 0.99 < slices < total * 1.05, (slices, total)
	END
}

@test "a trace without blocks is a page, too" {
	write_stream | grep -vE '^(sleep|runq|Lost) ' >in
	page in
	grep -qx 'shop' page.txt
	[[ $(grep -c '<section ' page.html) == 2 ]]
}

@test "hostile names stay text" {
	local bad='</code></script><script>alert(1)</script>"\x27><img\x20src=http://x/\x20onerror=alert(1)>&amp;--></pre>]]>\x0a\x1b[31m\xff\xe2\x80\xae'
	local quoted

	quoted=$(sed 's/[\\&]/\\&/g' <<<"$bad")

	write_stream "$bad" | sed -e "s|^meta target shop|meta target $quoted|" -e "s|^meta exe .*|meta exe $quoted|" -e "s| tokio-rt-worker\$| $quoted|" \
		-e "s| rival\$| $quoted|" -e "s|/home/ann/shop/src/cart.rs|/home/$quoted/cart.rs|" >in
	(($(grep -cF "$bad" in) > 6))
	page in
	run ! grep -E '<img|<script>alert|onerror=alert\(1\)>[^&]*<img' page.html
	# The page's own script is the only one, and one has numbers.
	[[ $(grep -c '<script' page.html) == 2 ]]
	(($(grep -cF '<script>alert(1)</script>' page.txt) > 4))
	run ! env LC_ALL=C grep -anE $'[\x01-\x08\x0b\x0c\x0e-\x1f\x7f]|\xc2[\x80-\x9f]|\xe2\x80\xae' page.html
	iconv -f UTF-8 -t UTF-16 page.html >/dev/null
}

# A stream of $1 blocks of 100 workers in 400 stacks with long names, which need to be escaped.
many() {
	awk -v blocks="$1" 'BEGIN {
		while (length(long) < 2000)
			long = long "\\x22<\\xc3\\xa9&::"
		print "hud-trace 1\nmeta target many\nmeta pid 42\nmeta exe /opt/many\nmeta arch x86_64\nmeta threshold-us 100\nmeta hz 99"
		for (worker = 0; worker < 100; worker++)
			printf "thread %d worker 1 %s\n", 100 + worker, substr(long, 1, 900)
		print "begin 1000000000"
		for (stack = 1; stack <= 400; stack++) {
			for (i = 0; i < 60; i++)
				printf "frame %x whole call %s %d %d %d /opt/many %sf%d_%d %sf%d_%d - /home/%s.rs\n", stack, i % 3 ? "user" : "runtime",
					100000 + stack * 100 + i, 100000 + stack * 100 + i, i + 1, long, stack, i, long, stack, i, long
			printf "frame %x whole call runtime 12001 1001 - /opt/many poll tokio::runtime::task::raw::poll - -\n", stack
			printf "frame %x whole call runtime 13001 2001 - /opt/many run tokio::runtime::scheduler::multi_thread::worker::run - -\n", stack
		}
		for (i = 0; i < blocks; i++)
			printf "sleep %.0f %d 0 %d 0 S %d %x 0 0 0 x\n", 1000000000 + i * 360000, 100 + i % 100, 100000 + i * 7919 % 9000000,
				i % 3 ? 230 : 202, 1 + i * 31 % 400
		printf "end %.0f interrupt\n", 1000000000 + blocks * 360000
	}'
}

@test "however long the trace and its names: the page stays below 5 MB, and has every block in its slices" {
	many 100000 >in
	page in
	ls -l page.html
	(($(stat -c %s page.html) < 5000000))
	/usr/bin/python3 - page.html <<-'END'
	import json, re, sys
	data = json.loads(re.search(r'id="timeline-data">(.*?)</script>', open(sys.argv[1], encoding="utf-8").read(), re.S)[1])
	assert len(data["lanes"]) <= 64 and all(data["lanes"])
	assert 0 < len(data["blocks"]) <= 5 * 20000
	# The newest are there one by one; slices go from the trace's begin to its end.
	assert data["exact"] > data["range"] * 0.7, data["exact"]
	for lane in data["lanes"]:
	    last = data["start"] + sum(lane[0::3]) * data["width"]
	    assert lane[0] < 10 and data["range"] - last < 10 * data["width"], (lane[:3], last)
	END
}
