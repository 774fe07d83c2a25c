#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# hud-trace --polls uprobe on real programs. Needs root and BPF; skipped without. Each program is traced once;
# the tests check the results.

bats_require_minimum_version 1.5.0
load helpers

setup_file() {
	export WHY_NOT=''
	local debug release truth
	STARTED=()
	WHY_NOT=$(why_not)
	[[ ! $WHY_NOT ]] || return 0
	debug=$(timeout 500 "$DEMO/build" debug | tail -n 1)
	release=$(timeout 500 "$DEMO/build" release | tail -n 1)
	truth=$(timeout 500 "$GROUND_TRUTH/build" release-debug | tail -n 1)
	[[ -x $debug && -x $release && -x $truth && -x $POSTPROC ]]
	place release
	start_server "$release"
	start_load
	trace interrupt --top 100 --record rec
	place current
	start_server "$debug" DEMO_FLAVOR=current
	start_load /sleep
	trace kill_server --raw
	place yield
	start_truth "$truth" yield
	trace gone_on --raw
}

teardown_file() {
	end_started
}

place() {
	mkdir "$BATS_FILE_TMPDIR/$1" && cd "$BATS_FILE_TMPDIR/$1" || return
}

# Traces the server with options $2..., and ends the trace by $1: leaves `out`, `err`, `status`, in `left`
# which processes remained, and `goes-on` if the server still runs.
trace() {
	local status=0

	start_trace --polls uprobe "${@:2}"
	"$1" || kill -KILL "$TRACE" || true
	within 120 ended "$TRACE" || true
	wait "$TRACE" || status=$?
	echo "$status" >status
	nothing_left >left || true
	ended "$SERVER" || touch goes-on
	[[ $1 != interrupt ]] || "$LOADER" "$ADDR" --seconds 1 /sleep >after 2>&1 || true
	end_started
}

# On a busy machine it may take a while until one computes for long without losing its CPU.
all_named() {
	"$POSTPROC" report --headless --top 100 rec.partial >so-far && blames_all_six so-far >/dev/null
}

interrupt() {
	within 120 seen rec.partial 5 && PAUSE=1 within 120 all_named && insns "$(marked bpftrace | head -n 1)" >insns && kill -INT -- "-$TRACE"
}

# Once the probes are removed and it traces again.
gone_on() {
	within 180 holds out begin 2 && kill -INT -- "-$TRACE"
}

kill_server() {
	within 120 holds out poll 5 && kill -KILL "$SERVER"
}

# The result of trace $1, with status 0; no process remained.
of() {
	[[ ! $WHY_NOT ]] || skip "$WHY_NOT"
	cd "$BATS_FILE_TMPDIR/$1" || return
	tail -n 5 out
	cat err status left
	[[ $(cat status) == 0 && ! -s left ]]
}

# A row of file $1 has a reason that matches $2, and blames function $3 of the demo server, which has no debug
# info.
blames_function() {
	rows "$1" | grep -qE "^($2)"$'\t'"demo_server::blocking::$3\$" || { echo "no row: $2, $3" && return 1; }
}

blames_all_six() {
	blames_function "$1" computing hash_password &&
		blames_function "$1" computing compress_report &&
		blames_function "$1" 'file I/O' read_template &&
		blames_function "$1" 'name lookup' resolve_backend &&
		blames_function "$1" sleep call_legacy_sdk &&
		blames_function "$1" 'lock|sleep' update_totals
}

@test "release build without debug info: all six blockers, none of their twins, all polls exact" {
	of release
	cat out
	blames_all_six out
	"$POSTPROC" report --format ndjson=blocks rec
	no_twins blocks
	grep -q '^ *polls *exact, by uprobes' out
	! grep -q '^ ~' out || return 1
}

@test "no program is large for the verifier" {
	of release
	[[ -s insns ]] || skip 'this kernel does not tell how many instructions it has verified'
	are_small 100000 insns
}

@test "SIGINT: a whole report, nothing left, the target goes on" {
	of release
	grep -qE '^ +ended +by Ctrl-C, q or a signal' out
	[[ -e goes-on ]]
	# It still answers requests.
	grep -E '^/sleep +[1-9][0-9]* requests .* 0 failed' after
}

@test "a debug build, whose functions begin with what is slow to probe: polls are exact all the same" {
	of current
	"$POSTPROC" report out >report
	cat report
	PLACE='src/blocking\.rs:[0-9]+'
	blames report sleep call_legacy_sdk
	grep -qE '^ +polls +exact, by uprobes' report
}

@test "the target's death ends it, with a whole stream" {
	of current
	[[ ! -e goes-on ]]
	(($(grep -cE '^end [0-9]+ exit$' out) == 1))
}

# A connection is woken by its request: its polls are counted, and its wakes. Each poll has one wake at most.
@test "how long woken tasks waited for their polls is counted" {
	of release
	zstdcat rec >stream
	grep -qE '^site W ' stream
	awk '/^@took\[/ { split($0, part, /[][,: ]+/); took[part[2]] += part[4] }
		/^@waited\[/ { split($0, part, /[][,: ]+/); waited[part[2]] += part[4]; all += part[4] }
		END {
			for (site in waited) if (waited[site] > took[site] + 1) wrong = 1
			print all + 0, "waits"
			exit wrong || all < 5
		}' stream
}

@test "too many polls a second: the probes are taken off, and it goes on without them" {
	of yield
	grep -nE '^(begin|end) ' out
	awk '$1 == "begin" { begun++ }
		$1 == "end" { if (begun == 1 && $3 == "limit") limit = 1; else if ($3 == "interrupt") whole = limit && begun == 2 }
		$1 == "poll" && limit { late = 1 }
		END { exit !(whole && !late) }' out
	"$POSTPROC" report out >report
	cat report
	grep -q '^! After .* the probes that told polls apart were taken off' report
	[[ -e goes-on ]]
}
