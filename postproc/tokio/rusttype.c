/* SPDX-License-Identifier: Apache-2.0 */
/* rusttype.c - see rusttype.h. */
#include "tokio/rusttype.h"

#include <dwarf.h>
#include <stdint.h>
#include <string.h>

#define DEPTH_MAX 12
#define ENTRIES_MAX 100000u	  /* entries read in one search; ends loops between them, too */
#define OFFSET_MAX 65536u	  /* bytes: the structures are smaller */
#define STEP_BYTES 64		  /* of a path */
#define PATH_OFFSET_MAX (1 << 20) /* bytes: larger structures are not believed */

bool rusttype_number(Dwarf_Die *die, unsigned name, uint64_t *number)
{
	Dwarf_Attribute attribute;
	Dwarf_Word word;

	if (!dwarf_attr(die, name, &attribute) || dwarf_formudata(&attribute, &word))
		return false;
	*number = word;
	return true;
}

static bool offset_of(Dwarf_Die *die, uint64_t *offset)
{
	return rusttype_number(die, DW_AT_data_member_location, offset) && *offset < OFFSET_MAX;
}

bool rusttype_of(Dwarf_Die *die, Dwarf_Die *type)
{
	Dwarf_Attribute attribute;

	return dwarf_formref_die(dwarf_attr(die, DW_AT_type, &attribute), type);
}

/* The member `name` of the structure `type`, and its offset. */
static bool member(Dwarf_Die *type, const char *name, Dwarf_Die *die, uint64_t *offset)
{
	unsigned entries = 0;

	if (dwarf_child(type, die))
		return false;
	do {
		const char *have = dwarf_tag(die) == DW_TAG_member ? dwarf_diename(die) : NULL;

		if (have && !strcmp(have, name))
			return offset_of(die, offset);
	} while (++entries < ENTRIES_MAX && dwarf_siblingof(die, die) == 0);
	return false;
}

bool rusttype_member(Dwarf_Die *type, const char *name, Dwarf_Die *to, uint64_t *offset)
{
	Dwarf_Die die;
	uint64_t more;

	if (!member(type, name, &die, &more) || !rusttype_of(&die, to))
		return false;
	*offset += more;
	return true;
}

static bool has_members(Dwarf_Die *type)
{
	int tag = dwarf_tag(type);

	return tag == DW_TAG_structure_type || tag == DW_TAG_union_type;
}

static bool search(Dwarf_Die *type, const char *name, Dwarf_Die *found, uint64_t *offset, int depth,
		   unsigned *entries)
{
	uint64_t at;
	Dwarf_Die die, inner;

	if (member(type, name, &die, &at)) {
		*found = *type;
		return true;
	}
	if (depth > DEPTH_MAX || dwarf_child(type, &die))
		return false;
	do {
		int tag = dwarf_tag(&die);

		if (++*entries > ENTRIES_MAX)
			return false;
		if (tag == DW_TAG_variant_part || tag == DW_TAG_variant) {
			if (search(&die, name, found, offset, depth + 1, entries))
				return true;
		} else if (tag == DW_TAG_member && rusttype_of(&die, &inner) && has_members(&inner) &&
			   offset_of(&die, &at)) {
			uint64_t there = *offset + at;

			if (search(&inner, name, found, &there, depth + 1, entries)) {
				*offset = there;
				return true;
			}
		}
	} while (dwarf_siblingof(&die, &die) == 0);
	return false;
}

bool rusttype_search(Dwarf_Die *type, const char *name, Dwarf_Die *found, uint64_t *offset)
{
	unsigned entries = 0;

	return search(type, name, found, offset, 0, &entries);
}

bool rusttype_variant(Dwarf_Die *type, const char *name, struct rusttype_variant *v)
{
	Dwarf_Die part, die, inner;
	Dwarf_Attribute attribute;
	unsigned entries = 0;

	memset(v, 0, sizeof(*v));
	if (dwarf_child(type, &part))
		return false;
	while (dwarf_tag(&part) != DW_TAG_variant_part)
		if (++entries > ENTRIES_MAX || dwarf_siblingof(&part, &part))
			return false;
	if (!dwarf_formref_die(dwarf_attr(&part, DW_AT_discr, &attribute), &die) ||
	    !offset_of(&die, &v->tag) || !rusttype_of(&die, &inner) || dwarf_child(&part, &die))
		return false;
	v->tag_size = dwarf_bytesize(&inner);
	do {
		Dwarf_Die inside;
		const char *have;

		if (dwarf_tag(&die) != DW_TAG_variant || dwarf_child(&die, &inside) ||
		    dwarf_tag(&inside) != DW_TAG_member)
			continue;
		have = dwarf_diename(&inside);
		if (!have || strcmp(have, name))
			continue;
		v->has_value = rusttype_number(&die, DW_AT_discr_value, &v->value);
		return rusttype_of(&inside, &v->type) && offset_of(&inside, &v->offset);
	} while (++entries < ENTRIES_MAX && dwarf_siblingof(&die, &die) == 0);
	return false;
}

/* What a pointer leads to: a reference, or a Box, which is one by another name. */
static bool dereference(Dwarf_Die *type, Dwarf_Die *to)
{
	return dwarf_tag(type) == DW_TAG_pointer_type && rusttype_of(type, to);
}

/* The member at any depth whose name follows the question mark. */
static bool search_member(Dwarf_Die *type, const char *name, Dwarf_Die *to, uint64_t *offset)
{
	Dwarf_Die holder;

	return rusttype_search(type, name, &holder, offset) && rusttype_member(&holder, name, to, offset);
}

static bool take(const char *step, Dwarf_Die *type, uint64_t *offset)
{
	Dwarf_Die from = *type;

	if (!strcmp(step, "*")) {
		*offset = 0;
		return dereference(&from, type);
	}
	if (!strcmp(step, "#")) {
		int size = dwarf_bytesize(&from);

		*offset = (uint64_t)size;
		return size > 0;
	}
	return *step == '?' ? search_member(&from, step + 1, type, offset)
			    : rusttype_member(&from, step, type, offset);
}

bool rusttype_follow(const Dwarf_Die *root, const char *path, Dwarf_Die *type, uint64_t *offset)
{
	char step[STEP_BYTES];

	*type = *root;
	*offset = 0;
	for (size_t length; *path; path += length + (path[length] == '.')) {
		length = strcspn(path, ".");
		if (length >= sizeof(step))
			return false;
		memcpy(step, path, length);
		step[length] = '\0';
		if (!take(step, type, offset) || *offset > PATH_OFFSET_MAX)
			return false;
	}
	return true;
}
