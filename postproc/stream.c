/* stream.c - see stream.h. */
#include "stream.h"

#include <errno.h>
#include <libiberty/libiberty.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#define VERSION_MAX 1
#define LINE_MAX_BYTES (1u << 20) /* a longer line is none of ours */
#define KIND_SIZE 32

struct stream {
	FILE *in;
	char *line;
	size_t allocated;
	bool too_long; /* the last line was, and was not kept */
	uint64_t lines, unknown, bad;
	unsigned version;
	struct {
		char name[KIND_SIZE];
		uint64_t lines;
	} unknown_kind[STREAM_UNKNOWN_KINDS]; /* those that came first */
	size_t unknown_kinds;
	bool in_frames; /* the last line was `frames` or an address of it */
};

/* What is left of a line. `p` is NULL once its last field was taken; *end is NUL. */
struct cursor {
	char *p, *end;
	bool bad;
};

/* One word, NUL-terminated in place, and its length. An empty one is bad. */
static char *word(struct cursor *c, size_t *length)
{
	static char nothing[1];
	char *start = c->p, *space;

	*length = 0;
	if (!start || c->bad) {
		c->bad = true;
		return nothing;
	}
	space = memchr(start, ' ', (size_t)(c->end - start));
	*length = (size_t)((space ? space : c->end) - start);
	if (space)
		*space = '\0';
	c->p = space ? space + 1 : NULL;
	if (*length == 0 || memchr(start, '\0', *length))
		c->bad = true;
	return start;
}

static bool is_unknown(const char *field, size_t length)
{
	return length == 1 && field[0] == '-';
}

static bool parse_decimal(const char *digits, size_t length, uint64_t *value)
{
	uint64_t n = 0;

	if (length == 0)
		return false;
	for (size_t i = 0; i < length; i++) {
		unsigned digit = (unsigned char)digits[i] - (unsigned)'0';

		if (digit > 9 || n > (UINT64_MAX - digit) / 10)
			return false;
		n = n * 10 + digit;
	}
	*value = n;
	return true;
}

/* 0 to 15, or more than that. */
static unsigned hex_digit(char c)
{
	unsigned digit = (unsigned char)c - (unsigned)'0';

	if (digit <= 9)
		return digit;
	digit = ((unsigned char)c | 0x20u) - (unsigned)'a';
	return digit < 6 ? digit + 10 : UINT_MAX;
}

static bool parse_hex(const char *digits, size_t length, uint64_t *value)
{
	uint64_t n = 0;

	if (length == 0)
		return false;
	for (size_t i = 0; i < length; i++) {
		unsigned digit = hex_digit(digits[i]);

		if (digit > 15 || n >> 60)
			return false;
		n = n << 4 | digit;
	}
	*value = n;
	return true;
}

/* The fields: 0 for one that is not known. */

static uint64_t decimal(struct cursor *c, uint64_t max)
{
	size_t length;
	const char *field = word(c, &length);
	uint64_t value = 0;

	if (!is_unknown(field, length) && (!parse_decimal(field, length, &value) || value > max))
		c->bad = true;
	return c->bad ? 0 : value;
}

static uint64_t hex(struct cursor *c)
{
	size_t length;
	const char *field = word(c, &length);
	uint64_t value = 0;

	if (!is_unknown(field, length) && !parse_hex(field, length, &value))
		c->bad = true;
	return value;
}

static long id(struct cursor *c)
{
	return (long)decimal(c, INT_MAX);
}

/* None if it is not known: 0 is a system call. */
static long system_call(struct cursor *c)
{
	if (c->p && c->p[0] == '-') {
		size_t length;
		const char *field = word(c, &length);

		if (!is_unknown(field, length) && strcmp(field, "-1") != 0)
			c->bad = true;
		return -1;
	}
	return (long)decimal(c, INT_MAX);
}

static const char *name(struct cursor *c)
{
	size_t length;
	char *field = word(c, &length);

	if (is_unknown(field, length))
		*field = '\0';
	return field;
}

