#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# hud-trace tasks, on a program that says which tasks it has: their counts and states are those, for a build with debug info, one
# with symbols only, and a stripped one; from a core dump, too. Nothing is traced.
# bats file_tags=live

bats_require_minimum_version 1.5.0
load helpers

# As cargo builds it for users, with debug info; the other two are the same program with less in its file.
setup_file() {
	ROOT=$(cd "$BATS_TEST_DIRNAME/.." && pwd)
	export BUILDS=$ROOT/build/standing
	cp "$("$ROOT/tests/standing/build" "$BUILDS")" "$BUILDS/debug-info"
	strip --strip-debug -o "$BUILDS/symbols" "$BUILDS/debug-info"
	strip --strip-all -o "$BUILDS/stripped" "$BUILDS/debug-info"
}

setup() {
	cd "$BATS_TEST_TMPDIR" || return
	STARTED=()
	((!EUID)) || skip 'LIVE TESTS NEED ROOT'
}

teardown() {
	end_started
}

# Starts build $1 of the program whose tasks are known.
start_standing() {
	start_program "$BUILDS/$1" "${@:2}"
}

# What the program says, as "COUNT KIND" lines.
truth() {
	awk '$1 != "ready" { print $2, $1 }' truth | sort
}

# The same from JSON on standard input.
found() {
	jq -r '.tasks[] | select(.future != null) | select(.future | startswith("standing::")) | .future' |
		sed 's/^standing:://; s/^spawn_all$/block_until_end/' | sort | uniq -c | awk '{ print $1, $2 }' | sort
}

# How many tasks of state $1 are in JSON file $2, without jobs of the blocking pool.
states() {
	jq "[.tasks[] | select(.state == \"$1\" and (.blocking | not))] | length" "$2"
}

# What the runtimes in JSON file $2 have as the member $1.
figures() {
	jq -c "[.runtimes[] | $1 | select(. != null)] | sort" "$2"
}

# What the runtimes have, where all is known.
FIGURES=('[1,2]' '[0,0,1,5]' '[512,512,513,514]')

# All numbers of list $1 are in list $2, each as often.
among() {
	jq -en --argjson these "$1" --argjson all "$2" '($these - $all | length == 0) and ($these | group_by(.) | all(. as $g | [$all[] | select(. == $g[0])] | length >= ($g | length)))'
}

# What holds for every build: how many tasks are in which state, and what the runtimes have: workers as in $2, threads in their
# blocking pools as in $3, of at most $4.
check_counts() {
	[[ $(states idle "$1") == 108 && $(states scheduled "$1") == 5 && $(states complete "$1") == 4 ]]
	[[ $(jq '[.tasks[] | select(.lost)] | length' "$1") == 2 ]]
	[[ $(jq '[.tasks[] | select(.blocking)] | length' "$1") == 6 ]] # three jobs, three workers
	[[ $(jq '[.tasks[].id] | length' "$1") == $(jq '[.tasks[].header] | unique | length' "$1") ]]
	[[ $(jq -c '[.runtimes[] | .tasks] | sort' "$1") == '[0,4,5,6,98]' ]]
	[[ $(figures .workers "$1") == "$2" && $(figures .blocking_pool.threads "$1") == "$3" && $(figures .blocking_pool.cap "$1") == "$4" ]]
	jq -e '.unread.too_many == 0 and .unread.bytes == 0' "$1"
	# Where Tokio counts, it counted the same (since 1.36).
	jq -e 'all(.runtimes[]; .tasks_by_tokio == null or .tasks_by_tokio == .tasks)' "$1"
}

