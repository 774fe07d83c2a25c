/* live-blocks.c - the last blocks, one a line, the newest first. */
#include <curses.h>
#include <inttypes.h>
#include <libiberty/libiberty.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "escape.h"
#include "live-pen.h"
#include "live-view.h"
#include "places.h"
#include "reasons.h"
#include "units.h"

/* When it was: by the clock on the wall if that is known, else since the start. `text` has room for UNIT_SIZE. */
static void when(const struct live_view *v, uint64_t ns, char *text)
{
	const struct target *t = &v->model->target;
	uint64_t wall = t->clock_wall + (ns - t->clock_monotonic);
	time_t seconds = (time_t)(wall / 1000000000);
	struct tm tm;

	if (t->clock_wall && localtime_r(&seconds, &tm))
		snprintf(text, UNIT_SIZE, "%02d:%02d:%02d.%03u", tm.tm_hour, tm.tm_min, tm.tm_sec,
			 (unsigned)(wall / 1000000 % 1000));
	else
		snprintf(text, UNIT_SIZE, "%10.3f s",
			 ns > v->model->start ? (double)(ns - v->model->start) / 1e9 : 0);
}

void live_blocks(const struct live_view *v, int top, int rows)
{
	const char *root = live_window_root(v->window);
	const struct live_block *b;
	char text[UNIT_SIZE];

	pen_fill(top - 1, 0, (size_t)COLS, pen_style(PEN_HEAD));
	pen_put(top - 1, 0, 12, pen_style(PEN_HEAD), "LAST BLOCKS");
	pen_right(top - 1, 15, 5, pen_style(PEN_HEAD), "TOOK");
	pen_put(top - 1, 22, 12, pen_style(PEN_HEAD), "WHY");
	pen_right(top - 1, 36, 7, pen_style(PEN_HEAD), "WORKER");
	pen_put(top - 1, 45, 12, pen_style(PEN_HEAD), "FUNCTION");
	for (int i = 0; i < rows && (b = live_window_newest(v->window, &v->query, (size_t)i)); i++) {
		char cue[] = {reason_info(b->of->reason)->cue, '\0'};
		char *place = place_text(root, b->of->file, b->of->line);

		when(v, b->start, text);
		pen_put(top + i, 0, 12, pen_style(PEN_FAINT), text);
		pen_right(top + i, 13, 7, pen_style(PEN_STRONG), unit_duration(text, b->duration));
		pen_put(top + i, 21, 1, pen_reason(b->of->reason, true), cue);
		pen_put(top + i, 23, 11, pen_reason(b->of->reason, false), reason_info(b->of->reason)->word);
		snprintf(text, sizeof(text), "%ld", b->tid);
		pen_right(top + i, 36, 7, pen_style(PEN_PLAIN), text);
		live_where(top + i, 45, pen_style(PEN_PLAIN), b->of->function, place);
		free(place);
	}
}
