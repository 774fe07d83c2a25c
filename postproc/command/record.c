/* SPDX-License-Identifier: Apache-2.0 */
/* record.c - hud-postproc record: passes a stream on, and writes it to a file.
 *
 * Passing on does not wait for the disk: a separate thread writes, and at most QUEUE_LIMIT bytes wait for it.
 * If the queue is full and the disk stands still, further lines are left out of the recording, which says so
 * in the words of bpftrace's lost events.
 */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <libiberty/libiberty.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/complain.h"
#include "base/escape.h"
#include "base/progress.h"
#include "base/write-all.h"
#include "command/command.h"
#include "command/record-resolve.h"
#include "replay/replay.h"
#include "resolve/elf/binary.h"
#include "sandbox/confine.h"
#include "sandbox/debuginfod.h"
#include "sandbox/message-relay.h"
#include "sandbox/opener.h"
#include "sandbox/outpath.h"
#include "sandbox/sandbox.h"
#include "sandbox/userfiles.h"
#include "stream/line-kinds.h"
#include "stream/record/recording.h"
#include "stream/tell-begun.h"

#define BLOCK_SIZE (256u << 10)
#define LINE_LIMIT (1u << 20) /* longer lines are written in pieces */
#define BLOCK_MS 1000	      /* how long lines are collected: a crash may lose them */
#define QUEUE_LIMIT (64u << 20)
#define STALL_MS 500 /* a disk that takes nothing for this long stands still */

struct options {
	const char *path;
	uint64_t ring;
	bool resolve, quiet, check;
	bool unasked;	  /* resolve only a file, and only if its executable has names */
	bool needs_begin; /* nothing is kept without a begin line: hud-trace says why */
	struct replay_options replay;
};

/* Lines on their way to the disk. */
struct batch {
	struct batch *next;
	size_t size;
	char lines[];
};

struct recorder {
	const char *path; /* escaped, for messages */
	struct recording *recording;
	pthread_mutex_t mutex;
	pthread_cond_t more, less;
	struct batch *first, **last;
	size_t queued;
	bool done, stalled;
	bool begun;	    /* lines came that are not of the head */
	bool traced;	    /* a begin line came */
	int tell;	    /* begun_tell() */
	atomic_bool failed; /* nothing more can be written */
	uint64_t lost;	    /* events that found the queue full */
	uint64_t unsaid;    /* of these, not reported in the recording yet */
	char *block;	    /* not queued yet */
	size_t filled, block_size;
	int64_t since; /* ms: when its first byte came */
};

static int fail(const char *what, const char *why)
{
	complain("hud-postproc record: %s: %s\n", what, why);
	return 1;
}

static const char *why(int error)
{
	return error == EBUSY	   ? "another recorder is writing it"
	       : error == EMSGSIZE ? "--ring is too small for the head of this stream"
	       : error == EINVAL   ? "a ring has to be a file"
				   : userfiles_error(error);
}

static void *write_batches(void *argument)
{
	struct recorder *r = argument;

	pthread_mutex_lock(&r->mutex);
	for (;;) {
		while (!r->first && !r->done)
			pthread_cond_wait(&r->more, &r->mutex);
		struct batch *batch = r->first;

		if (!batch)
			break;
		r->first = batch->next;
		r->last = r->first ? r->last : &r->first;
		r->queued -= batch->size;
		pthread_cond_signal(&r->less);
		pthread_mutex_unlock(&r->mutex);
		if (!r->failed && recording_write(r->recording, batch->lines, batch->size)) {
			int error = errno;
			char *text = xasprintf("%s; tracing goes on, the recording ends here: %s", why(error),
					       recording_name(r->recording));
			char *safe = escape_terminal(text, false);

			r->failed = true;
			fail(r->path, safe);
			free(safe);
			free(text);
		}
		free(batch);
		pthread_mutex_lock(&r->mutex);
	}
	pthread_mutex_unlock(&r->mutex);
	return NULL;
}

static uint64_t count_events(const char *lines, size_t size)
{
	const char *end = lines + size;
	uint64_t count = 0;

	while (lines < end) {
		const char *newline = memchr(lines, '\n', (size_t)(end - lines));
		size_t length = (size_t)((newline ? newline + 1 : end) - lines);

		count += line_is(lines, length, LINE_EVENT);
		lines += length;
	}
	return count;
}

/* Waits for room for so many bytes in the queue, as long as the disk takes some. Returns false if there is
 * none. */
