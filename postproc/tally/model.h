/* SPDX-License-Identifier: Apache-2.0 */
/* model.h - the result of a trace: the data that all writers (text, chart, exports) read.
 *
 * Plain structs without behaviour. tally.c fills them in; nothing here is formatted or escaped. Times are in
 * ns; `first`, `last` and `ns` are on the target's CLOCK_BOOTTIME.
 */
#ifndef HUD_TALLY_MODEL_H
#define HUD_TALLY_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/duration-buckets.h"
#include "base/histogram.h"
#include "judge/judge.h"
#include "tally/block.h"

/* Who ended a sleep (waker), or ran during a wait (culprit). In a blocker's list the most frequent comes
 * first. */
struct peer {
	const char *comm; /* raw bytes from the kernel: hostile */
	long pid, tid;	  /* of the latest */
	bool same_process;
	const struct verdict *stack; /* may be NULL: not captured, or not the target's */
	uint64_t count, total;	     /* how often; ns of blocking it ended or caused */
	bool processes;		     /* there were several of that name: pid is the latest's */
	bool threads;		     /* there were several: tid is the latest's */
	bool names;		     /* these had several names: comm is the latest's */
};

#define PEERS_SHOWN 3

/* What the holder of a lock did while others waited for it. */
struct held {
	enum reason reason;  /* REASON_RUN_QUEUE: it waited for a CPU, wherever: `stack` is one of several */
	const char *syscall; /* static; NULL or "": none is known */
	const struct verdict *stack;
	uint64_t count, total; /* of the waits: how many, and for how long, ns */
};

#define HELD_SHOWN 2

/* Tasks that were ready to run, but had to wait for the blocked worker: those in its queue and in its LIFO slot, at
 * the last look inside each poll. */
struct held_up {
	uint64_t known;		/* of a blocker's count: so many were looked at */
	uint64_t lifo;		/* of known: with a task in the LIFO slot, which no other worker can take */
	struct histogram tasks; /* how many */
	uint64_t delay;		/* each block's time x tasks, added up, ns */
	uint64_t injected;	/* the most tasks in the injection queue while no worker was idle */
};

/* One line of the report. */
struct blocker {
	enum reason reason;
	bool estimated;	      /* from CPU samples, not exact */
	bool main_future;     /* it blocked the future that block_on polls, not a worker */
	const char *function; /* display name of the blamed frame; "module+0xoffset" without a symbol */
	const char *file;     /* NULL if unknown */
	unsigned line;
	const char *task; /* NULL if unknown */
	/* If the function or task is only known by its offset: the module's build id, "" if unknown;
	 * otherwise NULL. */
	const char *nameless_build;
	const char *syscall; /* of the most common stack, or NULL */
	uint64_t count, total, max;
	uint64_t unfinished;	    /* of count: went on when the trace ended */
	uint64_t asleep, run_queue; /* parts of total: asleep, waiting for a CPU; the rest is running */
	uint64_t
		elsewhere; /* another part: other code of the same polls, in pieces shorter than the threshold */
	struct histogram durations;
	struct held_up held_up;
	uint64_t
		all_blocked; /* of stalled.total: a worker was in this blocker; without it, this would be gone */
	const struct verdict *stack; /* the one with most time */
	uint64_t stack_total;	     /* ns of total that had exactly this stack */
	size_t stacks;		     /* how many distinct ones */
	const struct frame *
		within; /* the user's function that the task called first, in most of the time; NULL if unknown */
	uint64_t within_total; /* ns of total */
	struct peer peer
		[PEERS_SHOWN]; /* of wakers those that ended at least half of the waits, or read what is written */
	size_t peers;
	/* Of a wait for a CPU: who had it, by name alone, without stacks. Most time first. */
	struct peer culprit[PEERS_SHOWN];
	size_t culprits;
	struct held held[HELD_SHOWN]; /* of a lock, as far as it is known. Most time first */
	size_t helds;
	uint64_t held_known; /* of count: waits of which it is known, also those not in `held` */
};

/* A block on the time axis. With DETAIL_SPANS there are all, with who ended it or had the CPU; otherwise the
 * newest 20,000, for charts. All durations add up to blocked + run_queue. */
struct span {
	uint64_t start, duration;
	size_t worker; /* index into workers */
	enum reason reason;
	const struct blocker *blocker;
	const struct verdict *stack; /* may be NULL */
	struct peer peer;	     /* of this block (count and total are 0); comm is NULL if not known */
	struct ready ready;	     /* in each block of its poll */
};

