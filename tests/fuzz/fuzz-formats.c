/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz-formats.c - see fuzz-formats.h. */
#include "fuzz-formats.h"

#include <json-c/json.h>
#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "chart/page.h"
#include "diff/diff.h"
#include "format/formats.h"
#include "format/profile.pb-c.h"
#include "fuzz.h"

#define PROFILE_LIMIT (64u << 20)

/* --- readers --- */

static void check_json(const char *what, const char *text, size_t size)
{
	struct json_tokener *parser = json_tokener_new();
	struct json_object *tree = NULL;

	/* json-c 0.18, when strict, refuses bytes above 0x7f. */
	json_tokener_set_flags(parser, JSON_TOKENER_VALIDATE_UTF8 |
					       (json_c_version_num() < 18 << 8 ? JSON_TOKENER_STRICT : 0));
	if (size <= INT_MAX)
		tree = json_tokener_parse_ex(parser, text, (int)size);
	if (!tree)
		check_failed(what, "not JSON", text, size);
	json_object_put(tree);
	json_tokener_free(parser);
	check_text(what, text, size, 0);
}

/* Calls `check` for each line. The last one must have an end, too. */
static void each_line(const char *what, const char *text, size_t size,
		      void (*check)(const char *what, const char *line, size_t length))
{
	while (size) {
		const char *end = memchr(text, '\n', size);

		if (!end)
			check_failed(what, "a line without its end", text, size);
		check(what, text, (size_t)(end - text));
		size -= (size_t)(end + 1 - text);
		text = end + 1;
	}
}

static void check_json_lines(const char *what, const char *text, size_t size)
{
	each_line(what, text, size, check_json);
}

/* RFC 4180; also, no field may be a formula. */
static void csv_line(const char *what, const char *line, size_t length)
{
	size_t fields = 1;
	bool quoted = false;

	if (length == 0 || line[length - 1] != '\r')
		check_failed(what, "no CR LF", line, length);
	for (size_t i = 0; i + 1 < length; i++) {
		if (line[i] == '"')
			quoted = !quoted;
		fields += !quoted && line[i] == ',';
		if (line[i] == '"' && quoted && i > 0 && line[i - 1] == ',' && strchr("=+-@", line[i + 1]))
			check_failed(what, "a formula", line, length);
	}
	if (quoted || fields != 18)
		check_failed(what, "not a row of 18 fields", line, length);
	check_text(what, line, length - 1, 0);
}

static void check_csv(const char *what, const char *text, size_t size)
{
	each_line(what, text, size, csv_line);
}

/* "reason;frame;...;frame 123" */
static void folded_line(const char *what, const char *line, size_t length)
{
	const char *space = memrchr(line, ' ', length);
	const char *end = line + length;

	if (!space || space == line || space + 1 == end)
		check_failed(what, "not a stack and a number", line, length);
	for (const char *c = space + 1; c < end; c++)
		if (*c < '0' || *c > '9')
			check_failed(what, "not a number at its end", line, length);
}

static void check_folded(const char *what, const char *text, size_t size)
{
	check_text(what, text, size, 0);
	each_line(what, text, size, folded_line);
}

/* HTML: each '<' begins a tag of ours, and each attribute ends with its quote. What follows the last table, the page's own script,
 * is not looked at. */
static void check_html(const char *what, const char *text, size_t size)
{
	static const char *const tags[] = {
		"!DOCTYPE", "a",     "article", "b",	"body",	      "br",	"code",	   "dd",
		"details",  "div",   "dl",	"dt",	"figcaption", "figure", "h1",	   "h2",
		"h3",	    "head",  "header",	"html", "i",	      "li",	"main",	   "meta",
		"nav",	    "ol",    "p",	"path", "pre",	      "script", "section", "small",
		"span",	    "style", "summary", "svg",	"table",      "tbody",	"td",	   "th",
		"thead",    "title", "tr",	"wbr"};
	const char *c = strstr(text, "<body>"), *end = strstr(text, "<script>");

	if (!c || !end)
		check_failed(what, "no page", text, size);
	check_text(what, text, (size_t)(end - text), 0);
	while ((c = memchr(c, '<', (size_t)(end - c)))) {
		size_t tag = 0, length;

		c += c[1] == '/' ? 2 : 1;
		length = strcspn(c, " >");
		while (tag < sizeof(tags) / sizeof(*tags) &&
		       (strlen(tags[tag]) != length || strncmp(c, tags[tag], length) != 0))
			tag++;
		if (tag == sizeof(tags) / sizeof(*tags))
			check_failed(what, "another's tag", c, length);
		for (bool quoted = false; *c && (*c != '>' || quoted); c++)
			quoted ^= *c == '"';
	}
}

/* Text exposition format 0.0.4 or OpenMetrics: a comment, or NAME{KEY="VALUE",...} NUMBER. */
static void prometheus_line(const char *what, const char *line, size_t length)
{
	const char *c = line, *end = line + length;

	if (!strncmp(line, "# HELP ", 7) || !strncmp(line, "# TYPE ", 7) ||
	    (length == 5 && !memcmp(line, "# EOF", 5)))
		return;
	while (c < end && (*c == '_' || (*c >= 'a' && *c <= 'z')))
		c++;
	if (c == line || c == end || *c++ != '{')
		check_failed(what, "no metric", line, length);
	for (;;) {
		while (c < end && *c >= 'a' && *c <= 'z')
			c++;
		if (end - c < 2 || *c++ != '=' || *c++ != '"')
			check_failed(what, "no label", line, length);
		while (c < end && *c != '"') {
			if (*c == '\\' && (end - c < 2 || !strchr("\\\"n", c[1])))
				check_failed(what, "no such escape", line, length);
			c += *c == '\\' ? 2 : 1;
		}
		if (end - c < 2)
			check_failed(what, "an open label", line, length);
		c++;
		if (*c != ',')
			break;
		c++;
	}
	if (end - c < 3 || *c++ != '}' || *c++ != ' ' || strspn(c, "0123456789.") != (size_t)(end - c))
		check_failed(what, "no number", line, length);
}

