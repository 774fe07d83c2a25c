/* SPDX-License-Identifier: Apache-2.0 */
/* dwarfwalk.c - see dwarfwalk.h. */
#include "resolve/symbolize/dwarfwalk.h"

bool dwarfwalk_begin(struct dwarfwalk *walk, Dwarf_Die *parent)
{
	*walk = (struct dwarfwalk){.depth = 1, .dwarf = dwarf_cu_getdwarf(parent->cu)};
	return walk->dwarf && dwarf_child(parent, &walk->die) == 0;
}

/* The entry at the byte after `at`, in the same unit. Returns false at the unit's end. */
static bool entry_after(const struct dwarfwalk *walk, unsigned char *at, Dwarf_Die *die)
{
	Dwarf_Die here = {.addr = at, .cu = walk->die.cu};

	return dwarf_offdie(walk->dwarf, dwarf_dieoffset(&here) + 1, die) && die->cu == walk->die.cu;
}

/* Is this the null entry at the end of a list of children? */
static bool is_null(const Dwarf_Die *die)
{
	return *(const unsigned char *)die->addr == 0;
}

bool dwarfwalk_next(struct dwarfwalk *walk, bool enter)
{
	Dwarf_Die next = {0};

	if (enter && dwarf_child(&walk->die, &next) == 0) {
		walk->die = next;
		walk->depth++;
		return true;
	}
	next = (Dwarf_Die){0};
	int end = dwarf_siblingof(&walk->die, &next);

	/* Behind the last child, `next` is the null entry. */
	while (end > 0 && next.addr && is_null(&next) && walk->depth > 1) {
		if (!entry_after(walk, next.addr, &next))
			return false;
		walk->depth--;
	}
	if (end < 0 || !next.addr || is_null(&next))
		return false;
	walk->die = next;
	return true;
}
