/* SPDX-License-Identifier: Apache-2.0 */
/* test_report.c - compares the report with golden texts, and checks what must hold for any names.
 *
 * Read the golden texts: they are what a user sees. After a wanted change, rewrite them with UPDATE_GOLDEN=1
 * and look at the difference.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <inttypes.h>
#include <libiberty/libiberty.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/escape.h"
#include "base/units.h"
#include "judge/reasons.h"
#include "report/advice.h"
#include "report/report.h"
#include "report/source-path.h"

#define US UINT64_C(1000)
#define MS UINT64_C(1000000)
#define S UINT64_C(1000000000)
#define COUNT(a) (sizeof(a) / sizeof *(a))

#define EXE "/home/ann/shop/target/release/shop"
#define LIBC "/usr/lib/x86_64-linux-gnu/libc.so.6"
#define REGISTRY "/home/ann/.cargo/registry/src/index.crates.io-1949cf8c6b5b557f/"
#define RUSTC "/rustc/59807616e1fa2540724bfbac14d7976d7e4a3860/library/"

#define FRAME(f, path, l, o, i)                                                                              \
	(&(const struct frame){.function = f,                                                                \
			       .name = f,                                                                    \
			       .file = path,                                                                 \
			       .line = l,                                                                    \
			       .module = EXE,                                                                \
			       .offset = 0x1f20,                                                             \
			       .origin = o,                                                                  \
			       .inlined = i})
#define OWN(f, path, l) FRAME(f, "/home/ann/shop/" path, l, ORIGIN_USER, false)
#define OWN_INLINED(f, path, l) FRAME(f, "/home/ann/shop/" path, l, ORIGIN_USER, true)
#define TOKIO(f)                                                                                             \
	FRAME("tokio::runtime::" f, REGISTRY "tokio-1.43.1/src/runtime/x.rs", 7, ORIGIN_RUNTIME, false)
#define STD(f, path, l) FRAME(f, RUSTC path, l, ORIGIN_STD, false)
#define C(f)                                                                                                 \
	(&(const struct frame){                                                                              \
		.function = f, .name = f, .module = LIBC, .offset = 0xd4a10, .origin = ORIGIN_SYSTEM})
#define NAMELESS (&(const struct frame){.module = EXE, .offset = 0x51c0, .origin = ORIGIN_UNKNOWN})

#define POLL                                                                                                 \
	TOKIO("task::core::Core<T,S>::poll"), TOKIO("task::harness::poll_inner"), TOKIO("task::raw::poll")

static const struct frame *const slow_page[] = {
	C("clock_nanosleep"),
	C("nanosleep"),
	STD("std::sys::pal::unix::thread::Thread::sleep", "std/src/sys/pal/unix/thread.rs", 240),
	STD("std::thread::sleep", "std/src/thread/mod.rs", 878),
	OWN("shop::pages::checkout::legacy_rate_limit", "shop/src/pages/checkout.rs", 88),
	OWN_INLINED("shop::pages::checkout::price", "shop/src/pages/checkout.rs", 61),
	OWN("shop::pages::checkout::page", "shop/src/pages/checkout.rs", 40),
	FRAME("axum::handler::call", REGISTRY "axum-0.7.9/src/handler/mod.rs", 120, ORIGIN_DEPENDENCY, false),
	FRAME("tower::util::oneshot::Oneshot::poll", REGISTRY "tower-0.5.2/src/util/oneshot.rs", 97,
	      ORIGIN_DEPENDENCY, false),
	FRAME("hyper::proto::h1::dispatch::poll_catch", REGISTRY "hyper-1.5.0/src/proto/h1/dispatch.rs", 128,
	      ORIGIN_DEPENDENCY, false),
	FRAME("hyper::server::conn::poll", REGISTRY "hyper-1.5.0/src/server/conn/http1.rs", 200,
	      ORIGIN_DEPENDENCY, false),
	POLL,
};
static const struct frame *const hash[] = {
	FRAME("blake2::compress", REGISTRY "blake2-0.10.6/src/lib.rs", 201, ORIGIN_DEPENDENCY, true),
	FRAME("argon2::Argon2::fill_blocks", REGISTRY "argon2-0.5.3/src/lib.rs", 311, ORIGIN_DEPENDENCY,
	      false),
	FRAME("argon2::Argon2::hash_password_into", REGISTRY "argon2-0.5.3/src/lib.rs", 201,
	      ORIGIN_DEPENDENCY, false),
	OWN("shop::login::verify", "shop/src/login.rs", 27),
	POLL,
};
static const struct frame *const lock[] = {
	C("syscall"),
	STD("std::sys::sync::mutex::futex::Mutex::lock_contended", "std/src/sys/sync/mutex/futex.rs", 57),
	STD("std::sync::mutex::Mutex<T>::lock", "std/src/sync/mutex.rs", 319),
	OWN("shop::cart::add", "cart/src/lib.rs", 143),
	OWN("shop::pages::cart", "shop/src/pages/cart.rs", 19),
	POLL,
};
static const struct frame *const unlock[] = {
	C("syscall"),
	OWN("shop::cart::recount_everything", "cart/src/lib.rs", 210),
};
static const struct frame *const read_file[] = {
	C("read"),
	STD("std::fs::read_to_string", "std/src/fs.rs", 320),
	NAMELESS,
};
static const struct frame *const busy[] = {
	OWN("shop::search::score", "shop/src/search.rs", 71),
	OWN("shop::search::run", "shop/src/search.rs", 12),
	POLL,
};

#define STACK(frames, blamed, outermost, number)                                                             \
	{                                                                                                    \
		.id = number, .role = ROLE_WORKER, .in_poll = true, .blame = blamed, .poll = outermost,      \
		.count = COUNT(frames), .frame = frames                                                      \
	}

static const struct verdict slow_page_stack = STACK(slow_page, 4, 10, 1);
static const struct verdict hash_stack = STACK(hash, 3, 3, 2);
static const struct verdict lock_stack = STACK(lock, 3, 4, 3);
static const struct verdict unlock_stack = STACK(unlock, 1, 1, 4);
static const struct verdict read_stack = {
	.id = 5, .role = ROLE_WORKER, .cut = true, .blame = 2, .poll = 3, .count = 3, .frame = read_file};
static const struct verdict busy_stack = STACK(busy, 0, 1, 6);

static struct blocker blocker(enum reason reason, const char *function, const char *file, unsigned line,
			      const struct verdict *stack, uint64_t count, uint64_t each)
{
	struct blocker b = {
		.reason = reason, .function = function, .file = file, .line = line, .stack = stack};

	for (uint64_t i = 0; i < count; i++) {
		uint64_t ns = each / 2 + each * i / count;

		histogram_add(&b.durations, ns);
		b.total += ns;
		b.max = ns > b.max ? ns : b.max;
	}
	b.count = count;
	b.stacks = 1;
	b.stack_total = b.total;
	return b;
}

#define MAX_WORKERS 100
static struct worker workers[MAX_WORKERS];
static struct blocker blockers[8];
static struct model model;

/* A service with `n` workers and one blocker of most kinds. */
static struct model *fixture(size_t n)
{
	memset(&model, 0, sizeof model);
	model.target = (struct target){.name = "shop",
				       .exe = EXE,
				       .build_id = "d0c5a1",
				       .kernel = "6.18.5",
				       .bpftrace = "v0.17.0",
				       .stacks = "copied, unwound by CFI",
				       .workers_how = "stacks",
				       .pid = 4242,
				       .threshold = 5 * MS,
				       .hz = 199};
	model.start = 1000 * S;
	model.end = 1020 * S;
	model.events = 12034;
	model.stacks = 831;
	model.stacks_cut = 17;
	model.parks = 11002;
	model.ended = "duration";
	model.worker_time = n * 20 * S;
	for (size_t i = 0; i < n; i++) {
		workers[i] = (struct worker){.tid = 4250 + (long)i,
					     .comm = "tokio-runtime-w",
					     .role = ROLE_WORKER,
					     .first = model.start,
					     .last = model.end,
					     .blocked = (n - i) * 140 * MS,
					     .run_queue = i * 7 * MS,
					     .blocks = 3 * (n - i),
					     .longest = (n - i) * 31 * MS};
	}
	model.worker = workers;
	model.workers = n;

