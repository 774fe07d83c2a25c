/* SPDX-License-Identifier: Apache-2.0 */
/* table.c - the ranked blockers, one per line, with their trends; below them the full name of the selected
 * one. */
#include <curses.h>
#include <libiberty/libiberty.h>
#include <stdlib.h>
#include <string.h>

#include "base/escape.h"
#include "base/units.h"
#include "judge/reasons.h"
#include "live/panes/draw.h"
#include "live/panes/panes.h"
#include "report/source-path.h"

/* Where each column ends (numbers) or begins (text). */
enum { CUE = 0, WORD = 2, TOTAL = 21, SHARE = 28, COUNT = 34, MAX = 42, TREND = 43, DELAY = 8 };

/* Where the trend begins: behind the column of delays, if any is known. */
static int trend_column(const struct live_view *v)
{
	return TREND + (v->sum.delay_known ? DELAY : 0);
}

static int where_column(const struct live_view *v)
{
	return trend_column(v) + (int)v->query.cells + 1;
}

static void heading(const struct live_view *v, int row)
{
	static const char *const names[] = {"FUNCTION", "FILE", "TASK", "MOST OF IT IN"};
	const char *arrow = pen_utf8() ? "▾" : "v";
	const struct {
		int end;
		const char *text;
		enum live_sort sort;
	} numbers[] = {{TOTAL, "TOTAL", SORT_TOTAL},
		       {SHARE, "SHARE", LIVE_SORTS},
		       {COUNT, "COUNT", SORT_COUNT},
		       {MAX, "MAX", SORT_MAX},
		       {MAX + DELAY, "DELAY", SORT_DELAY}};

	pen_fill(row, pen_style(PEN_HEAD));
	pen_put(row, WORD, 12, pen_style(PEN_HEAD), "WHY");
	for (size_t i = 0; i < ARRAY_SIZE(numbers) - !v->sum.delay_known; i++) {
		char *text = concat(numbers[i].sort == v->query.sort ? arrow : "", numbers[i].text, NULL);

		pen_right(row, numbers[i].end - 7, 7, pen_style(PEN_HEAD), text);
		free(text);
	}
	char *trend = v->query.cells < 10 ? xstrdup("TREND") : xstrdup("TREND 30 s");

	pen_put(row, trend_column(v), v->query.cells, pen_style(PEN_HEAD), trend);
	free(trend);
	char *name = concat(v->query.sort == SORT_NAME ? arrow : "", names[v->query.group], NULL);

	pen_put(row, where_column(v), 20, pen_style(PEN_HEAD), name);
	free(name);
}

void live_table_sort(struct live_view *v, int x)
{
	if (x > WORD + 11 && x <= SHARE)
		v->query.sort = SORT_TOTAL;
	else if (x > SHARE && x <= COUNT)
		v->query.sort = SORT_COUNT;
	else if (x > COUNT && x < TREND)
		v->query.sort = SORT_MAX;
	else if (x >= TREND && x < trend_column(v))
		v->query.sort = SORT_DELAY;
	else if (x >= where_column(v))
		v->query.sort = SORT_NAME;
}

static void trend(const struct live_row *r, int row, int column, size_t cells, unsigned long style)
{
	uint64_t most = 0;

	for (size_t i = 0; i < cells; i++)
		most = r->trend[i] > most ? r->trend[i] : most;
	for (size_t i = 0; i < cells; i++)
		pen_cell(row, column + (int)i, style, pen_spark(r->trend[i], most));
}

