/* replay.c - see replay.h.
 *
 * Lines of different CPUs are a few milliseconds out of order, and a stack is described after the event that names it.
 * So events wait until the stream is HOLD ahead of them, and are judged in order of time.
 */
#include "replay/replay.h"

#include <errno.h>
#include <inttypes.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>

#include <libiberty/libiberty.h>

#include "base/arch.h"
#include "judge/judge.h"
#include "replay/seen-descriptors.h"
#include "replay/stacks.h"
#include "replay/throttle.h"
#include "replay/wakers.h"
#include "resolve/elf/address-space.h"
#include "resolve/resolver.h"
#include "resolve/symbolize/names.h"
#include "stream/begun.h"
#include "stream/reorder.h"
#include "stream/stream.h"
#include "tally/polls.h"
#include "tally/samples.h"
#include "tally/tally.h"
#include "tokio/role.h"

#define MEMORY_LIMIT                                                                                         \
	((size_t)320 << 20) /* bytes that are kept; what is made of them at the end comes on top */
#define LINES_BETWEEN 512
#define HOLD 500000000u /* ns */
#define FUTURES_LIMIT 4096

struct replay {
	struct replay_options options;
	struct stream *stream;
	struct model *model;
	size_t lines;
	bool full;				  /* no more is taken */
	char *exe, *strings[16 + IN_PLACE_SHOWN]; /* meta values that the model points to */
	size_t kept;
	char *why; /* it ended */
	struct mapped *mapped;
	const struct arch *arch; /* the target's */
	struct space *space;
	struct resolver *resolver;
	struct judge *judge;
	struct stacks *stacks;
	struct tally *tally;
	struct throttle *throttle;
	struct seen_descriptors *descriptors;
	struct samples *samples; /* made at the first sample, if polls are estimated */
	struct polls *polls;	 /* if they are told apart: from the head on */
	struct reorder *held;	 /* events that are not judged yet */
	uint64_t newest;
	bool wakers_certain; /* see wakers.h */
	bool estimating;     /* polls were told apart until the probes that did it cost too much */
	struct future {
		uint64_t site; /* where its polls begin */
		char *name;
	} * future;
	size_t futures;
	uint64_t ended; /* when, 0: not yet */
};

struct replay *replay_new(const struct replay_options *options)
{
	struct replay *r = xcalloc(1, sizeof(*r));

	r->options = *options;
	r->stream = stream_new();
	r->arch = arch_host();
	r->held = reorder_new();
	r->judge = judge_new();
	r->throttle = throttle_new();
	r->descriptors = seen_descriptors_new();
	r->tally = tally_new(options->window, options->detail);
	return r;
}

void replay_free(struct replay *r)
{
	if (!r)
		return;
	stream_free(r->stream);
	reorder_free(r->held);
	samples_free(r->samples);
	polls_free(r->polls);
	tally_free(r->tally);
	throttle_free(r->throttle);
	seen_descriptors_free(r->descriptors);
	stacks_free(r->stacks);
	judge_free(r->judge);
	resolver_free(r->resolver);
	space_free(r->space);
	free(r->mapped);
	free(r->exe);
	for (size_t i = 0; i < r->futures; i++)
		free(r->future[i].name);
	free(r->future);
	for (size_t i = 0; i < r->kept; i++)
		free(r->strings[i]);
	free(r->why);
	free(r);
}

/* The space can be made when the head has said what the executable is. */
static void need_space(struct replay *r)
{
	if (r->space)
		return;
	struct space_options options = {.pid = r->options.pid,
					.exe = r->exe,
					.target = r->options.target,
					.debuginfod = r->options.debuginfod};

	r->space = space_new(&options);
	r->resolver =
		resolver_new(r->space, r->arch, &(struct resolver_options){.confine = r->options.confine});
	r->stacks = stacks_new(r->resolver, r->judge);
	if (!r->options.all_stacks)
		stacks_forget_old(r->stacks, r->newest);
}

/* The clock of the events and the wall clock. A recording that has only one of them has neither. */
static void take_clock(struct target *t, const char *text)
{
	uint64_t boot, wall;

	if (sscanf(text, "%" SCNu64 " %" SCNu64, &boot, &wall) == 2) {
		t->clock_boot = boot;
		t->clock_wall = wall;
	}
}

