#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Polls by Tokio's own state, compared with a program that writes down its own. Needs root and BPF; skipped
# without. Each mode of the program is traced once; the tests check the results.

bats_require_minimum_version 1.5.0
load helpers

PROBE=$ROOT/probes/poll.bt

setup_file() {
	export WHY_NOT='' RELEASE='' STRIPPED=$BATS_FILE_TMPDIR/no-symbols
	STARTED=()
	WHY_NOT=$(why_not)
	[[ ! $WHY_NOT ]] || return 0
	RELEASE=$(timeout 500 "$GROUND_TRUTH/build" release-debug | tail -n 1)
	[[ -x $RELEASE && -x $POSTPROC ]]
	strip -s -o "$STRIPPED" "$RELEASE"
	trace multi "$RELEASE" multi --threshold 10 --duration 7
	trace stripped "$STRIPPED" current --threshold 10 --duration 6
	trace healthy "$RELEASE" healthy --threshold 10 --duration 5
	trace stuck "$RELEASE" stuck
	trace queues "$RELEASE" queues --threshold 10 --duration 5
}

teardown_file() {
	end_started
}

setup() {
	STARTED=()
	cd "$BATS_TEST_TMPDIR" || return
}

teardown() {
	end_started
}

# Both threads of the stuck program are in polls that never end.
are_stuck() {
	local sleeping=0 running=0 task

	for task in "/proc/$SERVER/task/"*; do
		# Its main thread waits for a futex; 230 is clock_nanosleep.
		case $(cat "$task/syscall") in
		'230 '*) sleeping=1 ;;
		running*) running=1 ;;
		esac
	done
	((sleeping && running))
}

# The trace shows both: one runs, and the other was seen to sleep.
is_told() {
	grep -q '^sleep ' out && (($(grep -c '^poll .* R ' out) >= 3))
}

# Runs program $2 as $3 and traces it with options $4... in folder $1: out, err, truth.
trace() {
	mkdir "$BATS_FILE_TMPDIR/$1" && cd "$BATS_FILE_TMPDIR/$1" || return
	start_truth "$2" "$3"
	[[ $3 != stuck ]] || within 60 are_stuck
	start_trace --raw "${@:4}"
	[[ $3 != stuck ]] || { within 120 is_told && kill -INT "$TRACE"; }
	within 120 ended "$TRACE" || true
	[[ $3 == @(stuck|queues) ]] || within 60 written_down || true
	end_started
}

# Compares the result of trace $1 with the truth.
compare() {
	[[ ! $WHY_NOT ]] || skip "$WHY_NOT"
	cd "$BATS_FILE_TMPDIR/$1" || return
	cat err
	grep -qE '^end [0-9]+ duration$' out
	grep -q '^meta polls tls' out
	"$POSTPROC" report --format ndjson=report out
	compare_truth 10000
}

@test "multi-thread: long polls are found and told as they were, and hardly any other" {
	compare multi
	is_accurate
	is_named
}

@test "a poll of forty reads, each of which takes 0.3 ms, is long" {
	local wanted found

	compare multi
	read -r _ wanted found _ < <(grep '^short-reads' counts)
	((wanted >= 3))
	share "$found" "$wanted" 90
}

@test "current-thread, and stripped: the same, without names" {
	compare stripped
	is_accurate
	grep -qE '^polls +tls table 1\.[0-9]+, searched for' err
}

# Writes to `place` where the server keeps the state of both schedulers. A thread that gets no CPU just then is not found.
has_both() {
	"$POSTPROC" head --pid "$SERVER" | sed -n 's/^tokio //p' >place
	cat place
	grep -q ' mt-known=1 .* ct-known=1 ' place
}

# The last two describe a park, which can be missing.
@test "multi-thread, stripped: Tokio's state is found in the same places" {
	local program place=()

	[[ ! $WHY_NOT ]] || skip "$WHY_NOT"
	for program in "$RELEASE" "$STRIPPED"; do
		start_truth "$program" multi
		within 60 has_both
		place+=("$(<place)")
	done
	printf '%s\n' "${place[@]}"
	[[ ${place[0]} == *' how=DWARF' && ${place[1]} == *' how=table 1.'*', searched for' ]]
	[[ $(cut -d ' ' -f 1-17 <<<"${place[0]}") == "$(cut -d ' ' -f 1-17 <<<"${place[1]}")" ]]
	# The queues, if the table has them for this compiler's layout.
	[[ ${place[1]} == *' mt-queue=0 mt-head=0 '* || $(cut -d ' ' -f 23-32 <<<"${place[0]}") == "$(cut -d ' ' -f 23-32 <<<"${place[1]}")" ]]
	[[ ${place[0]} != *' mt-head=0 '* ]]
}

