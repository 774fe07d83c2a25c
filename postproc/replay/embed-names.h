/* SPDX-License-Identifier: Apache-2.0 */
/* embed-names.h - puts names into a recording, so that it needs no binaries. */
#ifndef HUD_REPLAY_EMBED_NAMES_H
#define HUD_REPLAY_EMBED_NAMES_H

#include <stdio.h>

#include "replay/replay.h"

/* Writes a recording to `out`: its lines without the copied stacks, whose frames stand before the first event instead.
 * What makes the names fewer than they could be is said on stderr, after "hud-postproc COMMAND: ". Returns 0; or -1 with errno
 * set when it cannot be read (as of replay_read). Errors of writing show in ferror(out). It is read twice, from `in` and from `again`,
 * which are closed; NULL is a file that could not be opened, as errno says.
 * Without `command` nothing is said; and if the program has no names, nothing is written and errno is ENODATA: from the copied stacks,
 * an unstripped copy can find them later. */
int resolve_write(const char *command, FILE *in, FILE *again, const struct replay_options *options,
		  FILE *out);

#endif
