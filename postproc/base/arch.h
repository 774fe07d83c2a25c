/* SPDX-License-Identifier: Apache-2.0 */
/* arch.h - what differs between architectures: registers, calls, thread-local memory, system calls.
 *
 * The architecture is the recording's (`meta arch`), which need not be this machine's.
 */
#ifndef HUD_BASE_ARCH_H
#define HUD_BASE_ARCH_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include <sys/user.h>

/* A signal trampoline that CFI cannot unwind: its code, and where it saves the interrupted registers, in
 * bytes from sp. */
struct signal_frame {
	uint32_t code[2];
	unsigned pc, sp, fp, lr;
};

/* Where thread-local memory is (Drepper's "ELF Handling For Thread-Local Storage"). */
struct thread_local_abi {
	/* Variant I: so many bytes at the thread pointer, then the executable's block. 0: variant II, the block
	 * ends at the thread pointer. */
	unsigned header;
	/* The thread pointer plus this: the address of the thread's DTV. */
	int dtv_glibc, dtv_musl;
	/* Relocations that tell a module's id, a variable's distance from the thread pointer, and both by a
	 * descriptor (0: not read). */
	unsigned module_id, distance, descriptor;
};

struct arch {
	const char *name; /* as uname(2) has it */
	uint16_t machine; /* as an ELF file has it */
	/* DWARF's numbers of the registers that the unwinder follows (System V ABI, AMD64 supplement, 3.6.2;
	 * DWARF for the Arm 64-bit Architecture, 4.1). */
	unsigned pc, sp, fp;
	bool has_lr; /* a call leaves its return address in register `lr` instead of pushing it */
	unsigned lr;
	bool signs; /* the bits above a code address may hold a signature (pointer authentication) */
	const struct signal_frame *signal_frame; /* NULL: CFI can unwind it */
	struct thread_local_abi tls;
	uint32_t seccomp_arch; /* libseccomp's number */
	char **syscalls;       /* names looked up so far, by number; NULL: its system calls are not known */
};

extern const struct arch arch_x86_64, arch_aarch64;

/* The architecture of this name. An unknown name gets one without registers and without system calls. */
const struct arch *arch_named(const char *name);

/* The architecture of an ELF file with this e_machine, or NULL. */
const struct arch *arch_of_machine(uint16_t machine);

/* The architecture that this program was built for. */
const struct arch *arch_host(void);

/* The bits of a code address, if no address is above `highest`: without a signature. */
uint64_t arch_address_bits(const struct arch *arch, uint64_t highest);

/* What unwinding needs of a thread's registers. lr: 0 if a call leaves nothing there. */
struct arch_registers {
	uint64_t pc, sp, fp, lr;
};

/* Of a thread on this machine. */
struct arch_registers arch_registers(const struct user_regs_struct *registers);

/* The thread pointer of the thread `tid`, which this thread has stopped by ptrace; 0 if it cannot be read. */
uint64_t arch_thread_pointer(pid_t tid, const struct user_regs_struct *registers);

/* The name of a system call (static), or NULL: no call has this number, or it is newer than libseccomp. */
const char *arch_syscall(const struct arch *arch, long number);

#endif
