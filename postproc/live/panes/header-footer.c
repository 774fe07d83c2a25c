/* SPDX-License-Identifier: Apache-2.0 */
/* header-footer.c - the first lines of the view and its last one: what is traced, how much it is blocked, and the
 * keys. */
#include <curses.h>
#include <inttypes.h>
#include <libiberty/libiberty.h>
#include <stdlib.h>
#include <string.h>

#include "base/escape.h"
#include "base/units.h"
#include "judge/reasons.h"
#include "live/panes/draw.h"
#include "live/panes/panes.h"

/* "01:02:03", "02:03". */
static char *clock_text(uint64_t ns)
{
	uint64_t s = ns / 1000000000;

	return s >= 3600 ? text_format("%" PRIu64 ":%02" PRIu64 ":%02" PRIu64, s / 3600, s / 60 % 60, s % 60)
			 : text_format("%02" PRIu64 ":%02" PRIu64, s / 60, s % 60);
}

static char *state_text(const struct live_view *v)
{
	const struct live_playback *p = &v->playback;

	if (!p->playing)
		return xstrdup(v->paused ? "paused" : v->model->start ? "live" : "attaching");
	if (p->ended)
		return xstrdup("end of the recording");
	if (v->paused && p->speed == 1)
		return xstrdup("paused");
	return text_format("%s x%g", v->paused ? "paused" : "playing", p->speed);
}

static void title(const struct live_view *v, const struct live_workers *workers)
{
	const struct model *m = v->model;
	uint64_t now = v->query.now > m->start && m->start ? v->query.now - m->start : 0;
	char *time = clock_text(now), *state = state_text(v);
	char *right = text_format("%s  %s ", time, state);
	size_t count = workers->count - workers->main_futures;
	char *what = m->target.pid ? text_format(" (pid %ld)  %zu worker%s", m->target.pid, count,
						 count == 1 ? "" : "s")
				   : xstrdup("");
	size_t room = (size_t)COLS - text_width(right) - 2, used = text_width(what);

	pen_fill(0, pen_style(PEN_BAR));
	used = pen_put(0, 1, room > used ? room - used : 0, pen_style(PEN_BAR) | A_BOLD,
		       m->target.name  ? m->target.name
		       : m->target.exe ? m->target.exe
				       : "hud-trace") +
	       1;
	pen_put(0, (int)used, room > used ? room - used : 0, pen_style(PEN_BAR), what);
	pen_right(0, COLS - (int)text_width(right), text_width(right), pen_style(PEN_BAR), right);
	free(what);
	free(right);
	free(time);
	free(state);
}

static double share_of(uint64_t part, uint64_t whole)
{
	return whole ? (double)part / (double)whole : 0;
}

/* How much the workers are blocked, now and over the whole run. */
static void how_bad(const struct live_view *v, const struct live_workers *w)
{
	const struct live_sum *s = &v->sum;
	char now[UNIT_SIZE], run[UNIT_SIZE], queue[UNIT_SIZE], span[UNIT_SIZE];
	char *rest =
		text_format("%s over the run   run queue %s ", unit_share(run, v->run.blocked, w->run_time),
			    unit_share(queue, s->run_queue, w->time));
	size_t width = text_width(rest);
	int at = 1 + (int)pen_put(1, 1, 8, pen_style(PEN_FAINT), "blocked ");

	pen_right(1, at, 6, pen_style(share_of(s->blocked, w->time) >= 0.1 ? PEN_WARNING : PEN_STRONG),
		  unit_share(now, s->blocked, w->time));
	at += 7;

	char *last = text_format("in %s ", unit_setting(span, v->query.span));

	at += (int)pen_put(1, at, 12, pen_style(PEN_PLAIN), last);
	free(last);
	if (COLS - at - (int)width > 4)
		pen_bar(1, at, (size_t)COLS - (size_t)at - width - 3, pen_style(PEN_OWN),
			share_of(s->blocked, w->time));
	pen_right(1, COLS - (int)width, width, pen_style(PEN_PLAIN), rest);
	free(rest);
}

static int fact(int column, const char *name, const char *text, enum pen style)
{
	if (column + (int)strlen(name) + 2 + (int)text_width(text) > COLS)
		return column;
	column += (int)pen_put(2, column, 20, pen_style(PEN_FAINT), name) + 1;
	return column + (int)pen_put(2, column, 40, pen_style(style), text) + 2;
}

