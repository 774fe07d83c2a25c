/* model.h - what one trace amounts to: the data that every writer (text, chart, exports) reads.
 *
 * Plain structs, no behaviour. Filled by tally.c, read by the writers; nothing here is formatted or escaped.
 * Times are nanoseconds; `first`, `last` and `ns` are on the target's CLOCK_BOOTTIME.
 */
#ifndef HUD_TALLY_MODEL_H
#define HUD_TALLY_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/duration-buckets.h"
#include "base/histogram.h"
#include "judge/judge.h"

/* Who ended a sleep (waker) or ran meanwhile (culprit), most frequent first in a blocker's list. */
struct party {
	const char *comm; /* raw bytes from the kernel: hostile */
	long pid, tid;	  /* of the latest */
	bool same_process;
	const struct verdict *stack; /* may be NULL: not captured, or not the target's */
	uint64_t count, total;	     /* how often; ns of blocking it ended or caused */
};

#define PARTIES_SHOWN 3

/* One line of the report. */
struct blocker {
	enum reason reason;
	bool estimated;	  /* from CPU samples, not from exact events */
	bool main_future; /* it held up the future that block_on polls, and no worker */
	const char
		*function; /* display name of the blamed frame; "module+0xoffset" where there is no symbol */
	const char *file;  /* NULL if unknown */
	unsigned line;
	const char *task; /* NULL if unknown */
	const char *
		nameless_build; /* of a function or task that has no name but where it is: the module's build id,
	                        "" if unknown. NULL: they have names */
	const char *syscall;	/* of the commonest stack, NULL if none */
	uint64_t count, total, max;
	uint64_t unfinished;	    /* of count: still went on when the trace ended */
	uint64_t asleep, run_queue; /* parts of total: sleeping, waiting for a CPU; the rest is running */
	struct histogram durations;
	const struct verdict *stack;	   /* the one with most time */
	uint64_t stack_total;		   /* ns of total that had exactly this stack */
	size_t stacks;			   /* how many distinct ones */
	struct party party[PARTIES_SHOWN]; /* of wakers those that ended at least half of the waits */
	size_t parties;
};

/* One block on the time axis. All of them with DETAIL_SPANS, with who ended it or had the CPU; else the newest 20,000, for the
 * charts. The sum of all durations is blocked + run_queue. */
struct span {
	uint64_t start, duration;
	size_t worker; /* index into workers */
	enum reason reason;
	const struct blocker *blocker;
	const struct verdict *stack; /* may be NULL */
	struct party party;	     /* comm is NULL if unknown; only this block: count and total are 0 */
};

/* What one worker had with one blocker and one of its stacks. */
struct share {
	const struct blocker *blocker;
	const struct verdict *stack; /* may be NULL */
	size_t worker;		     /* index into workers */
	uint64_t count, total, max;
};

/* How much a model tells apart. */
enum detail {
	DETAIL_SUMS,   /* sums, and the newest blocks */
	DETAIL_SHARES, /* shares as well */
	DETAIL_SPANS,  /* and every block, which may be any number of them */
};

struct worker {
	long tid;
	const char *comm; /* raw bytes: hostile */
	enum role role;
	uint64_t first, last;	     /* seen from, until */
	uint64_t blocked, run_queue; /* ns */
	uint64_t blocks, longest;
};

#define TASK_CLASSES 7 /* of polls by how long they took */

/* The lengths (ns) that the classes are below; the last has none. As probes/pollentry.bt has them. */
static const uint64_t task_class[TASK_CLASSES - 1] = {16000, 64000, 256000, 1000000, 4000000, 16000000};

/* Polls of one task. */
struct task {
	const char *name;		    /* NULL: not known */
	uint64_t total;			    /* ns, of those that were long */
	struct histogram durations;	    /* of the long ones */
	uint64_t polls, took[TASK_CLASSES]; /* all of them, and by class, if they were counted; else 0 */
};

/* Stretches in which all workers of multi-thread runtimes were in long polls: a task that became ready then had to wait, for
 * `mean_wait` on average. */
struct stalled {
	size_t workers; /* so many; 0: it is not known, for polls were not told apart, or workers came and went */
	uint64_t total, count, longest, mean_wait;
};

/* The CPU quota of the process's control group, or of a parent's: what it was in the end, and what came of it since the start. */
struct quota {
	const char *name;	/* raw bytes: hostile; NULL: there is none */
	uint64_t quota, period; /* us */
	uint64_t periods;	/* in which it ran */
	uint64_t throttled;	/* of them: it had used it up */
	uint64_t time;		/* ns, for all CPUs together */
};

/* Stretches in which no worker waited in the driver of I/O and timers, although one had nothing to do. */
struct standstill {
	uint64_t total, count, longest;
	const struct blocker *blocker; /* in which another was for most of that time */
	long tid;		       /* who */
};

