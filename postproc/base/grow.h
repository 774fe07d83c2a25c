/* grow.h - arrays that grow. */
#ifndef HUD_BASE_GROW_H
#define HUD_BASE_GROW_H

#include <libiberty/libiberty.h>

/* Makes room in `array` for `wanted` elements; `allocated` is for how many there is room. Both are variables, which it
 * changes when the array has to move: then there is room for twice as many. Ends the program if there is no memory. */
#define GROW(array, allocated, wanted)                                                                       \
	do {                                                                                                 \
		if ((wanted) > (allocated)) {                                                                \
			(allocated) = 2 * (wanted) + 16;                                                     \
			(array) = xrealloc((array), (allocated) * sizeof(*(array)));                         \
		}                                                                                            \
	} while (0)

#endif