/* How the target is traced, and how many events come. */
static void how_traced(const struct live_view *v)
{
	const struct model *m = v->model;
	char text[UNIT_SIZE], word[16];
	int at = fact(1, "threshold", unit_setting(text, v->query.threshold), PEN_PLAIN);

	snprintf(word, sizeof(word), "%.*s", m->target.polls ? (int)strcspn(m->target.polls, " ") : 1,
		 m->target.polls ? m->target.polls : "?");
	at = fact(at, "polls", m->estimated_from ? "estimate" : word, PEN_PLAIN);
	snprintf(word, sizeof(word), "%.*s", m->target.stacks ? (int)strcspn(m->target.stacks, " ,") : 1,
		 m->target.stacks ? m->target.stacks : "?");
	at = fact(at, "stacks", word, PEN_PLAIN);
	snprintf(text, sizeof(text), "%.0f/s", v->events_per_s);
	at = fact(at, "events", text, PEN_PLAIN);
	snprintf(text, sizeof(text), "%.0f/s", v->lost_per_s);
	at = fact(at, "lost", text, m->lost ? PEN_WARNING : PEN_PLAIN);
	if (m->lost) {
		char *all = text_format("(%s in all)", unit_count(text, m->lost));

		pen_put(2, at - 1, 24, pen_style(PEN_WARNING), all);
		free(all);
	}
}

void live_header(const struct live_view *v, const struct live_workers *workers)
{
	title(v, workers);
	how_bad(v, workers);
	how_traced(v);
}

/* Names what X would show again; "" if nothing is hidden. */
static void say_hidden(const struct live_view *v, char *text, size_t size)
{
	unsigned hidden = v->query.hidden, first = 0;

	*text = '\0';
	while (hidden && !(hidden >> first & 1))
		first++;
	if (hidden)
		snprintf(text, size, "show %s%s", reason_info((enum reason)first)->word,
			 hidden & (hidden - 1) ? " and others" : "");
}

/* The last line: a message, the filter, or as many keys as fit. */
void live_footer(const struct live_view *v)
{
	static const char *const groups[] = {"function", "file", "task", "reason"};
	int row = LINES - 1, at = 1;
	char hidden[48];

	say_hidden(v, hidden, sizeof(hidden));
	if (v->typing) {
		at += (int)pen_put(row, at, 8, pen_style(PEN_STRONG), "filter: ");
		at += (int)pen_put(row, at, LIVE_FILTER, pen_style(PEN_PLAIN), v->filter);
		at += (int)pen_put(row, at, 1, pen_style(PEN_BAR), " ");
		pen_put(row, at + 2, (size_t)COLS, pen_style(PEN_FAINT), "Enter: keep  Esc: all");
		return;
	}
	if (v->message) {
		pen_put(row, at, (size_t)COLS - 2, pen_style(PEN_WARNING), v->message);
		return;
	}
	const struct {
		const char *key, *does;
		bool list; /* works on the list only */
	} keys[] = {{"q", v->page == LIVE_LIST ? "report" : "back", false},
		    {"Enter", "details", true},
		    {"/", *v->filter ? v->filter : "filter", true},
		    {"X", hidden, true},
		    {"g", groups[v->query.group], true},
		    {"s", "sort", true},
		    {"+ -", "window", v->page == LIVE_HELP},
		    {"[ ]", "threshold", v->page == LIVE_HELP},
		    {"space", v->paused ? "go on" : "pause", false},
		    {"?", "help", v->page == LIVE_HELP}};

	for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
		if ((v->page != LIVE_LIST && keys[i].list) || !*keys[i].does)
			continue;
		if (at + (int)strlen(keys[i].key) + 1 + (int)text_width(keys[i].does) >= COLS)
			break;
		at += (int)pen_put(row, at, 8, pen_style(PEN_STRONG), keys[i].key) + 1;
		at += (int)pen_put(row, at, 24,
				   pen_style((*v->filter && i == 2) || i == 3 ? PEN_WARNING : PEN_PLAIN),
				   keys[i].does) +
		      2;
	}
}
