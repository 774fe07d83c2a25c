# shellcheck shell=bash
# Composes the script that bpftrace runs: how polls are told apart and stacks are taken, and what compose.awk has to know.

# Prints the tightest [lo, lo + 2^k) around the addresses from $1 to $2 as lo and k.
window() {
	local k=12

	while ((($2 - $1) >> k)); do
		((++k))
	done
	printf '0x%x %d' "$1" "$k"
}

# Where the target's code is: from where to where the executable's own, then the libraries'. What lies between them is left out.
code_bounds() {
	local kind start end path rest own=() others=()

	while read -r kind start end _ _ _ path; do
		[[ $kind == map ]] || continue
		rest=$((16#$start))
		end=$((16#$end))
		if [[ $path == "${META[exe]}" ]]; then
			own=("${own[0]-$rest}" "$end")
		else
			others=("${others[0]-$rest}" "$end")
		fi
	done <<<"$HEAD"
	printf '%x %x %x %x' "${own[0]-0}" "${own[1]-0}" "${others[0]-0}" "${others[1]-0}"
}

# Where the kernel's code in the target is, a window, or nothing.
vdso() {
	local kind start end path

	while read -r kind start end _ _ _ path; do
		[[ $kind != map || $path != '[vdso]' ]] || window "0x$start" "0x$end"
	done <<<"$HEAD"
}

# Threads that take one of the workers' names later are workers too: sets NAMED to the condition for that, and NAMES to statements that
# it needs. Names with odd characters are not pasted into a script.
choose_names() {
	local plain='^[A-Za-z0-9_.:/@\ -]+$' kind tid watched name
	local -A seen=()

	NAMED='' NAMES=''
	if [[ $WORKERS ]]; then
		[[ ! ${WORKERS:0:15} =~ $plain ]] || NAMED="strncmp(comm, \"${WORKERS:0:15}\", ${#BASH_REMATCH}) == 0"
		return
	fi
	while read -r kind tid _ watched name; do
		[[ $kind != thread || $watched != 1 || $tid == "$PID" || ! $name =~ $plain ]] || seen[$name]=1
	done <<<"$HEAD"
	for name in "${!seen[@]}"; do
		NAMED='@watched[comm]'
		NAMES+="@watched[\"$name\"] = 1; "
	done
}

# How polls are told apart: by Tokio's own state where that could be found, else by probes where they begin, else not. Says so in
# the head.
choose_polls() {
	local how=${TOKIO#- }

	if [[ $POLLS == tls && $TOKIO == -* ]]; then
		die "--polls tls: Tokio's state cannot be read: $(clean "$how")"
	elif [[ $POLLS == uprobe && $NO_SITES ]]; then
		die "--polls uprobe: no poll can be probed: $(clean "$NO_SITES")"
	elif [[ $POLLS == auto ]]; then
		POLLS=tls
		[[ $TOKIO != -* ]] || POLLS=uprobe
		[[ $POLLS != uprobe || ! $NO_SITES ]] || POLLS=estimate how+="; $NO_SITES"
	elif [[ $POLLS != tls ]]; then
		how='as asked for'
	fi
	choose_rate
	add_meta hz "$HZ"
	case $POLLS in
	tls) add_meta polls "tls ${how##*([0-9 ])}" ;;
	uprobe) add_meta polls "uprobe $(printf '%s\n' "${SITES[@]}" | grep -c ^P) types of futures, $how" ;;
	estimate) add_meta polls "estimate $how" ;;
	off) add_meta polls "estimate without samples, $how" ;;
	esac
}

# How often to look at the workers. Two polls that follow each other at once are told apart by looking at them: often enough that
# one of the threshold's length is seen twice. A single one is known from the parks around it: until there is doubt, once will do.
choose_rate() {
	# Polls are looked at whenever a CPU is interrupted by its timer anyway.
	[[ $POLLS != tls || ! -d $TRACEFS/events/timer/hrtimer_expire_exit ]] || TICKS=1
	REST_HZ=$HZ FAST_HZ=$HZ
	[[ ! $HZ ]] || return 0
	case $POLLS in
	tls) ((HZ = 2500000 / THRESHOLD_US, HZ = HZ < 199 ? 199 : HZ > 997 ? 997 : HZ)) ;;
	uprobe) HZ=199 ;;
	*) HZ=99 ;;
	esac
	# 1.25 times in the threshold's time; for a short one that is no less than the other.
	((REST_HZ = 1250000 / THRESHOLD_US, REST_HZ = REST_HZ < 1 ? 1 : REST_HZ > HZ ? HZ : REST_HZ))
	FAST_HZ=1000
	# By itself it is not to keep step with what else the machine does.
	((TICKS)) || ((HZ |= 1))
}

