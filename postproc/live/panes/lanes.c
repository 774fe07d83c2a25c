/* SPDX-License-Identifier: Apache-2.0 */
/* lanes.c - a lane per worker along the time axis: what blocked it when, with the newest at the right. */
#include <ctype.h>
#include <curses.h>
#include <libiberty/libiberty.h>
#include <stdlib.h>
#include <string.h>

#include "base/escape.h"
#include "base/units.h"
#include "judge/reasons.h"
#include "live/panes/draw.h"
#include "live/panes/panes.h"

#define LANE 17 /* the column where lanes begin */

/* The time axis of the lanes. Cells have fixed times, so that what was drawn does not change as time
 * passes. */
struct axis {
	uint64_t start, width; /* of a cell, ns */
	size_t cells;
};

static struct axis axis_of(const struct live_view *v)
{
	struct axis a = {.cells = COLS > LANE + 2 ? (size_t)(COLS - LANE - 1) : 1};

	a.width = v->query.span / a.cells + 1;
	uint64_t last = v->query.now / a.width + 1;

	a.start = last > a.cells ? (last - a.cells) * a.width : 0;
	return a;
}

static void scale(const struct live_view *v, int row, const struct axis *a)
{
	char text[UNIT_SIZE], *from = text_format("-%s", unit_setting(text, v->query.span)),
			      *middle = text_format("-%s", unit_setting(text, v->query.span / 2));

	pen_fill(row, pen_style(PEN_HEAD));
	pen_put(row, 0, 16, pen_style(PEN_HEAD), "WORKER  BLOCKED");
	pen_put(row, LANE, a->cells, pen_style(PEN_HEAD), from);
	pen_put(row, LANE + (int)(a->cells / 2) - (int)strlen(middle) / 2, 12, pen_style(PEN_HEAD), middle);
	pen_right(row, LANE, a->cells, pen_style(PEN_HEAD), "now");
	free(from);
	free(middle);
}

static void lasting(const struct live_worker *worker, int row, int column)
{
	char cue[] = {worker->stack ? reason_info(worker->reason)->cue : '?', '\0'};

	pen_cell(row, column,
		 worker->stack ? pen_reason(worker->reason, true) : pen_style(PEN_WARNING) | A_REVERSE, cue);
}

/* A capital letter marks a cell that was blocked for at least half of its time, a small letter one that was
 * blocked for less. */
static void lane(const struct live_view *v, const struct live_worker *worker, int row, const struct axis *a,
		 struct live_cell *cell)
{
	uint64_t blocked = 0, from = v->query.now > v->query.span ? v->query.now - v->query.span : 0, time;
	char text[UNIT_SIZE];

	live_window_lane(v->window, &v->query, worker->w.tid, a->start, a->width, cell, a->cells);
	for (size_t i = 0; i < a->cells; i++)
		blocked += cell[i].blocked;
	from = from > worker->w.first ? from : worker->w.first;
	from = from > v->model->start ? from : v->model->start;
	from = from > v->query.since ? from : v->query.since;
	time = v->query.now > from ? v->query.now - from : 0;
	if (worker->running)
		blocked += v->query.now - (worker->running > from ? worker->running : from);
	snprintf(text, sizeof(text), "%ld", worker->w.tid);
	pen_right(row, 0, 7, pen_style(PEN_PLAIN), text);
	if (worker->w.role == ROLE_MAIN_FUTURE)
		pen_put(row, 7, 1, pen_style(PEN_FAINT), "m");
	pen_right(row, 8, 7, pen_style(PEN_STRONG), unit_share(text, blocked < time ? blocked : time, time));
	for (size_t i = 0; i < a->cells; i++) {
		uint64_t begins = a->start + i * a->width;

		/* The worker is in a poll that has not ended and is not judged yet. */
		if (worker->running && begins + a->width > worker->running && begins < v->query.now) {
			lasting(worker, row, LANE + (int)i);
			continue;
		}
		char cue[] = {reason_info(cell[i].reason)->cue, '\0'};
		uint64_t taken = cell[i].blocked + cell[i].run_queue;
		bool filled = taken * 2 >= a->width;
		bool early = begins < v->model->start;

		if (!taken) {
			pen_cell(row, LANE + (int)i, pen_style(PEN_FAINT),
				 early	      ? " "
				 : pen_utf8() ? "·"
					      : ".");
			continue;
		}
		if (!filled)
			cue[0] = (char)tolower((unsigned char)cue[0]);
		pen_cell(row, LANE + (int)i, pen_reason(cell[i].reason, filled), cue);
	}
}

void live_lanes(const struct live_view *v, const struct live_workers *workers, int top, int rows)
{
	struct axis a = axis_of(v);
	struct live_cell *cell = xcalloc(a.cells + 1, sizeof(*cell));
	size_t shown = workers->count <= (size_t)rows ? workers->count : (size_t)(rows > 0 ? rows - 1 : 0);

	scale(v, top - 1, &a);
	for (size_t i = 0; i < shown; i++)
		lane(v, &workers->worker[i], top + (int)i, &a, cell);
	if (shown < workers->count) {
		char *more = text_format("and %zu workers more", workers->count - shown);

		pen_put(top + (int)shown, 1, (size_t)COLS - 2, pen_style(PEN_FAINT), more);
		free(more);
	}
	free(cell);
}
