/* SPDX-License-Identifier: Apache-2.0 */
/* future-types.c - see future-types.h. */
#include "awaits/future-types.h"

#include <string.h>

#include "awaits/future-index.h"
#include "awaits/leaf.h"
#include "awaits/value.h"

#define DEPTH_LIMIT 48 /* types in each other */

enum { HOLDS_UNKNOWN, HOLDS_ASKING, HOLDS_NOT, HOLDS };

static bool starts(const char *text, const char *with)
{
	return !strncmp(text, with, strlen(with));
}

/* rustc: since 1.63 `{async_fn_env#0}`; generic arguments follow. */
static bool is_coroutine(const struct type *type)
{
	return type->kind == TYPE_ENUM &&
	       (starts(type->name, "{async_fn_env#") || starts(type->name, "{async_block_env#") ||
		starts(type->name, "{async_closure_env#"));
}

bool type_is_closure(const struct type *type)
{
	return starts(type->name, "{closure_env#");
}

bool type_is_owning(const struct type *type)
{
	return starts(type->name, "&mut ") || starts(type->name, "alloc::boxed::Box<");
}

/* What a trait object's pointer says of its trait: "alloc::boxed::Box<(dyn core::future::future::Future<..> +
 * core::marker::Send), alloc::alloc::Global>". */
static bool is_future_object(const struct type *type)
{
	const char *name = type->name;

	if (!type_is_dyn(type) || !type_is_owning(type))
		return false;
	name += starts(name, "&mut ") ? strlen("&mut ") : strlen("alloc::boxed::Box<");
	name += *name == '(';
	return starts(name, "dyn core::future::future::Future") ||
	       starts(name, "dyn futures_core::future::Future") ||
	       starts(name, "dyn futures_core::stream::Stream");
}

/* The type inside a wrapper that has no code of its own; NULL if it is none. */
static struct type *unwrapped(struct types *types, const struct type *type)
{
	if (type->kind == TYPE_POINTER)
		return type_is_owning(type) ? types_at(types, type->target) : NULL;
	if (type->kind == TYPE_STRUCT && type->members &&
	    (type_is(type, "core::pin::Pin<") || type_is(type, "core::future::from_generator::GenFuture<")))
		return types_at(types, type->member[0].type);
	return NULL;
}

static enum future_kind kind_of(struct types *types, struct type *type, int depth)
{
	struct type *inner;
	unsigned polled;

	if (is_coroutine(type))
		return FUTURE_COROUTINE;
	if (is_future_object(type))
		return FUTURE_DYN;
	inner = unwrapped(types, type);
	if (inner) {
		enum future_kind kind = depth < DEPTH_LIMIT ? kind_of(types, inner, depth + 1) : FUTURE_NONE;

		return kind == FUTURE_NONE ? FUTURE_NONE : FUTURE_POINTER;
	}
	if (type->kind != TYPE_STRUCT && type->kind != TYPE_ENUM)
		return FUTURE_NONE;
	if (starts(type->name, "PollFn<"))
		return FUTURE_POLL_FN;
	if (leaf_known(type))
		return FUTURE_LEAF;
	polled = future_index_polled(types_index(types), type->path);
	return polled & POLLED_AS_FUTURE   ? FUTURE_TYPE
	       : polled & POLLED_AS_STREAM ? FUTURE_STREAM
					   : FUTURE_NONE;
}

enum future_kind future_kind(struct types *types, struct type *type)
{
	if (!type->future)
		type->future = (unsigned char)kind_of(types, type, 0);
	return type->future;
}

enum collection_kind collection_kind(struct types *types, const struct type *type, struct type **element)
{
	enum collection_kind kind = COLLECTION_NONE;
	struct type *holds = NULL;

	if (type_is_slice(type) && type_is_owning(type)) {
		const struct type_member *data = type_member(type, "data_ptr");
		struct type *pointer = types_at(types, data->type);

		kind = COLLECTION_SLICE;
		holds = pointer ? types_at(types, pointer->target) : NULL;
	} else if (type->kind == TYPE_STRUCT && type->argument[0]) {
		kind = type_is(type, "alloc::vec::Vec<") ? COLLECTION_VEC
		       : type_is(type, "futures_util::stream::futures_unordered::FuturesUnordered<")
			       ? COLLECTION_UNORDERED
		       : type_is(type, "tokio::util::idle_notified_set::IdleNotifiedSet<")
			       ? COLLECTION_IDLE_SET
		       : type_is(type, "futures_util::future::future::shared::Shared<") ? COLLECTION_SHARED
											: COLLECTION_NONE;
		holds = kind ? types_at(types, type->argument[0]) : NULL;
	}
	if (element)
		*element = holds;
	return kind;
}

static bool holder(struct types *types, struct type *type, int depth);

/* Is it a future, or does it hold some? A stream without futures only says where values come from. */
static bool concerns(struct types *types, struct type *type, int depth)
{
	enum future_kind kind = type ? future_kind(types, type) : FUTURE_NONE;

	return type && ((kind != FUTURE_NONE && kind != FUTURE_STREAM) || holder(types, type, depth + 1));
}

static bool any_member(struct types *types, const struct type *type, int depth)
{
	for (size_t i = 0; i < type->members; i++)
		if (concerns(types, types_at(types, type->member[i].type), depth))
			return true;
	for (size_t i = 0; i < type->variants; i++) {
		struct type *content = types_at(types, type->variant[i].content.type);

		if (content && holder(types, content, depth + 1))
			return true;
	}
	return false;
}

static bool holder(struct types *types, struct type *type, int depth)
{
	struct type *element;
	bool holds;

	if (type->holds == HOLDS_ASKING || depth > DEPTH_LIMIT || type_is_closure(type))
		return false;
	if (type->holds)
		return type->holds == HOLDS;
	type->holds = HOLDS_ASKING;
	if (collection_kind(types, type, &element) != COLLECTION_NONE)
		holds = concerns(types, element, depth);
	else if (type->kind == TYPE_POINTER || type->kind == TYPE_ARRAY)
		holds = (type->kind == TYPE_ARRAY || type_is_owning(type)) &&
			concerns(types, types_at(types, type->target), depth);
	else
		holds = any_member(types, type, depth);
	type->holds = holds ? HOLDS : HOLDS_NOT;
	return holds;
}

bool future_holder(struct types *types, struct type *type)
{
	return holder(types, type, 0);
}

bool future_concerns(struct types *types, struct type *type)
{
	enum future_kind kind = future_kind(types, type);

	return kind == FUTURE_STREAM ? future_holder(types, type) : kind != FUTURE_NONE;
}
