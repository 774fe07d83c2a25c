/* SPDX-License-Identifier: Apache-2.0 */
/* tree-formats.h - a tree of await chains as text. */
#ifndef HUD_TASKS_TREE_FORMATS_H
#define HUD_TASKS_TREE_FORMATS_H

struct page;
struct tree_node;

/* An await a line, below the one that waits for it, with how many tasks stand there. */
void tree_text(struct page *page, const struct tree_node *root);

#endif
