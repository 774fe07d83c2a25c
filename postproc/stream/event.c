/* event.c - see event.h. */
#include "stream/event.h"

#include <inttypes.h>

#include <libiberty/libiberty.h>
#include <limits.h>
#include <string.h>

#include "resolve/symbolize/origin.h"
#include "stream/fields.h"

static void parse_meta(struct fields *c, struct event *e)
{
	e->key = field_name(c);
	e->text = field_text(c);
}

static void parse_map(struct fields *c, struct event *e)
{
	e->map.start = field_hex(c);
	e->map.end = field_hex(c);
	e->map.executable = strchr(field_name(c), 'x') != NULL;
	e->map.offset = field_hex(c);
	e->map.build_id = field_name(c);
	e->map.path = field_text(c);
	if (e->map.start >= e->map.end)
		c->bad = true;
}

static void parse_thread(struct fields *c, struct event *e)
{
	e->tid = field_id(c);
	e->key = field_name(c);
	e->watched = field_decimal(c, 1) == 1;
	e->text = field_text(c);
}

static void parse_begin(struct fields *c, struct event *e)
{
	e->ns = field_decimal(c, UINT64_MAX);
}

/* A place of pollentry.bt's. */
static void parse_site(struct fields *c, struct event *e)
{
	e->key = field_name(c);
	if (!*e->key) { /* there is none; the rest says why */
		e->text = field_text(c);
		return;
	}
	e->poll.site = field_hex(c);
	field_hex(c);	     /* in the executable */
	field_decimal(c, 1); /* is it slow */
	e->text = field_text(c);
}

static void parse_end(struct fields *c, struct event *e)
{
	static const char *const reasons[] = {"interrupt", "duration", "exit", "exec",
					      "limit",	   "overhead", NULL};
	int why;

	e->ns = field_decimal(c, UINT64_MAX);
	why = field_choice(c, reasons);
	e->text = why < 0 ? "" : reasons[why];
}

