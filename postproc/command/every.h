/* SPDX-License-Identifier: Apache-2.0 */
/* every.h - --every: writes the outputs again and again while the stream goes on. */
#ifndef HUD_COMMAND_EVERY_H
#define HUD_COMMAND_EVERY_H

#include "command/reporting.h"

/* Reads standard input to its end, as replay_read() does, and meanwhile writes the outputs that have a file, each o->every ns, with
 * all that came until then. What cannot be written is said, and tried again the next time. Returns as replay_read(). */
int every_read(struct reporting *o, struct replay *replay, struct model *model);

#endif