	blockers[0] =
		blocker(REASON_SLEEP, "shop::pages::checkout::legacy_rate_limit",
			"/home/ann/shop/shop/src/pages/checkout.rs", 88, &slow_page_stack, 42, 100 * MS);
	blockers[0].task = "hyper::server::conn::http1::UpgradeableConnection";
	blockers[0].syscall = "clock_nanosleep";
	blockers[0].asleep = blockers[0].total - 90 * MS;
	blockers[0].run_queue = 60 * MS;
	blockers[0].stacks = 4;
	blockers[0].stack_total = blockers[0].total / 10 * 8;
	blockers[0].peer[0] = (struct peer){"swapper/3", 0, 0, false, NULL, 42, 3 * S, false, false, false};
	blockers[0].peers = 1;

	blockers[0].within = slow_page[6];
	blockers[0].within_total = blockers[0].total / 10 * 9;

	blockers[1] = blocker(REASON_COMPUTING, "shop::login::verify", "/home/ann/shop/shop/src/login.rs", 27,
			      &hash_stack, 31, 80 * MS);
	blockers[1].estimated = true;
	blockers[1].task = "shop::login::verify";

	blockers[2] = blocker(REASON_LOCK, "shop::cart::add", "/home/ann/shop/cart/src/lib.rs", 143,
			      &lock_stack, 120, 11 * MS);
	blockers[2].task = "shop::pages::cart";
	blockers[2].syscall = "futex";
	blockers[2].asleep = blockers[2].total;
	blockers[2].peer[0] =
		(struct peer){"tokio-runtime-w", 4242, 4252, true, &unlock_stack, 97, S, false, false, false};
	blockers[2].peer[1] =
		(struct peer){"cache-refresh", 4242, 4290, true, NULL, 23, 310 * MS, false, false, false};
	blockers[2].peers = 2;
	blockers[2].held[0] = (struct held){REASON_COMPUTING, NULL, &hash_stack, 97, S};
	blockers[2].held[1] = (struct held){REASON_FILE, "fdatasync", &unlock_stack, 20, 200 * MS};
	blockers[2].helds = 2;
	blockers[2].held_known = 117;

	blockers[3] = blocker(REASON_FILE, "shop+0x51c0", NULL, 0, &read_stack, 9, 60 * MS);
	blockers[3].syscall = "read";
	blockers[3].asleep = blockers[3].total;

