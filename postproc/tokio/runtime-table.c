/* SPDX-License-Identifier: Apache-2.0 */
/* runtime-table.c - see runtime-table.h. */
#include "tokio/runtime-table.h"

#include <stdio.h>
#include <string.h>

#include "tokio/table.h"

#define VERSION(minor, patch) (1000u * (minor) + (patch)) /* of Tokio 1 */
#define ANY 999u

/* Layouts of release builds without Tokio's unstable features: the rows that runtime_layout_row() makes of such
 * builds with debug info, of the versions that were tried. What depends on Tokio's other features is searched for
 * (-2), or is not known (-1). What is read decides whether a row fits. */
static const struct known {
	unsigned from, to; /* versions */
	int32_t at[RUNTIME_FIELDS];
} known[] = {
	{VERSION(24, 0), VERSION(24, ANY), {0,	 16,  16,  24, 0,  24, 96, 104, 16, 0,	 24,  32,  80,
					    160, 200, -1,  -2, -1, -1, -1, -1,	0,  16,	 -1,  -1,  -1,
					    -1,	 -1,  112, -1, -2, -1, -1, -1,	-1, 240, 248, 256, 232,
					    -1,	 -1,  -1,  -1, -1, -1, -1, -1,	-1, 48}},
	{VERSION(43, 0), VERSION(43, ANY), {0,	 16,  16,  24,	0,   24, 120, 128, 16, 0,   24,	 32,  216,
					    208, 176, 160, -2,	-1,  -1, -1,  -1,  0,  16,  -1,	 -1,  -1,
					    -1,	 208, 160, 144, -2,  -1, -1,  -1,  -1, 248, 256, 264, 240,
					    112, 120, -1,  128, 104, -1, -1,  -1,  -1, 48}},
	{VERSION(53, 0), VERSION(53, ANY), {0,	 16,  16,  24,	0,   24,  152, 160, 16, 0,   24,  32,  248,
					    240, 208, 192, -2,	224, 24,  32,  16,  0,	16,  -1,  -1,  -1,
					    -1,	 456, 408, 392, -2,  128, -1,  -1,  -1, 240, 248, 256, 232,
					    80,	 88,  -1,  96,	72,  128, 16,  32,  40, 48}},
};

const int32_t *runtime_table_of(unsigned version)
{
	for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++)
		if (version >= known[i].from && version <= known[i].to)
			return known[i].at;
	return NULL;
}

const char *runtime_table(Elf *elf, struct runtime_layouts *layouts)
{
	unsigned version = tokio_version(elf);

	layouts->count = 0;
	if (!version)
		return "no debug info, and no single version of Tokio is named in it";
	for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++) {
		struct runtime_layout *layout = &layouts->layout[layouts->count];

		if (version < known[i].from || version > known[i].to || layouts->count == RUNTIME_LAYOUTS)
			continue;
		memcpy(layout->at, known[i].at, sizeof(layout->at));
		snprintf(layout->how, sizeof(layout->how), "table 1.%u, verified", version / 1000);
		layouts->count++;
	}
	return layouts->count ? NULL : "no debug info, and its version of Tokio is not in the table";
}
