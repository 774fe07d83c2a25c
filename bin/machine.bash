# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# Checks whether this machine and this user can trace. Each check sets FOUND to what it found. If that does
# not allow tracing, the check fails and sets REMEDY.

NEEDS=(rights capabilities namespace processor kernel lockdown ptrace bpftrace btf tracefs tracepoints)
FOUND='' REMEDY=''
CPUS=''       # how many are online
ANSWERS=''    # where bpftrace's answers are read
INFO=''       # what bpftrace says that it and the kernel support
RAW_POINTS='' # the raw tracepoint that bpftrace was asked about, if it lists that
TYPES=''      # of the names that are looked for in the kernel's types, those that are there, each between spaces

# Tracing needs root. Tells any other user what to type.
require_root() {
	local command=hud-trace words='' keep=

	((EUID)) || return 0
	[[ $PREFIX == /usr || $PREFIX == /usr/local ]] || command=$(printf '%q' "$0")
	printf -v words ' %q' "${ARGUMENTS[@]}"
	say "hud-trace: ${1:-tracing} needs root. Run"
	[[ ! $DEBUGINFOD ]] || keep='--preserve-env=DEBUGINFOD_URLS '
	say "    sudo $keep$command$words"
	exit 77
}

# Sets BPFTRACE to its version, or NO_BPFTRACE to the reason why there is none. bpftrace answers further
# questions in the background.
find_bpftrace() {
	local words

	PATH=$PATH:/usr/sbin:/sbin:/usr/local/bin
	if words=$(bpftrace --version 2>&1) && [[ $words =~ v?([0-9]+)\.([0-9]+) ]]; then
		BPFTRACE=("${BASH_REMATCH[@]:1:2}")
		exec {ANSWERS}< <(close_others && ask_bpftrace </dev/null)
	elif command -v bpftrace >/dev/null; then
		NO_BPFTRACE="bpftrace does not run: $(clean "${words%%$'\n'*}")"
	else
		NO_BPFTRACE='bpftrace is missing'
	fi
}

# Sets REPLY to the kernel's value for $1 in this process's status.
read_own_status() {
	local key

	while read -r key REPLY && [[ $key != "$1:" ]]; do :; done </proc/self/status
}

# Has this process the capability with number $1 (linux/capability.h)?
has_capability() {
	read_own_status CapEff
	((0x$REPLY >> $1 & 1))
}

# CAP_SYS_ADMIN, or both CAP_PERFMON and CAP_BPF.
check_rights() {
	if ((EUID)); then
		FOUND='not root' REMEDY='run it with sudo'
		return 1
	fi
	FOUND='root, with the right to trace'
	if ! has_capability 21 && { ! has_capability 38 || ! has_capability 39; }; then
		FOUND='root, but without the right to trace (CAP_SYS_ADMIN, or CAP_PERFMON and CAP_BPF)' REMEDY='in a container, run it on the host'
		return 1
	fi
}

# What it needs besides, tried with each left out: the processes of hud-postproc become other users. bpftrace 0.17 reads the kernel's types
# only with CAP_SYS_ADMIN; 0.23 and 0.27 do without.
check_capabilities() {
	local lacks=''

	((EUID == 0)) || { FOUND='not known: not root' && return 0; }
	has_capability 6 || lacks+=' CAP_SETGID'
	has_capability 7 || lacks+=' CAP_SETUID'
	[[ ! $DOCTOR ]] || has_capability 19 || lacks+=' CAP_SYS_PTRACE'
	has_capability 21 || ((BPFTRACE[0] || BPFTRACE[1] > 17)) || lacks+=' CAP_SYS_ADMIN'
	FOUND='all that it needs'
	[[ ! $lacks ]] || {
		FOUND="root, but without$lacks" REMEDY='in a container, give it these; or run it on the host'
		return 1
	}
}

# The initial namespace's number is PROC_PID_INIT_INO of linux/proc_ns.h. In any other namespace, the ids that
# probes see are not those seen here.
check_namespace() {
	FOUND='the initial pid namespace'
	[[ $(readlink /proc/self/ns/pid) == 'pid:[4026531836]' ]] || {
		FOUND='not in the initial pid namespace: the kernel knows these threads by other ids'
		REMEDY='run it on the host, or in a container that shares its pid namespace (docker run --pid=host --privileged)'
		return 1
	}
}