/* What one worker had of a blocker with one of its stacks. */
struct share {
	const struct blocker *blocker;
	const struct verdict *stack; /* may be NULL */
	size_t worker;		     /* index into workers */
	uint64_t count, total, max;
	uint64_t delay; /* as in struct held_up */
};

/* By what blockers are ranked: the largest first. */
enum ranking { RANKING_TOTAL, RANKING_MAX, RANKING_COUNT, RANKING_DELAY };

/* How much the model contains. */
enum detail {
	DETAIL_SUMS,	 /* sums, and the newest blocks */
	DETAIL_SHARES,	 /* also shares */
	DETAIL_TIMELINE, /* also the timeline */
	DETAIL_SPANS,	 /* also every block: any number */
};

struct worker {
	long tid;
	const char *comm; /* raw bytes: hostile */
	enum role role;
	uint64_t first, last;	     /* when it was watched */
	uint64_t blocked, run_queue; /* ns */
	uint64_t blocks, longest;
};

/* Time by reason, us, of one slice. */
typedef uint32_t slice_times[REASON_COUNT];

/* What blocked each worker when, of all blocks: added up in slices of time. */
struct timeline {
	uint64_t start,
		width; /* ns: where the first slice begins, on the target's clock, and how long each is */
	size_t slices; /* 0: there was no block, or it was not wanted */
	slice_times **
		worker; /* the slices of each of the model's workers; NULL: it had none, or there are too many */
};

#define TASK_CLASSES 7 /* of polls by how long they took */

/* Upper limits of the classes (ns); the last has none. As in probes/pollentry.bt. */
static const uint64_t task_class[TASK_CLASSES - 1] = {16000, 64000, 256000, 1000000, 4000000, 16000000};

/* The polls of a task. */
struct task {
	const char *name;		    /* NULL: not known */
	uint64_t total;			    /* ns, of long polls */
	struct histogram durations;	    /* of long polls */
	uint64_t polls, took[TASK_CLASSES]; /* all polls, and by class, if they were counted; otherwise 0 */
	/* The same of polls whose wake was seen, by how long the task had waited for them. */
	uint64_t waits, waited[TASK_CLASSES];
};

/* Stretches in which all workers of multi-thread runtimes were in long polls. A task that became ready then
 * had to wait, `mean_wait` on average. */
struct stalled {
	/* How many; 0: not known, because polls were not told apart, or workers came and went. */
	size_t workers;
	uint64_t total, count, longest, mean_wait;
};

/* The CPU quota of the process's control group, or of a parent: its latest values, and what happened since
 * the start. */
struct quota {
	const char *name;	/* raw bytes: hostile; NULL: there is none */
	uint64_t quota, period; /* us */
	uint64_t periods;	/* periods in which the group ran */
	uint64_t throttled;	/* of these, those in which it was throttled */
	uint64_t time;		/* ns, summed over all CPUs */
};

/* Polls that were shorter than the threshold, but at least `least`: an estimate. least is 0 if there is none for this time. */
struct shorter {
	uint64_t since;		      /* it is of all that came from then on */
	uint64_t least, time, unsure; /* ns; `unsure`: in polls that may have been as long, or were shorter */
	uint64_t
		apart; /* ns between two looks, on average: where that is no more than `least`, few as long are unsure */
};

/* Stretches in which no worker waited in the driver of I/O and timers, although one had nothing to do. */
struct standstill {
	uint64_t total, count, longest;
	const struct blocker *blocker; /* what another worker was in for most of that time */
	long tid;		       /* that worker */
};

/* What a runtime says of itself. */
enum runtime_numbers {
	RUNTIME_TASKS,	  /* alive */
	RUNTIME_INJECTED, /* in the injection queue */
	RUNTIME_QUEUED,	  /* in all workers' queues together */
	RUNTIME_IDLE,	  /* workers */
	RUNTIME_THREADS,  /* of the blocking pool */
	RUNTIME_UNUSED,	  /* of these, without a job */
	RUNTIME_JOBS,	  /* that wait for one */
	RUNTIME_CAP,	  /* how many threads there may be */
	RUNTIME_NUMBERS
};

struct runtime_number {
	uint64_t latest;	 /* UINT64_MAX: not known */
	struct histogram values; /* of all looks */
};