	blockers[4] = blocker(REASON_COMPUTING, "shop::images::thumbnail",
			      "/home/ann/shop/shop/src/images.rs", 9, NULL, 2, 9 * MS);

	blockers[5] = blocker(REASON_RUN_QUEUE, "shop::search::score", "/home/ann/shop/shop/src/search.rs",
			      71, &busy_stack, 17, 12 * MS);
	blockers[5].task = "shop::search::run";
	blockers[5].run_queue = blockers[5].total;
	blockers[5].peer[0] =
		(struct peer){"stress-ng-cpu", 977, 977, false, NULL, 15, 180 * MS, false, false, false};
	blockers[5].peers = 1;
	blockers[5].culprit[0] = blockers[5].peer[0];
	blockers[5].culprits = 1;
	model.blocker = blockers;
	model.blockers = 6;
	model.ranked = 5;
	for (size_t i = 0; i < model.blockers; i++)
		for (uint64_t j = 0; j < blockers[i].count; j++) {
			bool waits = blockers[i].reason == REASON_RUN_QUEUE;

			histogram_add(waits ? &model.run_queue_waits : &model.blocks,
				      blockers[i].total / blockers[i].count);
			*(waits ? &model.run_queue : &model.blocked) += blockers[i].total / blockers[i].count;
		}
	return &model;
}

static const struct report_options plain = {.width = 80, .utf8 = true};

/* The report as one string; the caller frees it. */
static char *report(const struct model *m, struct report_options options)
{
	char *text;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	assert_non_null(out);
	assert_int_equal(report_write(out, m, &options), 0);
	fclose(out);
	assert_int_equal(strlen(text), size);
	return text;
}

/* The directory of golden texts, one folder up from this source file unless GOLDEN_DIR says otherwise. */
static char *golden_path(const char *name)
{
	const char *dir = getenv("GOLDEN_DIR");
	const char *slash = strrchr(__FILE__, '/');

	if (dir)
		return text_format("%s/%s.txt", dir, name);
	return text_format("%.*s../golden/%s.txt", slash ? (int)(slash + 1 - __FILE__) : 0, __FILE__, name);
}

static void assert_golden(const char *name, char *text)
{
	char *path = golden_path(name), *wanted = NULL;
	FILE *file = fopen(path, getenv("UPDATE_GOLDEN") ? "w+" : "r");
	size_t size = 0;

	if (!file)
		fail_msg("%s: %s", path, strerror(errno));
	if (getenv("UPDATE_GOLDEN")) {
		fputs(text, file);
		rewind(file);
	}
	if (getdelim(&wanted, &size, '\0', file) < 0)
		fail_msg("%s: empty", path);
	fclose(file);
	assert_string_equal(text, wanted);
	free(wanted);
	free(path);
	free(text);
}

static void assert_lines_fit(const char *text, size_t width)
{
	while (*text) {
		char *line = xstrndup(text, strcspn(text, "\n"));

		if (text_width(line) > width)
			fail_msg("%zu columns: %s", text_width(line), line);
		if (*line && line[strlen(line) - 1] == ' ')
			fail_msg("blank at the end: %s|", line);
		text += strlen(line) + 1;
		free(line);
	}
}

static void golden_report(void **state)
{
	(void)state;
	assert_golden("report", report(fixture(4), plain));
}

static void golden_wide(void **state)
{
	(void)state;
	assert_golden("report-wide",
		      report(fixture(4), (struct report_options){.width = 160, .utf8 = true, .details = 1}));
}

static void golden_verbose(void **state)
{
	(void)state;
	assert_golden("report-verbose",
		      report(fixture(20),
			     (struct report_options){.width = 80, .utf8 = true, .verbose = true, .top = 2}));
}

static void golden_colour(void **state)
{
	(void)state;
	assert_golden("report-colour",
		      report(fixture(1), (struct report_options){
						 .width = 80, .utf8 = true, .colour = true, .details = 1}));
}

static void golden_warnings(void **state)
{
	struct model *m = fixture(40);

	(void)state;
	m->truncated = true;
	m->ended = NULL;
	m->lost = 312;
	m->bad_lines = 1;
	m->unknown_lines = 2;
	m->stacks_missing = 20;
	m->stacks_skipped = 1500;
	m->stacks_cut = 400;
	m->stacks_too_few = m->stacks_reduced = 300;
	assert_golden("report-warnings", report(m, (struct report_options){.top = 1}));
}

