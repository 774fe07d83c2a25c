/* SPDX-License-Identifier: Apache-2.0 */
/* test_stream.c - event lines: each kind, hostile thread names, and what is not an event line. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "stream/fields.h"
#include "stream/stream.h"

struct input {
	struct stream *stream;
	struct event e;
};

static struct input input(const char *bytes, size_t length)
{
	struct input in = {.stream = stream_new()};

	stream_put(in.stream, bytes, length);
	return in;
}

static struct input lines(const char *text)
{
	return input(text, strlen(text));
}

static void next(struct input *in, enum event_kind kind)
{
	assert_int_equal(stream_next(in->stream, &in->e), 1);
	assert_int_equal(in->e.kind, kind);
}

/* Nothing follows; and how much was skipped. */
static void ends(struct input *in, uint64_t unknown, uint64_t bad)
{
	assert_int_equal(stream_next(in->stream, &in->e), 0);
	assert_int_equal(stream_unknown_lines(in->stream), unknown);
	assert_int_equal(stream_bad_lines(in->stream), bad);
	stream_free(in->stream);
}

static void test_head(void **state)
{
	struct input in = lines("hud-trace 1\nmeta command a b\\x0ac\nmeta empty -\n"
				"map 55d0 66d0 r-xp 1000 abcd /a b\nmap 1000 2000 r--p 0 - -\n"
				"thread 7 worker 1 tokio rt\nthread 8 other 0 -\nbegin 12\n");

	(void)state;
	next(&in, EVENT_META);
	assert_int_equal(stream_version(in.stream), 1);
	assert_string_equal(in.e.key, "command");
	assert_string_equal(in.e.text, "a b\nc");
	next(&in, EVENT_META);
	assert_string_equal(in.e.text, "");
	next(&in, EVENT_MAP);
	assert_true(in.e.map.start == 0x55d0 && in.e.map.end == 0x66d0 && in.e.map.offset == 0x1000);
	assert_true(in.e.map.executable);
	assert_string_equal(in.e.map.build_id, "abcd");
	assert_string_equal(in.e.map.path, "/a b");
	next(&in, EVENT_MAP);
	assert_false(in.e.map.executable);
	assert_string_equal(in.e.map.build_id, "");
	assert_string_equal(in.e.map.path, "");
	next(&in, EVENT_THREAD);
	assert_true(in.e.tid == 7 && in.e.watched);
	assert_string_equal(in.e.key, "worker");
	assert_string_equal(in.e.text, "tokio rt");
	next(&in, EVENT_THREAD);
	assert_false(in.e.watched);
	assert_string_equal(in.e.text, "");
	next(&in, EVENT_BEGIN);
	assert_int_equal(in.e.ns, 12);
	ends(&in, 0, 0);
}

