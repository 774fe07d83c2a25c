/* SPDX-License-Identifier: Apache-2.0 */
/* look-lines.c - lines of looks at all tasks: where they stood, and what was behind a poll. */
#include "stream/line-kinds.h"

#include "stream/fields.h"

void parse_look(struct fields *c, struct event *e)
{
	e->ns = field_decimal(c, UINT64_MAX);
	e->count = field_decimal(c, UINT32_MAX);
	e->lost = field_decimal(c, UINT32_MAX);
}

void write_look(FILE *out, const struct event *e)
{
	put_decimal(out, e->ns);
	put_decimal(out, e->count);
	put_decimal(out, e->lost);
}

void parse_stands(struct fields *c, struct event *e)
{
	parse_look(c, e);
	e->key = field_escaped(c);
	e->future = field_escaped(c);
	e->text = field_text(c);
}

void write_stands(FILE *out, const struct event *e)
{
	write_look(out, e);
	put_escaped(out, e->key);
	put_escaped(out, e->future);
	put_text(out, e->text);
}

void parse_behind(struct fields *c, struct event *e)
{
	e->ns = field_decimal(c, UINT64_MAX);
	e->tid = field_id(c);
	e->count = field_decimal(c, UINT32_MAX);
	e->key = field_escaped(c);
	e->text = field_escaped(c);
}

void write_behind(FILE *out, const struct event *e)
{
	put_decimal(out, e->ns);
	put_decimal(out, (uint64_t)e->tid);
	put_decimal(out, e->count);
	put_escaped(out, e->key);
	put_escaped(out, e->text);
}
