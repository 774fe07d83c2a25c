/* tokio-live.c - see tokio.h: what was found, compared with a live process. */
#include <libiberty/libiberty.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "looker.h"
#include "roles.h"
#include "tokio.h"

#define TRIES 20	 /* to see a thread's memory while it does not change */
#define PAUSE_NS 2500000 /* between two looks */
#define LOOKS_MIN 8	 /* at what is from a table, and for so long: */
#define LOOKS_MS 100
#define UNSURE_MS 2000		/* until it was seen to work */
#define SEARCH_MS 500		/* for a context */
#define TICKS_MAX (1u << 24)	/* polls between two looks */
#define INTERVAL_MAX (1u << 20) /* polls until a worker looks at the queue of all: 2 to 127 if not set */
#define CORE_WORDS 128		/* of a current-thread runtime's core that are looked at */
#define CURRENT_INTERVAL 31 /* ticks until a current-thread runtime looks at the queue of all, if not set */
#define CONTEXT_SIZE 72	    /* bytes at least, more than where all is that is read */
#define SEARCHED_MAX (256u << 10) /* bytes of thread-local memory */

static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void pause_between_looks(void)
{
	nanosleep(&(struct timespec){.tv_nsec = PAUSE_NS}, NULL);
}

static bool peek(pid_t pid, uint64_t addr, void *to, size_t size)
{
	return looker_memory(pid, addr, to, size) == size;
}

/* What a thread's memory shows. */
enum sight { NOTHING, AS_EXPECTED, NOT_AS_EXPECTED };

/* An Arc's value begins with its two counts. */
static bool is_arc(pid_t pid, uint64_t pointer)
{
	uint64_t counts[2];

	return pointer && !(pointer & 7) && peek(pid, pointer, counts, sizeof(counts)) && counts[0] &&
	       counts[1] && !(counts[0] >> 32) && !(counts[1] >> 32);
}

static enum sight look(pid_t pid, uint64_t fs, const struct tokio_layout *layout,
		       const struct tokio_scheduler *t, uint64_t context, struct tokio_poll *poll)
{
	uint64_t id, tag = 1, core, idle = 0, queue;
	uint32_t counter, interval;

	if (!peek(pid, fs - layout->id, &id, sizeof(id)) ||
	    (layout->id_tag && !peek(pid, fs - layout->id_tag, &tag, sizeof(tag))) || tag > 1 ||
	    (tag && id >> 48) || !peek(pid, context + t->core, &core, sizeof(core)))
		return NOT_AS_EXPECTED;
	if (!core)
		return NOTHING; /* at this moment */
	if (core & 7 || !peek(pid, core + t->counter, &counter, sizeof(counter)) ||
	    !peek(pid, core + t->idle, &idle, t == &layout->multi_thread ? 8 : 4))
		return NOT_AS_EXPECTED;
	if (t == &layout->multi_thread && idle && !is_arc(pid, idle))
		return NOT_AS_EXPECTED;
	if (t == &layout->current_thread && layout->interval &&
	    (!peek(pid, core + t->counter + 4, &interval, 4) || interval != CURRENT_INTERVAL))
		return NOTHING; /* it was set */
	if (t == &layout->multi_thread && layout->interval &&
	    (!peek(pid, core + layout->interval, &interval, 4) || !interval || interval > INTERVAL_MAX))
		return NOT_AS_EXPECTED;
	if (t == &layout->multi_thread && layout->queue &&
	    (!peek(pid, core + layout->queue, &queue, 8) || !is_arc(pid, queue)))
		return NOT_AS_EXPECTED;
	*poll = (struct tokio_poll){.core = core,
				    .task = tag ? id : 0,
				    .tick = counter,
				    .multi_thread = t == &layout->multi_thread};
	/* Parked or not: where that is not known, what is not in a task does not count. */
	poll->polls = (uint32_t)idle != t->idle_value &&
		      (poll->task || (!poll->multi_thread && t->idle != t->counter));
	return AS_EXPECTED;
}

