/* SPDX-License-Identifier: Apache-2.0 */
/* test_diff.c - two traces compared: which blockers are matched, and what became of them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <libiberty/libiberty.h>

#include "base/units.h"
#include "diff/diff.h"
#include "replay/replay.h"

#define MS UINT64_C(1000000)

/* The stacks: f and g of task t, f of no known task, and code without a name at 0x50 of the executable and of
 * a library. The build ids follow. */
#define FRAME(id, function) "frame " id " whole call user 5005 5 1 /app " function " app::" function " - -\n"
#define POLL(id)                                                                                             \
	"frame " id " whole call runtime 2020 20 1 /app poll tokio::runtime::task::raw::poll - -\n"          \
	"frame " id " whole call runtime 3030 30 1 /app run multi_thread::worker::run - -\n"
#define HEAD                                                                                                 \
	"hud-trace 1\nmeta target app\nmeta exe /app\nmeta pid 100\nmeta threshold-us 5000\nmeta hz 1000\n"  \
	"meta arch x86_64\nthread 101 worker 1 tokio-rt-worker\nbegin 1000000000\n"
#define STACKS                                                                                               \
	FRAME("5", "f")                                                                                      \
	POLL("5")                                                                                            \
	FRAME("6", "g")                                                                                      \
	POLL("6")                                                                                            \
	"frame 7 whole call user 5050 50 1 /app app+0x50 - - -\n" POLL(                                      \
		"7") "frame 8 whole call user 9050 50 1 /lib.so lib.so+0x50 - - -\n" POLL("8")
#define BUILD(exe, lib)                                                                                      \
	"meta build-id " exe "\nmap 1000 8000 r-xp 0 " exe " /app\nmap 9000 a000 r-xp 0 " lib " /lib.so\n"

struct outcome {
	struct replay *replay[2];
	struct model model[2];
	struct diff diff;
};

/* Blocks of one stack in a stream: `count` of them, evenly spaced, each of `ms`. */
struct blocks {
	unsigned stack, count, ms;
	long syscall; /* 230: sleep, 202: lock */
};

static void play(struct outcome *o, size_t side, const char *build, unsigned seconds,
		 const struct blocks *blocks)
{
	char *text;
	size_t size;
	FILE *stream = open_memstream(&text, &size);

	fprintf(stream, "%s%s%s", HEAD, build, STACKS);
	/* In order of time: equal steps, in each of which a stack has a block or not. */
	for (unsigned step = 0; step < 1000; step++)
		for (const struct blocks *b = blocks; b->count; b++)
			if ((step + 1) * b->count / 1000 != step * b->count / 1000)
				fprintf(stream, "sleep %llu 101 0 %u000000 0 S %ld %x 0 0 0 -\n",
					1000000000ull + (step + 1) * (seconds * 1000000ull) - b->stack, b->ms,
					b->syscall, b->stack);
	fprintf(stream, "end %llu interrupt\n", 1000000000ull * (1 + seconds));
	fclose(stream);
	stream = fmemopen(text, size, "r");
	o->replay[side] = replay_new(&(struct replay_options){.detail = DETAIL_SPANS});
	assert_int_equal(replay_read(o->replay[side], stream, &o->model[side]), 0);
	assert_int_equal(o->model[side].bad_lines + o->model[side].unknown_lines, 0);
	fclose(stream);
	free(text);
}

static void compare(struct outcome *o)
{
	diff_make(&o->diff, &o->model[0], &o->model[1]);
}

static void finish(struct outcome *o)
{
	diff_free(&o->diff);
	replay_free(o->replay[0]);
	replay_free(o->replay[1]);
}

/* The only row with this function and reason. */
static const struct change *find(const struct outcome *o, const char *function, enum reason reason)
{
	const struct change *found = NULL;

	for (size_t i = 0; i < o->diff.changes; i++) {
		const struct blocker *b = change_blocker(&o->diff.change[i]);

		if (strcmp(b->function, function) != 0 || b->reason != reason)
			continue;
		assert_null(found);
		found = &o->diff.change[i];
	}
	assert_non_null(found);
	return found;
}

#define BEFORE(...) play(&o, 0, BUILD("aa", "11"), 10, (struct blocks[]){__VA_ARGS__, {0}})
#define AFTER(build, seconds, ...) play(&o, 1, build, seconds, (struct blocks[]){__VA_ARGS__, {0}})

