/* SPDX-License-Identifier: Apache-2.0 */
/* runtime.h - reads a runtime's figures from the target's memory: workers, queues, blocking pool.
 *
 * Memory changes while it is read. Each number is one that stood there, but not all of them at one moment.
 */
#ifndef HUD_TOKIO_RUNTIME_H
#define HUD_TOKIO_RUNTIME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "target/memory-reader.h"
#include "tokio/runtime-layout.h"

struct tokio_layout;

#define RUNTIME_WORKERS_MAX 4096 /* of one runtime; Tokio's own limit is 32768 */
#define RUNTIME_NAME_MAX 128	 /* bytes of a runtime's name that are read */
#define RUNTIME_NUMBER_UNKNOWN UINT64_MAX

/* What Tokio counts of a worker, since the runtime began. Tokio writes these down when the worker parks or is back, and
 * every so many polls: in a long poll they stand still. */
struct runtime_counts {
	uint64_t busy;	/* ns between parks */
	uint64_t parks; /* how often it parked */
	bool parked;	/* it is */
};

/* A number is RUNTIME_NUMBER_UNKNOWN if this build does not have it, or it could not be read. */
struct runtime_figures {
	bool multi_thread;
	uint64_t handle;		      /* address of its handle, an Arc: tells runtimes apart */
	uint64_t owner;			      /* id of its list of tasks, as in tasks' headers */
	uint64_t tasks;			      /* by Tokio's own count, without jobs of the blocking pool */
	uint64_t workers;		      /* 1 for current-thread */
	uint64_t queued[RUNTIME_WORKERS_MAX]; /* tasks in each worker's queue, without its LIFO slot */
	bool counts;			      /* Tokio counts what workers do: */
	struct runtime_counts work[RUNTIME_WORKERS_MAX];
	uint64_t injected;	   /* tasks in the queue that all workers take from */
	uint64_t searching, awake; /* workers that look for tasks; that are not parked, these included */
	/* The blocking pool: threads, those that wait for jobs, jobs that wait for threads, and how many threads
	 * there may be. A worker of a multi-thread runtime is one of its threads until 1.53. */
	uint64_t pool, pool_threads, pool_idle, pool_queued, pool_cap; /* pool: its address */
	char name[RUNTIME_NAME_MAX + 1]; /* raw bytes: hostile; "" if it has none */
};

/* Reads the runtime whose handle is at `handle`. Returns false if what is there cannot be a handle of this
 * layout. */
bool runtime_read(const struct memory_reader *memory, const struct runtime_layout *layout, uint64_t handle,
		  bool multi_thread, struct runtime_figures *figures);

/* The queue of a worker of a multi-thread runtime: a ring of QUEUE_CAPACITY pointers to tasks' headers. */
struct runtime_queue {
	uint64_t arc;  /* its address */
	uint32_t head; /* the index of its first task; the ring has it at index % QUEUE_CAPACITY */
	uint32_t length;
};

#define QUEUE_CAPACITY 256u /* queue.rs, 1.24 to 1.53 */

/* Reads where the queue of a worker is, and how long. Returns false if it is not there. */
bool runtime_queue_read(const struct memory_reader *memory, const struct runtime_layout *layout,
			uint64_t handle, uint64_t worker, struct runtime_queue *queue);

/* The jobs that wait for a thread of the pool at `pool`: the addresses of their headers, at most `most`. Returns how many;
 * 0 if they cannot be read. */
size_t runtime_pool_jobs(const struct memory_reader *memory, const struct runtime_layout *layout,
			 uint64_t pool, uint64_t *jobs, size_t most);

/* What a thread drives. */
struct runtime_driver {
	bool multi_thread;
	uint64_t handle; /* of the runtime */
	uint64_t worker; /* index of its worker; 0 for current-thread */
	bool has_core;	 /* false: the core is elsewhere now, or being passed on */
	uint64_t lifo;	 /* header of the task in the worker's LIFO slot; 0: none */
	uint64_t queued; /* current-thread only: tasks in its queue, or RUNTIME_NUMBER_UNKNOWN */
};

/* What the thread drives whose thread-local memory of Tokio's module ends at `end` (tls_block_end()). Returns
 * false if it drives no runtime now. */
bool runtime_driven(const struct memory_reader *memory, const struct tokio_layout *tokio,
		    const struct runtime_layout *layout, uint64_t end, struct runtime_driver *driver);

#endif