# The statements that tell poll.bt where Tokio's state is, or nothing.
tokio_state() {
	local name numbers

	[[ $POLLS == tls ]] || return 0
	read -r -a numbers <<<"$TOKIO"
	for name in id_at id_tag_at budget_at tagged tag_at {mt,ct}_{known,at,tag,core,tick,idle,parked}; do
		# shellcheck disable=SC2016 # the variables are of bpftrace
		printf '$%s = (uint64)%d; ' "$name" "${numbers[0]}"
		numbers=("${numbers[@]:1}")
	done
	# shellcheck disable=SC2016
	printf '$shortest = (uint64)%d;' "${THRESHOLD_US}000"
}

# How stacks are taken: by frame pointers where all of the code keeps them, by bpftrace's own CFI walk where it has one, else
# copied. Says so in the head.
choose_stacks() {
	local release how why=''

	if [[ $STACKS == auto ]]; then
		if [[ ${META[frame-pointers]-} == yes ]]; then
			STACKS=fp why='all of its code keeps them'
		elif walks_dwarf; then
			STACKS=dwarf
		else
			STACKS=copy
		fi
	elif [[ $STACKS == dwarf ]] && ! walks_dwarf; then
		die "--stacks dwarf: bpftrace ${BPFTRACE[0]}.${BPFTRACE[1]} cannot walk stacks by CFI, 0.26 and later can; use --stacks copy"
	fi
	# Linux 6.19 and later tell it only of a thread that has changed its CPU (rseq_trace_update in linux/rseq_entry.h).
	read -r release </proc/sys/kernel/osrelease
	[[ $release =~ ^([0-9]+)\.([0-9]+) ]]
	((BASH_REMATCH[1] * 1000 + BASH_REMATCH[2] < 6019)) &&
		[[ ${META[rseq]-} == yes && -d $TRACEFS/events/rseq/rseq_update ]] || RESUME=0
	# Where stacks are kept until their thread is back, it has room for two of them (lay_out_copies).
	((RESUME || STACK_KIB <= 256)) || STACK_KIB=256
	case $STACKS in
	fp) how="walked by frame pointers${why:+: $why}" ;;
	dwarf) how='walked by CFI in bpftrace' ;;
	copy) how="copied (up to $STACK_KIB KiB), unwound by CFI" ;;
	esac
	add_meta stacks "$how"
	lay_out_copies
}

walks_dwarf() {
	((BPFTRACE[0] > 0 || BPFTRACE[1] >= 26)) && [[ $(bpftrace --help 2>&1) == *--dwarf-pid* ]]
}

