/* SPDX-License-Identifier: Apache-2.0 */
/* function-starts.h - guesses where functions begin in code without symbols and unwind tables: at targets of calls,
 * and at typical prologues. */
#ifndef HUD_RESOLVE_ELF_FUNCTION_STARTS_H
#define HUD_RESOLVE_ELF_FUNCTION_STARTS_H

#include <stddef.h>
#include <stdint.h>

struct image;

/* ELF virtual addresses, sorted, without duplicates, *count of them; the caller frees them. A few may be
 * wrong: any byte can look like a call. Exits the program when out of memory. */
uint64_t *function_starts_find(const struct image *image, size_t *count);

#endif
