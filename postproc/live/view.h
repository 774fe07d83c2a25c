/* SPDX-License-Identifier: Apache-2.0 */
/* view.h - the live view: lays out its parts on the screen. */
#ifndef HUD_LIVE_VIEW_H
#define HUD_LIVE_VIEW_H

#include "live/state/state.h"

/* Prepares the view; call it after the terminal is open. `threshold` in ns; 0: the stream's. */
void live_view_start(struct live_view *view, bool colour, bool utf8, uint64_t span);
void live_view_end(struct live_view *view);

/* A replay begins at the start of the stream. */
void live_view_attach(struct live_view *view, struct replay *replay, const struct model *model);
/* The replay has ended: the view no longer uses it. */
void live_view_detach(struct live_view *view);

/* Handles keys, moves the clock, and redraws if something has changed and it is time. Returns after how many
 * ms to call it again, unless a key comes earlier. */
int live_view_tick(struct live_view *view);

#endif
