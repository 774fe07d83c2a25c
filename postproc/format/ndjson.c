/* SPDX-License-Identifier: Apache-2.0 */
/* ndjson.c - every block as a JSON object, one a line: header, stacks, blocks by start, summary.
 * report-schema.json describes them. */
#include <stdlib.h>

#include "format/formats.h"
#include "format/json-parts.h"

/* null if it was not looked at in this block's poll */
static void held_up(struct json *j, const struct ready *ready)
{
	if (!ready->known) {
		json_null(j, "held_up");
		return;
	}
	json_object_begin(j, "held_up");
	json_number(j, "tasks", ready->local + ready->lifo);
	json_boolean(j, "lifo", ready->lifo);
	json_number(j, "injected", ready->injected);
	json_number(j, "idle_workers", ready->idle);
	json_object_end(j);
}

static void block(struct json *j, const struct model *m, const struct span *s)
{
	const struct worker *w = &m->worker[s->worker];
	const struct blocker *b = s->blocker;

	json_object_begin(j, NULL);
	json_text(j, "type", "block");
	json_signed(j, "start_ns", (int64_t)(s->start - m->start));
	json_number(j, "duration_ns", s->duration);
	json_signed(j, "tid", w->tid);
	json_text(j, "worker", w->comm);
	json_blocker(j, s->reason, b);
	json_number(j, "rank", (uint64_t)(b - m->blocker) + 1);
	json_stack_id(j, "stack", s->stack);
	json_peer(j, "party", s->reason, &s->peer);
	held_up(j, &s->ready);
	json_object_end(j);
}

int format_ndjson(FILE *out, const struct model *m, const struct report_options *options)
{
	struct json *j = json_begin(out, false);
	size_t stacks;
	const struct verdict **stack = json_stacks(m, true, &stacks);

	(void)options;
	json_object_begin(j, NULL);
	json_head(j, "header", m);
	json_object_end(j);
	for (size_t i = 0; i < stacks; i++)
		json_stack(j, "stack", stack[i]);
	for (size_t i = 0; i < m->spans; i++)
		block(j, m, &m->span[i]);
	json_object_begin(j, NULL);
	json_text(j, "type", "summary");
	json_summary(j, m);
	json_object_end(j);
	free(stack);
	return json_end(j);
}
