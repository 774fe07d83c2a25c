#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# --push: profiles go to a server, which here is a small one that keeps what it gets.

bats_require_minimum_version 1.5.0
load helpers
load streams

FUNCTIONS=3 # stacks, so that a profile can be counted by hand

setup() {
	STARTED=()
	cd "$BATS_TEST_TMPDIR"
	echo 's3cret-token' >auth
}

# Starts a server that answers its first requests with the statuses $@, and then with 200, or 503 while there is a file `busy`. Each request is
# a line of `log`, its body is body.N. Sets URL.
start_server() {
	cat >server.py <<-'PY'
		import http.server, os, sys
		statuses = [int(status) for status in sys.argv[1:]]
		count = 0
		class Handler(http.server.BaseHTTPRequestHandler):
		    def do_POST(self):
		        global count
		        body = self.rfile.read(int(self.headers["Content-Length"]))
		        count += 1
		        with open(f"body.{count}", "wb") as out:
		            out.write(body)
		        status = statuses.pop(0) if statuses else 503 if os.path.exists("busy") else 200
		        print(status, self.path, self.headers["Content-Type"].split(";")[0], self.headers["Authorization"], file=log, flush=True)
		        self.send_response(status)
		        if status == 302:
		            self.send_header("Location", "/elsewhere/ingest")
		        self.send_header("Content-Length", "0")
		        self.end_headers()
		    def log_message(self, *arguments):
		        pass
		log = open("log", "w")
		server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
		open("port", "w").write(str(server.server_port))
		server.serve_forever()
	PY
	rm -f port
	/usr/bin/python3 server.py "$@" 3>&- &
	STARTED+=("$!")
	within 20 test -s port
	URL=http://127.0.0.1:$(cat port)
}

requests() {
	(($(wc -l <log) >= $1))
}

# The profile in body $1 of a form, as text.
profile_in() {
	/usr/bin/python3 - "$1" <<-'PY' | gunzip | protoc --decode perftools.profiles.Profile --proto_path="$ROOT/postproc/format" profile.proto
		import sys
		body = open(sys.argv[1], "rb").read()
		boundary = body[:body.index(b"\r\n")]
		parts = {part.split(b'name="')[1].split(b'"')[0]: part.split(b"\r\n\r\n", 1)[1][:-2] for part in body.split(boundary)[1:-1]}
		assert set(parts) == {b"profile", b"sample_type_config"}, parts.keys()
		open("types.json", "wb").write(parts[b"sample_type_config"])
		sys.stdout.buffer.write(parts[b"profile"])
	PY
}

# The first values (counts) of the samples on standard input, added up.
count_samples() {
	awk '/^sample \{/ { first = 1 } first && /value:/ { sum += $2; first = 0 } END { print sum + 0 }'
}

@test "Pyroscope: each profile has what is new since the last, with labels; the secret is nowhere else" {
	start_server
	start_report --push "$URL/ingest" --every 0.3 --push-auth auth --label service.version=1.2 --label env=prod
	{ begin_stream && blocks 1 100; } >&"$TO"
	within 30 requests 1
	blocks 101 1000 >&"$TO"
	within 30 requests 2
	tr '\0' ' ' <"/proc/$REPORT/cmdline" >shown
	for pid in $(pgrep -P "$REPORT"); do
		tr '\0' ' ' <"/proc/$pid/cmdline" >>shown
	done
	finish_report 90
	cat log err
	for body in body.*; do
		profile_in "$body" >"profile.$body"
		count_samples <"profile.$body"
	done | awk '{ sum += $1 } END { print sum }' >sum
	[[ $(cat sum) == 1000 ]]
	[[ ! $(grep -v '^200 /ingest?name=shop%7Bversion%3D1.2%2Cenv%3Dprod%2Chost%3D[^&]*%2Cpid%3D42%7D&from=17000000[0-9]*&until=17000000[0-9]*&format=pprof&spyName=hud-trace multipart/form-data Bearer s3cret-token$' log) ]]
	[[ $(jq -r 'keys | join(" ")' types.json) == 'blocked blocks delay' ]]
	! grep -q s3cret shown out err || return 1
	[[ ! -s err ]]
}

