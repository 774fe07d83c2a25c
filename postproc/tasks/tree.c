/* SPDX-License-Identifier: Apache-2.0 */
/* tree.c - see tree.h. */
#include "tasks/tree.h"

#include <libiberty/libiberty.h>
#include <stdlib.h>
#include <string.h>

#include "awaits/awaits.h"
#include "base/arena.h"
#include "base/escape.h"
#include "resolve/symbolize/origin.h"

#define DEPTH_MAX 200  /* that is shown */
#define BRANCHES_MAX 3 /* that are named */

static bool same_text(const char *a, const char *b)
{
	return a == b || (a && b && !strcmp(a, b));
}

/* The child of `parent` for this node, made if need be. */
static struct tree_node *child_of(struct arena *arena, struct tree_node *parent,
				  const struct await_node *node, bool branch)
{
	struct tree_node **at = &parent->child;

	for (; *at; at = &(*at)->sibling)
		if ((*at)->line == node->line && (*at)->branch == branch &&
		    same_text((*at)->function, node->function) && same_text((*at)->file, node->file) &&
		    same_text((*at)->waits_for, node->waits_for))
			return *at;
	*at = arena_alloc(arena, sizeof(**at));
	**at = (struct tree_node){.function = node->function,
				  .file = node->file,
				  .line = node->line,
				  .waits_for = node->waits_for,
				  .branch = branch,
				  .parent = parent};
	return *at;
}

static void add_children(struct arena *arena, struct tree_node *to, const struct await_node *node, int depth)
{
	for (const struct await_node *child = node->child; child && depth < DEPTH_MAX;
	     child = child->sibling) {
		struct tree_node *next = child_of(arena, to, child, node->child->sibling != NULL);

		next->count++;
		add_children(arena, next, child, depth + 1);
	}
}

struct tree_node *tree_add(struct arena *arena, struct tree_node *root, const struct await_task *task)
{
	const struct await_node *node = task->root;
	struct tree_node *at = root;

	root->count++;
	if (!node)
		return root;
	at = child_of(arena, root, node, false);
	at->count++;
	for (int depth = 0; node->child && !node->child->sibling && depth < DEPTH_MAX; depth++) {
		node = node->child;
		at = child_of(arena, at, node, false);
		at->count++;
	}
	add_children(arena, at, node, 0);
	return at;
}

static bool is_users(const struct tree_node *node)
{
	return node->file && origin_of(&(struct origin_facts){.file = node->file,
							      .position = node->file,
							      .function = node->function,
							      .rust = true,
							      .main = true,
							      .mapped = true}) == ORIGIN_USER;
}

/* The innermost await in the user's code, otherwise in any. */
static const struct tree_node *await_at(const struct tree_node *place)
{
	const struct tree_node *any = NULL;

	for (const struct tree_node *at = place; at; at = at->parent) {
		if (at->line && is_users(at))
			return at;
		if (at->line && !any)
			any = at;
	}
	return any;
}

/* The leaf that a chain without branches ends in, otherwise NULL. */
static const struct tree_node *leaf_of(const struct tree_node *node)
{
	while (node->child && !node->child->sibling)
		node = node->child;
	return node->child ? NULL : node;
}

static char *branch_words(const struct tree_node *place)
{
	char *words = xstrdup("one of: ");
	int branches = 0;

	for (const struct tree_node *child = place->child; child; child = child->sibling) {
		const struct tree_node *leaf = leaf_of(child);
		const char *name = leaf && leaf->waits_for ? leaf->waits_for : child->function;
		char *longer;

		if (!child->branch)
			continue;
		longer = concat(words, branches ? ", " : "", branches < BRANCHES_MAX ? name : "...", NULL);
		free(words);
		words = longer;
		if (branches++ == BRANCHES_MAX)
			break;
	}
	return words;
}

char *tree_place(const struct tree_node *place)
{
	const struct tree_node *at = place ? await_at(place) : NULL;
	char *what, *words;

	if (!place || !place->parent)
		return xstrdup("");
	if (place->child && place->child->branch)
		what = branch_words(place);
	else if (place->waits_for)
		what = xstrdup(place->waits_for);
	else
		what = xstrdup(place->parent->parent || place->line ? place->function : "not polled yet");
	words = at ? text_format("%s  %s:%u", what, at->file ? at->file : "?", at->line) : xstrdup(what);
	free(what);
	return words;
}
