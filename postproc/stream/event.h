/* SPDX-License-Identifier: Apache-2.0 */
/* event.h - an event line as described in probes/README.md: what it says, not what it means. */
#ifndef HUD_STREAM_EVENT_H
#define HUD_STREAM_EVENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "resolve/symbolize/frame.h"
#include "resolve/unwind/unwind.h"

enum event_kind {
	EVENT_META,
	EVENT_MAP,
	EVENT_THREAD,
	EVENT_TOKIO,
	EVENT_SITE,
	EVENT_TOOK,
	EVENT_WAITED,
	EVENT_BEGIN,
	EVENT_END,
	EVENT_SAMPLE,
	EVENT_RUNQ,
	EVENT_SLEEP,
	EVENT_POLL,
	EVENT_READY,
	EVENT_NAMED,
	EVENT_GONE,
	EVENT_LIMIT,
	EVENT_COUNTED,
	EVENT_THIN,
	EVENT_TORN,
	EVENT_STRANGE,
	EVENT_SHORTER,
	EVENT_THROTTLED,
	EVENT_STEAL,
	EVENT_DESCRIPTOR,
	EVENT_PARKED,
	EVENT_RUNTIME,
	EVENT_WORKED,
	EVENT_LOOK,
	EVENT_STANDS,
	EVENT_BEHIND,
	EVENT_POOLED,
	EVENT_LOST,
	EVENT_STACK,
	EVENT_WORDS,
	EVENT_RETURNS,
	EVENT_FRAMES,
	EVENT_FRAME,   /* one frame of a stack that was resolved already */
	EVENT_SAME,    /* a stack whose frames are those of another */
	EVENT_ADDRESS, /* one line below a `frames` line */
	EVENT_VERSION, /* the first line of a stream */
	EVENT_OTHER,   /* a line of no known kind: stream_take_others() */
};

/* What a descriptor refers to. */
enum descriptor {
	DESCRIPTOR_UNKNOWN,
	DESCRIPTOR_FILE,
	DESCRIPTOR_PIPE, /* or a FIFO */
	DESCRIPTOR_TERMINAL,
	DESCRIPTOR_SOCKET,
	DESCRIPTOR_OTHER,
	DESCRIPTOR_NONE, /* the call waits for its time only; no line says this by a word */
};

#define WORDS_PER_LINE 16

/* One line. Which fields are used depends on the kind. Strings point into the line, unescaped. */
struct event {
	enum event_kind kind;
	uint64_t ns;
	long tid;
	uint64_t stack;		    /* SAMPLE, RUNQ, SLEEP, STACK, WORDS, RETURNS, FRAMES, FRAME, SAME: id */
	uint64_t age;		    /* SAMPLE */
	uint64_t asleep, run_queue; /* SLEEP both, RUNQ run_queue */
	uint64_t total;		    /* COUNTED: ns */
	struct {
		uint64_t count, total; /* ns */
	} polls;		       /* COUNTED */
	char state;		       /* SLEEP: 'S', 'D', or 'T' (stopped) */
	long syscall;		       /* SLEEP: -1: none */
	struct {
		long pid, tid;
		uint64_t stack;
		const char *comm;
	} other; /* RUNQ: culprit; SLEEP: waker; SAME: its stack alone */
	struct {
		uint64_t before, first, last; /* ns */
		uint64_t id;		      /* of the task */
		/* How long off the CPU; of that, how long it could run but had none. */
		uint64_t off, wait;
		uint64_t site; /* where it began, if that was seen; otherwise 0 */
		bool running, taken_back;
	} poll; /* POLL; SITE and TOOK only use `site` */
	struct {
		uint64_t first;		 /* when the poll began, as in its POLL */
		uint64_t local, lifo;	 /* tasks in the worker's queue, in its LIFO slot */
		uint64_t injected, idle; /* tasks in the injection queue; idle workers */
	} ready;			 /* READY */
	uint64_t ip, sp, bp, lr;	 /* STACK: registers, lr 0 if there is none. ADDRESS: ip */
	uint32_t chunks;		 /* STACK: how many chunks were copied */
	struct {
		uint64_t start;
		uint32_t chunks;
	} part[STACK_PARTS]; /* STACK: the last chunks, which are not from sp up */
	unsigned parts;
	uint32_t chunk; /* WORDS: number of the chunk, from 0. TOOK: class of duration, see tally/model.h */
	uint64_t
		count; /* LOST, LIMIT, TORN, STRANGE, COUNTED; RETURNS: pairs; TOOK: polls; LOOK, STANDS, BEHIND: tasks */
	uint64_t lost; /* LOOK, STANDS: tasks that nothing can wake */
	struct {
		uint64_t quota, period; /* us */
		uint64_t periods, throttled;
	} quota; /* THROTTLED, with `total` in ns */
	struct {
		long number;
		enum descriptor kind;
	} descriptor; /* DESCRIPTOR, with `syscall` */
	struct {
		uint64_t polling, asleep;
	} parked; /* PARKED */
	struct {
		uint64_t handle;
		bool multi_thread;
		/* UINT64_MAX: not known. */
		uint64_t workers, idle, tasks, injected, queued;
		uint64_t threads, threads_idle, jobs, cap; /* of the blocking pool */
	} runtime;					   /* RUNTIME */
	struct {
		uint64_t handle, worker;
		bool by_kernel;
		uint64_t parks, busy;
		uint64_t parked; /* 0, 1; UINT64_MAX: not known */
	} worked;		 /* WORKED, with `tid`, 0 if not known */
	struct {
		uint64_t handle;
		bool waits; /* for a job that has not begun */
		bool runs;  /* it is in no system call */
	} pooled;	    /* POOLED, with `tid`, `syscall` and `stack` */
	struct {
		uint64_t since, least, time, unsure, apart;
	} shorter;	    /* SHORTER */
	const char *future; /* STANDS: NULL: not known */
	const char *key,
		*text; /* META: key and value; THREAD: role and comm; SITE: kind and future; TOKIO: its fields; of both, NULL and why; NAMED: comm; END: why; DESCRIPTOR, THROTTLED, RUNTIME: name; STANDS: state and place; BEHIND: futures, which may be NULL: the one that is polled, and that of the tasks behind it; OTHER: the line */
	union {	       /* the largest, each of a kind of its own */
		uint64_t word
			[WORDS_PER_LINE]; /* WORDS: 0 where it was not kept. RETURNS: place, address, ... */
		struct {
			uint64_t start, end, offset;
			bool executable;
			const char *build_id, *path;
		} map;
		struct frame frame; /* FRAME */
		struct {
			uint64_t offset; /* in the executable */
			bool slow;
		} site; /* SITE */
	};
	bool whole;   /* FRAME: the stack is not cut */
	bool watched; /* THREAD */
};

enum event_parsed {
	EVENT_PARSED,
	EVENT_BAD,     /* a known kind, but malformed */
	EVENT_UNKNOWN, /* an unknown kind */
};

/* Parses a line of `length` bytes without its end, which a NUL follows, in place; one of another kind stays as it was. *e is all 0 before. Only one kind of line is
 * not known here: the address below a `frames` line, which has no word in front. */
enum event_parsed event_parse(char *line, size_t length, struct event *e);

/* Writes a line. Kinds that only probes write (line-kinds.c) are not written. Escapes text; writes NULL as
 * `-`. Errors show in ferror(out). */
void event_write(FILE *out, const struct event *e);

#endif