/* What a worker of a runtime did, by what Tokio counts, or the kernel of its thread. */
struct runtime_worker {
	uint64_t index;
	long tid;		    /* the latest; 0: not known */
	bool by_kernel;		    /* busy: only its CPU time; parks: its sleeps in polls too */
	uint64_t parks, busy, time; /* in the time between its first and latest look: busy and time in ns */
};

/* Where threads of a blocking pool stood while it was full. */
struct pool_stand {
	enum reason reason;
	const struct verdict *stack; /* of the first one */
	uint64_t threads;
	uint64_t waiting; /* of these: for a job of the same pool that had not begun */
};

#define POOL_STANDS 8

/* The threads of a pool that were looked at, which happens once. */
struct pool_stands {
	struct pool_stand stand[POOL_STANDS];
	size_t count;
	uint64_t threads, waiting; /* also those not in `stand` */
};

/* What was seen of a runtime, looked at once a second. */
struct runtime_sum {
	bool multi_thread;
	const char *name; /* raw bytes: hostile; NULL: none */
	uint64_t workers, looks;
	struct runtime_number number[RUNTIME_NUMBERS];
	/* ns in which jobs waited for a thread and none was free: with as many threads as there may be; with fewer. */
	uint64_t pool_full, pool_short, pool_none; /* pool_none: with no thread but the workers */
	uint64_t jobs_waiting;			   /* the most then */
	struct pool_stands stands;
	uint64_t grows, grew; /* looks in a row in which the injection queue grew: now, and the most */
	const struct runtime_worker *worker;
	size_t workers_seen;
	/* Looks in a row in which this one was busy all the time, and all others were idle: now, and the most. */
	uint64_t alone_now, alone, alone_worker;
};

#define RUNTIMES_KEPT 16

/* Tasks that are alike. Raw strings. */
struct standing_group {
	const char *state, *future,
		*place; /* NULL: not known; place: what is awaited, and where; "": nothing */
	uint64_t count; /* at the last look */
	uint64_t lost;	/* of these, idle ones that nothing can wake */
	uint64_t most;	/* at any look */
	uint64_t last;	/* the number of the latest look that had some, from 1 */
};

/* Tasks in the queue of a worker that polls another one. Raw strings. */
struct standing_behind {
	long tid;
	const char *polled, *future; /* the task that it polls; those behind it. NULL: not known */
	uint64_t count;
};

/* Where all tasks stood at a look at the process's memory. */
struct standing {
	uint64_t ns; /* when the last look was */
	uint64_t looks;
	uint64_t tasks, lost;		    /* at the last look */
	const struct standing_group *group; /* in no order */
	size_t groups;
	const struct standing_behind *behind; /* at the last look */
	size_t behinds;
};

/* `meta` lines that writers show. Raw strings; NULL if the stream had none. */
struct target {
	const char *name, *exe, *build_id, *kernel, *bpftrace, *stacks, *workers_how;
	const char *polls;     /* how polls were told apart: "tls ...", "estimate ..." */
	const char *without;   /* what bpftrace or the kernel refused */
	const char *no_look;   /* why all tasks were not looked at */
	const char *no_queues; /* why it is not known how many tasks were ready */
	long pid;
	uint64_t threshold; /* ns */
	unsigned hz;
	uint64_t clock_boot, clock_wall; /* both clocks at the same moment, ns; 0: not known */
};

/* Executable memory of the target, from `map` lines. */
struct mapped {
	uint64_t start, end, offset;
	const char *path;     /* raw bytes; "" for anonymous memory */
	const char *build_id; /* "" if unknown */
};

/* The threads that poll the main future of a multi-thread runtime (the body of #[tokio::main]). */
struct main_futures {
	size_t threads; /* among the model's workers */
	uint64_t time;	/* how long they were watched, ns */
	uint64_t blocked, run_queue, blocks, longest;
};

/* A file of the target that lacks symbols. */
struct lacking {
	const char *path; /* raw bytes */
	const char *why;
	bool unread; /* nothing of it could be used */
};

#define IN_PLACE_SHOWN 8

/* Threads that were in block_in_place when tracing began, while no thread ran their runtime's tasks. */
struct in_place {
	unsigned long threads;
	const char *where; /* raw: a function and its source location */
};

#define LACKING_SHOWN 6