static bool await_room(struct recorder *r, size_t size)
{
	bool room;

	pthread_mutex_lock(&r->mutex);
	while (!(room = r->queued + size <= QUEUE_LIMIT) && !r->stalled) {
		struct timespec until;

		clock_gettime(CLOCK_REALTIME, &until);
		until.tv_nsec += STALL_MS % 1000 * 1000000;
		until.tv_sec += STALL_MS / 1000 + until.tv_nsec / 1000000000;
		until.tv_nsec %= 1000000000;
		r->stalled = pthread_cond_timedwait(&r->less, &r->mutex, &until) == ETIMEDOUT;
	}
	r->stalled = !room;
	pthread_mutex_unlock(&r->mutex);
	return room;
}

/* Finds the first line behind the stream's head, and the one that says that tracing has begun. */
static void note_begin(struct recorder *r, const char *lines, size_t size)
{
	const char *end = lines + size;

	while (lines < end && !r->traced) {
		const char *next = memchr(lines, '\n', (size_t)(end - lines));

		next = next ? next + 1 : end;
		r->begun = r->begun || !line_is(lines, (size_t)(next - lines), LINE_HEAD);
		r->traced = next - lines > 6 && !memcmp(lines, "begin ", 6);
		lines = next;
	}
	if (r->traced)
		begun_tell(&r->tell);
}

/* Queues lines, or counts them as lost. */
static void enqueue(struct recorder *r, const char *lines, size_t size)
{
	char said[64] = "";
	struct batch *batch;

	note_begin(r, lines, size);
	if (r->failed)
		return;
	if (!await_room(r, size)) {
		uint64_t lost = count_events(lines, size);

		r->lost += lost;
		r->unsaid += lost;
		return;
	}
	if (r->unsaid)
		sprintf(said, "Lost %" PRIu64 " events\n", r->unsaid);
	r->unsaid = 0;
	batch = xmalloc(sizeof(*batch) + strlen(said) + size + 1);
	batch->next = NULL;
	batch->size = strlen(said) + size;
	strcpy(batch->lines, said);
	memcpy(batch->lines + strlen(said), lines, size);
	pthread_mutex_lock(&r->mutex);
	*r->last = batch;
	r->last = &batch->next;
	r->queued += batch->size;
	pthread_cond_signal(&r->more);
	pthread_mutex_unlock(&r->mutex);
}

/* Removes the lines that only make bpftrace write its output (probes/parts/end.bt). Returns how many bytes
 * are left. */
static size_t drop_flushes(char *lines, size_t size)
{
	char *end = lines + size, *at = lines;

	while (at < end) {
		char *found = end - at >= 2 && !memcmp(at, "#\n", 2)
				      ? at
				      : memmem(at, (size_t)(end - at), "\n#\n", 3);

		if (!found)
			break;
		at = found + (*found == '\n');
		end -= 2;
		memmove(at, at + 2, (size_t)(end - at));
	}
	return (size_t)(end - lines);
}

/* Queues the whole lines of the block. */
static void end_block(struct recorder *r)
{
	const char *end = r->filled ? memrchr(r->block, '\n', r->filled) : NULL;
	size_t size = end ? (size_t)(end - r->block) + 1 : r->filled >= LINE_LIMIT ? r->filled : 0;

	size_t kept = drop_flushes(r->block, size);

	if (kept)
		enqueue(r, r->block, kept);
	r->filled -= size;
	memmove(r->block, r->block + size, r->filled);
	r->since = clock_ms();
}

static volatile sig_atomic_t ended;

static void on_term(int signal)
{
	(void)signal;
	ended = 1;
}

/* SIGTERM ends it cleanly, and only while it waits with the mask *waiting. Signals that end a pipeline in a
 * terminal reach it as the end of its input. */
