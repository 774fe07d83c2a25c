/* SPDX-License-Identifier: Apache-2.0 */
/* trigger.c - see trigger.h. */
#include "trigger/trigger.h"

#include <errno.h>
#include <inttypes.h>
#include <libiberty/libiberty.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/complain.h"
#include "base/escape.h"
#include "base/grow.h"
#include "base/units.h"
#include "sandbox/atomic-file.h"
#include "sandbox/userfiles.h"
#include "stream/line-kinds.h"
#include "trigger/memory-ring.h"
#include "trigger/on-trigger.h"

#define S UINT64_C(1000000000)
#define LOOK_NS 1000000000u /* how often the condition is looked at; more often with a short window */
#define LOOKS_A_WINDOW 4
#define LEAST_LOOK_NS 50000000u
#define LINE_LIMIT (1u << 20) /* longer lines are cut */
#define LOOKS_KEPT 65536      /* of a window of the longest */
#define NAMES_TRIED 1000
#define ENDING "zst"

/* What is counted from the start of the stream, at a moment. */
struct counts {
	uint64_t ns, lost, events, throttled, steal, stopped;
};

struct trigger {
	const struct trigger_options *options;
	char *stem;
	struct memory_ring *ring;
	char *line; /* begun, but not ended yet */
	size_t filled, room;
	uint64_t newest, next_look; /* times of the stream */
	struct counts *then;	    /* the looks of the last window, oldest first */
	size_t first, end, allocated;
	uint64_t from, until; /* of the recording that waits for its last seconds; until 0: none waits */
	uint64_t quiet_until; /* --debounce */
	uint64_t moment;      /* Unix time at which the condition was found true, s */
	char *why;	      /* what is said of it */
	unsigned made;
};

static char *stem_of(const char *folder)
{
	size_t length = strlen(folder);

	while (length > 1 && folder[length - 1] == '/')
		length--;
	return text_format("%.*s%strigger", (int)length, folder, folder[length - 1] == '/' ? "" : "/");
}

struct trigger *trigger_new(const struct trigger_options *o)
{
	/* A second more: the condition is seen late by as much as it is looked at. */
	uint64_t span = o->before + o->window + o->after + LOOK_NS;
	struct memory_ring *ring = memory_ring_new(span, o->ring);

	if (!ring) {
		complain("hud-postproc %s: no memory for --trigger: %s\n", o->command, strerror(errno));
		return NULL;
	}
	struct trigger *t = xcalloc(1, sizeof(*t));

	t->options = o;
	t->ring = ring;
	t->stem = stem_of(o->folder);
	userfiles_offer_private(t->stem, ENDING);
	if (o->on_trigger && on_trigger_start(o->on_trigger, t->stem, ENDING)) {
		trigger_free(t);
		return NULL;
	}
	return t;
}

void trigger_free(struct trigger *t)
{
	if (!t)
		return;
	on_trigger_end();
	memory_ring_free(t->ring);
	free(t->stem);
	free(t->line);
	free(t->then);
	free(t->why);
	free(t);
}

int trigger_check(const struct trigger_options *o)
{
	char *stem = stem_of(o->folder), *path = concat(stem, "-0." ENDING, NULL);
	int failed = output_check(path), error = errno;

	free(stem);
	free(path);
	errno = error;
	return failed;
}

/* --- the condition --- */

/* Makes the counts in *model those of the window that ends now. */
static void count_from_window(struct trigger *t, struct model *m)
{
	uint64_t window = t->options->window;
	struct counts now = {m->end, m->lost, m->events, m->quota.time, m->steal, m->stopped};

	while (t->first + 1 < t->end && t->then[t->first + 1].ns + window <= m->end)
		t->first++;
	if (t->first < t->end) {
		const struct counts *then = &t->then[t->first];

		m->lost -= then->lost;
		m->events -= then->events;
		m->quota.time -= then->throttled < m->quota.time ? then->throttled : m->quota.time;
		m->steal -= then->steal;
		m->stopped -= then->stopped;
	}
	if (t->end - t->first >= LOOKS_KEPT)
		t->first++;
	if (t->first > t->end / 2) {
		t->end -= t->first;
		memmove(t->then, t->then + t->first, t->end * sizeof(*t->then));
		t->first = 0;
	}
	GROW(t->then, t->allocated, t->end + 1);
	t->then[t->end++] = now;
}

/* Why the condition is true: the caller frees it. NULL: it is not. */
static char *reason_to_keep(const struct trigger *t, const struct model *m)
{
	for (size_t i = 0; i < t->options->gates.count; i++) {
		const struct gate *gate = &t->options->gates.gate[i];
		char *why = gate_broken(gate, m, NULL);

		if (!why)
			continue;
		char *text = text_format("'%s': %s", gate->text, why);

		free(why);
		return text;
	}
	return NULL;
}

static uint64_t wall_seconds(const struct model *m)
{
	const struct target *target = &m->target;

	if (!target->clock_wall || m->end < target->clock_boot)
		return (uint64_t)time(NULL);
	return (target->clock_wall + (m->end - target->clock_boot)) / S;
}

