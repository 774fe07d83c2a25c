/* SPDX-License-Identifier: Apache-2.0 */
/* source.c - see source.h.
 *
 * The file's name comes from debug info, so the target controls it, and may have put a link there. So the file is opened
 * read-only, as the calling user, who may read it anyway, and only if it is a regular file with a name of a Rust source.
 * That is checked before it is opened, because opening a device may have effects.
 */
#include "live/panes/source.h"

#include <errno.h>
#include <libiberty/libiberty.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sandbox/confine.h"
#include "sandbox/helper.h"
#include "sandbox/reopen.h"

#define TAB 4
#define LARGEST (16 << 20) /* bytes of a file */
#define LONGEST 500	   /* bytes of a line */
#define LIMIT_MS 1000	   /* ms to open a file: the view stands still meanwhile */

static struct helper *helper;

/* The last request, kept because each redraw asks again. */
static struct {
	char *file;
	unsigned line, first;
	char *text[LIVE_SOURCE_LINES];
	size_t count;
} last;

static int prepare(void *context)
{
	(void)context;
	return confine_to_user() || confine_reader() ? -1 : 0;
}

static int serve(void *context, const void *request, size_t size, int *fd)
{
	const char *path = request;

	(void)context;
	if (size < 5 || path[size - 1] || strlen(path) + 1 != size || *path != '/' ||
	    strcmp(path + size - 4, ".rs") != 0)
		return EINVAL;
	*fd = reopen_regular(path, LARGEST);
	return *fd < 0 ? errno : 0;
}

int live_source_start(void)
{
	helper = helper_start(&(struct helper_duty){.name = "hud-sources",
						    .limit_ms = LIMIT_MS,
						    .threads = 2,
						    .prepare = prepare,
						    .serve = serve});
	if (!helper)
		perror("hud-postproc: cannot start a process");
	return helper ? 0 : -1;
}

static void forget(void)
{
	free(last.file);
	last.file = NULL;
	while (last.count)
		free(last.text[--last.count]);
}

void live_source_end(void)
{
	forget();
	helper_end(helper);
	helper = NULL;
}

/* A line with blanks for its tabs and without its line end. */
static char *plain(const char *line)
{
	char *text = xmalloc(TAB * LONGEST + 1), *to = text;

	for (size_t i = 0; i < LONGEST && line[i] && line[i] != '\n' && line[i] != '\r'; i++) {
		if (line[i] != '\t') {
			*to++ = line[i];
			continue;
		}
		do
			*to++ = ' ';
		while ((to - text) % TAB);
	}
	*to = '\0';
	return text;
}

static void read_lines(FILE *in, unsigned line)
{
	char *text = NULL;
	size_t size = 0;

	last.first = line > LIVE_SOURCE_LINES / 2 ? line - LIVE_SOURCE_LINES / 2 : 1;
	for (unsigned n = 1; last.count < LIVE_SOURCE_LINES && getline(&text, &size, in) > 0; n++)
		if (n >= last.first)
			last.text[last.count++] = plain(text);
	free(text);
	/* The file ends before that line: it is not the file that was compiled. */
	if (last.first + last.count <= line)
		while (last.count)
			free(last.text[--last.count]);
}

char *const *live_source(const char *file, unsigned line, unsigned *first, size_t *count)
{
	int fd = -1;

	if (!file || !line || !helper)
		return NULL;
	if (!last.file || strcmp(last.file, file) != 0 || last.line != line) {
		forget();
		last.file = xstrdup(file);
		last.line = line;
		if (helper_ask(helper, file, strlen(file) + 1, &fd) == 0 && fd >= 0) {
			FILE *in = fdopen(fd, "r");

			if (!in)
				xmalloc_failed(0);
			read_lines(in, line);
			fclose(in);
		} else if (fd >= 0) {
			close(fd);
		}
	}
	*first = last.first;
	*count = last.count;
	return last.count ? last.text : NULL;
}