static void test_events(void **state)
{
	struct input in =
		lines("sample 18446744073709551615 7 3 99 FFffffffffffffff\n"
		      "runq 5 7 3 44 P ab 1 2 cd make -j\nrunq 5 7 3 44 W 0 0 0 0 -\n"
		      "sleep 9 7 1 100 20 D -1 ab 3 4 ef kworker/0:1\nsleep 9 7 1 1 2 S 202 0 - - - -\n"
		      "sleep 9 7 1 1 2 - - 0 0 0 0 x\n"
		      "named 6 7 new\ngone 8 7\nlimit 9 3\ntorn 9 2\nstrange 9 4\nshorter 9 1 2 3 4 5\nLost "
		      "12 events\nend 10 "
		      "interrupt\n");

	(void)state;
	next(&in, EVENT_SAMPLE);
	assert_true(in.e.ns == UINT64_MAX && in.e.stack == UINT64_MAX && in.e.tid == 7);
	assert_int_equal(in.e.age, 99);
	next(&in, EVENT_RUNQ);
	assert_true(in.e.run_queue == 44 && in.e.stack == 0xab);
	assert_true(in.e.other.pid == 1 && in.e.other.tid == 2 && in.e.other.stack == 0xcd);
	assert_string_equal(in.e.other.comm, "make -j");
	next(&in, EVENT_RUNQ);
	assert_string_equal(in.e.other.comm, "");
	next(&in, EVENT_SLEEP);
	assert_true(in.e.asleep == 100 && in.e.run_queue == 20 && in.e.state == 'D' && in.e.syscall == -1);
	assert_string_equal(in.e.other.comm, "kworker/0:1");
	next(&in, EVENT_SLEEP);
	assert_true(in.e.state == 'S' && in.e.syscall == 202 && in.e.other.tid == 0);
	next(&in, EVENT_SLEEP);
	assert_true(in.e.state == 0 && in.e.syscall == -1);
	next(&in, EVENT_NAMED);
	assert_string_equal(in.e.text, "new");
	next(&in, EVENT_GONE);
	assert_int_equal(in.e.tid, 7);
	next(&in, EVENT_LIMIT);
	assert_int_equal(in.e.count, 3);
	next(&in, EVENT_TORN);
	assert_int_equal(in.e.count, 2);
	next(&in, EVENT_STRANGE);
	assert_int_equal(in.e.count, 4);
	next(&in, EVENT_SHORTER);
	assert_true(in.e.shorter.since == 1 && in.e.shorter.least == 2 && in.e.shorter.time == 3 &&
		    in.e.shorter.unsure == 4 && in.e.shorter.apart == 5);
	next(&in, EVENT_LOST);
	assert_int_equal(in.e.count, 12);
	next(&in, EVENT_END);
	assert_string_equal(in.e.text, "interrupt");
	ends(&in, 0, 0);
}

static void test_stacks(void **state)
{
	struct input in = lines("stack ab 7 1 2 3 2\nwords ab 7 1 1 2 3 4 5 6 7 8 9 a b c d e f 10\n"
				"stack ab 7 1 2 3 2 4\nreturns ab 7 20 55d0 30 66d0\n"
				"frames cd\n\n\t55d0 main+1\n        66d0\n\tnone\n        <unwind "
				"failure>\n\ngone 1 2\n\t77d0\n");

	(void)state;
	next(&in, EVENT_STACK);
	assert_true(in.e.stack == 0xab && in.e.ip == 1 && in.e.sp == 2 && in.e.bp == 3 && in.e.chunks == 2);
	assert_int_equal(in.e.lr, 0);
	next(&in, EVENT_WORDS);
	assert_int_equal(in.e.chunk, 1);
	for (size_t i = 0; i < WORDS_PER_LINE; i++)
		assert_int_equal(in.e.word[i], i + 1);
	next(&in, EVENT_STACK);
	assert_true(in.e.bp == 3 && in.e.chunks == 2 && in.e.lr == 4);
	next(&in, EVENT_RETURNS);
	assert_true(in.e.stack == 0xab && in.e.tid == 7 && in.e.count == 2);
	assert_true(in.e.word[0] == 0x20 && in.e.word[1] == 0x55d0 && in.e.word[2] == 0x30 &&
		    in.e.word[3] == 0x66d0);
	next(&in, EVENT_FRAMES);
	assert_int_equal(in.e.stack, 0xcd);
	next(&in, EVENT_ADDRESS);
	assert_int_equal(in.e.ip, 0x55d0);
	next(&in, EVENT_ADDRESS);
	assert_int_equal(in.e.ip, 0x66d0);
	next(&in, EVENT_GONE);
	ends(&in, 1, 1);
}

