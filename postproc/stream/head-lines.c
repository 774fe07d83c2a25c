/* SPDX-License-Identifier: Apache-2.0 */
/* head-lines.c - lines before the trace begins: about the target, and how it is traced. */
#include "stream/line-kinds.h"

#include <string.h>

#include "stream/fields.h"
#include "stream/stream.h"

/* Read by stream.c. */
void write_version(FILE *out, const struct event *e)
{
	(void)e;
	put_decimal(out, STREAM_VERSION);
}

void parse_meta(struct fields *c, struct event *e)
{
	e->key = field_name(c);
	e->text = field_text(c);
}

void write_meta(FILE *out, const struct event *e)
{
	put_word(out, e->key);
	put_text(out, e->text);
}

void parse_map(struct fields *c, struct event *e)
{
	e->map.start = field_hex(c);
	e->map.end = field_hex(c);
	e->map.executable = strchr(field_name(c), 'x') != NULL;
	e->map.offset = field_hex(c);
	e->map.build_id = field_name(c);
	e->map.path = field_text(c);
	if (e->map.start >= e->map.end)
		c->bad = true;
}

void write_map(FILE *out, const struct event *e)
{
	put_hex(out, e->map.start);
	put_hex(out, e->map.end);
	put_word(out, e->map.executable ? "r-xp" : "r--p");
	put_hex(out, e->map.offset);
	put_word(out, e->map.build_id);
	put_text(out, e->map.path);
}

void parse_thread(struct fields *c, struct event *e)
{
	e->tid = field_id(c);
	e->key = field_name(c);
	e->watched = field_decimal(c, 1) == 1;
	e->text = field_text(c);
}

void write_thread(FILE *out, const struct event *e)
{
	put_decimal(out, (uint64_t)e->tid);
	put_word(out, e->key);
	put_decimal(out, e->watched);
	put_text(out, e->text);
}

/* Named fields, which tokio/layout-fields.c parses (in version 1, 19 numbers), or why they are not known. */
void parse_tokio(struct fields *c, struct event *e)
{
	if (c->p && c->p[0] == '-') {
		field_name(c);
		e->text = field_text(c);
	} else {
		e->key = field_text(c);
	}
}

void write_tokio(FILE *out, const struct event *e)
{
	put_text(out, e->key);
	if (!e->key)
		put_text(out, e->text);
}

/* A site for pollentry.bt, or why there are none. */
void parse_site(struct fields *c, struct event *e)
{
	e->key = field_name(c);
	if (!*e->key) {
		e->text = field_text(c);
		return;
	}
	e->poll.site = field_hex(c);
	e->site.offset = field_hex(c);
	e->site.slow = field_decimal(c, 1) == 1;
	e->text = field_text(c);
}

void write_site(FILE *out, const struct event *e)
{
	put_word(out, e->key);
	if (e->key) {
		put_hex(out, e->poll.site);
		put_hex(out, e->site.offset);
		put_decimal(out, e->site.slow);
	}
	put_text(out, e->text);
}
