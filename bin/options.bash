# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# The command line: the options, their values, and which may be combined. Sets the settings that bin/hud-trace
# lists.

usage() {
	cat <<-'END'
	usage: sudo hud-trace [OPTION]... NAME
	       sudo hud-trace [OPTION]... --pid PID
	       sudo hud-trace --list

	Reports which code blocks the workers of a running Tokio process. On a terminal
	it shows a live view until you press q, then the report; ? lists the keys.

	Examples:
	  sudo hud-trace my-app
	  sudo hud-trace --pid 4242 --duration 30 --threshold 1 --chart blocked.svg
	  sudo hud-trace my-app --duration 60 --record trace.zst

	Target:
	  NAME                    process or executable with this name, or a part of it
	  -p, --pid PID           process id, instead of NAME
	      --follow            when it ends, go on with its successor
	      --workers PREFIX    workers are the threads whose names begin with PREFIX
	                          (default: found by their names and stacks)
	  -t, --target FILE       read symbols from FILE, unstripped; repeatable
	      --debuginfod        fetch debug info from the servers in $DEBUGINFOD_URLS

	Report:
	      --threshold MS      report what blocks for MS milliseconds or longer (5)
	      --duration SECS     stop after SECS seconds (default: at Ctrl-C)
	      --window SECS       report only the last SECS seconds
	      --top N             rank at most N blockers (10)
	      --sort BY           rank by total, max, count or delay (total)
	      --mine CRATE        CRATE is your code; repeatable
	      --not-mine CRATE    CRATE is a dependency; repeatable
	      --fail-on EXPR      exit with status 3 if EXPR is true: 'blocked>5%',
	                          'max>50ms', ...; repeatable

	Output:
	      --chart FILE        draw a chart: FILE.png, .svg or .pdf; - for text
	      --chart-kind KIND   timeline, blockers, histogram, heatmap or all (all)
	      --format F[=FILE]   write the result in format F; repeatable;
	                          "--format list" lists the formats
	      --every SECS        write these files again each SECS seconds
	      --listen ADDR:PORT  answer HTTP requests for /metrics and /report;
	                          or PATH: at a Unix socket
	      --push URL          send profiles: .../ingest: pprof to Pyroscope;
	                          .../v1development/profiles: by OTLP
	      --push-auth FILE    FILE has the secret for that
	      --label KEY=VALUE   what the profiles are of; repeatable
	      --export FILE       write a timeline for Perfetto
	      --headless          no live view and no progress
	  -q, --quiet             print only the report and errors
	  -v, --verbose           show all frames, and names in full
	      --no-color          no colours

	Recording:
	      --record FILE       write the events; hud-postproc report FILE reads them
	      --ring SIZE         keep only the newest SIZE of it: 64M, 1G
	      --no-resolve        write no names into it: it needs the executable later
	      --resolve           write the names into it at the end (default)
	      --tasks             look at all tasks each second, not only at the end
	      --raw               print the event lines instead of a report

	Trigger:
	      --trigger EXPR      when EXPR ('max>200ms', 'blocked>30%', ...) has become
	                          true, keep the time around it; repeatable
	      --record FOLDER     as a recording here: trigger-SECONDS.zst
	      --window SECS       EXPR is about the last SECS seconds (10)
	      --before SECS       keep SECS seconds from before that window (10)
	      --after SECS        and SECS seconds from then on (5)
	      --debounce SECS     at most one in SECS seconds (60)
	      --max-recordings N  and N in all (10)
	      --ring SIZE         memory for the compressed events (64M)
	      --on-trigger COMMAND  run COMMAND with the file's name as its argument

	Tracing:
	      --polls HOW         how to find polls: tls, uprobe, estimate, off (auto)
	      --stacks HOW        how to take stacks: copy, dwarf, fp (auto)
	      --stack-size KIB    copy at most KIB KiB of a stack (128)
	      --hz N              sample each CPU N times a second (default: adapts)
	      --max-overhead PCT  what tracing may cost, in % of one CPU (100)
	      --probe FILE.bt     add a bpftrace script of your own; repeatable
	      --probe-output FILE write all that it prints to FILE
	      --print-script      print the bpftrace script and stop

	Help:
	      --list              list the Tokio processes, and how blocked each is
	      --doctor            check what this machine lacks for tracing
	  -h, --help              print this text
	  -V, --version           print the version

	Exit status: 0 traced, 1 failed, 2 wrong usage, 3 --fail-on, 77 no permission.
	The manual has the rest: man hud-trace
	END
}

