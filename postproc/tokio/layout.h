/* layout.h - where Tokio keeps its state in an executable, so that a probe can read it from outside.
 *
 * Each thread of a runtime points from thread-local memory to its scheduler's context, and that to the worker's core,
 * which is there while a task is polled. Together with a counter in the core and the id of the task that is polled it
 * names one poll. None of this is an interface: it is private to each version of Tokio, and its layout is the compiler's
 * choice. So it comes from the executable's debug info, or from a table of the layouts that Tokio has had, and is compared
 * with the live process before it is believed.
 */
#ifndef HUD_TOKIO_LAYOUT_H
#define HUD_TOKIO_LAYOUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "tokio/tls-block.h"

struct module;
struct thread;

/* What is different in the two schedulers. Offsets in bytes. */
struct tokio_scheduler {
	bool known;
	uint64_t pointer; /* thread pointer minus this: where the pointer to the scheduler's context is */
	uint32_t tag;	  /* what kind of context this is, in Tokio since 1.29 */
	uint64_t core;	  /* in the context: the pointer to the core, null while the core is elsewhere */
	uint64_t counter; /* in the core: 32 bits that are different in another poll */
	uint64_t idle;	  /* in the core: 32 bits that are idle_value while the worker is parked */
	uint32_t idle_value;
};

/* Where everything is. The "thread pointer" is that of the executable's thread-local memory, where that ends: for Tokio in a library, the
 * end of `block`. */
struct tokio_layout {
	struct tls_block block; /* all 0: the executable's */
	uint64_t id;		/* thread pointer minus this: the id of the task that is polled, 64 bits */
	uint64_t
		id_tag; /* thread pointer minus this: 0 there if the id does not count; 0 if it always does */
	uint64_t
		budget; /* thread pointer minus this: 16 bits, what the task may still do in this tick; 0: unknown */
	bool tagged;  /* the context has a tag: both schedulers' pointers are the same one */
	uint64_t tag; /* in the context: the tag, 32 bits */
	struct tokio_scheduler multi_thread, current_thread;
	char how[64]; /* how it was found: "DWARF", "table 1.43", ... */

	/* What is not needed to tell polls apart, but tells a wrong layout. Offsets in the multi-thread core; 0: not known. */
	uint64_t interval; /* 32 bits, behind how many ticks the worker looks for tasks elsewhere */
	uint64_t queue;	   /* the pointer to its own queue, an Arc that is always there */
	/* Up to 1.28. In the context: the pointer to the runtime's handle, behind a word that is 1 if that is multi-thread, else 0. */
	uint64_t handle;
	/* Not 0: where the context is in thread-local memory of so many bytes, is not known. All of the above that counts
	 * from the thread pointer down counts from the context's start up then. */
	uint64_t searched;
};

#define TOKIO_LAYOUTS 16

/* What it may be, to be compared with a live process. */
struct tokio_layouts {
	size_t count;
	bool unsure;		/* the version of Tokio is not one of the table: it must be seen at work */
	uint64_t tls_size;	/* of the module's thread-local memory, rounded up as the ABI does */
	struct tls_block block; /* where that is; the caller finds out for a library */
	struct tokio_layout layout[TOKIO_LAYOUTS];
};

/* Was this module built with Tokio? By its symbols, or by the names of Tokio's sources in its messages. Reads no debug info. */
bool tokio_is_in(struct module *module);

/* Finds the layouts that the module may have; from debug info one. Returns NULL, or why none is known (static text). Reads debug info of
 * the units of Tokio alone. */
const char *tokio_find(struct module *module, struct tokio_layouts *layouts);

/* What tokio_verify says where no thread runs a scheduler of that Tokio. */
extern const char tokio_not_scheduled[];

/* Which of the layouts does the live process `pid` have? Reads the memory of those threads whose thread pointer is known;
 * those that are seen to run a scheduler get its role and are watched. What is not from debug info is looked at several
 * times, for a tenth of a second or, if unsure or if several fit, until it was seen to work, for a few seconds at most. Returns NULL and
 * *layout, or why not (static text): none fits, or more than one. */
const char *tokio_verify(pid_t pid, struct thread *threads, size_t count, const struct tokio_layouts *layouts,
			 struct tokio_layout *layout);

/* One poll: no other poll of the process has the same core, task and tick (but those of two tasks that wake each other may
 * alternate in one tick). */
struct tokio_poll {
	bool polls; /* else the thread is between polls, or parked */
	bool multi_thread;
	uint64_t core, task; /* task 0: the future of a current-thread block_on */
	uint32_t tick;
};

/* Is the thread in a poll at this moment, and in which? Its thread pointer must be known. Also tells of a thread that sleeps
 * in its poll and does nothing that could be traced. */
bool tokio_polls(pid_t pid, const struct thread *thread, const struct tokio_layout *layout,
		 struct tokio_poll *poll);

#endif