static void test_names(void **state)
{
	static const struct {
		const char *line, *name;
	} cases[] = {
		{"named 1 2 kdamond.0\\x00\\x00\n", "kdamond.0"},
		{"named 1 2 a\\x00left over\n", "a"},
		{"named 1 2 \\x0agone 1 2\\x1b[2J\n", "\ngone 1 2\033[2J"},
		{"named 1 2  two  spaces \n", " two  spaces "},
		{"named 1 2 -\\x00\n", "-"},
		{"named 1 2 -\n", ""},
		{"named 1 2 \n", ""},
		{"named 1 2 \\xC3\\xa9\n", "\xc3\xa9"},
		{"named 1 2 \\x\\x4\\xzz\\\n", "\\x\\x4\\xzz\\"},
		{"named 1 2 crlf\r\n", "crlf"},
		{"named 1 2 Lost 5 events\n", "Lost 5 events"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct input in = lines(cases[i].line);

		next(&in, EVENT_NAMED);
		assert_string_equal(in.e.text, cases[i].name);
		ends(&in, 0, 0);
	}
}

static void test_bad_lines(void **state)
{
	static const char *const bad[] = {
		"begin",
		"begin x",
		"begin 18446744073709551616",
		"begin -5",
		"begin 1 2",
		"sample 1 2 3 4",
		"sample 1  3 4 5",
		"sample 1 2 3 4 g",
		"sample 1 2 3 4 10000000000000000",
		"sample 1 99999999999 3 4 5",
		"runq 1 2 3 4 X 5 6 7 8 x",
		"sleep 1 2 3 4 5 R 6 7 8 9 a x",
		"sleep 1 2 3 4 5 S -2 7 8 9 a x",
		"end 1 boredom",
		"end 1 inter",
		"gone 1",
		"named 1 2",
		"map 2 1 r-xp 0 - /x",
		"words ab 7 1 1 2 3 4 5 6 7 8 9 a b c d e f",
		"words ab 7 1 1 2 3 4 5 6 7 8 9 a b c d e f 10 11",
		"stack ab 7 1 2 3 4294967296",
		"stack ab 7 1 2 3 2 4 5",
		"returns ab 7 20 55d0 30",
		"returns ab 7 1 2 1 2 1 2 1 2 1 2 1 2 1 2 1 2 1 2",
	};

	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		char line[200];

		snprintf(line, sizeof line, "%s\n", bad[i]);
		struct input in = lines(line);

		ends(&in, 0, 1);
	}
}

static void test_other_lines(void **state)
{
	struct input in = lines("Attaching 5 probes...\nAttached 1 probe\n\n  \n\r\n"
				"tokio - stripped\ntokio 1 2 DWARF\n"
				"@map: 1\nLost\nLost x events\nsamples 1\n\t55d0\nbegin 1\n");

	(void)state;
	next(&in, EVENT_TOKIO);
	assert_null(in.e.key);
	assert_string_equal(in.e.text, "stripped");
	next(&in, EVENT_TOKIO);
	next(&in, EVENT_BEGIN);
	assert_int_equal(stream_version(in.stream), 0);
	ends(&in, 5, 0);
}

static void test_version(void **state)
{
	struct input in = lines("hud-trace 3\nbegin 1\n");

	(void)state;
	for (int i = 0; i < 2; i++) {
		errno = 0;
		assert_int_equal(stream_next(in.stream, &in.e), -1);
		assert_int_equal(errno, EPROTONOSUPPORT);
	}
	stream_free(in.stream);

	/* A newer kind is skipped and counted. */
	in = lines("hud-trace 2\ntokio id-at=1 how=DWARF\nlater 1 2\nbegin 1\nlater 3\n");
	next(&in, EVENT_TOKIO);
	assert_int_equal(stream_version(in.stream), 2);
	assert_string_equal(in.e.key, "id-at=1 how=DWARF");
	next(&in, EVENT_BEGIN);
	assert_int_equal(stream_next(in.stream, &in.e), 0);
	uint64_t count = 0;

	assert_string_equal(stream_unknown_kind(in.stream, 0, &count), "later");
	assert_int_equal(count, 2);
	ends(&in, 2, 0);

	in = lines("hud-trace one\nbegin 1\nhud-trace 2\n");
	next(&in, EVENT_BEGIN);
	assert_int_equal(stream_version(in.stream), 0);
	ends(&in, 1, 1);
}

