/* SPDX-License-Identifier: Apache-2.0 */
/* state.c - see state.h. */
#include "live/state/state.h"

#include <libiberty/libiberty.h>
#include <stdlib.h>

#define MESSAGE 5000000000u /* ns for which a message is shown */

void live_say(struct live_view *v, const char *text)
{
	free(v->message);
	v->message = xstrdup(text);
	v->message_until = v->wall + MESSAGE;
	v->changed = true;
}

void live_unselect(struct live_view *v)
{
	free((char *)v->selected.function);
	free((char *)v->selected.file);
	free((char *)v->selected.task);
	v->selected = (struct blocker){0};
	v->has_selected = false;
}

const struct live_row *live_selected(const struct live_view *v)
{
	return v->has_selected && v->at < v->sum.rows ? &v->sum.row[v->at] : NULL;
}

static const char *copy(const char *text)
{
	return text ? xstrdup(text) : NULL;
}

void live_select(struct live_view *v, size_t row)
{
	if (row >= v->sum.rows)
		return;
	const struct blocker *of = v->sum.row[row].of;

	live_unselect(v);
	v->at = row;
	v->selected = (struct blocker){.reason = of->reason,
				       .function = copy(of->function),
				       .file = copy(of->file),
				       .line = of->line,
				       .task = copy(of->task)};
	v->has_selected = true;
	v->changed = true;
}

void live_find_selected(struct live_view *v)
{
	if (!v->has_selected) {
		v->at = 0;
		return;
	}
	for (size_t i = 0; i < v->sum.rows; i++)
		if (live_same_row(v->query.group, v->sum.row[i].of, &v->selected)) {
			v->at = i;
			return;
		}
	v->at = SIZE_MAX;
}
