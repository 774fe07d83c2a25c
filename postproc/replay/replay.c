/* SPDX-License-Identifier: Apache-2.0 */
/* replay.c - see replay.h.
 *
 * Lines of different CPUs are out of order by a few milliseconds, and a stack's description comes after the
 * event that names it. So events wait until the stream is HOLD ahead, and are then judged in order of time.
 */
#include "replay/replay.h"

#include <errno.h>
#include <inttypes.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>

#include <libiberty/libiberty.h>

#include "base/arch.h"
#include "base/escape.h"
#include "judge/judge.h"
#include "replay/state.h"
#include "resolve/elf/address-space.h"
#include "resolve/resolver.h"
#include "stream/reorder.h"
#include "stream/stream.h"
#include "stream/tell-begun.h"
#include "tally/polls.h"
#include "tally/runtime-looks.h"
#include "tally/samples.h"
#include "tally/standing.h"
#include "tally/tally.h"
#include "tokio/role.h"

#define MEMORY_LIMIT                                                                                         \
	((size_t)240 << 20) /* bytes that are kept; what is made of them at the end is at most as much */
#define LINES_BETWEEN 512
#define HOLD 500000000u /* ns */

struct replay *replay_new(const struct replay_options *options)
{
	struct replay *r = xcalloc(1, sizeof(*r));

	r->options = *options;
	r->stream = stream_new();
	r->probes = probe_output_new(options->probe_output);
	r->arch = arch_host();
	r->held = reorder_new();
	r->judge = judge_new();
	r->futures = futures_new();
	r->throttle = throttle_new();
	r->descriptors = seen_descriptors_new();
	r->holders = holders_new();
	r->standings = standings_new();
	r->tally = tally_new(options->window, options->detail);
	tally_rank_by(r->tally, options->ranking);
	if (options->lately || options->since)
		tally_watch_lately(r->tally, options->lately ? options->lately : 1, options->since);
	return r;
}

void replay_free(struct replay *r)
{
	if (!r)
		return;
	stream_free(r->stream);
	probe_output_free(r->probes);
	reorder_free(r->held);
	samples_free(r->samples);
	samples_free(r->main_samples);
	polls_free(r->polls);
	tally_free(r->tally);
	throttle_free(r->throttle);
	seen_descriptors_free(r->descriptors);
	holders_free(r->holders);
	standings_free(r->standings);
	stacks_free(r->stacks);
	judge_free(r->judge);
	resolver_free(r->resolver);
	space_free(r->space);
	free(r->mapped);
	free(r->exe);
	futures_free(r->futures);
	for (size_t i = 0; i < r->kept; i++)
		free(r->strings[i]);
	free(r->why);
	free(r);
}

/* Makes the address space, once the head has named the executable. */
static void need_space(struct replay *r)
{
	if (r->space)
		return;
	struct space_options options = {.pid = r->options.pid,
					.exe = r->exe,
					.targets = r->options.targets,
					.debuginfod = r->options.debuginfod};

	r->space = space_new(&options);
	r->resolver =
		resolver_new(r->space, r->arch, &(struct resolver_options){.confine = r->options.confine});
	r->stacks = stacks_new(r->resolver, r->judge);
	if (r->options.all_stacks)
		stacks_keep_meanings(r->stacks);
	stacks_forget_old(r->stacks, r->newest);
}

/* Judges waiting events up to `ns`. */
static void judge_until(struct replay *r, uint64_t ns)
{
	const struct event *e;

	while ((e = reorder_next(r->held, ns)))
		replay_judge(r, e);
}

