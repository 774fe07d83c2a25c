/* SPDX-License-Identifier: Apache-2.0 */
/* embed-names.c - see embed-names.h. */
#include "replay/embed-names.h"

#include <errno.h>
#include <libiberty/libiberty.h>
#include <stdlib.h>
#include <string.h>

#include "base/escape.h"
#include "stream/line-kinds.h"
#include "stream/record/ring.h"

#define LINE_LIMIT (1u << 20) /* bytes, as in stream/stream.c */

/* Reads a line with its newline; cuts lines that are too long to be events. Returns its length, 0 at the end.
 * A line without newline was cut off. */
static size_t read_line(FILE *in, char *line)
{
	size_t length = 0;
	int c;

	while ((c = getc_unlocked(in)) != EOF && c != '\n')
		if (length < LINE_LIMIT)
			line[length++] = (char)c;
	if (c == EOF)
		return 0;
	line[length++] = '\n';
	line[length] = '\0';
	return length;
}

/* Copies the recording, with resolved stacks. The head comes first: the stacks need its first line. */
static void copy(FILE *in, const struct replay *replay, FILE *out)
{
	char *line = xmalloc(LINE_LIMIT + 2);
	size_t length;
	bool head = true, in_frames = false;

	while ((length = read_line(in, line))) {
		const struct line_kind *kind = line_kind_of(line, length);

		if (ring_is_stack(line, &in_frames))
			continue;
		/* An unknown kind may belong to the head. */
		if (head && kind && !(kind->use & LINE_HEAD)) {
			replay_write_stacks(replay, out);
			head = false;
		}
		fwrite(line, 1, length, out);
	}
	free(line);
}

/* Reports why some names are missing. */
static void warn(const char *command, const struct model *m)
{
	for (size_t i = 0; i < m->lackings; i++) {
		char *path = escape_terminal(m->lacking[i].path, false);

		fprintf(stderr, "hud-postproc %s: %s: %s\n", command, path, m->lacking[i].why);
		free(path);
	}
}

int resolve_write(const char *command, FILE *in, FILE *again, const struct replay_options *options, FILE *out)
{
	struct replay_options all = *options;
	int error = errno;

	all.all_stacks = true;
	struct replay *replay = replay_new(&all);
	struct model model;

	errno = error;
	int failed = in && again ? replay_read(replay, in, &model) : -1;

	error = errno;
	if (!failed && !command && replay_nameless(replay)) {
		failed = -1;
		error = ENODATA;
	}
	if (!failed) {
		if (command)
			warn(command, &model);
		copy(again, replay, out); /* only now all stacks are known */
	}
	if (in)
		fclose(in);
	if (again)
		fclose(again);
	replay_free(replay);
	errno = error;
	return failed;
}
