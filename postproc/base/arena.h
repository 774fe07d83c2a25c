/* arena.h - memory for many small things that are all freed at once: glibc's obstack. */
#ifndef HUD_BASE_ARENA_H
#define HUD_BASE_ARENA_H

#include <stddef.h>

struct arena;

/* Ends the program if there is no memory, as xmalloc() does; so do the others. */
struct arena *arena_new(void);

/* `size` bytes, aligned for anything, with any content. */
void *arena_alloc(struct arena *arena, size_t size);

/* A copy of `length` bytes with a NUL behind them. */
char *arena_copy(struct arena *arena, const char *bytes, size_t length);

/* Frees it and all that came from it; NULL is fine. */
void arena_free(struct arena *arena);

#endif
