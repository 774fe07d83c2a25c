/* SPDX-License-Identifier: Apache-2.0 */
/* frame.h - what is known of a function at an address: names, source location, whose code it is. */
#ifndef HUD_RESOLVE_SYMBOLIZE_FRAME_H
#define HUD_RESOLVE_SYMBOLIZE_FRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Whose code a frame is. By this the judge decides what to blame, fold or show. */
enum origin {
	ORIGIN_UNKNOWN,	   /* no name: stripped, anonymous memory */
	ORIGIN_USER,	   /* the crate(s) being built: the workspace */
	ORIGIN_DEPENDENCY, /* a crate from a registry, a git checkout or a vendor directory */
	ORIGIN_RUNTIME,	   /* tokio and its parts (mio, the futures plumbing) */
	ORIGIN_STD,	   /* core, alloc, std, compiler_builtins */
	ORIGIN_SYSTEM,	   /* libc, the vdso, ld.so, any other C library */
};

/* One function at one address. An address in inlined code has several, innermost first. */
struct frame {
	uint64_t pc;	      /* the address looked up (in the target) */
	const char *function; /* whole demangled name, without hash; NULL if no symbol covers the address */
	const char *name; /* the name people use: closures and async blocks as the function they belong to,
	                         generic arguments shortened; without a symbol "MODULE+0xSTART" of the function,
	                         or NULL if its start is not known either */
	const char *generics; /* DWARF's generic arguments of the function ("T, S"), or NULL */
	/* Source path from DWARF, NULL if unknown; without a symbol, of some part of the function, not of
	 * pc. */
	const char *file;
	unsigned line; /* 1-based; 0 if unknown */
	unsigned
		declared; /* the line where the function begins, in the file that declares it; 0 if unknown */
	/* Without a symbol: source paths of Tokio that the function's code refers to, one a line; NULL if
	 * none. The judge uses them instead of names. */
	const char *runtime_files;
	const char *module; /* path of the mapped file ("[vdso]", "[anon]"); never NULL */
	uint64_t offset;    /* of pc in the module: its ELF virtual address, the same in every run */
	enum origin origin;
	bool inlined;	/* has no machine frame: the next one in the list is its caller */
	bool tail_call; /* it tail-called the one before it on the stack, and has no machine frame any more */
	bool found;	/* found by a search of the stack, not by a rule of unwinding */
};

struct frames {
	size_t count; /* at least 1 */
	struct frame frame[];
};

#endif
