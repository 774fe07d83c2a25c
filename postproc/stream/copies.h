/* SPDX-License-Identifier: Apache-2.0 */
/* copies.h - turns the output of a script that copies stacks (probes/stack.bt) into the event lines of
 * probes/README.md: describes each stack once, under an id made of its content, which events then name. */
#ifndef HUD_STREAM_COPIES_H
#define HUD_STREAM_COPIES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define COPY_MAX (512u << 10) /* bytes of a stack */

struct copies;

/* The target's code: words that point there are kept. */
struct code_bounds {
	uint64_t start[2], end[2];
};

/* Reads `bytes` bytes of a copy into `words`. Returns how many, from the start, were still valid. Sets
 * *cleared if there are fewer because the script has ended, which empties its maps. */
typedef size_t copies_read(void *data, uint64_t copy, size_t bytes, uint64_t *words, bool *cleared);

/* Writes to `out`, which the caller still owns. Exits the program when out of memory. */
struct copies *copies_new(FILE *out, const struct code_bounds *code, copies_read *read, void *data);
void copies_free(struct copies *copies);

/* Handles a line (no newline, but a NUL at its end), and may change it. `now` is in ms. A line that is not
 * about stacks is written unchanged. An event whose stack is not described yet waits for it, because lines of
 * different CPUs come in any order. */
void copies_line(struct copies *copies, char *line, size_t length, int64_t now);

/* Writes events that have waited too long, and reports overwritten stacks. `end`: no more lines come. */
void copies_expire(struct copies *copies, int64_t now, bool end);

/* Is there work for copies_expire() later? */
bool copies_pending(const struct copies *copies);

#endif
