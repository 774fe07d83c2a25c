/* SPDX-License-Identifier: Apache-2.0 */
/* carry.c - see carry.h. Metrics are text of our own (prometheus.c): families of HELP, TYPE and samples, "NAME{LABELS} NUMBER". */
#include "format/carry.h"

#include <errno.h>
#include <inttypes.h>
#include <libiberty/libiberty.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/grow.h"

#define S UINT64_C(1000000000)
#define SAMPLES_LIMIT 20000 /* however many lives there are */
#define SIZE_LIMIT (64 << 20)
#define TOTAL "_total"

/* A number: whole, or with nine decimals. */
struct number {
	uint64_t whole, nanos;
	bool decimal;
};

struct sample {
	char *key; /* NAME{LABELS} */
	struct number value;
	bool added;
};

struct family {
	char *name, *type, *help;
	struct sample *sample;
	size_t samples, allocated;
	size_t next; /* where the next key is likely to be */
	bool written;
};

struct carried {
	struct family *family;
	size_t families, allocated, samples;
};

/* A line without its newline, as two parts. */
struct line {
	const char *text;
	size_t length;
	const char *name, *rest; /* of "# HELP NAME REST" */
	size_t name_length;
};

static struct number parse_number(const char *text)
{
	char *end;
	struct number n = {.whole = strtoull(text, &end, 10), .decimal = *end == '.'};

	if (n.decimal)
		n.nanos = strtoull(end + 1, NULL, 10);
	return n;
}

static struct number sum(struct number a, struct number b)
{
	uint64_t nanos = a.nanos + b.nanos;

	return (struct number){a.whole + b.whole + nanos / S, nanos % S, a.decimal || b.decimal};
}

static void write_sample(FILE *out, const char *key, size_t length, struct number n)
{
	fprintf(out, "%.*s %" PRIu64, (int)length, key, n.whole);
	if (n.decimal)
		fprintf(out, ".%09" PRIu64, n.nanos);
	putc('\n', out);
}

/* Cuts the first line off. Returns false if there is none. */
static bool next_line(const char **text, size_t *size, struct line *line)
{
	const char *newline = *size ? memchr(*text, '\n', *size) : NULL;

	if (!newline)
		return false;
	*line = (struct line){.text = *text, .length = (size_t)(newline - *text)};
	*size -= line->length + 1;
	*text = newline + 1;
	return true;
}

/* Is it "# WORD NAME REST"? Then sets its parts. */
static bool is_comment(struct line *line, const char *word)
{
	size_t length = strlen(word);

	if (line->length < length + 3 || memcmp(line->text, word, length) != 0)
		return false;
	const char *name = line->text + length, *end = line->text + line->length,
		   *space = memchr(name, ' ', (size_t)(end - name));

	if (!space)
		return false;
	line->name = name;
	line->name_length = (size_t)(space - name);
	line->rest = space + 1;
	return true;
}

/* --- reading --- */

static void add_family(struct carried *c, const struct line *help)
{
	GROW(c->family, c->allocated, c->families + 1);
	c->family[c->families++] = (struct family){
		.name = xstrndup(help->name, help->name_length),
		.help = xstrndup(help->rest, (size_t)(help->text + help->length - help->rest))};
}

static void add_sample(struct carried *c, const struct line *line)
{
	struct family *f = c->families ? &c->family[c->families - 1] : NULL;
	const char *space = memrchr(line->text, ' ', line->length);

	if (!f || !f->type || !strcmp(f->type, "gauge") || !space || c->samples == SAMPLES_LIMIT)
		return;
	GROW(f->sample, f->allocated, f->samples + 1);
	f->sample[f->samples++] = (struct sample){.key = xstrndup(line->text, (size_t)(space - line->text)),
						  .value = parse_number(space + 1)};
	c->samples++;
}

static void parse(struct carried *c, const char *text, size_t size)
{
	struct line line;

	while (next_line(&text, &size, &line)) {
		if (is_comment(&line, "# HELP "))
			add_family(c, &line);
		else if (is_comment(&line, "# TYPE ") && c->families)
			c->family[c->families - 1].type =
				xstrndup(line.rest, (size_t)(line.text + line.length - line.rest));
		else if (*line.text != '#')
			add_sample(c, &line);
	}
}

struct carried *carried_read(int fd)
{
	struct stat stat;

