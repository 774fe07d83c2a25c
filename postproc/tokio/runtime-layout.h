/* SPDX-License-Identifier: Apache-2.0 */
/* runtime-layout.h - where Tokio keeps a runtime's figures: from debug info, or from a table of known layouts.
 *
 * As with layout.h, none of this is a public interface. Checked with Tokio 1.24 to 1.53.
 */
#ifndef HUD_TOKIO_RUNTIME_LAYOUT_H
#define HUD_TOKIO_RUNTIME_LAYOUT_H

#include <elfutils/libdw.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct module;

/* All are offsets in bytes unless said otherwise. Where something is in an Arc, they count from the Arc's two
 * counts. MT: multi-thread; CT: current-thread; a handle is that of a runtime. */
enum runtime_field {
	MT_CONTEXT_WORKER,  /* in a thread's context: the pointer to its worker */
	MT_CONTEXT_CORE,    /* the pointer to the core, null while the core is elsewhere */
	MT_WORKER_HANDLE,   /* in the worker: the pointer to the handle */
	MT_WORKER_INDEX,    /* 64 bits */
	MT_CORE_LIFO,	    /* in the core: the task in the LIFO slot, or null */
	MT_CORE_QUEUE,	    /* the pointer to the worker's queue */
	MT_REMOTES,	    /* in the handle: the pointer to what others see of workers ... */
	MT_REMOTES_COUNT,   /* ... and how many workers there are, 64 bits */
	MT_REMOTE_SIZE,	    /* no offset: bytes of each */
	MT_REMOTE_QUEUE,    /* in each: the pointer to the worker's queue */
	MT_QUEUE_HEAD,	    /* in the queue: 64 bits, two counts (queue.rs) */
	MT_QUEUE_TAIL,	    /* 32 bits */
	MT_IDLE,	    /* in the handle: 64 bits, how many workers search (16 bits) and are awake */
	MT_INJECTED,	    /* tasks in the injection queue, 64 bits */
	MT_OWNER,	    /* the id of its list of tasks, 64 bits */
	MT_TASKS,	    /* how many tasks it has, 64 bits; since 1.36 */
	MT_POOL,	    /* the pointer to its blocking pool */
	MT_METRICS,	    /* the pointer to what it counts of its workers; since 1.45 */
	MT_NAME,	    /* the pointer to its name; since 1.51 */
	MT_NAME_LENGTH,	    /* 64 bits */
	MT_NAME_CAPACITY,   /* 64 bits; the highest is set if there is no name */
	CT_CONTEXT_HANDLE,  /* in a thread's context: the pointer to the handle */
	CT_CONTEXT_CORE,    /* the pointer to the core */
	CT_CORE_QUEUE_HEAD, /* in the core, of the queue: where it begins, 64 bits */
	CT_CORE_QUEUE_TAIL, /* where it ends, 64 bits: before Rust 1.67 */
	CT_CORE_QUEUE_LEN,  /* or how long it is, 64 bits */
	CT_CORE_QUEUE_CAP,  /* 64 bits */
	CT_INJECTED,	    /* in the handle; since 1.29 */
	CT_OWNER,
	CT_TASKS,
	CT_POOL,
	CT_METRICS, /* what it counts of its worker, no pointer */
	CT_NAME,
	CT_NAME_LENGTH,
	CT_NAME_CAPACITY,
	POOL_THREADS, /* in the pool: all 64 bits */
	POOL_IDLE,
	POOL_QUEUED,
	POOL_CAP,
	POOL_JOBS_BUFFER, /* of the queue of its jobs, an array that is used as a ring: the pointer to that */
	POOL_JOBS_HEAD,	  /* where it begins */
	POOL_JOBS_TAIL,	  /* before Rust 1.67: where it begins, and the head is where it ends */
	POOL_JOBS_LEN,	  /* or how long it is */
	POOL_JOBS_CAP,
	METRICS_SIZE,	 /* no offset: bytes of what is counted of a worker */
	METRICS_BUSY,	 /* in that: for how long it did not park, ns, 64 bits */
	METRICS_PARKS,	 /* how often it parked, 64 bits */
	METRICS_UNPARKS, /* and was back, together: odd while it is parked, 64 bits */
	POOL_NAMER,	 /* the pointer to what names its threads, an Arc: by that a pool is recognised */
	RUNTIME_FIELDS
};

#define RUNTIME_UNKNOWN (-1)
#define RUNTIME_SEARCHED                                                                                     \
	(-2) /* of MT_POOL and CT_POOL: it depends on Tokio's features, and is searched for */

struct runtime_layout {
	int32_t at[RUNTIME_FIELDS]; /* RUNTIME_UNKNOWN: this build does not have it, or it is not known */
	char how[48];		    /* "DWARF", "table 1.24, verified" */
};

#define RUNTIME_LAYOUTS 32

/* Candidates: one from debug info, or those of the table that this version of Tokio may have, which
 * runtime_read() tells apart by what it reads. */
struct runtime_layouts {
	size_t count;
	struct runtime_layout layout[RUNTIME_LAYOUTS];
};

/* Reads the layout from debug info: from the types of a thread's contexts, each NULL if it is not there. Without any field,
 * layout->how is empty. */
void runtime_layout_of(const Dwarf_Die *multi_thread, const Dwarf_Die *current_thread,
		       struct runtime_layout *layout);

/* Finds the layouts that a module may have: the one that tokio_find() read from debug info (`told`), or those of the table.
 * Returns NULL, or why there are none (static text). */
const char *runtime_layouts_find(struct module *module, const struct runtime_layout *told,
				 struct runtime_layouts *layouts);

/* The fields as a row of the table in runtime-table.c, which the caller frees. */
char *runtime_layout_row(const struct runtime_layout *layout);

#endif
