/* entries.h - where functions begin in code without symbols and unwind tables: what calls name, and what functions begin with. */
#ifndef HUD_RESOLVE_ELF_ENTRIES_H
#define HUD_RESOLVE_ELF_ENTRIES_H

#include <stddef.h>
#include <stdint.h>

struct image;

/* ELF virtual addresses, sorted, each once, for the caller to free; *count of them. A few may be none: any byte can look like a call.
 * Exits the program when out of memory. */
uint64_t *entries_find(const struct image *image, size_t *count);

#endif
