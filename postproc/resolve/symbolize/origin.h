/* origin.h - whose code a function is, by its source path or else by its crate's name. */
#ifndef HUD_RESOLVE_SYMBOLIZE_ORIGIN_H
#define HUD_RESOLVE_SYMBOLIZE_ORIGIN_H

#include <stdbool.h>
#include <stddef.h>

#include "resolve/symbolize/frame.h"

/* What is known of a function. */
struct origin_facts {
	const char *file; /* source path the function is written in, or NULL */
	const char
		*position; /* source path of the address in it, or NULL: another one in the code of a macro */
	const char *function; /* whole demangled name, or NULL */
	const char *symbol;   /* the same, mangled, or NULL */
	const char *
		home; /* the directory that the program's own sources were compiled in, or NULL if that is not known */
	bool rust; /* the symbol was a Rust name */
	bool main; /* the code is in the main executable, not in a library */
	/* Is this crate known to be somebody else's? For functions without a source path; may be NULL. */
	bool (*dependency)(void *context, const char *crate, size_t length);
	void *context;
	bool mapped; /* the code is in a mapped file or the vdso, not in anonymous memory */
};

/* The origin of a function. Generic code of std, instantiated in the user's crate, is std's: its path says
 * so. */
enum origin origin_of(const struct origin_facts *facts);

/* From now on, also in processes that are forked, the functions of a crate are the user's, or a dependency's, whatever their path; of
 * what is chosen twice the latter counts. `crate` must stay. False: there are too many. */
bool origin_choose(const char *crate, bool mine);

/* The origin of a function, of which `found` is known, after these choices. Its name may be NULL. */
enum origin origin_chosen(const char *function, enum origin found);

/* Is the file at `path` the C library, a part of it, the dynamic linker or the vdso? They do what their caller asks for. */
bool origin_is_libc(const char *path);

/* A word for `origin` as it is shown in exports: "user", "dependency", ... */
const char *origin_name(enum origin origin);

#endif
