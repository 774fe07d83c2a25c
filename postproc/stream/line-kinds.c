/* SPDX-License-Identifier: Apache-2.0 */
/* line-kinds.c - see line-kinds.h and event.h. */
#include "stream/line-kinds.h"

#include <libiberty/libiberty.h>
#include <string.h>

#include "stream/fields.h"

/* Most frequent first. */
static const struct line_kind kinds[] = {
	{"words", EVENT_WORDS, "ID TID CHUNK WORD…", LINE_STACK, parse_words, write_words},
	{"stack", EVENT_STACK, "ID TID IP SP BP CHUNKS [LR [PART START]…]", LINE_STACK, parse_stack,
	 write_stack},
	{"sample", EVENT_SAMPLE, "NS TID CPU AGE STACK", LINE_EVENT, parse_sample, NULL},
	{"sleep", EVENT_SLEEP, "NS TID CPU ASLEEP RUNQ STATE SYSCALL STACK WPID WTID WSTACK WCOMM",
	 LINE_EVENT, parse_sleep, NULL},
	{"poll", EVENT_POLL, "NS TID FIRST LAST BEFORE OFF TASK TICK SCHEDULER STATE [SITE [WAIT]]",
	 LINE_EVENT, parse_poll, NULL},
	{"ready", EVENT_READY, "NS TID FIRST LOCAL LIFO INJECTED IDLE", LINE_EVENT, parse_ready, NULL},
	{"runq", EVENT_RUNQ, "NS TID CPU WAIT CAUSE STACK CPID CTID CSTACK CCOMM", LINE_EVENT, parse_runq,
	 NULL},
	{"frames", EVENT_FRAMES, "ID", LINE_STACK, parse_frames, NULL},
	{"returns", EVENT_RETURNS, "ID TID PLACE ADDRESS…", LINE_STACK, parse_returns, write_returns},
	{"frame", EVENT_FRAME,
	 "ID END CALL ORIGIN PC OFFSET LINE MODULE NAME FUNCTION GENERICS FILE [RUNTIME [DECLARED]]",
	 LINE_STACK | LINE_HEAD, parse_frame, write_frame},
	{"same", EVENT_SAME, "ID AS", LINE_STACK | LINE_HEAD, parse_same, write_same},
	{"named", EVENT_NAMED, "NS TID COMM", 0, parse_named, write_named},
	{"gone", EVENT_GONE, "NS TID", 0, parse_gone, NULL},
	{"limit", EVENT_LIMIT, "NS MISSED", 0, parse_limit, NULL},
	{"counted", EVENT_COUNTED, "NS EVENTS TIME [POLLS TIME]", 0, parse_counted, NULL},
	{"thin", EVENT_THIN, "NS", 0, parse_thin, NULL},
	{"throttled", EVENT_THROTTLED, "NS QUOTA PERIOD PERIODS THROTTLED TIME GROUP", 0, parse_throttled,
	 write_throttled},
	{"steal", EVENT_STEAL, "NS TIME", 0, parse_steal, write_steal},
	{"descriptor", EVENT_DESCRIPTOR, "NS TID SYSCALL FD KIND NAME", 0, parse_descriptor,
	 write_descriptor},
	{"parked", EVENT_PARKED, "NS POLLING ASLEEP", 0, parse_parked, write_parked},
	{"runtime", EVENT_RUNTIME,
	 "NS HANDLE SCHEDULER WORKERS IDLE TASKS INJECTED QUEUED THREADS UNUSED JOBS CAP NAME", 0,
	 parse_runtime, write_runtime},
	{"worked", EVENT_WORKED, "NS HANDLE WORKER TID COUNTER PARKS BUSY PARKED", 0, parse_worked,
	 write_worked},
	{"look", EVENT_LOOK, "NS TASKS LOST", 0, parse_look, write_look},
	{"stands", EVENT_STANDS, "NS TASKS LOST STATE FUTURE PLACE", 0, parse_stands, write_stands},
	{"behind", EVENT_BEHIND, "NS TID TASKS POLLED FUTURE", 0, parse_behind, write_behind},
	{"pooled", EVENT_POOLED, "NS HANDLE TID SYSCALL JOB STACK", 0, parse_pooled, write_pooled},
	{"torn", EVENT_TORN, "NS COUNT", 0, parse_limit, write_torn},
	{"strange", EVENT_STRANGE, "NS COUNT", 0, parse_limit, NULL},
	{"shorter", EVENT_SHORTER, "NS SINCE LEAST TIME UNSURE APART", 0, parse_shorter, NULL},
	{"map", EVENT_MAP, "START END PERMS OFFSET BUILDID PATH", LINE_HEAD, parse_map, write_map},
	{"thread", EVENT_THREAD, "TID ROLE WATCHED COMM", LINE_HEAD, parse_thread, write_thread},
	{"site", EVENT_SITE, "KIND ADDRESS OFFSET SLOW FUTURE", LINE_HEAD, parse_site, write_site},
	{"tokio", EVENT_TOKIO, "FIELD=N… how=HOW", LINE_HEAD, parse_tokio, write_tokio},
	{"meta", EVENT_META, "KEY VALUE", LINE_HEAD, parse_meta, write_meta},
	{"begin", EVENT_BEGIN, "NS", 0, parse_begin, write_begin},
	{"end", EVENT_END, "NS WHY", 0, parse_end, write_end},
	/* Only read as the first line (stream.c); invalid elsewhere. */
	{"hud-trace", EVENT_VERSION, "VERSION", LINE_HEAD, NULL, write_version},
};

