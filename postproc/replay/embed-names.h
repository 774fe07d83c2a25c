/* embed-names.h - puts names into a recording, so that it needs no binaries. */
#ifndef HUD_REPLAY_EMBED_NAMES_H
#define HUD_REPLAY_EMBED_NAMES_H

#include <stdio.h>

#include "replay/replay.h"

/* Writes a recording to `out`: its lines without copied stacks; the stacks' frames come before the first
 * event instead. Reports why names are missing on stderr, after "hud-postproc COMMAND: ". Returns 0; or -1
 * with errno set if it cannot be read (see replay_read()). Write errors show in ferror(out). Reads it twice,
 * from `in` and `again`, and closes both; NULL stands for a file that could not be opened, with errno saying
 * why. */
int resolve_write(const char *command, FILE *in, FILE *again, const struct replay_options *options,
		  FILE *out);

#endif
