/* SPDX-License-Identifier: Apache-2.0 */
/* stripped-function.h - what can be said about a function without a name: the Locations it refers to, and its
 * neighbours. */
#ifndef HUD_RESOLVE_SYMBOLIZE_STRIPPED_FUNCTION_H
#define HUD_RESOLVE_SYMBOLIZE_STRIPPED_FUNCTION_H

#include "resolve/symbolize/frame.h"

struct module;

/* What is known of it. */
struct nameless {
	uint64_t start; /* ELF virtual address in the module */
	enum origin origin;
	/* Source path of its Locations with this origin, or NULL; then the last parts of further paths
	 * ("src/main.rs, api.rs"). The caller frees it. */
	char *file;
	unsigned line;	     /* of the first Location; 0 if there are several files */
	char *runtime_files; /* as in struct frame; NULL if none. The caller frees it */
};

/* Describes the function at `pc` (address in the target), which has no symbol. `main`: the module is the main
 * executable. Returns false, with *what undefined, if even its range is unknown.
 *
 * The origin follows from what the function refers to: inlined code keeps its references, so a function that
 * refers to the user's sources contains the user's code. If it refers to nothing, its neighbours decide: the
 * functions of a crate lie together. Only functions of the crates being built (which hold generic code of all
 * others) can be the user's; these stay ORIGIN_UNKNOWN.
 */
bool nameless_find(struct module *module, uint64_t pc, bool main, struct nameless *what);

#endif