@test "short polls, block_in_place and spawn_blocking are not taken for long polls" {
	compare healthy
	((WRONG <= 2))
	# It was busy: there are enough polls to be wrong about.
	(($(grep -c '^poll' truth) > 20))
}

# What polls of 2 to 10 ms took while trace $1 lasted, without waits for a CPU: by the stream in ESTIMATE, by the program in TRUE (us).
shorter() {
	[[ ! $WHY_NOT ]] || skip "$WHY_NOT"
	cd "$BATS_FILE_TMPDIR/$1" || return
	grep '^shorter' out
	read -r _ _ _ least ESTIMATE _ < <(grep '^shorter' out)
	((least == 2000000))
	TRUE=$(awk '$1 == "begin" || $1 == "end" { at[$1] = $2 }
		# In block_in_place a worker is in no poll.
		FILENAME == "truth" && $1 == "poll" && $2 > at["begin"] && $3 < at["end"] && $6 != "block-in-place" {
			took = ($3 - $2 - $5) / 1000
			if (took >= 2000 && took < 10000) all += took
		}
		END { printf "%d", all }' out truth)
	((ESTIMATE /= 1000, 1))
	echo "estimated $ESTIMATE us, in truth $TRUE us"
}

# Each sum is of some hundred polls, and timer interrupts hit part of them. Without any share of the shorter ones it would be twice as much.
@test "what polls shorter than the threshold took is estimated" {
	for trace in multi stripped; do
		shorter "$trace"
		((TRUE > 300000))
		share "$ESTIMATE" "$TRUE" 70
		share "$TRUE" "$ESTIMATE" 70
	done
	shorter healthy
	((ESTIMATE < 200000))
	# Said only if timer interrupts came often enough; a virtual machine may miss some.
	sed '/^shorter /s/[0-9]*$/2000000/' out >often
	"$POSTPROC" report often >text
	grep -qE '^  shorter +polls of 2 ms to 10 ms: less than' text
}

# Of the polls that began and ended while it was traced, those with a last look, and of these the ones with all four numbers right.
@test "what waited for a blocked worker is counted exactly" {
	local all looked right idle

	[[ ! $WHY_NOT ]] || skip "$WHY_NOT"
	cd "$BATS_FILE_TMPDIR/queues"
	cat err
	read -r all looked right idle < <(awk '$1 == "begin" || $1 == "end" { at[$1] = $2 }
		$1 == "ready" { line[++lines] = $0 }
		$1 == "queue" && $2 > at["begin"] && $3 < at["end"] {
			all++
			found = ""
			for (i = 1; i <= lines; i++) {
				split(line[i], r)
				# Its worker may have had no CPU between the end and the last look.
				if (r[3] == $4 && r[4] <= $2 && r[2] >= $2 && r[2] - $3 < 20000000)
					found = r[5] " " r[6] " " r[7] " " r[8]
			}
			split(found, n, " ")
			looked += found != ""
			right += found != "" && n[1] " " n[2] " " n[3] == $5 " " $6 " " $7
			# A parked worker may wake for a moment, to park again.
			idle += found != "" && n[4] == $8
			if (found != $5 " " $6 " " $7 " " $8) print found, "in truth:", $0 >"wrong"
		}
		END { print all + 0, looked + 0, right + 0, idle + 0 }' out truth)
	echo "$all polls, $looked with a look, $right of them with all tasks, $idle with all idle workers"
	[[ ! -e wrong ]] || cat wrong
	((all >= 30 && right == looked))
	share "$looked" "$all" 90
	share "$idle" "$looked" 90
	"$POSTPROC" report --sort delay out >report
	cat report
	# The worker that waits for the other one has nothing in its queue.
	grep -qE '^ +held up [0-9]+ ready tasks? at the median, [0-9]+ at the worst' report
	grep -A3 -E '^ +held up +nothing: no other task was ready' report
}

# Once a second, while all tasks that wait are known.
@test "what a runtime says of its queues is right" {
	local seen right

	[[ ! $WHY_NOT ]] || skip "$WHY_NOT"
	cd "$BATS_FILE_TMPDIR/queues"
	grep '^runtime' out
	read -r seen right < <(awk '$1 == "runtime" { line[++lines] = $0 }
		$1 == "queue" {
			for (i = 1; i <= lines; i++) {
				split(line[i], r)
				# Both are read within less than a millisecond.
				if (r[2] < $2 + 1000000 || r[2] > $3 - 1000000)
					continue
				seen++
				# The workers are threads of the pool.
				right += r[4] == "M" && r[5] == 2 && r[8] == $7 && r[9] == $5 && r[10] == 3 && r[11] == 0 && r[12] == $9 && r[13] == 3
			}
		}
		END { print seen + 0, right + 0 }' out truth)
	echo "$seen looks, $right of them right"
	((seen >= 2 && right == seen))
}

# Each was blocked, computing or asleep, and parked, at least once in a round of 60 ms or less. What it was blocked by counts as busy where
# Tokio counts (since 1.45).
@test "what its workers did is counted" {
	[[ ! $WHY_NOT ]] || skip "$WHY_NOT"
	cd "$BATS_FILE_TMPDIR/queues"
	grep '^worked' out
	awk '$1 == "queue" { worker[$4] = 1 }
		$1 == "worked" {
			if ($5 in first) {
				parks[$5] = $7 - counted[$5]
				busy[$5] = $8 - cpu[$5]
			} else {
				counted[$5] = $7
				cpu[$5] = $8
				first[$5] = $2
			}
			last[$5] = $2
			lines += $6 == "T" || $6 == "K" && $9 == "-"
			all++
		}
		END {
			for (tid in worker) {
				workers++
				time = last[tid] - first[tid]
				right += time >= 2e9 && parks[tid] >= time / 1e9 && busy[tid] > 0 && busy[tid] < time
			}
			exit !(workers == 2 && right == 2 && lines == all)
		}' truth out
}

@test "polls that never end are reported while they last" {
	[[ ! $WHY_NOT ]] || skip "$WHY_NOT"
	cd "$BATS_FILE_TMPDIR/stuck"
	grep '^poll' out
	# The one that runs: nothing happens to the other one, which sleeps all the time.
	awk '$1 == "poll" && $11 == "R" { n[$3]++; last[$3] = $5 - $4 }
		END {
			for (tid in n) if (n[tid] >= 2 && last[tid] >= 1e9) threads++
			exit !threads
		}' out
}

@test "a deadlock is reported with its place, also one that was there before" {
	[[ ! $WHY_NOT ]] || skip "$WHY_NOT"
	cd "$BATS_FILE_TMPDIR/stuck"
	"$POSTPROC" report out >report
	cat report
	rows report | grep -E '^computing'
	rows report | grep -E '^(lock|sleep)'
	grep -E '^ +unfinished +1 of 1 ' report
}

# It has two workers and a thread of the pool, which is all that there may be.
@test "a job that waits for a job of its own, full pool is told" {
	[[ ! $WHY_NOT ]] || skip "$WHY_NOT"
	cd "$BATS_FILE_TMPDIR/stuck"
	grep '^pooled' out
	# They are looked at once.
	(($(grep -c '^pooled' out) == 1))
	grep -qE '^pooled [0-9]+ [0-9a-f]+ [0-9]+ [0-9]+ J ' out
	"$POSTPROC" report out >report
	cat report
	grep -qE '^ +1 of 1 threads, block_on: .*waits_for_own_pool .*tasks\.rs:[0-9]+$' report
	paste -sd' ' report | tr -s ' ' | grep -qF 'a deadlock: every thread of the blocking pool waits for a job of the same pool'
}

@test "a process without Tokio is refused, with the reason" {
	sleep 60 3>&- &
	STARTED+=("$!")
	"$POSTPROC" head --pid "$!" | grep -E '^tokio - .{10,}'
}
