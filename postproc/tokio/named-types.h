/* SPDX-License-Identifier: Apache-2.0 */
/* named-types.h - finds types of Tokio's by their path, in DWARF. */
#ifndef HUD_TOKIO_NAMED_TYPES_H
#define HUD_TOKIO_NAMED_TYPES_H

#include <elfutils/libdw.h>
#include <stdbool.h>
#include <stddef.h>

struct named_type {
	const char *path; /* "tokio::runtime::scheduler::Context" */
	bool found;
	Dwarf_Die die; /* its definition */
};

/* Is this a unit of the crate tokio? */
bool named_types_tokio_unit(Dwarf_Die *unit);

/* Finds the definitions of `count` types, each in a namespace of the crate tokio. Looks into Tokio's own units
 * first, then into others, since optimisation may move a type into the units that use it. */
void named_types_find(Dwarf *dwarf, struct named_type *types, size_t count);

#endif
