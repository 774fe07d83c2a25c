/* tls-block.h - where a module's thread-local memory is in each thread (x86-64; Drepper's "ELF Handling For Thread-Local Storage").
 *
 * That of the executable ends at the thread pointer. That of a library is wherever the C library has put it, which stands in the thread's
 * dynamic thread vector (DTV), to which the word behind the thread pointer leads, under the library's module id. The dynamic linker has
 * written that id into the library's own memory, for calls of __tls_get_addr (relocation R_X86_64_DTPMOD64); where code has the offset
 * from the thread pointer instead (R_X86_64_TPOFF64), it stands there.
 */
#ifndef HUD_TOKIO_TLS_BLOCK_H
#define HUD_TOKIO_TLS_BLOCK_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct module;

/* Where the block ends. */
struct tls_block {
	uint64_t
		module; /* its id; 0: the block is at the same distance from the thread pointer in each thread */
	uint64_t entry; /* bytes of an entry in the DTV: 16 in glibc, 8 in musl */
	uint64_t size;	/* of the block; module 0: how far below the thread pointer it ends */
};

/* Finds the block of a library of the live process `pid`, `size` bytes of thread-local memory, rounded up as the ABI does. False if the
 * library's relocations do not tell. */
bool tls_block_of(pid_t pid, struct module *module, uint64_t size, bool musl, struct tls_block *block);

/* Where the block ends in the thread with thread pointer `fs`; 0 if the thread has none yet, which it gets when it first uses it. */
uint64_t tls_block_end(pid_t pid, uint64_t fs, const struct tls_block *block);

#endif
