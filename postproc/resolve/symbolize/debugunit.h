/* SPDX-License-Identifier: Apache-2.0 */
/* debugunit.h - a unit of a module's DWARF: an index of its functions, and what is inlined into them. */
#ifndef HUD_RESOLVE_SYMBOLIZE_DEBUGUNIT_H
#define HUD_RESOLVE_SYMBOLIZE_DEBUGUNIT_H

#include <elfutils/libdw.h>
#include <stdbool.h>
#include <stddef.h>

/* A unit; all 0 except `die` until first used. Addresses are DWARF's. */
struct debugunit {
	Dwarf_Die die;	/* in the module's own file: lines and ranges */
	Dwarf_Die root; /* with the functions: the same, or the one in the unit's .dwo file */
	bool indexed;
	bool split_missing;		      /* its .dwo file, with its functions, is missing */
	struct debugunit_function *functions; /* sorted by address */
	size_t function_count, function_size;
	size_t ranges;			/* that may still be read */
	struct debugunit_scope *scopes; /* in order of the section */
	size_t scope_count, scope_size;
};

/* The function at `addr` and the inlined functions in it, outermost first, at most `limit`. Returns how many;
 * 0 outside all functions. `*start` is where this part of the function's code begins. */
size_t debugunit_chain(struct debugunit *unit, Dwarf_Addr addr, Dwarf_Die *chain, size_t limit,
		       Dwarf_Addr *start);

/* The names of a function, also an inlined one; NULL if it has none. `*declared` is the entry with the
 * name. */
void debugunit_name(Dwarf_Die *die, const char **linkage, const char **name, Dwarf_Die *declared);

/* The namespaces and types that `die` (of this unit) is declared in, joined by "::", or NULL. Owned by the
 * unit. */
const char *debugunit_scope(struct debugunit *unit, Dwarf_Die *die);

/* Where the inlined function `die` is called: source file (NULL if unknown) and line (0 if unknown). */
const char *debugunit_call_site(struct debugunit *unit, Dwarf_Die *die, unsigned *line);

/* The source file where `die` (the entry with the name) is declared, or NULL. */
const char *debugunit_declared_in(struct debugunit *unit, Dwarf_Die *die);

/* Frees the unit's content, not the unit. */
void debugunit_free(struct debugunit *unit);

#endif
