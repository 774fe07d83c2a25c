# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# What differs between processors in the composed script: parameters for compose.awk. Members of struct pt_regs and
# of struct thread_struct are from arch/x86/include/asm and arch/arm64/include/asm of Linux 5.5 to 7.2, numbers of
# system calls from `hud-postproc` (postproc/base/arch.h has the same for C).

# Where user registers end on a thread's kernel stack (THREAD_SIZE, and TOP_OF_KERNEL_STACK_PADDING of x86-64; the
# script checks that they are there). Sets REGISTERS_END. Needs TYPES.
find_registers() {
	local page

	REGISTERS_END=16384
	case $HOSTTYPE in
	aarch64)
		# A whole page at least; KASAN doubles what is less, if memory has no tags in hardware.
		page=$(getconf PAGESIZE)
		[[ $TYPES != *' kasan_report '* || $TYPES == *' kasan_init_hw_tags_cpu '* ]] || REGISTERS_END=32768
		((REGISTERS_END >= page)) || REGISTERS_END=$page
		;;
	*)
		[[ $TYPES != *' kasan_report '* ]] || REGISTERS_END=32768
		[[ $TYPES != *' fred_entry_from_user '* ]] || ((REGISTERS_END -= 16))
		;;
	esac
}

# The condition that $1 is one of $2...
is_one_of() {
	local number words=''

	for number in "${@:2}"; do
		words+="${words:+ || }$1 == $number"
	done
	printf '%s' "$words"
}

# A name and its value on each line. REG_...: members of the registers; USER_REGISTERS: they are those of user mode;
# REG_LR: where a call leaves its return address, if not on the stack; SYSCALL_IS_INT: the system call's number has 32
# bits; IN_EPOLL, IN_EPOLL_NOW: it is epoll_wait, epoll_pwait or epoll_pwait2; TAKES_DESCRIPTOR: read, write, readv,
# writev, fcntl or flock ($call is one more than the number); TAKES_LIST: poll, select, ppoll or pselect6, whose first
# argument is 0 if no descriptors follow; SITE_ADDRESS: where a probe of a function is.
# PREEMPT_BASE: what PREEMPT_COUNT is counted from.
# shellcheck disable=SC2016 # the variables are of bpftrace
arch_parameters() {
	case $HOSTTYPE in
	aarch64)
		# EL0t is 0 in the lowest five bits of pstate, and user mode masks no interrupt (PSR_D_BIT to PSR_F_BIT).
		# The processor checks that sp is aligned.
		printf '%s %s\n' REG_IP user_regs.pc REG_SP user_regs.sp REG_BP 'user_regs.regs[29]' REG_LR 'user_regs.regs[30]' \
			REG_SYSCALL syscallno SYSCALL_IS_INT 1 REG_ARGUMENT orig_x0 SITE_ADDRESS 'reg("pc")' THREAD_POINTER thread.uw.tp_value \
			USER_REGISTERS '((uint64)$regs->user_regs.pstate & 0xffffff00000003df) == 0 && ((uint64)$regs->user_regs.sp & 15) == 0 && (uint64)$regs->user_regs.pc != 0' \
			IN_EPOLL "$(is_one_of '$syscall' 22 441)" IN_EPOLL_NOW "$(is_one_of '$regs->syscallno' 22 441)" \
			TAKES_DESCRIPTOR "$(is_one_of '$call' 64 65 66 67 26 33)" TAKES_LIST "$(is_one_of '$call' 73 74)" PREEMPT_BASE '(uint64)curtask'
		;;
	*)
		# __USER_CS and __USER_DS; in a Xen guest these have upper bits, too.
		printf '%s %s\n' REG_IP ip REG_SP sp REG_BP bp REG_SYSCALL orig_ax REG_ARGUMENT di SITE_ADDRESS 'reg("ip")' THREAD_POINTER thread.fsbase \
			USER_REGISTERS '((uint64)$regs->cs & 0x1fff) == 0x33 && ((uint64)$regs->ss & 0x1fff) == 0x2b' \
			IN_EPOLL "$(is_one_of '$syscall' 232 281 441)" IN_EPOLL_NOW "$(is_one_of '$regs->orig_ax' 232 281 441)" \
			TAKES_DESCRIPTOR "$(is_one_of '$call' 1 2 20 21 73 74)" TAKES_LIST "$(is_one_of '$call' 8 24 271 272)" PREEMPT_BASE '$variables'
		;;
	esac
}

# Where from the thread pointer the address of the DTV is, with entries of $1 bytes: 16 are glibc's, 8 musl's
# (tcbhead_t of glibc's nptl/tls.h, struct pthread of musl's pthread_impl.h).
dtv_place() {
	case $HOSTTYPE in
	aarch64) (($1 == 8)) && echo -8 || echo 0 ;;
	*) echo 8 ;;
	esac
}
