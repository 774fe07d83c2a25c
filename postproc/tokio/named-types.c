/* SPDX-License-Identifier: Apache-2.0 */
/* named-types.c - see named-types.h. */
#include "tokio/named-types.h"

#include <dwarf.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#define ENTRIES_MAX 20000000u /* debug info entries that are read at most */
#define DEPTH_MAX 8	      /* of namespaces */
#define PATH_BYTES 512
#define NAME_BYTES 4096 /* of a unit's name that are looked at */

struct search {
	struct named_type *type;
	size_t count;
	unsigned entries;
	char path[PATH_BYTES];
};

static void note(struct search *s, Dwarf_Die *die)
{
	for (size_t i = 0; i < s->count; i++) {
		struct named_type *type = &s->type[i];

		if (type->found || strcmp(s->path, type->path) || dwarf_hasattr(die, DW_AT_declaration) ||
		    dwarf_haschildren(die) != 1)
			continue;
		type->die = *die;
		type->found = true;
	}
}

/* Does the path of any type begin so? */
static bool leads_on(const struct search *s, size_t length)
{
	for (size_t i = 0; i < s->count; i++)
		if (!s->type[i].found && !strncmp(s->type[i].path, s->path, length))
			return true;
	return false;
}

/* Visits the namespaces in `parent`, whose path is the first `length` bytes of the search's. */
static void walk(struct search *s, Dwarf_Die *parent, size_t length, int depth)
{
	Dwarf_Die die;

	if (depth > DEPTH_MAX || dwarf_child(parent, &die))
		return;
	do {
		int tag = dwarf_tag(&die);
		const char *name;

		if (++s->entries > ENTRIES_MAX)
			return;
		if (tag != DW_TAG_namespace && tag != DW_TAG_structure_type)
			continue;
		name = dwarf_diename(&die);
		if (!name || length + strnlen(name, PATH_BYTES) + 3 > PATH_BYTES)
			continue;
		size_t longer = length + (size_t)sprintf(s->path + length, "%s", name);

		if (tag == DW_TAG_structure_type) {
			note(s, &die);
			continue;
		}
		strcpy(s->path + longer, "::");
		if (leads_on(s, longer + 2))
			walk(s, &die, longer + 2, depth + 1);
	} while (dwarf_siblingof(&die, &die) == 0);
}

/* rustc names a unit SOURCE/@/CRATE.HASH-cgu.N. */
bool named_types_tokio_unit(Dwarf_Die *unit)
{
	const char *name = dwarf_diename(unit);

	return name && memmem(name, strnlen(name, NAME_BYTES), "/@/tokio.", strlen("/@/tokio."));
}

static bool complete(const struct search *s)
{
	for (size_t i = 0; i < s->count; i++)
		if (!s->type[i].found)
			return false;
	return true;
}

void named_types_find(Dwarf *dwarf, struct named_type *types, size_t count)
{
	struct search s = {.type = types, .count = count};

	for (int pass = 0; pass < 2; pass++) {
		Dwarf_CU *cu = NULL;
		uint8_t type;
		Dwarf_Die die;

		while (!complete(&s) && s.entries < ENTRIES_MAX &&
		       dwarf_get_units(dwarf, cu, &cu, NULL, &type, &die, NULL) == 0)
			if (type == DW_UT_compile && named_types_tokio_unit(&die) == !pass)
				walk(&s, &die, 0, 0);
	}
}
