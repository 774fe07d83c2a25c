/* SPDX-License-Identifier: Apache-2.0 */
/* report-figures.c - see report-figures.h. */
#include "diff/report-figures.h"

#include <libiberty/libiberty.h>
#include <string.h>

#include "base/escape.h"
#include "base/units.h"

struct figure {
	const char *name;
	bool time, share, count;		  /* in which forms it exists */
	uint64_t (*of)(const struct model *m);	  /* ns, or a number */
	uint64_t (*whole)(const struct model *m); /* what its share is of, ns; NULL: it has no share */
	bool (*known)(const struct model *m);	  /* NULL: always */
	const char *words;			  /* text before the value */
};

static uint64_t stalled(const struct model *m)
{
	return m->stalled.total;
}

/* Without polls it is not known which blocks happened at once. */
static bool stalled_known(const struct model *m)
{
	return !m->blocked || (m->polls && !m->workers_left_out);
}

static uint64_t run_queue(const struct model *m)
{
	return m->run_queue;
}

static uint64_t driver(const struct model *m)
{
	return m->standstill.total;
}

static uint64_t throttled(const struct model *m)
{
	return m->quota.time;
}

static uint64_t steal(const struct model *m)
{
	return m->steal;
}

static uint64_t stopped(const struct model *m)
{
	return m->stopped;
}

static uint64_t median(const struct model *m)
{
	return histogram_quantile(&m->blocks, 0.5);
}

static uint64_t percentile(const struct model *m)
{
	return histogram_quantile(&m->blocks, 0.99);
}

static uint64_t events(const struct model *m)
{
	return m->events;
}

static uint64_t traced(const struct model *m)
{
	return m->end - m->start;
}

static uint64_t worker_time(const struct model *m)
{
	return m->worker_time;
}

static const struct figure figures[] = {
	{"stalled", true, true, false, stalled, traced, stalled_known,
	 "all workers were blocked at once for"},
	{"run-queue", true, true, false, run_queue, worker_time, NULL, "workers waited for a CPU for"},
	{"driver", true, false, false, driver, NULL, NULL, "nobody polled the I/O and timer driver for"},
	{"throttled", true, false, false, throttled, NULL, NULL, "the CPU quota was used up for"},
	{"steal", true, false, false, steal, NULL, NULL, "the machine's host took the CPUs for"},
	{"stopped", true, false, false, stopped, NULL, NULL, "workers were stopped for"},
	{"p50", true, false, false, median, NULL, NULL, "half of the blocks took at least"},
	{"p99", true, false, false, percentile, NULL, NULL, "one block in a hundred took at least"},
	{"events", false, false, true, events, NULL, NULL, "events:"},
};

static bool is_had(const struct figure *f, enum figure_kind kind)
{
	return kind == FIGURE_TIME ? f->time : kind == FIGURE_SHARE ? f->share : f->count;
}

const struct figure *figure_named(const char *name, size_t length, enum figure_kind kind)
{
	for (size_t i = 0; i < ARRAY_SIZE(figures); i++)
		if (strlen(figures[i].name) == length && !strncmp(figures[i].name, name, length) &&
		    is_had(&figures[i], kind))
			return &figures[i];
	return NULL;
}

bool figure_value(const struct figure *f, enum figure_kind kind, const struct model *m, double *value)
{
	if (f->known && !f->known(m))
		return false;
	uint64_t whole = kind == FIGURE_SHARE ? f->whole(m) : 0;

	*value = (double)f->of(m);
	if (kind == FIGURE_SHARE)
		*value = whole ? 100 * *value / (double)whole : 0;
	return true;
}

char *figure_text(const struct figure *f, const struct model *m)
{
	char value[UNIT_SIZE], share[UNIT_SIZE];

	if (f->known && !f->known(m))
		return text_format("%s is not known: polls were not told apart, or workers came and went",
				   f->name);
	if (f->count)
		return text_format("%s %s", f->words, unit_count(value, f->of(m)));
	unit_duration(value, f->of(m));
	if (!f->whole)
		return text_format("%s %s", f->words, value);
	return text_format("%s %s (%s)", f->words, value, unit_share(share, f->of(m), f->whole(m)));
}