/* Stacks are cut for different reasons, and each has its own remedy. */
static void cut_stacks_have_cures(void **state)
{
	static const struct {
		uint64_t too_few, elsewhere, walked, skipped, torn;
		const char *how;
		size_t lackings;
		const char *cure;
	} cases[] = {
		{300, 0, 50, 0, 20, "copied (up to 128 KiB), unwound by CFI", 0, "a larger --stack-size"},
		{300, 0, 50, 0, 0, "copied (up to 512 KiB, the most), unwound by CFI", 0,
		 "as much as can be"},
		{100, 250, 0, 0, 0, "copied (up to 128 KiB), unwound by CFI", 0, "another stack"},
		{100, 0, 250, 0, 0, "walked by frame pointers", 0, "--stacks copy"},
		{300, 0, 0, 400, 0, "copied (up to 128 KiB), unwound by CFI", 0, "had used up its share"},
		{300, 0, 0, 400, 250, "copied (up to 128 KiB), unwound by CFI", 0, "Most were written over"},
		{10, 0, 20, 400, 0, "copied (up to 128 KiB), unwound by CFI", 0,
		 "building that with frame pointers"},
		{10, 0, 20, 0, 0, "copied (up to 128 KiB), unwound by CFI", 1,
		 "files that could not be read"},
	};

	struct lacking lacking = {"/usr/lib/x.so", "the file is not on this machine", true};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct model *m = fixture(4);

		m->stacks_cut = 400;
		m->stacks_too_few = cases[i].too_few;
		m->stacks_reduced = cases[i].skipped ? cases[i].too_few : 0;
		m->stacks_torn = cases[i].torn;
		m->stacks_elsewhere = cases[i].elsewhere;
		m->stacks_walked = cases[i].walked;
		m->stacks_skipped = cases[i].skipped;
		m->target.stacks = cases[i].how;
		m->lacking[0] = lacking;
		m->lackings = cases[i].lackings;
		char *text = report(m, (struct report_options){.width = 1000, .utf8 = true});
		assert_non_null(strstr(text, "cut short, so"));
		for (size_t j = 0; j < COUNT(cases); j++)
			assert_int_equal(strstr(text, cases[j].cure) != NULL, i == j);
		free(text);
	}
}

static void golden_nothing(void **state)
{
	struct model *m = fixture(4);

	(void)state;
	m->blockers = m->ranked = m->spans = 0;
	m->blocked = m->run_queue = 0;
	memset(&m->run_queue_waits, 0, sizeof m->run_queue_waits);
	for (size_t i = 0; i < m->workers; i++)
		m->worker[i].blocked = m->worker[i].run_queue = m->worker[i].blocks = m->worker[i].longest =
			0;
	assert_golden("report-nothing", report(m, plain));
}

static void golden_no_events(void **state)
{
	struct model *m = fixture(0);

	(void)state;
	m->blockers = m->ranked = m->events = m->stacks = m->stacks_cut = m->parks = m->blocked =
		m->run_queue = 0;
	memset(&m->run_queue_waits, 0, sizeof m->run_queue_waits);
	assert_golden("report-no-events", report(m, plain));
}

static bool reports(const struct model *m, const char *part)
{
	char *text = report(m, plain);
	bool found = strstr(text, part);

	free(text);
	return found;
}

/* Names without any source line. */
static void no_debug_info_is_said_in_the_report(void **state)
{
	static const struct frame work = {
		.function = "shop::work", .name = "shop::work", .module = EXE, .origin = ORIGIN_USER};
	static const struct frame *const frames[] = {&work};
	static const struct verdict stack = {
		.id = 70, .role = ROLE_WORKER, .in_poll = true, .count = 1, .frame = frames};
	static const char said[] = "! The program has no debug info";
	struct model *m = fixture(4);

	(void)state;
	assert_false(reports(m, said)); /* some have lines */
	m->blocker[0].stack = &stack;
	m->blockers = m->ranked = 1;
	assert_true(reports(m, said));
	m->blocker[0].stack = NULL;
	assert_false(reports(m, said)); /* nothing is known of it */
}

/* Stacks or Tokio's state have shown that these are workers: that they do nothing is no reason to doubt
 * it. */
static void an_idle_service_is_not_told_to_doubt_its_workers(void **state)
{
	static const char load[] = "What to try:\n  - Put load on the service", doubt[] = "Check that";
	struct model *m = fixture(4);

	(void)state;
	m->blockers = m->ranked = m->stacks = m->stacks_cut = m->parks = m->blocked = m->run_queue = 0;
	m->target.workers_how = "4 multi-thread and 0 current-thread by stack, 0 by name, of 9 threads";
	m->events = 0;
	assert_true(reports(m, load));
	m->events = m->other_role = 7;
	assert_true(reports(m, load));
	/* The user's own choice is different. */
	m->target.workers_how = "--workers shop: 4 of 9 threads";
	assert_true(reports(m, doubt));
}