static void take_in_place(struct replay *r, const char *text)
{
	struct model *m = r->model;
	char *where;
	unsigned long threads = strtoul(text, &where, 10);

	if (m->in_places == IN_PLACE_SHOWN || !threads || *where != ' ')
		return;
	r->strings[r->kept] = xstrdup(where + 1);
	m->in_place[m->in_places++] = (struct in_place){threads, r->strings[r->kept++]};
}

/* Keeps the text in *place: the first of all, but how tracing is done may change until it begins. */
static void keep_text(struct replay *r, const char **place, const char *text)
{
	const struct target *t = &r->model->target;
	size_t i = 0;

	if (*place && (r->model->begun || (place != &t->stacks && place != &t->polls)))
		return;
	while (i < r->kept && r->strings[i] != *place)
		i++;
	if (i < r->kept)
		free(r->strings[i]);
	else
		r->kept++;
	*place = r->strings[i] = xstrdup(text);
}

static void take_meta(struct replay *r, const struct event *e)
{
	struct target *t = &r->model->target;
	const struct {
		const char *key, **place;
	} texts[] = {
		{"target", &t->name},	      {"exe", &t->exe},		  {"build-id", &t->build_id},
		{"kernel", &t->kernel},	      {"bpftrace", &t->bpftrace}, {"stacks", &t->stacks},
		{"workers", &t->workers_how}, {"polls", &t->polls},
	};

	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++)
		if (!strcmp(e->key, texts[i].key))
			keep_text(r, texts[i].place, e->text);
	if (!strcmp(e->key, "exe") && !r->exe)
		r->exe = xstrdup(e->text);
	else if (!strcmp(e->key, "arch"))
		r->arch = arch_named(e->text);
	else if (!strcmp(e->key, "pid"))
		t->pid = strtol(e->text, NULL, 10);
	else if (!strcmp(e->key, "threshold-us"))
		t->threshold = strtoull(e->text, NULL, 10) * 1000;
	else if (!strcmp(e->key, "in-place"))
		take_in_place(r, e->text);
	else if (!strcmp(e->key, "wakers"))
		r->wakers_certain = !strcmp(e->text, "process");
	else if (!strcmp(e->key, "clock"))
		take_clock(t, e->text);
	else if (!strcmp(e->key, "hz"))
		t->hz = (unsigned)strtoul(e->text, NULL, 10);
}

/* What the stack of an event means, and with it what the thread is now. A stack that does not tell leaves it what it was. */
static const struct verdict *verdict_of(struct replay *r, const struct event *e, bool *worker)
{
	const struct verdict *v = stacks_verdict(r->stacks, e->stack);

	if (!v && e->stack)
		r->model->stacks_missing++;
	tally_thread(r->tally, e->tid, e->ns, NULL, v ? v->role : ROLE_UNKNOWN);
	enum role role = tally_role(r->tally, e->tid);

	*worker = role == ROLE_WORKER || role == ROLE_CURRENT_THREAD;
	if (!*worker)
		r->model->other_role++;
	return v;
}

static void set_party(struct replay *r, struct block *block, const struct event *e)
{
	block->party.comm = e->other.comm && *e->other.comm ? e->other.comm : NULL;
	block->party.pid = e->other.pid;
	block->party.tid = e->other.tid;
	block->party.same_process = e->other.pid == r->model->target.pid;
	block->party.stack = stacks_verdict(r->stacks, e->other.stack);
}

static uint64_t period(const struct replay *r)
{
	return 1000000000 / (r->model->target.hz ? r->model->target.hz : 99);
}

/* Does the stream tell polls apart? Then nothing has to be guessed from stacks. */
static struct polls *exact_polls(struct replay *r)
{
	const char *how = r->model->target.polls;

	if (r->estimating)
		return NULL;
	if (!r->polls && how && strncmp(how, "estimate", 8) != 0)
		r->polls = polls_new(r->tally, period(r), r->model->target.threshold);
	return r->polls;
}

/* It was stopped: time that a poll had to do without, and nobody's fault. */
static void judge_stop(struct replay *r, const struct event *e, const struct verdict *v)
{
	struct piece piece = {.ns = e->ns,
			      .block = {.start = e->ns - e->asleep,
					.duration = e->asleep,
					.tid = e->tid,
					.reason = REASON_RUN_QUEUE,
					.stack = v}};

	r->model->stops++;
	r->model->stopped += e->asleep;
	if (exact_polls(r))
		polls_piece(r->polls, &piece);
}

