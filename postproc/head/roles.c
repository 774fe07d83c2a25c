/* SPDX-License-Identifier: Apache-2.0 */
/* roles.c - see roles.h. */
#include "head/roles.h"

#include <errno.h>
#include <libiberty/libiberty.h>
#include <stdlib.h>
#include <string.h>

#include "base/arch.h"
#include "judge/judge.h"
#include "resolve/symbolize/frame.h"
#include "resolve/symbolize/symbolize.h"
#include "resolve/unwind/unwind.h"
#include "target/inspector.h"

/* Unwinds the threads of a process, one after the other. */
struct unwinding {
	struct unwinder *unwinder;
	struct symbolizer *symbolizer;
	struct snapshot snapshot;
	struct chain chain;
	const struct frame **frame; /* leaf first, with inlined ones */
	size_t room;
};

static int by_tid(const void *a, const void *b)
{
	const struct thread *x = a, *y = b;

	return (x->tid > y->tid) - (x->tid < y->tid);
}

size_t threads_list(pid_t pid, struct thread **threads)
{
	struct inspector_thread *seen;
	size_t count = inspector_threads(pid, &seen);
	int error = errno;

	*threads = count ? xcalloc(count, sizeof(**threads)) : NULL;
	for (size_t i = 0; i < count; i++) {
		(*threads)[i].tid = seen[i].tid;
		memcpy((*threads)[i].comm, seen[i].comm, COMM_SIZE);
	}
	free(seen);
	if (count)
		qsort(*threads, count, sizeof(**threads), by_tid);
	errno = error;
	return count;
}

void threads_free(struct thread *threads, size_t count)
{
	for (size_t i = 0; i < count; i++)
		free(threads[i].in_place);
	free(threads);
}

size_t roles_by_name(struct thread *threads, size_t count, const char *prefix)
{
	size_t found = 0;

	for (size_t i = 0; i < count; i++) {
		if (strncmp(threads[i].comm, prefix, strlen(prefix)))
			continue;
		threads[i].watched = true;
		found++;
	}
	return found;
}

/* The user's function nearest to the leaf, and its source location. The caller frees it. */
static char *place_of(const struct verdict *v)
{
	const struct frame *f = v->frame[v->blame];
	char *name =
		f->name ? xstrdup(f->name) : xasprintf("%s+0x%llx", f->module, (unsigned long long)f->offset);
	char *place = f->file ? xasprintf("%s %s:%u", name, f->file, f->line) : xstrdup(name);

	free(name);
	return place;
}

/* Unwinds the snapshot's stack, and judges it. */
static enum role role_of(struct unwinding *u, struct judge *judge, char **in_place)
{
	size_t count = 0;

	unwind(u->unwinder, &u->snapshot.stack, &u->chain);
	for (size_t i = 0; i < u->chain.count; i++) {
		const struct frames *frames = symbolize(u->symbolizer, u->chain.pc[i]);

		if (count + frames->count > u->room) {
			u->room = 2 * (count + frames->count);
			u->frame = xrealloc(u->frame, u->room * sizeof(*u->frame));
		}
		for (size_t j = 0; j < frames->count; j++)
			u->frame[count++] = &frames->frame[j];
	}
	const struct verdict *v = judge_stack(judge, u->frame, count, u->chain.cut);
	enum role role = v->role;

	*in_place = v->in_place ? place_of(v) : NULL;

	/* A whole stack, without a scheduler of any Tokio that can be recognised. */
	return role == ROLE_UNKNOWN && !u->chain.cut ? ROLE_OTHER : role;
}

static bool schedules(enum role role)
{
	return role == ROLE_WORKER || role == ROLE_CURRENT_THREAD;
}

/* A main future's thread does not tell by its name which other threads to watch: it has the program's name,
 * like all threads that were not named. */
static void watch(struct thread *threads, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		threads[i].watched = schedules(threads[i].role) || threads[i].role == ROLE_MAIN_FUTURE;
		for (size_t j = 0; j < count && threads[i].role == ROLE_UNKNOWN && !threads[i].watched; j++)
			threads[i].watched =
				schedules(threads[j].role) && !strcmp(threads[i].comm, threads[j].comm);
	}
}

/* Returns how many of them could not be read. */
static size_t look_at(struct thread *threads, size_t count, struct space *space,
		      struct symbolizer *symbolizer, bool watched_only)
{
	struct unwinding *u = xcalloc(1, sizeof(*u));
	struct judge *judge = judge_new();
	size_t unread = 0;

	u->unwinder = unwinder_new(space, arch_host());
	u->symbolizer = symbolizer;
	for (size_t i = 0; i < count; i++) {
		if (watched_only && !threads[i].watched)
			continue;
		if (inspector_thread(threads[i].tid, &u->snapshot)) {
			threads[i].role = role_of(u, judge, &threads[i].in_place);
			threads[i].thread_pointer = u->snapshot.thread_pointer;
		} else {
			unread++;
		}
	}
	judge_free(judge);
	unwinder_free(u->unwinder);
	free(u->frame);
	free(u);
	return unread;
}

size_t roles_by_stack(struct thread *threads, size_t count, struct space *space,
		      struct symbolizer *symbolizer)
{
	size_t unread = look_at(threads, count, space, symbolizer, false);

	watch(threads, count);
	return unread;
}

void roles_of_watched(struct thread *threads, size_t count, struct space *space,
		      struct symbolizer *symbolizer)
{
	look_at(threads, count, space, symbolizer, true);
	/* The user named it; that no scheduler was recognised does not contradict that. */
	for (size_t i = 0; i < count; i++)
		if (threads[i].watched && threads[i].role == ROLE_OTHER)
			threads[i].role = ROLE_UNKNOWN;
}

void roles_read_thread_pointers(struct thread *threads, size_t count)
{
	struct snapshot *snapshot = xcalloc(1, sizeof(*snapshot));

	for (size_t i = 0; i < count; i++)
		if (threads[i].watched && !threads[i].thread_pointer &&
		    inspector_thread(threads[i].tid, snapshot))
			threads[i].thread_pointer = snapshot->thread_pointer;
	free(snapshot);
}
