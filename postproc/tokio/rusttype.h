/* SPDX-License-Identifier: Apache-2.0 */
/* rusttype.h - offsets in a Rust type, from DWARF: rustc orders the fields as it likes. */
#ifndef HUD_TOKIO_RUSTTYPE_H
#define HUD_TOKIO_RUSTTYPE_H

#include <elfutils/libdw.h>
#include <stdbool.h>
#include <stdint.h>

/* The number that the entry has as attribute `name` (DW_AT_...). Returns false if it has none. */
bool rusttype_number(Dwarf_Die *die, unsigned name, uint64_t *number);

/* The type of the entry `die`. Returns false if it has none. */
bool rusttype_of(Dwarf_Die *die, Dwarf_Die *type);

/* The type of the field `name` of the structure `type`. Adds the field's offset in bytes to *offset; if there
 * is no such field, returns false and leaves *offset. */
bool rusttype_member(Dwarf_Die *type, const char *name, Dwarf_Die *to, uint64_t *offset);

/* The structure with a field `name`: `type` itself, or one nested in it at any depth, since cells, enums and
 * storage types around it change with Rust's version. Adds its offset to *offset. */
bool rusttype_search(Dwarf_Die *type, const char *name, Dwarf_Die *found, uint64_t *offset);

/* Goes from the structure `root` along a path of steps, separated by dots: the name of a member; with ? before it, of one
 * at any depth; *, what a pointer leads to, from which offsets count then; #, the size in place of an offset. Sets the
 * type at its end, and the offset there in bytes. Returns false if a step cannot be made. */
bool rusttype_follow(const Dwarf_Die *root, const char *path, Dwarf_Die *type, uint64_t *offset);

/* The steps from an Arc to its value. */
#define RUSTTYPE_IN_ARC ".?pointer.*.data"

/* How to recognise a variant of an enum. Offsets in bytes, in the enum. */
struct rusttype_variant {
	uint64_t tag; /* the discriminant's offset */
	int tag_size; /* its size in bytes; -1 if unknown */
	bool has_value;
	uint64_t value;	 /* the discriminant's value; without one, any value that is no other variant's */
	Dwarf_Die type;	 /* the variant's content */
	uint64_t offset; /* its offset */
};

/* Finds the variant `name` (as in the source) of the enum `type`. Returns false if it is no enum with a
 * discriminant, or has no such variant. */
bool rusttype_variant(Dwarf_Die *type, const char *name, struct rusttype_variant *variant);

#endif
