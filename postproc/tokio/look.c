/* SPDX-License-Identifier: Apache-2.0 */
/* look.c - see look.h. */
#include "tokio/look.h"

#include <time.h>

#include "target/inspector.h"

#define PAUSE_NS 2500000
#define INTERVAL_MAX (1u << 20) /* polls until a worker looks at the global queue: 2 to 127 by default */

bool tokio_peek(pid_t pid, uint64_t addr, void *to, size_t size)
{
	return inspector_memory(pid, addr, to, size) == size;
}

static bool peek(void *pid, uint64_t address, void *to, size_t size)
{
	return tokio_peek(*(pid_t *)pid, address, to, size);
}

struct memory_reader tokio_memory(pid_t *pid)
{
	return (struct memory_reader){peek, pid};
}

bool tokio_is_arc(pid_t pid, uint64_t pointer)
{
	uint64_t counts[2];

	return pointer && !(pointer & 7) && tokio_peek(pid, pointer, counts, sizeof(counts)) && counts[0] &&
	       counts[1] && !(counts[0] >> 32) && !(counts[1] >> 32);
}

static enum tokio_match look(pid_t pid, uint64_t fs, const struct tokio_layout *layout,
			     const struct tokio_scheduler *t, uint64_t context, struct tokio_poll *poll)
{
	uint64_t id, tag = 1, core, idle = 0, queue;
	uint32_t counter, interval;

	if (!tokio_peek(pid, fs - layout->id, &id, sizeof(id)) ||
	    (layout->id_tag && !tokio_peek(pid, fs - layout->id_tag, &tag, sizeof(tag))) || tag > 1 ||
	    (tag && id >> 48) || !tokio_peek(pid, context + t->core, &core, sizeof(core)))
		return TOKIO_NOT_AS_EXPECTED;
	if (!core)
		return TOKIO_NOTHING; /* now */
	if (core & 7 || !tokio_peek(pid, core + t->counter, &counter, sizeof(counter)) ||
	    !tokio_peek(pid, core + t->idle, &idle, t == &layout->multi_thread ? 8 : 4))
		return TOKIO_NOT_AS_EXPECTED;
	if (t == &layout->multi_thread && idle && !tokio_is_arc(pid, idle))
		return TOKIO_NOT_AS_EXPECTED;
	if (t == &layout->current_thread && layout->interval &&
	    (!tokio_peek(pid, core + t->counter + 4, &interval, 4) || interval != TOKIO_CURRENT_INTERVAL))
		return TOKIO_NOTHING; /* it was set */
	if (t == &layout->multi_thread && layout->interval &&
	    (!tokio_peek(pid, core + layout->interval, &interval, 4) || !interval || interval > INTERVAL_MAX))
		return TOKIO_NOT_AS_EXPECTED;
	if (t == &layout->multi_thread && layout->queue &&
	    (!tokio_peek(pid, core + layout->queue, &queue, 8) || !tokio_is_arc(pid, queue)))
		return TOKIO_NOT_AS_EXPECTED;
	*poll = (struct tokio_poll){.core = core,
				    .task = tag ? id : 0,
				    .tick = counter,
				    .multi_thread = t == &layout->multi_thread};
	/* If it is not known whether it is parked, only tasks count. */
	poll->polls = (uint32_t)idle != t->idle_value &&
		      (poll->task || (!poll->multi_thread && t->idle != t->counter));
	return TOKIO_AS_EXPECTED;
}

enum tokio_match tokio_look(pid_t pid, uint64_t fs, const struct tokio_layout *layout,
			    struct tokio_poll *poll)
{
	const struct tokio_scheduler *both[] = {&layout->multi_thread, &layout->current_thread};
	enum tokio_match match = TOKIO_NOTHING;

	for (int i = 0; i < 2; i++) {
		uint64_t context, tag = 0;

		if (!both[i]->known)
			continue;
		/* It has ended, or has no runtime. */
		if (!tokio_peek(pid, fs - both[i]->pointer, &context, sizeof(context)) || !context)
			continue;
		if (context & 7)
			return TOKIO_NOT_AS_EXPECTED;
		if (layout->tagged && !tokio_peek(pid, context + layout->tag, &tag, 4))
			return TOKIO_NOT_AS_EXPECTED;
		if (layout->tagged && tag > 15)
			return TOKIO_NOT_AS_EXPECTED;
		if (layout->tagged && tag != both[i]->tag)
			continue;
		match = look(pid, fs, layout, both[i], context, poll);
		if (match != TOKIO_NOTHING)
			return match;
	}
	return match;
}

void tokio_pause(void)
{
	nanosleep(&(struct timespec){.tv_nsec = PAUSE_NS}, NULL);
}
