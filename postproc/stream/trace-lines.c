/* SPDX-License-Identifier: Apache-2.0 */
/* trace-lines.c - lines of the trace: what happened, and how completely it was seen. */
#include "stream/line-kinds.h"

#include <inttypes.h>
#include <limits.h>
#include <string.h>

#include "stream/fields.h"

/* --- begin and end --- */

void parse_begin(struct fields *c, struct event *e)
{
	e->ns = field_decimal(c, UINT64_MAX);
}

void write_begin(FILE *out, const struct event *e)
{
	put_decimal(out, e->ns);
}

void parse_end(struct fields *c, struct event *e)
{
	static const char *const reasons[] = {"interrupt", "duration", "exit",	  "exec",
					      "limit",	   "overhead", "trigger", NULL};
	int why;

	e->ns = field_decimal(c, UINT64_MAX);
	why = field_choice(c, reasons);
	e->text = why < 0 ? "" : reasons[why];
}

void write_end(FILE *out, const struct event *e)
{
	put_decimal(out, e->ns);
	put_word(out, e->text);
}

/* --- what workers do --- */

void parse_sample(struct fields *c, struct event *e)
{
	e->ns = field_decimal(c, UINT64_MAX);
	e->tid = field_id(c);
	field_decimal(c, UINT_MAX); /* CPU */
	e->age = field_decimal(c, UINT64_MAX);
	e->stack = field_hex(c);
}

static void parse_other(struct fields *c, struct event *e)
{
	e->other.pid = field_id(c);
	e->other.tid = field_id(c);
	e->other.stack = field_hex(c);
	e->other.comm = field_text(c);
}

void parse_runq(struct fields *c, struct event *e)
{
	static const char *const causes[] = {"W", "P", NULL};

	e->ns = field_decimal(c, UINT64_MAX);
	e->tid = field_id(c);
	field_decimal(c, UINT_MAX); /* CPU */
	e->run_queue = field_decimal(c, UINT64_MAX);
	field_choice(c, causes); /* woken, or preempted */
	e->stack = field_hex(c);
	parse_other(c, e);
}

void parse_sleep(struct fields *c, struct event *e)
{
	static const char *const states[] = {"S", "D", "T", NULL};
	int state;

	e->ns = field_decimal(c, UINT64_MAX);
	e->tid = field_id(c);
	field_decimal(c, UINT_MAX); /* CPU */
	e->asleep = field_decimal(c, UINT64_MAX);
	e->run_queue = field_decimal(c, UINT64_MAX);
	state = field_choice(c, states);
	e->state = (char)(state < 0 ? 0 : *states[state]);
	e->syscall = field_system_call(c);
	e->stack = field_hex(c);
	parse_other(c, e);
}

void parse_poll(struct fields *c, struct event *e)
{
	static const char *const schedulers[] = {"M", "C", NULL}, *const states[] = {"E", "R", NULL};

	e->ns = field_decimal(c, UINT64_MAX);
	e->tid = field_id(c);
	e->poll.first = field_decimal(c, UINT64_MAX);
	e->poll.last = field_decimal(c, UINT64_MAX);
	e->poll.before = field_decimal(c, UINT64_MAX);
	e->poll.off = field_decimal(c, UINT64_MAX);
	e->poll.id = field_decimal(c, UINT64_MAX);
	field_decimal(c, UINT64_MAX); /* the counter */
	field_choice(c, schedulers);
	e->poll.running = field_choice(c, states) == 1;
	if (c->p && c->p != c->end) {
		bool told = *c->p != '-';

		e->poll.site = field_hex(c);
		e->poll.taken_back = told && !e->poll.site;
	}
	if (c->p && c->p != c->end)
		e->poll.wait = field_decimal(c, UINT64_MAX);
	if (e->poll.before > e->poll.first || e->poll.first > e->poll.last || e->poll.last > e->ns)
		c->bad = true;
}

void parse_ready(struct fields *c, struct event *e)
{
	e->ns = field_decimal(c, UINT64_MAX);
	e->tid = field_id(c);
	e->ready.first = field_decimal(c, UINT64_MAX);
	e->ready.local = field_decimal(c, UINT16_MAX);
	e->ready.lifo = field_decimal(c, 1);
	e->ready.injected = field_decimal(c, UINT32_MAX);
	e->ready.idle = field_decimal(c, UINT64_MAX);
	if (e->ready.first > e->ns)
		c->bad = true;
}

/* "@took[SITE, CLASS]: COUNT" or "@waited[..", as bpftrace prints a map. Returns false if it is not so. */
bool parse_took(const char *line, struct event *e)
{
	const char *numbers = strchr(line, '[');
	int end = 0;

	e->kind = line[1] == 't' ? EVENT_TOOK : EVENT_WAITED;
	return numbers &&
	       sscanf(numbers, "[%" SCNu64 ", %" SCNu32 "]: %" SCNu64 "%n", &e->poll.site, &e->chunk,
		      &e->count, &end) == 3 &&
	       !numbers[end];
}