static void note_time(struct replay *r, uint64_t ns)
{
	if (ns > r->newest)
		r->model->end = r->newest = ns;
	if (!r->model->start || ns < r->model->start)
		r->model->start = ns;
	judge_until(r, r->newest > HOLD ? r->newest - HOLD - 1 : 0);
	if (r->stacks)
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

void replay_workers(const struct replay *r, tally_visitor *visit, void *context)
{
	tally_workers(r->tally, visit, context);
}

void replay_running(const struct replay *r, polls_visitor *visit, void *context)
{
	if (r->polls)
		polls_running(r->polls, visit, context);
}

void replay_advance(struct replay *r, uint64_t ns)
{
	judge_until(r, ns > HOLD ? ns - HOLD - 1 : 0);
}

/* After `end NS limit`, tracing continues without probes at polls. */
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

/* A thread's role by the head. If the user named it as a worker, it is one until a stack says otherwise. */
static enum role first_role(const struct replay *r, const struct event *e)
{
	const char *how = r->model->target.workers_how;
	enum role role = e->watched ? role_named(e->key) : ROLE_UNKNOWN;

	return e->watched && role == ROLE_UNKNOWN && how && !strncmp(how, "--workers ", 10) ? ROLE_WORKER
											    : role;
}

static void add_runtime(struct replay *r, const struct event *e)
{
	struct runtime_look look = {.handle = e->runtime.handle,
				    .multi_thread = e->runtime.multi_thread,
				    .workers = e->runtime.workers,
				    .number = {[RUNTIME_TASKS] = e->runtime.tasks,
					       [RUNTIME_INJECTED] = e->runtime.injected,
					       [RUNTIME_QUEUED] = e->runtime.queued,
					       [RUNTIME_IDLE] = e->runtime.idle,
					       [RUNTIME_THREADS] = e->runtime.threads,
					       [RUNTIME_UNUSED] = e->runtime.threads_idle,
					       [RUNTIME_JOBS] = e->runtime.jobs,
					       [RUNTIME_CAP] = e->runtime.cap},
				    .name = e->text};

	tally_runtime(r->tally, e->ns, &look);
}

static void add_worked(struct replay *r, const struct event *e)
{
	struct runtime_worked worked = {.handle = e->worked.handle,
					.index = e->worked.worker,
					.tid = e->tid,
					.by_kernel = e->worked.by_kernel,
					.parks = e->worked.parks,
					.busy = e->worked.busy,
					.unparked = e->worked.parked == 0};

	tally_worked(r->tally, e->ns, &worked);
}

static void handle(struct replay *r, const struct event *e)
{
	struct model *m = r->model;

	switch (e->kind) {
	case EVENT_META:
		replay_meta(r, e);
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
	case EVENT_TOKIO: /* only for probes */
	case EVENT_VERSION:
		break;
	case EVENT_SITE:
		futures_add(r->futures, e->poll.site, e->text);
		break;
	case EVENT_BEGIN:
		if (!m->begun)
			throttle_begin(r->throttle);
		m->begun = true;
		begun_tell(&r->options.begun);
		if (r->ended)
			go_on(r, e->ns);
		note_time(r, e->ns);
		break;
	case EVENT_END:
		note_time(r, e->ns);
		r->ended = e->ns;
		if (!m->ended) { /* it may have ended before and continued */
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
		note_time(r, e->ns);
		break;
	case EVENT_POOLED:
		need_space(r);
		__attribute__((fallthrough));
	case EVENT_READY:
	case EVENT_NAMED: /* in order of time: another thread may soon have this id */
	case EVENT_GONE:
		reorder_add(r->held, e);
		note_time(r, e->ns);
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
	case EVENT_SHORTER:
		m->shorter = (struct shorter){e->shorter.since, e->shorter.least, e->shorter.time,
					      e->shorter.unsure, e->shorter.apart};
		break;
	case EVENT_TOOK:
		tally_took(r->tally,
			   e->poll.site == BLOCK_ON_SITE ? "block_on" : futures_at(r->futures, e->poll.site),
			   e->chunk, e->count);
		break;
	case EVENT_WAITED:
		tally_waited(r->tally, futures_at(r->futures, e->poll.site), e->chunk, e->count);
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
	case EVENT_OTHER:
		probe_output_add(r->probes, e->text);
		break;
	case EVENT_DESCRIPTOR:
		seen_descriptors_add(r->descriptors, e, arch_syscall(r->arch, e->syscall));
		break;
	case EVENT_RUNTIME:
		if (m->begun)
			add_runtime(r, e);
		break;
	case EVENT_WORKED:
		if (m->begun)
			add_worked(r, e);
		break;
	case EVENT_LOOK:
	case EVENT_STANDS:
	case EVENT_BEHIND:
		if (m->begun)
			standings_add(r->standings, e);
		m->standing = standings_all(r->standings);
		break;
	case EVENT_PARKED:
		tally_parked(r->tally, e->ns, e->parked.polling == 0 && e->parked.asleep > 0);
		break;
	case EVENT_THIN:
		m->thinned = m->thinned ? m->thinned : e->ns;
		break;
	case EVENT_FRAME:
		m->targets_unused |= r->options.targets.file[0] != NULL;
		__attribute__((fallthrough));
	case EVENT_STACK:
	case EVENT_WORDS:
	case EVENT_RETURNS:
	case EVENT_FRAMES:
	case EVENT_ADDRESS:
	case EVENT_SAME:
		need_space(r);
		stacks_add(r->stacks, e);
		break;
	}
}

void replay_so_far(struct replay *r, struct model *model)
{
	*model = *r->model;
	replay_note_reading(r, model);
	tally_finish(r->tally, model);
	replay_note_builds(r, model);
}

/* A model of what is judged by now. */
static void model_of_judged(struct replay *r, struct model *model)
{
	*model = r->over ? r->sums : *r->model;
	replay_note_reading(r, model);
	if (!r->over)
		model->end = model->end > model->start + HOLD ? model->end - HOLD : model->start;
}

void replay_lately(struct replay *r, uint64_t span, struct model *model)
{
	model_of_judged(r, model);
	tally_finish_lately(r->tally, span, model);
}

uint64_t replay_since(struct replay *r, uint64_t first, uint64_t from, struct model *model)
{
	model_of_judged(r, model);
	if (from > model->start)
		model->start = from < model->end ? from : model->end;
	return tally_finish_since(r->tally, first, model);
}

/* Does this process keep too much by now? Then it ignores the rest, and says so. Asking costs microseconds,
 * and a line makes it keep little more than its own size, so it is asked only now and then. */
static bool is_full(struct replay *r)
{
	if (r->full || ++r->lines % LINES_BETWEEN)
		return r->full;
	struct mallinfo2 info = mallinfo2();

	r->full = info.uordblks + info.hblkhd > MEMORY_LIMIT;
	if (r->full)
		fprintf(stderr,
			"hud-postproc: the stream needs more than %zu MiB of memory: everything after its "
			"first %.3f s is left out\n",
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
			handle(r, &e);
	return got;
}

int replay_end(struct replay *r)
{
	struct model *m = r->model;

	judge_until(r, UINT64_MAX);
	if (r->samples)
		samples_finish(r->samples);
	if (r->main_samples)
		samples_finish(r->main_samples);
	if (r->polls)
		polls_finish(r->polls);
	/* Removing probes takes a moment, in which more events may come. */
	m->end = r->ended ? r->ended : r->newest;
	if (m->end < m->start)
		m->end = m->start;
	r->sums = *m;
	r->over = true;
	replay_note_reading(r, m);
	replay_note_end(r, m);
	tally_finish(r->tally, m);
	replay_note_builds(r, m);
	errno = EINVAL;
	return stream_version(r->stream) == 0 && m->events == 0 ? -1 : 0;
}

/* Reads bytes up to the end of a line, as far as there is room; does not wait for a pipe to hold more.
 * Returns 0 at the end, and on errors. */
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

bool replay_nameless(const struct replay *r)
{
	return r->stacks && stacks_nameless(r->stacks);
}

void replay_write_stacks(const struct replay *r, FILE *out)
{
	if (!r->stacks)
		return;
	struct cut_why why = replay_cut_why(r);
	char *text = text_format("%" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64, why.walked, why.too_few,
				 why.elsewhere, why.reduced);

	if (why.walked || why.too_few || why.elsewhere)
		event_write(out, &(struct event){.kind = EVENT_META, .key = "cut-stacks", .text = text});
	free(text);
	stacks_write(r->stacks, out);
}

const char *replay_error(int error)
{
	switch (error) {
	case EPROTONOSUPPORT:
		return "it has a later version than this program can read";
	case EINVAL:
		return "it has no event lines of hud-trace";
	case EBADMSG:
		return "its compressed data is damaged";
	default:
		return strerror(error);
	}
}
