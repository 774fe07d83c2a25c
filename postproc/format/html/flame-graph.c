/* SPDX-License-Identifier: Apache-2.0 */
/* flame-graph.c - where blocked time went, by call chain: the reason on top, below it who called whom. Waits for a CPU are on the right.
 *
 * Positions are in percent of the whole, so that page.js zooms by two variables of the style sheet.
 */
#include <stdlib.h>
#include <string.h>

#include <libiberty/hashtab.h>
#include <libiberty/libiberty.h>

#include "base/units.h"
#include "format/html/html.h"
#include "judge/reasons.h"
#include "report/source-path.h"

#define SHARES_MOST 5000 /* the stacks with most time; others are only in the sum of their reason */
#define NODES_MOST 1500
#define DEPTH_MOST 100

struct node {
	size_t parent; /* SIZE_MAX: none */
	char *name;    /* raw */
	enum reason reason;
	bool own;
	uint64_t total; /* ns */
	size_t depth, first_child, next;
	double left; /* percent */
};

struct graph {
	struct node *node;
	size_t nodes, allocated;
	htab_t index;
	uint64_t total;
};

/* The table holds numbers of nodes plus this, because 0 and 1 have a meaning of their own there. What is looked up is the
 * node behind the last. */
#define SLOT_OF_FIRST 2

static struct graph *hashed;

static const struct node *node_at(const void *slot)
{
	return &hashed->node[(size_t)slot - SLOT_OF_FIRST];
}

static hashval_t hash_node(const void *slot)
{
	const struct node *n = node_at(slot);

	return iterative_hash(n->name, strlen(n->name), (hashval_t)(n->parent * 31 + n->reason));
}

static int equal_nodes(const void *one, const void *two)
{
	const struct node *a = node_at(one), *b = node_at(two);

	return a->parent == b->parent && a->reason == b->reason && !strcmp(a->name, b->name);
}

/* Adds `ns` to the node with this name below `parent`. Takes over `name`. Returns the node. */
static size_t add(struct graph *g, size_t parent, enum reason reason, char *name, bool own, uint64_t ns)
{
	if (g->nodes == g->allocated) {
		g->allocated = g->allocated ? 2 * g->allocated : 256;
		g->node = xrealloc(g->node, g->allocated * sizeof(*g->node));
	}
	struct node *fresh = &g->node[g->nodes];

	*fresh = (struct node){.parent = parent,
			       .name = name,
			       .reason = reason,
			       .own = own,
			       .depth = parent == SIZE_MAX ? 0 : g->node[parent].depth + 1,
			       .first_child = SIZE_MAX,
			       .next = SIZE_MAX};
	hashed = g;
	void **slot = htab_find_slot(g->index, (void *)(g->nodes + SLOT_OF_FIRST), INSERT);

	if (!slot)
		xmalloc_failed(0);
	if (*slot) {
		free(name);
	} else {
		*slot = (void *)(g->nodes + SLOT_OF_FIRST);
		g->nodes++;
	}
	size_t number = (size_t)*slot - SLOT_OF_FIRST;

	g->node[number].total += ns;
	return number;
}

static void add_stack(struct graph *g, size_t node, const struct share *s)
{
	const struct verdict *v = s->stack;

	if (!v)
		return;
	for (size_t i = v->poll < v->count ? v->poll + 1 : v->count; i-- > 0;) {
		if (g->node[node].depth >= DEPTH_MOST)
			return;
		node = add(g, node, s->blocker->reason, place_name(v->frame[i], false),
			   v->frame[i]->origin == ORIGIN_USER, s->total);
	}
}

static int by_time(const void *one, const void *two)
{
	const struct share *a = *(const struct share *const *)one, *b = *(const struct share *const *)two;

	if (a->total != b->total)
		return a->total < b->total ? 1 : -1;
	return (a > b) - (a < b);
}

static void build(struct graph *g, const struct model *m)
{
	const struct share **share = xmalloc((m->shares + 1) * sizeof(*share));

	for (size_t i = 0; i < m->shares; i++)
		share[i] = &m->share[i];
	qsort(share, m->shares, sizeof(*share), by_time);
	for (size_t i = 0; i < m->shares; i++) {
		const struct share *s = share[i];
		size_t reason = add(g, SIZE_MAX, s->blocker->reason,
				    xstrdup(reason_info(s->blocker->reason)->word), false, s->total);

		g->total += s->total;
		if (i < SHARES_MOST)
			add_stack(g, reason, s);
	}
	free(share);
}

