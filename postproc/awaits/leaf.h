/* SPDX-License-Identifier: Apache-2.0 */
/* leaf.h - what is waited for at the end of a chain: futures of Tokio's that poll no others. */
#ifndef HUD_AWAITS_LEAF_H
#define HUD_AWAITS_LEAF_H

#include <stdbool.h>

#include "awaits/awaits.h"
#include "awaits/type.h"
#include "awaits/value.h"

/* A suspended function above the leaf, from which it was reached. */
struct frame {
	struct value value;   /* the coroutine */
	struct value content; /* its variables */
	const struct type_member *awaitee;
	struct await_node *node;
	const struct frame *outer;  /* what awaits it; NULL: nothing */
	const struct frame *before; /* the one that was found before it; NULL: none */
};

/* Is it such a type? */
bool leaf_known(const struct type *type);

/* Fills in what the leaf waits for: `on`, `waits_for`, and what memory says. */
void leaf_fill(struct target *target, const struct value *leaf, const struct frame *frame,
	       struct await_node *node);

/* The same for a closure that is called as a future. Returns false if it is not known. */
bool leaf_fill_closure(struct target *target, const struct value *closure, const struct frame *frame,
		       struct await_node *node);

/* The words for what is waited for: "mutex". */
const char *leaf_words(enum await_on on);

#endif