static void each_kind(void **state)
{
	struct outcome o;
	(void)state;

	BEFORE({5, 100, 20, 230}, {5, 100, 10, 202}, {6, 100, 10, 202}, {7, 3, 10, 202});
	AFTER(BUILD("aa", "11"), 20, {5, 200, 10, 230}, {5, 200, 10, 202}, {6, 100, 40, 230},
	      {7, 100, 10, 202});
	compare(&o);
	assert_int_equal(find(&o, "f", REASON_SLEEP)->kind, CHANGE_BETTER);
	assert_int_equal(find(&o, "f", REASON_LOCK)->kind, CHANGE_NONE);
	assert_int_equal(find(&o, "g", REASON_LOCK)->kind, CHANGE_GONE);
	assert_int_equal(find(&o, "g", REASON_SLEEP)->kind, CHANGE_NEW);
	assert_int_equal(find(&o, "app+0x50", REASON_LOCK)->kind, CHANGE_WORSE);
	assert_int_equal(o.diff.changes, 5);
	/* Twice the length, the same rates. */
	const struct change *same = find(&o, "f", REASON_LOCK);

	assert_int_equal(same->was.count, 100);
	assert_int_equal(same->is.count, 200);
	assert_true(same->was.time > 99.9e6 && same->was.time < 100.1e6);
	assert_true(same->is.time > 99.9e6 && same->is.time < 100.1e6);
	assert_true(same->was.often > 9.99 && same->was.often < 10.01 && same->is.often > 9.99 &&
		    same->is.often < 10.01);
	/* Significant changes come first, the largest at the top. */
	assert_ptr_equal(find(&o, "g", REASON_SLEEP), &o.diff.change[0]);
	assert_ptr_equal(same, &o.diff.change[4]);
	finish(&o);
}

static void too_little_to_tell(void **state)
{
	struct outcome o;
	(void)state;

	BEFORE({5, 100, 20, 230}, {6, 3, 20, 202});
	AFTER(BUILD("aa", "11"), 10, {5, 101, 20, 230}, {6, 2, 20, 230});
	compare(&o);
	assert_int_equal(find(&o, "f", REASON_SLEEP)->kind, CHANGE_NONE);
	assert_int_equal(find(&o, "g", REASON_LOCK)->kind, CHANGE_MAYBE_GONE);
	assert_int_equal(find(&o, "g", REASON_SLEEP)->kind, CHANGE_MAYBE_NEW);
	assert_int_equal(o.diff.blocked.kind, CHANGE_NONE);
	char *verdict = diff_verdict(&o.diff);

	assert_non_null(strstr(verdict, "No significant change"));
	free(verdict);
	finish(&o);
}

/* The threshold is 5 ms. Only if both sides are near it is the count chance. */
static void near_the_threshold_it_may_be_chance(void **state)
{
	struct outcome o;
	(void)state;

	BEFORE({5, 30, 6, 230}, {6, 100, 9, 202}, {7, 100, 6, 202}, {8, 100, 9, 230});
	AFTER(BUILD("aa", "11"), 10, {5, 100, 9, 230}, {6, 100, 6, 230}, {7, 100, 20, 202}, {8, 30, 6, 230});
	compare(&o);
	assert_int_equal(find(&o, "f", REASON_SLEEP)->kind, CHANGE_MAYBE_WORSE);
	assert_int_equal(find(&o, "g", REASON_LOCK)->kind, CHANGE_MAYBE_GONE);
	assert_int_equal(find(&o, "g", REASON_SLEEP)->kind, CHANGE_MAYBE_NEW);
	assert_int_equal(find(&o, "app+0x50", REASON_LOCK)->kind, CHANGE_WORSE);
	assert_int_equal(find(&o, "lib.so+0x50", REASON_SLEEP)->kind, CHANGE_MAYBE_BETTER);
	char *counts = diff_counts(&o.diff), *method = diff_method(&o.diff);

	assert_string_equal(counts, "1 worse, 1 new?, 1 worse?, 1 gone?, 1 better?");
	assert_non_null(strstr(method, "twice the threshold"));
	free(counts);
	free(method);
	finish(&o);
}

static void offsets_of_another_build_do_not_match(void **state)
{
	struct outcome o;
	(void)state;

	/* The executable was rebuilt, the library was not. */
	BEFORE({5, 50, 10, 230}, {7, 50, 10, 202}, {8, 50, 10, 202});
	AFTER(BUILD("bb", "11"), 10, {5, 50, 10, 230}, {7, 50, 10, 202}, {8, 50, 10, 202});
	compare(&o);
	assert_int_equal(o.diff.changes, 4);
	assert_int_equal(o.diff.kinds[CHANGE_UNMATCHED], 2);
	assert_int_equal(find(&o, "f", REASON_SLEEP)->kind, CHANGE_NONE);
	assert_int_equal(find(&o, "lib.so+0x50", REASON_LOCK)->kind, CHANGE_NONE);
	for (size_t i = 2; i < 4; i++)
		assert_string_equal(change_blocker(&o.diff.change[i])->function, "app+0x50");
	finish(&o);
}

static void the_same_build_may_lose_its_code(void **state)
{
	struct outcome o;
	(void)state;

	BEFORE({7, 50, 10, 202});
	AFTER(BUILD("aa", "22"), 10, {5, 50, 10, 202});
	compare(&o);
	assert_int_equal(find(&o, "app+0x50", REASON_LOCK)->kind, CHANGE_GONE);
	finish(&o);
}

