/* SPDX-License-Identifier: Apache-2.0 */
/* shares.c - see shares.h. */
#include "tally/shares.h"

#include <libiberty/hashtab.h>
#include <libiberty/libiberty.h>
#include <stdlib.h>

struct shares {
	htab_t all; /* of struct kept_share */
};

static hashval_t hash_share(const void *entry)
{
	const struct kept_share *s = entry;

	return (htab_hash_pointer(s->blocker) * 31 + htab_hash_pointer(s->share.stack)) * 31 +
	       (hashval_t)s->tid;
}

static int equal_shares(const void *one, const void *two)
{
	const struct kept_share *a = one, *b = two;

	return a->blocker == b->blocker && a->share.stack == b->share.stack && a->tid == b->tid;
}

struct shares *shares_new(void)
{
	struct shares *shares = xcalloc(1, sizeof(*shares));

	shares->all = htab_create(64, hash_share, equal_shares, free);
	return shares;
}

void shares_free(struct shares *shares)
{
	if (!shares)
		return;
	htab_delete(shares->all);
	free(shares);
}

void shares_add(struct shares *shares, const struct block *block, const struct blocker *blocker)
{
	struct kept_share key = {.share.stack = block->stack, .tid = block->tid, .blocker = blocker};
	void **slot = htab_find_slot(shares->all, &key, INSERT);

	if (!*slot)
		*slot = xmemdup(&key, sizeof(key), sizeof(key));
	struct share *s = &((struct kept_share *)*slot)->share;

	s->count++;
	s->total += block->duration;
	s->delay += block_delay(block);
	if (block->duration > s->max)
		s->max = block->duration;
}

static int collect(void **slot, void *end)
{
	const struct kept_share ***next = end;

	*(*next)++ = *slot;
	return 1;
}

const struct kept_share **shares_kept(const struct shares *shares, size_t *count)
{
	const struct kept_share **kept, **end;

	*count = htab_elements(shares->all);
	kept = end = xcalloc(*count + 1, sizeof(*kept));
	htab_traverse_noresize(shares->all, collect, &end);
	return kept;
}