@test "a secret in the environment goes to hud-push, and no other process keeps it" {
	start_server
	cat >keep <<-'END'
		#!/bin/sh
		{ env && cat /proc/self/environ; } >keeping
		mv keeping kept
	END
	chmod +x keep
	HUD_TRACE_PUSH_AUTH=s3cret-word start_report --push "$URL/ingest" --listen 0 --trigger 'max>1ms' --after 0 --record . --on-trigger ./keep
	within 20 grep -q /metrics err
	for pid in "$REPORT" $(pgrep -P "$REPORT"); do
		tr '\0' '\n' <"/proc/$pid/environ"
	done >shown
	{ begin_stream && blocks_that_count 1 100; } >&"$TO"
	finish_report 90
	within 20 test -e kept
	[[ $(cut -d ' ' -f 4- log | sort -u) == 'Bearer s3cret-word' ]]
	grep -q '^PATH=' shown && grep -aq '^PATH=' kept
	! grep -aq s3cret shown kept err || return 1
}

@test "OTLP: the same, as its own messages" {
	start_server
	start_report --push "$URL/v1development/profiles"
	{ begin_stream && blocks 1 100; } >&"$TO"
	finish_report 90
	[[ $(cat log) == '200 /v1development/profiles application/x-protobuf None' ]]
	protoc --decode otlp.Request --proto_path="$ROOT/postproc/format" otlp.proto <body.1 >request
	# Nothing in it is unknown to its description, and all is told of what it is.
	! grep -E '^ *[0-9]+[: ]' request || return 1
	for attribute in 'service.name shop' 'process.pid 42' 'service.version c0ffee' "host.name $(uname -n)"; do
		grep -A 2 "key: \"${attribute% *}\"" request | grep -qF "\"${attribute#* }\""
	done
	# Three profiles of three stacks: counts, times, delays.
	awk '/^    profiles \{/ { print "" } /values:/ { printf "%s ", $2 } END { print "" }' request | sed '/^$/d; s/ $//' >values
	diff - values <<-'END'
		34 33 33
		680034986 660033957 660033957
		0 0 0
	END
	[[ $(grep -c '^  stack_table' request) == 4 && $(grep -c '^  function_table' request) == 6 ]]
	grep -A 4 '^  location_table' request | grep -q 'function_index: 1$'
	# With the real description: the same.
	if [[ ${OTEL_PROTO-} ]]; then
		protoc --decode opentelemetry.proto.collector.profiles.v1development.ExportProfilesServiceRequest --proto_path="$OTEL_PROTO" \
			opentelemetry/proto/collector/profiles/v1development/profiles_service.proto <body.1 | diff request -
	fi
}

@test "what fails for now is tried again, with what has come meanwhile; what is refused is lost; both are said once" {
	start_server 503 429 400
	start_report --push "$URL/ingest" --every 0.2
	{ begin_stream && blocks 1 100; } >&"$TO"
	within 60 requests 3
	blocks 101 200 >&"$TO"
	within 60 requests 4
	finish_report 90
	[[ $(cut -d ' ' -f 1 log | head -n 4 | tr '\n' ' ') == '503 429 400 200 ' ]]
	cmp <(profile_in body.1) <(profile_in body.3)
	cat err
	[[ $(grep -c 'the server says 503: it is tried again' err) == 1 && $(grep -c 'the server says 400: such profiles are lost' err) == 1 ]]
	grep -qE -- '--push: 1 of [0-9]+ profiles were lost' err
	# The report has everything.
	grep -q '200 blocks' out
}

# Writes the stream in $1 rounds of 100 blocks, and waits for each until `m.prom` has it. Meanwhile a profile is due, too.
write_rounds() {
	local n

	begin_stream >&"$TO"
	for ((n = 1; n <= $1; n++)); do
		blocks_that_count $((n * 200 - 99)) $((n * 200)) >&"$TO"
		within 20 counts m.prom $((n * 100))
	done
}