# Sets REPLY to the whole number $2. Refuses one that is not between $3 and $4, which the message gives as $5,
# in the name of option $1.
number() {
	local option=$1 text=$2 low=$3 high=$4 range=$5

	REPLY=-1
	[[ ! $text =~ ^0*([0-9]{1,9})$ ]] || REPLY=$((10#${BASH_REMATCH[1]}))
	((REPLY >= low && REPLY <= high)) || refuse "$option: '$(clean "$text")' is not $range"
}

# Sets REPLY to the duration $2 in microseconds. Its unit is $3 unless it has one. Refuses one that is not
# between $4 and $5 microseconds, which the message gives as $6, in the name of option $1.
duration() {
	local option=$1 text=$2 unit=$3 low=$4 high=$5 range=$6 fraction
	local pattern='^0*([0-9]{0,9})(\.([0-9]+))?(us|ms|s|m|h)?$'
	local -A us=([us]=1 [ms]=1000 [s]=1000000 [m]=60000000 [h]=3600000000)

	REPLY=-1
	if [[ $text == *[0-9]* && $text =~ $pattern ]]; then
		unit=${us[${BASH_REMATCH[4]:-$unit}]}
		fraction=${BASH_REMATCH[3]}000000
		REPLY=$((10#0${BASH_REMATCH[1]} * unit + 10#${fraction:0:6} * unit / 1000000))
	fi
	((REPLY >= low && REPLY <= high)) || refuse "$option: '$(clean "$text")' is not $range"
}

# Splits getopt's output into the array WORDS, as `eval set --` would, but without executing anything.
unquote() {
	local rest=$1 word="^ ('(([^']|'\\\\'')*)'|[^' ]+)"

	WORDS=()
	while [[ $rest =~ $word ]]; do
		rest=${rest:${#BASH_REMATCH[0]}}
		if [[ ${BASH_REMATCH[1]} == "'"* ]]; then
			WORDS+=("${BASH_REMATCH[2]//"'\\''"/"'"}")
		else
			WORDS+=("${BASH_REMATCH[1]}")
		fi
	done
}

parse_options() {
	local words long=help,version,verbose,pid:,target:,threshold:,duration:,workers:,hz:,top:,sort:,window:,chart:,chart-kind:,probe:,probe-output:
	long+=,format:,every:,export:,fail-on:,polls:,stacks:,stack-size:,headless,quiet,no-color,print-script,raw,debuginfod
	long+=,listen:,push:,push-auth:,label:,trigger:,before:,after:,debounce:,max-recordings:,on-trigger:
	long+=,record:,ring:,resolve,no-resolve,doctor,list,follow,max-overhead:,mine:,not-mine:,tasks

	# These variables would change how getopt parses.
	words=$(env -u GETOPT_COMPATIBLE -u POSIXLY_CORRECT getopt -n hud-trace -o hVp:t:qv -l "$long" -- "$@" 2>&1) ||
		refuse "$(clean "$(sed -n '1s/^[^:]*: //p' <<<"$words")")"
	unquote "$words"
	ARGUMENT_WORDS=("${WORDS[@]}")
	LONG_OPTIONS=,$long,
	set -- "${WORDS[@]}"
	while [[ $1 != -- ]]; do
		case $1 in
		-h | --help) usage && exit ;;
		-V | --version) printf 'hud-trace %s\n' "$VERSION" && exit ;;
		-q | --quiet) QUIET=1 && shift && continue ;;
		-v | --verbose) VERBOSE=1 && shift && continue ;;
		--headless) HEADLESS=1 && shift && continue ;;
		--no-color) COLOR=no && shift && continue ;;
		--print-script) PRINT_SCRIPT=1 && shift && continue ;;
		--tasks) LOOKS=1 && shift && continue ;;
		--raw) RAW=1 && shift && continue ;;
		--debuginfod) DEBUGINFOD=1 && shift && continue ;;
		--doctor) DOCTOR=1 && shift && continue ;;
		--list) LIST=1 && shift && continue ;;
		--follow) FOLLOW=1 && shift && continue ;;
		--resolve | --no-resolve) RESOLVE=$1 && shift && continue ;;
		-p | --pid) number --pid "$2" 1 4194304 'a process id from 1 to 4194304' && PID=$REPLY ;;
		-t | --target) TARGETS+=("$2") ;;
		--mine | --not-mine) CRATES+=("$1=$2") ;;
		--threshold)
			duration --threshold "$2" ms 50 60000000 'a number of milliseconds from 0.05 to 60000, or a duration (500us, 2ms, 1s)'
			THRESHOLD_US=$REPLY
			;;
		--duration)
			duration --duration "$2" s 100000 604800000000 'a number of seconds from 0.1 to 604800, or a duration (500ms, 30s, 5m)'
			DURATION_MS=$((REPLY / 1000))
			;;
		--window)
			duration --window "$2" s 100000 604800000000 'a number of seconds from 0.1 to 604800, or a duration (500ms, 30s, 5m)'
			printf -v WINDOW '%d.%06d' $((REPLY / 1000000)) $((REPLY % 1000000))
			[[ $WINDOW =~ ^[0-9]+(\.[0-9]*[1-9])? ]]
			WINDOW=${BASH_REMATCH[0]}
			;;
		--max-overhead)
			number --max-overhead "$2" 1 10000 'a whole number of percent of a CPU, from 1 to 10000'
			MAX_OVERHEAD=$REPLY
			;;
		--hz) number --hz "$2" 1 997 'a whole number from 1 to 997' && ASKED_HZ=$REPLY ;;
		--format)
			[[ $2 != list ]] || { find_files && exec "$POSTPROC" report --format list -; }
			FORMATS+=("$2")
			;;
		--every)
			duration --every "$2" s 100000 604800000000 'a number of seconds from 0.1 to 604800, or a duration (500ms, 30s, 5m)'
			printf -v EVERY '%d.%06d' $((REPLY / 1000000)) $((REPLY % 1000000))
			;;
		--export) FORMATS+=("trace=$2") ;;
		--fail-on) FAIL_ON+=("$2") ;;
		--listen) LISTEN=$2 ;;
		--push) PUSH=$2 PUSH_OPTIONS+=("$1=$2") ;;
		--push-auth | --label) PUSH_OPTIONS+=("$1=$2") ;;
		--trigger) TRIGGERS+=("$2") ;;
		--before | --after | --debounce | --max-recordings | --on-trigger) TRIGGER_OPTIONS+=("$1=$2") ;;
		--record) RECORD=$2 ;;
		--ring) RING=$2 ;;
		--polls) POLLS=$2 ;;
		--probe) OWN+=("$2") ;;
		--probe-output) PROBE_OUTPUT=$2 ;;
		--stacks) STACKS=$2 ;;
		--stack-size) number --stack-size "$2" 1 512 'a number of KiB from 1 to 512' && STACK_KIB=$REPLY ASKED_SIZE=1 ;;
		--sort) RANKING=$2 ;;
		--top) number --top "$2" 1 100 'a whole number from 1 to 100' && TOP=$REPLY ;;
		--workers) WORKERS=$2 ;;
		--chart) CHART=$2 ;;
		--chart-kind) CHART_KIND=$2 ;;
		esac
		shift 2
	done
	shift
	check_options "$@"
}

