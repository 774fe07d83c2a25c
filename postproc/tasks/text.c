/* SPDX-License-Identifier: Apache-2.0 */
/* text.c - a look as text for people (declared in formats.h). */
#include <inttypes.h>
#include <libiberty/libiberty.h>
#include <stdlib.h>
#include <string.h>

#include "base/escape.h"
#include "base/text-layout.h"
#include "base/units.h"
#include "tasks/behind.h"
#include "tasks/formats.h"
#include "tasks/groups.h"
#include "tasks/look.h"
#include "tasks/tree-formats.h"
#include "tasks/waits-formats.h"
#include "tasks/watch.h"

#define BEHIND_MOST 5 /* types that are named behind a thread */
#define LABEL 12      /* columns of the labels at the left */

/* Columns of the table of tasks: where each begins. */
enum { AT_STATE = 10, AT_RUNTIME = 21, AT_FUTURE = 29, FUTURE_MAX = 44 };

/* "12", or "?" if it is not known. */
static const char *number(char text[UNIT_SIZE], uint64_t value)
{
	return value == RUNTIME_NUMBER_UNKNOWN ? "?" : unit_count(text, value);
}

static void label(struct page *page, const char *text)
{
	page_to(page, 0);
	page_text(page, STYLE_HEAD, text);
	page_to(page, LABEL);
}

static void write_queues(struct page *page, const struct runtime_figures *f)
{
	char text[UNIT_SIZE];
	uint64_t longest = 0, all = 0;

	for (uint64_t i = 0; f->multi_thread && i < f->workers; i++) {
		if (f->queued[i] == RUNTIME_NUMBER_UNKNOWN)
			continue;
		all += f->queued[i];
		longest = f->queued[i] > longest ? f->queued[i] : longest;
	}
	label(page, "");
	if (f->multi_thread) {
		page_printf(page, STYLE_PLAIN, "queued: %s in workers' queues", unit_count(text, all));
		if (longest < all)
			page_printf(page, STYLE_PLAIN, " (the longest has %s)", unit_count(text, longest));
		page_text(page, STYLE_PLAIN, ", ");
	} else {
		page_text(page, STYLE_PLAIN, "queued: ");
	}
	page_printf(page, STYLE_PLAIN, "%s in the injection queue", number(text, f->injected));
	page_end(page);
	label(page, "");
	page_printf(page, STYLE_PLAIN, "blocking pool: %s", number(text, f->pool_threads));
	page_printf(page, STYLE_PLAIN, " of at most %s threads,", number(text, f->pool_cap));
	page_printf(page, STYLE_PLAIN, " %s idle,", number(text, f->pool_idle));
	page_printf(page, STYLE_PLAIN, " %s jobs queued", number(text, f->pool_queued));
	if (f->pool_queued && f->pool_queued != RUNTIME_NUMBER_UNKNOWN && !f->pool_idle)
		page_text(page, STYLE_WARNING,
			  f->pool_threads >= f->pool_cap ? ": no thread is free, and there may be no more"
							 : ": no thread is free");
	page_end(page);
}

/* "; behind that: 12 app::conn, 3 app::timer" */
static void write_behind(struct page *page, const struct look *look, const struct runtime *runtime,
			 const struct runtime_thread *thread)
{
	struct behind *behind;
	size_t count = tasks_behind(look, runtime, thread, &behind);

	for (size_t i = 0; i < count && i < BEHIND_MOST; i++) {
		char *name = task_type_label(look, behind[i].type);

		page_printf(page, STYLE_PLAIN, "%s %zu ", i ? "," : "; behind it:", behind[i].count);
		page_text(page, STYLE_PLAIN, name);
		free(name);
	}
	if (count > BEHIND_MOST)
		page_text(page, STYLE_PLAIN, ", and others");
	free(behind);
}

static void write_threads(struct page *page, const struct look *look, const struct runtime *runtime)
{
	for (size_t i = 0; i < runtime->threads; i++) {
		const struct runtime_thread *t = &runtime->thread[i];

		label(page, "");
		if (t->driver.multi_thread)
			page_printf(page, STYLE_PLAIN, "worker %" PRIu64 ", ", t->driver.worker);
		page_printf(page, STYLE_PLAIN, "thread %d: ", (int)t->tid);
		if (t->task)
			page_printf(page, STYLE_PLAIN, "polls task %" PRIu64, t->task);
		else
			page_text(page, STYLE_PLAIN,
				  t->parked	       ? "parked"
				  : t->driver.has_core ? "between tasks, or in block_on's future"
						       : "without its core now");
		write_behind(page, look, runtime, t);
		page_end(page);
	}
}

static const char *flavour_words(const struct runtime *runtime)
{
	return runtime->flavour ? runtime->flavour : "flavour not known";
}

