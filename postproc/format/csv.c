/* SPDX-License-Identifier: Apache-2.0 */
/* csv.c - the blockers as comma-separated values, by RFC 4180. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/escape.h"
#include "format/formats.h"
#include "judge/reasons.h"

/* A field in quotes. The target's text may hold anything, and a spreadsheet must not take it for a
 * formula. */
static void text(FILE *out, const char *raw)
{
	char *safe = escape_utf8(raw);

	putc('"', out);
	if (*safe && strchr("=+-@", *safe))
		putc('\'', out);
	for (const char *c = safe; *c; c++) {
		if (*c == '"')
			putc('"', out);
		putc(*c, out);
	}
	putc('"', out);
	free(safe);
}

/* Empty if not known. */
static void held_up(FILE *out, const struct held_up *h)
{
	if (h->known)
		fprintf(out, ",%" PRIu64 ",%" PRIu64 ",%" PRIu64 "\r\n", histogram_quantile(&h->tasks, 0.5),
			h->tasks.max, h->delay);
	else
		fputs(",,,\r\n", out);
}

int format_csv(FILE *out, const struct model *m, const struct report_options *options)
{
	(void)options;
	errno = 0;
	fputs("rank,reason,function,file,line,task,count,total_ns,max_ns,p50_ns,p99_ns,asleep_ns,run_queue_"
	      "ns,"
	      "estimated,unfinished,held_up_p50,held_up_max,delay_ns\r\n",
	      out);
	for (size_t i = 0; i < m->blockers; i++) {
		const struct blocker *b = &m->blocker[i];

		fprintf(out, "%zu,%s,", i + 1, reason_info(b->reason)->id);
		text(out, b->function);
		putc(',', out);
		text(out, b->file);
		fprintf(out, ",%u,", b->line);
		text(out, b->task);
		fprintf(out, ",%" PRIu64 ",%" PRIu64 ",%" PRIu64, b->count, b->total, b->max);
		fprintf(out, ",%" PRIu64 ",%" PRIu64, histogram_quantile(&b->durations, 0.5),
			histogram_quantile(&b->durations, 0.99));
		fprintf(out, ",%" PRIu64 ",%" PRIu64 ",%d,%" PRIu64, b->asleep, b->run_queue, b->estimated,
			b->unfinished);
		held_up(out, &b->held_up);
	}
	/* A row without a blocker, and without numbers to add up. */
	if (m->lost)
		fprintf(out, "0,lost,\"(%" PRIu64 " events were lost)\",\"\",0,\"\",0,0,0,0,0,0,0,0,0,,,\r\n",
			m->lost);
	return fflush(out) != 0 || ferror(out) ? -1 : 0;
}
