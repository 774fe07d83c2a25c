/* SPDX-License-Identifier: Apache-2.0 */
/* dwarfwalk.h - visits DWARF entries in the order of the section, each once. */
#ifndef HUD_RESOLVE_SYMBOLIZE_DWARFWALK_H
#define HUD_RESOLVE_SYMBOLIZE_DWARFWALK_H

#include <elfutils/libdw.h>
#include <stdbool.h>
#include <stddef.h>

/* A walk through the entries below one. */
struct dwarfwalk {
	Dwarf_Die die; /* the current entry */
	size_t depth;  /* its depth: 1 is a child of the first entry */
	Dwarf *dwarf;
};

/* Begins with the first child of `parent`. Returns false if it has none. */
bool dwarfwalk_begin(struct dwarfwalk *walk, Dwarf_Die *parent);

/* Moves on: to the first child, if `enter` and there is one, otherwise to the next entry outside this one.
 * Returns false at the end, and if the DWARF is damaged. (dwarf_siblingof() reads all children of an entry
 * without DW_AT_sibling, as Rust's are; after a walk through the children that is not needed.) */
bool dwarfwalk_next(struct dwarfwalk *walk, bool enter);

#endif