static int larger_first(const void *one, const void *two)
{
	uint64_t a = *(const uint64_t *)one, b = *(const uint64_t *)two;

	return (a < b) - (a > b);
}

/* So much time must a node have to be among the NODES_MOST that are shown. Callers have at least as much as what they
 * call, so no shown node lacks its parent. */
static uint64_t least_shown(const struct graph *g)
{
	uint64_t *total = xmalloc((g->nodes + 1) * sizeof(*total)), least = g->total / 2000;

	for (size_t i = 0; i < g->nodes; i++)
		total[i] = g->node[i].total;
	qsort(total, g->nodes, sizeof(*total), larger_first);
	if (g->nodes > NODES_MOST && total[NODES_MOST] > least)
		least = total[NODES_MOST];
	free(total);
	return least + 1;
}

static const struct node *all_nodes;

static int by_total(const void *one, const void *two)
{
	const struct node *a = &all_nodes[*(const size_t *)one], *b = &all_nodes[*(const size_t *)two];

	if (a->total != b->total)
		return a->total < b->total ? 1 : -1;
	return (a > b) - (a < b);
}

/* Places nodes, largest first: each right of the one before it below the same parent. Returns the greatest depth. */
static size_t place(struct graph *g, size_t *order, uint64_t least)
{
	/* Of the top row: code, and right of it waits for a CPU, for which no code is to blame. */
	double *used = xcalloc(g->nodes + 1, sizeof(*used)), code = 0, waits = 0;
	size_t deepest = 0;

	for (size_t i = 0; i < g->nodes; i++)
		order[i] = i;
	for (size_t i = 0; i < g->nodes; i++)
		if (g->node[i].parent == SIZE_MAX && !judge_is_wait(g->node[i].reason))
			waits += 100.0 * (double)g->node[i].total / (double)g->total;
	all_nodes = g->node;
	qsort(order, g->nodes, sizeof(*order), by_total);
	/* A caller may have exactly the time of what it calls, and come later: its number is lower, which decides. */
	for (size_t i = 0; i < g->nodes && g->node[order[i]].total >= least; i++) {
		struct node *n = &g->node[order[i]];
		double *end = n->parent != SIZE_MAX	 ? &used[n->parent]
			      : judge_is_wait(n->reason) ? &waits
							 : &code;

		n->left = (n->parent == SIZE_MAX ? 0 : g->node[n->parent].left) + *end;
		*end += 100.0 * (double)n->total / (double)g->total;
		deepest = n->depth > deepest ? n->depth : deepest;
	}
	free(used);
	return deepest;
}

static void nodes(struct html *page, const struct graph *g, const size_t *order, uint64_t least)
{
	char time[UNIT_SIZE], share[UNIT_SIZE];
	FILE *out = page->out;

	for (size_t i = 0; i < g->nodes && g->node[order[i]].total >= least; i++) {
		const struct node *n = &g->node[order[i]];

		fprintf(out, "<i class=\"r-%s%s\" style=\"--x:%.3f;--w:%.3f;--y:%zu\" title=\"%s, ",
			reason_info(n->reason)->id, n->own ? " own" : "", n->left,
			100.0 * (double)n->total / (double)g->total, n->depth, unit_duration(time, n->total));
		html_text(out, unit_share(share, n->total, g->total));
		fputs("\">", out);
		html_name(out, n->name);
		fputs("</i>\n", out);
	}
}

void html_flame_graph(struct html *page)
{
	struct graph g = {.index = NULL};
	FILE *out = page->out;

	if (!page->model->shares)
		return;
	g.index = htab_create(1024, hash_node, equal_nodes, NULL);
	build(&g, page->model);
	if (g.total) {
		uint64_t least = least_shown(&g);
		size_t *order = xmalloc((g.nodes + 1) * sizeof(*order));
		size_t deepest = place(&g, order, least);

		html_section(out, "flame", "Flame graph of blocked time",
			     "The wider, the more time; the reason on top, below it who called whom. Waits "
			     "for a CPU are on the right. Your "
			     "own code is "
			     "framed.<span class=\"js\"> A click zooms in, on the top row out again.</span>");
		fprintf(out, "<div class=\"flame-scroll\"><div id=\"flame-graph\" style=\"--rows:%zu\">\n",
			deepest + 1);
		nodes(page, &g, order, least);
		fputs("</div></div>\n</section>\n", out);
		free(order);
	}
	htab_delete(g.index);
	for (size_t i = 0; i < g.nodes; i++)
		free(g.node[i].name);
	free(g.node);
}
