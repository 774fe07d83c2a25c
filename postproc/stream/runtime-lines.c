/* SPDX-License-Identifier: Apache-2.0 */
/* runtime-lines.c - lines of what a runtime says of itself, its workers and its blocking pool. */
#include "stream/line-kinds.h"

#include <limits.h>
#include <string.h>

#include "stream/fields.h"

static uint64_t known_or_not(struct fields *c)
{
	size_t length;

	if (!c->p || *c->p != '-')
		return field_decimal(c, UINT64_MAX - 1);
	const char *word = field_word(c, &length);

	c->bad |= strcmp(word, "-") != 0;
	return UINT64_MAX;
}

static void put_known_or_not(FILE *out, uint64_t value)
{
	if (value == UINT64_MAX)
		put_word(out, "-");
	else
		put_decimal(out, value);
}

void parse_runtime(struct fields *c, struct event *e)
{
	static const char *const schedulers[] = {"M", "C", NULL};
	uint64_t *numbers[] = {&e->runtime.workers,	 &e->runtime.idle,   &e->runtime.tasks,
			       &e->runtime.injected,	 &e->runtime.queued, &e->runtime.threads,
			       &e->runtime.threads_idle, &e->runtime.jobs,   &e->runtime.cap};

	e->ns = field_decimal(c, UINT64_MAX);
	e->runtime.handle = field_hex(c);
	e->runtime.multi_thread = field_choice(c, schedulers) == 0;
	for (size_t i = 0; i < sizeof(numbers) / sizeof(*numbers); i++)
		*numbers[i] = known_or_not(c);
	e->text = field_text(c);
}

void write_runtime(FILE *out, const struct event *e)
{
	const uint64_t numbers[] = {e->runtime.workers,	     e->runtime.idle,	e->runtime.tasks,
				    e->runtime.injected,     e->runtime.queued, e->runtime.threads,
				    e->runtime.threads_idle, e->runtime.jobs,	e->runtime.cap};

	put_decimal(out, e->ns);
	put_hex(out, e->runtime.handle);
	put_word(out, e->runtime.multi_thread ? "M" : "C");
	for (size_t i = 0; i < sizeof(numbers) / sizeof(*numbers); i++)
		put_known_or_not(out, numbers[i]);
	put_text(out, e->text);
}

void parse_worked(struct fields *c, struct event *e)
{
	static const char *const counters[] = {"T", "K", NULL};

	e->ns = field_decimal(c, UINT64_MAX);
	e->worked.handle = field_hex(c);
	e->worked.worker = field_decimal(c, UINT64_MAX);
	e->tid = field_id(c);
	e->worked.by_kernel = field_choice(c, counters) == 1;
	e->worked.parks = field_decimal(c, UINT64_MAX);
	e->worked.busy = field_decimal(c, UINT64_MAX);
	e->worked.parked = known_or_not(c);
	c->bad |= e->worked.parked > 1 && e->worked.parked != UINT64_MAX;
}

void write_worked(FILE *out, const struct event *e)
{
	put_decimal(out, e->ns);
	put_hex(out, e->worked.handle);
	put_decimal(out, e->worked.worker);
	put_decimal(out, (uint64_t)e->tid);
	put_word(out, e->worked.by_kernel ? "K" : "T");
	put_decimal(out, e->worked.parks);
	put_decimal(out, e->worked.busy);
	put_known_or_not(out, e->worked.parked);
}

void parse_pooled(struct fields *c, struct event *e)
{
	static const char *const jobs[] = {"J", "-", NULL};

	e->ns = field_decimal(c, UINT64_MAX);
	e->pooled.handle = field_hex(c);
	e->tid = field_id(c);
	uint64_t syscall = known_or_not(c);

	e->pooled.runs = syscall == UINT64_MAX;
	e->syscall = syscall > INT_MAX ? -1 : (long)syscall;
	e->pooled.waits = field_choice(c, jobs) == 0;
	e->stack = field_hex(c);
}

void write_pooled(FILE *out, const struct event *e)
{
	put_decimal(out, e->ns);
	put_hex(out, e->pooled.handle);
	put_decimal(out, (uint64_t)e->tid);
	put_known_or_not(out, e->pooled.runs ? UINT64_MAX : (uint64_t)e->syscall);
	put_word(out, e->pooled.waits ? "J" : "-");
	put_hex(out, e->stack);
}
