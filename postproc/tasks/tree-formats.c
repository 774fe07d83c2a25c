/* SPDX-License-Identifier: Apache-2.0 */
/* tree-formats.c - see tree-formats.h, and tasks_folded() in formats.h. */
#include "tasks/tree-formats.h"

#include <libiberty/libiberty.h>
#include <stdlib.h>
#include <string.h>

#include "base/escape.h"
#include "base/text-layout.h"
#include "base/units.h"
#include "tasks/formats.h"
#include "tasks/look.h"
#include "tasks/tree.h"

#define COUNT 8	      /* columns of the counts */
#define INDENT_MAX 60 /* columns; what is deeper begins there */

static char *label_of(const struct tree_node *node)
{
	if (node->waits_for)
		return text_format("%s  (%s)", node->waits_for, node->function);
	if (node->file)
		return text_format("%s  %s:%u", node->function, node->file, node->line);
	return xstrdup(node->function);
}

static void write_node(struct page *page, const struct tree_node *node, size_t depth)
{
	size_t indent = 2 * depth < INDENT_MAX ? 2 * depth : INDENT_MAX;
	char *label = label_of(node), text[UNIT_SIZE];

	page_right(page, STYLE_PLAIN, COUNT, unit_count(text, node->count));
	page_to(page, COUNT + 2 + indent);
	page_text(page, node->waits_for ? STYLE_STRONG : STYLE_PLAIN, node->branch ? "+ " : "");
	page_text(page, node->waits_for ? STYLE_STRONG : STYLE_PLAIN, label);
	page_end(page);
	free(label);
	for (const struct tree_node *child = node->child; child; child = child->sibling)
		write_node(page, child, depth + 1);
}

void tree_text(struct page *page, const struct tree_node *root)
{
	for (const struct tree_node *node = root->child; node; node = node->sibling)
		write_node(page, node, 0);
}

/* --- folded --- */

/* Semicolons separate frames, and the last blank the count. */
static char *frame_of(const struct tree_node *node)
{
	char *label = node->waits_for ? xstrdup(node->waits_for) : xstrdup(node->function), *safe;

	for (char *c = label; *c; c++)
		if (*c == ';')
			*c = ',';
	safe = escape_utf8(label);
	free(label);
	return safe;
}

/* Writes the stack to this node with how many tasks end there, and those below it. */
static void fold(FILE *out, const char *above, const struct tree_node *node)
{
	char *frame = frame_of(node), *stack = concat(above, *above ? ";" : "", frame, NULL);
	size_t deeper = 0;

	for (const struct tree_node *child = node->child; child; child = child->sibling)
		if (!child->branch)
			deeper += child->count;
	/* A task at several branches is counted in each. */
	if (!node->child)
		fprintf(out, "%s %zu\n", stack, node->count);
	else if (deeper < node->count && !node->child->branch)
		fprintf(out, "%s %zu\n", stack, node->count - deeper);
	for (const struct tree_node *child = node->child; child; child = child->sibling)
		fold(out, stack, child);
	free(stack);
	free(frame);
}

void tasks_folded(FILE *out, const struct look *look)
{
	for (const struct tree_node *node = look->tree->child; node; node = node->sibling)
		fold(out, "", node);
}
