/* SPDX-License-Identifier: Apache-2.0 */
/* json-writer.c - see json-writer.h.
 *
 * json-c only prints whole trees. So the braces of the document, and the brackets of its arrays, are written
 * by hand; what is between them are trees, each printed and freed when it is complete.
 */
#include "format/json-writer.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <json-c/json.h>
#include <libiberty/libiberty.h>

#include "base/escape.h"

#define DEPTH_MAX 16 /* report-schema.json nests six levels */

enum envelope { ENVELOPE_NONE, ENVELOPE_DOCUMENT, ENVELOPE_ARRAY };

struct json {
	FILE *out;
	bool indent;
	enum envelope envelope;		     /* what is open of the hand-written part */
	bool empty;			     /* nothing is in it yet */
	const char *key;		     /* of tree[0] */
	struct json_object *tree[DEPTH_MAX]; /* what is open in the tree: each is part of the one before */
	size_t depth;
};

struct json *json_begin(FILE *out, bool indent)
{
	struct json *j = xcalloc(1, sizeof(*j));

	j->out = out;
	j->indent = indent;
	/* The default hash asks the system for random numbers, against keys chosen to collide. Ours are
	 * constants. */
	json_global_set_string_hash(JSON_C_STR_HASH_PERLLIKE);
	errno = 0;
	return j;
}

int json_end(struct json *j)
{
	int result = fflush(j->out) != 0 || ferror(j->out) ? -1 : 0;

	free(j);
	return result;
}

/* Begins a new line at the current depth, if the document is indented. */
static void new_line(const struct json *j)
{
	if (j->indent)
		fprintf(j->out, "\n%*s", 2 * (int)j->envelope, "");
}

/* Begins the next value of the hand-written part. */
static void next_value(struct json *j, const char *key)
{
	if (j->envelope != ENVELOPE_NONE) {
		if (!j->empty)
			putc(',', j->out);
		new_line(j);
	}
	if (key)
		fprintf(j->out, j->indent ? "\"%s\": " : "\"%s\":", key);
	j->empty = false;
}

static void open_envelope(struct json *j, const char *key, char bracket)
{
	next_value(j, key);
	putc(bracket, j->out);
	j->envelope++;
	j->empty = true;
}

static void close_envelope(struct json *j, char bracket)
{
	j->envelope--;
	if (!j->empty)
		new_line(j);
	putc(bracket, j->out);
	j->empty = false;
	if (j->envelope == ENVELOPE_NONE)
		putc('\n', j->out);
}

/* Prints a complete tree, and frees it. */
static void print(struct json *j, const char *key, struct json_object *tree)
{
	int layout = j->indent ? JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_SPACED : JSON_C_TO_STRING_PLAIN;
	const char *text = json_object_to_json_string_ext(tree, layout | JSON_C_TO_STRING_NOSLASHESCAPE);

	if (!text)
		xmalloc_failed(0);
	next_value(j, key);
	/* Strings contain no newlines, so these are the layout's. Before 0.18, json-c also puts one into an
	 * empty object. */
	for (size_t length; text[length = strcspn(text, "\n")]; text += length + 1) {
		size_t spaces = strspn(text + length + 1, " ");
		char before = text[length - 1], behind = text[length + 1 + spaces];

		fwrite(text, 1, length, j->out);
		if ((before == '[' && behind == ']') || (before == '{' && behind == '}'))
			length += spaces;
		else
			new_line(j);
	}
	fputs(text, j->out);
	json_object_put(tree);
}

/* Adds `value`, which json-c made, at the current position. */
static void add(struct json *j, const char *key, struct json_object *value, bool made)
{
	static const unsigned flags = JSON_C_OBJECT_ADD_KEY_IS_NEW | JSON_C_OBJECT_KEY_IS_CONSTANT;
	int failed = !made;

	if (made && !j->depth)
		print(j, key, value);
	else if (made && key)
		failed = json_object_object_add_ex(j->tree[j->depth - 1], key, value, flags);
	else if (made)
		failed = json_object_array_add(j->tree[j->depth - 1], value);
	if (failed)
		xmalloc_failed(0);
}

static void open_tree(struct json *j, const char *key, struct json_object *tree)
{
	if (!tree || j->depth == DEPTH_MAX)
		abort();
	if (j->depth)
		add(j, key, tree, true);
	else
		j->key = key;
	j->tree[j->depth++] = tree;
}

static void close_tree(struct json *j)
{
	if (--j->depth == 0)
		print(j, j->key, j->tree[0]);
}

void json_object_begin(struct json *j, const char *key)
{
	if (j->envelope == ENVELOPE_NONE)
		open_envelope(j, key, '{');
	else
		open_tree(j, key, json_object_new_object());
}

void json_object_end(struct json *j)
{
	if (j->depth)
		close_tree(j);
	else
		close_envelope(j, '}');
}

void json_array_begin(struct json *j, const char *key)
{
	if (!j->depth && j->envelope == ENVELOPE_DOCUMENT)
		open_envelope(j, key, '[');
	else
		open_tree(j, key, json_object_new_array());
}

void json_array_end(struct json *j)
{
	if (j->depth)
		close_tree(j);
	else
		close_envelope(j, ']');
}

static void value(struct json *j, const char *key, struct json_object *made)
{
	add(j, key, made, made != NULL);
}

void json_text(struct json *j, const char *key, const char *raw)
{
	if (!raw) {
		json_null(j, key);
		return;
	}
	char *text = escape_json(raw);

	value(j, key, json_object_new_string(text));
	free(text);
}

void json_literal(struct json *j, const char *key, const char *text)
{
	value(j, key, json_object_new_double_s(0, text));
}

void json_number(struct json *j, const char *key, uint64_t number)
{
	value(j, key, json_object_new_uint64(number));
}

void json_signed(struct json *j, const char *key, int64_t number)
{
	value(j, key, json_object_new_int64(number));
}

void json_boolean(struct json *j, const char *key, bool truth)
{
	value(j, key, json_object_new_boolean(truth));
}

void json_null(struct json *j, const char *key)
{
	add(j, key, NULL, true); /* json-c's null */
}
