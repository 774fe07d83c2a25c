/* SPDX-License-Identifier: Apache-2.0 */
/* meta.c - `meta` lines: what the target is, and how it was traced. */
#include <inttypes.h>
#include <libiberty/libiberty.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arch.h"
#include "replay/state.h"
#include "stream/stream.h"

/* Times of both clocks at one moment. If one is missing, neither is used. */
static void set_clock(struct target *t, const char *text)
{
	uint64_t boot, wall;

	if (sscanf(text, "%" SCNu64 " %" SCNu64, &boot, &wall) == 2) {
		t->clock_boot = boot;
		t->clock_wall = wall;
	}
}

static void add_in_place(struct replay *r, const char *text)
{
	struct model *m = r->model;
	char *where;
	unsigned long threads = strtoul(text, &where, 10);

	if (m->in_places == IN_PLACE_SHOWN || !threads || *where != ' ')
		return;
	r->strings[r->kept] = xstrdup(where + 1);
	m->in_place[m->in_places++] = (struct in_place){threads, r->strings[r->kept++]};
}

/* Sets *field to the text. The first one counts; those about how tracing is done may change until it
 * begins. */
static void set_text(struct replay *r, const char **field, const char *text)
{
	const struct target *t = &r->model->target;
	size_t i = 0;

	if (*field &&
	    (r->model->begun || (field != &t->stacks && field != &t->polls && field != &t->without)))
		return;
	while (i < r->kept && r->strings[i] != *field)
		i++;
	if (i < r->kept)
		free(r->strings[i]);
	else
		r->kept++;
	*field = r->strings[i] = xstrdup(text);
}

/* Each recording has one: of one that was resolved twice the last counts. */
static void take_cut_why(struct replay *r, const char *text)
{
	sscanf(text, "%" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64, &r->cut_why.walked, &r->cut_why.too_few,
	       &r->cut_why.elsewhere, &r->cut_why.reduced);
}

void replay_meta(struct replay *r, const struct event *e)
{
	struct target *t = &r->model->target;
	const struct {
		const char *key, **field;
	} texts[] = {
		{"target", &t->name},	      {"exe", &t->exe},		  {"build-id", &t->build_id},
		{"kernel", &t->kernel},	      {"bpftrace", &t->bpftrace}, {"stacks", &t->stacks},
		{"workers", &t->workers_how}, {"polls", &t->polls},	  {"without", &t->without},
		{"no-queues", &t->no_queues}, {"no-look", &t->no_look},
	};

	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++)
		if (!strcmp(e->key, texts[i].key))
			set_text(r, texts[i].field, e->text);
	if (!strcmp(e->key, "exe") && !r->exe)
		r->exe = xstrdup(e->text);
	else if (!strcmp(e->key, "arch"))
		r->arch = arch_named(e->text);
	else if (!strcmp(e->key, "pid"))
		t->pid = strtol(e->text, NULL, 10);
	else if (!strcmp(e->key, "threshold-us"))
		t->threshold = strtoull(e->text, NULL, 10) * 1000;
	else if (!strcmp(e->key, "in-place"))
		add_in_place(r, e->text);
	else if (!strcmp(e->key, "wakers"))
		r->wakers_certain = !strcmp(e->text, "process");
	else if (!strcmp(e->key, "block-on"))
		r->block_on_by_stacks = !strcmp(e->text, "stacks");
	else if (!strcmp(e->key, "clock"))
		set_clock(t, e->text);
	else if (!strcmp(e->key, "cut-stacks"))
		take_cut_why(r, e->text);
	else if (!strcmp(e->key, "probe")) {
		probe_output_name(r->probes, e->text);
		stream_take_others(r->stream);
	} else if (!strcmp(e->key, "hz"))
		t->hz = (unsigned)strtoul(e->text, NULL, 10);
}
