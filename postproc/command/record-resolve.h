/* SPDX-License-Identifier: Apache-2.0 */
/* record-resolve.h - embeds names into a new recording, in a process that can do nothing else: the recorder
 * itself can open files. */
#ifndef HUD_COMMAND_RECORD_RESOLVE_H
#define HUD_COMMAND_RECORD_RESOLVE_H

#include <stdbool.h>
#include <stdio.h>

struct recording;
struct replay_options;

/* As resolve_write(), for this recording; `unasked`: without being asked to. Returns 0, or -1 with errno set;
 * write errors show in ferror(out). */
int record_resolve(const struct recording *recording, const struct replay_options *options, bool unasked,
		   FILE *out);

#endif
