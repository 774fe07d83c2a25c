/* debugunit.h - one unit of a module's DWARF: an index of its functions, and what is inlined into them. */
#ifndef HUD_RESOLVE_SYMBOLIZE_DEBUGUNIT_H
#define HUD_RESOLVE_SYMBOLIZE_DEBUGUNIT_H

#include <elfutils/libdw.h>
#include <stdbool.h>
#include <stddef.h>

/* A unit; all zero but `die` until it is first asked. Addresses are DWARF's own. */
struct debugunit {
	Dwarf_Die die;	/* of the unit in the module's own file: lines and ranges */
	Dwarf_Die root; /* of the functions: the same, or the one in the unit's .dwo file */
	bool indexed;
	bool split_missing;		      /* its functions are in a .dwo file that is not there */
	struct debugunit_function *functions; /* sorted by address */
	size_t function_count, function_size;
	size_t ranges;			/* that may still be looked at */
	struct debugunit_scope *scopes; /* in the order of the section */
	size_t scope_count, scope_size;
};

/* The function at `addr` and the inlined ones in it, outermost first: at most `limit` entries. Returns how
 * many, 0 if `addr` is in no function. `*start` is where the function's piece of code around `addr` begins.
 */
size_t debugunit_chain(struct debugunit *unit, Dwarf_Addr addr, Dwarf_Die *chain, size_t limit,
		       Dwarf_Addr *start);

/* The names of a function, an inlined one too; NULL where there is none. `*declared` is the entry with the
 * name. */
void debugunit_name(Dwarf_Die *die, const char **linkage, const char **name, Dwarf_Die *declared);

/* The namespaces and types that `die` (of this unit) is declared in, joined by "::", or NULL. Owned by the
 * unit. */
const char *debugunit_scope(struct debugunit *unit, Dwarf_Die *die);

/* Where the inlined function `die` is called: the source file, NULL if unknown, and the line, 0 if unknown.
 */
const char *debugunit_call_site(struct debugunit *unit, Dwarf_Die *die, unsigned *line);

/* The source file that `die` (an entry that has its name) is declared in, or NULL. */
const char *debugunit_declared_in(struct debugunit *unit, Dwarf_Die *die);

/* Frees what the unit holds, not the unit. */
void debugunit_free(struct debugunit *unit);

#endif
