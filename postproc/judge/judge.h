/* judge.h - what a named stack means: the thread's role, whose code it is in, why it is there.
 *
 * Every distinct stack is judged once. The same rules find the workers before a trace starts (head/roles.c) and
 * decide on every event's stack during it, so a thread that changes its role is judged by what it was doing.
 */
#ifndef HUD_JUDGE_JUDGE_H
#define HUD_JUDGE_JUDGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "resolve/symbolize/frame.h"
#include "stream/event.h"
#include "tokio/role.h"

/* Why a worker did not come back from its poll. The order is that of reasons[] in reasons.c. */
enum reason {
	REASON_COMPUTING,   /* running on a CPU */
	REASON_FILE,	    /* file I/O: std::fs, fsync, open ... */
	REASON_FILE_LOCK,   /* a lock on a file: flock, fcntl */
	REASON_SLEEP,	    /* nanosleep: std::thread::sleep */
	REASON_LOCK,	    /* a futex that is not Tokio's park: Mutex, RwLock, Condvar, join, channel */
	REASON_NAME_LOOKUP, /* getaddrinfo */
	REASON_SOCKET,	    /* a blocking socket call or poll/select */
	REASON_STDIN,	    /* reading standard input */
	REASON_STDOUT,	    /* writing to standard output, or waiting for who does */
	REASON_STDERR,	    /* the same of standard error */
	REASON_PIPE,	    /* another pipe */
	REASON_CHILD,	    /* starting a program, waiting for it, reading what it writes */
	REASON_PAGE_FAULT,  /* asleep in a page fault */
	REASON_BLOCK_ON,    /* a runtime's block_on inside a task */
	REASON_SYSCALL,	    /* asleep in any other system call */
	REASON_RUN_QUEUE,   /* runnable, but another thread had the CPU */
	REASON_THROTTLED,   /* runnable, but its control group had used up its quota */
	REASON_COUNT,
};

/* One call chain with its meaning. Immutable once made, owned by the judge. */
struct verdict {
	uint32_t id; /* 1, 2, ... in order of first sight */
	enum role role;
	bool parked;	  /* asleep because there is nothing to do */
	bool in_place;	  /* below block_in_place: the thread has given its scheduler away */
	bool in_poll;	  /* below a task's poll, or that of a block_on's own future */
	bool cut;	  /* could not be followed to the thread's start */
	const char *task; /* display name of the polled future, or NULL */
	size_t blame; /* index of the frame to blame: the first frame of the user's code from the leaf, or what that
	                        calls if nothing tells whose it is; if there is none the first dependency's, else
	                        what std's code the poll called last, else the first without a name, else the leaf */
	size_t poll; /* index of the outermost frame that still belongs to the task; frames above it are the
	                        runtime's. count if not in a poll */
	size_t count;
	const struct frame *const *frame; /* leaf first, inlined frames included; count of them */
	bool idle; /* parked, or in a scheduler that calls nothing that could be a task's */
};

struct judge;

struct judge *judge_new(void);
void judge_free(struct judge *judge);

/* Judges a chain of `count` frames, leaf first. `cut`: the unwinder did not reach the thread's start. The frames must
 * outlive the judge; the array is copied. The same chain gives the same verdict (compared by frames). */
const struct verdict *judge_stack(struct judge *judge, const struct frame *const *frame, size_t count,
				  bool cut);

/* Orders stacks by when they were first seen, NULL before all: less than, equal to or more than 0. */
int judge_order(const struct verdict *a, const struct verdict *b);

/* Are two frames of the same function? Where there is no name, of the same place. */
bool judge_same_function(const struct frame *a, const struct frame *b);

/* Which system call it is whose thread sleeps in restart_syscall, after it was stopped in there: of those that the kernel
 * goes on with so (nanosleep, poll, a futex with a timeout), the one that the C library's function tells. Static text. */
const char *judge_restarted(const struct verdict *verdict);

/* What a thread slept in. */
struct asleep {
	const char *syscall; /* the call's name, "" if that is not known, or NULL for none, that is a fault */
	char state;	     /* 'S'; 'D': could not be interrupted; 0: not known */
	enum descriptor descriptor; /* that the call was on */
	long number;		    /* of that */
};

/* The reason a worker with this stack was off the CPU: what its code called decides, before the system call that this ended in. */
enum reason judge_sleep(const struct verdict *verdict, const struct asleep *asleep);

/* Is it a wait for a CPU, which no code of the worker's is to blame for? */
static inline bool judge_is_wait(enum reason reason)
{
	return reason == REASON_RUN_QUEUE || reason == REASON_THROTTLED;
}

/* The reason for a worker that was running with this stack: file I/O or a name lookup burn CPU too. */
enum reason judge_running(const struct verdict *verdict);

#endif
