# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# Composes the script that bpftrace runs: decides how polls are told apart and stacks are taken, and collects
# the parameters for compose.awk.

# Prints the tightest [lo, lo + 2^k) around the addresses from $1 to $2 as lo and k.
window() {
	local k=12

	while ((($2 - $1) >> k)); do
		((++k))
	done
	printf '0x%x %d' "$1" "$k"
}

# The ranges of the target's code: the executable's, then the libraries'. What is between is left out.
code_bounds() {
	local kind start end path rest own=() others=()

	while read -r kind start end _ _ _ path; do
		[[ $kind == map ]] || continue
		rest=$((16#$start))
		end=$((16#$end))
		if [[ $path == "${META[exe]-}" ]]; then
			own=("${own[0]-$rest}" "$end")
		else
			others=("${others[0]-$rest}" "$end")
		fi
	done <<<"$HEAD"
	printf '%x %x %x %x\n' "${own[0]-0}" "${own[1]-0}" "${others[0]-0}" "${others[1]-0}"
}

# The window with the kernel's code in the target (the vdso), or nothing.
vdso() {
	local kind start end path

	while read -r kind start end _ _ _ path; do
		[[ $kind != map || $path != '[vdso]' ]] || { window "0x$start" "0x$end" && echo; }
	done <<<"$HEAD"
}

# Threads that get a worker's name later are workers, too: sets NAMED to the condition for that, and NAMES to
# statements that it needs. Names with unusual characters are not pasted into a script.
choose_names() {
	local plain='^[A-Za-z0-9_.:/@\ -]+$' kind tid watched name
	local -A seen=()

	NAMED='' NAMES=''
	if [[ $WORKERS ]]; then
		[[ ! ${WORKERS:0:15} =~ $plain ]] || NAMED="strncmp(comm, \"${WORKERS:0:15}\", ${#BASH_REMATCH}) == 0"
		return
	fi
	while read -r kind tid _ watched name; do
		[[ $kind != thread || $watched != 1 || $tid == "$PID" || " ${MAINS[*]} " == *" $tid "* || ! $name =~ $plain ]] || seen[$name]=1
	done <<<"$HEAD"
	for name in "${!seen[@]}"; do
		NAMED='@watched[comm]'
		NAMES+="@watched[\"$name\"] = 1; "
	done
}

# Decides how polls are told apart, stacks are taken and wakers are known, once the head is read.
choose_how() {
	choose_polls
	choose_stacks
	choose_wakers
}

# How polls are told apart: by Tokio's own state if it was found, otherwise by probes where polls begin,
# otherwise not at all. Adds this to the head.
choose_polls() {
	local how=${TOKIO[0]#- } one

	[[ ${TOKIO[0]} == -* ]] || how=''
	for one in "${TOKIO[@]}"; do
		[[ $one == -* ]] || how+=${how:+, }${one#*how=}
	done
	if [[ $POLLS == tls && ${TOKIO[0]} == -* ]]; then
		die "--polls tls: Tokio's state cannot be read: $(clean "$how"). Without --polls tls another way is taken"
	elif [[ $POLLS == uprobe && $NO_SITES ]]; then
		die "--polls uprobe: no poll can be probed: $(clean "$NO_SITES"). Without --polls uprobe another way is taken"
	elif [[ $POLLS == auto ]] && ((${#MAINS[@]} == ${#WATCHED[@]})); then
		POLLS=estimate how='a main future is in no scheduler that would tell its polls'
	elif [[ $POLLS == auto ]]; then
		POLLS=tls
		[[ ${TOKIO[0]} != -* ]] || POLLS=uprobe
		[[ $POLLS != uprobe || $NO_SITES ]] || find_sharers
		[[ $POLLS != uprobe || ! $NO_SITES ]] || POLLS=estimate
		[[ $POLLS != estimate || $how == "$NO_SITES" ]] || how+="; $NO_SITES"
	elif [[ $POLLS != tls ]]; then
		how='as asked for'
	fi
	choose_rate
	case $POLLS in
	tls) add_meta polls "tls $how" ;;
	uprobe) add_meta polls "uprobe $(printf '%s\n' "${SITES[@]}" | grep -c ^P) types of futures, $how" ;;
	estimate) add_meta polls "estimate $how" ;;
	off) add_meta polls "estimate without samples, $how" ;;
	esac
}

# How often to look at workers. Polls without a park between are told apart only by looks; so a poll of the
# threshold's length must be looked at twice. A single poll is known from the parks around it, so one look is
# enough until there is doubt. Adds this to the head.
choose_rate() {
	HZ=$ASKED_HZ TICKS=0
	# Polls are looked at whenever a timer interrupts the CPU anyway.
	[[ $POLLS != tls || $NO_TICKS == 1 || ! -d $TRACEFS/events/timer/hrtimer_expire_exit ]] || TICKS=1
	REST_HZ=$HZ FAST_HZ=$HZ
	if [[ ! $HZ ]]; then
		case $POLLS in
		tls) ((HZ = 2500000 / THRESHOLD_US, HZ = HZ < 199 ? 199 : HZ > 997 ? 997 : HZ)) ;;
		uprobe) HZ=199 ;;
		*) HZ=99 ;;
		esac
		# 1.25 looks in the threshold's time; for a short threshold, no more than HZ.
		((REST_HZ = 1250000 / THRESHOLD_US, REST_HZ = REST_HZ < 1 ? 1 : REST_HZ > HZ ? HZ : REST_HZ))
		FAST_HZ=1000
		# An odd rate does not stay in step with periodic work of the machine.
		((TICKS)) || ((HZ |= 1))
	fi
	add_meta hz "$HZ"
}

# Where each Tokio keeps its state, as parameters: the first one's field id-at as ID_AT_1, and so on. Takes
# only these: the head must not set others.
tokio_parameters() {
	local i name number

	printf 'TOKIOS %d\n' "${#TOKIO[@]}"
	# Is anything known about what waits for a worker?
	[[ ! " ${TOKIO[*]}" =~ \ mt-head=[1-9] ]] || printf 'READY 1\n'
	for ((i = 1; i <= ${#TOKIO[@]}; i++)); do
		# Its number, if its queues are known.
		[[ " ${TOKIO[i - 1]}" =~ \ mt-head=[1-9] ]] && printf 'QUEUES_%d %d\n' "$i" "$i" || printf 'QUEUES_%d 0\n' "$i"
		for name in id-at id-tag-at budget-at tagged tag-at {mt,ct}-{known,at,tag,core,tick,idle,parked} module dtv-entry block mt-{queue,head,tail,lifo,lifo-shared,worker,handle,inject,unparked,workers}; do
			[[ " ${TOKIO[i - 1]}" =~ \ "$name"=([0-9]+)\  ]] || continue
			number=${BASH_REMATCH[1]}
			# How far before the DTV its length is: glibc's entries have 16 bytes.
			[[ $name != dtv-entry ]] || printf 'DTV_LENGTH_%d %d\nDTV_AT_%d %d\n' "$i" $((number == 16 ? 16 : 0)) "$i" "$(dtv_place "$number")"
			# Printed without a sign; on aarch64 thread-local memory is above the thread pointer.
			[[ $name != block ]] || number=$((number))
			name=${name^^}
			printf '%s_%d %s\n' "${name//-/_}" "$i" "$number"
		done
	done
}

# The attach points of each kind of site, as parameters: SITES_P and so on, and SLOW_SITES_P and so on where a
# probe costs much.
site_parameters() {
	local site kinds slow points

	for kinds in P BKI C E W; do
		for slow in 0 1; do
			points=''
			for site in ${SITES[@]+"${SITES[@]}"}; do
				[[ $site != [$kinds]$slow:* ]] || points+=${points:+,}uprobe:${site#*:}
			done
			((slow)) && kinds=SLOW_SITES_$kinds || kinds=SITES_$kinds
			printf '%s %s\n' "$kinds" "$points"
			kinds=${kinds##*_}
		done
	done
}

# How stacks are taken: by frame pointers if all code keeps them, otherwise copied. Adds this to the head,
# with the reason $1 if given.
choose_stacks() {
	local release how why=${1-} most=512 limit=''

	read_answers
	if [[ $STACKS == auto ]]; then
		if [[ ${META[frame-pointers]-} == yes ]]; then
			STACKS=fp why='all of its code keeps them'
		else
			STACKS=copy
		fi
	elif [[ $STACKS == dwarf ]] && ! walks_dwarf; then
		die "--stacks dwarf: bpftrace ${BPFTRACE[0]}.${BPFTRACE[1]} cannot walk stacks by CFI, 0.26 and later can; use --stacks copy"
	elif [[ $STACKS == dwarf ]]; then
		check_mapped_files
	fi
	# Since Linux 6.19 it only fires for a thread that has changed its CPU (rseq_trace_update in
	# linux/rseq_entry.h).
	read -r release </proc/sys/kernel/osrelease
	[[ $release =~ ^([0-9]+)\.([0-9]+) ]]
	((BASH_REMATCH[1] * 1000 + BASH_REMATCH[2] < 6019)) &&
		[[ ${META[rseq]-} == yes && -d $TRACEFS/events/rseq/rseq_update ]] || RESUME=0
	RAW_SWITCH=$((BASH_REMATCH[1] * 1000 + BASH_REMATCH[2] >= 5018))
	# If stacks are kept until their thread is back, each thread has room for two (lay_out_copies).
	((RESUME)) || most=256
	((STACK_KIB < most)) || STACK_KIB=$most limit=', the most'
	case $STACKS in
	fp) how="walked by frame pointers${why:+: $why}" ;;
	dwarf) how='walked by CFI in bpftrace' ;;
	copy) how="copied (up to $STACK_KIB KiB$limit), unwound by CFI" ;;
	esac
	add_meta stacks "$how"
	lay_out_copies
}

# bpftrace would wait for ever where the file system of something that is mapped does not answer. Read past the
# page cache (iflag=direct): a cached page proves nothing.
check_mapped_files() {
	local kind start end path

	while read -r kind start end _ _ _ path; do
		[[ $kind == map && $path == /* ]] || continue
		read -r -t 5 < <(exec 2>/dev/null && close_others &&
			{ dd if="/proc/$PID/map_files/$start-$end" of=/dev/null bs=4096 count=1 iflag=direct || true; } && echo came) ||
			die "--stacks dwarf: bpftrace would wait for $(clean "$path"), whose file system does not answer; use --stacks copy"
	done <<<"$HEAD"
}

walks_dwarf() {
	((BPFTRACE[0] > 0 || BPFTRACE[1] >= 26)) && [[ $(bpftrace --help 2>&1) == *--dwarf-pid* ]]
}

# The layout of the maps for copied stacks (stack.bt): sets KEYS, the keys of each map of the script; ROWS,
# the most that one stack takes; SLOTS, the size of the ring; and KEPT, how many rows a thread has to itself.
# A row is 2 KiB. Every map of the script has as many keys, and the kernel allocates all memory at once: 8
# MiB, or 16 if more than 32 CPUs or threads may write at the same time. If stacks have to be kept until a
# thread is back: 16 MiB, three quarters of it for that, and up to 32 for many workers. If that was refused: a
# quarter.
lay_out_copies() {
	count_cpus
	KEYS=4096 ROWS=$(((STACK_KIB + 1) / 2))
	((CPUS <= 32 || ${#WATCHED[@]} <= 32)) || KEYS=8192
	((!LEAN)) || ((KEYS /= 4))
	while ((KEYS < ${#WATCHED[@]} * 5 / 4)); do
		((KEYS *= 2))
	done
	SLOTS=$KEYS
	if ((!RESUME)); then
		((KEYS >= 8192)) || ((KEYS = LEAN ? 2048 : 8192))
		while ((KEYS < 4 * ROWS * ${#WATCHED[@]} && KEYS < 16384)); do
			((KEYS *= 2))
		done
		((SLOTS = KEYS / 4))
	fi
	((SLOTS -= SLOTS % ROWS))
	# The verifier could not check deleting more.
	KEPT=$((LEAN ? 64 : 256))
}

# What differs between kernels, by names of types and functions: where user registers are (arch.bash), and the
# name of a thread's state.
choose_kernel() {
	read_types
	find_registers
	# Renamed in Linux 5.14.
	TASK_STATE=state
	[[ $TYPES != *' __state '* ]] || TASK_STATE=__state
}

# Where the kernel keeps which interrupt a CPU handles, as parameters: then an interrupt is never taken for
# the thread that it interrupted. Adds this to the head.
choose_wakers() {
	KERNEL=$("$POSTPROC" kernel) || KERNEL=''
	[[ ! $KERNEL ]] || add_meta wakers process
}

takes_raw() {
	[[ $NO_RAW == 0 && $RAW_POINTS ]]
}

# The parameters of the script's parts: a name and its value on each line.
parameters() {
	local own_start own_end libraries_start libraries_end vdso_start vdso_bits gap window=$((ROWS * 3 / 32))

	read -r own_start own_end libraries_start libraries_end < <(code_bounds)
	[[ ! ${KERNEL-} ]] || printf '%s\n' "$KERNEL"
	arch_parameters
	printf '%s %s\n' PID "$PID" THRESHOLD "${THRESHOLD_US}000" THRESHOLD_US "$THRESHOLD_US" HZ "$HZ" DURATION "${DURATION_MS:-0}" \
		RESUME "$RESUME" TICKS "$TICKS" REST $((TICKS && REST_HZ < HZ)) LIVE "$VIEW" THIN "${THIN:-0}" MOST_EVENTS 10000 \
		"${STACKS^^}" 1 REGISTERS_END "$REGISTERS_END" TASK_STATE "$TASK_STATE" RAW "$(takes_raw && echo 1)" \
		RAW_SWITCH "$(takes_raw && ((RAW_SWITCH)) && echo 1)" \
		WALK "$( ((BPFTRACE[0] > 0 || BPFTRACE[1] >= 20)) && echo raw || echo perf)" \
		ROWS "$ROWS" WINDOW_ROWS "$window" REST_ROWS $((ROWS / 4)) NEAR_ROWS $((ROWS - ROWS / 4 - 4 * window)) SLOTS "$SLOTS" KEPT "$KEPT" \
		COPY_LIMIT 33554432 COPY_MOST 37748736 COPY_THIN 37224448 KEEPS "$([[ $STACKS != copy ]] || echo $((!RESUME)))" \
		CODE_START "0x$own_start" CODE_END "0x$own_end" LIBRARIES_START "0x$libraries_start" LIBRARIES_END "0x$libraries_end" \
		SAMPLES "$([[ $POLLS == off ]] || echo 1)" STACK_GAP $((THRESHOLD_US < 5000 ? THRESHOLD_US * 1000 : 5000000)) \
		WORKER_PROGRAMS $(((${#WATCHED[@]} + 249) / 250))
	case $POLLS in
	tls)
		# A worker is skipped if it was looked at so recently.
		((gap = THRESHOLD_US * 1000 / 8, gap = gap > 500000 ? 500000 : gap))
		printf '%s %s\n' TLS 1 POLLS 1 GAP "$gap"
		tokio_parameters
		;;
	uprobe)
		printf '%s %s\n' SITES 1 POLLS 1 GAP 0 CASTLESS_SITES $((BPFTRACE[0] == 0 && BPFTRACE[1] < 20))
		site_parameters
		;;
	*) echo GAP 0 ;;
	esac
	[[ $POLLS == tls || ! $NAMED ]] || printf '%s %s\n' NAMED "$NAMED" NAMES "${NAMES:+1}"
	[[ $STACKS != dwarf ]] || { read -r vdso_start vdso_bits < <(vdso) && printf '%s %s\n' VDSO "$vdso_start" VDSO_BITS "$vdso_bits"; } || true
}

# The part that is generated for this process. A very large number of workers is passed by several programs,
# because bpftrace is slow with long ones.
made_part() {
	local i what by_stacks=(${MAINS[@]+"${MAINS[@]}"})

	[[ $POLLS != tls || ! ${META[block-on]-} ]] || by_stacks+=(${CURRENT_THREADS[@]+"${CURRENT_THREADS[@]}"})
	printf '//@body names\n'
	[[ ! $NAMES ]] || printf '\t%s\n' "$NAMES"
	printf '//@end\n//@body workers\n'
	for ((i = 0; i < ${#WATCHED[@]}; i++)); do
		((i % 250)) || printf 'interval:ms:50 /@told == %d/\n{\n\t@told = %d;\n' $((i / 250)) $((i / 250 + 1))
		[[ " ${by_stacks[*]-} " == *" ${WATCHED[i]} "* ]] && what=2 || what=1
		printf '\t@worker[%d] = %d;\n' "${WATCHED[i]}" $what
		((i % 250 < 249 && i < ${#WATCHED[@]} - 1)) || printf '}\n\n'
	done
	printf '//@end\n'
}

# The script that bpftrace runs, composed by compose.awk. A new part belongs into the list here: begin.bt is
# first, because bpftrace learns types from it, and end.bt last, because probes are attached in this order.
compose_script() {
	local own=() script

	for script in ${OWN[@]+"${OWN[@]}"}; do
		own+=("$(realpath -- "$script")")
	done
	choose_names
	choose_kernel
	printf '// Composed by hud-trace %s from probes/parts/*.bt, for process %s and a threshold of %s us.\n' "$VERSION" "$PID" "$THRESHOLD_US"
	[[ $STACKS != copy ]] || printf '//\n// %s\n//\n//     %s\n' \
		'It copies stacks to its own maps. To run it by hand, use this command; otherwise the output has no stacks:' \
		"sudo env $(bpftrace_settings) bpftrace -q --no-warnings -B line FILE | sudo hud-postproc copies"
	printf '\n'
	awk -f "$PROBES/compose.awk" -f "$PROBES/own.awk" <(parameters) <(made_part) \
		"$PROBES"/parts/{begin,registers,stacks,tokio-state,queues,polls,poll-sites,looks,switches,samples,threads,end}.bt own=1 ${own[@]+"${own[@]}"}
}

# Reads complaints about the script $1 from standard input, and rewrites those about the user's own scripts
# (see own.awk).
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
			if (number > last) # at the very end, because a brace is missing
				number = last
			if (of[number] > 0)
				$0 = names[of[number]] ":" at[number] substr($0, RLENGTH + 1)
		}
		{ print; fflush() }' <(printf '%s\n' "$1") -
}
