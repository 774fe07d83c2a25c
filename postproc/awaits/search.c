/* SPDX-License-Identifier: Apache-2.0 */
/* search.c - see search.h. */
#include "awaits/search.h"

#include <stdlib.h>
#include <string.h>

#include "awaits/collection.h"
#include "awaits/future-types.h"
#include "base/grow.h"

#define NESTED 48    /* types in each other */
#define FOUND 10000u /* futures in one type */
#define WRAPPERS 64  /* around a future */

struct searching {
	struct target *target;
	struct search *search;
	int nested;
};

static void consider(struct searching *searching, const struct value *value);

static bool consider_element(void *arg, const struct value *element)
{
	struct searching *searching = arg;

	consider(searching, element);
	return searching->search->count < FOUND;
}

static void consider_members(struct searching *searching, const struct value *in)
{
	struct value inner;

	if (value_content(searching->target, in, &inner))
		consider_members(searching, &inner);
	else if (in->type->variants)
		searching->search->incomplete = true;
	for (size_t i = 0; i < in->type->members; i++)
		if (value_member(searching->target, in, &in->type->member[i], &inner))
			consider(searching, &inner);
}

/* Looks into a value that is no future. */
static void look_into(struct searching *searching, const struct value *value)
{
	struct target *target = searching->target;
	struct type *type = value->type;
	struct value inner;

	if (collection_kind(target->types, type, NULL) != COLLECTION_NONE) {
		if (!collection_each(target, value, consider_element, searching))
			searching->search->incomplete = true;
	} else if (type->kind == TYPE_POINTER) {
		if (value_pointee(target, value, &inner))
			consider(searching, &inner);
	} else if (type->kind == TYPE_ARRAY) {
		struct type *element = types_at(target->types, type->target);

		for (uint64_t i = 0; element && i < type->count && i < FOUND; i++)
			consider(searching, &(struct value){element, value->address + i * element->size});
	} else {
		consider_members(searching, value);
	}
}

static void consider(struct searching *searching, const struct value *value)
{
	struct search *search = searching->search;
	struct types *types = searching->target->types;

	if (search->count >= FOUND || searching->nested > NESTED || !target_step(searching->target)) {
		search->incomplete = true;
		return;
	}
	if (future_concerns(types, value->type)) {
		GROW(search->found, search->size, search->count + 1);
		search->found[search->count++] = *value;
	} else if (future_holder(types, value->type)) {
		searching->nested++;
		look_into(searching, value);
		searching->nested--;
	}
}

void search_members(struct target *target, struct search *search, const struct value *in)
{
	struct searching searching = {.target = target, .search = search};

	search->count = 0;
	search->incomplete = search->choice = false;
	if (!future_holder(target->types, in->type))
		return;
	look_into(&searching, in);
}

/* What a closure has captured by reference. */
static struct value behind(struct target *target, const struct value *captured)
{
	struct value value = *captured, next;

	for (int i = 0; i < 4 && value.type->kind == TYPE_POINTER && value_pointee(target, &value, &next);
	     i++)
		value = next;
	return value;
}

/* The branches of a select! that are off: a bit for each. */
static uint64_t disabled(struct target *target, const struct value *closure)
{
	uint64_t mask;

	for (size_t i = 0; i < closure->type->members; i++) {
		const struct type_member *member = &closure->type->member[i];
		struct value captured;

		if (!strstr(member->name, "disabled") || !value_member(target, closure, member, &captured))
			continue;
		captured = behind(target, &captured);
		if (value_number(target, &captured, &mask, NULL))
			return mask;
	}
	return 0;
}

/* The tuple of all branches is captured whole, or its parts are: `futures__2`, `_ref__futures__2`. */
static void consider_branches(struct searching *searching, const char *name, const struct value *captured,
			      uint64_t off)
{
	const char *part = strstr(name, "futures__");
	unsigned long branch = part ? strtoul(part + strlen("futures__"), NULL, 10) : 0;

	searching->search->choice = true;
	if (part || captured->type->kind != TYPE_STRUCT || captured->type->name[0] != '(') {
		if (branch >= 64 || !(off >> branch & 1))
			consider(searching, captured);
		return;
	}
	for (size_t i = 0; i < captured->type->members; i++) {
		struct value inner;

		if ((i >= 64 || !(off >> i & 1)) &&
		    value_member(searching->target, captured, &captured->type->member[i], &inner))
			consider(searching, &inner);
	}
}

void search_closure(struct target *target, struct search *search, const struct value *closure)
{
	struct searching searching = {.target = target, .search = search};
	uint64_t off = disabled(target, closure);

	search->count = 0;
	search->incomplete = search->choice = false;
	for (size_t i = 0; i < closure->type->members; i++) {
		const struct type_member *member = &closure->type->member[i];
		struct value captured;

		if (!value_member(target, closure, member, &captured))
			continue;
		if (strstr(member->name, "futures")) {
			captured = behind(target, &captured);
			consider_branches(&searching, member->name, &captured, off);
		} else {
			consider(&searching, &captured);
		}
	}
}

bool search_unwrap(struct target *target, struct value *future)
{
	for (int i = 0; i < WRAPPERS; i++) {
		struct value inner;

		switch (future_kind(target->types, future->type)) {
		case FUTURE_DYN:
			if (!value_pointee(target, future, &inner))
				return false;
			break;
		case FUTURE_POINTER:
			if (future->type->kind == TYPE_POINTER
				    ? !value_pointee(target, future, &inner)
				    : !value_member(target, future, &future->type->member[0], &inner))
				return false;
			break;
		default:
			return true;
		}
		*future = inner;
	}
	return false;
}