/* The `meta` lines that writers show; strings raw, NULL if the stream did not have them. */
struct target {
	const char *name, *exe, *build_id, *kernel, *bpftrace, *stacks, *workers_how;
	const char *polls;   /* how polls were told apart: "tls ...", "estimate ..." */
	const char *without; /* what bpftrace or the kernel refused */
	long pid;
	uint64_t threshold; /* ns */
	unsigned hz;
	uint64_t clock_boot, clock_wall; /* the two clocks at one moment, ns; 0: not known */
};

/* Executable memory of the target: what `map` lines said. */
struct mapped {
	uint64_t start, end, offset;
	const char *path;     /* raw bytes; "" for anonymous memory */
	const char *build_id; /* "" if unknown */
};

/* What the threads amount to that poll the main future of a multi-thread runtime (the body of #[tokio::main]). */
struct main_futures {
	size_t threads; /* of the model's workers */
	uint64_t time;	/* for which they were watched, ns */
	uint64_t blocked, run_queue, blocks, longest;
};

/* A file of the target whose symbols are less than they could be. */
struct lacking {
	const char *path; /* raw bytes */
	const char *why;
};

#define IN_PLACE_SHOWN 8

/* Threads that were in block_in_place when tracing began, while none ran the tasks of their runtime. */
struct in_place {
	unsigned long threads;
	const char *where; /* raw: a function, and its source place */
};

#define LACKING_SHOWN 6

/* Lines that this program does not know, as a probe of the user's own prints. */
struct unknown {
	const char *kind; /* a plain word */
	uint64_t lines;
};

#define UNKNOWN_SHOWN 8

struct model {
	struct target target;
	struct lacking lacking[LACKING_SHOWN];
	size_t lackings;
	struct in_place in_place[IN_PLACE_SHOWN];
	size_t in_places;
	struct mapped *mapped; /* by address, none overlapping */
	size_t mappings;
	uint64_t start, end;		  /* of the time that counts (after --window) */
	uint64_t worker_time;		  /* sum over workers of the time they were watched, ns */
	struct main_futures main_futures; /* in none of the sums of workers */
	uint64_t blocked;		  /* sum of all blockers' totals but run-queue waits */
	uint64_t run_queue;		  /* sum of run-queue waits over the threshold */
	uint64_t polls;			  /* of at least the threshold, if they were told apart exactly */
	uint64_t longest_poll;		  /* ns, without waits for a CPU */
	struct task *task;		  /* by total, largest first: of those polls */
	size_t tasks;
	struct stalled stalled;
	struct standstill standstill;
	struct quota quota;
	uint64_t steal; /* ns that the machine's host gave its CPUs to others, all CPUs together */
	/* From then on they were not told apart any more, because that cost too much (0: they were); and how long it took until
	 * tracing was on again. */
	uint64_t estimated_from, unseen;
	uint64_t events, lost, unknown_lines, bad_lines;
	struct unknown unknown[UNKNOWN_SHOWN]; /* part of unknown_lines, by kind */
	size_t unknowns;
	uint64_t stacks, stacks_cut, stacks_missing;
	uint64_t stacks_walked,
		stacks_too_few; /* of stacks_cut: walked in the kernel; deeper than what was copied */
	uint64_t
		registers_strange; /* stacks that were not taken: registers of user mode were not where they should be */
	uint64_t stacks_elsewhere; /* of stacks_cut: they go on on another stack, that was not copied */
	uint64_t stacks_torn;	   /* of stacks_cut, or so: written over before they were read */
	uint64_t stacks_skipped;   /* not copied, because copying had used up its share of time */
	/* Waits over the threshold that were only counted, because there were too many in a second; and what they took. */
	uint64_t events_counted, counted;
	uint64_t polls_counted, polls_counted_ns; /* the same of long polls */
	uint64_t
		thinned; /* from then on no stacks were copied, because tracing cost too much; 0: they were */
	uint64_t stopped,
		stops; /* ns, over all workers, in which these were stopped, and how often: not counted as anything else */
	uint64_t parks;		 /* sleeps over the threshold that were parks: dropped */
	uint64_t other_role;	 /* events of threads that are not workers: dropped */
	bool begun;		 /* it has a begin line */
	bool truncated;		 /* the stream ended without its end line */
	const char *ended;	 /* why the trace ended, raw text of the end line, or NULL */
	struct blocker *blocker; /* by total, largest first; run-queue waits are ranked with the others */
	size_t blockers;
	struct span *span; /* by start */
	size_t spans;
	struct share *share; /* by blocker, stack and worker */
	size_t shares;
	struct worker *worker; /* by tid; threads that poll a main future as well */
	size_t workers;
	/* Workers that are gone, of which only this sum is kept: a process may start any number of them. */
	size_t workers_left_out;
	struct worker left_out;
	uint64_t left_out_time; /* part of worker_time */
	struct histogram run_queue_waits, blocks;
	struct duration_buckets run_queue_buckets, buckets;
};

#endif
