/* SPDX-License-Identifier: Apache-2.0 */
/* probes.c - see parts.h. */
#include <stdlib.h>
#include <string.h>

#include "base/escape.h"
#include "base/units.h"
#include "report/parts.h"

/* Prints a raw line; what is longer than the page continues on the next line. */
static void print_line(struct page *page, const char *raw)
{
	char *safe = escape_terminal(raw, false);

	for (const char *at = safe; *at;) {
		size_t length = strlen(at);

		length = length < page->width ? length : page->width;
		page_printf(page, STYLE_PLAIN, "%.*s", (int)length, at);
		page_end(page);
		at += length;
	}
	if (!*safe)
		page_end(page);
	free(safe);
}

void report_probes(struct report *report)
{
	const struct probe_lines *probes = &report->model->probes;
	struct page *page = &report->page;
	char count[UNIT_SIZE];

	if (!probes->names)
		return;
	page_end(page);
	char *text = text_format("%s printed %s", probes->names, probes->lines ? "this:" : "nothing.");

	page_wrap(page, STYLE_HEAD, text);
	free(text);
	if (probes->lines > probes->kept) {
		text = text_format("(%s lines before these are left out: --probe-output FILE gets all)",
				   unit_count(count, probes->lines - probes->kept));
		page_wrap(page, STYLE_FAINT, text);
		free(text);
	}
	for (size_t i = 0; i < probes->kept; i++)
		print_line(page, probes->line[i]);
}