/* Names made to break the layout: as long as compilers make them, with control sequences. */
static void any_names_stay_in_their_columns(void **state)
{
	static const char evil[] = "\033[2J\n\ttok\x07io\xff\xc2\x9b\xe2\x80\xae\r";
	char name[401], wide[601];
	struct frame frames[6];
	const struct frame *chain[6];
	struct model *m = fixture(70);

	(void)state;
	for (size_t i = 0; i < 400; i++)
		name[i] = "shop::very_long_name::"[i % 22];
	name[400] = '\0';
	for (size_t i = 0; i < 600; i++)
		wide[i] = "\xe9\x95\xb7"[i % 3];
	wide[600] = '\0';
	for (size_t i = 0; i < 6; i++) {
		frames[i] = (struct frame){.function = i % 3 ? name : evil,
					   .name = i % 3 == 2 ? wide : name,
					   .file = i ? wide : evil,
					   .line = 123456,
					   .module = i ? evil : wide,
					   .origin = (enum origin)i,
					   .inlined = i & 1,
					   .tail_call = i == 4};
		chain[i] = &frames[i];
	}
	struct verdict stack = {.id = 9,
				.role = ROLE_WORKER,
				.in_poll = true,
				.cut = true,
				.task = wide,
				.blame = 1,
				.poll = 5,
				.count = 6,
				.frame = chain};

	m->target.name = name;
	m->target.exe = m->target.stacks = m->target.workers_how = m->ended = evil;
	for (size_t i = 0; i < m->blockers; i++) {
		blockers[i].function = i % 2 ? name : evil;
		blockers[i].file = i % 3 ? name : wide;
		blockers[i].task = i % 2 ? evil : wide;
		blockers[i].syscall = i % 2 ? name : evil;
		blockers[i].stack = &stack;
		blockers[i].total = blockers[i].max = blockers[i].count = UINT64_MAX / 1000;
		blockers[i].peer[0] = (struct peer){i % 2 ? evil : name, 1,	     1,	    i % 2, &stack,
						    UINT64_MAX,		 UINT64_MAX, false, false, false};
		blockers[i].peers = 1;
		blockers[i].culprit[0] = blockers[i].peer[0];
		blockers[i].culprits = 1;
	}
	for (size_t i = 0; i < m->workers; i++)
		workers[i].comm = i % 2 ? evil : wide;
	for (int verbose = 0; verbose < 2; verbose++) {
		for (unsigned width = 60; width < 200; width += 20) {
			char *text = report(m, (struct report_options){width, 0, 0, false, true, verbose});

			assert_lines_fit(text, width);
			for (const char *p = text; *p; p++)
				assert_true(*p == '\n' || (unsigned char)*p >= 0x20);
			assert_null(strstr(text, "\xc2\x9b"));
			assert_null(strstr(text, "\xe2\x80\xae"));
			assert_null(strchr(text, '\x7f'));
			assert_non_null(strstr(text, "\\x1b[2J"));
			free(text);
			text = report(m, (struct report_options){width, 0, 0, false, false, verbose});
			assert_lines_fit(text, width);
			for (const char *p = text; *p; p++)
				assert_true(*p == '\n' || (*p >= 0x20 && *p < 0x7f));
			free(text);
		}
	}
}

static void no_colour_means_no_escapes(void **state)
{
	(void)state;
	char *text = report(fixture(4), plain),
	     *coloured = report(fixture(4), (struct report_options){.colour = true});

	assert_null(strchr(text, '\033'));
	assert_non_null(strchr(coloured, '\033'));
	free(text);
	free(coloured);
}

static void deep_recursion_is_cut(void **state)
{
	static const struct frame *chain[500];
	struct verdict stack = {
		.id = 9, .role = ROLE_WORKER, .in_poll = true, .poll = 499, .count = 500, .frame = chain};
	struct model *m = fixture(4);
	size_t lines = 0;

	(void)state;
	const struct frame *walk = OWN("shop::tree::walk", "shop/src/tree.rs", 5);

	for (size_t i = 0; i < COUNT(chain); i++)
		chain[i] = walk;
	blockers[0].stack = &stack;
	m->blockers = m->ranked = 1;
	char *text = report(m, plain);

	for (const char *p = text; (p = strchr(p, '\n')); p++)
		lines++;
	assert_in_range(lines, 30, 65);
	assert_non_null(strstr(text, "470 lines more"));
	free(text);
}

static void advice_depends_on_who_had_the_cpu(void **state)
{
	struct blocker *b = &fixture(4)->blocker[5];

	(void)state;
	b->culprit[0] = (struct peer){.comm = "make", .pid = 9, .tid = 9, .total = 900};
	b->culprit[1] = (struct peer){.comm = "shop", .pid = 7, .tid = 7, .total = 100, .same_process = true};
	b->culprit[2] = (struct peer){.comm = "swapper/1", .total = 100};
	b->culprits = 3;
	assert_non_null(strstr(reason_advice(b), "another process: not your code"));
	b->culprit[1].total = 300;
	assert_non_null(strstr(reason_advice(b), "often threads of this process did"));
	b->culprit[1].total = 1000;
	assert_non_null(strstr(reason_advice(b), "competes with itself"));
	b->culprit[2].total = 2000;
	assert_non_null(strstr(reason_advice(b), "quota"));
	b->culprits = 0;
	assert_non_null(strstr(reason_advice(b), "quota"));
}

/* By names and, without them, by the files that code refers to. */
static void advice_tells_tokios_own_locks(void **state)
{
	static const struct {
		const char *function, *files;
		enum origin origin;
		const char *advice;
	} cases[] = {
		{"tokio::runtime::blocking::pool::Spawner::spawn_task", NULL, ORIGIN_RUNTIME,
		 "spawn_blocking takes it"},
		{NULL, "/r/tokio-1.53.1/src/runtime/blocking/pool.rs", ORIGIN_RUNTIME,
		 "spawn_blocking takes it"},
		{"tokio::sync::batch_semaphore::Semaphore::try_acquire", NULL, ORIGIN_RUNTIME,
		 "and held for a moment"},
		{"tokio::runtime::blocking::pool::BlockingPool::shutdown", NULL, ORIGIN_RUNTIME,
		 "Hold the lock"},
		{"dashmap::lock::RawRwLock::lock", NULL, ORIGIN_DEPENDENCY, "Hold the lock"},
	};
	struct blocker *b = &fixture(4)->blocker[2];

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct frame leaf = {.function = "syscall", .module = "libc.so.6", .origin = ORIGIN_SYSTEM},
			     lock = {.function = "parking_lot::raw_mutex::RawMutex::lock_slow",
				     .origin = ORIGIN_DEPENDENCY},
			     taker = {.function = cases[i].function,
				      .origin = cases[i].origin,
				      .runtime_files = cases[i].files},
			     user = {.function = "shop::order", .origin = ORIGIN_USER};
		const struct frame *const frame[] = {&leaf, &lock, &taker, &user};
		struct verdict v = {.frame = frame, .count = 4, .poll = 4, .blame = 3, .in_poll = true};

		b->stack = &v;
		b->peers = b->helds = 0;
		assert_non_null(strstr(reason_advice(b), cases[i].advice));
	}
}

