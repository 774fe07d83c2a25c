/* SPDX-License-Identifier: Apache-2.0 */
/* blocks.c - the latest blocks, one per line, newest first. */
#include <curses.h>
#include <inttypes.h>
#include <libiberty/libiberty.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/escape.h"
#include "base/units.h"
#include "judge/reasons.h"
#include "live/panes/draw.h"
#include "live/panes/panes.h"
#include "report/source-path.h"

#define FUNCTION 44 /* column */

/* Writes when it was: as wall-clock time if that is known, else as time since the start. `text` has room for
 * UNIT_SIZE. */
static void when(const struct live_view *v, uint64_t ns, char *text)
{
	const struct target *t = &v->model->target;
	uint64_t wall = t->clock_wall + (ns - t->clock_boot);
	time_t seconds = (time_t)(wall / 1000000000);
	struct tm tm;

	if (t->clock_wall && localtime_r(&seconds, &tm))
		snprintf(text, UNIT_SIZE, "%02d:%02d:%02d.%03u", tm.tm_hour, tm.tm_min, tm.tm_sec,
			 (unsigned)(wall / 1000000 % 1000));
	else
		snprintf(text, UNIT_SIZE, "%10.3f s",
			 ns > v->model->start ? (double)(ns - v->model->start) / 1e9 : 0);
}

/* A line: when it began, how long it took, and where. */
static void line(const struct live_view *v, int row, uint64_t start, uint64_t duration, enum reason reason,
		 const char *word, long tid)
{
	char text[UNIT_SIZE], cue[] = {reason < REASON_COUNT ? reason_info(reason)->cue : '?', '\0'};
	unsigned long style = reason < REASON_COUNT ? pen_reason(reason, false) : pen_style(PEN_WARNING);

	when(v, start, text);
	pen_put(row, 0, 12, pen_style(PEN_FAINT), text);
	pen_right(row, 13, 7, pen_style(PEN_STRONG), unit_duration(text, duration));
	pen_put(row, 21, 1, style | A_REVERSE, cue);
	pen_put(row, 23, 11, style, word);
	snprintf(text, sizeof(text), "%ld", tid);
	pen_right(row, 35, 7, pen_style(PEN_PLAIN), text);
}

/* A poll that has not ended yet. */
static void lasting(const struct live_view *v, int row, const struct live_worker *w, const char *root)
{
	const struct frame *f = w->stack && w->stack->count ? w->stack->frame[w->stack->blame] : NULL;
	char *name = f ? place_name(f, false) : xstrdup("(seen when it ends)"),
	     *place = f ? place_text(root, f->file, f->line) : xstrdup("");

	line(v, row, w->running, v->query.now - w->running, f ? w->reason : REASON_COUNT, "still lasts",
	     w->w.tid);
	pen_where(row, FUNCTION, pen_style(PEN_WARNING), name, place);
	free(name);
	free(place);
}

void live_blocks(const struct live_view *v, const struct live_workers *workers, int top, int rows)
{
	const char *root = live_window_root(v->window);
	const struct recent_block *block;
	int row = 0;

	pen_fill(top - 1, pen_style(PEN_HEAD));
	pen_put(top - 1, 0, 12, pen_style(PEN_HEAD), "LAST BLOCKS");
	pen_right(top - 1, 15, 5, pen_style(PEN_HEAD), "TOOK");
	pen_put(top - 1, 23, 11, pen_style(PEN_HEAD), "WHY");
	pen_right(top - 1, 35, 7, pen_style(PEN_HEAD), "WORKER");
	pen_put(top - 1, FUNCTION, 12, pen_style(PEN_HEAD), "FUNCTION");
	for (size_t i = 0; i < workers->count && row < rows; i++)
		if (workers->worker[i].running)
			lasting(v, top + row++, &workers->worker[i], root);
	for (size_t i = 0; row < rows && (block = live_window_newest(v->window, &v->query, i)); i++, row++) {
		const struct blocker *of = block->of;
		char *place = place_text(root, of->file, of->line);

		line(v, top + row, block->b.start, block->b.duration, of->reason,
		     reason_info(of->reason)->word, block->b.tid);
		pen_where(top + row, FUNCTION, pen_style(PEN_PLAIN), of->function, place);
		free(place);
	}
}
