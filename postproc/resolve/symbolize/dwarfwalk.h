/* dwarfwalk.h - going through DWARF entries in the order in which they stand, each once. */
#ifndef HUD_RESOLVE_SYMBOLIZE_DWARFWALK_H
#define HUD_RESOLVE_SYMBOLIZE_DWARFWALK_H

#include <elfutils/libdw.h>
#include <stdbool.h>
#include <stddef.h>

/* A walk through what is within an entry. */
struct dwarfwalk {
	Dwarf_Die die; /* where it is */
	size_t depth;  /* of that: 1 is a child of the entry that it began with */
	Dwarf *dwarf;
};

/* Begins with the first child of `parent`. Returns false if it has none. */
bool dwarfwalk_begin(struct dwarfwalk *walk, Dwarf_Die *parent);

/* Goes on: to the first child if that is wanted and there is one, else to the next entry that is not within this one. Returns
 * false at the end, or where the DWARF is damaged. (From an entry with children, dwarf_siblingof() reads all that is within it,
 * unless it has a DW_AT_sibling, which Rust's have not: after the children have been gone through, that is not needed.) */
bool dwarfwalk_next(struct dwarfwalk *walk, bool enter);

#endif
