/* SPDX-License-Identifier: Apache-2.0 */
/* pollsites.h - where in an executable polls of tasks begin and end: addresses for probes.
 *
 * Tokio polls tasks through a table of functions, so `tokio::runtime::task::raw::poll` exists once for each
 * type of spawned future, in optimised builds too, if there is a symbol table. A poll ends where the next one
 * begins, or where the thread parks. Checked with Tokio 1.24 to 1.53.
 */
#ifndef HUD_TOKIO_POLLSITES_H
#define HUD_TOKIO_POLLSITES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct module;
struct symbolizer;

enum pollsite_kind {
	SITE_POLL, /* a poll of a task begins */
	SITE_POOL, /* the closure of a spawn_blocking begins: what ran on this thread before is over */
	SITE_PARK, /* the thread has nothing to do: its poll is over */
	SITE_PARK_CURRENT, /* the same on a current-thread runtime, which then polls block_on's own future */
	/* block_in_place moves the worker's tasks elsewhere: its poll goes on, but blocks nobody. */
	SITE_IN_PLACE,
	SITE_IN_PLACE_END, /* the closure of block_in_place is over: the poll until now does not count */
	SITE_WAKE,	   /* a task is woken; only where a probe costs little */
};

#define SITE_KINDS "PBKCIEW" /* their letters in event lines */

struct pollsite {
	enum pollsite_kind kind;
	uint64_t function; /* start of the function (address in the target) */
	uint64_t address;  /* the instruction to probe (address in the target) */
	bool slow;	   /* the kernel has to single-step this instruction, which takes many times longer */
	char *future;	   /* display name of the future's type, or NULL */
};

struct pollsites {
	struct pollsite *site; /* sorted by address */
	size_t count, polls;   /* of all kinds; of SITE_POLL */
};

/* Why there are none if there would be too many. */
extern const char pollsites_too_many[];

/* The most sites that are probed: the kernel takes 0.1 s to remove each probe. */
#define POLLSITES_LIMIT 128

/* Finds the sites in a module of the live process `pid`; if names do not tell which polls are
 * spawn_blocking's, its memory does. Returns NULL, or why probes cannot tell polls apart (static text). It
 * finds all sites or none: without one, an earlier poll would seem to last. The caller frees them with
 * pollsites_free(). */
const char *pollsites_find(pid_t pid, struct module *module, struct symbolizer *symbolizer,
			   struct pollsites *sites);
void pollsites_free(struct pollsites *sites);

#endif
