/* SPDX-License-Identifier: Apache-2.0 */
/* origin.h - whose code a function is, by its source path, otherwise by its crate's name. */
#ifndef HUD_RESOLVE_SYMBOLIZE_ORIGIN_H
#define HUD_RESOLVE_SYMBOLIZE_ORIGIN_H

#include <stdbool.h>
#include <stddef.h>

#include "resolve/symbolize/frame.h"

/* What is known of a function. */
struct origin_facts {
	const char *file;     /* source path of the function, or NULL */
	const char *position; /* source path of the address, or NULL; differs from `file` in a macro's code */
	const char *function; /* whole demangled name, or NULL */
	const char *symbol;   /* the same, mangled, or NULL */
	const char *home; /* directory in which the program's own sources were compiled; NULL if unknown */
	bool rust;	  /* the symbol was a Rust name */
	bool main;	  /* the code is in the main executable, not in a library */
	/* Is this crate known to be a dependency? For functions without a source path; may be NULL. */
	bool (*dependency)(void *context, const char *crate, size_t length);
	void *context;
	bool mapped; /* the code is in a mapped file or the vdso, not in anonymous memory */
};

/* The origin of a function. Generic code of std is std's, also when it is instantiated in the user's crate:
 * its path says so. */
enum origin origin_of(const struct origin_facts *facts);

/* Declares a crate's functions to be the user's (`mine`), or a dependency's, whatever their path; also in
 * processes forked later. The latest choice wins. `crate` must stay valid. Returns false if there are too
 * many. */
bool origin_choose(const char *crate, bool mine);

/* The origin of a function after these choices; `found` is its origin without them. Its name may be NULL. */
enum origin origin_chosen(const char *function, enum origin found);

/* Is the file at `path` the C library, a part of it, the dynamic linker or the vdso? These only do what their
 * caller asks for. */
bool origin_is_libc(const char *path);

/* The word for `origin` in exports: "user", "dependency", ... */
const char *origin_name(enum origin origin);

#endif