static void advice_depends_on_what_the_holder_did(void **state)
{
	struct blocker *b = &fixture(4)->blocker[2];

	(void)state;
	assert_null(strstr(reason_advice(b), "writer thread"));
	b->held[0].reason = REASON_RUN_QUEUE;
	assert_non_null(strstr(reason_advice(b), "writer thread"));
	b->helds = 1;
	assert_null(strstr(reason_advice(b), "writer thread"));
}

/* No two reasons look alike, with or without colours. */
static void reasons_are_told_apart(void **state)
{
	(void)state;
	for (int i = 0; i < REASON_COUNT; i++) {
		const struct reason_info *a = reason_info(i);

		assert_true(a->word && a->id && a->advice && strlen(a->word) <= 13 && !strchr(a->id, ' '));
		for (int j = 0; j < i; j++) {
			const struct reason_info *b = reason_info(j);

			assert_true(a->cue != b->cue && a->colour != b->colour &&
				    strcmp(a->word, b->word) != 0 && strcmp(a->id, b->id) != 0);
		}
	}
	assert_ptr_equal(reason_info(REASON_COUNT), reason_info(REASON_SYSCALL));
}

/* Reads a file of this repository into `text`. */
static void read_source(const char *name, char *text, size_t size)
{
	char *path, *tests = strdup(__FILE__);

	*strstr(tests, "tests/unit/") = '\0';
	assert_true(asprintf(&path, "%s%s", tests, name) > 0);
	FILE *in = fopen(path, "r");

	assert_non_null(in);
	text[fread(text, 1, size - 1, in)] = '\0';
	assert_true(feof(in));
	fclose(in);
	free(path);
	free(tests);
}

/* The schema has the id of each reason, and no other; the manual explains the words that stand under `why`. */
static void reasons_are_documented(void **state)
{
	static char schema[200000], manual[200000];
	char *ids, *why;
	int quotes = 0;

	(void)state;
	read_source("postproc/format/report-schema.json", schema, sizeof(schema));
	read_source("bin/hud-trace.8", manual, sizeof(manual));
	assert_non_null(ids = strstr(schema, "\"reason\": {\n      \"enum\": ["));
	ids = strchr(ids, '[');
	*strchr(ids, ']') = '\0';
	assert_non_null(why = strstr(manual, "\n.B why\n"));
	*strstr(why, "\n.PP\n") = '\0';
	for (int i = 0; i < REASON_COUNT; i++) {
		const struct reason_info *reason = reason_info(i);
		char quoted[40];

		snprintf(quoted, sizeof(quoted), "\"%s\"", reason->id);
		if (!strstr(ids, quoted))
			fail_msg("report-schema.json does not have %s", quoted);
		if (!judge_is_wait(i) && !strstr(why, reason->word))
			fail_msg("hud-trace.8 does not have '%s' under `why`", reason->word);
	}
	for (const char *c = ids; *c; c++)
		quotes += *c == '"';
	assert_int_equal(quotes, 2 * REASON_COUNT);
}

/* An offset says little: the nearest source line is shown, too. */
static void a_function_without_a_name_has_its_caller(void **state)
{
	const struct frame *const frames[] = {NAMELESS, NAMELESS,
					      OWN("shop::cart::total", "shop/src/cart.rs", 90), POLL};
	const struct verdict stack = STACK(frames, 0, 3, 7);
	struct model *m = fixture(1);

	(void)state;
	blockers[0].function = "shop+0x51c0";
	blockers[0].file = NULL;
	blockers[0].stack = &stack;
	m->stops = 2;
	m->stopped = 1234 * MS;
	char *text = report(m, plain);

	assert_non_null(strstr(text, "    shop+0x51c0\n    called by shop::cart::total  "));
	assert_non_null(strstr(
		text, "\n  stopped    1.23 s in 2 stops (signal, debugger or freezer): not counted\n"));
	free(text);
}

static void stacks_on_other_stacks_are_told_as_such(void **state)
{
	struct model *m = fixture(1);

	(void)state;
	m->stacks = 30;
	m->stacks_cut = m->stacks_elsewhere = 20;
	m->stacks_walked = m->stacks_too_few = 0;
	char *text = report(m, plain);

	assert_non_null(strstr(text, "corosensei"));
	assert_null(strstr(text, "without unwind tables"));
	free(text);
}

static size_t occurrences(const char *text, const char *part)
{
	size_t n = 0;

	for (; (text = strstr(text, part)); text += strlen(part))
		n++;
	return n;
}

