/* SPDX-License-Identifier: Apache-2.0 */
#include "format/formats.h"

#include <string.h>

static const struct format formats[] = {
	{"text", report_write, DETAIL_SUMS, "the report, for people", false},
	{"csv", format_csv, DETAIL_SUMS, "the blockers, a row each", false},
	{"html", format_html, DETAIL_TIMELINE, "the report as a page for a browser, one file", false},
	{"json", format_json, DETAIL_SHARES, "all of the report, one document", true},
	{"ndjson", format_ndjson, DETAIL_SPANS, "every block, an object a line", true},
	{"trace", format_trace, DETAIL_SPANS, "every block on a time axis: Perfetto, chrome://tracing", true},
	{"folded", format_folded, DETAIL_SHARES,
	 "stacks with microseconds: flamegraph.pl, inferno, speedscope", true},
	{"pprof", format_pprof, DETAIL_SHARES, "a gzip'd profile: go tool pprof, Pyroscope, Parca", true},
	{"prometheus", format_prometheus, DETAIL_SUMS,
	 "metrics: Prometheus, node_exporter's textfile collector", false},
	{"openmetrics", format_openmetrics, DETAIL_SUMS, "the same by the OpenMetrics standard", false},
	{"markdown", format_markdown, DETAIL_SUMS, "a table of the blockers for GitHub and the like", false},
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

bool format_counts(const struct format *format)
{
	return format->write == format_prometheus || format->write == format_openmetrics;
}

void formats_list(FILE *out)
{
	for (size_t i = 0; i < sizeof(formats) / sizeof(*formats); i++)
		fprintf(out, "  %-12s %s\n", formats[i].name, formats[i].description);
}
