/* SPDX-License-Identifier: Apache-2.0 */
/* merge-callsites.c - see merge-callsites.h. */
#include "resolve/symbolize/merge-callsites.h"

#include <libiberty/hashtab.h>
#include <libiberty/libiberty.h>
#include <stdlib.h>
#include <string.h>

#include "resolve/symbolize/names.h"

/* A function at an address, behind the functions inlined there. */
struct site {
	const struct frame **frame;
	size_t count;
};

struct callsites {
	htab_t sites; /* of struct site, by content */
};

static bool same_frame(const struct frame *a, const struct frame *b)
{
	return a->line == b->line && a->inlined == b->inlined && a->tail_call == b->tail_call &&
	       a->found == b->found && a->origin == b->origin && (a->name || a->pc == b->pc) &&
	       name_same(a->name, b->name) && name_same(a->function, b->function) &&
	       name_same(a->generics, b->generics) && name_same(a->file, b->file) &&
	       name_same(a->runtime_files, b->runtime_files) && name_same(a->module, b->module);
}

static hashval_t hash_site(const void *entry)
{
	const struct site *site = entry;
	hashval_t hash = (hashval_t)site->count;

	for (size_t i = 0; i < site->count; i++) {
		const struct frame *f = site->frame[i];

		hash = hash * 31 + f->line;
		hash = hash * 31 + (f->name ? name_hash(f->name) : (hashval_t)f->pc);
	}
	return hash;
}

static int same_sites(const void *one, const void *two)
{
	const struct site *a = one, *b = two;

	if (a->count != b->count)
		return 0;
	for (size_t i = 0; i < a->count; i++)
		if (!same_frame(a->frame[i], b->frame[i]))
			return 0;
	return 1;
}

static void free_site(void *entry)
{
	struct site *site = entry;

	free(site->frame);
	free(site);
}

struct callsites *callsites_new(void)
{
	struct callsites *callsites = xcalloc(1, sizeof(*callsites));

	callsites->sites = htab_create(251, hash_site, same_sites, free_site);
	return callsites;
}

void callsites_free(struct callsites *callsites)
{
	if (!callsites)
		return;
	htab_delete(callsites->sites);
	free(callsites);
}

static const struct site *first_of(struct callsites *callsites, const struct site *site)
{
	void **slot = htab_find_slot(callsites->sites, site, INSERT);

	if (!*slot) {
		size_t size = site->count * sizeof(*site->frame);
		struct site *first = xmemdup(site, sizeof(*site), sizeof(*site));

		first->frame = xmemdup(site->frame, size, size);
		*slot = first;
	}
	return *slot;
}

void callsites_unify(struct callsites *callsites, const struct frame **frame, size_t count)
{
	for (size_t i = 0; i < count;) {
		struct site site = {.frame = frame + i, .count = 1};

		while (i + site.count < count && frame[i + site.count - 1]->inlined)
			site.count++;
		memcpy(frame + i, first_of(callsites, &site)->frame, site.count * sizeof(*frame));
		i += site.count;
	}
}
