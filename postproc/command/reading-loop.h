/* SPDX-License-Identifier: Apache-2.0 */
/* reading-loop.h - reads a stream as it comes, and does meanwhile what is due: --every, --trigger, --listen, --push. */
#ifndef HUD_COMMAND_READING_LOOP_H
#define HUD_COMMAND_READING_LOOP_H

#include "command/reporting.h"

/* Is there anything to do meanwhile? Otherwise replay_read() will do. */
bool reading_loop_needed(const struct reporting *o);

/* Reads standard input to its end, as replay_read() does. Meanwhile writes the outputs that have a file, each o->every ns, with
 * all that came until then (what cannot be written is said, and tried again the next time), feeds o->triggered, answers
 * what o->listener is asked, and hands profiles to o->pusher. Returns as replay_read(). */
int reading_loop(struct reporting *o, struct replay *replay, struct model *model);

#endif
