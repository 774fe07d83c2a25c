/* SPDX-License-Identifier: Apache-2.0 */
/* tree.h - await chains of many tasks, joined where they are the same. */
#ifndef HUD_TASKS_TREE_H
#define HUD_TASKS_TREE_H

#include <stdbool.h>
#include <stddef.h>

struct arena;
struct await_task;

/* A place in chains. */
struct tree_node {
	const char *function, *file; /* as in await_node: hostile; file may be NULL */
	unsigned line;
	const char *waits_for; /* NULL: no leaf */
	bool branch;	       /* one of several that its parent polls */
	size_t count;	       /* of tasks; one that is here several times counts so often */
	struct tree_node *parent, *child, *sibling; /* parent: NULL for the root */
};

/* Adds a chain below `root`. Nodes are the arena's; texts are those of the chain. Returns the node of its leaf if it
 * has just one, otherwise that of where it branches, or the root. */
struct tree_node *tree_add(struct arena *arena, struct tree_node *root, const struct await_task *task);

/* What a place (a node that tree_add() returned) is, in words: what is waited for, or what its branches wait for;
 * and where the user's code waits for that. NULL place: "". The caller frees it. It is raw: hostile. */
char *tree_place(const struct tree_node *place);

#endif