static void write_runtime(struct page *page, const struct look *look, const struct runtime *runtime)
{
	const struct runtime_figures *f = runtime->figures;
	char *name = text_format("runtime %zu", (size_t)(runtime - look->runtimes.runtime) + 1),
	     text[UNIT_SIZE];

	label(page, name);
	free(name);
	page_text(page, STYLE_PLAIN, flavour_words(runtime));
	if (f && *f->name)
		page_printf(page, STYLE_PLAIN, " \"%s\"", f->name);
	if (f && f->multi_thread)
		page_printf(page, STYLE_PLAIN, ", %" PRIu64 " worker%s", f->workers,
			    f->workers == 1 ? "" : "s");
	page_printf(page, STYLE_PLAIN, ": %s task%s", unit_count(text, runtime->tasks),
		    runtime->tasks == 1 ? "" : "s");
	if (f && f->tasks != RUNTIME_NUMBER_UNKNOWN && f->tasks != runtime->tasks)
		page_printf(page, STYLE_PLAIN, " found, and Tokio counted %s", unit_count(text, f->tasks));
	if (runtime->complete)
		page_printf(page, STYLE_PLAIN, ", %s complete", unit_count(text, runtime->complete));
	if (!runtime->threads && look->runtimes.threads_known && runtime->flavour &&
	    strcmp(runtime->flavour, "local-set") != 0)
		page_text(page, STYLE_WARNING, "; no thread drives it now");
	page_end(page);
	if (f)
		write_queues(page, f);
	write_threads(page, look, runtime);
}

/* What a thread polls in block_on, which was found on its stack. */
static void write_main(struct page *page, const struct main_future *main)
{
	char *place = tree_place(main->place);

	label(page, "block_on");
	page_printf(page, STYLE_PLAIN, "thread %d: ", (int)main->tid);
	page_text(page, STYLE_PLAIN, main->chain->future);
	page_text(page, STYLE_PLAIN, " waits for ");
	page_text(page, STYLE_PLAIN, place);
	page_end(page);
	free(place);
}

#define AT_PLACE(width) (AT_FUTURE + (width) + 2)

/* How many columns the names of futures take, at most. */
static size_t future_width(const struct page *page, const struct look *look, const struct task_group *groups,
			   size_t count)
{
	size_t most = strlen("future");

	for (size_t i = 0; i < count; i++) {
		char *name = task_label(look, groups[i].first);
		size_t width = page_width(page, name);

		free(name);
		most = width > most ? width : most;
	}
	return most < FUTURE_MAX ? most : FUTURE_MAX;
}

static void write_place(struct page *page, const struct task_group *group, size_t width)
{
	char *place = task_group_place(group);

	if (*place) {
		page_to(page, AT_PLACE(width));
		page_text(page, STYLE_PLAIN, place);
	}
	free(place);
}

/* Against the look before. */
static void write_change(struct page *page, const struct task_group *group)
{
	page_text(page, STYLE_PLAIN, "  ");
	if (group->count != group->before)
		page_printf(page, STYLE_WARNING, "%+" PRId64 ", ",
			    (int64_t)group->count - (int64_t)group->before);
	if (group->stand == group->count)
		page_printf(page, STYLE_FAINT, "still for %u looks", group->looks);
	else
		page_printf(page, STYLE_PLAIN, "%zu of %zu still", group->stand, group->count);
}

static void write_groups(struct page *page, const struct look *look, const struct watch *watch)
{
	struct task_group *groups;
	size_t count = task_groups(look, watch, &groups);
	size_t width = future_width(page, look, groups, count);
	char text[UNIT_SIZE];

	page_right(page, STYLE_HEAD, AT_STATE - 2, "tasks");
	page_to(page, AT_STATE);
	page_text(page, STYLE_HEAD, "state");
	page_to(page, AT_RUNTIME);
	page_text(page, STYLE_HEAD, "runtime");
	page_to(page, AT_FUTURE);
	page_text(page, STYLE_HEAD, "future");
	page_to(page, AT_PLACE(width));
	page_text(page, STYLE_HEAD, "waits for");
	page_end(page);
	for (size_t i = 0; i < count; i++) {
		const struct found_task *task = groups[i].first;
		const struct task_type *type = &look->types.type[task->type];
		char *name = task_label(look, task);

		page_right(page, STYLE_PLAIN, AT_STATE - 2, unit_count(text, groups[i].count));
		page_to(page, AT_STATE);
		page_text(page, STYLE_PLAIN, task_group_state(type, task));
		page_to(page, AT_RUNTIME);
		if (task->runtime != UINT32_MAX)
			page_printf(page, STYLE_PLAIN, "%u", (unsigned)task->runtime + 1);
		page_to(page, AT_FUTURE);
		page_fit(page, type->future ? STYLE_PLAIN : STYLE_FAINT, width, text_shorten, name);
		write_place(page, &groups[i], width);
		if (groups[i].never)
			page_printf(page, STYLE_WARNING, "  (%s: nothing can wake %s)",
				    unit_count(text, groups[i].never), groups[i].never == 1 ? "it" : "them");
		if (watch_compares(watch))
			write_change(page, &groups[i]);
		page_end(page);
		free(name);
	}
	free(groups);
}

