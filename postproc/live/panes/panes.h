/* panes.h - the parts of the live view, one file each; rows and columns are of the screen. */
#ifndef HUD_LIVE_PANES_PANES_H
#define HUD_LIVE_PANES_PANES_H

#include "live/state/state.h"
#include "live/state/workers.h"

void live_header(const struct live_view *view, const struct live_workers *workers);
void live_footer(const struct live_view *view);
void live_table(struct live_view *view, const struct live_workers *workers, int top, int rows);
/* Sorts by the column that is at `x`, if that is one of numbers or names. */
void live_table_sort(struct live_view *view, int x);
void live_lanes(const struct live_view *view, const struct live_workers *workers, int top, int rows);
void live_blocks(const struct live_view *view, const struct live_workers *workers, int top, int rows);

/* A page of text that scrolls: `text` is escaped, its lines fit, and of escape sequences it has those of base/text-layout.c. */
void live_pager(struct live_view *view, const char *title, const char *text);
void live_detail(struct live_view *view, const struct live_workers *workers);
/* What is in it, as text without colours and with all frames, `width` columns wide; for the caller to free. NULL if nothing is selected, or
 * it is not there any more. */
char *live_detail_text(struct live_view *view, const struct live_workers *workers, size_t width);
void live_help(struct live_view *view);

#endif