/* One of `choices`, which end with NULL: its index, or -1 if it is not known. */
static int choice(struct cursor *c, const char *const *choices)
{
	size_t length;
	const char *field = word(c, &length);

	if (is_unknown(field, length))
		return -1;
	for (int i = 0; choices[i]; i++) {
		if (strcmp(field, choices[i]) == 0)
			return i;
	}
	c->bad = true;
	return -1;
}

/* Takes the `\xNN` out of [start, end), in place. */
static const char *unescape(char *start, const char *end)
{
	char *to = start;

	for (const char *from = start; from < end; to++) {
		unsigned high, low;

		if (end - from >= 4 && from[0] == '\\' && from[1] == 'x' &&
		    (high = hex_digit(from[2])) < 16 && (low = hex_digit(from[3])) < 16) {
			*to = (char)(high << 4 | low);
			from += 4;
		} else {
			*to = *from++;
		}
	}
	*to = '\0';
	return start;
}

/* The rest of the line, which may hold spaces. A comm ends at its first NUL: what follows that in a buffer of the kernel
 * is padding. */
static const char *text(struct cursor *c)
{
	char *start = c->p;

	if (!start || c->bad) {
		c->bad = true;
		return "";
	}
	c->p = NULL;
	return is_unknown(start, (size_t)(c->end - start)) ? "" : unescape(start, c->end);
}

/* One field of text, in which spaces are escaped as well; NULL if it is not known. */
static const char *escaped_name(struct cursor *c)
{
	size_t length;
	char *field = word(c, &length);

	return c->bad || is_unknown(field, length) ? NULL : unescape(field, field + length);
}

static void parse_meta(struct cursor *c, struct event *e)
{
	e->key = name(c);
	e->text = text(c);
}

static void parse_map(struct cursor *c, struct event *e)
{
	e->map.start = hex(c);
	e->map.end = hex(c);
	e->map.executable = strchr(name(c), 'x') != NULL;
	e->map.offset = hex(c);
	e->map.build_id = name(c);
	e->map.path = text(c);
	if (e->map.start >= e->map.end)
		c->bad = true;
}

static void parse_thread(struct cursor *c, struct event *e)
{
	e->tid = id(c);
	e->key = name(c);
	e->watched = decimal(c, 1) == 1;
	e->text = text(c);
}

static void parse_begin(struct cursor *c, struct event *e)
{
	e->ns = decimal(c, UINT64_MAX);
}

/* A place of pollentry.bt's. */
static void parse_site(struct cursor *c, struct event *e)
{
	e->key = name(c);
	if (!*e->key) { /* there is none; the rest says why */
		e->text = text(c);
		return;
	}
	e->poll.site = hex(c);
	hex(c);	       /* in the executable */
	decimal(c, 1); /* is it slow */
	e->text = text(c);
}

static void parse_end(struct cursor *c, struct event *e)
{
	static const char *const reasons[] = {"interrupt", "duration", "exit", "exec", "limit", NULL};
	int why;

	e->ns = decimal(c, UINT64_MAX);
	why = choice(c, reasons);
	e->text = why < 0 ? "" : reasons[why];
}

static void parse_sample(struct cursor *c, struct event *e)
{
	e->ns = decimal(c, UINT64_MAX);
	e->tid = id(c);
	e->cpu = (unsigned)decimal(c, UINT_MAX);
	e->age = decimal(c, UINT64_MAX);
	e->stack = hex(c);
}

static void parse_other(struct cursor *c, struct event *e)
{
	e->other.pid = id(c);
	e->other.tid = id(c);
	e->other.stack = hex(c);
	e->other.comm = text(c);
}

static void parse_runq(struct cursor *c, struct event *e)
{
	static const char *const causes[] = {"W", "P", NULL};

	e->ns = decimal(c, UINT64_MAX);
	e->tid = id(c);
	e->cpu = (unsigned)decimal(c, UINT_MAX);
	e->run_queue = decimal(c, UINT64_MAX);
	e->preempted = choice(c, causes) == 1;
	e->stack = hex(c);
	parse_other(c, e);
}

