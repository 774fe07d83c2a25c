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

/* What is counted of each task, by class. */
struct counts {
	const char *title;
	uint64_t (*all)(const struct task *task);
	const uint64_t *(*by_class)(const struct task *task);
};

static uint64_t polls_of(const struct task *task)
{
	return task->polls;
}

static const uint64_t *polls_by_class(const struct task *task)
{
	return task->took;
}

static uint64_t waits_of_task(const struct task *task)
{
	return task->waits;
}

static const uint64_t *waits_by_class(const struct task *task)
{
	return task->waited;
}

static void title(struct page *page, const struct counts *counts)
{
	char text[UNIT_SIZE];

	page_end(page);
	page_right(page, STYLE_HEAD, 10, counts->title);
	for (size_t c = 0; c < TASK_CLASSES - 1; c++) {
		char below[UNIT_SIZE + 1] = "<";

		page_right(page, STYLE_HEAD, 9, strcat(below, unit_setting(text, task_class[c])));
	}
	page_right(page, STYLE_HEAD, 9, "longer");
	page_end(page);
}

static void row(struct report *report, const struct counts *counts, const struct task *task)
{
	struct page *page = &report->page;
	const uint64_t *by_class = counts->by_class(task);
	char text[UNIT_SIZE];

	page_right(page, STYLE_STRONG, 10, unit_count(text, counts->all(task)));
	for (size_t c = 0; c < TASK_CLASSES; c++)
		page_right(page, STYLE_PLAIN, 9,
			   by_class[c] ? unit_share(text, by_class[c], counts->all(task)) : "-");
	page_end(page);
	page_to(page, INDENT);
	name(report, task);
}

/* A task, and how much is counted of it. */
struct counted {
	uint64_t all;
	const struct task *task;
};

static int most_first(const void *one, const void *two)
{
	const struct counted *a = one, *b = two;

	if (a->all != b->all)
		return a->all < b->all ? 1 : -1;
	return (a->task > b->task) - (a->task < b->task);
}

static void counts_of_tasks(struct report *report, const struct counts *counts)
{
	const struct model *m = report->model;
	struct counted *counted = xcalloc(m->tasks + 1, sizeof(*counted));
	size_t all = 0, shown;

	for (size_t i = 0; i < m->tasks; i++)
		if (counts->all(&m->task[i]))
			counted[all++] = (struct counted){counts->all(&m->task[i]), &m->task[i]};
	qsort(counted, all, sizeof(*counted), most_first);
	shown = all < report->options.top ? all : report->options.top;
	if (all)
		title(&report->page, counts);
	for (size_t i = 0; i < shown; i++)
		row(report, counts, counted[i].task);
	rest(&report->page, INDENT, all - shown);
	free(counted);
}

void report_polls(struct report *report)
{
	static const struct counts polls = {"all polls", polls_of, polls_by_class},
				   waits = {"woken", waits_of_task, waits_by_class};

	counts_of_tasks(report, &polls);
	counts_of_tasks(report, &waits);
}
