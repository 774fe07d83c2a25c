/* SPDX-License-Identifier: Apache-2.0 */
/* layout.h - where Tokio keeps its state in an executable, so that probes can read it.
 *
 * Each thread of a runtime has a thread-local pointer to its scheduler's context, and that one to the
 * worker's core, which is present while a task is polled. The core, a counter in it, and the task's id
 * identify one poll. None of this is a public interface: it is private to a version of Tokio, and the
 * compiler chooses the layout. So the layout comes from the executable's debug info, or from a table of known
 * layouts, and is verified with the live process.
 */
#ifndef HUD_TOKIO_LAYOUT_H
#define HUD_TOKIO_LAYOUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "tokio/queues.h"
#include "tokio/runtime-layout.h"
#include "tokio/tls-block.h"

struct module;
struct thread;

/* What differs between the two schedulers. Offsets in bytes. */
struct tokio_scheduler {
	bool known;
	uint64_t pointer; /* thread pointer minus this: the pointer to the scheduler's context */
	uint32_t tag;	  /* the context's tag, since Tokio 1.29 */
	uint64_t core;	  /* in the context: the pointer to the core, null while the core is elsewhere */
	uint64_t counter; /* in the core: 32 bits that change from poll to poll */
	uint64_t idle;	  /* in the core: 32 bits that equal idle_value while the worker is parked */
	uint32_t idle_value;
};

/* A layout. "Thread pointer" is the end of `block`, the thread-local memory of the module with Tokio; only for
 * executables of x86-64 is that the thread pointer itself. */
struct tokio_layout {
	struct tls_block block; /* all 0: the executable's on x86-64 */
	uint64_t id;		/* thread pointer minus this: the 64-bit id of the polled task */
	uint64_t id_tag; /* thread pointer minus this: 0 if the id is not valid; offset 0: it always is */
	uint64_t budget; /* thread pointer minus this: 16 bits, the task's remaining budget; 0: unknown */
	bool tagged;	 /* the context has a tag: both schedulers use the same pointer */
	uint64_t tag;	 /* in the context: the tag, 32 bits */
	struct tokio_scheduler multi_thread, current_thread;
	struct tokio_queues queues;    /* of the multi-thread scheduler */
	struct runtime_layout runtime; /* `how` is empty: not known */
	char how[64];		       /* how it was found: "DWARF", "table 1.43", ... */

	/* Not needed to tell polls apart, but to recognise a wrong layout. Offsets in the multi-thread core;
	 * 0: not known. */
	uint64_t interval; /* 32 bits: after how many ticks the worker looks for tasks elsewhere */
	uint64_t queue;	   /* the pointer to its own queue, an Arc that is never null */
	/* Up to 1.28. In the context: the pointer to the runtime's handle; the word before it is 1 for
	 * multi-thread, otherwise 0. */
	uint64_t handle;
	/* Not 0: the offset of the context is not known; it is somewhere in so many bytes of thread-local
	 * memory. Then all offsets above count up from the context's start instead of down from the thread
	 * pointer. */
	uint64_t searched;
};

#define TOKIO_LAYOUTS 16

/* Candidates, to be verified with the live process. */
struct tokio_layouts {
	size_t count;
	bool unsure;		/* the version of Tokio is not in the table: it must be seen at work */
	uint64_t tls_size;	/* of the module's thread-local memory, rounded up as the ABI does */
	struct tls_block block; /* where that is; for a library, the caller fills it in */
	struct runtime_layout
		runtime; /* by debug info, not verified, and known also without any layout; `how` is
					* empty: not known */
	struct tokio_layout layout[TOKIO_LAYOUTS];
};

/* Was this module built with Tokio? Checks symbols, and paths of Tokio's sources in messages; no debug
 * info. */
bool tokio_is_in(struct module *module);

/* Writes the version of the module's Tokio, "1.43.1", into `text`; "" if the module does not name one. */
void tokio_version_text(struct module *module, char *text, size_t size);

/* Finds the layouts that the module may have; debug info gives exactly one. Returns NULL, or why none is
 * known (static text). Reads debug info of Tokio's units only. */
const char *tokio_find(struct module *module, struct tokio_layouts *layouts);

/* What tokio_verify() returns if no thread runs a scheduler of that Tokio. */
extern const char tokio_not_scheduled[];

/* Finds out which of the layouts the live process `pid` has. Reads the memory of the threads whose thread
 * pointer is known; those that run a scheduler get its role and are watched. Layouts that are not from debug
 * info are checked several times: for a tenth of a second; if unsure, or if several fit, until one is seen at
 * work, for a few seconds at most. Returns NULL and *layout, or why not (static text). */
const char *tokio_verify(pid_t pid, struct thread *threads, size_t count, const struct tokio_layouts *layouts,
			 struct tokio_layout *layout);

/* One poll. No other poll in the process has the same core, task and tick, except that two tasks which wake
 * each other may alternate in one tick. */
struct tokio_poll {
	bool polls; /* false: the thread is between polls, or parked */
	bool multi_thread;
	uint64_t core, task; /* task 0: the future of a current-thread block_on */
	uint32_t tick;
};

/* Is the thread in a poll now, and in which? Its thread pointer must be known. Also works if it sleeps in its
 * poll, so that no probe would run. */
bool tokio_polls(pid_t pid, const struct thread *thread, const struct tokio_layout *layout,
		 struct tokio_poll *poll);

#endif
