/* SPDX-License-Identifier: Apache-2.0 */
/* judge.h - decides what a named stack means: the thread's role, whose code runs, and why it is there.
 *
 * Each distinct stack is judged once. The same rules find the workers before a trace (head/roles.c) and judge
 * each event's stack during it, so a thread that changes its role is judged by what it does.
 */
#ifndef HUD_JUDGE_JUDGE_H
#define HUD_JUDGE_JUDGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "resolve/symbolize/frame.h"
#include "stream/event.h"
#include "tokio/role.h"

/* Why a worker did not return from its poll. In the order of reasons[] in reasons.c. */
enum reason {
	REASON_COMPUTING,   /* running on a CPU */
	REASON_FILE,	    /* file I/O: std::fs, fsync, open ... */
	REASON_FILE_LOCK,   /* a lock on a file: flock, fcntl */
	REASON_SLEEP,	    /* nanosleep: std::thread::sleep */
	REASON_LOCK,	    /* a futex outside Tokio's park: Mutex, RwLock, Condvar, join, channel */
	REASON_NAME_LOOKUP, /* getaddrinfo */
	REASON_SOCKET,	    /* a blocking socket call or poll/select */
	REASON_STDIN,	    /* reading standard input */
	REASON_STDOUT,	    /* writing to standard output, or waiting for another writer */
	REASON_STDERR,	    /* the same for standard error */
	REASON_PIPE,	    /* another pipe */
	REASON_CHILD,	    /* starting a program, waiting for it, or reading its output */
	REASON_PAGE_FAULT,  /* asleep in a page fault */
	REASON_BLOCK_ON,    /* a runtime's block_on inside a task */
	REASON_SYSCALL,	    /* asleep in any other system call */
	REASON_RUN_QUEUE,   /* runnable, but another thread had the CPU */
	REASON_THROTTLED,   /* runnable, but its control group had used up its CPU quota */
	REASON_COUNT,
};

/* A call chain and its meaning. Immutable, owned by the judge. */
struct verdict {
	uint32_t id; /* 1, 2, ... in order of discovery */
	enum role role;
	bool parked;	  /* asleep because there is nothing to do */
	bool in_place;	  /* below block_in_place: the thread has passed on its scheduler */
	bool in_poll;	  /* below a poll of a task, or of block_on's own future */
	bool of_block_on; /* this poll is of block_on's own future, which is no task */
	bool cut;	  /* does not reach the thread's start */
	const char *task; /* display name of the polled future, or NULL */
	/* Index of the frame to blame: the first of the user's code from the leaf, or the function that it
	 * calls if nothing tells whose that is; otherwise the first dependency's; otherwise what the poll
	 * last called in std; otherwise the first without a name; otherwise the leaf. */
	size_t blame;
	/* Index of the outermost frame of the task; the frames behind it are the runtime's. `count` outside a
	 * poll. */
	size_t poll;
	size_t count;
	const struct frame *const *frame; /* leaf first, with inlined frames */
	bool idle;			  /* parked, or in a scheduler that calls no task */
};

struct judge;

struct judge *judge_new(void);
void judge_free(struct judge *judge);

/* Judges a chain of `count` frames, leaf first. `cut`: it does not reach the thread's start. The frames must
 * outlive the judge; the array is copied. Equal chains (of the same frames) get the same verdict. */
const struct verdict *judge_stack(struct judge *judge, const struct frame *const *frame, size_t count,
				  bool cut);

/* Compares stacks by when they were first seen, NULL first: less than, equal to, or greater than 0. */
int judge_order(const struct verdict *a, const struct verdict *b);

/* Are the frames of one function? Without names: at the same address. */
bool judge_same_function(const struct frame *a, const struct frame *b);

/* Do two stacks, or none, blame the same function? */
bool judge_same_blame(const struct verdict *a, const struct verdict *b);

/* Which system call it is whose thread sleeps in restart_syscall, after it was stopped in there: of those that the kernel
 * goes on with so (nanosleep, poll, a futex with a timeout), the one that the C library's function tells. Static text. */
const char *judge_restarted(const struct verdict *verdict);

/* The call that a thread slept in. */
struct asleep {
	const char *syscall;	    /* its name; "" if not known; NULL for none: a page fault */
	char state;		    /* 'S'; 'D': uninterruptible; 0: not known */
	enum descriptor descriptor; /* what the call used */
	long number;		    /* its number */
};

/* Why a worker with this stack was off its CPU. What its code called decides before the system call that this
 * led to. */
enum reason judge_sleep(const struct verdict *verdict, const struct asleep *asleep);

/* Is it a wait for a CPU, for which no code of the worker's is to blame? */
static inline bool judge_is_wait(enum reason reason)
{
	return reason == REASON_RUN_QUEUE || reason == REASON_THROTTLED;
}

/* Why a worker was running with this stack: file I/O and name lookup use the CPU, too. */
enum reason judge_running(const struct verdict *verdict);

#endif
