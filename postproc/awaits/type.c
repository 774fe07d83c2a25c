/* SPDX-License-Identifier: Apache-2.0 */
/* type.c - see type.h. */
#include "awaits/type.h"

#include <dwarf.h>
#include <libiberty/hashtab.h>
#include <libiberty/libiberty.h>
#include <stdlib.h>
#include <string.h>

#include "awaits/future-index.h"
#include "base/arena.h"
#include "base/grow.h"
#include "resolve/elf/budget.h"
#include "resolve/elf/module.h"
#include "tokio/rusttype.h"

#define TYPES_LIMIT 500000u    /* of a module */
#define MEMBERS_LIMIT 65536u   /* of a type: as many entries are read */
#define SIBLINGS 100000	       /* entries of a function that are looked at for its generic arguments */
#define SIZE_LIMIT (1u << 30)  /* bytes */
#define PATHS_LIMIT (1u << 28) /* bytes of all paths */

struct types {
	struct future_index *index;
	struct module *module;
	htab_t table; /* of struct type by entry */
	struct arena *memory;
	size_t count;
	size_t path_bytes;
};

/* --- attributes --- */

static uint64_t entry_of(Dwarf_Die *die, unsigned name)
{
	Dwarf_Attribute attribute;
	Dwarf_Die to;

	return dwarf_formref_die(dwarf_attr(die, name, &attribute), &to) ? dwarf_dieoffset(&to) : 0;
}

/* The type of a function's first generic argument; 0: none. */
static uint64_t argument_of(Dwarf_Die *function)
{
	Dwarf_Die child;
	unsigned entries = 0;

	if (dwarf_child(function, &child))
		return 0;
	do {
		if (dwarf_tag(&child) == DW_TAG_template_type_parameter)
			return entry_of(&child, DW_AT_type);
	} while (++entries < SIBLINGS && dwarf_siblingof(&child, &child) == 0);
	return 0;
}

static const char *name_of(Dwarf_Die *die)
{
	const char *name = future_index_name(die);

	return name ? name : "";
}

/* --- reading --- */

/* Arrays that grow while a type is read. */
struct reading {
	struct types *types;
	struct type *type;
	struct type_member *member;
	size_t member_size;
	struct type_variant *variant;
	size_t variant_size;
	unsigned entries;
};

static bool read_member(const struct reading *reading, Dwarf_Die *die, struct type_member *member)
{
	*member = (struct type_member){.name = name_of(die), .type = entry_of(die, DW_AT_type)};
	return rusttype_number(die, DW_AT_data_member_location, &member->offset) &&
	       member->offset <= reading->type->size && member->type;
}

static void read_variant(struct reading *reading, Dwarf_Die *die)
{
	struct type_variant variant = {0};
	Dwarf_Die inside;

	if (dwarf_child(die, &inside) || dwarf_tag(&inside) != DW_TAG_member ||
	    !read_member(reading, &inside, &variant.content))
		return;
	variant.entry = dwarf_dieoffset(&inside);
	variant.has_value = rusttype_number(die, DW_AT_discr_value, &variant.value);
	GROW(reading->variant, reading->variant_size, reading->type->variants + 1);
	reading->variant[reading->type->variants++] = variant;
}

static void read_variants(struct reading *reading, Dwarf_Die *part)
{
	struct type *type = reading->type;
	Dwarf_Attribute attribute;
	Dwarf_Die die, discriminant;

	type->kind = TYPE_ENUM;
	if (dwarf_formref_die(dwarf_attr(part, DW_AT_discr, &attribute), &discriminant) &&
	    rusttype_number(&discriminant, DW_AT_data_member_location, &type->tag)) {
		Dwarf_Die number;
		int size = dwarf_formref_die(dwarf_attr(&discriminant, DW_AT_type, &attribute), &number)
				   ? dwarf_bytesize(&number)
				   : 0;

		type->tag_size = size > 0 && size <= 16 ? (uint64_t)size : 0;
	}
	if (dwarf_child(part, &die))
		return;
	do {
		if (dwarf_tag(&die) == DW_TAG_variant)
			read_variant(reading, &die);
	} while (++reading->entries < MEMBERS_LIMIT && dwarf_siblingof(&die, &die) == 0);
}

static void read_children(struct reading *reading, Dwarf_Die *die)
{
	struct type *type = reading->type;
	struct type_member member;
	size_t arguments = 0;
	Dwarf_Die child;

	if (dwarf_child(die, &child))
		return;
	do {
		switch (dwarf_tag(&child)) {
		case DW_TAG_member:
			if (!read_member(reading, &child, &member))
				break;
			GROW(reading->member, reading->member_size, type->members + 1);
			reading->member[type->members++] = member;
			break;
		case DW_TAG_variant_part:
			read_variants(reading, &child);
			break;
		case DW_TAG_template_type_parameter:
			if (arguments < TYPE_ARGUMENTS)
				type->argument[arguments++] = entry_of(&child, DW_AT_type);
			break;
		case DW_TAG_subrange_type:
			rusttype_number(&child, DW_AT_count, &type->count);
			break;
		default:
			break;
		}
	} while (++reading->entries < MEMBERS_LIMIT && dwarf_siblingof(&child, &child) == 0);
}

