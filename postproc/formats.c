#include "formats.h"

#include <string.h>

static const struct format formats[] = {
	{"text", report_write, false, "the report, for people", false},
	{"csv", format_csv, false, "the blockers, a row each", false},
	{"folded", format_folded, true, "stacks with microseconds: flamegraph.pl, inferno, speedscope",
	 false},
	{"pprof", format_pprof, true, "a gzip'd profile: go tool pprof, Pyroscope, Parca", true},
};

const struct format *format_named(const char *name)
{
	for (size_t i = 0; i < sizeof(formats) / sizeof(*formats); i++)
		if (!strcmp(formats[i].name, name))
			return &formats[i];
	return NULL;
}

void formats_list(FILE *out)
{
	for (size_t i = 0; i < sizeof(formats) / sizeof(*formats); i++)
		fprintf(out, "  %-12s %s\n", formats[i].name, formats[i].description);
}
