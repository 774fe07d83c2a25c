/* SPDX-License-Identifier: Apache-2.0 */
/* block-on.c - see block-on.h. */
#include "awaits/block-on.h"

#include "awaits/chain.h"
#include "awaits/coroutine.h"
#include "awaits/future-index.h"
#include "awaits/future-types.h"
#include "awaits/type.h"
#include "awaits/value.h"

#define BLOCK_ONS 64	    /* types that are looked for */
#define STACK_WINDOW 32768u /* bytes that are read at a time */

/* The least of the leaves' beliefs if one is not there, otherwise the most. */
static enum await_belief belief_of(const struct await_node *node, await_believe *believe, void *arg)
{
	enum await_belief most = node->kind == AWAIT_LEAF ? believe(arg, node) : AWAIT_PERHAPS;

	for (const struct await_node *child = node->child; child && most != AWAIT_NOT_THERE;
	     child = child->sibling) {
		enum await_belief belief = belief_of(child, believe, arg);

		most = belief == AWAIT_NOT_THERE || belief > most ? belief : most;
	}
	return most;
}

/* The types F of block_on::<F> that are coroutines. */
static size_t block_on_types(struct types *types, struct type **type)
{
	Dwarf_Die function[BLOCK_ONS];
	size_t count = future_index_block_ons(types_index(types), function, BLOCK_ONS), found = 0;

	for (size_t i = 0; i < count; i++) {
		struct type *f = types_argument(types, &function[i]);

		if (f && f->size && future_kind(types, f) == FUTURE_COROUTINE)
			type[found++] = f;
	}
	return found;
}

static bool is_suspended(struct target *target, const struct value *value)
{
	const struct type_variant *variant = value_variant(target, value);
	const struct coroutine *coroutine = coroutine_of(target->types, value->type);

	return variant && coroutine->states[variant - value->type->variant].phase == COROUTINE_SUSPENDED;
}

static struct await_task *future_at(struct target *target, const struct value *value)
{
	struct await_task *task = await_task_new();

	task->status = AWAIT_SUSPENDED;
	task->size = value->type->size;
	task->future = coroutine_name(target->types, value->type->path);
	chain_walk(target, value, task);
	return task;
}

struct await_task *block_on_find(struct types *types, struct peek *peek, uint64_t start, uint64_t end,
				 await_believe *believe, void *arg)
{
	struct type *type[BLOCK_ONS];
	size_t count = block_on_types(types, type), found = 0;
	struct await_task *only = NULL;

	for (uint64_t at = start; at + 8 <= end && count && found < 2; at += 8) {
		if ((at - start) % STACK_WINDOW == 0) {
			peek_forget(peek);
			peek_object(peek, at, end - at < STACK_WINDOW ? end - at : STACK_WINDOW);
		}
		for (size_t i = 0; i < count && found < 2; i++) {
			struct target target = {.types = types, .peek = peek, .steps = TARGET_STEPS};
			const struct value value = {type[i], at};

			if (type[i]->size > end - at || !is_suspended(&target, &value))
				continue;
			struct await_task *task = future_at(&target, &value);

			if (task->status == AWAIT_SUSPENDED && !task->unread && !task->deeper &&
			    belief_of(task->root, believe, arg) == AWAIT_THERE && ++found == 1)
				only = task;
			else
				awaits_task_free(task);
		}
	}
	if (found == 1)
		return only;
	awaits_task_free(only);
	return NULL;
}