/* Lines that this program does not know, such as those of the user's own probe. */
struct unknown {
	const char *kind; /* a plain word */
	uint64_t lines;
};

#define UNKNOWN_SHOWN 8

#define PROBE_LINES_KEPT 200

/* What the user's own scripts printed. */
struct probe_lines {
	const char *names; /* raw: those of their files; NULL: there was no script */
	char *const *line; /* raw: the last ones, in their order, */
	size_t kept;	   /* so many */
	uint64_t lines;	   /* in all */
};

struct model {
	struct target target;
	struct lacking lacking[LACKING_SHOWN];
	size_t lackings;
	struct in_place in_place[IN_PLACE_SHOWN];
	size_t in_places;
	struct mapped *mapped; /* by address, not overlapping */
	size_t mappings;
	uint64_t start, end;		  /* of the time that counts (with --window, its end) */
	uint64_t worker_time;		  /* how long workers were watched, added up, ns */
	struct main_futures main_futures; /* not included in sums over workers */
	uint64_t blocked;		  /* all blockers' totals, without waits for a CPU */
	uint64_t run_queue;		  /* waits for a CPU of at least the threshold */
	uint64_t polls;			  /* of at least the threshold, if polls were told apart */
	uint64_t longest_poll;		  /* ns, without waits for a CPU */
	struct task *task;		  /* by total of these polls, largest first */
	size_t tasks;
	struct stalled stalled;
	const struct runtime_sum *runtime;
	size_t runtimes;
	const struct standing *standing; /* NULL: nobody looked */
	uint64_t delay;			 /* of ready tasks, by all blockers: struct held_up */
	struct standstill standstill;
	struct shorter shorter;
	struct quota quota;
	uint64_t steal; /* ns that the host gave this machine's CPUs to others, all CPUs together */
	/* From this time on, polls were not told apart any more, because that cost too much (0: they always
	 * were); and how long it took until tracing was on again. */
	uint64_t estimated_from, unseen;
	uint64_t events, lost, unknown_lines, bad_lines;
	struct unknown unknown[UNKNOWN_SHOWN]; /* part of unknown_lines, by kind */
	size_t unknowns;
	struct probe_lines probes;
	uint64_t stacks, stacks_cut, stacks_missing;
	uint64_t stacks_walked,
		stacks_too_few;	 /* of stacks_cut: walked in the kernel; deeper than the copy */
	uint64_t stacks_reduced; /* of stacks_too_few: so little was copied as when there are too many */
	/* Stacks that were not taken, because the registers were not where they should be. */
	uint64_t registers_strange;
	uint64_t stacks_elsewhere; /* of stacks_cut: continue on another stack, which was not copied */
	uint64_t stacks_torn;	   /* of stacks_cut, about: overwritten before they were read */
	uint64_t stacks_skipped;   /* not copied, because copying had used up its share of time */
	/* Waits over the threshold that were only counted, because there were too many in a second; and their
	 * time. */
	uint64_t events_counted, counted;
	uint64_t polls_counted, polls_counted_ns; /* the same for long polls */
	uint64_t thinned; /* when copying stacks ended, because tracing cost too much; 0: it did not */
	uint64_t stopped,
		stops; /* ns, over all workers, in which these were stopped, and how often: not counted as anything else */
	uint64_t parks;	     /* sleeps over the threshold that were parks: dropped */
	uint64_t other_role; /* events of threads that are not workers: dropped */
	bool targets_unused; /* there are --target files, but the stacks had their names */
	bool begun;	     /* it has a begin line */
	bool truncated;	     /* the stream ended without its end line */
	const char *ended;   /* why the trace ended, raw text of the end line, or NULL */
	struct blocker
		*blocker; /* code that blocked, then waits for a CPU; each by its ranking, largest first */
	size_t blockers, ranked; /* of them, code */
	struct span *span;	 /* by start */
	size_t spans;
	struct share *share; /* by blocker, stack and worker */
	size_t shares;
	struct timeline timeline; /* with DETAIL_TIMELINE */
	struct worker *worker;	  /* by tid, with threads that poll a main future */
	size_t workers;
	/* Workers that are gone and only kept as this sum, because a process may start any number of them. */
	size_t workers_left_out;
	struct worker left_out;
	uint64_t left_out_time; /* part of worker_time */
	struct histogram run_queue_waits, blocks;
	struct duration_buckets run_queue_buckets, buckets;
};

#endif
