/* json-writer.c - see json-writer.h. */
#include "format/json-writer.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <libiberty/libiberty.h>
#include <yajl/yajl_gen.h>

#include "base/escape.h"

struct json {
	FILE *out;
	yajl_gen gen;
	bool line;  /* a document has begun that does not end its last line itself */
	bool wrong; /* the calls made no JSON */
	bool indent;
};

static void print(void *out, const char *text, size_t length)
{
	fwrite(text, 1, length, out);
}

struct json *json_begin(FILE *out, bool indent)
{
	struct json *j = xcalloc(1, sizeof(*j));

	j->out = out;
	j->indent = indent;
	j->gen = yajl_gen_alloc(NULL);
	if (!j->gen)
		xmalloc_failed(sizeof(*j));
	yajl_gen_config(j->gen, yajl_gen_print_callback, print, out);
	yajl_gen_config(j->gen, yajl_gen_validate_utf8, 1);
	yajl_gen_config(j->gen, yajl_gen_beautify, (int)indent);
	yajl_gen_config(j->gen, yajl_gen_indent_string, " ");
	errno = 0;
	return j;
}

/* What yajl does not take is a fault of this program's: the document would not be whole. */
static void check(struct json *j, yajl_gen_status status)
{
	j->wrong |= status != yajl_gen_status_ok;
	j->line = !j->indent;
}

int json_end(struct json *j)
{
	int result = 0;

	yajl_gen_free(j->gen);
	if (j->line)
		putc('\n', j->out);
	if (j->wrong)
		errno = EILSEQ;
	if (fflush(j->out) != 0 || ferror(j->out) || j->wrong)
		result = -1;
	free(j);
	return result;
}

void json_next(struct json *j)
{
	yajl_gen_reset(j->gen, "\n");
	j->line = false;
}

static void string(struct json *j, const char *text)
{
	check(j, yajl_gen_string(j->gen, (const unsigned char *)text, strlen(text)));
}

static void name(struct json *j, const char *key)
{
	if (key)
		string(j, key);
}

void json_object(struct json *j, const char *key)
{
	name(j, key);
	check(j, yajl_gen_map_open(j->gen));
}

void json_object_end(struct json *j)
{
	check(j, yajl_gen_map_close(j->gen));
}

void json_array(struct json *j, const char *key)
{
	name(j, key);
	check(j, yajl_gen_array_open(j->gen));
}

void json_array_end(struct json *j)
{
	check(j, yajl_gen_array_close(j->gen));
}

void json_text(struct json *j, const char *key, const char *raw)
{
	if (!raw) {
		json_null(j, key);
		return;
	}
	char *text = escape_json(raw);

	name(j, key);
	string(j, text);
	free(text);
}

void json_literal(struct json *j, const char *key, const char *text)
{
	name(j, key);
	check(j, yajl_gen_number(j->gen, text, strlen(text)));
}

void json_number(struct json *j, const char *key, uint64_t value)
{
	char text[24];

	snprintf(text, sizeof(text), "%" PRIu64, value);
	json_literal(j, key, text);
}

void json_signed(struct json *j, const char *key, int64_t value)
{
	name(j, key);
	check(j, yajl_gen_integer(j->gen, value));
}

void json_bool(struct json *j, const char *key, bool value)
{
	name(j, key);
	check(j, yajl_gen_bool(j->gen, value));
}

void json_null(struct json *j, const char *key)
{
	name(j, key);
	check(j, yajl_gen_null(j->gen));
}
