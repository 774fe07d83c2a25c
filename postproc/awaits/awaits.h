/* SPDX-License-Identifier: Apache-2.0 */
/* awaits.h - what a task waits for: from its header in memory to its chain of awaits, by DWARF.
 *
 * Nothing is run or stopped in the target; only memory is read, by the caller's reader. Everything that is
 * read may be torn, freed or hostile, and so may the DWARF: walks are bounded, and what does not fit is left
 * out. All texts are raw: they need base/escape.h before they are shown.
 */
#ifndef HUD_AWAITS_AWAITS_H
#define HUD_AWAITS_AWAITS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "target/memory-reader.h"

struct arena; /* base/arena.h */
struct space; /* resolve/elf/address-space.h */

/* What is known of a task. */
enum await_status {
	AWAIT_SUSPENDED,     /* root is its chain */
	AWAIT_NOT_POLLED,    /* it was never polled: root is its future, nothing below it */
	AWAIT_COMPLETED,     /* its future is gone: it has returned, panicked, or was cancelled */
	AWAIT_RUNNING,	     /* its state says that it is being polled: its place is a thread's stack */
	AWAIT_BLOCKING,	     /* a job of spawn_blocking: it has no awaits */
	AWAIT_NO_DEBUG_INFO, /* the module has none of its tasks: build with debug = 2 (or true) */
	AWAIT_LINES_ONLY,    /* it has line tables (debug = 1), which have no types: build with debug = 2 */
	AWAIT_NO_TYPE,	     /* its debug info does not have the type of this task's future */
	AWAIT_UNREADABLE,    /* memory that is needed is not there */
	AWAIT_DOUBTFUL,	     /* what is there cannot be a task of this type: torn, freed or forged */
};

/* What a node stands for. */
enum await_kind {
	AWAIT_FUNCTION, /* an async function or block: `file` and `line` are those of its await */
	AWAIT_TYPE,	/* another future, of type `function`, around its children */
	AWAIT_LEAF,	/* what is waited for: `waits_for`, and what `on` says of it */
};

/* What a leaf waits for. Each says which members of await_node are set (0, or -1 for `fd`: not known). */
enum await_on {
	AWAIT_ON_UNKNOWN,    /* a future that is not known, or whose memory could not be read */
	AWAIT_ON_SLEEP,	     /* deadline */
	AWAIT_ON_MUTEX,	     /* object: the semaphore's address; wanted, missing, available, granted */
	AWAIT_ON_READ_LOCK,  /* the same */
	AWAIT_ON_WRITE_LOCK, /* the same */
	AWAIT_ON_SEMAPHORE,  /* the same */
	AWAIT_ON_CAPACITY,   /* the same: a bounded channel is full. object is the channel's semaphore */
	AWAIT_ON_ONCE_CELL,  /* the same: another task initialises it */
	AWAIT_ON_CHANNEL,    /* object: the mpsc channel whose next message it waits for */
	AWAIT_ON_BROADCAST,  /* object: the channel */
	AWAIT_ON_WATCH,	     /* object: the Notify inside */
	AWAIT_ON_ONESHOT,    /* object: the channel */
	AWAIT_ON_NOTIFY,     /* object: the Notify */
	AWAIT_ON_BARRIER,    /* object: the Notify inside */
	AWAIT_ON_TASK,	     /* task: the header of the task that is joined */
	AWAIT_ON_SOCKET,     /* fd */
	AWAIT_ON_PROCESS,    /* pid */
	AWAIT_ON_SIGNAL,     /* nothing */
	AWAIT_ON_NOTHING,    /* nothing: it never becomes ready, or all its parts have */
};