# How the maps are laid out that stacks are copied to (stack.bt): sets KEYS, how many each map of the script holds, ROWS, the most that
# one stack takes, SLOTS, for how many there is room, and KEPT, how many a thread has to itself. A row is 2 KiB. Every map of the
# script has as many keys, and the kernel sets the memory of all aside at once: so these are 8 MiB, or 16 where more than 32 CPUs
# or threads may write to them at once. Where stacks have to be kept until a thread is back they are 16 MiB, three quarters for
# that, and up to 32 for many workers.
lay_out_copies() {
	local cpus

	cpus=$(getconf _NPROCESSORS_ONLN)
	KEYS=4096 ROWS=$(((STACK_KIB + 1) / 2))
	((cpus <= 32 || ${#WATCHED[@]} <= 32)) || KEYS=8192
	while ((KEYS < ${#WATCHED[@]} * 5 / 4)); do
		((KEYS *= 2))
	done
	SLOTS=$KEYS
	if ((!RESUME)); then
		((KEYS >= 8192)) || KEYS=8192
		while ((KEYS < 4 * ROWS * ${#WATCHED[@]} && KEYS < 16384)); do
			((KEYS *= 2))
		done
		((SLOTS = KEYS / 4))
	fi
	((SLOTS -= SLOTS % ROWS))
	# More would be too many to forget, for the verifier.
	KEPT=256
}

# What stack.bt has to know: as statements, and as it tells who reads the copies.
copy_sizes() {
	# shellcheck disable=SC2016 # the variables are of bpftrace
	printf '$most = (uint64)%d; $slots = (uint64)%d; $kept_slots = (uint64)%d;' "$ROWS" "$SLOTS" "$KEPT"
}

# Where the registers of user mode end on a thread's kernel stack (THREAD_SIZE and TOP_OF_KERNEL_STACK_PADDING of the kernel), which
# the names of what it has been built with tell. The script checks that they are there.
choose_registers() {
	local types=/sys/kernel/btf/vmlinux

	REGISTERS_END=16384
	! grep -qsaF kasan_report "$types" || REGISTERS_END=32768
	! grep -qsaF fred_entry_from_user "$types" || ((REGISTERS_END -= 16))
}

# The script that bpftrace runs, put together by compose.awk. Others build on what runq.bt has found out at a switch.
compose_script() {
	local probes=("$PROBES"/{threads,sleep}.bt) bodies=() sites='' script

	case $POLLS in
	tls) bodies+=("$PROBES/poll.bt") ;;
	uprobe) bodies+=("$PROBES/pollentry.bt") sites=${SITES[*]} ;;
	esac
	bodies=("$PROBES/stack.bt" ${bodies[@]+"${bodies[@]}"})
	[[ $POLLS == off ]] || probes+=("$PROBES/sample.bt")
	for script in ${OWN[@]+"${OWN[@]}"}; do
		probes+=("$(realpath -- "$script")")
	done
	choose_names
	choose_registers
	printf '// Composed by hud-trace %s from probes/*.bt\n' "$VERSION"
	[[ $STACKS != copy ]] || printf '//\n// %s\n//\n//     %s\n' \
		'It copies stacks to maps of its own. By hand, run it so, or there will be no stacks in what it prints:' \
		"sudo env $(bpftrace_settings) bpftrace -q -B line FILE | sudo hud-postproc copies"
	printf '\n'
	awk -v pid="$PID" -v threshold="$THRESHOLD_US" -v hz="$HZ" -v ticks="$TICKS" -v rest=$((TICKS && REST_HZ < HZ)) -v workers="${WATCHED[*]}" -v duration="${DURATION_MS:-0}" \
		-v stacks="$STACKS" -v registers_end="$REGISTERS_END" -v sizes="$(copy_sizes)" -v shape="$ROWS $SLOTS $KEPT $(code_bounds)" -v vdso="$(vdso)" -v named="$NAMED" -v names="$NAMES" \
		-v resume="$RESUME" -v raw=$((BPFTRACE[0] > 0 || BPFTRACE[1] >= 20)) -v tokio="$(tokio_state)" -v sites="$sites" \
		-v tracer=$$ -v thin=$((THINNER > 0)) -v most=10000 -v own=${#OWN[@]} -v flush="$VIEW" -v bodies="${#bodies[@]}" \
		-f "$PROBES/compose.awk" -f "$PROBES/own.awk" "${bodies[@]}" "$PROBES/runq.bt" "${bodies[@]}" "${probes[@]}"
}

# Complaints about the script $1 that is read from standard input, as complaints about the user's own scripts where they
# are from these (see own.awk).
name_scripts() {
	local script names=''

	for script in ${OWN[@]+"${OWN[@]}"}; do
		names+=$(clean "$script")$'\n'
	done
	NAMES=$names awk '
		BEGIN { split(ENVIRON["NAMES"], names, "\n") }
		FNR == NR {
			line++
			if (/^\/\/# /) { file = $2; line = $3 - 1 }
			of[FNR] = file
			at[FNR] = line
			last = FNR
			next
		}
		match($0, /^stdin:[0-9]+/) {
			number = substr($0, 7, RLENGTH - 6) + 0
			if (number > last) # the end of all, for want of a brace
				number = last
			if (of[number] > 0)
				$0 = names[of[number]] ":" at[number] substr($0, RLENGTH + 1)
		}
		{ print; fflush() }' <(printf '%s\n' "$1") -
}
