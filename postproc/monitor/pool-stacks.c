/* SPDX-License-Identifier: Apache-2.0 */
/* pool-stacks.c - see pool-stacks.h. */
#include "monitor/pool-stacks.h"

#include <libiberty/libiberty.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/process.h"
#include "stream/event.h"
#include "stream/stack-words.h"
#include "target/inspector.h"
#include "target/procmaps.h"

#define THREADS_TOLD 64
#define ARC_COUNTS 16	       /* bytes: two counts, and then the value of an Arc */
#define THREADS_LOOKED_AT 1024 /* of a process: to find those of the pool */

/* The number of the system call that the thread slept in, by its registers; -1 if it did not sleep. */
static long system_call_of(const struct snapshot *s, bool slept)
{
#if defined(__x86_64__)
	long number = (long)s->registers.orig_rax;
#elif defined(__aarch64__)
	long number = (long)s->registers.regs[8];
#endif
	return slept && number >= 0 && number <= INT_MAX ? number : -1;
}

static bool is_code(const struct procmaps *maps, uint64_t word)
{
	for (size_t i = 0; i < maps->count; i++)
		if (word >= maps->mapping[i].start && word < maps->mapping[i].end)
			return true;
	return false;
}

/* Clears the words of a stack that cannot matter, as in stacks that the probes copied, and drops them at its end. Returns an id for what is left: not one
 * that `hud-postproc copies` takes for a copy's. */
static uint64_t filter(const struct procmaps *maps, struct snapshot *s)
{
	uint64_t id = s->stack.ip, bytes = s->stack.words * sizeof(uint64_t), kept = 0;

	for (size_t i = 0; i < s->stack.words; i++) {
		uint64_t word = s->words[i];

		if (is_code(maps, word))
			id = (id ^ word ^ i << 48) * UINT64_C(0x9e3779b97f4a7c15);
		else if (word - s->stack.sp >= bytes)
			s->words[i] = 0;
		kept = s->words[i] ? i + 1 : kept;
	}
	s->stack.words = kept;
	id = (id ^ id >> 29) & (UINT64_MAX >> 1);
	return id ? id : 1;
}

/* Is one of the words on the thread's stack, or in one of its registers? */
static bool holds(const struct snapshot *s, const uint64_t *wanted, size_t count)
{
	uint64_t registers[sizeof(s->registers) / sizeof(uint64_t)];

	memcpy(registers, &s->registers, sizeof(registers));
	for (size_t k = 0; k < count; k++) {
		for (size_t i = 0; i < s->stack.words; i++)
			if (s->words[i] == wanted[k])
				return true;
		for (size_t i = 0; i < ARRAY_SIZE(registers); i++)
			if (registers[i] == wanted[k])
				return true;
	}
	return false;
}

static bool is_worker(const struct pool_place *place, pid_t tid)
{
	for (size_t i = 0; i < place->workers; i++)
		if (place->worker[i] == tid)
			return true;
	return false;
}

static void write_thread(const struct pool_place *place, const struct procmaps *maps, pid_t tid, bool slept,
			 struct snapshot *s, FILE *out)
{
	bool waits = holds(s, place->job, place->jobs);
	struct event stack = {.kind = EVENT_STACK,
			      .tid = tid,
			      .ip = s->stack.ip,
			      .sp = s->stack.sp,
			      .bp = s->stack.bp,
			      .lr = s->stack.lr};

	long syscall = system_call_of(s, slept);

	stack.stack = filter(maps, s);
	stack.chunks = stack_chunks(s->stack.words);
	event_write(out, &stack);
	stack_words_write(out, stack.stack, tid, s->words, s->stack.words);
	event_write(out, &(struct event){.kind = EVENT_POOLED,
					 .ns = place->ns,
					 .tid = tid,
					 .syscall = syscall,
					 .stack = stack.stack,
					 .pooled = {place->handle, waits, syscall < 0}});
}

size_t pool_stacks_write(const struct pool_place *place, FILE *out)
{
	const uint64_t inner = place->pool + ARC_COUNTS;
	struct inspector_thread *thread;
	struct procmaps maps;
	size_t threads = inspector_threads(place->pid, &thread), told = 0;
	struct snapshot *s = xmalloc(sizeof(*s));

	if (procmaps_read(place->pid, &maps))
		threads = 0;
	for (size_t i = 0; i < threads && i < THREADS_LOOKED_AT && told < THREADS_TOLD; i++) {
		pid_t tid = thread[i].tid;
		struct process_stat stat;
		bool slept = process_stat(place->pid, tid, &stat) && stat.state != 'R';

		if (is_worker(place, tid) || !inspector_thread(tid, s) || !holds(s, &inner, 1))
			continue;
		write_thread(place, &maps, tid, slept, s, out);
		told++;
	}
	procmaps_free(&maps);
	free(s);
	free(thread);
	return told;
}