@test "a server that never answers, or is not there, does not hold up the trace" {
	# It accepts connections and says nothing.
	cat >mute.py <<-'PY'
		import socket, time
		listener = socket.create_server(("127.0.0.1", 0))
		open("port", "w").write(str(listener.getsockname()[1]))
		time.sleep(600)
	PY
	/usr/bin/python3 mute.py 3>&- &
	STARTED+=("$!")
	within 20 test -s port
	start_report --push "http://127.0.0.1:$(cat port)/ingest" --every 0.1 --format prometheus=m.prom --format text
	# The reader keeps up with the writer: nothing waits for the server.
	write_rounds 20
	finish_report 130
	cat err
	grep -qE -- '--push: [0-9]+ of [0-9]+ profiles were lost' err
	grep -q '2,000 blocks' out
}

@test "while a server is busy 16 profiles wait; of more the oldest are lost, and all others get there" {
	touch busy
	start_server
	start_report --push "$URL/ingest" --every 0.1 --format prometheus=m.prom
	PAUSE=0.02 write_rounds 24
	rm busy
	within 60 grep -q ^200 log
	finish_report 250
	cut -d ' ' -f 1 log | uniq -c
	cat err
	read -r lost all < <(sed -nE 's/.*--push: ([0-9]+) of ([0-9]+) profiles were lost$/\1 \2/p' err)
	sent=$(grep -c ^200 log)
	((all > 17 && lost > 0 && sent >= 16 && lost + sent == all))
	run ! cmp <(profile_in body.1) <(profile_in "body.$(grep -n -m 1 ^200 log | cut -d : -f 1)")
	grep -q 'it works again' err
}

@test "a redirection is not followed, and hud-push has no rights" {
	((EUID == 0)) || skip 'needs root'
	start_server 302
	start_report --push "$URL/ingest" --every 0.1 --push-auth auth
	confined() { pusher=$(pgrep -P "$REPORT" -x hud-push) && grep -q $'^NoNewPrivs:\t1$' "/proc/$pusher/status"; }
	within 20 confined
	grep -q $'^CapEff:\t0*$' "/proc/$pusher/status"
	(($(awk '$1 == "Uid:" { print $2 }' "/proc/$pusher/status") > 60000))
	{ begin_stream && blocks 1 10; } >&"$TO"
	within 30 requests 1
	finish_report 90
	! grep -q elsewhere log || return 1
	grep -q 'the server says 302' err
}

@test "what is missing or wrong is refused before anything is traced" {
	while IFS='|' read -r words options; do
		# shellcheck disable=SC2086 # several words
		run -2 --separate-stderr "$POSTPROC" report --check $options -
		echo "$options => $stderr"
		[[ ${stderr_lines[0]} == "hud-postproc report: $words"* ]]
	done <<-'END'
		--push: it is no http|--push ftp://x/ingest
		--push: its path ends neither|--push http://x/other
		--push: everybody can read|--push http://me:word@x/ingest
		--push: --push-auth gone: No such file|--push http://x/ingest --push-auth gone
		--push: --push-auth and --label need it|--label a=b
		--label 'a': it is no KEY=VALUE|--label a
	END
	run -2 --separate-stderr "$HUD" --print-script --push http://x/other name
	[[ ${stderr_lines[0]} == 'hud-trace: --push: its path ends neither'* ]]
	run -1 "$HUD" --print-script --push http://127.0.0.1:1/ingest --push-auth auth --label a=b --every 5 --pid 4194304
	[[ $output == 'hud-trace: no process has the id 4194304' ]]
	# What only root can read is not read for others.
	if ((EUID == 0)); then
		chmod 600 auth
		SUDO_UID=65533 SUDO_GID=65533 run -2 --separate-stderr "$POSTPROC" report --check --push http://127.0.0.1:1/ingest --push-auth "$PWD/auth" -
		[[ $stderr == *'Permission denied'* ]]
	fi
}
