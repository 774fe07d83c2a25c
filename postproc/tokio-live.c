/* tokio-live.c - see tokio.h: what was found, compared with a live process. */
#include <stdlib.h>

#include "looker.h"
#include "roles.h"
#include "tokio.h"

static bool peek(pid_t pid, uint64_t addr, void *to, size_t size)
{
	return looker_memory(pid, addr, to, size) == size;
}

/* What a thread's memory shows. */
enum sight { NOTHING, AS_EXPECTED, NOT_AS_EXPECTED };

static enum sight look(pid_t pid, uint64_t fs, const struct tokio_layout *layout,
		       const struct tokio_scheduler *t, uint64_t context, struct tokio_poll *poll)
{
	uint64_t id, tag = 1, core, idle = 0, counts[2];
	uint32_t counter;

	if (!peek(pid, fs - layout->id, &id, sizeof(id)) ||
	    (layout->id_tag && !peek(pid, fs - layout->id_tag, &tag, sizeof(tag))) || tag > 1 ||
	    (tag && id >> 48) || !peek(pid, context + t->core, &core, sizeof(core)))
		return NOT_AS_EXPECTED;
	if (!core)
		return NOTHING; /* at this moment */
	if (core & 7 || !peek(pid, core + t->counter, &counter, sizeof(counter)) ||
	    !peek(pid, core + t->idle, &idle, t == &layout->multi_thread ? 8 : 4))
		return NOT_AS_EXPECTED;
	/* An Arc, which begins with its two counts. */
	if (t == &layout->multi_thread && idle &&
	    (idle & 7 || !peek(pid, idle, counts, sizeof(counts)) || !counts[0] || !counts[1] ||
	     counts[0] >> 32 || counts[1] >> 32))
		return NOT_AS_EXPECTED;
	*poll = (struct tokio_poll){.core = core,
				    .task = tag ? id : 0,
				    .tick = counter,
				    .multi_thread = t == &layout->multi_thread};
	poll->polls = (uint32_t)idle != t->idle_value && (poll->task || !poll->multi_thread);
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
		if (!peek(pid, fs - both[i]->pointer, &context, sizeof(context)))
			return NOT_AS_EXPECTED;
		if (!context)
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

const char *tokio_verify(pid_t pid, struct thread *threads, size_t count, const struct tokio_layout *layout)
{
	size_t seen = 0, looked_at = 0;

	for (size_t i = 0; i < count; i++) {
		enum sight sight = NOTHING;
		struct tokio_poll poll = {0};

		if (!threads[i].thread_pointer)
			continue;
		/* It runs meanwhile: what is pointed to may have gone, and a core be elsewhere for a moment. */
		for (int tries = 0; tries < 20 && sight != AS_EXPECTED; tries++)
			sight = look_at_thread(pid, threads[i].thread_pointer, layout, &poll);
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
