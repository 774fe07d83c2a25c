/* SPDX-License-Identifier: Apache-2.0 */
/* verify.c - see layout.h: verifies layouts with the live process. */
#include <libiberty/libiberty.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "tokio/current-thread-tick.h"
#include "tokio/layout.h"
#include "tokio/look.h"
#include "tokio/search.h"
#include "tokio/thread.h"

#define LOOKS_MIN 8 /* for layouts from the table */

const char tokio_not_scheduled[] = "no thread has a scheduler where it should be";

/* The process runs meanwhile, and may free what was pointed to. */
static enum tokio_match look_again(pid_t pid, uint64_t fs, const struct tokio_layout *layout,
				   struct tokio_poll *poll)
{
	enum tokio_match match = TOKIO_NOT_AS_EXPECTED;

	for (int tries = 0; tries < TOKIO_TRIES && match == TOKIO_NOT_AS_EXPECTED; tries++)
		match = tokio_look(pid, fs, layout, poll);
	return match;
}

/* --- which of several layouts --- */

/* What was seen of a layout. */
struct evidence {
	bool wrong, seen;
	bool workers;		 /* seen in a multi-thread runtime */
	bool moved, polled;	 /* a tick that changed, and a task */
	struct tokio_poll *last; /* of each thread */
};

/* Was it seen at work? */
static bool works(const struct evidence *e)
{
	return e->moved && e->polled;
}

static void look_once(pid_t pid, const struct thread *threads, size_t count,
		      const struct tokio_layout *layout, struct evidence *e)
{
	for (size_t i = 0; i < count && !e->wrong; i++) {
		struct tokio_poll poll = {0}, *last = &e->last[i];
		enum tokio_match match = threads[i].thread_pointer
						 ? look_again(pid, threads[i].thread_pointer, layout, &poll)
						 : TOKIO_NOTHING;

		e->wrong = match == TOKIO_NOT_AS_EXPECTED;
		if (match != TOKIO_AS_EXPECTED)
			continue;
		e->seen = true;
		e->workers = e->workers || poll.multi_thread;
		e->polled = e->polled || poll.task;
		/* A tick goes up by one with each poll. */
		if (last->core == poll.core) {
			e->moved = e->moved || poll.tick != last->tick;
			e->wrong = poll.tick - last->tick > TOKIO_TICKS_MAX;
		}
		*last = poll;
	}
}

/* What has been seen of all layouts so far. */
struct standing {
	bool open;    /* one that was not seen at work still may be */
	bool several; /* more than one fits, with task ids at different places */
	bool decided; /* one was seen at work */
};

/* Looks once at each layout that was not wrong so far. */
static struct standing look_at_all(pid_t pid, const struct thread *threads, size_t count,
				   const struct tokio_layouts *layouts, struct evidence *evidence)
{
	struct standing s = {0};
	const struct tokio_layout *fits = NULL;

	for (size_t i = 0; i < layouts->count; i++) {
		struct evidence *e = &evidence[i];

		if (!e->wrong)
			look_once(pid, threads, count, &layouts->layout[i], e);
		if (e->wrong)
			continue;
		s.decided = s.decided || works(e);
		if (!e->seen)
			continue;
		s.several = s.several || (fits && fits->id != layouts->layout[i].id);
		fits = &layouts->layout[i];
		s.open = s.open || !works(e);
	}
	return s;
}

/* Chooses the layout that fits in all looks; of several that do, the one that was seen at work. Returns NULL, or why
 * none is chosen. */
static const char *choose_by(const struct tokio_layouts *layouts, const struct evidence *evidence,
			     struct tokio_layout *chosen)
{
	const char *why = "no layout in the table fits its memory (or no thread has a scheduler): if Tokio "
			  "is built with tokio_unstable, [profile.release] debug = true tells its layout";
	bool at_work = false;
	size_t fit = 0;

	for (size_t i = 0; i < layouts->count; i++) {
		const struct evidence *e = &evidence[i];

		if (e->wrong || !e->seen)
			continue;
		if (layouts->unsure && !works(e)) {
			why = "the version of Tokio is not in the table, and no task ran that would show "
			      "its layout: start again under load";
			continue;
		}
		if (at_work && !works(e))
			continue;
		if (works(e) && !at_work)
			fit = 0;
		at_work = works(e);
		if (!e->workers && fit == 1 && chosen->id == layouts->layout[i].id &&
		    !chosen->multi_thread.known) {
			/* Only workers could decide which of the two is right, and there are none. */
			chosen->budget = 0;
			continue;
		}
		fit++;
		*chosen = layouts->layout[i];
		chosen->multi_thread.known = e->workers;
	}
	if (fit > 1)
		return "more than one layout in the table fits its memory: [profile.release] debug = true "
		       "tells which";
	return fit == 1 ? NULL : why;
}