static void parse_sleep(struct cursor *c, struct event *e)
{
	static const char *const states[] = {"S", "D", NULL};
	int state;

	e->ns = decimal(c, UINT64_MAX);
	e->tid = id(c);
	e->cpu = (unsigned)decimal(c, UINT_MAX);
	e->asleep = decimal(c, UINT64_MAX);
	e->run_queue = decimal(c, UINT64_MAX);
	state = choice(c, states);
	e->state = (char)(state < 0 ? 0 : *states[state]);
	e->syscall = system_call(c);
	e->stack = hex(c);
	parse_other(c, e);
}

static void parse_poll(struct cursor *c, struct event *e)
{
	static const char *const schedulers[] = {"M", "C", NULL}, *const states[] = {"E", "R", NULL};

	e->ns = decimal(c, UINT64_MAX);
	e->tid = id(c);
	e->poll.first = decimal(c, UINT64_MAX);
	e->poll.last = decimal(c, UINT64_MAX);
	e->poll.before = decimal(c, UINT64_MAX);
	e->poll.off = decimal(c, UINT64_MAX);
	decimal(c, UINT64_MAX); /* the task's id */
	decimal(c, UINT64_MAX); /* the counter */
	choice(c, schedulers);
	e->poll.running = choice(c, states) == 1;
	if (c->p && c->p != c->end) {
		bool told = *c->p != '-';

		e->poll.site = hex(c);
		e->poll.taken_back = told && !e->poll.site;
	}
	if (c->p && c->p != c->end)
		e->poll.wait = decimal(c, UINT64_MAX);
	if (e->poll.before > e->poll.first || e->poll.first > e->poll.last || e->poll.last > e->ns)
		c->bad = true;
}

static void parse_named(struct cursor *c, struct event *e)
{
	e->ns = decimal(c, UINT64_MAX);
	e->tid = id(c);
	e->text = text(c);
}

static void parse_gone(struct cursor *c, struct event *e)
{
	e->ns = decimal(c, UINT64_MAX);
	e->tid = id(c);
}

static void parse_limit(struct cursor *c, struct event *e)
{
	e->ns = decimal(c, UINT64_MAX);
	e->count = decimal(c, UINT64_MAX);
}

static void parse_stack(struct cursor *c, struct event *e)
{
	e->stack = hex(c);
	e->tid = id(c);
	e->ip = hex(c);
	e->sp = hex(c);
	e->bp = hex(c);
	e->chunks = (uint32_t)decimal(c, UINT32_MAX);
	if (c->p && c->p != c->end)
		e->lr = hex(c);
}

static void parse_words(struct cursor *c, struct event *e)
{
	e->stack = hex(c);
	e->tid = id(c);
	e->chunk = (uint32_t)decimal(c, UINT32_MAX);
	for (size_t i = 0; i < WORDS_PER_LINE && !c->bad; i++)
		e->word[i] = hex(c);
}

static void parse_returns(struct cursor *c, struct event *e)
{
	e->stack = hex(c);
	e->tid = id(c);
	do {
		e->word[2 * e->count] = hex(c);
		e->word[2 * e->count + 1] = hex(c);
	} while (++e->count < WORDS_PER_LINE / 2 && c->p && c->p != c->end && !c->bad);
}

static void parse_frames(struct cursor *c, struct event *e)
{
	e->stack = hex(c);
}

static void parse_frame(struct cursor *c, struct event *e)
{
	static const char *const calls[] = {"call", "inlined", NULL};
	static const char *const ends[] = {"cut", "whole", NULL};
	const char *origin;

	e->stack = hex(c);
	e->whole = choice(c, ends) == 1;
	e->frame.inlined = choice(c, calls) == 1;
	origin = name(c);
	while (e->frame.origin < ORIGIN_SYSTEM && strcmp(origin_name(e->frame.origin), origin) != 0)
		e->frame.origin++;
	e->frame.pc = hex(c);
	e->frame.offset = hex(c);
	e->frame.line = (unsigned)decimal(c, UINT_MAX);
	e->frame.module = escaped_name(c);
	e->frame.name = escaped_name(c);
	e->frame.function = escaped_name(c);
	e->frame.generics = escaped_name(c);
	e->frame.file = escaped_name(c);
	if (c->p) /* older recordings do not have it */
		e->frame.runtime_files = escaped_name(c);
	if (!e->frame.module)
		e->frame.module = "";
}

