# shellcheck shell=bash
# The machine: whether it, and whoever asks, can trace.

# Tracing is for root. Anyone else is told what to type.
require_root() {
	local command=hud-trace words='' keep=

	((EUID)) || return 0
	[[ $PREFIX == /usr || $PREFIX == /usr/local ]] || command=$(printf '%q' "$0")
	printf -v words ' %q' "${ARGUMENTS[@]}"
	say 'hud-trace: tracing needs root. Run'
	[[ ! $DEBUGINFOD ]] || keep='--preserve-env=DEBUGINFOD_URLS '
	say "    sudo $keep$command$words"
	exit 77
}

find_bpftrace() {
	local words

	PATH=$PATH:/usr/sbin:/sbin:/usr/local/bin
	if words=$(bpftrace --version 2>/dev/null) && [[ $words =~ v?([0-9]+)\.([0-9]+) ]]; then
		BPFTRACE=("${BASH_REMATCH[@]:1:2}")
		return
	fi
	[[ $PRINT_SCRIPT ]] || die 'bpftrace is missing. Install it: apt install bpftrace, dnf install bpftrace, pacman -S bpftrace'
}

# Can this machine trace?
check_machine() {
	local capabilities

	((BPFTRACE[0] > 0 || BPFTRACE[1] >= 17)) ||
		die "bpftrace ${BPFTRACE[0]}.${BPFTRACE[1]} is too old: 0.17 is needed, as in Debian 12 or Ubuntu 23.04"
	[[ $HOSTTYPE == x86_64 ]] || die "it knows the registers of x86-64 only, not of $HOSTTYPE"
	capabilities=$(sed -n 's/^CapEff:\s*//p' /proc/self/status)
	if ((!(0x$capabilities >> 21 & 1) && (0x$capabilities >> 38 & 3) != 3)); then
		say 'hud-trace: root, but without the right to trace (CAP_SYS_ADMIN): in a container, run it on the host'
		exit 77
	fi
	[[ $(readlink /proc/self/ns/pid) == 'pid:[4026531836]' ]] ||
		WARNINGS+=('not in the initial pid namespace: the kernel knows these threads by other ids; run it on the host')
	if [[ ! -d $TRACEFS/events && -d /sys/kernel/debug/tracing/events ]]; then
		TRACEFS=/sys/kernel/debug/tracing
	elif [[ ! -d $TRACEFS/events ]]; then
		mount -t tracefs tracefs $TRACEFS || die "tracefs cannot be mounted on $TRACEFS"
		WARNINGS+=('tracefs was not mounted: mounted it on /sys/kernel/tracing')
	fi
}
