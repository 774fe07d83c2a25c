/* SPDX-License-Identifier: Apache-2.0 */
/* test_lines.c - the table of line kinds: for each kind, its parser, its writer and probes/README.md agree
 * about its fields. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "stream/line-kinds.h"

/* A valid value of each field; 1 for others. If several kinds have a field of this name, the kind's. */
static const struct {
	const char *field, *kind, *value;
} values[] = {
	{"NS", NULL, "9"},
	{"TID", NULL, "7"},
	{"WORD…", NULL, "0 1 2 3 4 5 6 7 8 9 a b c d e f"},
	{"ADDRESS…", NULL, "55d0 8 66d0"},
	{"FIELD=N…", NULL, "a=1 b=2"},
	{"how=HOW", NULL, "how=table 1.43"},
	{"KEY", NULL, "key"},
	{"VALUE", NULL, "a b\\x0ac\\x5c"},
	{"START", NULL, "10"},
	{"END", "map", "20"},
	{"PERMS", NULL, "r-xp"},
	{"BUILDID", NULL, "-"},
	{"PATH", NULL, "/a b"},
	{"ROLE", NULL, "worker"},
	{"COMM", NULL, "kworker/0:1"},
	{"KIND", "site", "P"},
	{"KIND", "descriptor", "pipe"},
	{"FUTURE", NULL, "app::f::{closure}"},
	{"NAME", "runtime", "main"},
	{"NAME", "descriptor", "pipe:[12]"},
	{"GROUP", NULL, "/a"},
	{"WHY", NULL, "exit"},
	{"CAUSE", NULL, "P"},
	{"STATE", "sleep", "D"},
	{"STATE", "poll", "E"},
	{"SCHEDULER", NULL, "M"},
	{"COUNTER", NULL, "K"},
	{"JOB", NULL, "J"},
	{"CCOMM", NULL, "make -j"},
	{"WCOMM", NULL, "-"},
	{"END", "frame", "whole"},
	{"CALL", NULL, "inlined"},
	{"ORIGIN", NULL, "user"},
	{"MODULE", NULL, "a\\x20b"},
	{"FUNCTION", NULL, "-"},
	{"GENERICS", NULL, "<u8>"},
	{"FILE", NULL, "src/main.rs"},
	{"RUNTIME", NULL, "a.rs\\x0ab.rs"},
};

static const char *value_of(const struct line_kind *kind, const char *field)
{
	for (size_t i = 0; i < sizeof(values) / sizeof(*values); i++)
		if (!strcmp(values[i].field, field) &&
		    (!values[i].kind || !strcmp(values[i].kind, kind->name)))
			return values[i].value;
	return "1";
}

/* Writes a line of the kind with its first `count` fields to `line`. Returns how many are required; *all:
 * including optional ones. */
static size_t line_with(const struct line_kind *kind, size_t count, char *line, size_t *all)
{
	char fields[200], *field, *next = fields;
	size_t needed = 0;

	*all = 0;
	strcpy(line, kind->name);
	assert_true(strlen(kind->fields) < sizeof(fields));
	strcpy(fields, kind->fields);
	while ((field = strsep(&next, " "))) {
		if (*field != '[' && field[strlen(field) - 1] != ']')
			needed++;
		field += *field == '[';
		field[strcspn(field, "]")] = '\0';
		if ((*all)++ < count)
			sprintf(line + strlen(line), " %s", value_of(kind, field));
	}
	return needed;
}

static enum event_parsed parse(const char *line, struct event *e)
{
	static char copy[2000]; /* the event's strings point into it */

	strcpy(copy, line);
	memset(e, 0, sizeof(*e));
	return event_parse(copy, strlen(copy), e);
}

static void parsers_take_the_fields_of_the_table(void **state)
{
	const struct line_kind *kind;
	char line[2000];
	struct event e;
	(void)state;

	for (size_t i = 0; (kind = line_kind_at(i)); i++) {
		size_t all, needed;

		if (!kind->parse)
			continue;
		needed = line_with(kind, SIZE_MAX, line, &all);
		assert_ptr_equal(line_kind_of(line, strlen(line)), kind);
		assert_int_equal(parse(line, &e), EVENT_PARSED);
		assert_int_equal(e.kind, kind->kind);
		strcat(line, " 1 1 1 1 1 1 1 1 1 1 1 1");
		if (kind->kind == EVENT_STACK || kind->kind == EVENT_POLL)
			assert_int_equal(parse(line, &e), EVENT_BAD);
		line_with(kind, needed, line, &all);
		assert_int_equal(parse(line, &e), EVENT_PARSED);
		line_with(kind, needed - 1, line, &all);
		/* A tokio line is valid with one field here. */
		if (kind->kind != EVENT_TOKIO)
			assert_int_equal(parse(line, &e), EVENT_BAD);
	}
}

