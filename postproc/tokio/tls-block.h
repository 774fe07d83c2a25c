/* SPDX-License-Identifier: Apache-2.0 */
/* tls-block.h - where a module's thread-local memory is in each thread (Drepper's "ELF Handling For Thread-Local
 * Storage").
 *
 * The executable's block ends at the thread pointer (x86-64), or begins just above it (aarch64). A library's
 * block is anywhere; its address is in the thread's dynamic thread vector (DTV), under the library's module
 * id. A word at the thread pointer leads to the DTV. The dynamic linker writes the module id into the
 * library's memory for __tls_get_addr (relocation R_X86_64_DTPMOD64), or where a descriptor leads to
 * (R_AARCH64_TLSDESC). Code that uses the offset from the thread pointer instead has that offset there
 * (R_X86_64_TPOFF64). base/arch.h names these for each processor.
 */
#ifndef HUD_TOKIO_TLS_BLOCK_H
#define HUD_TOKIO_TLS_BLOCK_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct module;

/* How to find the end of the block. */
struct tls_block {
	/* Its id; 0: the block has the same distance from the thread pointer in each thread. */
	uint64_t module;
	uint64_t entry; /* bytes of an entry in the DTV: 16 in glibc, 8 in musl */
	/* Of the block. If module is 0: the distance of its end below the thread pointer; above it is below by a
	 * negative number, modulo 2^64. */
	uint64_t size;
};

struct arch;

/* The executable's block, if its thread-local segment has `size` bytes, rounded up to `align`. */
struct tls_block tls_block_of_executable(const struct arch *arch, uint64_t size, uint64_t align);

/* Finds the block of a library in the live process `pid`: `size` bytes, rounded up as the ABI does. Returns
 * false if the library's relocations do not tell. */
bool tls_block_of(pid_t pid, struct module *module, uint64_t size, bool musl, struct tls_block *block);

/* The end of the block in the thread with thread pointer `tp`; 0 if the thread has not used it yet. */
uint64_t tls_block_end(pid_t pid, uint64_t tp, const struct tls_block *block);

#endif
