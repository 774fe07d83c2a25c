/* panes.h - the parts of the live view, one file each; rows and columns are of the screen. */
#ifndef HUD_LIVE_PANES_PANES_H
#define HUD_LIVE_PANES_PANES_H

#include "live/state/state.h"
#include "live/state/workers.h"

void live_header(const struct live_view *view, const struct live_workers *workers);
void live_footer(const struct live_view *view);
void live_table(struct live_view *view, const struct live_workers *workers, int top, int rows);
void live_lanes(const struct live_view *view, const struct live_workers *workers, int top, int rows);
void live_blocks(const struct live_view *view, const struct live_workers *workers, int top, int rows);

/* A page of text that scrolls: `text` is escaped, its lines fit, and of escape sequences it has those of base/text-layout.c. */
void live_pager(struct live_view *view, const char *title, const char *text);
void live_detail(struct live_view *view, const struct live_workers *workers);
void live_help(struct live_view *view);

#endif
