/* SPDX-License-Identifier: Apache-2.0 */
/* arena.c - see arena.h. */
#include "base/arena.h"

#include <limits.h>
#include <obstack.h>
#include <stdlib.h>
#include <string.h>

#include <libiberty/libiberty.h>

#define obstack_chunk_alloc xmalloc
#define obstack_chunk_free free

struct arena {
	struct obstack obstack;
};

struct arena *arena_new(void)
{
	struct arena *arena = xmalloc(sizeof(*arena));

	obstack_begin(&arena->obstack, 0); /* chunks of the default size: a page */
	return arena;
}

/* The C library's macros add the address to a null pointer, to align it. */
#ifdef __clang__
__attribute__((no_sanitize("pointer-overflow")))
#endif
void *
arena_alloc(struct arena *arena, size_t size)
{
	if (size > INT_MAX) /* obstack counts in int */
		xmalloc_failed(size);
	return obstack_alloc(&arena->obstack, (int)size);
}

char *arena_copy(struct arena *arena, const char *bytes, size_t length)
{
	char *copy = arena_alloc(arena, length + 1);

	memcpy(copy, bytes, length);
	copy[length] = '\0';
	return copy;
}

void arena_free(struct arena *arena)
{
	if (!arena)
		return;
	obstack_free(&arena->obstack, NULL);
	free(arena);
}
