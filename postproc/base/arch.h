/* arch.h - what differs between the architectures that a recording may come from: registers, calls, system calls.
 *
 * It is the recording's (`meta arch`), not this machine's.
 */
#ifndef HUD_BASE_ARCH_H
#define HUD_BASE_ARCH_H

#include <stdbool.h>
#include <stdint.h>

/* A signal trampoline that CFI does not lead out of: its code, and where the registers of what was interrupted are saved, in
 * bytes from its sp. */
struct signal_frame {
	uint32_t code[2];
	unsigned pc, sp, fp, lr;
};

struct arch {
	const char *name; /* as uname(2) has it */
	/* DWARF's numbers for the registers that are followed (System V ABI, AMD64 supplement, 3.6.2; DWARF for the Arm
	 * 64-bit Architecture, 4.1). */
	unsigned pc, sp, fp;
	bool has_lr; /* a call leaves its return address in register `lr` rather than pushing it */
	unsigned lr;
	uint64_t address_bits;			 /* of a code address; the others may hold a signature */
	const struct signal_frame *signal_frame; /* NULL: CFI does it */
	uint32_t seccomp_arch;			 /* libseccomp's number for it */
	char **syscalls; /* names that were looked up, by number; NULL: nobody knows its system calls */
};

extern const struct arch arch_x86_64, arch_aarch64;

/* The one of this name. One that is not known here has no registers that CFI could speak of, and no names of calls. */
const struct arch *arch_named(const char *name);

/* The one that this program was built for. */
const struct arch *arch_host(void);

/* The name of a system call, static. NULL if there is none with this number, or if it is newer than libseccomp. */
const char *arch_syscall(const struct arch *arch, long number);

#endif
