/* resolve-command.c - hud-postproc resolve: puts the names into a recording, so that it can be read anywhere.
 *
 * The copied stacks are left out, and their frames written instead, before the first event.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "replay.h"

static int fail(const char *what)
{
	fprintf(stderr, "hud-postproc resolve: %s: %s\n", what, strerror(errno));
	return 1;
}

static bool begins(const char *line, const char *kind)
{
	size_t length = strlen(kind);

	return !strncmp(line, kind, length) && line[length] == ' ';
}

/* The lines of the recording, with the stacks resolved. The head goes before the stacks: they need its first line. */
static void copy(FILE *in, const struct replay *replay)
{
	char *line = NULL;
	size_t size = 0;
	bool head = true;

	while (getline(&line, &size, in) > 0) {
		if (begins(line, "stack") || begins(line, "words") || begins(line, "returns") ||
		    begins(line, "frame"))
			continue;
		if (head && !begins(line, "hud-trace") && !begins(line, "meta") && !begins(line, "map") &&
		    !begins(line, "thread")) {
			replay_write_stacks(replay, stdout);
			head = false;
		}
		fputs(line, stdout);
	}
	free(line);
}

int resolve_main(int argc, char **argv)
{
	static const char usage[] = "usage: hud-postproc resolve FILE > RESOLVED\n";
	struct model model;

	if (argc == 2 && (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h")))
		return fputs(usage, stdout) < 0;
	if (argc != 2 || argv[1][0] == '-') {
		fputs(usage, stderr);
		return 2;
	}
	FILE *in = fopen(argv[1], "re");

	if (!in)
		return fail(argv[1]);
	struct replay *replay = replay_new(&(struct replay_options){0});
	int status = replay_read(replay, in, &model) ? fail(argv[1]) : 0;

	if (!status) {
		rewind(in);
		copy(in, replay);
		if (fflush(stdout) || ferror(stdout))
			status = fail("standard output");
	}
	replay_free(replay);
	fclose(in);
	return status;
}