	if (fstat(fd, &stat))
		return NULL;
	if (stat.st_size > SIZE_LIMIT) {
		errno = EFBIG;
		return NULL;
	}
	char *text = xmalloc((size_t)stat.st_size + 1);
	ssize_t got = pread(fd, text, (size_t)stat.st_size, 0);
	struct carried *c = got < 0 ? NULL : xcalloc(1, sizeof(*c));

	if (c) {
		text[got] = '\0';
		parse(c, text, (size_t)got);
	}
	free(text);
	return c;
}

void carried_free(struct carried *c)
{
	if (!c)
		return;
	for (size_t i = 0; i < c->families; i++) {
		struct family *f = &c->family[i];

		for (size_t k = 0; k < f->samples; k++)
			free(f->sample[k].key);
		free(f->sample);
		free(f->name);
		free(f->type);
		free(f->help);
	}
	free(c->family);
	free(c);
}

/* --- adding --- */

/* The length of a family's name in OpenMetrics: a counter's lacks its end. */
static size_t open_length(const char *name)
{
	size_t length = strlen(name), end = strlen(TOTAL);

	return length > end && !strcmp(name + length - end, TOTAL) ? length - end : length;
}

/* The family that is called so, in either format. */
static struct family *find_family(const struct carried *c, const struct line *line)
{
	for (size_t i = 0; i < c->families; i++) {
		const char *name = c->family[i].name;

		if ((line->name_length == strlen(name) || line->name_length == open_length(name)) &&
		    !memcmp(name, line->name, line->name_length))
			return &c->family[i];
	}
	return NULL;
}

/* The families' samples come in the same order mostly. */
static struct sample *find_sample(struct family *f, const char *key, size_t length)
{
	for (size_t i = 0; f && i < f->samples; i++) {
		size_t at = (f->next + i) % f->samples;
		struct sample *s = &f->sample[at];

		if (strncmp(s->key, key, length) != 0 || s->key[length])
			continue;
		f->next = at + 1;
		return s;
	}
	return NULL;
}

/* Writes those samples of a family that the new metrics do not have. */
static void write_rest(struct family *f, FILE *out)
{
	for (size_t i = 0; f && i < f->samples; i++)
		if (!f->sample[i].added)
			write_sample(out, f->sample[i].key, strlen(f->sample[i].key), f->sample[i].value);
}

/* Writes the families that the new metrics do not have. */
static void write_others(struct carried *c, bool open, FILE *out)
{
	for (size_t i = 0; i < c->families; i++) {
		struct family *f = &c->family[i];
		size_t length = open ? open_length(f->name) : strlen(f->name);

		if (f->written || !f->samples)
			continue;
		fprintf(out, "# HELP %.*s %s\n# TYPE %.*s %s\n", (int)length, f->name, f->help, (int)length,
			f->name, f->type);
		write_rest(f, out);
	}
}

static void add_line(struct family *f, const struct line *line, FILE *out)
{
	const char *space = memrchr(line->text, ' ', line->length);
	size_t length = space ? (size_t)(space - line->text) : 0;
	struct sample *s = space ? find_sample(f, line->text, length) : NULL;

	if (!s) {
		fprintf(out, "%.*s\n", (int)line->length, line->text);
		return;
	}
	s->added = true;
	write_sample(out, s->key, length, sum(s->value, parse_number(space + 1)));
}

static void begin(struct carried *c)
{
	for (size_t i = 0; i < c->families; i++) {
		struct family *f = &c->family[i];

		f->written = false;
		f->next = 0;
		for (size_t k = 0; k < f->samples; k++)
			f->sample[k].added = false;
	}
}

void carried_add(struct carried *c, const char *text, size_t size, FILE *out)
{
	struct family *f = NULL;
	struct line line;
	bool open = false;

	begin(c);
	while (next_line(&text, &size, &line)) {
		open = line.length == 5 && !memcmp(line.text, "# EOF", 5);
		if (open)
			break;
		if (is_comment(&line, "# HELP ")) {
			write_rest(f, out);
			f = find_family(c, &line);
			if (f)
				f->written = true;
		}
		add_line(*line.text == '#' ? NULL : f, &line, out);
	}
	write_rest(f, out);
	write_others(c, open, out);
	if (open)
		fputs("# EOF\n", out);
}
