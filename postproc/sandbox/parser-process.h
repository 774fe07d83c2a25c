/* SPDX-License-Identifier: Apache-2.0 */
/* parser-process.h - a process that reads the target's files. Hostile files may crash it.
 *
 * It can only read, compute and answer. The process that started it learns how it died, and can try again
 * without the file that it was reading (space_watch()).
 */
#ifndef HUD_SANDBOX_PARSER_PROCESS_H
#define HUD_SANDBOX_PARSER_PROCESS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* Makes the process that `parent` has just forked a parser process: it ends with the parent, ignores signals
 * of the terminal, closes all descriptors but `kept` (negative ones are ignored) and the standard ones (see
 * messages_redirect()), sets limits, and calls confine(). Ends the process if that fails. */
void parser_begin(pid_t parent, const int *kept, size_t count, int (*confine)(void));

/* Allows it so many seconds of CPU time from now on; 0: no limit. Beyond that, it dies. */
void parser_set_timer(long seconds);

/* Reads what the process writes, until it closes `fd`: at most `most` bytes, while go_on(context), which is asked at least
 * every 100 ms. Returns false if that was not all of it. The caller frees *text either way: *size bytes and a NUL, or
 * NULL if nothing came. */
bool parser_read(int fd, size_t most, bool (*go_on)(void *context), void *context, char **text, size_t *size);

/* Waits for its end as offspring_end() does; kills it first if it is `late` with its answer. Returns what it
 * died of (static text, such as "crashed"), or NULL if it ended with status 0. */
const char *parser_end(pid_t pid, bool late);

#endif