static const struct {
	const char *name;
	enum event_kind kind;
	void (*parse)(struct cursor *c, struct event *e);
} kinds[] = {
	/* The most frequent ones first. */
	{"words", EVENT_WORDS, parse_words},	{"stack", EVENT_STACK, parse_stack},
	{"sample", EVENT_SAMPLE, parse_sample}, {"sleep", EVENT_SLEEP, parse_sleep},
	{"poll", EVENT_POLL, parse_poll},	{"runq", EVENT_RUNQ, parse_runq},
	{"frames", EVENT_FRAMES, parse_frames}, {"returns", EVENT_RETURNS, parse_returns},
	{"frame", EVENT_FRAME, parse_frame},	{"named", EVENT_NAMED, parse_named},
	{"gone", EVENT_GONE, parse_gone},	{"limit", EVENT_LIMIT, parse_limit},
	{"map", EVENT_MAP, parse_map},		{"thread", EVENT_THREAD, parse_thread},
	{"meta", EVENT_META, parse_meta},	{"begin", EVENT_BEGIN, parse_begin},
	{"end", EVENT_END, parse_end},		{"site", EVENT_SITE, parse_site},
};

/* The number in `BEFORE N AFTER`; `after` may be only the start of what follows. */
static bool number_between(const char *line, const char *before, const char *after, uint64_t *number)
{
	size_t length = strlen(before), digits;

	if (strncmp(line, before, length) != 0)
		return false;
	digits = strspn(line + length, "0123456789");
	return strncmp(line + length + digits, after, strlen(after)) == 0 &&
	       parse_decimal(line + length, digits, number);
}

/* bpftrace prints a raw stack as bare addresses, a symbolized one indented: each is a line of its own. */
static bool is_address(const struct stream *s, size_t length)
{
	if (s->line[0] == ' ' || s->line[0] == '\t')
		return true;
	return s->in_frames && strspn(s->line, "0123456789abcdef") == length;
}

/* A line of a stack: 1 if it gives an address, else 0. */
static int next_address(struct stream *s, struct event *e)
{
	const char *address = s->line + strspn(s->line, " \t");

	if (!s->in_frames) {
		s->unknown++;
		return 0;
	}
	if (!parse_hex(address, strcspn(address, " \t"), &e->ip)) {
		s->bad++;
		return 0;
	}
	e->kind = EVENT_ADDRESS;
	return 1;
}

/* The first line: 1 if that is what it is, -1 if the stream is of a version that cannot be read. */
static int first_line(struct stream *s)
{
	static const char title[] = "hud-trace ";
	const char *digits = s->line + strlen(title);
	uint64_t version;

	if (strncmp(s->line, title, strlen(title)) != 0)
		return 0;
	if (!parse_decimal(digits, strlen(digits), &version) || version == 0) {
		s->bad++;
		return 1;
	}
	s->version = version > UINT_MAX ? UINT_MAX : (unsigned)version;
	return s->version > VERSION_MAX ? -1 : 1;
}

/* Counts a line of a kind that is not known, the line's first word. What is printed of a map of bpftrace's, "@name[key]: 1", is
 * of the kind "@name"; what does not begin with a plain word is of no kind. */
static void count_unknown(struct stream *s, const char *line)
{
	static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-.";
	size_t length = strspn(line + (*line == '@'), plain), i = 0;

	s->unknown++;
	if (length == 0 || length > KIND_SIZE - 2 ||
	    !strchr(*line == '@' ? " :[" : " ", line[length + (*line == '@')]))
		return;
	length += *line == '@';
	while (i < s->unknown_kinds &&
	       (strncmp(s->unknown_kind[i].name, line, length) != 0 || s->unknown_kind[i].name[length]))
		i++;
	if (i == STREAM_UNKNOWN_KINDS)
		return;
	if (i == s->unknown_kinds)
		memcpy(s->unknown_kind[s->unknown_kinds++].name, line, length);
	s->unknown_kind[i].lines++;
}