@test "tasks: with debug info, each kind by its name, as many as there are" {
	start_standing debug-info
	"$HUD" tasks --pid "$PROGRAM" --format json >tasks.json
	check_counts tasks.json "${FIGURES[@]}"
	diff <(truth) <(found <tasks.json)
	# All threads that drive a runtime are known, and parked.
	jq -e '[.runtimes[].threads[]] | length == 4 and all(.parked)' tasks.json
	jq -e '[.runtimes[] | select(.flavour == "local-set")] | length == 1' tasks.json
	"$HUD" tasks --pid "$PROGRAM" >text
	cat text
	grep -qE '^ +43 +idle +1 +standing::sleeper +sleep  src/main.rs:[0-9]+$' text
	grep -qE '^ +5 +scheduled +[0-9] +standing::undriven +not polled yet$' text
	grep -qE '^ +4 +idle +1 +standing::forked +sleep  ' text
	grep -qE '^ +3 +idle +1 +standing::forked +mutex  ' text
	grep -qE '^ +2 +idle .*standing::lost .*\(2: nothing can wake them\)$' text
	grep -qF 'current-thread: 5 tasks; no thread drives it now' text
}

# The line of tests/standing on which the function $1 awaits.
await_of() {
	awk -v fn="async fn $1(" 'index($0, fn) { inside = 1 } inside && /\.await/ { print FNR; exit }' "$ROOT/tests/standing/src/main.rs"
}

