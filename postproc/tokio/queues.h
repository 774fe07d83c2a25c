/* SPDX-License-Identifier: Apache-2.0 */
/* queues.h - where a multi-thread runtime keeps the tasks that are ready, and how many of its workers are
 * idle.
 *
 * Each worker has a queue of 256 tasks, from which others steal, and a LIFO slot for the task that was woken
 * last. What has no room there, and what other threads spawn or wake, is in the injection queue of all
 * workers. Tokio counts the first by two indices, and the last by a counter.
 */
#ifndef HUD_TOKIO_QUEUES_H
#define HUD_TOKIO_QUEUES_H

#include <elfutils/libdw.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* Offsets in bytes. Arc<T> points to two counters of 8 bytes, then T: offsets behind an Arc include them. */
struct tokio_queues {
	uint64_t queue; /* in the core: the Arc of the worker's queue */
	uint64_t
		head; /* behind that, 64 bits: in the lower half, the index of the first task; 0: nothing here is
			   known */
	uint64_t tail;	  /* the same, 32 bits: the index behind the last task */
	uint64_t lifo;	  /* the LIFO slot, null if empty */
	bool lifo_shared; /* it is behind the queue's Arc, where others can steal it, not in the core */
	uint64_t worker;  /* in the context: the Arc of the worker */
	uint64_t handle;  /* behind that: the Arc of the runtime's handle */
	uint64_t inject;  /* behind that, 64 bits: how many tasks are in the injection queue */
	uint64_t
		unparked; /* the same: workers that are not parked, from bit 16 up; below, those that search */
	uint64_t workers; /* the same: how many there are */
};

/* Reads the offsets from debug info: of the types of a worker's context and core. All 0 if one is not as
 * expected. */
struct tokio_queues tokio_queues_of(const Dwarf_Die *context, const Dwarf_Die *core);

/* What is in them. */
struct tokio_ready {
	uint32_t local, lifo;		  /* of one worker; lifo: 0 or 1 */
	uint64_t injected, idle, workers; /* of its runtime */
};

/* Reads the live process: the queues of the worker with this context and core. Returns false if what is there
 * cannot be queues. Another thread may change them meanwhile. */
bool tokio_queues_read(pid_t pid, const struct tokio_queues *queues, uint64_t context, uint64_t core,
		       struct tokio_ready *ready);

#endif
