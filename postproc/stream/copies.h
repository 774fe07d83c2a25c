/* copies.h - from what a script prints that copies stacks (probes/stack.bt) to the event lines of probes/README.md: stacks are
 * described, once each, and events name them by what is on them. */
#ifndef HUD_STREAM_COPIES_H
#define HUD_STREAM_COPIES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define COPY_MAX (512u << 10) /* bytes of a stack */

struct copies;

/* Where the target's code is: words that point there are kept. */
struct code_bounds {
	uint64_t start[2], end[2];
};

/* Reads `bytes` bytes of a copy into `words`; returns how many, from the first on, were still there. Sets *cleared if there are less because
 * the script has ended, which empties its maps. */
typedef size_t copies_read(void *data, uint64_t copy, size_t bytes, uint64_t *words, bool *cleared);

/* Writes to `out`, which stays the caller's. Exits the program when out of memory. */
struct copies *copies_new(FILE *out, const struct code_bounds *code, copies_read *read, void *data);
void copies_free(struct copies *copies);

/* Takes a line, without its end and with a NUL behind it; it may be changed. `now` is in ms. A line that is not about stacks is written as it
 * is. An event that names a copy which was not told yet waits for that: lines of different CPUs come in any order. */
void copies_line(struct copies *copies, char *line, size_t length, int64_t now);

/* Lets go of events that have waited for too long, and says how many stacks were written over. `end`: nothing more comes. */
void copies_expire(struct copies *copies, int64_t now, bool end);

/* Is there anything for copies_expire() to do later? */
bool copies_pending(const struct copies *copies);

#endif