/* What all rows have in common is said once; what tells them apart is in each. */
static void a_task_of_all_rows_is_said_once(void **state)
{
	struct model *m = fixture(1);

	(void)state;
	for (size_t i = 0; i < m->ranked; i++) {
		blockers[i].task = "hyper::NewSvcTask";
		blockers[i].within = slow_page[6];
		blockers[i].within_total = blockers[i].total;
	}
	char *text = report(m, plain);

	assert_int_equal(occurrences(text, "hyper::NewSvcTask"), 1);
	assert_non_null(strstr(text, "\nAll rows are of task hyper::NewSvcTask\n #"));
	assert_int_equal(
		occurrences(text, "\n    in shop::pages::checkout::page  shop/src/pages/checkout.rs:40\n"),
		m->ranked);
	free(text);
	blockers[3].task = "app::other";
	text = report(m, plain);
	assert_null(strstr(text, "All rows are of task"));
	assert_int_equal(occurrences(text, "\n    task hyper::NewSvcTask\n"), m->ranked - 1);
	free(text);
	/* Of the rows that are shown. */
	text = report(m, (struct report_options){.width = 80, .utf8 = true, .top = 3});
	assert_int_equal(occurrences(text, "hyper::NewSvcTask"), 1);
	assert_non_null(strstr(text, "\nAll rows shown are of task hyper::NewSvcTask\n #"));
	free(text);
	/* The task says it, or the function does. */
	blockers[0].within = blockers[1].within = blockers[2].within = slow_page[6];
	blockers[0].task = "shop::pages::checkout::page#1";
	blockers[1].task = "shop::pages::checkout::page:40";
	blockers[2].function = "shop::pages::checkout::page";
	text = report(m, (struct report_options){.width = 80, .utf8 = true, .top = 3});
	assert_int_equal(occurrences(text, "    in shop::pages"), 0);
	free(text);
}