/* A future in a chain. */
struct await_node {
	enum await_kind kind;
	const char *function;  /* the function's or type's name, as the report shows names; never NULL */
	const char *file;      /* NULL: unknown. As in DWARF: may be relative to `directory` */
	const char *directory; /* NULL: none */
	unsigned line;	       /* 1-based, 0: unknown. A future that was not polled yet has none */
	bool polled;	       /* false: it was not polled yet; it has no children */
	const char *waits_for; /* leaf: in words, without numbers ("mutex", "socket"); otherwise NULL */
	enum await_on on;
	uint64_t address; /* of this future in the target */
	uint64_t object;  /* address of what is waited for: two tasks that wait for one thing have the same */
	uint64_t task;	  /* header of another task */
	uint64_t deadline;	    /* CLOCK_MONOTONIC, ns */
	uint64_t wanted, missing;   /* permits: asked for, still missing */
	uint64_t available;	    /* permits that the semaphore has to give */
	bool granted;		    /* it has all permits, but was not polled since */
	int fd;			    /* -1: not known */
	long pid;		    /* 0: not known */
	struct await_node *child;   /* the first of its children: what it polls */
	struct await_node *sibling; /* the next child of the same parent */
	size_t children;
};

/* A guard or permit that a suspended function may hold. (It may have been dropped by hand: DWARF cannot
 * tell.) */
struct await_guard {
	enum await_on on;	       /* AWAIT_ON_MUTEX, _READ_LOCK, _WRITE_LOCK or _SEMAPHORE */
	const char *type;	       /* "tokio::sync::mutex::MutexGuard" */
	uint64_t object;	       /* address of the semaphore, as in await_node.object */
	uint64_t permits;	       /* 0: not known */
	const struct await_node *node; /* the function that holds it */
	struct await_guard *next;
};

/* A future that a suspended function holds and does not poll now: by mistake, if it is granted. */
struct await_held {
	const struct await_node *node; /* the function that holds it */
	struct await_node *future;     /* its own chain. A lock that it was granted: a leaf with `granted` */
	struct await_held *next;
};

/* What awaits_of_task() found. */
struct await_task {
	enum await_status status;
	const char *future;	 /* the name of its future, NULL: unknown */
	uint64_t size;		 /* of the future, bytes; 0: unknown */
	struct await_node *root; /* NULL unless AWAIT_SUSPENDED or AWAIT_NOT_POLLED */
	size_t nodes;		 /* in root and held */
	bool deeper;		 /* there is more than is told: it ended at AWAIT_NODES or AWAIT_DEPTH */
	size_t unread; /* how many futures could not be followed: memory was not there, or made no sense */
	struct await_guard *guards;
	struct await_held *held;
	struct arena *memory; /* where all of this is */
};

#define AWAIT_NODES 20000u /* of one task at most */
#define AWAIT_DEPTH 1000u  /* nodes above each other at most, so that readers may recurse */

struct awaits;

/* Finds the await chains of tasks of the process whose address space is `space`, through its modules' debug
 * info; reads a module's when a task first needs it. `space` must outlive it, and have the mappings that hold
 * vtables' functions. */
struct awaits *awaits_new(struct space *space);
void awaits_free(struct awaits *awaits);

/* Reads the task with its header at `header`. Never NULL; the caller frees it by awaits_task_free(). Texts in
 * it are valid until awaits_free(). */
struct await_task *awaits_of_task(struct awaits *awaits, uint64_t header, const struct memory_reader *memory);
void awaits_task_free(struct await_task *task);

/* The leaf of a chain without branches; NULL if it has some. */
const struct await_node *await_only_leaf(const struct await_node *root);

/* Is what the leaf waits for there? */
enum await_belief { AWAIT_NOT_THERE, AWAIT_PERHAPS, AWAIT_THERE };
typedef enum await_belief await_believe(void *arg, const struct await_node *leaf);

/* Searches [start, end) of a stack for a future of Tokio's block_on (the body of #[tokio::main]), in the module at address
 * `code`. Copies that were not polled yet stand there, too, and bytes that only look like one. So it has to be suspended,
 * something that it waits for has to be there, and nothing must not. NULL: there is none, or there are several. The caller
 * frees it. */
struct await_task *awaits_of_stack(struct awaits *awaits, uint64_t code, uint64_t start, uint64_t end,
				   const struct memory_reader *memory, await_believe *believe, void *arg);

/* Why the module at `address` (a function of a task's vtable) has no types: static text that ends with what to
 * build it with. NULL if it has them. */
const char *awaits_problem(struct awaits *awaits, uint64_t address);

#endif
