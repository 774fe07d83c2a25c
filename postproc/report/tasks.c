/* SPDX-License-Identifier: Apache-2.0 */
/* tasks.c - tasks with long polls, by time; and how long all polls took, if they were counted. */
#include <libiberty/libiberty.h>
#include <stdlib.h>
#include <string.h>

#include "base/units.h"
#include "report/parts.h"

#define TASK_COLUMN 46
#define INDENT 4

static void name(struct report *report, const struct task *t)
{
	report_where(report, STYLE_PLAIN, t->name ? t->name : "(not known)", "");
}

static void rest(struct page *page, size_t column, size_t tasks)
{
	if (!tasks)
		return;
	page_to(page, column);
	page_printf(page, STYLE_PLAIN, "and %zu more", tasks);
	page_end(page);
}

void report_tasks(struct report *report)
{
	const struct model *m = report->model;
	struct page *page = &report->page;
	size_t all = 0, shown;
	char text[UNIT_SIZE];

	/* Tasks without long polls come last. */
	while (all < m->tasks && m->task[all].total)
		all++;
	if (!all)
		return;
	shown = all < report->options.top ? all : report->options.top;
	page_end(page);
	page_right(page, STYLE_HEAD, 10, "long polls");
	page_right(page, STYLE_HEAD, 10, "total");
	page_right(page, STYLE_HEAD, 8, "max");
	page_right(page, STYLE_HEAD, 8, "p50");
	page_right(page, STYLE_HEAD, 8, "p99");
	page_to(page, TASK_COLUMN);
	page_text(page, STYLE_HEAD, "task");
	page_end(page);
	for (size_t i = 0; i < shown; i++) {
		const struct task *t = &m->task[i];

		page_right(page, STYLE_PLAIN, 10, unit_count(text, t->durations.count));
		page_right(page, STYLE_STRONG, 10, unit_duration(text, t->total));
		page_right(page, STYLE_PLAIN, 8, unit_duration(text, t->durations.max));
		page_right(page, STYLE_PLAIN, 8, unit_duration(text, histogram_quantile(&t->durations, 0.5)));
		page_right(page, STYLE_PLAIN, 8,
			   unit_duration(text, histogram_quantile(&t->durations, 0.99)));
		page_to(page, TASK_COLUMN);
		name(report, t);
	}
	rest(page, TASK_COLUMN, all - shown);
}

static int by_polls(const void *one, const void *two)
{
	const struct task *const *a = one, *const *b = two;

	if ((*a)->polls != (*b)->polls)
		return (*a)->polls < (*b)->polls ? 1 : -1;
	return (*a > *b) - (*a < *b);
}

void report_polls(struct report *report)
{
	const struct model *m = report->model;
	struct page *page = &report->page;
	const struct task **task = xcalloc(m->tasks + 1, sizeof(const struct task *));
	size_t all = 0, shown;
	char text[UNIT_SIZE];

	for (size_t i = 0; i < m->tasks; i++)
		if (m->task[i].polls)
			task[all++] = &m->task[i];
	qsort(task, all, sizeof(*task), by_polls);
	shown = all < report->options.top ? all : report->options.top;
	if (all) {
		page_end(page);
		page_right(page, STYLE_HEAD, 10, "all polls");
		for (size_t c = 0; c < TASK_CLASSES - 1; c++) {
			char below[UNIT_SIZE + 1] = "<";

			page_right(page, STYLE_HEAD, 9, strcat(below, unit_setting(text, task_class[c])));
		}
		page_right(page, STYLE_HEAD, 9, "longer");
		page_end(page);
	}
	for (size_t i = 0; i < shown; i++) {
		page_right(page, STYLE_STRONG, 10, unit_count(text, task[i]->polls));
		for (size_t c = 0; c < TASK_CLASSES; c++)
			page_right(page, STYLE_PLAIN, 9,
				   task[i]->took[c] ? unit_share(text, task[i]->took[c], task[i]->polls)
						    : "-");
		page_end(page);
		page_to(page, INDENT);
		name(report, task[i]);
	}
	rest(page, INDENT, all - shown);
	free(task);
}
