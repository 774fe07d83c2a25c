/* SPDX-License-Identifier: Apache-2.0 */
/* bisect.c - see bisect.h. */
#include "base/bisect.h"

size_t bisect_beyond(const void *array, size_t count, size_t stride, size_t offset, uint64_t value)
{
	size_t low = 0, high = count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (*(const uint64_t *)((const char *)array + middle * stride + offset) <= value)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}
