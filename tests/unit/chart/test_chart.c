/* SPDX-License-Identifier: Apache-2.0 */
/* test_chart.c - charts drawn by gnuplot: hostile names stay text, and a picture is complete or missing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <dirent.h>
#include <libiberty/libiberty.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "chart/chart.h"
#include "chart/page.h"

#define S UINT64_C(1000000000)

/* What a data block, a quoted string or gnuplot's string functions could interpret. */
static const char evil[] =
	"a\"b`touch owned`\nEOD\nsystem('touch owned')\n$x @y {/Bold z} %s \\n \033[31m\xff";

static char directory[] = "/tmp/hud-chart.XXXXXX";
static struct worker workers[100];
static struct blocker blockers[REASON_COUNT];
static struct span spans[1000];
static struct model model;

static struct model *fixture(size_t n)
{
	model = (struct model){
		.target = {.name = evil, .pid = 42, .threshold = S / 200},
		.start = 5 * S,
		.end = 25 * S,
		.worker_time = n * 20 * S,
		.blocked = S,
		.blocker = blockers,
		.blockers = REASON_COUNT,
		.ranked = REASON_RUN_QUEUE,
		.span = spans,
		.spans = n ? 1000 : 0,
		.worker = workers,
		.workers = n,
	};
	for (size_t i = 0; i < n; i++)
		workers[i] = (struct worker){.tid = 42 + (long)i, .comm = evil, .blocked = i};
	for (int i = 0; i < REASON_COUNT; i++)
		blockers[i] = (struct blocker){.reason = (enum reason)i,
					       .function = evil,
					       .file = evil,
					       .line = 7,
					       .count = 3,
					       .total = (uint64_t)(REASON_COUNT - i) * S};
	/* Some begin before the window, some end after it, and one belongs to no worker. */
	for (size_t i = 0; i < 1000; i++)
		spans[i] = (struct span){.start = i * S / 40,
					 .duration = i % 7 * S / 100,
					 .worker = n ? i % n : 0,
					 .reason = (enum reason)(i % REASON_COUNT)};
	spans[999].worker = n;
	for (size_t i = 0; i < model.spans; i++)
		histogram_add(i % 3 ? &model.blocks : &model.run_queue_waits, spans[i].duration);
	return &model;
}

static char *in_directory(const char *name)
{
	return concat(directory, "/", name, NULL);
}

static int write_chart(const struct model *m, const char *path, enum chart_kind kind, unsigned columns)
{
	struct chart *chart = chart_prepare(path, kind);
	int result = chart ? chart_draw(chart, m, columns) : -1;

	chart_end(chart);
	return result;
}

static size_t files_in_directory(void)
{
	DIR *dir = opendir(directory);
	size_t n = 0;

	assert_non_null(dir);
	for (struct dirent *entry; (entry = readdir(dir));)
		n += entry->d_name[0] != '.';
	closedir(dir);
	return n;
}

/* Draws, compares the first bytes, removes the file. */
static void draws(const char *name, enum chart_kind kind, size_t n, const char *magic)
{
	char *path = in_directory(name), start[8] = "";
	struct stat drawn;

	assert_int_equal(write_chart(fixture(n), path, kind, 0), 0);
	FILE *file = fopen(path, "r");

	assert_non_null(file);
	assert_int_equal(fread(start, 1, strlen(magic), file), strlen(magic));
	fclose(file);
	assert_string_equal(start, magic);
	assert_int_equal(stat(path, &drawn), 0);
	/* More than an empty page, less than a row for each pixel. */
	assert_in_range(drawn.st_size, 1500, 2000000);
	assert_int_equal(unlink(path), 0);
	/* No temporary file is left, and none that a hostile name made. */
	assert_int_equal(files_in_directory(), 0);
	assert_int_not_equal(access("owned", F_OK), 0);
	free(path);
}

