/* pollsites.h - where in an executable a poll of a task begins, and where it ends: for probes at these places.
 *
 * Tokio polls a task through a table of functions, so `tokio::runtime::task::raw::poll` is there once for each type of
 * future that is spawned, in optimised builds too, as long as there is a symbol table. A poll ends where the next one
 * begins, or where the thread parks. Tokio 1.24 to 1.53 were looked at.
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
	SITE_POOL, /* the closure of a spawn_blocking begins: what ran on this thread before has ended */
	SITE_PARK, /* the thread has nothing to do: its poll has ended */
	SITE_PARK_CURRENT, /* the same on a current-thread runtime, which then looks at block_on's own future */
	SITE_IN_PLACE, /* block_in_place hands the worker's tasks over: its poll goes on, but blocks nobody */
	SITE_IN_PLACE_END, /* what block_in_place ran is over: the poll until now is not to be counted */
};

#define SITE_KINDS "PBKCIE" /* a letter for each, for event lines */

struct pollsite {
	enum pollsite_kind kind;
	uint64_t function; /* where it begins, in the target's space */
	uint64_t address;  /* the same of the instruction to probe */
	bool slow;	   /* the kernel has to step over this instruction, which takes many times as long */
	char *future;	   /* display name of the future's type; NULL if it is not known */
};

struct pollsites {
	struct pollsite *site; /* by address */
	size_t count, polls;   /* of all kinds; of SITE_POLL */
};

/* Why there may be too many of them. */
extern const char pollsites_too_many[];

/* The most places that are probed: the kernel takes some 0.1 s for each to take the probe off. */
#define POLLSITES_LIMIT 128

/* Finds the places in a module of the live process `pid`, whose memory tells which polls are those of spawn_blocking
 * where names do not. Returns NULL, or why polls cannot be told apart by them (static text). If some were left out, the polls
 * before would seem to last: so there are all or none. The caller frees them by pollsites_free. */
const char *pollsites_find(pid_t pid, struct module *module, struct symbolizer *symbolizer,
			   struct pollsites *sites);
void pollsites_free(struct pollsites *sites);

#endif