static void check_prometheus(const char *what, const char *text, size_t size)
{
	check_text(what, text, size, 0);
	each_line(what, text, size, prometheus_line);
}

/* Unescaped bars separate cells: each row of a table has as many as its head. */
static size_t bars;

static void markdown_line(const char *what, const char *line, size_t length)
{
	size_t found = 0, backslashes = 0;

	for (size_t i = 0; i < length; i++) {
		found += line[i] == '|' && backslashes % 2 == 0;
		backslashes = line[i] == '\\' ? backslashes + 1 : 0;
	}
	if (length && line[0] == '|') {
		if (!bars)
			bars = found;
		if (found != bars)
			check_failed(what, "a row with other cells", line, length);
	} else {
		bars = 0;
	}
}

static void check_markdown(const char *what, const char *text, size_t size)
{
	check_text(what, text, size, 0);
	bars = 0;
	each_line(what, text, size, markdown_line);
}

static void check_pprof(const char *what, const char *text, size_t size)
{
	static unsigned char profile[PROFILE_LIMIT];
	z_stream gzip = {.next_in = (Bytef *)text, .avail_in = (uInt)size, .next_out = profile};
	Perftools__Profiles__Profile *unpacked;

	gzip.avail_out = sizeof(profile);
	if (inflateInit2(&gzip, 16 + MAX_WBITS) != Z_OK || inflate(&gzip, Z_FINISH) != Z_STREAM_END)
		check_failed(what, "not gzip", "", 0);
	unpacked = perftools__profiles__profile__unpack(NULL, gzip.total_out, profile);
	if (!unpacked || unpacked->n_string_table == 0 || unpacked->string_table[0][0])
		check_failed(what, "not a profile", "", 0);
	for (size_t i = 0; i < unpacked->n_string_table; i++)
		check_text(what, unpacked->string_table[i], strlen(unpacked->string_table[i]), 0);
	perftools__profiles__profile__free_unpacked(unpacked, NULL);
	inflateEnd(&gzip);
}

static void check_report(const char *what, const char *text, size_t size)
{
	check_text(what, text, size, 0);
}

static void check_ascii(const char *what, const char *text, size_t size)
{
	check_text(what, text, size, 1);
}

/* A gnuplot script: each string ends on its line, and nothing in it is executed or substituted. */
static void script_line(const char *what, const char *line, size_t length)
{
	size_t quotes = 0;

	for (size_t i = 0; i < length; i++)
		quotes += line[i] == '"';
	if (quotes % 2 || memchr(line, '`', length) || (quotes && memchr(line, '\\', length)))
		check_failed(what, "what gnuplot might obey", line, length);
	if (quotes && (quotes != 2 || !strchr("\"0123456789.-", line[0])))
		check_failed(what, "a string outside of a data block", line, length);
}

static void check_script(const char *what, const char *text, size_t size)
{
	check_text(what, text, size, 0);
	each_line(what, text, size, script_line);
}

/* --- what is written --- */

static void check(const char *what, char **text, size_t *size,
		  void (*check)(const char *what, const char *text, size_t size))
{
	check(what, *text, *size);
	free(*text);
	*text = NULL;
	*size = 0;
}

void check_formats(const struct model *model)
{
	static const struct {
		const char *name;
		void (*check)(const char *what, const char *text, size_t size);
		bool utf8, verbose;
	} outputs[] = {
		{"text", check_report, true, false},
		{"text", check_ascii, false, true},
		{"csv", check_csv, true, false},
		{"html", check_html, true, false},
		{"json", check_json, true, false},
		{"ndjson", check_json_lines, true, false},
		{"trace", check_json, true, false},
		{"folded", check_folded, true, false},
		{"pprof", check_pprof, true, false},
		{"prometheus", check_prometheus, true, false},
		{"openmetrics", check_prometheus, true, false},
		{"markdown", check_markdown, true, false},
		{"markdown", check_markdown, true, true},
	};
	char *text = NULL;
	size_t size = 0;

	for (size_t i = 0; i < sizeof(outputs) / sizeof(*outputs); i++) {
		struct report_options options = {.utf8 = outputs[i].utf8, .verbose = outputs[i].verbose};
		FILE *out = open_memstream(&text, &size);
		int failed = format_named(outputs[i].name)->write(out, model, &options);

		fclose(out);
		if (failed)
			check_failed(outputs[i].name, "it failed", text, size);
		check(outputs[i].name, &text, &size, outputs[i].check);
	}
	for (int kind = 0; kind < CHART_KINDS; kind++) {
		FILE *out = open_memstream(&text, &size);

		chart_page(out, model, (enum chart_kind)kind, CHART_SVG);
		fclose(out);
		check("chart", &text, &size, check_script);
		out = open_memstream(&text, &size);
		chart_text(out, model, (enum chart_kind)kind, 80);
		fclose(out);
		check("chart of text", &text, &size, check_script);
	}
}

void check_diff(const struct diff *diff)
{
	struct report_options options = {.utf8 = true}, ascii = {.top = 100, .width = 120};
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);

	diff_text(out, diff, &options);
	fclose(out);
	check("diff", &text, &size, check_report);
	out = open_memstream(&text, &size);
	diff_text(out, diff, &ascii);
	fclose(out);
	check("diff in ASCII", &text, &size, check_ascii);
	out = open_memstream(&text, &size);
	diff_markdown(out, diff, &options);
	fclose(out);
	check("diff in Markdown", &text, &size, check_markdown);
}
