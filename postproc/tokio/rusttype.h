/* rusttype.h - what is where in a Rust type, by its DWARF: rustc orders the fields of each as it likes. */
#ifndef HUD_TOKIO_RUSTTYPE_H
#define HUD_TOKIO_RUSTTYPE_H

#include <elfutils/libdw.h>
#include <stdbool.h>
#include <stdint.h>

/* The type that the entry `die` has. False if it has none. */
bool rusttype_of(Dwarf_Die *die, Dwarf_Die *type);

/* The type of the field `name` of the structure `type`. Adds the field's offset in bytes to *offset. False if there is no
 * such field; *offset is as it was then. */
bool rusttype_member(Dwarf_Die *type, const char *name, Dwarf_Die *to, uint64_t *offset);

/* The structure with a field `name` that is `type` itself or lies in it, at whatever depth: cells, enums and storage types
 * around it change with the version of Rust. Adds its offset to *offset. */
bool rusttype_search(Dwarf_Die *type, const char *name, Dwarf_Die *found, uint64_t *offset);

/* How an enum says that it is a certain variant. Offsets in bytes, in the enum. */
struct rusttype_variant {
	uint64_t tag; /* where the discriminant is */
	int tag_size; /* its bytes; -1 if unknown */
	bool has_value;
	uint64_t value;	 /* the discriminant's; without: all that are not another variant's */
	Dwarf_Die type;	 /* what the variant holds */
	uint64_t offset; /* where that is */
};

/* Finds the variant `name` (as in the source) of the enum `type`. False if it is not an enum with a discriminant, or has no
 * such variant. */
bool rusttype_variant(Dwarf_Die *type, const char *name, struct rusttype_variant *variant);

#endif