check_processor() {
	FOUND=$HOSTTYPE
	[[ $HOSTTYPE == @(x86_64|aarch64) ]] || {
		FOUND="it knows the registers of x86-64 and aarch64 only, not of $HOSTTYPE" REMEDY='record on one of these'
		return 1
	}
}

# Sets RELEASE to the kernel's version, as 5010 for 5.10.
read_release() {
	local words

	read -r words </proc/sys/kernel/osrelease
	[[ $words =~ ^([0-9]+)\.([0-9]+) ]]
	RELEASE=$((BASH_REMATCH[1] * 1000 + BASH_REMATCH[2]))
}

# Sets CPUS to how many are online.
count_cpus() {
	[[ $CPUS ]] || CPUS=$(getconf _NPROCESSORS_ONLN)
}

# Loops came with 5.3, bpf_probe_read_user with 5.5.
check_kernel() {
	read_release
	FOUND="Linux $((RELEASE / 1000)).$((RELEASE % 1000))"
	((RELEASE >= 5005)) || {
		FOUND+=' is too old' REMEDY='5.5 or later is needed'
		return 1
	}
}

# [confidentiality] forbids probes to read memory (security/security.c, LOCKDOWN_BPF_READ_KERNEL).
check_lockdown() {
	local words=''

	{ read -r words </sys/kernel/security/lockdown || true; } 2>/dev/null
	FOUND='the kernel is not locked down'
	[[ $words != *'[integrity]'* ]] || FOUND='the kernel is locked down for integrity, which allows tracing'
	[[ $words != *'[confidentiality]'* ]] || {
		FOUND='the kernel is locked down for confidentiality: it lets no probe read memory'
		REMEDY='boot it with lockdown=integrity, or without lockdown=; Secure Boot may set it'
		return 1
	}
}

# Asks bpftrace what it and the kernel support, and whether it attaches to raw tracepoints. Those avoid the
# perf events of its ordinary tracepoints, which slow each thread switch. bpftrace has them since 0.18, but
# 0.27 needs the kernel's list of traceable functions for them.
ask_bpftrace() {
	bpftrace --info 2>&1 || true
	printf '\0'
	((BPFTRACE[0] == 0 && BPFTRACE[1] < 18)) || bpftrace -l 'rawtracepoint:sched_switch' 2>/dev/null || true
}

# bpftrace says that it has no $1. (It prints one column or two, and has a `module btf` besides `btf`.)
says_no() {
	[[ $INFO =~ (^|$'\n'|[[:blank:]]{2})[[:blank:]]*"$1: no" ]]
}

# Sets INFO and RAW_POINTS, once.
read_answers() {
	[[ $ANSWERS ]] || return 0
	IFS= read -rd '' INFO <&"$ANSWERS" || true
	IFS= read -rd '' RAW_POINTS <&"$ANSWERS" || true
	exec {ANSWERS}<&-
	ANSWERS=''
}

# Sets TYPES, once. In BTF each name stands between two NULs (Documentation/bpf/btf.rst).
read_types() {
	local words name

	[[ ! $TYPES ]] || return 0
	mapfile -d '' -t words < <(grep -zxasF -e kasan_report -e kasan_init_hw_tags_cpu -e fred_entry_from_user -e __state \
		-e run_delay -e last_arrival -e last_queued /sys/kernel/btf/vmlinux)
	TYPES=' '
	for name in ${words[@]+"${words[@]}"}; do
		TYPES+="$name "
	done
}

