/* SPDX-License-Identifier: Apache-2.0 */
/* type.h - a Rust type as DWARF describes it, read once.
 *
 * Offsets and sizes are bytes. Members lie inside their type; what does not is left out.
 */
#ifndef HUD_AWAITS_TYPE_H
#define HUD_AWAITS_TYPE_H

#include <elfutils/libdw.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct future_index;
struct module;
struct types;
struct type;

enum type_kind {
	TYPE_STRUCT,  /* members: of structs, tuples, closures and unions */
	TYPE_ENUM,    /* variants with values, and members that all have; coroutines, too */
	TYPE_POINTER, /* `target`; without length or vtable */
	TYPE_ARRAY,   /* `count` of `target` */
	TYPE_OTHER,   /* numbers, enums without values, functions */
};

struct type_member {
	const char *name; /* never NULL */
	uint64_t type;	  /* its entry */
	uint64_t offset;
};

struct type_variant {
	struct type_member content; /* what the variant holds: a struct. Its name is the variant's */
	uint64_t entry;		    /* has the file and line of a coroutine's await */
	bool has_value;
	uint64_t value; /* of the discriminant; without one, any that is no other variant's */
};

#define TYPE_ARGUMENTS 3 /* generic arguments that are kept */

struct type {
	uint64_t entry; /* its offset in .debug_info */
	enum type_kind kind;
	const char *name; /* without its path; never NULL */
	const char *path; /* with it */
	uint64_t size;
	struct type_member *member;
	size_t members;
	struct type_variant *variant;
	size_t variants;
	uint64_t tag, tag_size; /* the discriminant; tag_size 0: there is one variant */
	uint64_t target;	/* entry; 0: none */
	uint64_t count;
	uint64_t argument[TYPE_ARGUMENTS]; /* entries; 0: none */
	/* What future-types.c knows of it. */
	unsigned char future, holds;
	void *coroutine;     /* what coroutine.c knows of it */
	const char *display; /* its name for people; NULL: not made yet */
};

/* All strings and types live as long as the result, the index and its module longer. */
struct types *types_new(struct future_index *index, struct module *module);
void types_free(struct types *types);

/* The type with this entry. NULL if it cannot be read, or after too many. */
struct type *types_at(struct types *types, uint64_t entry);
struct type *types_of(struct types *types, Dwarf_Die *die);

/* The first generic argument of a function. NULL as well if it has none. */
struct type *types_argument(struct types *types, Dwarf_Die *function);

/* The member with this name; NULL if there is none. */
const struct type_member *type_member(const struct type *type, const char *name);

/* Does the path begin with `with`? */
bool type_is(const struct type *type, const char *with);

/* May more of the module's debug info be read? False when that has cost too much (resolve/elf/budget.h). */
bool types_affordable(const struct types *types);

/* Memory for what lives as long as the types. */
void *types_alloc(struct types *types, size_t size);
struct future_index *types_index(struct types *types);

#endif