static enum sight look_at_thread(pid_t pid, uint64_t fs, const struct tokio_layout *layout,
				 struct tokio_poll *poll)
{
	const struct tokio_scheduler *both[] = {&layout->multi_thread, &layout->current_thread};
	enum sight sight = NOTHING;

	for (int i = 0; i < 2; i++) {
		uint64_t context, tag = 0;

		if (!both[i]->known)
			continue;
		/* It has ended, or has none. */
		if (!peek(pid, fs - both[i]->pointer, &context, sizeof(context)) || !context)
			continue;
		if (context & 7)
			return NOT_AS_EXPECTED;
		if (layout->tagged && !peek(pid, context + layout->tag, &tag, 4))
			return NOT_AS_EXPECTED;
		if (layout->tagged && tag > 15)
			return NOT_AS_EXPECTED;
		if (layout->tagged && tag != both[i]->tag)
			continue;
		sight = look(pid, fs, layout, both[i], context, poll);
		if (sight != NOTHING)
			return sight;
	}
	return sight;
}

/* It runs meanwhile, and what is pointed to may have gone. */
static enum sight look_again(pid_t pid, uint64_t fs, const struct tokio_layout *layout,
			     struct tokio_poll *poll)
{
	enum sight sight = NOT_AS_EXPECTED;

	for (int tries = 0; tries < TRIES && sight == NOT_AS_EXPECTED; tries++)
		sight = look_at_thread(pid, fs, layout, poll);
	return sight;
}

/* --- the core of a current-thread runtime --- */

/* Where its tick is depends on which of Tokio's features were chosen. Since 1.29 the interval is behind it, 31 if it was not
 * set: an upper half of a word that is so is neither an address nor part of a count. False if there is not exactly one, or
 * the thread runs none. */
static bool find_current(pid_t pid, uint64_t fs, struct tokio_layout *layout)
{
	struct tokio_scheduler *t = &layout->current_thread;
	uint64_t words[CORE_WORDS], context, handle, core, tag = 0;
	size_t count, found = 0;

	if (!layout->tagged || !peek(pid, fs - t->pointer, &context, 8) || !context || context & 7 ||
	    !peek(pid, context + layout->tag, &tag, 4) || tag != t->tag ||
	    !peek(pid, context + 8, &handle, 8) || !is_arc(pid, handle) ||
	    !peek(pid, context + t->core, &core, 8) || !core || core & 7)
		return false;
	count = looker_memory(pid, core, words, sizeof(words)) / 8;
	for (size_t i = 1; i < count; i++) {
		if (words[i] >> 32 != CURRENT_INTERVAL)
			continue;
		found++;
		t->counter = 8 * i;
	}
	t->idle = t->counter;
	return t->known = found == 1;
}

/* A core that is looked at again and again. */
struct watched_core {
	uint64_t core; /* 0: not seen yet */
	uint64_t words[CORE_WORDS];
};

/* May the word be a place in a queue? It is less than the capacity then, which is beside it in a VecDeque of four words. */
static bool place_in_queue(const struct watched_core *c, size_t word, const bool *moved)
{
	for (size_t w = word < 3 ? 0 : word - 3; w <= word + 3 && w < CORE_WORDS; w++)
		if (!moved[w] && c->words[w] > c->words[word] && c->words[w] < TICKS_MAX)
			return true;
	return false;
}

/* Up to 1.28 nothing is behind the tick, but that and only that goes up with each task; the first and last place in the queue
 * do too, and begin again. False if there is not exactly one such number, or none of the threads runs one with tasks. */
