/* SPDX-License-Identifier: Apache-2.0 */
/* futures.c - see futures.h. */
#include "replay/futures.h"

#include <libiberty/libiberty.h>
#include <stdlib.h>

#include "resolve/symbolize/names.h"

#define MOST 4096

struct futures {
	struct future {
		uint64_t site;
		char *name;
	} * future;
	size_t count;
};

struct futures *futures_new(void)
{
	return xcalloc(1, sizeof(struct futures));
}

void futures_free(struct futures *f)
{
	if (!f)
		return;
	for (size_t i = 0; i < f->count; i++)
		free(f->future[i].name);
	free(f->future);
	free(f);
}

void futures_add(struct futures *f, uint64_t site, const char *name)
{
	if (!site || !*name || f->count == MOST) /* without a site, the line says why there are none */
		return;
	f->future = xrealloc(f->future, (f->count + 1) * sizeof(*f->future));
	f->future[f->count++] = (struct future){.site = site, .name = name_cut(xstrdup(name))};
}

const char *futures_at(const struct futures *f, uint64_t site)
{
	for (size_t i = 0; i < f->count; i++) /* linear: long polls are rare */
		if (f->future[i].site == site)
			return f->future[i].name;
	return NULL;
}
