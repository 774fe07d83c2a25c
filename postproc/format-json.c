/* format-json.c - the whole report as one JSON document, as report-schema.json describes it. */
#include <stdlib.h>

#include <libiberty/libiberty.h>

#include "formats.h"
#include "json-parts.h"
#include "reasons.h"

/* What one blocker had with one stack. */
struct share {
	const struct blocker *blocker;
	const struct verdict *stack; /* may be NULL */
	uint64_t count, total, max;
};

static int by_blocker(const void *one, const void *two)
{
	const struct share *a = one, *b = two;
	uint32_t x = a->stack ? a->stack->id : 0, y = b->stack ? b->stack->id : 0;

	if (a->blocker != b->blocker)
		return a->blocker < b->blocker ? -1 : 1;
	return (x > y) - (x < y);
}

/* The shares of all blockers, in their order; *count of them. The caller frees them. */
static struct share *shares_of(const struct model *m, size_t *count)
{
	struct share *share = xcalloc(m->spans + 1, sizeof(*share));
	size_t n = 0;

	for (size_t i = 0; i < m->spans; i++)
		share[i] = (struct share){m->span[i].blocker, m->span[i].stack, 1, m->span[i].duration,
					  m->span[i].duration};
	if (m->spans)
		qsort(share, m->spans, sizeof(*share), by_blocker);
	for (size_t i = 0; i < m->spans; i++) {
		if (!n || by_blocker(&share[n - 1], &share[i]) != 0) {
			share[n++] = share[i];
			continue;
		}
		share[n - 1].count++;
		share[n - 1].total += share[i].total;
		if (share[i].max > share[n - 1].max)
			share[n - 1].max = share[i].max;
	}
	*count = n;
	return share;
}

/* `share`: of this blocker and those after it, up to `end`. Returns where the next one's begin. */
static const struct share *blocker(struct json *j, const struct blocker *b, size_t rank,
				   const struct share *share, const struct share *end)
{
	json_object(j, NULL);
	json_number(j, "rank", rank);
	json_text(j, "reason", reason_info(b->reason)->id);
	json_text(j, "function", b->function);
	json_text(j, "file", b->file);
	if (b->line)
		json_number(j, "line", b->line);
	else
		json_null(j, "line");
	json_text(j, "task", b->task);
	json_text(j, "syscall", b->syscall);
	json_bool(j, "estimated", b->estimated);
	json_number(j, "count", b->count);
	json_number(j, "total_ns", b->total);
	json_number(j, "asleep_ns", b->asleep);
	json_number(j, "run_queue_ns", b->run_queue);
	json_number(j, "unfinished", b->unfinished);
	json_histogram(j, "durations", &b->durations);
	json_array(j, "stacks");
	for (; share < end && share->blocker == b; share++) {
		json_object(j, NULL);
		json_stack_id(j, "stack", share->stack);
		json_number(j, "count", share->count);
		json_number(j, "total_ns", share->total);
		json_number(j, "max_ns", share->max);
		json_object_end(j);
	}
	json_array_end(j);
	json_array(j, "parties");
	for (size_t i = 0; i < b->parties; i++)
		json_party(j, NULL, b->reason, &b->party[i]);
	json_array_end(j);
	json_text(j, "advice", reason_advice(b));
	json_object_end(j);
	return share;
}

int format_json(FILE *out, const struct model *m, const struct report_options *options)
{
	struct json *j = json_begin(out, true);
	size_t shares, stacks;
	struct share *share = shares_of(m, &shares);
	const struct share *next = share;
	const struct verdict **stack = json_stacks(m, &stacks);

	(void)options;
	json_object(j, NULL);
	json_head(j, "report", m);
	json_summary(j, m);
	json_array(j, "blockers");
	for (size_t i = 0; i < m->blockers; i++)
		next = blocker(j, &m->blocker[i], i + 1, next, share + shares);
	json_array_end(j);
	json_array(j, "stacks");
	for (size_t i = 0; i < stacks; i++)
		json_stack(j, NULL, stack[i]);
	json_array_end(j);
	json_object_end(j);
	free(stack);
	free(share);
	return json_end(j);
}
