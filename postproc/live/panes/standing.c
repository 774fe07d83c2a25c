/* SPDX-License-Identifier: Apache-2.0 */
/* standing.c - the page of all tasks: where they stood at the last look. */
#include <curses.h>
#include <libiberty/libiberty.h>
#include <stdio.h>
#include <stdlib.h>

#include "live/panes/draw.h"
#include "live/panes/panes.h"
#include "report/parts.h"

#define NO_LOOK                                                                                              \
	"Nobody has looked at all tasks yet: start hud-trace with --tasks to have that done each second. "   \
	"Without it, the report at the end has one look."

void live_standing(struct live_view *v)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		xmalloc_failed(0);
	struct report report = {
		.model = v->model,
		.page = {.out = out, .width = (size_t)COLS, .colour = true, .utf8 = pen_utf8()}};

	if (v->model->standing) {
		report_standing(&report, SIZE_MAX);
	} else {
		page_end(&report.page);
		page_to(&report.page, 4);
		page_wrap(&report.page, STYLE_PLAIN, NO_LOOK);
	}
	fclose(out);
	live_pager(v, "all tasks", text);
	free(text);
}