@test "tasks: what each task waits for, and at which await" {
	local kind leaf line

	start_standing debug-info
	"$HUD" tasks --pid "$PROGRAM" --format json >tasks.json
	"$HUD" tasks --pid "$PROGRAM" --format folded >stacks
	"$HUD" tasks --pid "$PROGRAM" --tree >tree
	while read -r kind leaf; do
		line=$(await_of "$kind")
		count=$(awk -v kind="$kind" '$1 == kind { print $2 }' truth)
		echo "$kind $leaf: $count at $line"
		[[ $(jq --arg kind "standing::$kind" --arg leaf "$leaf" --argjson line "$line" '[.tasks[] | select(.future == $kind)
			| .awaits | select(.function == $kind and .line == $line and (.file | endswith("src/main.rs")))
			| [recurse(.children[])] | last | select(.waits_for == $leaf)] | length' tasks.json) == "$count" ]]
		grep -qE "^standing::$kind;(.*;)?$leaf $count\$" stacks
		grep -qE "^ +$count +standing::$kind  .*src/main.rs:$line\$" tree
	done <<-'END'
		sleeper sleep
		waiter mutex
		receiver channel
		reader socket
		joiner task
		lost unknown future
		local_waiter sleep
		current_sleeper sleep
	END
	# What a thread polls in block_on, although it is no task.
	"$HUD" tasks --pid "$PROGRAM" >text
	cat text
	line=$(awk '/local.block_on/ { inside = 1 } inside && /sleep\(LONG\)/ { print FNR; exit }' "$ROOT/tests/standing/src/main.rs")
	grep -qE "^block_on +thread [0-9]+: tokio::task::local::run_until waits for sleep  src/main.rs:$line\$" text
	[[ $(grep -c '^block_on' text) == 1 ]]
	jq -e --argjson line "$line" '.main_futures | length == 1 and (.[0].awaits | [recurse(.children[])] | any(.line == $line) and last.waits_for == "sleep")' tasks.json
	# Sockets by their descriptors, and joined tasks by their ids.
	[[ $(jq '[.tasks[].awaits | select(.) | recurse(.children[]) | .fd | select(.)] | unique | length' tasks.json) == 5 ]]
	jq -e '[.tasks[] | select(.future == "standing::reader") | .awaits | recurse(.children[]) | select(.fd)] |
		(map(.local) | unique | length == 1 and (.[0] | test("^127.0.0.1:[0-9]+$"))) and
		(map(.peer) | unique | length == 5 and all(test("^127.0.0.1:[0-9]+$")))' tasks.json
	jq -e '([.tasks[] | select(.future == "standing::sleeper") | .id]) as $ids |
		[.tasks[] | select(.future == "standing::joiner") | .awaits.children[0].task] | length == 3 and all(IN($ids[]))' tasks.json
}

@test "tasks: who waits for whom: deadlocks, locks that were granted to nobody, and no innocent" {
	local line owner

	start_standing debug-info
	COLUMNS=2000 "$HUD" tasks --pid "$PROGRAM" >text
	cat text
	# Two tasks, each with what the other waits for.
	[[ $(grep -c '^deadlock?' text) == 1 ]]
	[[ $(grep -cE 'task [0-9]+ \(standing::crossed\) waits for the mutex 0x[0-9a-f]+, which task [0-9]+ \(standing::crossed\) may hold at src/main.rs:[0-9]+ \(standing::crossed\)$' text) == 2 ]]
	run ! grep -q 'standing::dropped) waits' text
	[[ $(grep -cE '^futurelock +task [0-9]+ \(standing::futurelock\) was granted the mutex ' text) == 1 ]]
	# It began its sleeper, and waits for another one.
	[[ $(grep -c '^not polled' text) == 1 ]]
	line=$(awk '/async fn distracted/ { inside = 1 } inside && /tokio::time::sleep/ { print FNR; exit }' "$ROOT/tests/standing/src/main.rs")
	grep -qE "^not polled  task [0-9]+ \(standing::distracted\): standing::sleeper has begun, waits for sleep, and is not polled at src/main.rs:$line \(standing::distracted\)$" text
	line=$(await_of holder)
	grep -qE "^most wait +23 tasks wait for the mutex 0x[0-9a-f]+, which task [0-9]+ \(standing::holder\) may hold at src/main.rs:$((line + 1)) " text
	"$HUD" tasks --pid "$PROGRAM" --format json >tasks.json
	jq -e '(.tasks | map({key: (.id | tostring), value: .future}) | from_entries) as $name |
		(.deadlocks | length == 1) and
		(.deadlocks[0] | map($name[.task | tostring]) == ["standing::crossed", "standing::crossed"] and all(.waits_for == "mutex")) and
		(.futurelocks | map($name[.task | tostring]) == ["standing::futurelock"]) and
		(.not_polled | map([$name[.task | tostring], .future, .waits_for]) == [["standing::distracted", "standing::sleeper", "sleep"]])' tasks.json
	"$HUD" tasks --pid "$PROGRAM" --format dot >graph
	[[ $(grep -cE '^  task[0-9]+ -> lock[0-9a-f]+$' graph) == 27 ]]
	[[ $(grep -cE '^  task[0-9]+ -> task[0-9]+ \[label="joins"\]$' graph) == 3 ]]
	! command -v dot >/dev/null || dot -Tsvg graph >/dev/null
}

@test "tasks: what is in the queue of a blocked worker; as lines of a stream, which the report and the formats tell" {
	start_standing debug-info 40 0 blocked
	within 60 blocker_runs
	COLUMNS=2000 "$HUD" tasks --pid "$PROGRAM" >text
	cat text
	grep -qE 'worker 0, thread [0-9]+: polls task [0-9]+; behind it: 7 standing::queued$' text
	grep -qE '2 of at most 2 threads, 0 idle, 1 jobs queued: no thread is free, and there may be no more$' text
	grep -qE '^ +1  job queued +.*' text
	{
		printf '%s\n' 'hud-trace 2' 'meta pid 42' 'meta threshold-us 5000' 'begin 1000' 'end 2000 duration'
		"$POSTPROC" tasks --pid "$PROGRAM" --format events
	} >stream
	cat stream
	"$POSTPROC" report --verbose --format text --format json=report.json --format markdown=report.md stream >report
	cat report
	grep -qE '^    130 tasks when tracing had ended; nothing can wake 2 of them$' report
	grep -qE '^ +43  idle +standing::sleeper +sleep  src/main.rs:[0-9]+$' report
	grep -qE '^ +7  scheduled +standing::queued +not polled yet$' report
	grep -qE '^    worker [0-9]+ polled standing::blocker; behind it: 7 standing::queued$' report
	jq -e '.standing | .looks == 1 and .tasks == 130 and .lost == 2 and (.behind[0] | .tasks == 7 and .future == "standing::queued")' report.json
	grep -qF '| 43 | `idle` | `standing::sleeper` |' report.md
	# Of several looks the last one counts, and the most of all.
	awk '/^(look|stands) / { $3++; print }' stream >>stream.later
	cat stream stream.later | "$POSTPROC" report --verbose - >report
	grep -qE '^    131 tasks when tracing had ended, the last of 2 looks' report
	grep -qE '^ +44 +44  idle +standing::sleeper ' report
	# Without a look it is said why.
	printf '%s\n' 'hud-trace 2' 'begin 1000' 'meta no-look it was late' 'end 2000 duration' | "$POSTPROC" report --verbose - |
		grep -qE '^  no look +it was late$'
}

blocker_runs() {
	"$HUD" tasks --pid "$PROGRAM" --format json | jq -e 'any(.tasks[]; .future == "standing::blocker" and .state == "running")' >/dev/null
}

@test "tasks: with symbols alone, and stripped, the same counts" {
	local build

	for build in symbols stripped; do
		start_standing "$build"
		"$HUD" tasks --pid "$PROGRAM" --format json >tasks.json
		# Not every compiler's layout is in the table. What is read is right.
		check_counts tasks.json "$(figures .workers tasks.json)" "$(figures .blocking_pool.threads tasks.json)" "$(figures .blocking_pool.cap tasks.json)"
		among "$(figures .workers tasks.json)" '[1,2]'
		among "$(figures .blocking_pool.threads tasks.json)" '[0,0,1,5]'
		among "$(figures .blocking_pool.cap tasks.json)" '[512,512,513,514]'
		"$HUD" tasks --pid "$PROGRAM" >text
		[[ $(figures .blocking_pool.cap tasks.json) == '[512,512,513,514]' ]] || tr -s ' \n' ' ' <text | grep -qF 'blocking pools are not known'
		exec {INPUT}>&-
		wait "$PROGRAM"
		rm input
	done
	jq -e 'all(.tasks[]; .future == null)' tasks.json
}

@test "tasks: a target that is looked at does not grow, and is not stopped" {
	start_standing debug-info
	pages() {
		awk '$1 == "VmPTE:" || $1 == "VmRSS:" || $1 == "VmSwap:"' "/proc/$PROGRAM/status"
	}
	"$HUD" tasks --pid "$PROGRAM" >/dev/null
	pages >before
	"$HUD" tasks --pid "$PROGRAM" >/dev/null
	pages >after
	# The kernel keeps the number of pages by thread, and adds it up late: by up to 64 pages for each of 20 threads.
	awk 'NR == FNR { was[$1] = $2; next } { if ($2 - was[$1] > 5200) bad = 1 } END { exit bad }' before after
	diff <(grep VmPTE before) <(grep VmPTE after)
	run ! grep -q '^TracerPid:.*[1-9]' "/proc/$PROGRAM/status"
}

@test "tasks: a core dump has the same tasks as the process" {
	command -v gcore >/dev/null || skip 'gcore is missing'
	start_standing debug-info
	gcore -o core "$PROGRAM" >gcore.out 2>&1
	"$POSTPROC" tasks --format json "core.$PROGRAM" >core.json
	check_counts core.json "${FIGURES[@]}"
	diff <(truth) <(found <core.json)
	run -1 "$POSTPROC" tasks "$POSTPROC"
	[[ $output == *'is no core dump'* ]]
	head -c 100000 "core.$PROGRAM" >torn
	run -1 "$POSTPROC" tasks torn
	[[ $output == *'there is no Tokio runtime in it'* ]]
}

@test "tasks: those that stand still are found while others come and go" {
	start_standing debug-info 2000 50
	for _ in 1 2 3; do
		"$HUD" tasks --pid "$PROGRAM" --format json >tasks.json
		# At least 999 of 1000: the lists change while they are read.
		jq -e '[.tasks[] | select(.future == "standing::sleeper")] | length >= 2001 and length <= 2003' tasks.json
		jq -e '[.tasks[] | select(.future == "standing::spawner")] | length >= 49 and length <= 50' tasks.json
		# Nothing is made up.
		jq -e '[.tasks[] | select(.future == null)] | length == 0' tasks.json
	done
}

@test "tasks: memory that is forged to look like tasks ends nothing, and no byte of it reaches the terminal" {
	local name=$'forged\e[31m;\xe2\x80\xae'

	"${CC:-cc}" -O1 -o "$name" "$ROOT/tests/forged-tasks.c"
	start_program "./$name"
	timeout 120 "$HUD" tasks --pid "$PROGRAM" >text
	timeout 120 "$HUD" tasks --pid "$PROGRAM" --tree >>text
	grep -qF 'forged\x1b[31m;\xe2\x80\xae' text
	run ! grep -q '[^ -~]' text
	timeout 120 "$HUD" tasks --pid "$PROGRAM" --format json >tasks.json
	jq -e '.tasks | length > 0' tasks.json
	timeout 120 "$HUD" tasks --pid "$PROGRAM" --format folded >stacks
	[[ ! -s stacks ]]
	[[ -d /proc/$PROGRAM ]]
}

# The line $1 of /proc/$2/status.
status_of() {
	awk -v "key=$1:" '$1 == key { print $2 }' "/proc/$2/status"
}

@test "tasks: --watch tells what stands still, until the process ends; it has given up root" {
	start_standing debug-info
	: >watched
	"$HUD" tasks --pid "$PROGRAM" --watch 0.2 >watched 2>watched.err 3>&- {INPUT}>&- &
	WATCHER=$!
	STARTED+=("$WATCHER")
	within 60 grep -q 'standing::waiter .*still for 3 looks' watched
	run ! grep -q 'standing::.*[+-][0-9]' watched
	grep -qE '^starved\? +5 of standing::undriven: scheduled for up to [0-9]+ looks in a row$' watched
	[[ $(status_of CapEff "$WATCHER") == 0000000000000000 && $(status_of Seccomp "$WATCHER") == 2 ]]
	[[ $(status_of Uid "$WATCHER") != 0 ]]
	exec {INPUT}>&-
	wait "$PROGRAM"
	local status=0
	wait "$WATCHER" || status=$?
	((status == 1))
	[[ -s watched.err ]]
}

@test "tasks: a process without a runtime, one that is none, and no rights" {
	start_program sh -c 'echo ready; read -r _'
	run -1 "$HUD" tasks --pid "$PROGRAM"
	[[ $output == *'there is no Tokio runtime in it'* ]]
	run -1 "$HUD" tasks --pid 4194304
	[[ $output == *'no process has the id 4194304'* ]]
	run -77 setpriv --reuid 65534 --clear-groups "$HUD" tasks --pid "$PROGRAM"
	[[ $output == *"reading a process's memory needs root. Run"*"sudo "*"tasks --pid $PROGRAM"* ]]
	run -77 setpriv --reuid 65534 --clear-groups "$POSTPROC" tasks --pid "$PROGRAM"
	[[ $output == *'Permission denied'* ]]
}

@test "tasks: --help, the manual and the completion name the same options" {
	"$HUD" tasks --help | grep -oE -- '--[a-z]+' | grep -vx -- --pid | sort -u >help
	echo --pid >>help
	sed -n '/^\.SH OPTIONS/,/^\.SH WHAT/{s/\\-/-/g;p}' "$ROOT/bin/hud-trace-tasks.8" | grep -A 1 '^\.TP' | grep -oE -- '--[a-z]+' >manual
	(
		. "$ROOT/bin/hud-trace.bash-completion"
		COMP_WORDS=(hud-trace tasks --) COMP_CWORD=2
		_hud_trace
		printf '%s\n' "${COMPREPLY[@]}"
	) >completion
	diff <(sort -u help) <(sort -u manual)
	diff <(sort -u help) <(sort -u completion)
	run -2 "$HUD" tasks
	run -2 "$HUD" tasks one two
	run -2 "$HUD" tasks --format xml one
	run -2 "$HUD" tasks --nonsense one
	"$POSTPROC" tasks --help | grep -qF 'hud-postproc tasks'
	run -2 "$POSTPROC" tasks
	run -2 "$POSTPROC" tasks --pid 1 core
}