static void unknown_builds_do_not_match(void **state)
{
	struct outcome o;
	(void)state;

	play(&o, 0, BUILD("-", "-"), 10, (struct blocks[]){{7, 50, 10, 202}, {0}});
	AFTER(BUILD("-", "-"), 10, {7, 50, 10, 202});
	compare(&o);
	assert_int_equal(o.diff.kinds[CHANGE_UNMATCHED], 2);
	finish(&o);
}

static void nothing_at_all(void **state)
{
	struct outcome o;
	(void)state;

	play(&o, 0, BUILD("aa", "11"), 10, (struct blocks[]){{0}});
	play(&o, 1, BUILD("aa", "11"), 0, (struct blocks[]){{0}});
	compare(&o);
	assert_int_equal(o.diff.changes, 0);
	assert_int_equal(o.diff.blocked.kind, CHANGE_NONE);
	finish(&o);
}

static size_t warned;

static void count_warning(void *context, const char *text)
{
	(void)context;
	assert_true(strlen(text) > 10);
	warned++;
}

static void what_does_not_compare_is_said(void **state)
{
	struct outcome o;
	(void)state;

	BEFORE({5, 50, 10, 230});
	AFTER(BUILD("aa", "11"), 10, {5, 50, 10, 230});
	compare(&o);
	warned = 0;
	diff_warnings(&o.diff, count_warning, NULL);
	assert_int_equal(warned, 0);
	o.model[0].target.polls = "tls DWARF";
	o.model[1].target.polls = "uprobe 12 symbols";
	diff_warnings(&o.diff, count_warning, NULL);
	assert_int_equal(warned, 0);
	o.model[1].target.polls = "estimate no symbols";
	diff_warnings(&o.diff, count_warning, NULL);
	assert_int_equal(warned, 1);
	o.model[0].target.polls = "estimate without samples, asked for";
	warned = 0;
	o.model[1].target.threshold = MS;
	o.model[0].lost = 3;
	o.model[1].truncated = true;
	diff_warnings(&o.diff, count_warning, NULL);
	assert_int_equal(warned, 4);
	finish(&o);
}

/* A percentage beside "unchanged" would suggest a change. */
static void within_noise_there_is_no_percentage(void **state)
{
	struct change c = {.kind = CHANGE_NONE, .was = {3, 2.87e6, 0.1}, .is = {1, 242e3, 0.03}};
	char text[UNIT_SIZE];
	(void)state;

	assert_string_equal(change_growth(text, &c), "");
	c.kind = CHANGE_MAYBE_GONE;
	assert_string_equal(change_growth(text, &c), "");
	c.kind = CHANGE_BETTER;
	assert_string_equal(change_growth(text, &c), "-92%");

	/* Nor in the head, for the total. */
	struct outcome o;
	char *page;
	size_t size;

	BEFORE({5, 2, 100, 230});
	AFTER(BUILD("aa", "11"), 10, {5, 1, 100, 230});
	compare(&o);
	FILE *out = open_memstream(&page, &size);

	assert_int_equal(diff_text(out, &o.diff, &(struct report_options){0}), 0);
	fclose(out);
	assert_int_equal(o.diff.blocked.kind, CHANGE_NONE);
	assert_non_null(strstr(page, "%  not significant\n"));
	free(page);
	finish(&o);
}

/* The target chooses names: none leaves its cell or line. */
static void names_stay_where_they_are(void **state)
{
	struct outcome o;
	char *text;
	size_t size;
	(void)state;

	BEFORE({5, 50, 10, 230});
	AFTER(BUILD("aa", "11"), 10, {5, 50, 10, 230});
	o.model[0].blocker[0].function = o.model[1].blocker[0].function =
		"a`b`|<script>\\| \n\x1b[31m|`]( _x_ *y*";
	o.model[0].blocker[0].task = o.model[1].blocker[0].task = "`";
	compare(&o);
	FILE *out = open_memstream(&text, &size);

	assert_int_equal(diff_markdown(out, &o.diff, &(struct report_options){0}), 0);
	fclose(out);
	char *row = strstr(text, "| unchanged |"), *end = strchr(row, '\n');
	size_t bars = 0, quotes = 0;

	assert_null(strchr(text, '\x1b'));
	for (const char *p = row; p < end; p++) {
		bars += *p == '|';
		quotes += *p == '`';
	}
	assert_int_equal(bars, 9);
	assert_int_equal(quotes, 4);
	free(text);
	finish(&o);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_kind),
		cmocka_unit_test(too_little_to_tell),
		cmocka_unit_test(near_the_threshold_it_may_be_chance),
		cmocka_unit_test(offsets_of_another_build_do_not_match),
		cmocka_unit_test(the_same_build_may_lose_its_code),
		cmocka_unit_test(unknown_builds_do_not_match),
		cmocka_unit_test(nothing_at_all),
		cmocka_unit_test(what_does_not_compare_is_said),
		cmocka_unit_test(within_noise_there_is_no_percentage),
		cmocka_unit_test(names_stay_where_they_are),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