/* With all fields, and with the required ones. */
static void what_is_written_is_what_was_read(void **state)
{
	const struct line_kind *kind;
	size_t written = 0;
	(void)state;

	for (size_t i = 0; (kind = line_kind_at(i)); i++) {
		char line[2000], *text;
		size_t all, size, needed = line_with(kind, 0, line, &all);

		for (size_t count = needed; kind->parse && kind->write && count <= all; count += all) {
			struct event e;
			FILE *out = open_memstream(&text, &size);

			line_with(kind, count, line, &all);
			assert_int_equal(parse(line, &e), EVENT_PARSED);
			event_write(out, &e);
			fclose(out);
			strcat(line, "\n");
			assert_string_equal(text, line);
			free(text);
			written++;
		}
	}
	assert_true(written >= 15);
}

/* The probes only know a descriptor's number. */
static void descriptor_of_unknown_kind(void **state)
{
	struct event e;
	(void)state;

	assert_int_equal(parse("descriptor 9 7 0 3 - -", &e), EVENT_PARSED);
	assert_int_equal(e.kind, EVENT_DESCRIPTOR);
	assert_int_equal(e.descriptor.kind, 0);
	assert_int_equal(e.descriptor.number, 3);
}

static void none_says_why(void **state)
{
	static const char *const lines[] = {"tokio - stripped", "site - no symbols at all"};
	(void)state;

	for (size_t i = 0; i < 2; i++) {
		struct event e;
		char *text;
		size_t size;
		FILE *out = open_memstream(&text, &size);

		assert_int_equal(parse(lines[i], &e), EVENT_PARSED);
		assert_string_equal(e.text, strchr(lines[i], '-') + 2);
		e.key = NULL;
		event_write(out, &e);
		fclose(out);
		assert_int_equal(size, strlen(lines[i]) + 1);
		assert_memory_equal(text, lines[i], strlen(lines[i]));
		free(text);
	}
}

static void documented(void **state)
{
	static char text[200000];
	char *path, *tests = strdup(__FILE__), line[300];
	const struct line_kind *kind;
	(void)state;

	*strstr(tests, "tests/unit/") = '\0';
	assert_true(asprintf(&path, "%sprobes/README.md", tests) > 0);
	FILE *in = fopen(path, "r");

	assert_non_null(in);
	text[fread(text, 1, sizeof(text) - 1, in)] = '\0';
	assert_true(feof(in));
	fclose(in);
	for (size_t i = 0; (kind = line_kind_at(i)); i++) {
		snprintf(line, sizeof(line), "\n| `%s %s` |", kind->name, kind->fields);
		if (!strstr(text, line))
			fail_msg("probes/README.md does not have:%s", line);
	}
	free(path);
	free(tests);
}

static void fields_by_name(void **state)
{
	static const char sleep[] = "sleep 9 7 1 100 20 D -1 ab 3 4 ef a b\n";
	size_t length = strlen(sleep);
	(void)state;

	assert_int_equal(line_time(sleep, length), 9);
	assert_int_equal(line_number(sleep, length, "WTID"), 4);
	assert_string_equal(line_field(sleep, length, "WCOMM"), "a b\n");
	assert_null(line_field(sleep, length, "COMM"));
	assert_null(line_field(sleep, 9, "CPU"));
	assert_int_equal(line_time("thread 7 worker 1 a", 19), 0);
	assert_int_equal(line_time("mine 7", 6), 0);
	assert_true(line_is("frame 1", 7, LINE_HEAD) && line_is("frame 1", 7, LINE_STACK));
	assert_false(line_is("frames 1", 8, LINE_HEAD) || line_is("fram", 4, LINE_STACK) ||
		     line_is("", 0, LINE_HEAD));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(parsers_take_the_fields_of_the_table),
		cmocka_unit_test(what_is_written_is_what_was_read),
		cmocka_unit_test(descriptor_of_unknown_kind),
		cmocka_unit_test(none_says_why),
		cmocka_unit_test(documented),
		cmocka_unit_test(fields_by_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
