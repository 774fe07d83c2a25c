/* report-tasks.c - the tasks whose polls were long, the one with most time in them first. */
#include "report-parts.h"
#include "units.h"

#define TASK_COLUMN 45

void report_tasks(struct report *report)
{
	const struct model *m = report->model;
	struct page *page = &report->page;
	size_t shown = m->tasks < report->options.top ? m->tasks : report->options.top;
	char text[UNIT_SIZE];

	page_right(page, STYLE_HEAD, 10, "long polls");
	page_right(page, STYLE_HEAD, 10, "total");
	page_right(page, STYLE_HEAD, 8, "max");
	page_right(page, STYLE_HEAD, 8, "p50");
	page_right(page, STYLE_HEAD, 8, "p99");
	page_to(page, TASK_COLUMN + 1);
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
		page_to(page, TASK_COLUMN + 1);
		report_where(report, STYLE_PLAIN, t->name ? t->name : "(not known)", "");
	}
	if (shown < m->tasks) {
		page_to(page, TASK_COLUMN + 1);
		page_printf(page, STYLE_PLAIN, "and %zu more", m->tasks - shown);
		page_end(page);
	}
}