static void judge_sleep_event(struct replay *r, const struct event *e)
{
	bool worker;
	const struct verdict *v = verdict_of(r, e, &worker);

	if (e->state == 'T') {
		judge_stop(r, e, v);
		return;
	}
	uint64_t duration = e->asleep + e->run_queue;
	const char *syscall = e->syscall < 0 ? NULL : arch_syscall(r->arch, e->syscall);

	if (e->syscall >= 0 && !syscall)
		syscall = "";
	else if (v && syscall && !strcmp(syscall, "restart_syscall"))
		syscall = judge_restarted(v);
	struct asleep asleep = {.syscall = syscall, .state = e->state, .number = -1};

	seen_descriptors_find(r->descriptors, e, v, &asleep);
	struct piece piece = {
		.ns = e->ns,
		.block = {.start = e->ns - duration,
			  .duration = duration,
			  .asleep = e->asleep,
			  .run_queue = e->run_queue,
			  .tid = e->tid,
			  .reason = v ? judge_sleep(v, &asleep) : REASON_SYSCALL,
			  .syscall = syscall,
			  .stack = v},
	};

	waker_find(&(struct waker_facts){.event = e,
					 .stack = stacks_verdict(r->stacks, e->other.stack),
					 .syscall = syscall,
					 .asleep = v,
					 .reason = piece.block.reason,
					 .pid = r->model->target.pid,
					 .certain = r->wakers_certain},
		   &piece.block);
	if (exact_polls(r)) {
		polls_piece(r->polls, &piece);
		return;
	}
	if (v && v->parked)
		r->model->parks++;
	if (worker && v && v->in_poll && duration >= r->model->target.threshold)
		tally_add(r->tally, &piece.block);
}

static void judge_runq_event(struct replay *r, const struct event *e)
{
	bool worker;
	const struct verdict *v = verdict_of(r, e, &worker);
	struct piece piece = {
		.ns = e->ns,
		.block = {.start = e->ns - e->run_queue,
			  .duration = e->run_queue,
			  .run_queue = e->run_queue,
			  .tid = e->tid,
			  .reason = throttle_covers(r->throttle, e->ns - e->run_queue, e->ns)
					    ? REASON_THROTTLED
					    : REASON_RUN_QUEUE,
			  .stack = v},
	};

	if (e->run_queue < r->model->target.threshold)
		return;
	if (exact_polls(r))
		polls_piece(r->polls, &piece); /* the time that the poll has to do without */
	if (!worker)			       /* worker time does not hold it */
		return;
	if (piece.block.reason == REASON_RUN_QUEUE)
		set_party(r, &piece.block, e);
	tally_add(r->tally, &piece.block);
}

static void judge_sample(struct replay *r, const struct event *e)
{
	bool worker;
	const struct verdict *v = verdict_of(r, e, &worker);

	if (exact_polls(r)) {
		struct block block = {
			.tid = e->tid, .reason = v ? judge_running(v) : REASON_COMPUTING, .stack = v};

		polls_piece(r->polls, &(struct piece){.ns = e->ns, .sample = true, .block = block});
		return;
	}
	if (!r->samples)
		r->samples = samples_new(r->tally, period(r), r->model->target.threshold);
	if (worker && v)
		samples_add(r->samples, e->tid, e->ns, e->age, v);
}

#define BLOCK_ON_SITE 1 /* of pollentry.bt: the future of a current-thread runtime's block_on */

/* The future whose polls begin at `site`: its name, or NULL. */
static const char *future_at(const struct replay *r, uint64_t site)
{
	for (size_t i = 0; i < r->futures; i++) /* a long poll is rare */
		if (r->future[i].site == site)
			return r->future[i].name;
	return NULL;
}

static void add_future(struct replay *r, uint64_t site, const char *name)
{
	if (!site || !*name || r->futures == FUTURES_LIMIT) /* without a site, it is why there are none */
		return;
	r->future = xrealloc(r->future, (r->futures + 1) * sizeof(*r->future));
	r->future[r->futures++] = (struct future){.site = site, .name = name_cut(xstrdup(name))};
}

static void judge_poll(struct replay *r, const struct event *e)
{
	enum role role = tally_role(r->tally, e->tid);
	struct poll poll = {.tid = e->tid,
			    .before = e->poll.before,
			    .first = e->poll.first,
			    .last = e->poll.last,
			    .next = e->ns,
			    .off = e->poll.off,
			    .wait = e->poll.wait,
			    .running = e->poll.running,
			    .taken_back = e->poll.taken_back,
			    .task = future_at(r, e->poll.site),
			    .id = e->poll.id};

	if (!exact_polls(r))
		return;
	/* Who polls a task is a worker, whatever its stacks have shown. */
	if (role != ROLE_WORKER && role != ROLE_CURRENT_THREAD)
		tally_thread(r->tally, e->tid, e->ns, NULL, ROLE_WORKER);
	polls_add(r->polls, &poll);
}

