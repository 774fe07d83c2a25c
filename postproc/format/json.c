/* SPDX-License-Identifier: Apache-2.0 */
/* json.c - the whole report as one JSON document, as report-schema.json describes it. */
#include <stdlib.h>

#include <libiberty/libiberty.h>

#include "format/formats.h"
#include "format/json-parts.h"
#include "report/advice.h"

/* null if it was not looked at in any poll */
static void held_up(struct json *j, const struct held_up *h)
{
	if (!h->known) {
		json_null(j, "held_up");
		return;
	}
	json_object_begin(j, "held_up");
	json_number(j, "polls", h->known);
	json_number(j, "lifo_polls", h->lifo);
	json_number(j, "p50_tasks", histogram_quantile(&h->tasks, 0.5));
	json_number(j, "max_tasks", h->tasks.max);
	json_number(j, "delay_ns", h->delay);
	json_number(j, "max_injected", h->injected);
	json_object_end(j);
}

/* `share`: those of this blocker and of later ones, up to `end`. Returns where the next blocker's begin. */
static const struct share *blocker(struct json *j, const struct blocker *b, size_t rank,
				   const struct share *share, const struct share *end)
{
	json_object_begin(j, NULL);
	json_number(j, "rank", rank);
	json_blocker(j, b->reason, b);
	json_text(j, "syscall", b->syscall);
	json_boolean(j, "main_future", b->main_future);
	json_boolean(j, "estimated", b->estimated);
	json_number(j, "count", b->count);
	json_number(j, "total_ns", b->total);
	json_number(j, "asleep_ns", b->asleep);
	json_number(j, "run_queue_ns", b->run_queue);
	json_number(j, "elsewhere_ns", b->elsewhere);
	json_number(j, "unfinished", b->unfinished);
	json_histogram(j, "durations", &b->durations);
	held_up(j, &b->held_up);
	json_number(j, "all_blocked_ns", b->all_blocked);
	json_array_begin(j, "stacks");
	while (share < end && share->blocker == b) {
		struct share all = {.stack = share->stack}; /* of all workers */

		for (; share < end && share->blocker == b && share->stack == all.stack; share++) {
			all.count += share->count;
			all.total += share->total;
			all.max = share->max > all.max ? share->max : all.max;
		}
		json_object_begin(j, NULL);
		json_stack_id(j, "stack", all.stack);
		json_number(j, "count", all.count);
		json_number(j, "total_ns", all.total);
		json_number(j, "max_ns", all.max);
		json_object_end(j);
	}
	json_array_end(j);
	json_array_begin(j, "parties");
	for (size_t i = 0; i < b->peers; i++)
		json_peer(j, NULL, b->reason, &b->peer[i]);
	json_array_end(j);
	json_array_begin(j, "held");
	for (size_t i = 0; i < b->helds; i++)
		json_held(j, &b->held[i]);
	json_array_end(j);
	json_text(j, "advice", reason_advice(b));
	json_object_end(j);
	return share;
}

int format_json(FILE *out, const struct model *m, const struct report_options *options)
{
	struct json *j = json_begin(out, true);
	size_t stacks;
	const struct share *next = m->share;
	const struct verdict **stack = json_stacks(m, false, &stacks);

	(void)options;
	json_object_begin(j, NULL);
	json_head(j, "report", m);
	json_summary(j, m);
	json_standing(j, m);
	json_array_begin(j, "blockers");
	for (size_t i = 0; i < m->blockers; i++)
		next = blocker(j, &m->blocker[i], i + 1, next, m->share + m->shares);
	json_array_end(j);
	json_array_begin(j, "stacks");
	for (size_t i = 0; i < stacks; i++)
		json_stack(j, NULL, stack[i]);
	json_array_end(j);
	json_object_end(j);
	free(stack);
	return json_end(j);
}
