/* view.h - the live view: puts its parts together on the screen. */
#ifndef HUD_LIVE_VIEW_H
#define HUD_LIVE_VIEW_H

#include "live/state/state.h"

/* Gets ready, after the terminal is open. `threshold`: ns, 0: the stream's. */
void live_view_start(struct live_view *view, bool colour, bool utf8, uint64_t span);
void live_view_end(struct live_view *view);

/* A replay begins, from the start of the stream. */
void live_view_attach(struct live_view *view, struct replay *replay, const struct model *model);
/* It has ended; nothing of it is looked at any more. */
void live_view_detach(struct live_view *view);

/* Takes keys, moves the clock, and draws if it is time to and something has changed. Returns in how many ms it wants to be called
 * again, unless a key comes. */
int live_view_tick(struct live_view *view);

#endif