/* --- threads --- */

void parse_named(struct fields *c, struct event *e)
{
	e->ns = field_decimal(c, UINT64_MAX);
	e->tid = field_id(c);
	e->text = field_text(c);
}

void write_named(FILE *out, const struct event *e)
{
	put_decimal(out, e->ns);
	put_decimal(out, (uint64_t)e->tid);
	put_text(out, e->text);
}

void parse_gone(struct fields *c, struct event *e)
{
	e->ns = field_decimal(c, UINT64_MAX);
	e->tid = field_id(c);
}

/* --- what is missing, and why --- */

/* limit, torn, strange */
void parse_limit(struct fields *c, struct event *e)
{
	e->ns = field_decimal(c, UINT64_MAX);
	e->count = field_decimal(c, UINT64_MAX);
}

void write_torn(FILE *out, const struct event *e)
{
	put_decimal(out, e->ns);
	put_decimal(out, e->count);
}

void parse_shorter(struct fields *c, struct event *e)
{
	e->ns = field_decimal(c, UINT64_MAX);
	e->shorter.since = field_decimal(c, UINT64_MAX);
	e->shorter.least = field_decimal(c, UINT64_MAX);
	e->shorter.time = field_decimal(c, UINT64_MAX);
	e->shorter.unsure = field_decimal(c, UINT64_MAX);
	e->shorter.apart = field_decimal(c, UINT64_MAX);
}

void parse_counted(struct fields *c, struct event *e)
{
	e->ns = field_decimal(c, UINT64_MAX);
	e->count = field_decimal(c, UINT64_MAX);
	e->total = field_decimal(c, UINT64_MAX);
	if (c->p && c->p != c->end) {
		e->polls.count = field_decimal(c, UINT64_MAX);
		e->polls.total = field_decimal(c, UINT64_MAX);
	}
}

void parse_thin(struct fields *c, struct event *e)
{
	e->ns = field_decimal(c, UINT64_MAX);
}

/* --- from /proc and control groups --- */

void parse_throttled(struct fields *c, struct event *e)
{
	e->ns = field_decimal(c, UINT64_MAX);
	e->quota.quota = field_decimal(c, UINT64_MAX);
	e->quota.period = field_decimal(c, UINT64_MAX);
	e->quota.periods = field_decimal(c, UINT64_MAX);
	e->quota.throttled = field_decimal(c, UINT64_MAX);
	e->total = field_decimal(c, UINT64_MAX);
	e->text = field_text(c);
}

void write_throttled(FILE *out, const struct event *e)
{
	put_decimal(out, e->ns);
	put_decimal(out, e->quota.quota);
	put_decimal(out, e->quota.period);
	put_decimal(out, e->quota.periods);
	put_decimal(out, e->quota.throttled);
	put_decimal(out, e->total);
	put_text(out, e->text);
}

void parse_steal(struct fields *c, struct event *e)
{
	e->ns = field_decimal(c, UINT64_MAX);
	e->total = field_decimal(c, UINT64_MAX);
}

void write_steal(FILE *out, const struct event *e)
{
	put_decimal(out, e->ns);
	put_decimal(out, e->total);
}

/* In the order of enum descriptor, without the unknown one. */
static const char *const descriptor_kinds[] = {"file", "pipe", "terminal", "socket", "other", NULL};

void parse_descriptor(struct fields *c, struct event *e)
{
	e->ns = field_decimal(c, UINT64_MAX);
	e->tid = field_id(c);
	e->syscall = field_system_call(c);
	e->descriptor.number = field_id(c);
	e->descriptor.kind = (enum descriptor)(field_choice(c, descriptor_kinds) + 1);
	e->text = field_text(c);
}

void write_descriptor(FILE *out, const struct event *e)
{
	put_decimal(out, e->ns);
	put_decimal(out, (uint64_t)e->tid);
	put_decimal(out, (uint64_t)e->syscall);
	put_decimal(out, (uint64_t)e->descriptor.number);
	put_word(out, e->descriptor.kind ? descriptor_kinds[e->descriptor.kind - 1] : NULL);
	put_text(out, e->text);
}

void parse_parked(struct fields *c, struct event *e)
{
	e->ns = field_decimal(c, UINT64_MAX);
	e->parked.polling = field_decimal(c, UINT64_MAX);
	e->parked.asleep = field_decimal(c, UINT64_MAX);
}

void write_parked(FILE *out, const struct event *e)
{
	put_decimal(out, e->ns);
	put_decimal(out, e->parked.polling);
	put_decimal(out, e->parked.asleep);
}