/* Looks for a while, then chooses. */
static const char *choose(pid_t pid, const struct thread *threads, size_t count,
			  const struct tokio_layouts *layouts, struct tokio_layout *chosen)
{
	struct evidence evidence[TOKIO_LAYOUTS] = {{0}};
	int64_t start = clock_ms();

	for (size_t i = 0; i < layouts->count; i++)
		evidence[i].last = xcalloc(count, sizeof(*evidence[i].last));
	for (int looks = 0;; looks++) {
		struct standing s = look_at_all(pid, threads, count, layouts, evidence);
		bool unsure = layouts->unsure || (s.several && !s.decided);

		if (looks >= LOOKS_MIN &&
		    clock_ms() - start >= (unsure && s.open ? TOKIO_UNSURE_MS : TOKIO_LOOKS_MS))
			break;
		tokio_pause();
	}
	for (size_t i = 0; i < layouts->count; i++)
		free(evidence[i].last);
	return choose_by(layouts, evidence, chosen);
}

/* Sets the roles of the threads that run a scheduler. `ends` are the same threads, with the end of their
 * block as thread pointer. */
static const char *find_schedulers(pid_t pid, struct thread *threads, const struct thread *ends, size_t count,
				   const struct tokio_layout *layout)
{
	size_t seen = 0, looked_at = 0;

	for (size_t i = 0; i < count; i++) {
		struct tokio_poll poll = {0};
		enum tokio_match match;

		looked_at += threads[i].thread_pointer != 0;
		if (!ends[i].thread_pointer)
			continue;
		/* A core may be elsewhere for a moment. */
		match = look_again(pid, ends[i].thread_pointer, layout, &poll);
		for (int tries = 0; tries < TOKIO_TRIES && match == TOKIO_NOTHING; tries++)
			match = look_again(pid, ends[i].thread_pointer, layout, &poll);
		if (match == TOKIO_NOT_AS_EXPECTED)
			return "the memory of a thread is not laid out as this version of Tokio has it: "
			       "please report that";
		if (match == TOKIO_AS_EXPECTED) {
			threads[i].role = poll.multi_thread ? ROLE_WORKER : ROLE_CURRENT_THREAD;
			threads[i].watched = true;
			seen++;
		}
	}
	if (!looked_at)
		return "no thread could be stopped to read its memory: it may be frozen, or without a CPU";
	return seen ? NULL : tokio_not_scheduled;
}

/* Are the queues of the worker with this thread pointer where the layout has them? */
static enum tokio_match look_at_queues(pid_t pid, uint64_t fs, const struct tokio_layout *layout)
{
	const struct tokio_scheduler *t = &layout->multi_thread;
	struct tokio_poll poll = {0};
	struct tokio_ready ready;
	uint64_t context;

	if (tokio_look(pid, fs, layout, &poll) != TOKIO_AS_EXPECTED || !poll.multi_thread ||
	    !tokio_peek(pid, fs - t->pointer, &context, sizeof(context)))
		return TOKIO_NOTHING;
	return tokio_queues_read(pid, &layout->queues, context, poll.core, &ready) ? TOKIO_AS_EXPECTED
										   : TOKIO_NOT_AS_EXPECTED;
}

/* Forgets where the queues are unless all workers have them there. */
static void verify_queues(pid_t pid, const struct thread *ends, size_t count, struct tokio_layout *layout)
{
	bool seen = false, wrong = false;

	for (size_t i = 0; i < count && layout->queues.head; i++) {
		enum tokio_match match = TOKIO_NOTHING;

		/* The process runs meanwhile. */
		for (int tries = 0;
		     ends[i].thread_pointer && tries < TOKIO_TRIES && match != TOKIO_AS_EXPECTED; tries++)
			match = look_at_queues(pid, ends[i].thread_pointer, layout);
		seen |= match == TOKIO_AS_EXPECTED;
		wrong |= match == TOKIO_NOT_AS_EXPECTED;
	}
	if (!seen || wrong)
		layout->queues = (struct tokio_queues){0};
}

const char *tokio_verify(pid_t pid, struct thread *threads, size_t count, const struct tokio_layouts *layouts,
			 struct tokio_layout *layout)
{
	struct tokio_layouts concrete = *layouts;
	struct thread *ends;
	const char *why = NULL;

	if (!concrete.count)
		return "no layout is known";
	ends = xmalloc(count * sizeof(*ends));
	for (size_t i = 0; i < count; i++) {
		ends[i] = threads[i];
		ends[i].thread_pointer = tls_block_end(pid, threads[i].thread_pointer, &layouts->block);
	}
	tokio_search(pid, ends, count, &concrete);
	tokio_find_currents(pid, ends, count, &concrete);
	*layout = concrete.layout[0];
	/* Debug info gives one layout, and no more to compare. */
	if (concrete.count != 1 || concrete.layout[0].queue)
		why = choose(pid, ends, count, &concrete, layout);
	if (!why)
		why = find_schedulers(pid, threads, ends, count, layout);
	if (!why)
		verify_queues(pid, ends, count, layout);
	free(ends);
	layout->block = layouts->block;
	return why;
}

bool tokio_polls(pid_t pid, const struct thread *thread, const struct tokio_layout *layout,
		 struct tokio_poll *poll)
{
	struct tokio_poll again = {0};
	uint64_t end = tls_block_end(pid, thread->thread_pointer, &layout->block);

	/* Only the same result twice: it may change while it is read. */
	return end && tokio_look(pid, end, layout, poll) == TOKIO_AS_EXPECTED && poll->polls &&
	       tokio_look(pid, end, layout, &again) == TOKIO_AS_EXPECTED && again.polls &&
	       again.core == poll->core && again.task == poll->task && again.tick == poll->tick;
}
