/* parser-process.h - a process that reads files of the target for this one, and may die of it.
 *
 * It can do nothing but read, compute and answer. Who started it looks at what it died of, and can have another try without the file
 * that it was reading (space_watch()).
 */
#ifndef HUD_SANDBOX_PARSER_PROCESS_H
#define HUD_SANDBOX_PARSER_PROCESS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* Makes the process that was just forked by `parent` one: it ends with that, outlives what is typed at a pipeline, closes all but the
 * descriptors `kept` (those below 0 are none) and the standard ones, which become what messages_redirect() makes of them, has limits, and gives up its rights
 * by confine(). It ends if that fails. */
void parser_begin(pid_t parent, const int *kept, size_t count, int (*confine)(void));

/* From now on it may run for so many seconds of CPU time; 0: no end. It dies of more. */
void parser_set_timer(long seconds);

/* Kills it, waits for its end as offspring_end() does, and returns what it died of, static text such as "crashed"; NULL: of nothing, it ended by
 * itself with status 0. `late`: it has to die because it did not answer. */
const char *parser_end(pid_t pid, bool late);

#endif
