/* callsites.c - see callsites.h. */
#include "callsites.h"

#include <libiberty/hashtab.h>
#include <libiberty/libiberty.h>
#include <stdlib.h>
#include <string.h>

#include "names.h"

struct callsites {
	htab_t first; /* of struct frames, by what they are */
};

static bool same_text(const char *a, const char *b)
{
	return a == b || (a && b && strcmp(a, b) == 0);
}

bool callsites_same(const struct frame *a, const struct frame *b)
{
	return a->line == b->line && a->inlined == b->inlined && a->origin == b->origin &&
	       (a->name || a->pc == b->pc) && same_text(a->name, b->name) &&
	       same_text(a->function, b->function) && same_text(a->generics, b->generics) &&
	       same_text(a->file, b->file) && same_text(a->runtime_files, b->runtime_files) &&
	       same_text(a->module, b->module);
}

static hashval_t hash_frames(const void *entry)
{
	const struct frames *frames = entry;
	hashval_t hash = (hashval_t)frames->count;

	for (size_t i = 0; i < frames->count; i++) {
		const struct frame *f = &frames->frame[i];

		hash = hash * 31 + f->line;
		hash = hash * 31 + (f->name ? name_hash(f->name) : (hashval_t)f->pc);
	}
	return hash;
}

static int same_frames(const void *one, const void *two)
{
	const struct frames *a = one, *b = two;

	if (a->count != b->count)
		return 0;
	for (size_t i = 0; i < a->count; i++)
		if (!callsites_same(&a->frame[i], &b->frame[i]))
			return 0;
	return 1;
}

struct callsites *callsites_new(void)
{
	struct callsites *callsites = xcalloc(1, sizeof(*callsites));

	callsites->first = htab_create(251, hash_frames, same_frames, NULL);
	return callsites;
}

void callsites_free(struct callsites *callsites)
{
	if (!callsites)
		return;
	htab_delete(callsites->first);
	free(callsites);
}

const struct frames *callsites_first(struct callsites *callsites, const struct frames *frames)
{
	const void **slot = (const void **)htab_find_slot(callsites->first, frames, INSERT);

	if (!*slot)
		*slot = frames;
	return *slot;
}
