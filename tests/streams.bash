# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# For suites that write a stream while `report` reads it: of the program `shop`, whose one worker, thread 43, is blocked by the functions
# shop::f1, shop::f2 and so on in turn.

# How many functions these are.
FUNCTIONS=40

teardown() {
	[[ ! ${TO-} ]] || exec {TO}>&-
	end_started
}

# Starts a report with the options $@ of what is written to the descriptor TO.
start_report() {
	mkfifo pipe
	"$POSTPROC" report --headless "$@" - <pipe >out 2>err 3>&- &
	REPORT=$!
	STARTED+=("$REPORT")
	exec {TO}>pipe
}

# Ends the stream at second $1, and waits for the report.
finish_report() {
	echo "end ${1}000000000 interrupt" >&"$TO"
	exec {TO}>&-
	wait "$REPORT"
}

# The head of a stream; the target is $1, or shop.
head_of() {
	cat <<-END
	hud-trace 1
	meta target ${1-shop}
	meta pid 42
	meta arch x86_64
	meta threshold-us 5000
	meta build-id c0ffee
	meta clock 1000000000 1700000001000000000
	meta polls estimate as asked for
	thread 43 worker 1 tokio-rt-worker
	begin 1000000000
	END
}

# Describes stack $1, of shop::f$1.
stack() {
	printf 'frame %x whole call user %d 29 88 shop shop::f%d shop::f%d - /src/pay.rs\n' "$1" $((11000 + $1 * 64)) "$1" "$1"
	printf 'frame %x whole call runtime 12001 1001 - shop poll tokio::runtime::task::raw::poll - -\n' "$1"
	printf 'frame %x whole call runtime 13001 2001 - shop run tokio::runtime::scheduler::multi_thread::worker::run - -\n' "$1"
}

# The head, and all stacks.
begin_stream() {
	local i

	head_of "$@"
	for ((i = 1; i <= FUNCTIONS; i++)); do
		stack "$i"
	done
}

# The worker slept for $2 ms in function $3, until $1 (ns).
slept() {
	printf 'sleep %d 43 0 %d000000 1029 S 230 %x 0 0 0 swapper/0\n' "$@"
}

# Blocks $1 to $2, 20 ms each; 33 begin in a second. The last ones count when time has gone on: in the stream, or where it is silent for a
# second.
blocks() {
	local i

	for ((i = $1; i <= $2; i++)); do
		slept $((1000000000 + i * 30000000)) 20 $((1 + i % FUNCTIONS))
	done
}

# The same, and time goes on at once, as another thread ends a second later. The next block is at least number $2 + 34.
blocks_that_count() {
	blocks "$@"
	printf 'gone %d 99\n' $((2000000000 + $2 * 30000000))
}

# The metrics in file $1 say that there were $2 blocks in all.
counts() {
	[[ $(awk '/^hud_trace_blocks_total/ { sum += $NF } END { print sum }' "$1" 2>/dev/null) == "$2" ]]
}