/* No poll outlives its thread; and a process may start threads without end. */
static void judge_gone(struct replay *r, const struct event *e)
{
	if (r->polls)
		polls_gone(r->polls, e->tid, e->ns);
	if (r->samples)
		samples_gone(r->samples, e->tid);
	tally_gone(r->tally, e->tid, e->ns);
}

static void judge_event(struct replay *r, const struct event *e)
{
	switch (e->kind) {
	case EVENT_SLEEP:
		judge_sleep_event(r, e);
		break;
	case EVENT_RUNQ:
		judge_runq_event(r, e);
		break;
	case EVENT_POLL:
		judge_poll(r, e);
		break;
	case EVENT_NAMED:
		tally_thread(r->tally, e->tid, e->ns, e->text, ROLE_UNKNOWN);
		break;
	case EVENT_GONE:
		judge_gone(r, e);
		break;
	default:
		judge_sample(r, e);
	}
}

/* Judges what waits, up to `ns`. */
static void judge_until(struct replay *r, uint64_t ns)
{
	const struct event *e;

	while ((e = reorder_next(r->held, ns)))
		judge_event(r, e);
}

static void see(struct replay *r, uint64_t ns)
{
	if (ns > r->newest)
		r->model->end = r->newest = ns;
	if (!r->model->start || ns < r->model->start)
		r->model->start = ns;
	judge_until(r, r->newest > HOLD ? r->newest - HOLD - 1 : 0);
	if (r->stacks && !r->options.all_stacks)
		stacks_forget_old(r->stacks, r->newest);
}

void replay_keep_blocks(struct replay *r, uint64_t count)
{
	tally_keep(r->tally, count);
}

const struct recent *replay_blocks(const struct replay *r)
{
	return tally_recent(r->tally);
}

void replay_workers(const struct replay *r, tally_seer *see, void *context)
{
	tally_workers(r->tally, see, context);
}

void replay_running(const struct replay *r, polls_seer *see, void *context)
{
	if (r->polls)
		polls_running(r->polls, see, context);
}

void replay_advance(struct replay *r, uint64_t ns)
{
	judge_until(r, ns > HOLD ? ns - HOLD - 1 : 0);
}

/* Behind `end NS limit`, tracing goes on without probes at polls. */
static void go_on(struct replay *r, uint64_t ns)
{
	if (!r->model->ended || strcmp(r->model->ended, "limit") != 0)
		return;
	judge_until(r, UINT64_MAX);
	if (r->polls)
		polls_finish(r->polls);
	r->model->estimated_from = r->ended;
	r->model->unseen = ns > r->ended ? ns - r->ended : 0;
	r->model->ended = NULL;
	r->estimating = true;
	r->ended = 0;
}

static enum role role_named(const char *name)
{
	for (int role = ROLE_UNKNOWN; role <= ROLE_OTHER; role++)
		if (!strcmp(name, role_name((enum role)role)))
			return (enum role)role;
	return ROLE_UNKNOWN;
}

/* The role of a thread that the head tells. The user's word for it that it is a worker holds until a stack says otherwise. */
static enum role first_role(const struct replay *r, const struct event *e)
{
	const char *how = r->model->target.workers_how;
	enum role role = e->watched ? role_named(e->key) : ROLE_UNKNOWN;

	return e->watched && role == ROLE_UNKNOWN && how && !strncmp(how, "--workers ", 10) ? ROLE_WORKER
											    : role;
}

