/* SPDX-License-Identifier: Apache-2.0 */
/* bisect.h - binary search among structs that are sorted by a number. */
#ifndef HUD_BASE_BISECT_H
#define HUD_BASE_BISECT_H

#include <stddef.h>
#include <stdint.h>

/* The index of the first of `count` structs whose uint64_t `member` is greater than `value`; `count` if there
 * is none. The structs are sorted by that member. */
#define FIRST_BEYOND(array, count, member, value)                                                            \
	bisect_beyond(array, count, sizeof(*(array)), offsetof(__typeof__(*(array)), member), value)

size_t bisect_beyond(const void *array, size_t count, size_t stride, size_t offset, uint64_t value);

#endif
