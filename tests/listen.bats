#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# --listen: who asks by HTTP gets what came until then.

bats_require_minimum_version 1.5.0
load helpers
load streams

setup() {
	STARTED=()
	cd "$BATS_TEST_TMPDIR"
}

# Starts a report that listens at $1; sets URL.
start_listening() {
	start_report --listen "$@"
	within 20 grep -qE '/metrics' err
	URL=$(sed -n 's|.*\(http://[^/]*\)/metrics.*|\1|p' err)
}

# What is answered says that there were so many blocks in all.
answers() {
	curl -sf "$URL/metrics" >metrics
	counts metrics "$1"
}

# The status of request $@.
status_of() {
	curl -so /dev/null -w '%{http_code}' "$@"
}

@test "metrics and reports of what came until now, whole, and by the rules; nothing is left" {
	start_listening 127.0.0.1:0 --format prometheus=m.prom --every 0.1
	[[ $(status_of "$URL/metrics") == 503 ]]
	{ begin_stream 'shop "a\b"' && blocks_that_count 1 100; } >&"$TO"
	within 30 answers 100
	curl -sfD head "$URL/metrics" -o metrics
	grep -qi '^content-type: application/openmetrics-text; version=1.0.0; charset=utf-8' head
	/usr/bin/python3 <<-'PY'
		from prometheus_client.openmetrics.parser import text_string_to_metric_families
		families = list(text_string_to_metric_families(open("metrics").read()))
		assert {"hud_trace_blocks", "hud_trace_block_duration_seconds"} <= {family.name for family in families}
		assert all(sample.labels["target"] == 'shop "a\\b"' for family in families for sample in family.samples)
	PY
	# As a Prometheus of old asks.
	curl -sfD head -H 'Accept: text/plain;version=0.0.4' "$URL/metrics" >plain
	grep -qi '^content-type: text/plain; version=0.0.4' head
	[[ $(tail -n 1 plain) == hud_trace_* ]]
	if command -v promtool >/dev/null; then
		promtool check metrics <plain
	fi
	curl -sf "$URL/report" | grep -q '100 blocks'
	[[ $(curl -sf "$URL/report?format=json" | jq '.blockers | map(.count) | add') == 100 ]]
	curl -sf "$URL/report?format=html" | tail -c 8 | grep -q '</html>'
	# While it grows, and files are written, each answer is whole, and no number is lower than before.
	blocks_that_count 201 2100 >&"$TO" &
	for i in {1..30}; do
		curl -sf "$URL/metrics" >"metrics.$i"
		[[ $(tail -n 1 "metrics.$i") == '# EOF' ]]
		awk '/^hud_trace_blocks_total/ { sum += $NF } END { print sum }' "metrics.$i"
	done >sums
	sort -nc sums
	within 30 answers 2000
	# Each life's process is gone with it.
	finish_report 70
	[[ $(wc -l <err) == 1 ]]
	[[ $(status_of "$URL/metrics") == 000 ]]
}

@test "Prometheus scrapes it" {
	command -v prometheus >/dev/null || skip 'no prometheus here'
	start_listening 0
	{ begin_stream && blocks_that_count 1 100; } >&"$TO"
	printf 'global: {scrape_interval: 1s}\nscrape_configs: [{job_name: hud, static_configs: [{targets: ["%s"]}]}]\n' "${URL#http://}" >prometheus.yml
	prometheus --config.file=prometheus.yml --storage.tsdb.path=data --web.listen-address=127.0.0.1:0 >log 2>&1 3>&- &
	STARTED+=("$!")
	within 60 grep -q 'Listening on' log
	port=$(sed -nE 's/.*Listening on.*:([0-9]+)$/\1/p' log)
	seen() {
		[[ $(curl -s "http://127.0.0.1:$port/api/v1/query" --data-urlencode 'query=sum(hud_trace_blocks_total)' | jq -r '.data.result[0].value[1]') == "$1" ]]
	}
	within 60 seen 100
	blocks_that_count 201 400 >&"$TO"
	within 60 seen 300
}