static void note(struct page *page, const char *text)
{
	if (!text)
		return;
	label(page, "note");
	page_wrap(page, STYLE_PLAIN, text);
}

/* The same for a text that is freed. */
static void note_made(struct page *page, char *text)
{
	note(page, text);
	free(text);
}

static bool has_unnamed(const struct look *look)
{
	for (size_t i = 0; i < look->types.count; i++)
		if (look->types.type[i].count && !look->types.type[i].future)
			return true;
	return false;
}

static bool lacks_figures(const struct look *look)
{
	for (size_t i = 0; i < look->runtimes.count; i++)
		if (!look->runtimes.runtime[i].figures)
			return true;
	return false;
}

/* What was not seen, or not believed. */
static void write_notes(struct page *page, const struct look *look)
{
	const struct scan *scan = &look->scan;

	page_end(page);
	if (!look->mains)
		note(page, "What block_on polls (the body of #[tokio::main]) is no task, and was not found "
			   "on a stack.");
	if (has_unnamed(look))
		note(page, "Types without a name are shown by their poll function: names of futures need "
			   "debug info, or "
			   "symbols of Rust's v0 mangling (RUSTFLAGS=-Csymbol-mangling-version=v0).");
	if (look->types.unstable)
		note(page,
		     "Tokio was built with tokio_unstable: without debug info, its runtimes' figures are not "
		     "known.");
	if (look->runtimes.no_figures)
		note(page, look->runtimes.no_figures);
	else if (lacks_figures(look))
		note(page, "Some runtimes' queues and blocking pools are not known: nothing in their memory "
			   "is as in "
			   "a known layout. With debug info, they are.");
	note(page, look->runtimes.no_threads);
	if (look->no_chains)
		note_made(page, concat("Nothing is known of awaits, since ", look->no_chains, NULL));
	if (chains_moved(look->chains))
		note_made(page,
			  text_format("%zu tasks moved while they were read: their awaits are left out.",
				      chains_moved(look->chains)));
	if (look->unreadable)
		note_made(page,
			  text_format(
				  "The awaits of %zu tasks could not be read: their memory was not there, or "
				  "made no sense.",
				  look->unreadable));
	if (scan->gone || scan->doubtful || scan->too_many)
		note_made(page,
			  text_format(
				  "%zu that looked like tasks were gone at the next look; %zu had neighbours "
				  "that did not lead back to them; %zu were beyond the limit. None of them "
				  "is counted.",
				  scan->gone, scan->doubtful, scan->too_many));
	if (scan->unseen)
		note_made(page,
			  text_format("%" PRIu64 " GiB of addresses, in areas that are too large, were not "
				      "searched.",
				      scan->unseen >> 30));
}

/* Tasks that were scheduled at the look before, and have not been polled since. */
static void write_starved(struct page *page, const struct look *look, const struct watch *watch)
{
	struct task_group *groups = NULL;
	size_t count = watch_compares(watch) ? task_groups(look, watch, &groups) : 0;

	for (size_t i = 0; i < count; i++) {
		const struct task_group *group = &groups[i];
		char *name;

		if (task_state(group->first->state) != TASK_SCHEDULED || !group->stand)
			continue;
		name = task_label(look, group->first);
		label(page, "starved?");
		page_printf(page, STYLE_WARNING, "%zu of %s", group->stand, name);
		page_printf(page, STYLE_WARNING, ": scheduled for up to %u looks in a row", group->looks);
		page_end(page);
		free(name);
	}
	free(groups);
}

#define GROWTH_LOOKS 3 /* in a row, until it is told */

/* Types of which there are more and more tasks. */
static void write_growth(struct page *page, const struct look *look, const struct watch *watch)
{
	for (size_t i = 0; i < look->types.count; i++) {
		const struct task_type *type = &look->types.type[i];
		unsigned grows = watch_grows(watch, type);

		if (grows < GROWTH_LOOKS)
			continue;
		label(page, "note");
		page_printf(page, STYLE_WARNING, "%s: more tasks than before in %u looks in a row, now %zu",
			    type->future ? type->future : "a type without a name", grows, type->count);
		page_end(page);
	}
}

void tasks_text(struct page *page, const struct look *look, bool tree, const struct watch *watch)
{
	label(page, "executable");
	page_text(page, STYLE_PLAIN, look->exe ? look->exe : "not known");
	page_end(page);
	for (size_t i = 0; i < look->runtimes.count; i++)
		write_runtime(page, look, &look->runtimes.runtime[i]);
	for (size_t i = 0; i < look->mains; i++)
		write_main(page, &look->main[i]);
	page_end(page);
	if (tree)
		tree_text(page, look->tree);
	else
		write_groups(page, look, watch);
	waits_text(page, look);
	write_starved(page, look, watch);
	write_notes(page, look);
	write_growth(page, look, watch);
}
