/* SPDX-License-Identifier: Apache-2.0 */
/* coroutine.h - async functions and blocks: their states, and where each of them awaits. */
#ifndef HUD_AWAITS_COROUTINE_H
#define HUD_AWAITS_COROUTINE_H

#include <stdbool.h>

#include "awaits/type.h"

enum coroutine_phase {
	COROUTINE_NEW,	     /* not polled yet */
	COROUTINE_DONE,	     /* it has returned or panicked */
	COROUTINE_SUSPENDED, /* at an await */
};

/* A state, which is a variant of the coroutine's type. */
struct coroutine_state {
	enum coroutine_phase phase;
	struct type *content;		   /* the variables that live there; NULL: unknown */
	const struct type_member *awaitee; /* what it polls: in `content`. NULL unless suspended */
	const char *file, *directory;	   /* of the await; NULL: unknown */
	unsigned line;
};

struct coroutine {
	const char *function;		/* its name for people */
	struct coroutine_state *states; /* by index of the type's variants */
};

/* What DWARF says about a coroutine's type. Owned by the types. */
const struct coroutine *coroutine_of(struct types *types, struct type *type);

/* The name for people of the function, closure or type with this path. Owned by the types. */
const char *coroutine_name(struct types *types, const char *path);

#endif