# The kernel's types must have what the probes read: struct sched_info has members only with CONFIG_SCHED_INFO
# (linux/sched.h). bpftrace must also be able to read the types; it is asked when there is time.
check_btf() {
	local types=/sys/kernel/btf/vmlinux name

	FOUND='the kernel describes its types (BTF)'
	[[ -e $types ]] || {
		FOUND="the kernel does not describe its types: no $types"
		REMEDY='a kernel built with CONFIG_DEBUG_INFO_BTF is needed, as distributions have them'
		return 1
	}
	[[ ! $DOCTOR ]] || read_answers
	! says_no btf || {
		FOUND="bpftrace ${BPFTRACE[0]}.${BPFTRACE[1]} cannot read the kernel's types (BTF), which $types describes"
		REMEDY='a newer bpftrace may: 0.17 reads those of Linux 5.11 and later, 0.23 those of 5.10, too'
		return 1
	}
	read_types
	for name in run_delay last_arrival last_queued; do
		[[ $TYPES == *" $name "* ]] || {
			FOUND="the kernel does not tell how long threads wait for a CPU: its types have no $name"
			REMEDY='a kernel built with CONFIG_SCHED_INFO is needed (CONFIG_SCHEDSTATS or CONFIG_TASK_DELAY_ACCT select it)'
			return 1
		}
	done
}

# Yama's scope 3 applies to root, too.
check_ptrace() {
	local scope=0

	{ read -r scope </proc/sys/kernel/yama/ptrace_scope || true; } 2>/dev/null
	FOUND='threads can be looked at (ptrace)'
	[[ $scope != 3 ]] || {
		FOUND='no thread can be looked at: kernel.yama.ptrace_scope is 3' REMEDY='it stays so until the next boot'
		return 1
	}
}

check_bpftrace() {
	FOUND="bpftrace ${BPFTRACE[0]}.${BPFTRACE[1]}"
	if [[ $NO_BPFTRACE ]]; then
		FOUND=$NO_BPFTRACE REMEDY='Install it: apt install bpftrace, dnf install bpftrace, pacman -S bpftrace'
		return 1
	elif ((BPFTRACE[0] == 0 && BPFTRACE[1] < 17)); then
		FOUND+=' is too old' REMEDY='0.17 is needed, as in Debian 12 or Ubuntu 23.04'
		return 1
	fi
}

# Mounts it, unless this is only an examination.
check_tracefs() {
	FOUND="tracefs on $TRACEFS"
	if [[ ! -d $TRACEFS/events && -d /sys/kernel/debug/tracing/events ]]; then
		TRACEFS=/sys/kernel/debug/tracing
		FOUND="tracefs on $TRACEFS"
	elif ((EUID)); then
		FOUND='tracefs: only root can look at it'
	elif [[ ! -d $TRACEFS/events && $DOCTOR ]]; then
		FOUND='tracefs is not mounted: hud-trace will do that'
	elif [[ ! -d $TRACEFS/events ]]; then
		mount -t tracefs tracefs "$TRACEFS" 2>/dev/null || {
			FOUND="tracefs cannot be mounted on $TRACEFS" REMEDY='a kernel built with CONFIG_FTRACE is needed; in a container, run it on the host'
			return 1
		}
		WARNINGS+=('tracefs was not mounted: mounted it on /sys/kernel/tracing')
	fi
}

check_tracepoints() {
	local point missing=''

	FOUND='the tracepoints that it needs'
	[[ -d $TRACEFS/events ]] || return 0
	for point in sched/sched_{switch,waking,process_exit,process_exec} task/task_{newtask,rename}; do
		[[ -e $TRACEFS/events/$point ]] || missing+=" ${point/\//:}"
	done
	for point in tracepoint perf_event; do
		! says_no "$point" || {
			FOUND="the kernel lets bpftrace have no program for a $point" REMEDY='a kernel built with CONFIG_BPF_EVENTS and CONFIG_PERF_EVENTS is needed'
			return 1
		}
	done
	[[ ! $missing ]] || {
		FOUND="the kernel has no tracepoint${missing}" REMEDY='a kernel built with CONFIG_FTRACE and CONFIG_SCHED_TRACER is needed'
		return 1
	}
}

# Says what prevents tracing, and the remedy.
check_machine() {
	local need

	for need in "${NEEDS[@]}"; do
		"check_$need" && continue
		say "hud-trace: $FOUND. ${REMEDY^}"
		[[ $need == @(rights|capabilities|namespace|lockdown|ptrace) ]] && exit 77
		exit 1
	done
}
