/* SPDX-License-Identifier: Apache-2.0 */
/* standing.c - where all tasks stood when the trace ended, and what was in the queues of busy workers. */
#include <libiberty/libiberty.h>
#include <stdlib.h>
#include <string.h>

#include "base/escape.h"
#include "base/units.h"
#include "report/parts.h"
#include "tally/standing.h"

#define INDENT 4
#define BEHIND_SHOWN 8 /* futures in queues */
#define STATE_WIDTH 10

/* Where the columns begin. */
struct columns {
	bool ever; /* there is one for the most of all looks */
	size_t state, future, place;
};

/* How many there were, and at which look. */
static void title(struct report *report, const struct standing *s)
{
	char tasks[UNIT_SIZE], looks[UNIT_SIZE], lost[UNIT_SIZE];
	struct page *page = &report->page;
	bool ended = report->model->ended && s->ns >= report->model->end;

	char *before = s->looks > 1 ? text_format(", the last of %s looks", unit_count(looks, s->looks))
				    : xstrdup("");
	char *dead = s->lost ? text_format("; nothing can wake %s of them", unit_count(lost, s->lost))
			     : xstrdup("");
	char *text = text_format("%s task%s %s%s%s", unit_count(tasks, s->tasks), s->tasks == 1 ? "" : "s",
				 ended ? "when tracing had ended" : "at a look", before, dead);

	page_to(page, INDENT);
	page_wrap(page, STYLE_PLAIN, text);
	free(text);
	free(dead);
	free(before);
}

/* As wide as the futures need, up to half of what is left. */
static struct columns columns(const struct page *page, const struct standing_group *const *group,
			      size_t count, bool ever)
{
	struct columns c = {.ever = ever, .state = ever ? 20 : 12};
	size_t widest = strlen("future");

	c.future = c.state + STATE_WIDTH + 1;
	for (size_t i = 0; i < count; i++) {
		size_t width = group[i]->future ? page_width(page, group[i]->future) : 0;

		widest = width > widest ? width : widest;
	}
	size_t most = page->width > c.future + 20 ? (page->width - c.future) / 2 : 10;

	c.place = c.future + (widest < most ? widest : most) + 2;
	return c;
}

static void heading(struct page *page, const struct columns *c)
{
	page_right(page, STYLE_HEAD, 10, "tasks");
	if (c->ever)
		page_right(page, STYLE_HEAD, 8, "most");
	page_to(page, c->state);
	page_text(page, STYLE_HEAD, "state");
	page_to(page, c->future);
	page_text(page, STYLE_HEAD, "future");
	page_to(page, c->place);
	page_text(page, STYLE_HEAD, "waits for");
	page_end(page);
}

static void row(struct page *page, const struct standing_group *g, const struct columns *c)
{
	char text[UNIT_SIZE];

	page_right(page, STYLE_STRONG, 10, unit_count(text, g->count));
	if (c->ever)
		page_right(page, STYLE_PLAIN, 8, unit_count(text, g->most));
	page_to(page, c->state);
	page_fit(page, STYLE_PLAIN, STATE_WIDTH, text_shorten, g->state ? g->state : "");
	page_to(page, c->future);
	page_fit(page, STYLE_PLAIN, c->place - c->future - 2, text_shorten,
		 g->future ? g->future : "(not known)");
	if (*g->place) {
		page_to(page, c->place);
		page_fit(page, STYLE_PLAIN, page->width > c->place ? page->width - c->place : 10,
			 text_shorten_path, g->place);
	}
	page_end(page);
}

/* "worker 4711 polled app::report; behind it: 12 app::conn", and on the next line "and 3 app::timer". */
static void behind(struct page *page, const struct standing *s)
{
	char text[UNIT_SIZE];

	for (size_t i = 0; i < s->behinds && i < BEHIND_SHOWN; i++) {
		const struct standing_behind *b = &s->behind[i];
		bool first = !i || b->tid != s->behind[i - 1].tid;
		char *words = first ? text_format("worker %ld polled %s; behind it: ", b->tid,
						  b->polled ? b->polled : "a task")
				    : xstrdup("and ");
		char *line = text_format("%s%s %s", words, unit_count(text, b->count),
					 b->future ? b->future : "(not known)");

		page_to(page, INDENT);
		page_wrap(page, STYLE_PLAIN, line);
		free(line);
		free(words);
	}
}

void report_standing(struct report *report, size_t most)
{
	const struct standing *s = report->model->standing;
	struct page *page = &report->page;
	size_t count, shown;

	if (!s)
		return;
	const struct standing_group **group = standing_sorted(s, s->looks > 1, &count);

	shown = count < most ? count : most;
	struct columns c = columns(page, group, shown, s->looks > 1);

	page_end(page);
	title(report, s);
	if (count)
		heading(page, &c);
	for (size_t i = 0; i < shown; i++)
		row(page, group[i], &c);
	if (shown < count) {
		page_to(page, INDENT);
		page_printf(page, STYLE_FAINT, "and %zu more", count - shown);
		page_end(page);
	}
	behind(page, s);
	free(group);
}
