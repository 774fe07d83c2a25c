/* SPDX-License-Identifier: Apache-2.0 */
/* search.h - finds the futures that another type holds: what it may poll. */
#ifndef HUD_AWAITS_SEARCH_H
#define HUD_AWAITS_SEARCH_H

#include <stdbool.h>
#include <stddef.h>

#include "awaits/value.h"

/* Futures that were found, not unwrapped. All zero: none. */
struct search {
	struct value *found;
	size_t count, size;
	bool incomplete; /* something could not be read, or there were too many */
	bool choice;	 /* it is a select! or join!: what was not found is off, or ready */
};

/* Finds the futures among the members of `in`, its active variant and collections, behind Boxes and mutable
 * references. Does not look into futures. */
void search_members(struct target *target, struct search *search, const struct value *in);

/* Finds the futures that a closure of PollFn's has captured: of select! those branches that are on. */
void search_closure(struct target *target, struct search *search, const struct value *closure);

/* Unwraps a future: follows Pin, Box, references and trait objects. Returns false if that cannot be read. */
bool search_unwrap(struct target *target, struct value *future);

#endif
