/* SPDX-License-Identifier: Apache-2.0 */
/* collection.h - the elements of types that hold any number of futures. */
#ifndef HUD_AWAITS_COLLECTION_H
#define HUD_AWAITS_COLLECTION_H

#include <stdbool.h>

#include "awaits/value.h"

#define COLLECTION_LIMIT 10000u /* elements that are looked at */

/* Is called for each element. Returns false to end it. */
typedef bool collection_see(void *arg, const struct value *element);

/* Calls `see` for the elements of a collection (future-types.h), as far as they can be read. Returns false if it
 * could not read all of them. */
bool collection_each(struct target *target, const struct value *collection, collection_see *see, void *arg);

#endif