/* Nobody looks for a fault in the C library, and its sources are not there. */
static void sources_of_the_c_library_are_not_shown(void **state)
{
	static const struct {
		const char *file, *shown;
	} cases[] = {
		{"./io/../sysdeps/unix/sysv/linux/read.c", ""},
		{"./nptl/./nptl/futex-internal.c", ""},
		{"/usr/src/debug/glibc-2.38-7.fc39.x86_64/io/read.c", ""},
		{"../sysdeps/unix/sysv/linux/poll.c", ""},
		{"/build/musl-1.2.5/src/unistd/read.c", ""},
		{"./io/read.rs", "./io/read.rs:7"},
		{"./src/main.rs", "./src/main.rs:7"},
		{"/srv/app/glibc-wrapper/src/lib.rs", "/srv/app/glibc-wrapper/src/lib.rs:7"},
		{"/srv/app/sqlite/sqlite3.c", "/srv/app/sqlite/sqlite3.c:7"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		char *text = place_text(NULL, cases[i].file, 7);

		assert_string_equal(text, cases[i].shown);
		free(text);
	}
}

/* Whether a lower threshold is worth it; nothing where that is not known. */
static void what_shorter_polls_took_is_told_if_it_is_known(void **state)
{
	static const char much[] =
		"\n  shorter    polls of 1 ms to 5 ms: ~4.00 s (5.0%), estimated; see --threshold\n",
			  little[] = "\n  shorter    polls of 1 ms to 5 ms: less than 0.5%, estimated\n";
	static const struct {
		struct shorter shorter;
		const char *said;
	} cases[] = {
		{{0, MS, 4 * S, S, 4 * MS}, much},
		{{0, MS, 4 * S, 3 * S, 4 * MS}, NULL},
		{{0, MS, 4 * S, 30 * S, MS}, much}, /* most of the unsure ones are shorter */
		{{0, MS, 30 * MS, 300 * MS, 4 * MS}, little},
		{{0, MS, 30 * MS, 3 * S, 4 * MS}, NULL},
		{{0, MS, 30 * MS, 30 * S, MS}, little},
		{{0, 0, 4 * S, S, MS}, NULL},
		{{0, 5 * MS, 4 * S, S, MS}, NULL},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct model *m = fixture(4);

		m->shorter = cases[i].shorter;
		assert_true(reports(m, cases[i].said ? cases[i].said : "Workers were blocked"));
		assert_int_equal(reports(m, "\n  shorter "), cases[i].said != NULL);
	}
}

/* A row that is not shown has no number to look for. */
static void a_lock_points_at_what_is_shown(void **state)
{
	struct model *m = fixture(1);
	const struct blocker lock_row = blockers[2];

	(void)state;
	char *text = report(m, (struct report_options){.width = 100, .utf8 = true, .top = 2});

	assert_non_null(
		strstr(text, "lock held here: others waited for it 97 times, 1.00 s: shop::cart::add\n"));
	free(text);
	blockers[2] = blockers[0];
	blockers[0] = lock_row;
	text = report(m, (struct report_options){.width = 100, .utf8 = true, .top = 1});
	assert_non_null(strstr(text, "held while computing: shop::login::verify; 97 of 120 waits, 1.00 s\n"));
	free(text);
}

static void several_threads_that_release_a_lock_are_said(void **state)
{
	struct model *m = fixture(1);

	(void)state;
	blockers[2].peer[0].threads = true;
	assert_true(
		reports(m, "\n    released by tokio-runtime-w (several threads), 97 of 120 times, 1.00 s\n"));
	blockers[2].peer[0].names = true;
	assert_true(reports(m, "\n    released by several threads, 97 of 120 times, 1.00 s\n"));
}

/* However long the names are. */
static void numbers_of_a_lock_are_not_shortened(void **state)
{
	struct model *m = fixture(1);
	const struct blocker lock_row = blockers[2];

	(void)state;
	blockers[2].function = "shop::warehouse::reservations::AuditLog::append";
	char *text = report(m, (struct report_options){.width = 80, .utf8 = true, .top = 2});

	assert_non_null(strstr(text,
			       "\n    lock held here: others waited for it 97 times, 1.00 s:\n"
			       "                    shop::warehouse::reservations::AuditLog::append\n"));
	free(text);
	blockers[2] = blockers[0];
	blockers[0] = lock_row;
	text = report(m, (struct report_options){.width = 60, .utf8 = true, .top = 1});
	assert_non_null(strstr(text, "\n    held while computing: shop::login::verify; 97 of 120\n"
				     "         waits, 1.00 s\n"));
	free(text);
}

static void what_the_holder_did_may_not_be_known(void **state)
{
	struct model *m = fixture(1);

	(void)state;
	blockers[2].held[0] = (struct held){REASON_RUN_QUEUE, NULL, &hash_stack, 40, 500 * MS};
	blockers[2].held_known = 60;
	char *text = report(m, plain);

	assert_non_null(strstr(text, "\n    held while waiting for a CPU; 40 of 120 waits, 500 ms\n"));
	assert_null(strstr(text, "not known what the holder did")); /* 60 are named */
	free(text);
	blockers[2].held[1].count = 19;
	blockers[2].held_known = 59;
	text = report(m, plain);
	assert_non_null(strstr(text, "; 19 of 120\n                waits, 200 ms\n"
				     "                other 61 waits: not known what the holder did\n"));
	free(text);
}

static void write_errors_are_told(void **state)
{
	FILE *full = fopen("/dev/full", "w");

	(void)state;
	assert_non_null(full);
	assert_int_equal(report_write(full, fixture(4), &plain), -1);
	assert_int_equal(errno, ENOSPC);
	fclose(full);
}

static void units(void **state)
{
	static const struct {
		uint64_t ns;
		const char *text, *setting;
	} durations[] = {
		{0, "0 s", "0 s"},
		{640, "640 ns", "640 ns"},
		{999499, "999 us", "999 us"},
		{999500, "1.00 ms", "1 ms"},
		{5 * MS, "5.00 ms", "5 ms"},
		{25100 * US, "25.1 ms", "25.1 ms"},
		{9995 * US, "10.0 ms", "10 ms"},
		{500 * MS, "500 ms", "500 ms"},
		{1930 * MS, "1.93 s", "1.93 s"},
		{9999 * S, "9999 s", "9999 s"},
		{10008 * S, "2.78 h", "2.78 h"},
	};
	char text[UNIT_SIZE];

	(void)state;
	for (size_t i = 0; i < COUNT(durations); i++) {
		assert_string_equal(unit_duration(text, durations[i].ns), durations[i].text);
		assert_string_equal(unit_setting(text, durations[i].ns), durations[i].setting);
	}
	assert_string_equal(unit_share(text, 0, 100), "0.0%");
	assert_string_equal(unit_share(text, 1, 100000), "<0.1%");
	assert_string_equal(unit_share(text, 1, 3), "33.3%");
	assert_string_equal(unit_share(text, 1, 0), "-");
	assert_string_equal(unit_count(text, 999), "999");
	assert_string_equal(unit_count(text, 12034), "12,034");
	assert_string_equal(unit_count(text, 1234567), "1,234,567");
	assert_string_equal(unit_count(text, 12345678), "12.3 M");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(golden_report),
		cmocka_unit_test(golden_wide),
		cmocka_unit_test(golden_verbose),
		cmocka_unit_test(golden_colour),
		cmocka_unit_test(golden_warnings),
		cmocka_unit_test(cut_stacks_have_cures),
		cmocka_unit_test(golden_nothing),
		cmocka_unit_test(golden_no_events),
		cmocka_unit_test(no_debug_info_is_said_in_the_report),
		cmocka_unit_test(an_idle_service_is_not_told_to_doubt_its_workers),
		cmocka_unit_test(any_names_stay_in_their_columns),
		cmocka_unit_test(no_colour_means_no_escapes),
		cmocka_unit_test(deep_recursion_is_cut),
		cmocka_unit_test(advice_depends_on_who_had_the_cpu),
		cmocka_unit_test(advice_tells_tokios_own_locks),
		cmocka_unit_test(advice_depends_on_what_the_holder_did),
		cmocka_unit_test(reasons_are_told_apart),
		cmocka_unit_test(reasons_are_documented),
		cmocka_unit_test(a_function_without_a_name_has_its_caller),
		cmocka_unit_test(stacks_on_other_stacks_are_told_as_such),
		cmocka_unit_test(a_task_of_all_rows_is_said_once),
		cmocka_unit_test(sources_of_the_c_library_are_not_shown),
		cmocka_unit_test(what_shorter_polls_took_is_told_if_it_is_known),
		cmocka_unit_test(a_lock_points_at_what_is_shown),
		cmocka_unit_test(several_threads_that_release_a_lock_are_said),
		cmocka_unit_test(numbers_of_a_lock_are_not_shortened),
		cmocka_unit_test(what_the_holder_did_may_not_be_known),
		cmocka_unit_test(write_errors_are_told),
		cmocka_unit_test(units),
	};

	if (!setlocale(LC_CTYPE, "C.UTF-8") && !setlocale(LC_CTYPE, "en_US.UTF-8"))
		fprintf(stderr, "no UTF-8 locale: expect failures\n");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