const struct line_kind *line_kind_at(size_t i)
{
	return i < ARRAY_SIZE(kinds) ? &kinds[i] : NULL;
}

static const struct line_kind *kind_named(const char *name, size_t length)
{
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
		if (!strncmp(kinds[i].name, name, length) && !kinds[i].name[length])
			return &kinds[i];
	return NULL;
}

const struct line_kind *line_kind_of(const char *line, size_t length)
{
	size_t word = 0;

	while (word < length && line[word] > ' ')
		word++;
	return word ? kind_named(line, word) : NULL;
}

bool line_is(const char *line, size_t length, enum line_use use)
{
	const struct line_kind *kind = line_kind_of(line, length);

	return kind && (kind->use & use);
}

/* The number of the kind's field with this name, from 1; 0: none. */
static size_t field_number(const struct line_kind *kind, const char *name)
{
	const char *at = kind->fields;

	for (size_t n = 1, length; *at; n++, at += length + (at[length] == ' ')) {
		length = strcspn(at, " ");
		if (!strncmp(at, name, length) && !name[length])
			return n;
	}
	return 0;
}

const char *line_field(const char *line, size_t length, const char *name)
{
	const struct line_kind *kind = line_kind_of(line, length);
	const char *end = line + length;

	for (size_t n = kind ? field_number(kind, name) : 0; n; n--) {
		line = memchr(line, ' ', (size_t)(end - line));
		if (!line || n == 1)
			return line ? line + 1 : NULL;
		line++;
	}
	return NULL;
}

uint64_t line_number(const char *line, size_t length, const char *name)
{
	const char *at = line_field(line, length, name), *end = line + length;
	uint64_t n = 0;

	for (; at && at < end && *at >= '0' && *at <= '9'; at++)
		n = n * 10 + (uint64_t)(*at - '0');
	return n;
}

uint64_t line_time(const char *line, size_t length)
{
	return line_number(line, length, "NS");
}

enum event_parsed event_parse(char *line, size_t length, struct event *e)
{
	struct fields c = {line, line + length, false};
	size_t kind_length;

	if (!strncmp(line, "@took[", 6) || !strncmp(line, "@waited[", 8))
		return parse_took(line, e) ? EVENT_PARSED : EVENT_BAD;
	const char *name = field_word(&c, &kind_length);
	const struct line_kind *kind = c.bad ? NULL : kind_named(name, kind_length);

	if (!kind || !kind->parse) {
		if (kind_length < length) /* it stays as it was */
			line[kind_length] = ' ';
		return EVENT_UNKNOWN;
	}
	e->kind = kind->kind;
	kind->parse(&c, e);
	/* bpftrace scripts may leave a space at the end */
	return c.bad || (c.p && c.p != c.end) ? EVENT_BAD : EVENT_PARSED;
}

void event_write(FILE *out, const struct event *e)
{
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
		if (kinds[i].kind == e->kind && kinds[i].write) {
			fputs(kinds[i].name, out);
			kinds[i].write(out, e);
			putc('\n', out);
		}
}