@test "hud-listen has no rights, and answers only who calls it by this machine's name" {
	((EUID == 0)) || skip 'needs root'
	start_listening 0
	listener=$(pgrep -P "$REPORT" -x hud-listen)
	grep -q $'^Seccomp:\t2$' "/proc/$listener/status"
	grep -q $'^CapEff:\t0*$' "/proc/$listener/status"
	(($(awk '$1 == "Uid:" { print $2 }' "/proc/$listener/status") > 60000))
	{ begin_stream && blocks_that_count 1 10; } >&"$TO"
	within 30 answers 10
	[[ $(status_of "$URL/report") == 200 && $(status_of "$URL/") == 200 ]]
	[[ $(status_of -H 'Host: evil.example:80' "$URL/report") == 403 ]]
	for name in LOCALHOST:80 127.0.0.1 127.0.0.2:80 '[::1]' '[::1]:80'; do
		[[ $(status_of -H "Host: $name" "$URL/report") == 200 ]]
	done
	for name in 127.0.0.1.evil.example 192.0.2.1 '[::1].evil.example' '[::2]:80' '[127.0.0.1' localhost.:80; do
		[[ $(status_of -H "Host: $name" "$URL/report") == 403 ]]
	done
	[[ $(status_of -d body "$URL/report") == 405 ]]
	[[ $(status_of "$URL/etc/passwd") == 404 && $(status_of "$URL/report?format=pprof") == 400 ]]
	[[ $(status_of -H "X: $(head -c 30000 /dev/zero | tr '\0' x)" "$URL/report") == 431 ]]
	# What is no HTTP does no harm, and who sends nothing holds up nobody.
	exec {idle}<>"/dev/tcp/127.0.0.1/${URL##*:}"
	head -c 100000 /dev/urandom >"/dev/tcp/127.0.0.1/${URL##*:}" || true
	[[ $(status_of "$URL/report") == 200 ]]
	exec {idle}>&-
	# Without it, the trace goes on, and has nothing to do until more comes.
	kill -KILL "$listener"
	within 60 ended "$listener"
	sleeps() { [[ $(awk '{ print $3 }' "/proc/$REPORT/stat") == S ]]; }
	within 60 sleeps
	blocks_that_count 101 110 >&"$TO"
	exec {TO}>&-
	wait "$REPORT"
	grep -q '20 blocks' out
}

@test "a Unix socket: for its user only, and removed at the end" {
	if ((EUID == 0)); then
		chmod 777 .
		export SUDO_UID=65533 SUDO_GID=65533
	fi
	# One that was left is replaced.
	python3 -c 'import socket; socket.socket(socket.AF_UNIX).bind("here")'
	[[ $EUID != 0 ]] || chown 65533 here
	start_listening ./here
	unset SUDO_UID SUDO_GID
	[[ $(stat -c %a here) == 600 ]]
	[[ $EUID != 0 || $(stat -c %u here) == 65533 ]]
	{ begin_stream && blocks_that_count 1 10; } >&"$TO"
	answered() { curl -s --unix-socket here http://localhost/report | grep -q '10 blocks'; }
	within 30 answered
	exec {TO}>&-
	wait "$REPORT"
	[[ ! -e here ]]
}

@test "a Unix socket whose path is taken: what is there stays" {
	echo mine >file
	python3 -c 'import os, socket, time; s = socket.socket(socket.AF_UNIX); s.bind("new"); s.listen(); os.rename("new", "live"); time.sleep(600)' 3>&- &
	STARTED+=("$!")
	within 20 test -S live
	for path in ./file ./live; do
		run -1 --separate-stderr "$POSTPROC" report --headless --listen "$path" - </dev/null
		[[ $stderr == "hud-postproc report: --listen $path: Address already in use" ]]
	done
	[[ $(cat file) == mine && -S live ]]
}

@test "an address that is none, or taken, is refused before anything is traced" {
	start_listening 0
	for wrong in "${URL#http://}: Address already in use" '1.2.3: it' '127.0.0.1:70000: it' 'x:80: its address' '[::1:80: its address'; do
		run -2 --separate-stderr "$POSTPROC" report --check --listen "${wrong%: *}" -
		echo "$stderr"
		[[ ${stderr_lines[0]} == "hud-postproc report: --listen $wrong"* ]]
	done
	run -2 --separate-stderr "$HUD" --print-script --listen "${URL#http://}" name
	[[ ${stderr_lines[0]} == "hud-trace: --listen ${URL#http://}: Address already in use" ]]
	run -1 --separate-stderr "$HUD" --print-script --listen '[::1]:0' --pid 4194304
	run -2 --separate-stderr "$HUD" --listen 0 --raw name
	run -2 --separate-stderr "$HUD" --listen 0 --window 1 name
	run -2 "$POSTPROC" report --listen 0 file
	[[ $output == *'reads standard input'* ]]
}
