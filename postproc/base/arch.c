/* SPDX-License-Identifier: Apache-2.0 */
#include "base/arch.h"

#include <elf.h>
#include <limits.h>
#include <seccomp.h>
#include <stddef.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/uio.h>

/* Linux 7.2 has 472 system calls. The x32 numbers begin far above; no target uses them. */
#define SYSCALLS_MAX 1024

/* libseccomp allocates each name. They are looked up once and kept until the program ends. */
static char *x86_64_syscalls[SYSCALLS_MAX], *aarch64_syscalls[SYSCALLS_MAX];

const struct arch arch_x86_64 = {
	.name = "x86_64",
	.machine = EM_X86_64,
	.pc = 16,
	.sp = 7,
	.fp = 6,
	.tls = {.dtv_glibc = 8, .dtv_musl = 8, .module_id = R_X86_64_DTPMOD64, .distance = R_X86_64_TPOFF64},
	.seccomp_arch = SCMP_ARCH_X86_64,
	.syscalls = x86_64_syscalls,
};

/* mov x8, #__NR_rt_sigreturn; svc #0. The vdso's trampoline has had no CFI since Linux 5.8, and the older CFI
 * lost the interrupted frame. Above sp: siginfo (128 bytes), then ucontext (176 up to its sigcontext), which
 * holds a fault address, x0 to x30, sp and pc (arch/arm64/kernel/signal.c and
 * include/uapi/asm/sigcontext.h). */
static const struct signal_frame aarch64_signal = {
	.code = {0xd2801168, 0xd4000001},
	.fp = 128 + 176 + 8 + 8 * 29,
	.lr = 128 + 176 + 8 + 8 * 30,
	.sp = 128 + 176 + 8 + 8 * 31,
	.pc = 128 + 176 + 8 + 8 * 32,
};

/* Pointer authentication puts a signature into the bits above the address (Linux,
 * arch/arm64/pointer-authentication.rst). TLS: tcbhead_t of glibc's sysdeps/aarch64/nptl/tls.h and struct
 * pthread of musl's pthread_impl.h. */
const struct arch arch_aarch64 = {
	.name = "aarch64",
	.machine = EM_AARCH64,
	.pc = 32,
	.sp = 31,
	.fp = 29,
	.has_lr = true,
	.lr = 30,
	.signs = true,
	.tls = {.header = 16,
		.dtv_glibc = 0,
		.dtv_musl = -8,
		.module_id = R_AARCH64_TLS_DTPMOD,
		.distance = R_AARCH64_TLS_TPREL,
		.descriptor = R_AARCH64_TLSDESC},
	.signal_frame = &aarch64_signal,
	.seccomp_arch = SCMP_ARCH_AARCH64,
	.syscalls = aarch64_syscalls,
};

static const struct arch *const archs[] = {&arch_x86_64, &arch_aarch64};

const struct arch *arch_named(const char *name)
{
	static const struct arch other = {.name = "", .pc = UINT_MAX, .sp = UINT_MAX, .fp = UINT_MAX};

	for (size_t i = 0; i < sizeof(archs) / sizeof(*archs); i++)
		if (strcmp(archs[i]->name, name) == 0)
			return archs[i];
	return &other;
}

const struct arch *arch_of_machine(uint16_t machine)
{
	for (size_t i = 0; i < sizeof(archs) / sizeof(*archs); i++)
		if (archs[i]->machine == machine)
			return archs[i];
	return NULL;
}

const struct arch *arch_host(void)
{
#if defined(__aarch64__)
	return &arch_aarch64;
#elif defined(__x86_64__)
	return &arch_x86_64;
#else
#error "which registers does CFI speak of here?"
#endif
}

/* How many bits addresses have is a choice of the kernel's: 36 to 52 (VA_BITS of arch/arm64/Kconfig). A stack, or
 * a library, is in the upper half of these addresses. */
uint64_t arch_address_bits(const struct arch *arch, uint64_t highest)
{
	uint64_t bits = highest | ((UINT64_C(1) << 36) - 1);

	if (!arch->signs)
		return UINT64_MAX;
	for (unsigned shift = 1; shift < 64; shift *= 2)
		bits |= bits >> shift;
	return bits;
}

struct arch_registers arch_registers(const struct user_regs_struct *registers)
{
#if defined(__x86_64__)
	return (struct arch_registers){.pc = registers->rip, .sp = registers->rsp, .fp = registers->rbp};
#elif defined(__aarch64__)
	return (struct arch_registers){.pc = registers->pc,
				       .sp = registers->sp,
				       .fp = registers->regs[29],
				       .lr = registers->regs[30]};
#endif
}

uint64_t arch_thread_pointer(pid_t tid, const struct user_regs_struct *registers)
{
#if defined(__x86_64__)
	(void)tid;
	return registers->fs_base;
#elif defined(__aarch64__)
	uint64_t pointer[2] = {0}; /* newer kernels have tpidr2_el0, too */
	struct iovec iov = {pointer, sizeof(pointer)};

	(void)registers;
	return ptrace(PTRACE_GETREGSET, tid, NT_ARM_TLS, &iov) == 0 ? pointer[0] : 0;
#endif
}

const char *arch_syscall(const struct arch *arch, long number)
{
	if (!arch->syscalls || number < 0 || number >= SYSCALLS_MAX)
		return NULL;
	if (!arch->syscalls[number])
		arch->syscalls[number] = seccomp_syscall_resolve_num_arch(arch->seccomp_arch, (int)number);
	return arch->syscalls[number];
}
