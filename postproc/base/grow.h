/* SPDX-License-Identifier: Apache-2.0 */
/* grow.h - arrays that grow. */
#ifndef HUD_BASE_GROW_H
#define HUD_BASE_GROW_H

#include <libiberty/libiberty.h>

/* Makes room in `array` for at least `wanted` elements; `allocated` is how many fit now. Both are variables
 * that it changes when the array has to grow: then it doubles. Ends the program if there is no memory. */
#define GROW(array, allocated, wanted)                                                                       \
	do {                                                                                                 \
		if ((wanted) > (allocated)) {                                                                \
			(allocated) = 2 * (wanted) + 16;                                                     \
			(array) = xrealloc((array), (allocated) * sizeof(*(array)));                         \
		}                                                                                            \
	} while (0)

#endif
