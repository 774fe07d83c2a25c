/* stream.h - the event-line stream, version 1, as described in probes/README.md: text to events.
 *
 * Only syntax is known here: what a line says, not what it means.
 */
#ifndef HUD_STREAM_H
#define HUD_STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "symbolize.h"

enum event_kind {
	EVENT_META,
	EVENT_MAP,
	EVENT_THREAD,
	EVENT_SITE,
	EVENT_BEGIN,
	EVENT_END,
	EVENT_SAMPLE,
	EVENT_RUNQ,
	EVENT_SLEEP,
	EVENT_POLL,
	EVENT_NAMED,
	EVENT_GONE,
	EVENT_LIMIT,
	EVENT_LOST,
	EVENT_STACK,
	EVENT_WORDS,
	EVENT_RETURNS,
	EVENT_FRAMES,
	EVENT_FRAME,   /* one frame of a stack that was resolved already */
	EVENT_ADDRESS, /* one line below a `frames` line */
};

#define WORDS_PER_LINE 16

/* One line. Which fields count depends on the kind; strings point into the stream's line buffer, are unescaped, and are
 * valid until the next call. */
struct event {
	enum event_kind kind;
	uint64_t ns;
	long tid;
	unsigned cpu;
	uint64_t stack;		    /* SAMPLE, RUNQ, SLEEP, STACK, WORDS, RETURNS, FRAMES: id */
	uint64_t age;		    /* SAMPLE */
	uint64_t asleep, run_queue; /* SLEEP both, RUNQ the second */
	bool preempted;		    /* RUNQ: was running before, not woken */
	char state;		    /* SLEEP: 'S' or 'D' */
	long syscall;		    /* SLEEP: -1 = none */
	struct {
		long pid, tid;
		uint64_t stack;
		const char *comm;
	} other; /* RUNQ: culprit; SLEEP: waker */
	struct {
		uint64_t before, first, last; /* ns */
		uint64_t off, wait;	      /* of it: off the CPU; that it could run, but had none */
		uint64_t site;		      /* where it was seen to begin; 0: not so */
		bool running, taken_back;
	} poll;			 /* POLL; SITE: the site alone */
	uint64_t ip, sp, bp, lr; /* STACK: registers, lr 0 where there is none. ADDRESS: ip */
	uint32_t chunks;	 /* STACK: how many `words` lines describe it */
	uint32_t chunk;		 /* WORDS: which of them this is, from 0 */
	uint64_t word
		[WORDS_PER_LINE]; /* WORDS: 0 where the word was not kept. RETURNS: place and address by turns */
	uint64_t count;		  /* LOST, LIMIT; RETURNS: of pairs */
	struct {
		uint64_t start, end, offset;
		bool executable;
		const char *build_id, *path;
	} map;
	const char *key,
		*text; /* META: key and value; THREAD: role and comm; SITE: kind and future; NAMED: comm; END: why */
	struct frame frame; /* FRAME */
	bool whole;	    /* FRAME: the stack is not cut */
	bool watched;	    /* THREAD */
};

struct stream;

/* Reads event lines from `in`, which stays the caller's. Exits the program when out of memory. */
struct stream *stream_new(FILE *in);
void stream_free(struct stream *s);

/* The next event. 1: *e is filled. 0: end of the stream; a last line without its end was cut off, and is left out. -1: read
 * error, errno is set. Lines that are not event lines, or longer than 1 MiB, are counted and skipped. */
int stream_next(struct stream *s, struct event *e);

/* What was skipped so far: lines of an unknown kind, and lines of a known kind that could not be parsed. */
uint64_t stream_unknown_lines(const struct stream *s);
#define STREAM_UNKNOWN_KINDS 8

/* The i-th of the first so many kinds among them, and how many lines are of it; NULL if there are not that many. The name is
 * plain ASCII, and valid as long as the stream. */
const char *stream_unknown_kind(const struct stream *s, size_t i, uint64_t *lines);

uint64_t stream_bad_lines(const struct stream *s);

/* The version in the stream's first line, 0 if it has none (a bare probe's output). */
unsigned stream_version(const struct stream *s);

#endif
