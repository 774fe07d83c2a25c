/* SPDX-License-Identifier: Apache-2.0 */
/* waits-formats.c - see waits-formats.h. */
#include "tasks/waits-formats.h"

#include <inttypes.h>
#include <libiberty/libiberty.h>
#include <stdlib.h>
#include <string.h>

#include "base/escape.h"
#include "base/text-layout.h"
#include "tasks/formats.h"
#include "tasks/groups.h"
#include "tasks/look.h"

#define LABEL 12      /* columns of the labels at the left */
#define TOLD_MOST 5   /* of a kind */
#define CYCLE_MOST 10 /* tasks of a cycle that are listed */

static void label(struct page *page, const char *text)
{
	page_to(page, 0);
	page_text(page, STYLE_WARNING, text);
	page_to(page, LABEL);
}

/* "task 12 (app::transfer)". The caller frees it. */
static char *task_words(const struct look *look, uint32_t index)
{
	const struct found_task *task = &look->scan.task[index];
	char *name = task_label(look, task);
	char *text = text_format("task %" PRIu64 " (%s)", task->id, name);

	free(name);
	return text;
}

/* " at src/main.rs:40 (app::transfer)", or "". The caller frees it. */
static char *place_words(const char *file, unsigned line, const char *function)
{
	return file ? text_format(" at %s:%u (%s)", file, line, function)
		    : text_format("%s%s", function ? " in " : "", function ? function : "");
}

/* "task 12 (..) waits for the mutex 0x7f10, which task 13 (..) may hold at ..". The caller frees it. */
static char *wait_words(const struct look *look, const struct wait *wait)
{
	const struct hold *holder = waits_holder(&look->waits, wait->object);
	char *who = task_words(look, wait->task), *whom, *place, *text;

	if (!wait->object) {
		whom = wait->joined < look->scan.count ? task_words(look, wait->joined)
						       : xstrdup("a task that was not found");
		text = text_format("%s waits for the end of %s", who, whom);
		free(whom);
	} else if (holder) {
		whom = task_words(look, holder->task);
		place = place_words(holder->file, holder->line, holder->function);
		text = text_format("%s waits for the %s 0x%" PRIx64 ", which %s may hold%s", who, wait->words,
				   wait->object, whom, place);
		free(whom);
		free(place);
	} else {
		text = text_format("%s waits for the %s 0x%" PRIx64, who, wait->words, wait->object);
	}
	free(who);
	return text;
}

static void write_cycles(struct page *page, const struct look *look)
{
	for (size_t i = 0; i < look->cycles && i < TOLD_MOST; i++) {
		const struct wait_cycle *cycle = &look->cycle[i];

		label(page, "deadlock?");
		for (size_t k = 0; k < cycle->length && k < CYCLE_MOST; k++) {
			char *words = wait_words(look, cycle->wait[k]);

			page_to(page, LABEL);
			page_wrap(page, STYLE_PLAIN, words);
			free(words);
		}
		page_to(page, LABEL);
		page_wrap(page, STYLE_FAINT,
			  cycle->length > CYCLE_MOST
				  ? "and so on. It is not certain: a guard that was dropped "
				    "by hand looks as if it were held."
				  : "It is not certain: a guard that was dropped by hand "
				    "looks as if it were held.");
	}
}

static void write_grants(struct page *page, const struct look *look)
{
	const struct waits *waits = &look->waits;

	for (size_t i = 0; i < waits->grants && i < TOLD_MOST; i++) {
		const struct stuck_grant *grant = &waits->grant[i];
		char *who = task_words(look, grant->task),
		     *place = place_words(grant->file, grant->line, grant->function);
		char *text = text_format("%s was granted the %s 0x%" PRIx64
					 " in a future that it does not poll%s: nobody gets it until it does",
					 who, grant->words, grant->object, place);

		label(page, "futurelock");
		page_wrap(page, STYLE_PLAIN, text);
		free(text);
		free(place);
		free(who);
	}
}

static void write_unpolled_at(struct page *page, const struct look *look, const struct unpolled *first,
			      size_t count)
{
	char *who = task_words(look, first->task),
	     *place = place_words(first->file, first->line, first->function);
	char *others = count > 1 ? text_format(" and %zu more", count - 1) : xstrdup("");
	char *text = text_format("%s%s: %s has begun%s%s, and is not polled%s", who, others, first->future,
				 first->waits_for ? ", waits for " : "",
				 first->waits_for ? first->waits_for : "", place);

	label(page, "not polled");
	page_wrap(page, STYLE_PLAIN, text);
	free(text);
	free(others);
	free(place);
	free(who);
}

static void write_unpolled(struct page *page, const struct look *look)
{
	const struct waits *waits = &look->waits;
	size_t told = 0;

	for (size_t i = 0, end; i < waits->unpolleds && told < TOLD_MOST; i = end, told++) {
		for (end = i + 1; end < waits->unpolleds; end++)
			if (!waits_same_place(&waits->unpolled[i], &waits->unpolled[end]))
				break;
		write_unpolled_at(page, look, &waits->unpolled[i], end - i);
	}
}