/* A line of `length` bytes without its end: 1 if it is an event, 0 if it is skipped. */
static int parse_line(struct stream *s, size_t length, struct event *e)
{
	struct cursor c = {s->line, s->line + length, false};
	uint64_t number;
	size_t kind_length;
	const char *kind;

	memset(e, 0, sizeof *e);
	if (strspn(s->line, " \t") == length || *s->line == '#')
		return 0;
	if (is_address(s, length))
		return next_address(s, e);
	s->in_frames = false;
	if (number_between(s->line, "Lost ", " event", &e->count)) {
		e->kind = EVENT_LOST;
		return 1;
	}
	if (number_between(s->line, "Attaching ", " probe", &number) ||
	    number_between(s->line, "Attached ", " probe", &number))
		return 0;

	kind = word(&c, &kind_length);
	/* For the probes and for readers to come: nothing is counted from them here. */
	if (!strcmp(kind, "tokio"))
		return 0;
	for (size_t i = 0; i < ARRAY_SIZE(kinds) && !c.bad; i++) {
		if (strcmp(kind, kinds[i].name) != 0)
			continue;
		kinds[i].parse(&c, e);
		/* bpftrace scripts may leave one space at the end. */
		if (c.bad || (c.p && c.p != c.end)) {
			s->bad++;
			return 0;
		}
		e->kind = kinds[i].kind;
		s->in_frames = e->kind == EVENT_FRAMES;
		return 1;
	}
	count_unknown(s, s->line);
	return 0;
}

struct stream *stream_new(FILE *in)
{
	struct stream *s = XCNEW(struct stream);

	s->in = in;
	return s;
}

void stream_free(struct stream *s)
{
	if (!s)
		return;
	free(s->line);
	free(s);
}

/* Reads a line into s->line, NUL-terminated, without its end. False at the end of the stream: a line that has no end of its
 * own was cut off, and half a number is a wrong one. */
static bool read_line(struct stream *s, size_t *length)
{
	size_t n = 0;
	int c;

	while ((c = getc_unlocked(s->in)) != EOF && c != '\n') {
		if (n + 1 >= s->allocated && s->allocated <= LINE_MAX_BYTES) {
			s->allocated = s->allocated ? 2 * s->allocated : 512;
			s->line = xrealloc(s->line, s->allocated);
		}
		if (n < LINE_MAX_BYTES)
			s->line[n] = (char)c;
		n++;
	}
	if (!s->line)
		s->line = xmalloc(s->allocated = 512);
	s->too_long = n >= LINE_MAX_BYTES;
	*length = s->too_long ? 0 : n;
	s->line[*length] = '\0';
	return c != EOF;
}

int stream_next(struct stream *s, struct event *e)
{
	if (s->version > VERSION_MAX) {
		errno = EPROTONOSUPPORT;
		return -1;
	}
	for (;;) {
		size_t length;
		int first = 0;

		if (!read_line(s, &length))
			return ferror(s->in) ? -1 : 0;
		if (s->too_long) {
			s->bad++;
			continue;
		}
		if (length > 0 && s->line[length - 1] == '\r')
			length--;
		s->line[length] = '\0';
		if (s->lines++ == 0)
			first = first_line(s);
		if (first < 0) {
			errno = EPROTONOSUPPORT;
			return -1;
		}
		if (first == 0 && parse_line(s, length, e))
			return 1;
	}
}

uint64_t stream_unknown_lines(const struct stream *s)
{
	return s->unknown;
}

const char *stream_unknown_kind(const struct stream *s, size_t i, uint64_t *lines)
{
	if (i >= s->unknown_kinds)
		return NULL;
	*lines = s->unknown_kind[i].lines;
	return s->unknown_kind[i].name;
}

uint64_t stream_bad_lines(const struct stream *s)
{
	return s->bad;
}

unsigned stream_version(const struct stream *s)
{
	return s->version;
}
