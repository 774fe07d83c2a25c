/* SPDX-License-Identifier: Apache-2.0 */
/* notes.c - what the model says about how well the stream could be read: unknown lines, cut stacks, missing
 * symbols. */
#include <libiberty/libiberty.h>
#include <stdlib.h>
#include <string.h>

#include "replay/state.h"
#include "resolve/elf/address-space.h"
#include "resolve/resolver.h"
#include "stream/stream.h"

/* Problems of the files that stacks led to. */
static void note_lacking(struct resolver *resolver, struct model *m)
{
	const char *path, *why;
	bool unread;

	for (size_t i = 0;
	     m->lackings < LACKING_SHOWN && (path = resolver_lacking(resolver, i, &why, &unread)); i++)
		if (why)
			m->lacking[m->lackings++] =
				(struct lacking){.path = path, .why = why, .unread = unread};
}

struct cut_why replay_cut_why(const struct replay *r)
{
	struct cut_why why = stacks_cut_why(r->stacks);

	why.walked += r->cut_why.walked;
	why.too_few += r->cut_why.too_few;
	why.elsewhere += r->cut_why.elsewhere;
	why.reduced += r->cut_why.reduced;
	return why;
}

static void note_stacks(const struct replay *r, struct model *m)
{
	if (!r->stacks)
		return;
	m->stacks = stacks_count(r->stacks);
	m->stacks_cut = stacks_cut(r->stacks);
	struct cut_why why = replay_cut_why(r);

	m->stacks_walked = why.walked;
	m->stacks_too_few = why.too_few;
	m->stacks_elsewhere = why.elsewhere;
	m->stacks_reduced = why.reduced;
}

static void note_mappings(struct replay *r, struct model *m)
{
	const struct mapping *map;

	for (size_t i = 0; space_at(r->space, i); i++)
		m->mappings = i + 1;
	free(r->mapped);
	r->mapped = m->mapped = xcalloc(m->mappings + 1, sizeof(*m->mapped));
	for (size_t i = 0; (map = space_at(r->space, i)); i++)
		m->mapped[i] = (struct mapped){map->start, map->end, map->offset, map->path, map->build_id};
}

/* Is `text` the address of frame `f`, for lack of a name? */
static bool stands_for(const struct frame *f, const char *text)
{
	return text && !f->function && (f->name ? !strcmp(f->name, text) : strstr(text, "+0x") != NULL);
}

/* The build for which a nameless blocker's offset is valid. */
void replay_note_builds(const struct replay *r, struct model *m)
{
	for (size_t i = 0; i < m->blockers; i++) {
		struct blocker *b = &m->blocker[i];

		for (size_t j = 0; b->stack && j < b->stack->count && !b->nameless_build; j++) {
			const struct frame *f = b->stack->frame[j];
			const struct mapping *map = space_mapping(r->space, f->pc);

			if (stands_for(f, b->function) || stands_for(f, b->task))
				b->nameless_build = map ? map->build_id : "";
		}
	}
}

static void note_lines(struct replay *r, struct model *m)
{
	const char *kind;

	m->unknown_lines = stream_unknown_lines(r->stream);
	m->bad_lines = stream_bad_lines(r->stream);
	while (m->unknowns < UNKNOWN_SHOWN &&
	       (kind = stream_unknown_kind(r->stream, m->unknowns, &m->unknown[m->unknowns].lines)))
		m->unknown[m->unknowns++].kind = kind;
}

void replay_note_reading(struct replay *r, struct model *m)
{
	m->truncated = !r->ended;
	probe_output_note(r->probes, m);
	note_stacks(r, m);
	throttle_sum(r->throttle, &m->quota, &m->steal);
	if (r->space)
		note_lacking(r->resolver, m);
}

void replay_note_end(struct replay *r, struct model *m)
{
	note_lines(r, m);
	if (r->space)
		note_mappings(r, m);
}
