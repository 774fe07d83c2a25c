/* SPDX-License-Identifier: Apache-2.0 */
/* save.c - writes files from the view: the report so far with its chart, or one call chain. */
#include <errno.h>
#include <libiberty/libiberty.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/escape.h"
#include "chart/chart.h"
#include "live/panes/panes.h"
#include "live/save.h"
#include "report/report.h"
#include "sandbox/userfiles.h"

#define STEM "hud-trace-report"
#define CHAIN "hud-trace-chain"
#define CHAIN_WIDTH 120
#define TEXT "txt"
#define PICTURE "svg"
#define MOST 999 /* files of one name */

void live_offer_files(void)
{
	userfiles_offer(STEM, TEXT);
	userfiles_offer(STEM, PICTURE);
	userfiles_offer(CHAIN, TEXT);
}

const char *live_picture(void)
{
	return STEM "." PICTURE;
}

/* Opens the next file that does not exist yet, counting up from *number. Returns NULL with errno set on
 * failure. */
static FILE *open_next(const char *stem, const char *ending, unsigned *number)
{
	int fd = -1;

	for (; *number <= MOST; ++*number) {
		fd = userfile_new(stem, ending, *number);
		if (fd >= 0 || errno != EEXIST)
			break;
	}
	FILE *file = fd >= 0 ? fdopen(fd, "w") : NULL;

	if (fd >= 0 && !file)
		xmalloc_failed(0);
	return file;
}

/* Closes a file. Returns whether all of it was written. */
static bool finish(FILE *file, bool whole)
{
	whole &= fflush(file) == 0 && !ferror(file);
	int error = errno;

	fclose(file);
	errno = error;
	return whole;
}

static void say_failed(struct live_view *v, const char *stem, unsigned number, const char *why)
{
	char *said = text_format("cannot write %s-%u." TEXT ": %s", stem, number, why);

	live_say(v, said);
	free(said);
}

void live_save(struct live_view *v)
{
	struct report_options options = {.top = 20, .details = 20, .utf8 = v->utf8};
	unsigned text = v->written + 1, picture;
	struct model model;
	FILE *file = open_next(STEM, TEXT, &text);

	if (!file) {
		say_failed(v, STEM, text, userfiles_error(errno));
		return;
	}
	v->written = picture = text;
	replay_so_far(v->replay, &model);
	if (!finish(file, report_write(file, &model, &options) == 0)) {
		say_failed(v, STEM, text, strerror(errno));
		return;
	}
	file = v->chart ? open_next(STEM, PICTURE, &picture) : NULL;

	bool drawn = file && finish(file, chart_draw_into(v->chart, &model, file) == 0);
	char *chart = !drawn		? xstrdup(" (no chart: gnuplot drew none)")
		      : picture == text ? xstrdup(" and ." PICTURE)
					: text_format(" and -%u." PICTURE, picture);
	char *said = text_format("written: " STEM "-%u." TEXT "%s%s%s", text, chart,
				 v->recording ? "; events: " : "", v->recording ? v->recording : "");

	live_say(v, said);
	free(chart);
	free(said);
}

void live_save_chain(struct live_view *v)
{
	struct live_workers workers = v->window ? live_workers_now(v) : (struct live_workers){0};
	char *text = v->window ? live_detail_text(v, &workers, CHAIN_WIDTH) : NULL;
	unsigned number = v->written_chains + 1;
	FILE *file = text ? open_next(CHAIN, TEXT, &number) : NULL;

	if (!text) {
		live_say(v, "select a row: c writes its call chain to a file");
	} else if (!file) {
		say_failed(v, CHAIN, number, userfiles_error(errno));
	} else if (!finish(file, fputs(text, file) >= 0)) {
		say_failed(v, CHAIN, number, strerror(errno));
	} else {
		char *said = text_format("written: " CHAIN "-%u." TEXT, number);

		v->written_chains = number;
		live_say(v, said);
		free(said);
	}
	free(text);
	free(workers.worker);
}
