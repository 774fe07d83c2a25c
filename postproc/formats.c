#include "formats.h"

#include <string.h>

static const struct format formats[] = {
	{"text", report_write, false, "the report, for people"},
	{"csv", format_csv, false, "the blockers, a row each"},
	{"json", format_json, true, "all of the report, one document"},
	{"ndjson", format_ndjson, true, "every block, an object a line"},
	{"trace", format_trace, true, "every block on a time axis: Perfetto, chrome://tracing"},
	{"folded", format_folded, true, "stacks with microseconds: flamegraph.pl, inferno, speedscope"},
	{"pprof", format_pprof, true, "a gzip'd profile: go tool pprof, Pyroscope, Parca"},
	{"prometheus", format_prometheus, true, "metrics: Prometheus, node_exporter's textfile collector"},
	{"markdown", format_markdown, false, "a table of the blockers for GitHub and the like"},
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