/* Looks at the condition. */
static void look(struct trigger *t, struct replay *replay)
{
	const struct trigger_options *o = t->options;
	struct model m;

	replay_lately(replay, t->options->window, &m);
	if (!m.begun)
		return;
	count_from_window(t, &m);
	if (t->until || t->made >= o->most || m.end < t->quiet_until || !(t->why = reason_to_keep(t, &m)))
		return;
	uint64_t span = o->window + o->before;

	t->from = m.end > span ? m.end - span : 0;
	t->until = m.end + o->after;
	/* The same blocks are not kept twice. */
	t->quiet_until = m.end + (o->debounce > o->window ? o->debounce : o->window);
	t->moment = wall_seconds(&m);
}

/* --- the recording --- */

/* Creates the file; its number is the moment, or the next one that is free. Returns -1 with errno set. */
static int create(const struct trigger *t, unsigned *number)
{
	int fd = -1;

	*number = (unsigned)t->moment;
	for (unsigned i = 0; i < NAMES_TRIED; i++, (*number)++)
		if ((fd = userfile_new(t->stem, ENDING, *number)) >= 0 || errno != EEXIST)
			break;
	return fd;
}

static void say_kept(const struct trigger *t, unsigned number, uint64_t begins)
{
	char late[UNIT_SIZE];

	complain("hud-postproc %s: --trigger %s: kept in %s-%u." ENDING "\n", t->options->command, t->why,
		 t->stem, number);
	if (begins > t->from + S)
		complain("hud-postproc %s: it begins %s late: --ring is too small for all of it\n",
			 t->options->command, unit_duration(late, begins - t->from));
	if (t->made == t->options->most)
		complain("hud-postproc %s: that was the last one that --max-recordings allows\n",
			 t->options->command);
}

/* Writes the recording that waits. */
static void keep(struct trigger *t)
{
	unsigned number;
	uint64_t begins = 0;
	int fd = create(t, &number), failed = fd < 0 ? -1 : memory_ring_write(t->ring, t->from, fd, &begins);
	int error = errno;

	if (fd >= 0 && close(fd) && !failed) {
		failed = -1;
		error = errno;
	}
	t->until = 0;
	t->made++;
	if (failed) {
		complain("hud-postproc %s: --trigger %s: %s: %s\n", t->options->command, t->why, t->stem,
			 userfiles_error(error));
	} else {
		say_kept(t, number, begins);
		on_trigger_run(number);
	}
	free(t->why);
	t->why = NULL;
}

/* --- the stream --- */

/* The stream has reached `ns`. */
static void reach(struct trigger *t, struct replay *replay, uint64_t ns)
{
	uint64_t often = t->options->window / LOOKS_A_WINDOW;

	often = often > LOOK_NS ? LOOK_NS : often < LEAST_LOOK_NS ? LEAST_LOOK_NS : often;
	if (ns <= t->newest)
		return;
	t->newest = ns;
	if (t->until && ns > t->until)
		keep(t);
	if (ns < t->next_look)
		return;
	t->next_look = ns + often;
	look(t, replay);
}

/* Feeds whole lines up to the next look. Returns how many bytes, or -1 as replay_feed(). */
static ssize_t feed_some(struct trigger *t, struct replay *replay, const char *lines, size_t size)
{
	uint64_t reached = 0;
	size_t at = 0;

	while (at < size && (!reached || reached < t->next_look)) {
		const char *newline = memchr(lines + at, '\n', size - at);
		size_t length = newline ? (size_t)(newline - lines) + 1 - at : size - at;
		uint64_t ns = line_time(lines + at, length);

		reached = ns > reached ? ns : reached;
		at += length;
	}
	if (memory_ring_add(t->ring, lines, at))
		complain("hud-postproc %s: --trigger: lines are missing: %s\n", t->options->command,
			 strerror(errno));
	if (replay_feed(replay, lines, at))
		return -1;
	reach(t, replay, reached);
	return (ssize_t)at;
}

int trigger_feed(struct trigger *t, struct replay *replay, const char *bytes, size_t size)
{
	GROW(t->line, t->room, t->filled + size);
	memcpy(t->line + t->filled, bytes, size);
	t->filled += size;
	const char *end = memrchr(t->line, '\n', t->filled);
	size_t whole = end ? (size_t)(end - t->line) + 1 : t->filled > LINE_LIMIT ? t->filled : 0;

	for (size_t at = 0; at < whole;) {
		ssize_t fed = feed_some(t, replay, t->line + at, whole - at);

		if (fed < 0)
			return -1;
		at += (size_t)fed;
	}
	t->filled -= whole;
	memmove(t->line, t->line + whole, t->filled);
	return 0;
}

void trigger_advance(struct trigger *t, struct replay *replay, uint64_t ns)
{
	if (ns > t->newest)
		reach(t, replay, ns);
}

void trigger_end(struct trigger *t, struct replay *replay)
{
	if (replay_feed(replay, t->line, t->filled))
		return;
	t->filled = 0;
	/* Also what happened in the last moment. */
	replay_advance(replay, UINT64_MAX);
	look(t, replay);
	if (t->until)
		keep(t);
}
