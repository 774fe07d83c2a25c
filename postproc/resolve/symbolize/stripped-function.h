/* stripped-function.h - what can be told of a function that has no name: the Locations it refers to, and where it lies. */
#ifndef HUD_RESOLVE_SYMBOLIZE_STRIPPED_FUNCTION_H
#define HUD_RESOLVE_SYMBOLIZE_STRIPPED_FUNCTION_H

#include "resolve/symbolize/frame.h"

struct module;

/* What is known of it. */
struct nameless {
	uint64_t start; /* where it begins, as the module's ELF virtual address */
	enum origin origin;
	char *file;    /* of the Locations in it that are of this origin, or NULL; of several the others'
	                        last parts follow ("src/main.rs, api.rs"). The caller frees it */
	unsigned line; /* the first of them, 0 if there are several files */
	char *runtime_files; /* as in struct frame; NULL if none. The caller frees it */
};

/* Tells what it can of the function at `pc` (target's space), which no symbol covers. `main`: the module is the main
 * executable. Returns false if not even its extent is known; *what then says nothing.
 *
 * The origin is by what the function refers to: inlined code refers to what it did, so one that refers to the user's
 * sources has the user's code in it, whatever else. Of one that refers to nothing, its neighbours tell: a crate's functions
 * lie together, and only those of the crates being built (which hold generic code of all others) can be the user's;
 * these stay ORIGIN_UNKNOWN. */
bool nameless_find(struct module *module, uint64_t pc, bool main, struct nameless *what);

#endif
