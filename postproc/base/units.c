/* SPDX-License-Identifier: Apache-2.0 */
/* units.c - see units.h. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/units.h"

/* Three digits. Rounds before it chooses the unit, so that 999.9 us becomes "1.00 ms". */
static char *scaled(char *text, double value, const char *unit)
{
	int decimals = value < 9.995 ? 2 : value < 99.95 ? 1 : 0;

	snprintf(text, UNIT_SIZE, "%.*f %s", decimals, value, unit);
	return text;
}

char *unit_duration(char *text, uint64_t ns)
{
	double t = (double)ns;

	if (ns == 0)
		snprintf(text, UNIT_SIZE, "0 s");
	else if (ns < 1000)
		snprintf(text, UNIT_SIZE, "%" PRIu64 " ns", ns);
	else if (t < 999.5e3)
		scaled(text, t / 1e3, "us");
	else if (t < 999.5e6)
		scaled(text, t / 1e6, "ms");
	else if (t < 9999.5e9)
		scaled(text, t / 1e9, "s");
	else
		scaled(text, t / 3600e9, "h");
	return text;
}

char *unit_setting(char *text, uint64_t ns)
{
	unit_duration(text, ns);
	char *blank = text + strcspn(text, " "), *end = blank;

	if (memchr(text, '.', (size_t)(blank - text))) {
		while (end[-1] == '0')
			end--;
		if (end[-1] == '.')
			end--;
	}
	memmove(end, blank, strlen(blank) + 1);
	return text;
}

char *unit_share(char *text, uint64_t part, uint64_t whole)
{
	double percent = whole ? 100.0 * (double)part / (double)whole : 0;

	if (whole == 0)
		snprintf(text, UNIT_SIZE, "-");
	else if (part && percent < 0.05)
		snprintf(text, UNIT_SIZE, "<0.1%%");
	else
		snprintf(text, UNIT_SIZE, "%.1f%%", percent);
	return text;
}

char *unit_count(char *text, uint64_t n)
{
	if (n >= 10000000000000)
		snprintf(text, UNIT_SIZE, "%.3g T", (double)n / 1e12);
	else if (n >= 10000000000)
		return scaled(text, (double)n / 1e9, "G");
	else if (n >= 10000000)
		return scaled(text, (double)n / 1e6, "M");
	else if (n >= 1000000)
		snprintf(text, UNIT_SIZE, "%u,%03u,%03u", (unsigned)(n / 1000000),
			 (unsigned)(n / 1000 % 1000), (unsigned)(n % 1000));
	else if (n >= 1000)
		snprintf(text, UNIT_SIZE, "%u,%03u", (unsigned)(n / 1000), (unsigned)(n % 1000));
	else
		snprintf(text, UNIT_SIZE, "%u", (unsigned)n);
	return text;
}

double unit_ns(const char *name, size_t length)
{
	static const struct {
		const char *name;
		double ns;
	} units[] = {{"ns", 1}, {"us", 1e3}, {"ms", 1e6}, {"s", 1e9}, {"m", 60e9}, {"h", 3600e9}};

	for (size_t i = 0; i < sizeof(units) / sizeof(*units); i++)
		if (strlen(units[i].name) == length && !strncmp(units[i].name, name, length))
			return units[i].ns;
	return 0;
}