/* Waits for one lock stand side by side: how many there are from `first` on. */
static size_t waiters(const struct waits *waits, size_t first)
{
	size_t end = first;

	while (end < waits->waits && waits->wait[end].object == waits->wait[first].object)
		end++;
	return end - first;
}

/* The lock with the most waiters, if there are several. */
static void write_queue(struct page *page, const struct look *look)
{
	const struct waits *waits = &look->waits;
	size_t most = 0, count = 1;

	for (size_t i = 0, n; i < waits->waits; i += n) {
		n = waiters(waits, i);
		if (waits->wait[i].object && n > count) {
			count = n;
			most = i;
		}
	}
	if (count < 2)
		return;
	const struct wait *wait = &waits->wait[most];
	const struct hold *holder = waits_holder(waits, wait->object);
	char *whom = holder ? task_words(look, holder->task) : NULL,
	     *place = holder ? place_words(holder->file, holder->line, holder->function) : NULL;
	char *text = text_format("%zu tasks wait for the %s 0x%" PRIx64 "%s%s%s%s", count, wait->words,
				 wait->object, whom ? ", which " : "", whom ? whom : "",
				 whom ? " may hold" : "", place ? place : "");

	label(page, "most wait");
	page_wrap(page, STYLE_PLAIN, text);
	free(text);
	free(place);
	free(whom);
}

void waits_text(struct page *page, const struct look *look)
{
	if (!look->waits.waits && !look->waits.grants && !look->waits.unpolleds)
		return;
	page_end(page);
	write_cycles(page, look);
	write_grants(page, look);
	write_unpolled(page, look);
	write_queue(page, look);
}

/* --- dot --- */

/* A label: in quotes, with those in it escaped. */
static void quoted(FILE *out, const char *raw)
{
	char *safe = escape_utf8(raw);

	putc('"', out);
	for (const char *c = safe; *c; c++) {
		if (*c == '"' || *c == '\\')
			putc('\\', out);
		putc(*c, out);
	}
	putc('"', out);
	free(safe);
}

static void dot_task(FILE *out, const struct look *look, uint32_t index)
{
	char *name = task_label(look, &look->scan.task[index]);
	char *text = text_format("%" PRIu64 " %s", look->scan.task[index].id, name);

	fprintf(out, "  task%" PRIu32 " [label=", index);
	quoted(out, text);
	fputs("]\n", out);
	free(text);
	free(name);
}

/* Marks tasks that are in the graph. */
static bool *tasks_in_graph(const struct look *look)
{
	const struct waits *w = &look->waits;
	bool *in = xcalloc(look->scan.count + 1, sizeof(*in));

	for (size_t i = 0; i < w->waits; i++) {
		in[w->wait[i].task] = true;
		if (w->wait[i].joined < look->scan.count)
			in[w->wait[i].joined] = true;
	}
	for (size_t i = 0; i < w->holds; i++)
		in[w->hold[i].task] = true;
	for (size_t i = 0; i < w->grants; i++)
		in[w->grant[i].task] = true;
	return in;
}

void tasks_dot(FILE *out, const struct look *look)
{
	const struct waits *w = &look->waits;
	bool *in = tasks_in_graph(look);

	fputs("digraph waits {\n  rankdir=LR\n  node [shape=box]\n", out);
	for (size_t i = 0; i < look->scan.count; i++)
		if (in[i])
			dot_task(out, look, (uint32_t)i);
	for (size_t i = 0; i < w->waits; i++) {
		const struct wait *wait = &w->wait[i];

		if (wait->object) {
			if (!i || w->wait[i - 1].object != wait->object)
				fprintf(out,
					"  lock%" PRIx64 " [shape=ellipse, label=\"%s 0x%" PRIx64 "\"]\n",
					wait->object, wait->words, wait->object);
			fprintf(out, "  task%" PRIu32 " -> lock%" PRIx64 "\n", wait->task, wait->object);
		} else if (wait->joined < look->scan.count) {
			fprintf(out, "  task%" PRIu32 " -> task%" PRIu32 " [label=\"joins\"]\n", wait->task,
				wait->joined);
		}
	}
	for (size_t i = 0; i < w->holds; i++)
		fprintf(out, "  lock%" PRIx64 " -> task%" PRIu32 " [style=dashed, label=\"may be held\"]\n",
			w->hold[i].object, w->hold[i].task);
	for (size_t i = 0; i < w->grants; i++)
		fprintf(out,
			"  lock%" PRIx64 " -> task%" PRIu32 " [style=bold, label=\"granted, not polled\"]\n",
			w->grant[i].object, w->grant[i].task);
	fputs("}\n", out);
	free(in);
}