static bool count_current(pid_t pid, const struct thread *threads, size_t count, struct tokio_layout *layout)
{
	struct tokio_scheduler *t = &layout->current_thread;
	struct watched_core *before = xcalloc(count, sizeof(*before)), now = {0};
	bool wrong[CORE_WORDS] = {false}, moved[CORE_WORDS] = {false}, seen = false;
	int64_t start = now_ms();
	size_t found;

	do {
		for (size_t i = 0; i < count; i++) {
			uint64_t context, fs = threads[i].thread_pointer;
			size_t words;

			if (!fs || !peek(pid, fs - t->pointer, &context, 8) || !context || context & 7 ||
			    !peek(pid, context + t->core, &now.core, 8) || !now.core || now.core & 7)
				continue;
			words = looker_memory(pid, now.core, now.words, sizeof(now.words)) / 8;
			seen = true;
			for (size_t w = 0; w < CORE_WORDS; w++) {
				uint32_t more = (uint32_t)now.words[w] - (uint32_t)before[i].words[w];

				/* Behind it is a bool, and what is in between stays what it is. */
				wrong[w] = wrong[w] || w >= words || (now.words[w] >> 32 & 0xff) > 1;
				if (wrong[w] || before[i].core != now.core)
					continue;
				wrong[w] = now.words[w] >> 32 != before[i].words[w] >> 32 || more > TICKS_MAX;
				moved[w] = moved[w] || more;
			}
			before[i] = now;
		}
		found = 0;
		for (size_t w = 0; w < CORE_WORDS; w++) {
			bool queue = true;

			for (size_t i = 0; i < count && !wrong[w] && moved[w]; i++)
				queue = queue && (!before[i].core || place_in_queue(&before[i], w, moved));
			if (queue || wrong[w] || !moved[w])
				continue;
			found++;
			t->counter = 8 * w;
		}
		pause_between_looks();
	} while (now_ms() - start < (seen && found != 1 ? UNSURE_MS : LOOKS_MS));
	free(before);
	t->idle = t->counter;
	return t->known = found == 1;
}

static void find_currents(pid_t pid, const struct thread *threads, size_t count,
			  struct tokio_layouts *layouts)
{
	for (size_t l = 0; l < layouts->count; l++) {
		struct tokio_layout *layout = &layouts->layout[l];

		if (layout->current_thread.known) /* from debug info */
			continue;
		if (!layout->tagged && layout->current_thread.pointer && l == 0)
			count_current(pid, threads, count, layout);
		else if (!layout->tagged)
			layout->current_thread = layouts->layout[0].current_thread;
		for (size_t i = 0; i < count && layout->interval; i++)
			for (int tries = 0;
			     tries < TRIES && threads[i].thread_pointer && !layout->current_thread.known;
			     tries++)
				find_current(pid, threads[i].thread_pointer, layout);
	}
}

/* --- where the context is, if no symbol tells --- */

static void add_place(struct tokio_layouts *layouts, const struct tokio_layout *layout)
{
	for (size_t i = 0; i < layouts->count; i++)
		if (layouts->layout[i].id == layout->id &&
		    layouts->layout[i].multi_thread.pointer == layout->multi_thread.pointer &&
		    layouts->layout[i].multi_thread.counter == layout->multi_thread.counter)
			return;
	if (layouts->count < TOKIO_LAYOUTS)
		layouts->layout[layouts->count++] = *layout;
}

/* The places in one thread's memory where it looks like a context with a core. */
static void search_thread(pid_t pid, uint64_t fs, const struct tokio_layout *searched, const uint64_t *words,
			  struct tokio_layouts *places)
{
	for (uint64_t at = 0; at + CONTEXT_SIZE <= searched->searched; at += 8) {
		uint64_t below = searched->searched - at,
			 pointer = words[(at + searched->multi_thread.pointer) / 8];
		struct tokio_layout layout = *searched;
		struct tokio_poll poll;

		if (pointer < 4096 || pointer & 7 || pointer >> 47 || words[(at + searched->id) / 8] >> 48 ||
		    (searched->id_tag && words[(at + searched->id_tag) / 8] > 1))
			continue;
		layout.id = below - searched->id;
		layout.id_tag = searched->id_tag ? below - searched->id_tag : 0;
		layout.budget = below - searched->budget;
		layout.multi_thread.pointer = layout.current_thread.pointer =
			below - searched->multi_thread.pointer;
		layout.searched = 0;
		layout.current_thread.known = find_current(pid, fs, &layout);
		if (look_at_thread(pid, fs, &layout, &poll) != AS_EXPECTED)
			continue;
		layout.current_thread.known = false;
		add_place(places, &layout);
	}
}