static void *keep(struct types *types, void *array, size_t size)
{
	void *kept = size ? arena_alloc(types->memory, size) : NULL;

	if (size)
		memcpy(kept, array, size);
	free(array);
	return kept;
}

static const char *path_of(struct types *types, const struct type *type)
{
	const char *scope = future_index_scope(types->index, type->entry);
	char *path;
	const char *kept;

	if (!*scope)
		return type->name;
	path = concat(scope, "::", type->name, NULL);
	types->path_bytes += strlen(path);
	kept = arena_copy(types->memory, path, strlen(path));
	free(path);
	return kept;
}

static struct type *read_type(struct types *types, Dwarf_Die *die)
{
	struct type *type = arena_alloc(types->memory, sizeof(*type));
	struct reading reading = {.types = types, .type = type};
	int size = dwarf_bytesize(die);

	*type = (struct type){
		.entry = dwarf_dieoffset(die), .name = name_of(die), .kind = TYPE_OTHER, .path = ""};
	type->size = size > 0 && (unsigned)size < SIZE_LIMIT ? (uint64_t)size : 0;
	switch (dwarf_tag(die)) {
	case DW_TAG_structure_type:
	case DW_TAG_union_type:
		type->kind = TYPE_STRUCT;
		type->path = path_of(types, type);
		read_children(&reading, die);
		break;
	case DW_TAG_pointer_type:
		type->kind = TYPE_POINTER;
		type->path = type->name;
		type->size = 8;
		type->target = entry_of(die, DW_AT_type);
		break;
	case DW_TAG_array_type:
		type->kind = TYPE_ARRAY;
		type->target = entry_of(die, DW_AT_type);
		read_children(&reading, die);
		break;
	default:
		type->path = type->name;
		break;
	}
	type->member = keep(types, reading.member, type->members * sizeof(*type->member));
	type->variant = keep(types, reading.variant, type->variants * sizeof(*type->variant));
	return type;
}

/* --- the table --- */

static hashval_t hash_entry(const void *data)
{
	const struct type *type = data;

	return (hashval_t)(type->entry ^ type->entry >> 32) * 2654435761u;
}

static int same_entry(const void *a, const void *b)
{
	const struct type *x = a, *y = b;

	return x->entry == y->entry;
}

struct types *types_new(struct future_index *index, struct module *module)
{
	struct types *types = xcalloc(1, sizeof(*types));

	types->index = index;
	types->module = module;
	types->table = htab_create_alloc(1024, hash_entry, same_entry, NULL, xcalloc, free);
	types->memory = arena_new();
	return types;
}

void types_free(struct types *types)
{
	if (!types)
		return;
	htab_delete(types->table);
	arena_free(types->memory);
	free(types);
}

bool types_affordable(const struct types *types)
{
	return types->module->debug_time < BUDGET_DEBUG && types->path_bytes < PATHS_LIMIT;
}

struct type *types_at(struct types *types, uint64_t entry)
{
	struct type wanted = {.entry = entry};
	Dwarf_Die die;
	void **slot;

	if (!entry)
		return NULL;
	slot = htab_find_slot(types->table, &wanted, NO_INSERT);
	if (slot)
		return *slot;
	if (types->count >= TYPES_LIMIT || !types_affordable(types) ||
	    !future_index_entry(types->index, entry, &die))
		return NULL;
	uint64_t begun = budget_now();
	struct type *type = read_type(types, &die);
	types->count++;
	types->module->debug_time += budget_now() - begun;
	*htab_find_slot(types->table, type, INSERT) = type;
	return type;
}

struct type *types_of(struct types *types, Dwarf_Die *die)
{
	return types_at(types, dwarf_dieoffset(die));
}

struct type *types_argument(struct types *types, Dwarf_Die *function)
{
	uint64_t entry = argument_of(function);
	Dwarf_Attribute attribute;
	Dwarf_Die declaration;

	/* A method's definition says only which declaration it has. */
	if (!entry && dwarf_formref_die(dwarf_attr(function, DW_AT_specification, &attribute), &declaration))
		entry = argument_of(&declaration);
	return types_at(types, entry);
}

const struct type_member *type_member(const struct type *type, const char *name)
{
	for (size_t i = 0; i < type->members; i++)
		if (!strcmp(type->member[i].name, name))
			return &type->member[i];
	return NULL;
}

bool type_is(const struct type *type, const char *with)
{
	return !strncmp(type->path, with, strlen(with));
}

void *types_alloc(struct types *types, size_t size)
{
	return memset(arena_alloc(types->memory, size), 0, size);
}

struct future_index *types_index(struct types *types)
{
	return types->index;
}
