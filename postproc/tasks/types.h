/* SPDX-License-Identifier: Apache-2.0 */
/* types.h - finds the types of tasks that a program can spawn: by the shape of their vtables, which needs no
 * symbols. */
#ifndef HUD_TASKS_TYPES_H
#define HUD_TASKS_TYPES_H

#include "tasks/task.h"

struct memory;
struct symbolizer;

struct task_types {
	struct task_type *type; /* by address of the vtable */
	size_t count;
	uint64_t low, high;   /* vtables lie in this range */
	unsigned char *words; /* for each word of it, a bit: is it a vtable's first? */
	bool unstable;	      /* Tokio was built with tokio_unstable */
};

void task_types_find(struct memory *memory, struct task_types *types);
void task_types_free(struct task_types *types);

/* Is there a vtable at `address`? Quick. */
static inline bool task_types_has(const struct task_types *types, uint64_t address)
{
	uint64_t word = (address - types->low) / 8;

	return address - types->low < types->high - types->low && !(address & 7) &&
	       types->words[word / 8] >> word % 8 & 1;
}

/* The type with its vtable at `address`, which there is. */
struct task_type *task_types_at(const struct task_types *types, uint64_t address);

/* Finds out what symbols and debug info tell of a type: its future, or closure, and what schedules it. */
void task_type_name(struct symbolizer *symbolizer, struct task_type *type);

#endif
