/* SPDX-License-Identifier: Apache-2.0 */
#include "base/arch.h"

#include <limits.h>
#include <seccomp.h>
#include <stddef.h>
#include <string.h>

/* Linux 7.2 has 472 system calls. The x32 numbers begin far above; no target uses them. */
#define SYSCALLS_MAX 1024

/* libseccomp allocates each name. They are looked up once and kept until the program ends. */
static char *x86_64_syscalls[SYSCALLS_MAX], *aarch64_syscalls[SYSCALLS_MAX];

const struct arch arch_x86_64 = {
	.name = "x86_64",
	.pc = 16,
	.sp = 7,
	.fp = 6,
	.address_bits = UINT64_MAX,
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

/* Pointer authentication puts a signature into the bits above the address. Addresses have 48 bits, unless the
 * program asks mmap for higher ones (Linux, arch/arm64/pointer-authentication.rst and memory.rst). */
const struct arch arch_aarch64 = {
	.name = "aarch64",
	.pc = 32,
	.sp = 31,
	.fp = 29,
	.has_lr = true,
	.lr = 30,
	.address_bits = (UINT64_C(1) << 48) - 1,
	.signal_frame = &aarch64_signal,
	.seccomp_arch = SCMP_ARCH_AARCH64,
	.syscalls = aarch64_syscalls,
};

const struct arch *arch_named(const char *name)
{
	static const struct arch *const archs[] = {&arch_x86_64, &arch_aarch64};
	static const struct arch other = {
		.name = "", .pc = UINT_MAX, .sp = UINT_MAX, .fp = UINT_MAX, .address_bits = UINT64_MAX};

	for (size_t i = 0; i < sizeof(archs) / sizeof(*archs); i++)
		if (strcmp(archs[i]->name, name) == 0)
			return archs[i];
	return &other;
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

const char *arch_syscall(const struct arch *arch, long number)
{
	if (!arch->syscalls || number < 0 || number >= SYSCALLS_MAX)
		return NULL;
	if (!arch->syscalls[number])
		arch->syscalls[number] = seccomp_syscall_resolve_num_arch(arch->seccomp_arch, (int)number);
	return arch->syscalls[number];
}
