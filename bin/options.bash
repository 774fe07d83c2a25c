# shellcheck shell=bash
# The command line: its options, what they may be, and what may go together. Sets the settings that bin/hud-trace lists.

usage() {
	cat <<-'END'
	usage: sudo hud-trace [OPTION]... NAME | --pid PID

	Reports the code that blocks the workers of a running Tokio process; on a
	terminal also while it happens, with keys (?) to look into it and q to end.

	  -p, --pid PID         its id; or NAME: its name, its executable's, or a part
	      --threshold MS    report what blocks for at least MS milliseconds (5)
	      --duration SECS   trace for so long; --window SECS: only the last count
	      --top N           N blockers at most (10); --mine CRATE, --not-mine CRATE
	      --chart FILE      draw .png, .svg, .pdf; - is text; --chart-kind KIND
	      --format F[=FILE] write it as F (list: as what); --export FILE: a trace
	      --record FILE     keep the events; --resolve: with names; --ring SIZE
	      --fail-on EXPR    exit with 3 if so: 'blocked>5%', 'max>50ms', ...
	      --workers PREFIX  its workers are the threads named so (found unasked)
	  -t, --target FILE     symbols from an unstripped copy; --debuginfod: servers
	      --probe FILE.bt   a bpftrace script of your own besides
	      --hz N            sample N times a second (auto); --max-overhead PERCENT
	      --polls HOW       telling polls apart: tls, uprobe, estimate, off (auto)
	      --stacks HOW      taking stacks: fp, dwarf, copy (auto); --stack-size KIB
	      --raw             print the event lines; --print-script: what would run
	  -q, --quiet           only the report; --headless: no live view; --no-color
	  -h, --help  -V, --version  -v, --verbose: whole names  --doctor: what works?

	Exit status: 0 traced, 1 failed, 2 wrong usage, 3 --fail-on, 77 no permission.
	END
}

# Sets REPLY to the whole number $2; $1, the option's name, refuses what is not from $3 to $4, which $5 says.
number() {
	local option=$1 text=$2 low=$3 high=$4 range=$5

	REPLY=-1
	[[ ! $text =~ ^0*([0-9]{1,9})$ ]] || REPLY=$((10#${BASH_REMATCH[1]}))
	((REPLY >= low && REPLY <= high)) || refuse "$option: '$(clean "$text")' is not $range"
}

# Sets REPLY to the duration $2 in microseconds: a number of $3, unless it has a unit of its own. $1, the option's name, refuses what is
# not from $4 to $5 microseconds, which $6 says.
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

# The words of getopt's output, into the array WORDS: as `eval set --` would take them, without running anything.
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
	local words long=help,version,verbose,pid:,target:,threshold:,duration:,workers:,hz:,top:,window:,chart:,chart-kind:,probe:
	long+=,format:,export:,fail-on:,polls:,stacks:,stack-size:,headless,quiet,no-color,print-script,raw,debuginfod
	long+=,record:,ring:,resolve,doctor,max-overhead:,mine:,not-mine:

	# These would have getopt take the words in another way.
	words=$(env -u GETOPT_COMPATIBLE -u POSIXLY_CORRECT getopt -n hud-trace -o hVp:t:qv -l "$long" -- "$@" 2>&1) ||
		refuse "$(clean "$(sed -n '1s/^[^:]*: //p' <<<"$words")")"
	unquote "$words"
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
		--raw) RAW=1 && shift && continue ;;
		--debuginfod) DEBUGINFOD=1 && shift && continue ;;
		--doctor) DOCTOR=1 && shift && continue ;;
		--resolve) RESOLVE=1 && shift && continue ;;
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
		--hz) number --hz "$2" 1 997 'a whole number from 1 to 997' && HZ=$REPLY ;;
		--format)
			[[ $2 != list ]] || { find_files && exec "$POSTPROC" report --format list -; }
			FORMATS+=("$2")
			;;
		--export) FORMATS+=("trace=$2") ;;
		--fail-on) FAIL_ON+=("$2") ;;
		--record) RECORD=$2 ;;
		--ring) RING=$2 ;;
		--polls) POLLS=$2 ;;
		--probe) OWN+=("$2") ;;
		--stacks) STACKS=$2 ;;
		--stack-size) number --stack-size "$2" 1 512 'a number of KiB from 1 to 512' && STACK_KIB=$REPLY ASKED_SIZE=1 ;;
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

# What one option alone does not tell.
check_options() {
	local script format target crate

	ASKED_STACKS=$STACKS ASKED_POLLS=$POLLS
	(($# <= 1)) || refuse "one NAME, please, not $#"
	NAME=${1-}
	[[ $NAME || $PID || $DOCTOR ]] || refuse 'which process? Give a NAME or --pid PID'
	[[ ! $NAME || ! $PID ]] || refuse 'either a NAME or --pid PID, not both'
	for target in ${TARGETS[@]+"${TARGETS[@]}"}; do
		[[ -f $target && -r $target ]] || refuse "--target: '$(clean "$target")' is not a file to read"
	done
	for crate in ${CRATES[@]+"${CRATES[@]}"}; do
		[[ ${crate#*=} =~ ^[A-Za-z0-9_-]+$ ]] || refuse "${crate%%=*}: '$(clean "${crate#*=}")' is not the name of a crate"
	done
	((${#CRATES[@]} <= 64)) || refuse '--mine, --not-mine: more than 64 crates'
	case $STACKS in
	auto | fp | dwarf | copy) ;;
	*) refuse "--stacks: '$(clean "$STACKS")' is not auto, fp, dwarf or copy" ;;
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
		[[ -f $script && -r $script ]] || refuse "--probe: '$(clean "$script")' is not a file to read"
		[[ -s $script ]] || refuse "--probe: '$(clean "$script")' is empty"
	done
	case $CHART_KIND in
	'' | timeline | blockers | histogram | heatmap | all) ;;
	*) refuse "--chart-kind: '$(clean "$CHART_KIND")' is not timeline, blockers, histogram, heatmap or all" ;;
	esac
	[[ ! $CHART_KIND || $CHART ]] || refuse '--chart-kind needs --chart FILE'
	[[ ! $DEBUGINFOD || ${DEBUGINFOD_URLS-} ]] ||
		refuse '--debuginfod: DEBUGINFOD_URLS names no server; sudo drops it, unless told: sudo --preserve-env=DEBUGINFOD_URLS'
	note_descriptor "$RECORD"
	for format in ${FORMATS[@]+"${FORMATS[@]}"}; do
		note_descriptor "${format#*=}"
	done
	check_recording
	[[ ! $RAW || ! $CHART ]] || refuse 'either --raw or --chart, not both'
	[[ ! $RAW || ${#FAIL_ON[@]} -eq 0 ]] || refuse 'either --raw or --fail-on, not both: there is no report to judge'
	((!${#FORMATS[@]})) || [[ ! $RAW ]] || refuse 'either --raw or --format, not both'
}

check_recording() {
	local size=${RING%[KMG]} shift=0

	[[ $RECORD || ! $RING$RESOLVE ]] || refuse '--ring and --resolve need --record FILE'
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
