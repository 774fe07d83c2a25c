/* SPDX-License-Identifier: Apache-2.0 */
/* markup.c - text of strangers as HTML, and pieces that all parts of the page share. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/escape.h"
#include "base/units.h"
#include "format/html/html.h"
#include "judge/reasons.h"

/* Writes text that is valid UTF-8, without control characters. */
static void markup(FILE *out, const char *text)
{
	for (; *text; text++) {
		switch (*text) {
		case '&':
			fputs("&amp;", out);
			break;
		case '<':
			fputs("&lt;", out);
			break;
		case '>':
			fputs("&gt;", out);
			break;
		case '"':
			fputs("&#34;", out);
			break;
		case '\'':
			fputs("&#39;", out);
			break;
		default:
			putc(*text, out);
		}
	}
}

static void whole_markup(FILE *out, char *text)
{
	markup(out, text);
}

/* The same with places to break lines between the words of a path. */
static void breaking_markup(FILE *out, char *text)
{
	for (char *end; (end = strstr(text, "::")); text = end + 2) {
		*end = '\0';
		markup(out, text);
		fputs("::<wbr>", out);
	}
	markup(out, text);
}

void html_text(FILE *out, const char *raw)
{
	char *text = escape_utf8(raw);

	markup(out, text);
	free(text);
}

static void shortened(FILE *out, const char *raw, shortener *shorten, void (*write)(FILE *out, char *text))
{
	char *text = escape_utf8(raw), *fitting = shorten(text, HTML_NAME, true);

	write(out, fitting);
	free(fitting);
	free(text);
}

void html_name(FILE *out, const char *raw)
{
	shortened(out, raw, text_shorten, whole_markup);
}

void html_function(FILE *out, const char *raw)
{
	shortened(out, raw, text_shorten, breaking_markup);
}

void html_path(FILE *out, const char *raw)
{
	shortened(out, raw, text_shorten_path, whole_markup);
}

void html_section(FILE *out, const char *id, const char *heading, const char *about)
{
	fprintf(out, "<section id=\"%s\"><h2>%s <a class=\"anchor\" href=\"#%s\">#</a></h2>\n", id, heading,
		id);
	if (about)
		fprintf(out, "<p class=\"about\">%s</p>\n", about);
}

void html_number(FILE *out, uint64_t value, const char *text)
{
	fprintf(out, "<td class=\"n\" data-v=\"%" PRIu64 "\">%s</td>", value, text);
}

void html_reason(FILE *out, enum reason reason)
{
	const struct reason_info *info = reason_info(reason);

	fprintf(out, "<span class=\"chip r-%s\">%s</span>", info->id, info->word);
}

void html_bar(FILE *out, enum reason reason, uint64_t part, uint64_t most, uint64_t whole)
{
	char share[UNIT_SIZE];
	double percent = most ? 100.0 * (double)part / (double)most : 0;

	fprintf(out, "<span class=\"bar r-%s\"><i style=\"width:%.2f%%\"></i></span><span class=\"share\">",
		reason_info(reason)->id, percent > 100 ? 100 : percent);
	html_text(out, unit_share(share, part, whole));
	fputs("</span>", out);
}