# Can a process be chosen from a list?
can_choose() {
	[[ -t 0 && -t 2 && ${TERM:-dumb} != dumb && ! $HEADLESS$QUIET$PRINT_SCRIPT ]] && ((EUID == 0))
}

# Has option $1, as getopt prints it, a value?
takes_value() {
	[[ $1 == -[pt] || ($1 == --* && $LONG_OPTIONS == *",${1#--}:,"*) ]]
}

# No process was named: the user may not know which ones there are.
ask_for_process() {
	say 'hud-trace: which process? It reports which code blocks a Tokio process.'
	say "Name it, or a part, or give its id: 'hud-trace my-app', 'hud-trace --pid 42'."
	say "'hud-trace --list' lists the Tokio processes here, --help the options; --doctor checks if this machine can trace."
	exit 2
}

# Checks that depend on several options.
check_options() {
	local script format target crate

	ASKED_STACKS=$STACKS ASKED_POLLS=$POLLS
	(($# <= 1)) || refuse "give one NAME, not $#"
	NAME=${1-}
	[[ ! $LIST ]] || [[ ! $NAME$PID$DOCTOR$PRINT_SCRIPT ]] || refuse 'either --list or a process, not both'
	[[ $NAME || $PID || $DOCTOR || $LIST ]] || can_choose || ask_for_process
	[[ ! $NAME || ! $PID ]] || refuse 'give either a NAME or --pid PID, not both'
	for target in ${TARGETS[@]+"${TARGETS[@]}"}; do
		[[ -f $target && -r $target ]] || refuse "--target: '$(clean "$target")' is not a readable file"
	done
	for crate in ${CRATES[@]+"${CRATES[@]}"}; do
		[[ ${crate#*=} =~ ^[A-Za-z0-9_-]+$ ]] || refuse "${crate%%=*}: '$(clean "${crate#*=}")' is not the name of a crate"
	done
	((${#CRATES[@]} <= 64)) || refuse '--mine, --not-mine: more than 64 crates'
	case $STACKS in
	auto | fp | dwarf | copy) ;;
	*) refuse "--stacks: '$(clean "$STACKS")' is not auto, fp, dwarf or copy" ;;
	esac
	case $RANKING in
	total | max | count | delay) ;;
	*) refuse "--sort: '$(clean "$RANKING")' is not total, max, count or delay" ;;
	esac
	case $POLLS in
	auto | tls | uprobe | estimate | off) ;;
	*) refuse "--polls: '$(clean "$POLLS")' is not auto, tls, uprobe, estimate or off" ;;
	esac
	case $CHART in
	'' | - | *.png | *.svg | *.pdf) ;;
	*) refuse "--chart: '$(clean "$CHART")' does not end in .png, .svg or .pdf, and is not -" ;;
	esac
	for script in ${OWN[@]+"${OWN[@]}"}; do
		[[ -f $script && -r $script ]] || refuse "--probe: '$(clean "$script")' is not a readable file"
		[[ -s $script ]] || refuse "--probe: '$(clean "$script")' is empty"
	done
	case $CHART_KIND in
	'' | timeline | blockers | histogram | heatmap | all) ;;
	*) refuse "--chart-kind: '$(clean "$CHART_KIND")' is not timeline, blockers, histogram, heatmap or all" ;;
	esac
	[[ ! $CHART_KIND || $CHART ]] || refuse '--chart-kind needs --chart FILE'
	[[ ! $DEBUGINFOD || ${DEBUGINFOD_URLS-} ]] ||
		refuse '--debuginfod: DEBUGINFOD_URLS names no server; sudo drops it without sudo --preserve-env=DEBUGINFOD_URLS'
	[[ ! $PROBE_OUTPUT || ${#OWN[@]} -gt 0 ]] || refuse '--probe-output needs --probe FILE.bt'
	[[ ! $PROBE_OUTPUT || ! $RAW ]] || refuse 'either --raw or --probe-output, not both'
	[[ $PROBE_OUTPUT != - ]] || refuse '--probe-output takes a file: the report has what is printed'
	[[ ! $FOLLOW || ! $RAW ]] || refuse 'either --raw or --follow, not both: each life is a stream of its own'
	[[ ! $FOLLOW || ! $PRINT_SCRIPT$DOCTOR$LIST ]] || refuse '--follow traces: it cannot be combined with --list, --doctor or --print-script'
	note_descriptor "$RECORD"
	note_descriptor "$PROBE_OUTPUT"
	for format in ${FORMATS[@]+"${FORMATS[@]}"}; do
		note_descriptor "${format#*=}"
	done
	check_trigger
	check_recording
	((!${#PUSH_OPTIONS[@]})) || [[ $PUSH ]] || refuse "${PUSH_OPTIONS[0]%%=*} needs --push URL"
	[[ ! $PUSH || ! $RAW ]] || refuse 'either --raw or --push, not both'
	[[ ! $EVERY || $PUSH || ${FORMATS[*]} == *=* ]] || refuse '--every needs a file to write: --format F=FILE'
	[[ ! $EVERY || ! $WINDOW || $TRIGGER_FOLDER ]] || refuse 'either --every or --window, not both: counters would go back'
	[[ ! $LISTEN || ! $RAW ]] || refuse 'either --raw or --listen, not both'
	[[ ! $LISTEN || ! $WINDOW || $TRIGGER_FOLDER ]] || refuse 'either --listen or --window, not both: counters would go back'
	[[ ! $EVERY$TRIGGER_FOLDER$LISTEN$PUSH ]] || HEADLESS=1
	[[ ! $RAW || ! $CHART ]] || refuse 'either --raw or --chart, not both'
	[[ ! $RAW || ${#FAIL_ON[@]} -eq 0 ]] || refuse 'either --raw or --fail-on, not both: there is no report to judge'
	((!${#FORMATS[@]})) || [[ ! $RAW ]] || refuse 'either --raw or --format, not both'
}

# With --trigger, the folder and the ring are the report's.
check_trigger() {
	local trigger

	if ((!${#TRIGGERS[@]})); then
		((!${#TRIGGER_OPTIONS[@]})) || refuse "${TRIGGER_OPTIONS[0]%%=*} needs --trigger EXPR"
		return 0
	fi
	[[ $RECORD ]] || refuse '--trigger needs --record FOLDER'
	[[ ! $RAW ]] || refuse 'either --raw or --trigger, not both'
	[[ $RESOLVE == --resolve-unasked ]] || refuse "$RESOLVE does not go with --trigger: hud-postproc resolve FILE puts names into a recording"
	TRIGGER_FOLDER=$RECORD RECORD=''
	[[ ! $RING ]] || TRIGGER_OPTIONS+=("--ring=$RING")
	RING=''
	TRIGGER_OPTIONS+=("--record=$TRIGGER_FOLDER" ${WINDOW:+"--window=$WINDOW"})
	for trigger in "${TRIGGERS[@]}"; do
		TRIGGER_OPTIONS+=("--trigger=$trigger")
	done
}

check_recording() {
	local size=${RING%[KMG]} shift=0

	[[ $RECORD || (! $RING && $RESOLVE == --resolve-unasked) ]] || refuse '--ring, --resolve and --no-resolve need --record FILE'
	[[ $RECORD != - ]] || refuse '--record takes a file; --raw prints the event lines'
	[[ $RING ]] || return 0
	case $RING in
	*K) shift=10 ;;
	*M) shift=20 ;;
	*G) shift=30 ;;
	esac
	[[ $size =~ ^[0-9]{1,9}$ ]] || size=0
	size=$((10#$size << shift))
	((size >= 1 << 16 && size <= 1 << 40)) || refuse "--ring: '$(clean "$RING")' is not a size from 64K to 1024G"
}