/* Replaces the layouts whose place is not known by those at the places where they are seen. */
static void search(pid_t pid, const struct thread *threads, size_t count, struct tokio_layouts *layouts)
{
	struct tokio_layouts places = {.unsure = layouts->unsure};
	uint64_t size = layouts->count ? layouts->layout[0].searched : 0, *words;
	int64_t start = now_ms();

	if (!size)
		return;
	words = size > SEARCHED_MAX ? NULL : xmalloc(size);
	while (words && now_ms() - start < (places.count ? LOOKS_MS : SEARCH_MS)) {
		for (size_t i = 0; i < count; i++) {
			uint64_t fs = threads[i].thread_pointer;

			if (!fs || threads[i].role == ROLE_BLOCKING || !peek(pid, fs - size, words, size))
				continue;
			for (size_t l = 0; l < layouts->count; l++)
				search_thread(pid, fs, &layouts->layout[l], words, &places);
			if (now_ms() - start > SEARCH_MS)
				break;
		}
		pause_between_looks();
	}
	free(words);
	*layouts = places;
}

/* --- which of several --- */

/* What was seen of one layout. */
struct evidence {
	bool wrong, seen;
	bool workers;		 /* of a multi-thread runtime */
	bool moved, polled;	 /* a tick, and a task */
	struct tokio_poll *last; /* of each thread */
};

static void look_once(pid_t pid, const struct thread *threads, size_t count,
		      const struct tokio_layout *layout, struct evidence *e)
{
	for (size_t i = 0; i < count && !e->wrong; i++) {
		struct tokio_poll poll = {0}, *last = &e->last[i];
		enum sight sight = threads[i].thread_pointer
					   ? look_again(pid, threads[i].thread_pointer, layout, &poll)
					   : NOTHING;

		e->wrong = sight == NOT_AS_EXPECTED;
		if (sight != AS_EXPECTED)
			continue;
		e->seen = true;
		e->workers = e->workers || poll.multi_thread;
		e->polled = e->polled || poll.task;
		/* A tick goes up by one each time. */
		if (last->core == poll.core) {
			e->moved = e->moved || poll.tick != last->tick;
			e->wrong = poll.tick - last->tick > TICKS_MAX;
		}
		*last = poll;
	}
}

/* Chooses the one that fits in all looks. Returns NULL, or why none does, or more than one. */
static const char *choose(pid_t pid, const struct thread *threads, size_t count,
			  const struct tokio_layouts *layouts, struct tokio_layout *chosen)
{
	struct evidence evidence[TOKIO_LAYOUTS] = {{0}};
	int64_t start = now_ms();
	size_t fit = 0;
	const char *why;

	for (size_t i = 0; i < layouts->count; i++)
		evidence[i].last = xcalloc(count, sizeof(*evidence[i].last));
	for (int looks = 0;; looks++) {
		bool open = false; /* may still be seen at work */

		for (size_t i = 0; i < layouts->count; i++) {
			struct evidence *e = &evidence[i];

			if (!e->wrong)
				look_once(pid, threads, count, &layouts->layout[i], e);
			open = open || (!e->wrong && e->seen && !(e->moved && e->polled));
		}
		if (looks >= LOOKS_MIN &&
		    now_ms() - start >= (layouts->unsure && open ? UNSURE_MS : LOOKS_MS))
			break;
		pause_between_looks();
	}
	why = "no layout in the table fits its memory (or no thread has a scheduler): is Tokio built with "
	      "tokio_unstable?";
	for (size_t i = 0; i < layouts->count; i++) {
		struct evidence *e = &evidence[i];

		free(e->last);
		if (e->wrong || !e->seen)
			continue;
		if (layouts->unsure && !(e->moved && e->polled)) {
			why = "the version of Tokio is not in the table, and no task ran that would show "
			      "its layout";
			continue;
		}
		if (!e->workers && fit == 1 && chosen->id == layouts->layout[i].id &&
		    !chosen->multi_thread.known) {
			chosen->budget = 0; /* the workers, of which there are none, would tell which */
			continue;
		}
		fit++;
		*chosen = layouts->layout[i];
		chosen->multi_thread.known = e->workers;
	}
	if (fit > 1)
		return "more than one layout in the table fits its memory";
	return fit == 1 ? NULL : why;
}