static void take(struct replay *r, const struct event *e)
{
	struct model *m = r->model;

	switch (e->kind) {
	case EVENT_META:
		take_meta(r, e);
		break;
	case EVENT_MAP:
		need_space(r);
		resolver_map(r->resolver, &(struct mapping){.start = e->map.start,
							    .end = e->map.end,
							    .offset = e->map.offset,
							    .executable = e->map.executable,
							    .path = e->map.path,
							    .build_id = e->map.build_id});
		break;
	case EVENT_THREAD:
		tally_thread(r->tally, e->tid, 0, e->text, first_role(r, e));
		break;
	case EVENT_TOKIO: /* for the probes */
	case EVENT_VERSION:
		break;
	case EVENT_SITE:
		add_future(r, e->poll.site, e->text);
		break;
	case EVENT_BEGIN:
		if (!m->begun)
			throttle_begin(r->throttle);
		m->begun = true;
		begun_tell(&r->options.begun);
		if (r->ended)
			go_on(r, e->ns);
		see(r, e->ns);
		break;
	case EVENT_END:
		see(r, e->ns);
		r->ended = e->ns;
		if (!m->ended) { /* it may have ended before, and gone on */
			free(r->why);
			m->ended = r->why = xstrdup(e->text);
		}
		break;
	case EVENT_SAMPLE:
	case EVENT_RUNQ:
	case EVENT_SLEEP:
	case EVENT_POLL:
		need_space(r);
		m->events++;
		reorder_add(r->held, e);
		see(r, e->ns);
		break;
	case EVENT_NAMED: /* in order as well: an id may be that of another thread soon */
	case EVENT_GONE:
		reorder_add(r->held, e);
		see(r, e->ns);
		break;
	case EVENT_LOST:
		m->lost += e->count;
		break;
	case EVENT_LIMIT:
		m->stacks_skipped += e->count;
		break;
	case EVENT_TORN:
		m->stacks_torn += e->count;
		break;
	case EVENT_STRANGE:
		m->registers_strange += e->count;
		break;
	case EVENT_TOOK:
		tally_took(r->tally, e->poll.site == BLOCK_ON_SITE ? "block_on" : future_at(r, e->poll.site),
			   e->chunk, e->count);
		break;
	case EVENT_COUNTED:
		m->events_counted += e->count;
		m->counted += e->total;
		m->polls_counted += e->polls.count;
		m->polls_counted_ns += e->polls.total;
		break;
	case EVENT_THROTTLED:
	case EVENT_STEAL:
		throttle_add(r->throttle, e);
		break;
	case EVENT_DESCRIPTOR:
		seen_descriptors_add(r->descriptors, e);
		break;
	case EVENT_PARKED:
		tally_parked(r->tally, e->ns, e->parked.polling == 0 && e->parked.asleep > 0);
		break;
	case EVENT_THIN:
		m->thinned = m->thinned ? m->thinned : e->ns;
		break;
	case EVENT_STACK:
	case EVENT_WORDS:
	case EVENT_RETURNS:
	case EVENT_FRAMES:
	case EVENT_ADDRESS:
	case EVENT_FRAME:
		need_space(r);
		stacks_add(r->stacks, e);
		break;
	}
}

/* What the files that stacks led to lacked. */
static void note_lacking(struct resolver *resolver, struct model *m)
{
	const char *path, *why;

	for (size_t i = 0; m->lackings < LACKING_SHOWN && (path = resolver_lacking(resolver, i, &why)); i++)
		if (why)
			m->lacking[m->lackings++] = (struct lacking){.path = path, .why = why};
}

static void note_stacks(const struct replay *r, struct model *m)
{
	if (!r->stacks)
		return;
	m->stacks = stacks_count(r->stacks);
	m->stacks_cut = stacks_cut(r->stacks);
	m->stacks_walked = stacks_walked(r->stacks);
	m->stacks_too_few = stacks_too_few(r->stacks);
	m->stacks_elsewhere = stacks_elsewhere(r->stacks);
}

static void note_mappings(struct replay *r, struct model *m)
{
	const struct mapping *map;

	for (size_t i = 0; space_at(r->space, i); i++)
		m->mappings = i + 1;
	r->mapped = m->mapped = xcalloc(m->mappings + 1, sizeof(*m->mapped));
	for (size_t i = 0; (map = space_at(r->space, i)); i++)
		m->mapped[i] = (struct mapped){map->start, map->end, map->offset, map->path, map->build_id};
}

/* Is `text` where frame `f` is, for want of a name? */
static bool stands_for(const struct frame *f, const char *text)
{
	return text && !f->function && (f->name ? !strcmp(f->name, text) : strstr(text, "+0x") != NULL);
}

/* Whose build it is that a nameless blocker's offset is good for. */
static void note_builds(struct replay *r, struct model *m)
{
	for (size_t i = 0; i < m->blockers; i++) {
		struct blocker *b = &m->blocker[i];

		for (size_t j = 0; b->stack && j < b->stack->count && !b->nameless_build; j++) {
			const struct frame *f = b->stack->frame[j];
			const struct mapping *map = space_mapping(r->space, f->pc);

			if (stands_for(f, b->function) || stands_for(f, b->task))
				b->nameless_build = map ? map->build_id : "";
		}
	}
}

