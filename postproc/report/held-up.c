/* SPDX-License-Identifier: Apache-2.0 */
/* held-up.c - what waited for a blocked worker: ready tasks in its queues; and how much less would wait without a
 * blocker. */
#include <inttypes.h>
#include <libiberty/libiberty.h>
#include <stdlib.h>

#include "base/escape.h"
#include "base/units.h"
#include "report/parts.h"

/* "; in 14 of 20 polls one was in the LIFO slot, where no other worker can take it", or "". */
static char *lifo(const struct held_up *h)
{
	char some[UNIT_SIZE], all[UNIT_SIZE];

	if (!h->lifo)
		return xstrdup("");
	if (h->lifo == h->known)
		return xstrdup("; one in the LIFO slot could not be stolen");
	return text_format("; in %s of %s polls one in the LIFO slot could not be stolen",
			   unit_count(some, h->lifo), unit_count(all, h->known));
}

/* What is left out of a line of a table. */
static char *rest(const struct blocker *b)
{
	const struct held_up *h = &b->held_up;
	char delay[UNIT_SIZE], injected[UNIT_SIZE], known[UNIT_SIZE], all[UNIT_SIZE];
	char *more = h->injected
			     ? text_format("; up to %s more were in the injection queue with no worker idle",
					   unit_count(injected, h->injected))
			     : xstrdup("");
	char *some = h->known < b->count ? text_format("; looked at in %s of %s polls",
						       unit_count(known, h->known), unit_count(all, b->count))
					 : xstrdup("");
	char *text = text_format("; %s of delay together%s%s", unit_duration(delay, h->delay), more, some);

	free(more);
	free(some);
	return text;
}

char *report_held_up(const struct blocker *b, bool whole)
{
	const struct held_up *h = &b->held_up;
	char median[UNIT_SIZE], worst[UNIT_SIZE];

	if (!h->known || (!whole && !h->tasks.max))
		return NULL;
	if (!h->tasks.max)
		return xstrdup("nothing: no other task was ready in the worker's queue");
	char *slot = lifo(h), *more = whole ? rest(b) : xstrdup("");
	uint64_t middle = histogram_quantile(&h->tasks, 0.5);
	char *text =
		text_format("%s ready task%s at the median, %s at the worst%s%s", unit_count(median, middle),
			    middle == 1 ? "" : "s", unit_count(worst, h->tasks.max), slot, more);

	free(slot);
	free(more);
	return text;
}

/* "-62%" of `all`; NULL if it is less than half a percent. */
static const char *less(char buffer[static UNIT_SIZE], uint64_t part, uint64_t all)
{
	return all && (double)part >= 0.005 * (double)all ? unit_share(buffer, part, all) : NULL;
}

char *report_without(const struct model *model, const struct blocker *b)
{
	char time[UNIT_SIZE], delay[UNIT_SIZE];
	/* A single worker's blocked time is what the row has already. */
	const char *blocked =
		model->stalled.workers > 1 ? less(time, b->all_blocked, model->stalled.total) : NULL;
	const char *waited = less(delay, b->held_up.delay, model->delay);

	if (!blocked && !waited)
		return NULL;
	return text_format("%s%s%s%s%s", blocked ? "all workers blocked -" : "", blocked ? blocked : "",
			   blocked && waited ? ", " : "", waited ? "delay of ready tasks -" : "",
			   waited ? waited : "");
}
