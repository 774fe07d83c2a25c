# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2034,SC2120,SC2154
# For loss and soak: runs the demo server under load, and adds any number of events. Needs $work, a folder.

started=()
trap 'end_started' EXIT

end_started() {
	((${#started[@]} == 0)) || kill -KILL "${started[@]}" 2>/dev/null || true
	wait "${started[@]}" 2>/dev/null || true
	started=()
}

# Builds what is needed; sets demo, the folder of the server's programs.
build_storm() {
	make --no-print-directory all build/tests/calls >"$work/make" 2>&1 || { tail -n 3 "$work/make" && return 1; }
	demo=$(examples/demo-server/build release 2>"$work/cargo" | tail -n 1) || true
	[[ -x $demo ]] || { tail -n 3 "$work/cargo" && return 1; }
	demo=${demo%/*}
}

# Starts the server and its load; sets server.
start_server() {
	local address=''

	: >"$work/server"
	"$demo/demo-server" >"$work/server" &
	server=$!
	started+=("$server")
	while [[ ! $address ]] && kill -0 "$server"; do
		sleep 0.1
		address=$(sed -n 's/^listening on //p' "$work/server")
	done
	[[ $address ]] || { echo 'the demo server did not start' && return 1; }
	"$demo/demo-load" "$address" >/dev/null &
	started+=("$!")
}

# Writes $work/storm.bt: each call of `calls` becomes AT_ONCE sleeps of one of the server's workers.
AT_ONCE=10
write_probe() {
	local worker i

	worker=$(grep -l '^tokio-r' "/proc/$server/task/"*/comm | head -n 1 | cut -d / -f 5)
	{
		printf 'tracepoint:syscalls:sys_enter_getppid /comm == "calls"/\n{\n'
		for ((i = 0; i < AT_ONCE; i++)); do
			printf '\tprintf("sleep %%lld %s %%d 6000000 3120 S 230 0 0 0 0 swapper/1\\n", nsecs, cpu);\n' "$worker"
		done
		printf '}\n'
	} >"$work/storm.bt"
}

# Starts hud-trace on the server, with these events too, and options $@; the report goes to $work/report.
# Returns when tracing has begun; sets tracer.
start_tracer() {
	rm -f "$work/recording" "$work/recording.partial"
	env --default-signal=INT bin/hud-trace -q --pid "$server" --max-overhead 10000 --probe "$work/storm.bt" \
		--record "$work/recording" --format json "$@" >"$work/report" 2>"$work/words" &
	tracer=$!
	started+=("$tracer")
	for ((i = 0; i < 300; i++)); do
		! grep -qs '^begin ' "$work/recording.partial" || return 0
		kill -0 "$tracer" 2>/dev/null || break
		sleep 0.1
	done
	tail -n 1 "$work/words"
	return 1
}

# Ends the trace; sets events, including the lost ones, and lost.
end_tracer() {
	kill -INT "$tracer"
	wait "$tracer" || { tail -n 1 "$work/words" && return 1; }
	read -r events lost < <(jq -r '"\(.trace.events) \(.trace.lost)"' "$work/report")
	events=$((events + lost))
}