void replay_so_far(struct replay *r, struct model *model)
{
	*model = *r->model;
	model->truncated = !r->ended;
	note_stacks(r, model);
	throttle_sum(r->throttle, &model->quota, &model->steal);
	if (r->space)
		note_lacking(r->resolver, model);
	tally_finish(r->tally, model);
	if (r->space)
		note_builds(r, model);
}

/* Whether what the stream has made this process keep is too much: from then on nothing more is taken, which is said. To ask costs
 * microseconds, and a line can make it keep little more than what it holds, so it is asked now and then. */
static bool is_full(struct replay *r)
{
	if (r->full || ++r->lines % LINES_BETWEEN)
		return r->full;
	struct mallinfo2 info = mallinfo2();

	r->full = info.uordblks + info.hblkhd > MEMORY_LIMIT;
	if (r->full)
		fprintf(stderr,
			"hud-postproc: to keep all that the stream tells would take more than %zu MiB: what "
			"comes after its first %.3f s is left out\n",
			MEMORY_LIMIT >> 20,
			(double)(r->newest > r->model->start ? r->newest - r->model->start : 0) / 1e9);
	return r->full;
}

void replay_begin(struct replay *r, struct model *model)
{
	*model = (struct model){.target.threshold = 5000000};
	r->model = model;
}

int replay_feed(struct replay *r, const char *bytes, size_t size)
{
	struct event e;
	int got;

	stream_put(r->stream, bytes, size);
	while ((got = stream_next(r->stream, &e)) > 0)
		if (!is_full(r))
			take(r, &e);
	return got;
}

static void note_lines(struct replay *r, struct model *m)
{
	const char *kind;

	m->unknown_lines = stream_unknown_lines(r->stream);
	m->bad_lines = stream_bad_lines(r->stream);
	while (m->unknowns < UNKNOWN_SHOWN &&
	       (kind = stream_unknown_kind(r->stream, m->unknowns, &m->unknown[m->unknowns].lines)))
		m->unknown[m->unknowns++].kind = kind;
}

int replay_end(struct replay *r)
{
	struct model *m = r->model;

	judge_until(r, UINT64_MAX);
	if (r->samples)
		samples_finish(r->samples);
	if (r->polls)
		polls_finish(r->polls);
	/* Taking probes off lasts a moment, in which more may come. */
	m->end = r->ended ? r->ended : r->newest;
	if (m->end < m->start)
		m->end = m->start;
	m->truncated = !r->ended;
	note_lines(r, m);
	note_stacks(r, m);
	throttle_sum(r->throttle, &m->quota, &m->steal);
	if (r->space) {
		note_lacking(r->resolver, m);
		note_mappings(r, m);
	}
	tally_finish(r->tally, m);
	note_builds(r, m);
	errno = EINVAL;
	return stream_version(r->stream) == 0 && m->events == 0 ? -1 : 0;
}

/* Bytes up to the end of a line, as far as there is room: what there is of a pipe is not to wait for more. 0: the end, or an error. */
static size_t read_line(FILE *in, char *bytes, size_t room)
{
	size_t size = 0;
	int c = 0;

	while (size < room && c != '\n' && (c = getc_unlocked(in)) != EOF)
		bytes[size++] = (char)c;
	return size;
}

int replay_read(struct replay *r, FILE *in, struct model *model)
{
	char bytes[4096];
	size_t size;
	int error = 0;

	replay_begin(r, model);
	while (!error && (size = read_line(in, bytes, sizeof(bytes))) > 0)
		error = replay_feed(r, bytes, size) ? errno : 0;
	if (!error && ferror(in))
		error = errno;
	if (replay_end(r) && !error)
		error = errno;
	errno = error;
	return error ? -1 : 0;
}

void replay_write_stacks(const struct replay *r, FILE *out)
{
	if (r->stacks)
		stacks_write(r->stacks, out);
}

const char *replay_error(int error)
{
	switch (error) {
	case EPROTONOSUPPORT:
		return "it is of a later version than this program reads";
	case EINVAL:
		return "it holds no event lines of hud-trace";
	case EBADMSG:
		return "its compressed data is damaged";
	default:
		return strerror(error);
	}
}
