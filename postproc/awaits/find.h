/* SPDX-License-Identifier: Apache-2.0 */
/* find.h - finds values of some types among a value's members, and behind its pointers. */
#ifndef HUD_AWAITS_FIND_H
#define HUD_AWAITS_FIND_H

#include <stdbool.h>
#include <stddef.h>

#include "awaits/value.h"

/* Finds up to `size` values whose type's path begins with one of `paths` (ends with NULL), the nearest of each
 * branch. Looks at no more than a few thousand members. Returns how many there are. */
size_t find_values(struct target *target, const struct value *in, const char *const *paths,
		   struct value *found, size_t size);

/* The sockets and other descriptors that Tokio watches in a value: fills in up to `size` descriptors, -1 for those
 * that are closed. Returns how many there are. */
size_t find_descriptors(struct target *target, const struct value *in, int *fds, size_t size);

#endif
