/* SPDX-License-Identifier: Apache-2.0 */
/* panes.h - the parts of the live view, one file each. Rows and columns count from the screen's corner. */
#ifndef HUD_LIVE_PANES_PANES_H
#define HUD_LIVE_PANES_PANES_H

#include "live/state/state.h"
#include "live/state/workers.h"

void live_header(const struct live_view *view, const struct live_workers *workers);
void live_footer(const struct live_view *view);
void live_table(struct live_view *view, const struct live_workers *workers, int top, int rows);
/* Sorts by the column at `x`, if one can sort by that. */
void live_table_sort(struct live_view *view, int x);
void live_lanes(const struct live_view *view, const struct live_workers *workers, int top, int rows);
void live_blocks(const struct live_view *view, const struct live_workers *workers, int top, int rows);

/* A scrolling page. `text` is escaped, its lines fit the screen, and its only escape sequences are those of
 * base/text-layout.c. */
void live_pager(struct live_view *view, const char *title, const char *text);
void live_detail(struct live_view *view, const struct live_workers *workers);
/* The details as text, without colours, with all frames, `width` columns wide. The caller frees it. NULL if
 * nothing is selected or the selected row is gone. */
char *live_detail_text(struct live_view *view, const struct live_workers *workers, size_t width);
/* Where all tasks stood at the last look, or how to get one. */
void live_standing(struct live_view *view);
void live_help(struct live_view *view);

#endif
