/* frame.h - what is known of one function at one address: its names, its place in the source, whose code it is. */
#ifndef HUD_RESOLVE_SYMBOLIZE_FRAME_H
#define HUD_RESOLVE_SYMBOLIZE_FRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Whose code a frame is: what the judge blames, folds or shows depends on it. */
enum origin {
	ORIGIN_UNKNOWN,	   /* no name: stripped, anonymous memory */
	ORIGIN_USER,	   /* the crate(s) being built: the workspace */
	ORIGIN_DEPENDENCY, /* a crate from a registry, a git checkout or a vendor directory */
	ORIGIN_RUNTIME,	   /* tokio and what it is made of (mio, the futures plumbing) */
	ORIGIN_STD,	   /* core, alloc, std, compiler_builtins */
	ORIGIN_SYSTEM,	   /* libc, the vdso, ld.so, any other C library */
};

/* One function at one address. An address inside inlined code has several, innermost first. */
struct frame {
	uint64_t pc;	      /* the looked-up address, target's space */
	const char *function; /* whole demangled name, without hash; NULL if no symbol covers the address */
	const char *name; /* the name people use: closures and async blocks as the function they belong to,
	                         generic arguments shortened; without a symbol "MODULE+0xSTART" of the function,
	                         or NULL if its start is not known either */
	const char *generics; /* DWARF's generic arguments of the function ("T, S"), or NULL */
	const char *
		file; /* source path as recorded in DWARF; NULL if unknown. Without a symbol: of a place in the
	                         function, not that of pc */
	unsigned line; /* 1-based; 0 if unknown */
	unsigned
		declared; /* the line where the function begins, in the file that it is declared in; 0 if unknown */
	const char *
		runtime_files; /* without a symbol: source paths of Tokio's that the function's code refers to, each on
	                              a line; NULL if none. The judge tells by them what names would tell */
	const char *module; /* path of the mapped file ("[vdso]", "[anon]"); never NULL */
	uint64_t offset;    /* of pc in the module: its ELF virtual address, so stable across runs */
	enum origin origin;
	bool inlined;	/* has no machine frame of its own: the next one in the list is its caller */
	bool tail_call; /* it jumped to the one before it on the stack, and left it its machine frame */
	bool found;	/* no rule of unwinding led to it: it was looked for on the stack */
};

struct frames {
	size_t count; /* at least 1 */
	struct frame frame[];
};

#endif
