/* SPDX-License-Identifier: Apache-2.0 */
/* budget.c - see budget.h. */
#include "resolve/elf/budget.h"

#include <time.h>

uint64_t budget_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}