/* A stream may end anywhere. An incomplete last line does not count: half a number is a wrong one. */
static void test_truncated(void **state)
{
	static const char whole[] =
		"hud-trace 1\nsleep 9 7 1 100 20 D -1 ab 3 4 ef a b\nwords ab 7 1 1 2 3 4 5 6 7 "
		"8 9 a b c d e f 10\nframes 1\n\tab x\nend 1 exit\n";

	(void)state;
	for (size_t length = 0; length < sizeof whole; length++) {
		struct input in = input(whole, length);
		int got, events = 0, whole_lines = 0;

		for (size_t i = 0; i < length; i++)
			whole_lines += whole[i] == '\n';
		while ((got = stream_next(in.stream, &in.e)) == 1)
			events++;
		assert_int_equal(got, 0);
		assert_int_equal(events, whole_lines ? whole_lines - 1 : 0); /* the first is the title */
		assert_int_equal(stream_unknown_lines(in.stream) + stream_bad_lines(in.stream), 0);
		stream_free(in.stream);
	}
}

/* Bytes may come in any pieces. */
static void test_pieces(void **state)
{
	static const char whole[] =
		"hud-trace 1\n\nnamed 6 7 new\r\ngone 8 7\nframes 1\n\tab x\nend 10 exit\n";
	static const enum event_kind kinds[] = {EVENT_NAMED, EVENT_GONE, EVENT_FRAMES, EVENT_ADDRESS,
						EVENT_END};
	(void)state;

	for (size_t size = 1; size < sizeof whole; size++) {
		struct input in = {.stream = stream_new()};
		size_t events = 0;

		for (size_t at = 0; at < sizeof whole - 1; at += size) {
			/* In separate memory: not a byte more is read. */
			size_t left = sizeof whole - 1 - at, length = left < size ? left : size;
			char *piece = malloc(length);

			memcpy(piece, whole + at, length);
			stream_put(in.stream, piece, length);
			while (stream_next(in.stream, &in.e) == 1) {
				assert_true(events < 5);
				assert_int_equal(in.e.kind, kinds[events++]);
				if (in.e.kind == EVENT_NAMED)
					assert_string_equal(in.e.text, "new");
			}
			free(piece);
		}
		assert_int_equal(events, 5);
		ends(&in, 0, 0);
	}
}

static void test_hostile(void **state)
{
	static const char nul[] = "be\0gin 1\nbegin \0001\n\0\nnamed 1 2 a\0b\n\0\r\ngone 1 2\n";
	size_t length = 1 << 20;
	char *longest = malloc(length);
	struct input in = input(nul, sizeof nul - 1);

	(void)state;
	next(&in, EVENT_NAMED);
	assert_string_equal(in.e.text, "a");
	next(&in, EVENT_GONE);
	ends(&in, 3, 1);

	/* The longest line, whose name is cut, and a longer one. */
	assert_non_null(longest);
	memset(longest, 'x', length);
	memcpy(longest, "named 1 2 ", 10);
	longest[length - 1] = '\n';
	in = input(longest, length);
	next(&in, EVENT_NAMED);
	assert_int_equal(strlen(in.e.text), FIELD_LONGEST);
	ends(&in, 0, 0);
	longest[length - 1] = 'x';
	in = input(longest, length);
	assert_int_equal(stream_next(in.stream, &in.e), 0);
	stream_put(in.stream, "\ngone 1 2\n", 10);
	next(&in, EVENT_GONE);
	ends(&in, 0, 1);
	free(longest);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_head),	  cmocka_unit_test(test_events),
		cmocka_unit_test(test_stacks),	  cmocka_unit_test(test_names),
		cmocka_unit_test(test_bad_lines), cmocka_unit_test(test_other_lines),
		cmocka_unit_test(test_version),	  cmocka_unit_test(test_truncated),
		cmocka_unit_test(test_hostile),	  cmocka_unit_test(test_pieces),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
