/* SPDX-License-Identifier: Apache-2.0 */
/* arch.h - what differs between architectures: registers, calls, system calls.
 *
 * The architecture is the recording's (`meta arch`), which need not be this machine's.
 */
#ifndef HUD_BASE_ARCH_H
#define HUD_BASE_ARCH_H

#include <stdbool.h>
#include <stdint.h>

/* A signal trampoline that CFI cannot unwind: its code, and where it saves the interrupted registers, in
 * bytes from sp. */
struct signal_frame {
	uint32_t code[2];
	unsigned pc, sp, fp, lr;
};

struct arch {
	const char *name; /* as uname(2) has it */
	/* DWARF's numbers of the registers that the unwinder follows (System V ABI, AMD64 supplement, 3.6.2;
	 * DWARF for the Arm 64-bit Architecture, 4.1). */
	unsigned pc, sp, fp;
	bool has_lr; /* a call leaves its return address in register `lr` instead of pushing it */
	unsigned lr;
	uint64_t address_bits;			 /* bits of a code address; the others may hold a signature */
	const struct signal_frame *signal_frame; /* NULL: CFI can unwind it */
	uint32_t seccomp_arch;			 /* libseccomp's number */
	char **syscalls; /* names looked up so far, by number; NULL: its system calls are not known */
};

extern const struct arch arch_x86_64, arch_aarch64;

/* The architecture of this name. An unknown name gets one without registers and without system calls. */
const struct arch *arch_named(const char *name);

/* The architecture that this program was built for. */
const struct arch *arch_host(void);

/* The name of a system call (static), or NULL: no call has this number, or it is newer than libseccomp. */
const char *arch_syscall(const struct arch *arch, long number);

#endif