static void parse_sample(struct fields *c, struct event *e)
{
	e->ns = field_decimal(c, UINT64_MAX);
	e->tid = field_id(c);
	e->cpu = (unsigned)field_decimal(c, UINT_MAX);
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

static void parse_runq(struct fields *c, struct event *e)
{
	static const char *const causes[] = {"W", "P", NULL};

	e->ns = field_decimal(c, UINT64_MAX);
	e->tid = field_id(c);
	e->cpu = (unsigned)field_decimal(c, UINT_MAX);
	e->run_queue = field_decimal(c, UINT64_MAX);
	e->preempted = field_choice(c, causes) == 1;
	e->stack = field_hex(c);
	parse_other(c, e);
}

static void parse_sleep(struct fields *c, struct event *e)
{
	static const char *const states[] = {"S", "D", "T", NULL};
	int state;

	e->ns = field_decimal(c, UINT64_MAX);
	e->tid = field_id(c);
	e->cpu = (unsigned)field_decimal(c, UINT_MAX);
	e->asleep = field_decimal(c, UINT64_MAX);
	e->run_queue = field_decimal(c, UINT64_MAX);
	state = field_choice(c, states);
	e->state = (char)(state < 0 ? 0 : *states[state]);
	e->syscall = field_system_call(c);
	e->stack = field_hex(c);
	parse_other(c, e);
}

static void parse_poll(struct fields *c, struct event *e)
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

static void parse_named(struct fields *c, struct event *e)
{
	e->ns = field_decimal(c, UINT64_MAX);
	e->tid = field_id(c);
	e->text = field_text(c);
}

static void parse_gone(struct fields *c, struct event *e)
{
	e->ns = field_decimal(c, UINT64_MAX);
	e->tid = field_id(c);
}

static void parse_limit(struct fields *c, struct event *e)
{
	e->ns = field_decimal(c, UINT64_MAX);
	e->count = field_decimal(c, UINT64_MAX);
}

static void parse_counted(struct fields *c, struct event *e)
{
	e->ns = field_decimal(c, UINT64_MAX);
	e->count = field_decimal(c, UINT64_MAX);
	e->total = field_decimal(c, UINT64_MAX);
	if (c->p && c->p != c->end) {
		e->polls.count = field_decimal(c, UINT64_MAX);
		e->polls.total = field_decimal(c, UINT64_MAX);
	}
}

static void parse_throttled(struct fields *c, struct event *e)
{
	e->ns = field_decimal(c, UINT64_MAX);
	e->quota.quota = field_decimal(c, UINT64_MAX);
	e->quota.period = field_decimal(c, UINT64_MAX);
	e->quota.periods = field_decimal(c, UINT64_MAX);
	e->quota.throttled = field_decimal(c, UINT64_MAX);
	e->total = field_decimal(c, UINT64_MAX);
	e->text = field_text(c);
}

static void parse_steal(struct fields *c, struct event *e)
{
	e->ns = field_decimal(c, UINT64_MAX);
	e->total = field_decimal(c, UINT64_MAX);
}

static void parse_descriptor(struct fields *c, struct event *e)
{
	/* In the order of enum descriptor (judge/judge.h), which begins with one that is not known. */
	static const char *const kinds[] = {"file", "pipe", "terminal", "socket", "other", NULL};

	e->ns = field_decimal(c, UINT64_MAX);
	e->tid = field_id(c);
	e->syscall = field_system_call(c);
	e->descriptor.number = field_id(c);
	e->descriptor.kind = field_choice(c, kinds) + 1;
	e->text = field_text(c);
}

static void parse_parked(struct fields *c, struct event *e)
{
	e->ns = field_decimal(c, UINT64_MAX);
	e->parked.polling = field_decimal(c, UINT64_MAX);
	e->parked.asleep = field_decimal(c, UINT64_MAX);
}

static void parse_thin(struct fields *c, struct event *e)
{
	e->ns = field_decimal(c, UINT64_MAX);
}

static void parse_stack(struct fields *c, struct event *e)
{
	e->stack = field_hex(c);
	e->tid = field_id(c);
	e->ip = field_hex(c);
	e->sp = field_hex(c);
	e->bp = field_hex(c);
	e->chunks = (uint32_t)field_decimal(c, UINT32_MAX);
	if (c->p && c->p != c->end)
		e->lr = field_hex(c);
}

static void parse_words(struct fields *c, struct event *e)
{
	e->stack = field_hex(c);
	e->tid = field_id(c);
	e->chunk = (uint32_t)field_decimal(c, UINT32_MAX);
	for (size_t i = 0; i < WORDS_PER_LINE && !c->bad; i++)
		e->word[i] = field_hex(c);
}

static void parse_returns(struct fields *c, struct event *e)
{
	e->stack = field_hex(c);
	e->tid = field_id(c);
	do {
		e->word[2 * e->count] = field_hex(c);
		e->word[2 * e->count + 1] = field_hex(c);
	} while (++e->count < WORDS_PER_LINE / 2 && c->p && c->p != c->end && !c->bad);
}

static void parse_frames(struct fields *c, struct event *e)
{
	e->stack = field_hex(c);
}

static void parse_frame(struct fields *c, struct event *e)
{
	static const char *const calls[] = {"call", "inlined", "tail", "found", NULL};
	static const char *const ends[] = {"cut", "whole", NULL};
	const char *origin;

	e->stack = field_hex(c);
	e->whole = field_choice(c, ends) == 1;
	int call = field_choice(c, calls);

	e->frame.inlined = call == 1;
	e->frame.tail_call = call == 2;
	e->frame.found = call == 3;
	origin = field_name(c);
	while (e->frame.origin < ORIGIN_SYSTEM && strcmp(origin_name(e->frame.origin), origin) != 0)
		e->frame.origin++;
	e->frame.pc = field_hex(c);
	e->frame.offset = field_hex(c);
	e->frame.line = (unsigned)field_decimal(c, UINT_MAX);
	e->frame.module = field_escaped(c);
	e->frame.name = field_escaped(c);
	e->frame.function = field_escaped(c);
	e->frame.generics = field_escaped(c);
	e->frame.file = field_escaped(c);
	if (c->p) /* older recordings do not have it */
		e->frame.runtime_files = field_escaped(c);
	if (c->p)
		e->frame.declared = (unsigned)field_decimal(c, UINT_MAX);
	if (!e->frame.module)
		e->frame.module = "";
}

static const struct {
	const char *name;
	enum event_kind kind;
	void (*parse)(struct fields *c, struct event *e);
} kinds[] = {
	/* The most frequent ones first. */
	{"words", EVENT_WORDS, parse_words},
	{"stack", EVENT_STACK, parse_stack},
	{"sample", EVENT_SAMPLE, parse_sample},
	{"sleep", EVENT_SLEEP, parse_sleep},
	{"poll", EVENT_POLL, parse_poll},
	{"runq", EVENT_RUNQ, parse_runq},
	{"frames", EVENT_FRAMES, parse_frames},
	{"returns", EVENT_RETURNS, parse_returns},
	{"frame", EVENT_FRAME, parse_frame},
	{"named", EVENT_NAMED, parse_named},
	{"gone", EVENT_GONE, parse_gone},
	{"limit", EVENT_LIMIT, parse_limit},
	{"counted", EVENT_COUNTED, parse_counted},
	{"thin", EVENT_THIN, parse_thin},
	{"throttled", EVENT_THROTTLED, parse_throttled},
	{"steal", EVENT_STEAL, parse_steal},
	{"descriptor", EVENT_DESCRIPTOR, parse_descriptor},
	{"parked", EVENT_PARKED, parse_parked},
	{"torn", EVENT_TORN, parse_limit},
	{"strange", EVENT_STRANGE, parse_limit},
	{"map", EVENT_MAP, parse_map},
	{"thread", EVENT_THREAD, parse_thread},
	{"meta", EVENT_META, parse_meta},
	{"begin", EVENT_BEGIN, parse_begin},
	{"end", EVENT_END, parse_end},
	{"site", EVENT_SITE, parse_site},
};

/* "@took[SITE, CLASS]: COUNT", as bpftrace prints a map. */
static enum event_parsed parse_took(const char *line, struct event *e)
{
	int end = 0;

	if (sscanf(line, "@took[%" SCNu64 ", %" SCNu32 "]: %" SCNu64 "%n", &e->poll.site, &e->chunk,
		   &e->count, &end) != 3 ||
	    line[end])
		return EVENT_BAD;
	e->kind = EVENT_TOOK;
	return EVENT_PARSED;
}

enum event_parsed event_parse(char *line, size_t length, struct event *e)
{
	struct fields c = {line, line + length, false};
	size_t kind_length;

	if (!strncmp(line, "@took[", 6))
		return parse_took(line, e);
	const char *kind = field_word(&c, &kind_length);

	for (size_t i = 0; i < ARRAY_SIZE(kinds) && !c.bad; i++) {
		if (strcmp(kind, kinds[i].name) != 0)
			continue;
		kinds[i].parse(&c, e);
		/* bpftrace scripts may leave one space at the end. */
		if (c.bad || (c.p && c.p != c.end))
			return EVENT_BAD;
		e->kind = kinds[i].kind;
		return EVENT_PARSED;
	}
	return strcmp(kind, "tokio") == 0 ? EVENT_NONE : EVENT_UNKNOWN;
}
