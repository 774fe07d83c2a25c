/* SPDX-License-Identifier: Apache-2.0 */
/* future-types.h - which types are futures, and which may hold some. */
#ifndef HUD_AWAITS_FUTURE_TYPES_H
#define HUD_AWAITS_FUTURE_TYPES_H

#include <stdbool.h>

#include "awaits/type.h"

enum future_kind {
	FUTURE_NONE = 1,  /* 0: not asked yet */
	FUTURE_COROUTINE, /* an async function or block */
	FUTURE_POLL_FN,	  /* a closure that is called as a future */
	FUTURE_LEAF,	  /* one that leaf.c knows */
	FUTURE_TYPE,	  /* another type with a function poll() */
	FUTURE_STREAM,	  /* a type with a function poll_next() */
	FUTURE_POINTER,	  /* a pointer to a future, or a wrapper without code of its own */
	FUTURE_DYN,	  /* a pointer to a trait object that is a future */
};

enum future_kind future_kind(struct types *types, struct type *type);

/* May a value of this type have futures among its members, or behind their Boxes and mutable references? (A
 * future's own insides do not count.) */
bool future_holder(struct types *types, struct type *type);

/* Is it a future, or a stream that holds some? (Another stream only says where values come from.) */
bool future_concerns(struct types *types, struct type *type);

/* Is it a Box or a mutable reference, whose target belongs to who has it? */
bool type_is_owning(const struct type *type);

/* Is it what a closure has captured? */
bool type_is_closure(const struct type *type);

/* Types that hold any number of others (collection.h). */
enum collection_kind {
	COLLECTION_NONE,
	COLLECTION_VEC,
	COLLECTION_SLICE,     /* Box<[T]> */
	COLLECTION_UNORDERED, /* FuturesUnordered<T> */
	COLLECTION_IDLE_SET,  /* IdleNotifiedSet<T>, of a JoinSet */
	COLLECTION_SHARED,    /* Shared<T> holds one, behind an Arc */
};

/* Sets *element (may be NULL) to the type that it holds; NULL if that is not known. */
enum collection_kind collection_kind(struct types *types, const struct type *type, struct type **element);

#endif
