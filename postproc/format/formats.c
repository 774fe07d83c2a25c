/* SPDX-License-Identifier: Apache-2.0 */
#include "format/formats.h"

#include <string.h>

static const struct format formats[] = {
	{"text", report_write, DETAIL_SUMS, "the report, for people"},
	{"csv", format_csv, DETAIL_SUMS, "the blockers, a row each"},
	{"html", format_html, DETAIL_TIMELINE, "the report as a page for a browser, one file"},
	{"json", format_json, DETAIL_SHARES, "all of the report, one document"},
	{"ndjson", format_ndjson, DETAIL_SPANS, "every block, an object a line"},
	{"trace", format_trace, DETAIL_SPANS, "every block on a time axis: Perfetto, chrome://tracing"},
	{"folded", format_folded, DETAIL_SHARES,
	 "stacks with microseconds: flamegraph.pl, inferno, speedscope"},
	{"pprof", format_pprof, DETAIL_SHARES, "a gzip'd profile: go tool pprof, Pyroscope, Parca"},
	{"prometheus", format_prometheus, DETAIL_SUMS,
	 "metrics: Prometheus, node_exporter's textfile collector"},
	{"markdown", format_markdown, DETAIL_SUMS, "a table of the blockers for GitHub and the like"},
};

const struct format *format_named(const char *name)
{
	for (size_t i = 0; i < sizeof(formats) / sizeof(*formats); i++)
		if (!strcmp(formats[i].name, name))
			return &formats[i];
	return NULL;
}

bool format_binary(const struct format *format)
{
	return format->write == format_pprof;
}

void formats_list(FILE *out)
{
	for (size_t i = 0; i < sizeof(formats) / sizeof(*formats); i++)
		fprintf(out, "  %-12s %s\n", formats[i].name, formats[i].description);
}