static void set_signals(sigset_t *waiting)
{
	struct sigaction old, action = {.sa_handler = on_term};
	sigset_t term;

	signal(SIGPIPE, SIG_IGN);
	signal(SIGINT, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	sigemptyset(&term);
	sigaddset(&term, SIGTERM);
	sigprocmask(SIG_BLOCK, &term, waiting);
	sigdelset(waiting, SIGTERM);
	if (!sigaction(SIGTERM, NULL, &old) && old.sa_handler != SIG_IGN)
		sigaction(SIGTERM, &action, NULL);
}

/* Copies standard input to standard output and to the queue, until either ends. Returns the exit status. */
static int pass_all(struct recorder *r, const sigset_t *waiting)
{
	struct pollfd in = {.fd = STDIN_FILENO, .events = POLLIN};
	ssize_t got;

	r->block = xmalloc(LINE_LIMIT + BLOCK_SIZE);
	for (;;) {
		int64_t left = r->since + BLOCK_MS - clock_ms();

		if (r->filled && left <= 0)
			end_block(r);
		left = left > 0 ? left : BLOCK_MS;
		struct timespec wait = {.tv_sec = left / 1000, .tv_nsec = left % 1000 * 1000000};

		if (ppoll(&in, 1, r->filled ? &wait : NULL, waiting) <= 0) {
			if (ended)
				return 0;
			continue;
		}
		got = read(STDIN_FILENO, r->block + r->filled, BLOCK_SIZE / 4);
		if (got < 0 && (errno == EINTR || errno == EAGAIN))
			continue;
		if (got < 0)
			return fail("standard input", strerror(errno));
		if (got == 0)
			return 0;
		if (!r->filled)
			r->since = clock_ms();
		char *fresh = r->block + r->filled;

		r->filled += (size_t)got;
		if (r->tell && memmem(r->block, r->filled, "\nbegin ", 7))
			begun_tell(&r->tell);
		/* Its reader may have seen enough: no failure. */
		if (write_all(STDOUT_FILENO, fresh, (size_t)got))
			return errno == EPIPE ? 0 : fail("standard output", strerror(errno));
		if (r->filled >= r->block_size)
			end_block(r);
	}
}

/* Rewrites the recording with names in it. Returns the exit status; -1 if it stays as it is. */
static int resolve(const struct options *o, struct recorder *r)
{
	struct recording *to = recording_open(o->path, ".resolved", 0);

	if (!to)
		return fail(r->path, why(errno));
	FILE *out = recording_stream(to);
	int failed = record_resolve(r->recording, &o->replay, o->unasked, out), error = errno;

	if (!failed && ferror(out)) {
		failed = -1;
		error = EIO;
	}
	if (fclose(out) != 0 && !failed) {
		failed = -1;
		error = errno;
	}
	if (failed) {
		recording_discard(to);
	} else if (recording_close(to, true)) {
		failed = -1;
		error = errno;
	}
	if (failed && error == ENODATA && o->unasked) {
		complain("hud-postproc record: %s: left without names, as the executable has none: "
			 "give an unstripped copy with --target when you read it\n",
			 r->path);
		return -1;
	}
	return failed ? fail("the names could not be put in", strerror(error)) : 0;
}

static int record(const struct options *o, struct recorder *r)
{
	pthread_t writer;
	sigset_t waiting;
	int status;

	set_signals(&waiting);
	if (pthread_create(&writer, NULL, write_batches, r))
		xmalloc_failed(0);
	status = pass_all(r, &waiting);
	end_block(r);
	if (r->unsaid)
		enqueue(r, "", 0);
	/* The reader of standard output need not wait for the disk. */
	close(STDOUT_FILENO);
	pthread_mutex_lock(&r->mutex);
	r->done = true;
	pthread_cond_signal(&r->more);
	pthread_mutex_unlock(&r->mutex);
	pthread_join(writer, NULL);
	if (r->lost) {
		char text[80];

		sprintf(text, "the disk was too slow: %" PRIu64 " events are missing there", r->lost);
		status = fail(r->path, text);
	}
	bool nothing = o->needs_begin ? !r->traced : !r->begun;

	if (nothing && !r->failed && recording_is_file(r->recording)) { /* the existing file is better */
		recording_discard(r->recording);
		return o->needs_begin ? 1 : fail(r->path, "nothing came that could be recorded");
	}
	if (o->resolve && !r->failed) {
		int failed = resolve(o, r);

		if (!failed) {
			recording_discard(r->recording);
			return status;
		}
		status = failed < 0 ? status : 1;
	}
	if (recording_close(r->recording, !r->failed))
		status = fail(r->path, strerror(errno));
	return r->failed ? 1 : status;
}

static const char usage[] =
	"usage: hud-postproc record [OPTION]... FILE\n"
	"\n"
	"Passes standard input on to standard output, and writes it to FILE as well: compressed if\n"
	"its name ends in .gz or .zst. Until it is complete its name is FILE.partial.\n"
	"\n"
	"      --ring SIZE     keep only the newest SIZE bytes (K, M, G: KiB, MiB, GiB)\n"
	"      --resolve       write names into it at the end, like hud-postproc resolve\n"
	"      --no-resolve    do not (the default)\n"
	"  -t, --target FILE   for --resolve: read symbols from FILE, an unstripped copy; repeatable\n"
	"  -p, --pid PID       the process still runs: read its files through /proc\n"
	"      --debuginfod    fetch debug info from the servers in $DEBUGINFOD_URLS\n"
	"      --headless      no progress\n"
	"      --check         write nothing; exit with status 2 if FILE cannot be written\n"
	"  -h, --help\n";

enum { RING = 256, RESOLVE, NO_RESOLVE, UNASKED, DEBUGINFOD, HEADLESS, CHECK, BEGUN };
static const struct option longs[] = {
	{"ring", required_argument, NULL, RING},
	{"resolve", no_argument, NULL, RESOLVE},
	{"no-resolve", no_argument, NULL, NO_RESOLVE},
	{"resolve-unasked", no_argument, NULL, UNASKED}, /* for hud-trace */
	{"target", required_argument, NULL, 't'},
	{"pid", required_argument, NULL, 'p'},
	{"debuginfod", no_argument, NULL, DEBUGINFOD},
	{"headless", no_argument, NULL, HEADLESS},
	{"check", no_argument, NULL, CHECK},
	{"begun", required_argument, NULL, BEGUN}, /* for hud-trace */
	{"help", no_argument, NULL, 'h'},
	{NULL, 0, NULL, 0},
};

/* Reads the options. Returns -1, or the exit status if nothing is left to do. */
static int parse(int argc, char **argv, struct options *o)
{
	int c;

	while ((c = command_option(argc, argv, "t:p:h", longs)) != -1) {
		switch (c) {
		case RING:
			o->ring = command_size("record", "ring", optarg);
			break;
		case RESOLVE:
		case NO_RESOLVE:
		case UNASKED:
			o->resolve = c != NO_RESOLVE;
			o->unasked = c == UNASKED;
			break;
		case 't':
			command_target("record", &o->replay.targets, optarg);
			break;
		case 'p':
			o->replay.pid = command_pid("record", "--pid", optarg);
			break;
		case DEBUGINFOD:
			o->replay.debuginfod = debuginfod_wanted("record");
			break;
		case HEADLESS:
			o->quiet = true;
			break;
		case CHECK:
			o->check = true;
			break;
		case BEGUN:
			o->replay.begun = command_descriptor("record", "begun", optarg);
			o->needs_begin = true;
			break;
		case 'h':
			return fputs(usage, stdout) < 0;
		default:
			fputs("Try 'hud-postproc record --help'.\n", stderr);
			return 2;
		}
	}
	if (argc - optind == 1) {
		o->path = argv[optind];
		return -1;
	}
	fputs(usage, stderr);
	return 2;
}

/* Its files are the caller's, and it creates more while it runs: it becomes that user before it opens the
 * first. */
static int confine(struct options *o)
{
	o->replay.confine = sandbox_resolver;
	if (o->resolve && (opener_start(o->replay.pid) || (o->replay.debuginfod && debuginfod_start())))
		return -1;
	if (o->resolve ? confine_to_user_or_nobody_later() : confine_to_user())
		return -1;
	binary_prepare();
	tzset();
	return confine_record();
}

/* Before a trace of an hour begins: can its recording be written? Returns 0, or 2 after a message. */
static int check(const struct options *o)
{
	const char *problem = NULL;

	if (confine_to_user())
		return 2;
	if (o->resolve && !o->unasked && outpath_check(o->path) > 0)
		problem = "--resolve needs a file";
	else if (recording_check(o->path, ".partial", o->ring))
		problem = why(errno);
	if (!problem)
		return 0;
	char *said = xstrdup(problem), *path = escape_terminal(o->path, false);

	fail(path, said);
	free(path);
	free(said);
	return 2;
}

int record_main(int argc, char **argv)
{
	struct options o = {0};
	struct recorder r = {.mutex = PTHREAD_MUTEX_INITIALIZER,
			     .more = PTHREAD_COND_INITIALIZER,
			     .less = PTHREAD_COND_INITIALIZER};
	int status = parse(argc, argv, &o);

	if (status >= 0)
		return status;
	if (o.check)
		return check(&o);
	/* Then no helper is needed to open files. */
	o.resolve = o.resolve && !(o.unasked && outpath_check(o.path) > 0);
	if (!o.quiet && isatty(STDERR_FILENO))
		progress_enable();
	if (confine(&o))
		return 1;
	char *path = escape_terminal(o.path, false);

	r.path = path;
	r.last = &r.first;
	r.tell = o.replay.begun;
	o.replay.begun = 0; /* Resolving has nobody to report to. */
	r.block_size = o.ring && o.ring / 16 < BLOCK_SIZE ? o.ring / 16 : BLOCK_SIZE;
	r.recording = recording_open(o.path, ".partial", o.ring);
	if (r.recording && o.resolve && !recording_is_file(r.recording)) {
		recording_discard(r.recording);
		status = fail(path, "--resolve needs a file");
	} else {
		status = r.recording ? record(&o, &r) : fail(path, why(errno));
	}
	free(r.block);
	free(path);
	opener_end();
	debuginfod_end();
	messages_end();
	return status;
}
