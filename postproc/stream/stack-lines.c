/* SPDX-License-Identifier: Apache-2.0 */
/* stack-lines.c - lines that describe stacks: copied, walked in the kernel, or already resolved. */
#include "stream/line-kinds.h"

#include <limits.h>
#include <string.h>

#include "resolve/symbolize/origin.h"
#include "stream/fields.h"

void parse_stack(struct fields *c, struct event *e)
{
	e->stack = field_hex(c);
	e->tid = field_id(c);
	e->ip = field_hex(c);
	e->sp = field_hex(c);
	e->bp = field_hex(c);
	e->chunks = (uint32_t)field_decimal(c, UINT32_MAX);
	if (c->p && c->p != c->end)
		e->lr = field_hex(c);
	for (uint32_t left = e->chunks; c->p && c->p != c->end && e->parts < STACK_PARTS && !c->bad;
	     e->parts++) {
		e->part[e->parts].chunks = (uint32_t)field_decimal(c, left);
		e->part[e->parts].start = field_hex(c);
		left -= e->part[e->parts].chunks;
	}
}

void write_stack(FILE *out, const struct event *e)
{
	put_hex(out, e->stack);
	put_decimal(out, (uint64_t)e->tid);
	put_hex(out, e->ip);
	put_hex(out, e->sp);
	put_hex(out, e->bp);
	put_decimal(out, e->chunks);
	if (e->lr || e->parts)
		put_hex(out, e->lr);
	for (unsigned i = 0; i < e->parts; i++) {
		put_decimal(out, e->part[i].chunks);
		put_hex(out, e->part[i].start);
	}
}

void parse_words(struct fields *c, struct event *e)
{
	e->stack = field_hex(c);
	e->tid = field_id(c);
	e->chunk = (uint32_t)field_decimal(c, UINT32_MAX);
	for (size_t i = 0; i < WORDS_PER_LINE && !c->bad; i++)
		e->word[i] = field_hex(c);
}

void write_words(FILE *out, const struct event *e)
{
	put_hex(out, e->stack);
	put_decimal(out, (uint64_t)e->tid);
	put_decimal(out, e->chunk);
	for (size_t i = 0; i < WORDS_PER_LINE; i++)
		put_hex(out, e->word[i]);
}

void parse_returns(struct fields *c, struct event *e)
{
	e->stack = field_hex(c);
	e->tid = field_id(c);
	do {
		e->word[2 * e->count] = field_hex(c);
		e->word[2 * e->count + 1] = field_hex(c);
	} while (++e->count < WORDS_PER_LINE / 2 && c->p && c->p != c->end && !c->bad);
}

void write_returns(FILE *out, const struct event *e)
{
	put_hex(out, e->stack);
	put_decimal(out, (uint64_t)e->tid);
	for (size_t i = 0; i < 2 * e->count; i++)
		put_hex(out, e->word[i]);
}

void parse_frames(struct fields *c, struct event *e)
{
	e->stack = field_hex(c);
}

void parse_frame(struct fields *c, struct event *e)
{
	static const char *const calls[] = {"call", "inlined", "tail", "found", NULL};
	static const char *const ends[] = {"cut", "whole", NULL};
	const char *origin;

	e->stack = field_hex(c);
	e->whole = field_choice(c, ends) == 1;
	int call = field_choice(c, calls);

	e->frame.inlined = call == 1;
	e->frame.tail_call = call == 2;
	e->frame.found = call == 3;
	origin = field_name(c);
	while (e->frame.origin < ORIGIN_SYSTEM && strcmp(origin_name(e->frame.origin), origin) != 0)
		e->frame.origin++;
	e->frame.pc = field_hex(c);
	e->frame.offset = field_hex(c);
	e->frame.line = (unsigned)field_decimal(c, UINT_MAX);
	e->frame.module = field_escaped(c);
	e->frame.name = field_escaped(c);
	e->frame.function = field_escaped(c);
	e->frame.origin = origin_chosen(e->frame.function, e->frame.origin);
	e->frame.generics = field_escaped(c);
	e->frame.file = field_escaped(c);
	if (c->p) /* missing in older recordings */
		e->frame.runtime_files = field_escaped(c);
	if (c->p)
		e->frame.declared = (unsigned)field_decimal(c, UINT_MAX);
	if (!e->frame.module)
		e->frame.module = "";
}

void parse_same(struct fields *c, struct event *e)
{
	e->stack = field_hex(c);
	e->other.stack = field_hex(c);
}

void write_same(FILE *out, const struct event *e)
{
	put_hex(out, e->stack);
	put_hex(out, e->other.stack);
}

/* How a frame came to be on the stack. */
static const char *call_word(const struct frame *f)
{
	if (f->tail_call)
		return "tail";
	if (f->found)
		return "found";
	return f->inlined ? "inlined" : "call";
}

void write_frame(FILE *out, const struct event *e)
{
	const struct frame *f = &e->frame;

	put_hex(out, e->stack);
	put_word(out, e->whole ? "whole" : "cut");
	put_word(out, call_word(f));
	put_word(out, origin_name(f->origin));
	put_hex(out, f->pc);
	put_hex(out, f->offset);
	put_decimal(out, f->line);
	put_escaped(out, f->module);
	put_escaped(out, f->name);
	put_escaped(out, f->function);
	put_escaped(out, f->generics);
	put_escaped(out, f->file);
	if (f->runtime_files || f->declared)
		put_escaped(out, f->runtime_files);
	if (f->declared)
		put_decimal(out, f->declared);
}