/* Gives the threads that run a scheduler their roles. */
static const char *find_schedulers(pid_t pid, struct thread *threads, size_t count,
				   const struct tokio_layout *layout)
{
	size_t seen = 0, looked_at = 0;

	for (size_t i = 0; i < count; i++) {
		struct tokio_poll poll = {0};
		enum sight sight;

		if (!threads[i].thread_pointer)
			continue;
		/* A core may be elsewhere for a moment. */
		sight = look_again(pid, threads[i].thread_pointer, layout, &poll);
		for (int tries = 0; tries < TRIES && sight == NOTHING; tries++)
			sight = look_again(pid, threads[i].thread_pointer, layout, &poll);
		if (sight == NOT_AS_EXPECTED)
			return "the memory of a thread does not look like that";
		looked_at++;
		if (sight == AS_EXPECTED) {
			threads[i].role = poll.multi_thread ? ROLE_WORKER : ROLE_CURRENT_THREAD;
			threads[i].watched = true;
			seen++;
		}
	}
	if (!looked_at)
		return "no thread could be stopped to look at its memory";
	return seen ? NULL : "no thread has a scheduler where it should be";
}

const char *tokio_verify(pid_t pid, struct thread *threads, size_t count, const struct tokio_layouts *layouts,
			 struct tokio_layout *layout)
{
	struct tokio_layouts concrete = *layouts;
	const char *why = NULL;

	if (!concrete.count)
		return "no layout is known";
	search(pid, threads, count, &concrete);
	find_currents(pid, threads, count, &concrete);
	*layout = concrete.layout[0];
	/* Debug info tells nothing else to compare with. */
	if (concrete.count != 1 || concrete.layout[0].queue)
		why = choose(pid, threads, count, &concrete, layout);
	return why ? why : find_schedulers(pid, threads, count, layout);
}

bool tokio_polls(pid_t pid, const struct thread *thread, const struct tokio_layout *layout,
		 struct tokio_poll *poll)
{
	struct tokio_poll again = {0};

	/* Twice the same, or it was read while it changed. */
	return thread->thread_pointer &&
	       look_at_thread(pid, thread->thread_pointer, layout, poll) == AS_EXPECTED && poll->polls &&
	       look_at_thread(pid, thread->thread_pointer, layout, &again) == AS_EXPECTED && again.polls &&
	       again.core == poll->core && again.task == poll->task && again.tick == poll->tick;
}

bool tokio_read(const char *text, struct tokio_layout *layout)
{
	uint64_t n[19];
	char *end;

	for (size_t i = 0; i < sizeof(n) / sizeof(*n); i++, text = end) {
		n[i] = strtoull(text, &end, 10);
		if (end == text)
			return false;
	}
	struct tokio_scheduler schedulers[2];

	for (int i = 0; i < 2; i++) {
		const uint64_t *s = n + 5 + 7 * i;

		schedulers[i] = (struct tokio_scheduler){s[0] != 0, s[1], (uint32_t)s[2], s[3],
							 s[4],	    s[5], (uint32_t)s[6]};
	}
	*layout = (struct tokio_layout){.id = n[0],
					.id_tag = n[1],
					.budget = n[2],
					.tagged = n[3] != 0,
					.tag = n[4],
					.multi_thread = schedulers[0],
					.current_thread = schedulers[1]};
	return true;
}