static void table_row(const struct live_view *v, const struct live_workers *w, const struct live_row *r,
		      int row, const char *root, bool selected)
{
	unsigned long style = selected ? pen_style(PEN_BAR) : pen_style(PEN_PLAIN);
	const struct reason_info *reason = reason_info(r->of->reason);
	char text[UNIT_SIZE], total[UNIT_SIZE + 1] = "~", cue[] = {reason->cue, '\0'};
	bool placed = v->query.group == GROUP_FUNCTION || v->query.group == GROUP_REASON;

	if (selected)
		pen_fill(row, style);
	pen_put(row, CUE, 1, pen_reason(r->of->reason, true), cue);
	pen_put(row, WORD, 11, selected ? style : pen_reason(r->of->reason, false),
		r->mixed ? "and others" : reason->word);
	unit_duration(total + 1, r->total);
	pen_right(row, TOTAL - 8, 8, style | A_BOLD, total + (r->estimated ? 0 : 1));
	pen_right(row, SHARE - 6, 6, style, unit_share(text, r->total, w->time));
	pen_right(row, COUNT - 6, 6, style, unit_count(text, r->count));
	pen_right(row, MAX - 7, 7, style, unit_duration(text, r->max));
	if (r->delay_known)
		pen_right(row, MAX + DELAY - 7, 7, style, unit_duration(text, r->delay));
	trend(r, row, trend_column(v), v->query.cells, selected ? style : pen_reason(r->of->reason, false));

	char *place = v->query.group == GROUP_FILE || placed
			      ? place_text(root, r->of->file, placed ? r->of->line : 0)
			      : xstrdup("");

	if (v->query.group == GROUP_FILE)
		pen_put_as(row, where_column(v), (size_t)(COLS - where_column(v) - 1), style,
			   pen_shorten_place, *place ? place : "(not known)");
	else
		pen_where(row, where_column(v), style,
			  v->query.group == GROUP_REASON ? r->of->function
			  : r->name			 ? r->name
							 : "(not known)",
			  place);
	free(place);
}

/* The selected row's names in full, and its call path. */
static void whole_name(const struct live_view *v, int row, const char *root)
{
	const struct live_row *r = live_selected(v);

	if (!r)
		return;
	char *place = place_text(root, r->of->file, r->of->line), *name;

	if (v->query.group != GROUP_FUNCTION) {
		name = text_format("%zu blocker%s, most time in %s", r->blockers, r->blockers == 1 ? "" : "s",
				   r->of->function);
	} else {
		bool task = r->of->task && strcmp(r->of->task, r->of->function) != 0;

		/* The task's name is added if it fits. */
		name = text_format("%s%s%s", r->of->function, task ? "  in task " : "",
				   task ? r->of->task : "");
		if (text_width(name) + text_width(place) + 4 > (size_t)COLS) {
			free(name);
			name = xstrdup(r->of->function);
		}
	}
	pen_where(row, WORD, pen_style(PEN_OWN), name, place);
	free(name);
	free(place);
}

/* Says why there are no rows. */
static void nothing(const struct live_view *v, int row)
{
	char text[UNIT_SIZE], span[UNIT_SIZE];
	char *said;

	if (!v->model->start)
		said = xstrdup("The probes are being attached, which takes some seconds.");
	else if (v->query.hidden && v->run.blocks)
		said = xstrdup("What blocked a worker is hidden, or shorter. X shows all reasons.");
	else if (*v->filter && v->run.blocks)
		said = text_format("Nothing here is called \"%s\". Esc shows all.", v->filter);
	else
		said = text_format("Nothing has blocked a worker for %s or longer in the last %s.",
				   unit_setting(text, v->query.threshold), unit_setting(span, v->query.span));
	pen_put(row, WORD, (size_t)COLS - 4, pen_style(PEN_PLAIN), said);
	free(said);
}

void live_table(struct live_view *v, const struct live_workers *workers, int top, int rows)
{
	const struct live_sum *s = &v->sum;
	const char *root = live_window_root(v->window);
	size_t shown = rows > 0 ? (size_t)rows : 0;

	heading(v, top - 1);
	v->table_top = top;
	v->table_rows = shown;
	/* Scrolls to keep the selected row visible. */
	if (live_selected(v) && v->at < v->scroll)
		v->scroll = v->at;
	if (live_selected(v) && v->at >= v->scroll + shown)
		v->scroll = v->at - shown + 1;
	if (v->scroll + shown > s->rows)
		v->scroll = s->rows > shown ? s->rows - shown : 0;
	for (size_t i = 0; i < shown && v->scroll + i < s->rows; i++)
		table_row(v, workers, &s->row[v->scroll + i], top + (int)i, root,
			  live_selected(v) && v->scroll + i == v->at);
	if (!s->rows)
		nothing(v, top + 1);
	if (live_selected(v)) {
		whole_name(v, top + rows, root);
	} else if (s->rows > shown) {
		char *more = text_format("%zu more below", s->rows - shown - v->scroll);

		pen_put(top + rows, WORD, (size_t)COLS, pen_style(PEN_FAINT), more);
		free(more);
	} else if (s->rows) {
		pen_put(top + rows, WORD, (size_t)COLS, pen_style(PEN_FAINT),
			"down selects a row, Enter shows its details");
	}
}
