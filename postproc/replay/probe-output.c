/* SPDX-License-Identifier: Apache-2.0 */
/* probe-output.c - see probe-output.h. */
#include "replay/probe-output.h"

#include <libiberty/libiberty.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/escape.h"

#define LINE_BYTES 1000 /* of a line that is kept; what the file gets is whole */
#define NAME_BYTES 1000 /* of all names */
#define TAB 8

struct probe_output {
	FILE *file;
	char *names;			 /* with ", " between; NULL: no script */
	char *line[PROBE_LINES_KEPT];	 /* the newest, a ring */
	char *ordered[PROBE_LINES_KEPT]; /* the same, the oldest first */
	uint64_t lines;			 /* ever */
	bool blank;			 /* one was left out: what follows comes behind a blank line */
};

struct probe_output *probe_output_new(FILE *file)
{
	struct probe_output *p = XCNEW(struct probe_output);

	p->file = file;
	return p;
}

void probe_output_free(struct probe_output *p)
{
	if (!p)
		return;
	for (size_t i = 0; i < PROBE_LINES_KEPT; i++)
		free(p->line[i]);
	free(p->names);
	free(p);
}

void probe_output_name(struct probe_output *p, const char *name)
{
	size_t length = p->names ? strlen(p->names) : 0;

	if (length + strlen(name) > NAME_BYTES)
		return;
	char *names = length ? concat(p->names, ", ", name, NULL) : xstrdup(name);

	free(p->names);
	p->names = names;
}

/* The line with blanks for its tabs, for the caller to free. */
static char *without_tabs(const char *line)
{
	size_t tabs = 0, at = 0;

	for (const char *p = line; *p; p++)
		tabs += *p == '\t';
	char *text = xmalloc(strlen(line) + tabs * (TAB - 1) + 1);

	for (; *line; line++) {
		size_t end = *line == '\t' ? at - at % TAB + TAB : at + 1;

		while (at < end)
			text[at++] = *line == '\t' ? ' ' : *line;
	}
	text[at] = '\0';
	return text;
}

static void keep(struct probe_output *p, const char *text)
{
	char **slot = &p->line[p->lines++ % PROBE_LINES_KEPT];

	free(*slot);
	*slot = xstrndup(text, LINE_BYTES);
	if (p->file) {
		char *safe = escape_terminal(text, true);

		fprintf(p->file, "%s\n", safe);
		free(safe);
	}
}

void probe_output_add(struct probe_output *p, const char *line)
{
	char *text = without_tabs(line);

	if (!text[strspn(text, " ")]) {
		p->blank = p->lines > 0;
	} else {
		if (p->blank)
			keep(p, "");
		p->blank = false;
		keep(p, text);
	}
	free(text);
}

void probe_output_note(struct probe_output *p, struct model *model)
{
	size_t kept = p->lines < PROBE_LINES_KEPT ? (size_t)p->lines : PROBE_LINES_KEPT;

	for (size_t i = 0; i < kept; i++)
		p->ordered[i] = p->line[(p->lines - kept + i) % PROBE_LINES_KEPT];
	model->probes =
		(struct probe_lines){.names = p->names, .line = p->ordered, .kept = kept, .lines = p->lines};
}