static void pictures(void **state)
{
	static const size_t counts[] = {0, 1, 8, 64, 100};

	(void)state;
	for (size_t i = 0; i < sizeof(counts) / sizeof(*counts); i++)
		draws("a.svg", CHART_ALL, counts[i], "<?xml");
	for (int kind = 0; kind < CHART_KINDS; kind++) {
		draws("a 'b' \"c\" $(d).png", (enum chart_kind)kind, 8, "\x89PNG");
		draws("a.svg", (enum chart_kind)kind, 64, "<?xml");
		draws("A.PDF", (enum chart_kind)kind, 8, "%PDF");
	}
}

static void nothing_to_draw(void **state)
{
	char *path = in_directory("n.svg");
	struct model *m = fixture(0);

	(void)state;
	m->blockers = 0;
	for (int kind = 0; kind < CHART_KINDS; kind++)
		assert_int_equal(write_chart(m, path, (enum chart_kind)kind, 0), 0);
	/* And no time in which something could have happened. */
	m->end = m->start;
	for (int kind = 0; kind < CHART_KINDS; kind++)
		assert_int_equal(write_chart(m, path, (enum chart_kind)kind, 0), 0);
	unlink(path);
	free(path);
}

/* In the scripts, names never leave their quotes: every line with a part of one is a row of a data block. */
static void names_stay_in_data_blocks(void **state)
{
	(void)state;
	for (int i = 0; i < 4 * CHART_KINDS; i++) {
		enum chart_kind kind = (enum chart_kind)(i / 4);
		char *script, *rest, *line;
		size_t size;
		FILE *out = open_memstream(&script, &size);
		bool data = false;

		if (i % 4 == 3)
			chart_text(out, fixture(8), kind, 80);
		else
			chart_page(out, fixture(8), kind, (enum chart_file)(i % 4));
		fclose(out);
		for (rest = script; (line = strsep(&rest, "\n"));) {
			size_t quotes = 0;

			for (const char *p = line; *p; p++)
				quotes += *p == '"';
			if (strstr(line, "<< EOD"))
				data = true;
			else if (strcmp(line, "EOD") == 0)
				data = false;
			else if (data)
				assert_true(quotes % 2 == 0 && !strchr(line, '`') && !strchr(line, '\\'));
			else
				assert_true(quotes == 0 && !strstr(line, "owned"));
		}
		assert_false(data);
		free(script);
	}
}

static void failures_leave_nothing(void **state)
{
	char *path = in_directory("x.png"), *old_path = xstrdup(getenv("PATH"));

	(void)state;
	assert_int_equal(write_chart(fixture(1), "x.gif", CHART_ALL, 0), -1);
	assert_int_equal(write_chart(fixture(1), "x", CHART_ALL, 0), -1);
	assert_int_equal(write_chart(fixture(1), "/nonexistent/x.png", CHART_ALL, 0), -1);
	setenv("PATH", "/nonexistent", 1);
	assert_int_equal(write_chart(fixture(1), path, CHART_ALL, 0), -1);
	assert_int_equal(write_chart(fixture(1), "-", CHART_ALL, 0), -1);
	setenv("PATH", old_path, 1);
	assert_int_equal(files_in_directory(), 0);
	free(old_path);
	free(path);
}

static int make_directory(void **state)
{
	(void)state;
	return mkdtemp(directory) ? 0 : -1;
}

static int remove_directory(void **state)
{
	(void)state;
	return rmdir(directory);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pictures),
		cmocka_unit_test(nothing_to_draw),
		cmocka_unit_test(names_stay_in_data_blocks),
		cmocka_unit_test(failures_leave_nothing),
	};

	if (!setlocale(LC_CTYPE, "C.UTF-8") && !setlocale(LC_CTYPE, "en_US.UTF-8"))
		fprintf(stderr, "no UTF-8 locale: expect failures\n");
	return cmocka_run_group_tests(tests, make_directory, remove_directory);
}
