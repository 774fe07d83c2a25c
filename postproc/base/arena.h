/* SPDX-License-Identifier: Apache-2.0 */
/* arena.h - memory for many small things that are all freed at once: glibc's obstack. */
#ifndef HUD_BASE_ARENA_H
#define HUD_BASE_ARENA_H

#include <stddef.h>

struct arena;

/* All functions end the program if there is no memory, as xmalloc() does. */
struct arena *arena_new(void);

/* `size` bytes, aligned for any type, uninitialised. */
void *arena_alloc(struct arena *arena, size_t size);

/* Copies `length` bytes and puts a NUL behind them. */
char *arena_copy(struct arena *arena, const char *bytes, size_t length);

/* Frees the arena and everything allocated from it. NULL is ignored. */
void arena_free(struct arena *arena);

#endif
