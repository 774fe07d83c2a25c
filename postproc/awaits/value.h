/* SPDX-License-Identifier: Apache-2.0 */
/* value.h - a value in the target's memory: its members, its active variant, what it points to. */
#ifndef HUD_AWAITS_VALUE_H
#define HUD_AWAITS_VALUE_H

#include <stdbool.h>
#include <stdint.h>

#include "awaits/peek.h"
#include "awaits/type.h"

/* What values are read with. Types that are made to hold each other many times would cost ages: a task has a
 * limit of steps, after which nothing is found any more. */
struct target {
	struct types *types;
	struct peek *peek;
	unsigned long steps; /* that are left */
};

#define TARGET_STEPS 1000000ul /* for one task; one of 10,000 futures needs a tenth */

/* Takes a step. Returns false if none is left. */
bool target_step(struct target *target);

struct value {
	struct type *type;
	uint64_t address;
};

/* A member's value; `to` may be `value`. Returns false, and leaves `to`, if its type cannot be read. */
bool value_member(struct target *target, const struct value *value, const struct type_member *member,
		  struct value *to);

/* The member at the end of a path, "node.state"; through no pointers. */
bool value_at(struct target *target, const struct value *value, const char *path, struct value *to);

/* The variant of an enum that memory says is active. NULL if that cannot be read. */
const struct type_variant *value_variant(struct target *target, const struct value *value);

/* The content of an enum's active variant. */
bool value_content(struct target *target, const struct value *value, struct value *to);

/* What a pointer points to: a reference, Box, NonNull, or trait object, whose type its vtable tells; read whole.
 * Returns false for null, for slices, and for other types. */
bool value_pointee(struct target *target, const struct value *value, struct value *to);

/* Is it a pointer with a vtable, or with a length? */
bool type_is_dyn(const struct type *type);
bool type_is_slice(const struct type *type);

/* The number that a value consists of, maybe in structs of one member; `*size` (may be NULL): its bytes. */
bool value_number(struct target *target, const struct value *value, uint64_t *number, uint64_t *size);

/* The first pointer in a value, depth first, in structs and active variants. */
bool value_first_pointer(struct target *target, const struct value *value, struct value *pointer);

/* The number at the end of a member path, as value_at() and value_number(). */
bool value_number_at(struct target *target, const struct value *value, const char *path, uint64_t *number);

/* The first member with this name, depth first, in structs. */
bool value_named(struct target *target, const struct value *value, const char *name, struct value *to);

#endif
