/* record-resolve.h - the names put into what was just recorded, by a process that may do nothing but that: the recorder opens files. */
#ifndef HUD_COMMAND_RECORD_RESOLVE_H
#define HUD_COMMAND_RECORD_RESOLVE_H

#include <stdbool.h>
#include <stdio.h>

struct recording;
struct replay_options;

/* As resolve_write() of what was recorded; `unasked`: without a command. Returns 0, or -1 with errno set; errors of writing show in
 * ferror(out). */
int record_resolve(const struct recording *recording, const struct replay_options *options, bool unasked,
		   FILE *out);

#endif
