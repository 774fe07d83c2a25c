/* SPDX-License-Identifier: Apache-2.0 */
/* Chains of awaits in a real process: the program in tests/awaits writes down where each of its tasks waits.
 *
 *     test_awaits [--none|--lines] PROGRAM
 *
 * compares all of them; or, with --none or --lines, expects to be told that PROGRAM has no debug info, or only line
 * tables. Without PROGRAM it only tries what needs none.
 */
#include "awaits/awaits.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>
#include <libiberty/libiberty.h>

#include "base/clock.h"
#include "base/escape.h"
#include "base/grow.h"
#include "resolve/elf/address-space.h"
#include "resolve/elf/budget.h"
#include "target/procmaps.h"

#define TASKS 95u /* that the program has */

/* A task as the program has written it down. */
struct expected {
	uint64_t header;
	char *name;
	char *chain; /* a line for each place, indented, sorted */
};

/* The running program. */
struct program {
	pid_t pid;
	int memory;
	FILE *in;
	int out;
	struct expected *task;
	size_t count, size;
	struct space *space;
};

/* --- the program --- */

static void start(struct program *program, const char *path)
{
	int in[2], out[2];

	assert_int_equal(pipe(in), 0);
	assert_int_equal(pipe(out), 0);
	program->pid = fork();
	if (program->pid == 0) {
		dup2(in[0], 0);
		dup2(out[1], 1);
		close(in[1]);
		close(out[0]);
		execl(path, path, (char *)NULL);
		_exit(127);
	}
	close(in[0]);
	close(out[1]);
	program->out = in[1];
	program->in = fdopen(out[0], "r");
}

static void append(char **text, const char *more)
{
	char *longer = concat(*text, more, NULL);

	free(*text);
	*text = longer;
}

static void read_expected(struct program *program)
{
	char line[4096];
	bool ready = false;

	while (!ready && fgets(line, sizeof(line), program->in)) {
		unsigned long long header;
		int name;

		ready = !strcmp(line, "ready\n");
		if (sscanf(line, "task %llx %n", &header, &name) == 1) {
			line[strcspn(line, "\n")] = '\0';
			GROW(program->task, program->size, program->count + 1);
			program->task[program->count++] =
				(struct expected){header, xstrdup(line + name), xstrdup("")};
		} else if (!ready && program->count) {
			append(&program->task[program->count - 1].chain, line);
		}
	}
	assert_true(ready);
}

static void open_memory(struct program *program)
{
	char path[64];
	struct procmaps maps;
	struct space_options options = {.pid = program->pid};

	snprintf(path, sizeof(path), "/proc/%d/mem", program->pid);
	program->memory = open(path, O_RDONLY | O_CLOEXEC);
	assert_true(program->memory >= 0);
	assert_int_equal(procmaps_read(program->pid, &maps), 0);
	program->space = space_new(&options);
	for (size_t i = 0; i < maps.count; i++) {
		struct mapping mapping = maps.mapping[i];
		char *id = procmaps_build_id(program->pid, &mapping);

		mapping.build_id = id;
		space_add(program->space, &mapping);
		free(id);
	}
	procmaps_free(&maps);
}

static void stop(struct program *program)
{
	int status;

	close(program->out);
	waitpid(program->pid, &status, 0);
	fclose(program->in);
	close(program->memory);
	space_free(program->space);
	for (size_t i = 0; i < program->count; i++) {
		free(program->task[i].name);
		free(program->task[i].chain);
	}
	free(program->task);
}

static unsigned long reads;

static bool read_memory(void *arg, uint64_t address, void *to, size_t size)
{
	const struct program *program = arg;

	reads++;
	return pread(program->memory, to, size, (off_t)address) == (ssize_t)size;
}

/* --- chains as the program writes them --- */

/* The program does not know the headers of a JoinSet's tasks. */
static bool any_task;

static const char *words_of(const struct await_node *node)
{
	static char words[64];

	switch (node->on) {
	case AWAIT_ON_SOCKET:
		snprintf(words, sizeof(words), "socket %d", node->fd);
		break;
	case AWAIT_ON_PROCESS:
		snprintf(words, sizeof(words), "process %ld", node->pid);
		break;
	case AWAIT_ON_TASK:
		if (any_task)
			return "task";
		snprintf(words, sizeof(words), "task %llx", (unsigned long long)node->task);
		break;
	default:
		return node->waits_for;
	}
	return words;
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static char *tree(const struct await_node *node, int depth);

/* The texts of a node's children, sorted. */
static char *children(const struct await_node *node, int depth)
{
	char **texts = xcalloc(node->children + 1, sizeof(*texts)), *all = xstrdup("");
	size_t count = 0;

	for (const struct await_node *child = node->child; child; child = child->sibling)
		texts[count++] = tree(child, depth);
	qsort(texts, count, sizeof(*texts), by_text);
	for (size_t i = 0; i < count; i++) {
		append(&all, texts[i]);
		free(texts[i]);
	}
	free(texts);
	return all;
}

/* Only the program's own functions and types are written down. */
static bool is_own(const struct await_node *node)
{
	return node->kind == AWAIT_FUNCTION ? !node->file || strstr(node->file, "src/main.rs")
					    : !strncmp(node->function, "awaits::", strlen("awaits::"));
}

static char *tree(const struct await_node *node, int depth)
{
	char *below, *line, *text;
	const char *file = node->file ? strstr(node->file, "src/main.rs") : NULL;

	if (node->kind == AWAIT_LEAF)
		return text_format("%*s= %s\n", 2 * depth, "", words_of(node));
	if (!is_own(node))
		return children(node, depth);
	below = children(node, depth + 1);
	if (node->kind == AWAIT_TYPE) /* without its generic arguments */
		line = text_format("%*s%.*s\n", 2 * depth, "", (int)strcspn(node->function, "<"),
				   node->function);
	else if (!node->polled)
		line = text_format("%*s%s (not polled)\n", 2 * depth, "", node->function);
	else
		line = text_format("%*s%s %s:%u\n", 2 * depth, "", node->function, file ? file : "?",
				   node->line);
	text = concat(line, below, NULL);
	free(line);
	free(below);
	return text;
}

/* --- comparing --- */

/* 10,000 futures in each other are cut. */
static bool check_deep(const struct await_task *task)
{
	size_t depth = 0;

	for (const struct await_node *node = task->root; node; node = node->child)
		depth++;
	return task->status == AWAIT_SUSPENDED && task->deeper && depth == AWAIT_DEPTH && !task->unread;
}

/* Nothing is held but what is meant to be. */
static bool check_held(const struct expected *expected, const struct await_task *task)
{
	return !task->held == !!strcmp(expected->name, "futurelock");
}

static bool compare(struct program *program, struct awaits *awaits, const struct expected *expected)
{
	struct memory_reader memory = {read_memory, program};
	struct await_task *task = awaits_of_task(awaits, expected->header, &memory);
	any_task = strstr(expected->chain, "= task\n");
	char *chain = task->root ? tree(task->root, 1) : xstrdup("");
	enum await_status status = !strcmp(expected->name, "!complete") ? AWAIT_COMPLETED
				   : !strcmp(expected->name, "!new")	? AWAIT_NOT_POLLED
									: AWAIT_SUSPENDED;
	bool same = !strcmp(expected->name, "!deeper")
			    ? check_deep(task)
			    : task->status == status && !strcmp(chain, expected->chain) && !task->deeper;

	if (!check_held(expected, task)) {
		print_message("%s holds %s\n", expected->name,
			      task->held ? task->held->future->function : "nothing");
		same = false;
	}
	if (!same)
		print_message("%s: status %d, %zu unread, expected\n%sfound\n%s", expected->name,
			      task->status, task->unread, expected->chain, chain);
	free(chain);
	awaits_task_free(task);
	return same;
}

/* The chain of the task with this name; the caller frees it. */
static struct await_task *task_of(struct program *program, struct awaits *awaits, const char *name)
{
	for (size_t i = 0; i < program->count; i++)
		if (!strcmp(program->task[i].name, name))
			return awaits_of_task(awaits, program->task[i].header,
					      &(struct memory_reader){read_memory, program});
	fail_msg("no task %s", name);
	return NULL;
}

static const struct await_node *leaf_of(const struct await_node *node)
{
	while (node->child)
		node = node->child;
	return node;
}

/* Task `waits` waits for what task `holds` has. */
static void check_lock(struct program *program, struct awaits *awaits, const char *waits, const char *holds,
		       enum await_on on, unsigned missing)
{
	struct await_task *waiting = task_of(program, awaits, waits),
			  *holding = task_of(program, awaits, holds);
	const struct await_node *leaf = leaf_of(waiting->root);

	assert_int_equal(leaf->on, on);
	assert_int_equal(leaf->missing, missing);
	assert_int_equal(leaf->available, 0);
	assert_false(leaf->granted);
	assert_non_null(holding->guards);
	assert_null(holding->guards->next);
	assert_int_equal(holding->guards->object, leaf->object);
	assert_true(holding->guards->node == holding->root);
	assert_null(waiting->guards);
	awaits_task_free(waiting);
	awaits_task_free(holding);
}

/* It waits for a lock that was granted to a future which it does not poll. */
static void check_futurelock(struct program *program, struct awaits *awaits)
{
	struct await_task *task = task_of(program, awaits, "futurelock");
	const struct await_node *waits = leaf_of(task->root), *held;

	assert_non_null(task->held);
	assert_null(task->held->next);
	held = leaf_of(task->held->future);
	assert_int_equal(held->on, AWAIT_ON_MUTEX);
	assert_int_equal(held->object, waits->object);
	assert_true(held->granted);
	assert_false(waits->granted);
	assert_true(task->held->node == task->root);
	awaits_task_free(task);
}

/* Tasks are named as in the report; a blocking job has the name of its closure's function. */
static void check_names(struct program *program, struct awaits *awaits)
{
	struct await_task *task = task_of(program, awaits, "nested");

	assert_string_equal(task->future, "awaits::outer");
	assert_true(task->size > 0);
	awaits_task_free(task);
	task = task_of(program, awaits, "joins_blocking");
	assert_int_equal(leaf_of(task->root)->on, AWAIT_ON_TASK);

	uint64_t header = leaf_of(task->root)->task;

	awaits_task_free(task);
	task = awaits_of_task(awaits, header, &(struct memory_reader){read_memory, program});
	assert_int_equal(task->status, AWAIT_BLOCKING);
	assert_string_equal(task->future, "awaits::joins_blocking");
	awaits_task_free(task);
}

static void check_details(struct program *program, struct awaits *awaits)
{
	struct await_task *task = task_of(program, awaits, "sleeps");
	uint64_t now = clock_ns(), hour = UINT64_C(3600) * 1000000000;

	assert_in_range(leaf_of(task->root)->deadline, now, now + hour);
	awaits_task_free(task);
	check_lock(program, awaits, "locks", "holds", AWAIT_ON_MUTEX, 1);
	check_lock(program, awaits, "locks_owned", "holds", AWAIT_ON_MUTEX, 1);
	check_lock(program, awaits, "reads", "holds_write", AWAIT_ON_READ_LOCK, 1);
	check_lock(program, awaits, "acquires", "holds_permit", AWAIT_ON_SEMAPHORE, 3);
	check_futurelock(program, awaits);
	check_names(program, awaits);
}

/* --- memory that changes, is freed, or is forged --- */

/* Memory in which words are replaced: by nothing, by small numbers, or by other addresses of the program. */
struct forged {
	struct program *program;
	uint64_t random, address[64];
	size_t addresses;
	unsigned odds; /* one word of so many */
};

static uint64_t next_random(struct forged *forged)
{
	forged->random ^= forged->random << 13; /* xorshift64 */
	forged->random ^= forged->random >> 7;
	forged->random ^= forged->random << 17;
	return forged->random;
}

static bool read_forged(void *arg, uint64_t address, void *to, size_t size)
{
	struct forged *forged = arg;
	unsigned char *bytes = to;

	if (!read_memory(forged->program, address, to, size) || next_random(forged) % 200 == 0)
		return false;
	for (size_t i = 0; i + 8 <= size; i += 8) {
		uint64_t word = next_random(forged);

		if (word % forged->odds)
			continue;
		word = next_random(forged);
		word = word % 4 == 0   ? 0
		       : word % 4 == 1 ? next_random(forged) % 16
		       : word % 4 == 2 ? next_random(forged)
				       : forged->address[word / 4 % forged->addresses];
		memcpy(bytes + i, &word, 8);
	}
	if (size > 64 || forged->odds > 100)
		forged->address[next_random(forged) % 64] = address;
	return true;
}

static size_t count_nodes(const struct await_node *node, size_t depth)
{
	size_t count = 0;

	assert_true(depth <= AWAIT_DEPTH);
	for (; node; node = node->sibling)
		count += 1 + count_nodes(node->child, depth + 1);
	return count;
}

/* Whatever is read, the result is bounded, and whole in itself. */
static void check_forged(struct program *program, struct awaits *awaits)
{
	struct forged forged = {.program = program, .random = 88172645463325252u, .addresses = 64};
	struct memory_reader memory = {read_forged, &forged};
	size_t suspended = 0;

	for (size_t i = 0; i < 64; i++)
		forged.address[i] = program->task[i % program->count].header;
	for (size_t round = 0; round < 60; round++) {
		forged.odds = 4u << round % 8;
		for (size_t i = 0; i < program->count; i++) {
			struct await_task *task = awaits_of_task(awaits, program->task[i].header, &memory);
			size_t nodes = count_nodes(task->root, 0);

			for (const struct await_held *held = task->held; held; held = held->next)
				nodes += count_nodes(held->future, 0);
			assert_true(nodes <= task->nodes && task->nodes <= AWAIT_NODES);
			assert_true(!task->root ==
				    (task->status != AWAIT_SUSPENDED && task->status != AWAIT_NOT_POLLED));
			suspended += task->status == AWAIT_SUSPENDED;
			awaits_task_free(task);
		}
	}
	assert_true(suspended > 100);
}

static const char *path;

static void begin(struct program *program)
{
	start(program, path);
	read_expected(program);
	open_memory(program);
}

/* How long it takes, in CPU time, and how much memory. */
static void measure(struct program *program, struct awaits *awaits)
{
	uint64_t begun = budget_now();
	struct rusage usage;

	reads = 0;
	for (size_t round = 0; round < 20; round++)
		for (size_t i = 0; i < program->count; i++)
			awaits_task_free(awaits_of_task(awaits, program->task[i].header,
							&(struct memory_reader){read_memory, program}));
	getrusage(RUSAGE_SELF, &usage);
	print_message("%.0f chains a second, %.1f reads each, at most %ld MB\n",
		      20.0 * (double)program->count * 1e9 / (double)(budget_now() - begun),
		      (double)reads / 20 / (double)program->count, usage.ru_maxrss / 1024);
}

static void test_chains(void **state)
{
	struct program program = {0};
	struct awaits *awaits;
	size_t right = 0;
	uint64_t begun;

	(void)state;
	begin(&program);
	awaits = awaits_new(program.space);
	begun = budget_now();
	for (size_t i = 0; i < program.count; i++)
		right += compare(&program, awaits, &program.task[i]);
	print_message("%s: %zu of %zu chains are right, %.2f s\n", path, right, program.count,
		      (double)(budget_now() - begun) / 1e9);
	assert_int_equal(right, program.count);
	assert_int_equal(program.count, TASKS);
	check_details(&program, awaits);
	measure(&program, awaits);
	check_forged(&program, awaits);
	awaits_free(awaits);
	stop(&program);
}

/* What is missing, and for whom. */
static void test_lack(void **state)
{
	const enum await_status *lack = *state;
	struct program program = {0};
	struct memory_reader memory = {read_memory, &program};
	struct awaits *awaits;
	uint64_t words[3], poll;

	begin(&program);
	awaits = awaits_new(program.space);
	for (size_t i = 0; i < program.count; i++) {
		struct await_task *task = awaits_of_task(awaits, program.task[i].header, &memory);

		assert_int_equal(task->status, *lack);
		assert_null(task->root);
		awaits_task_free(task);
	}
	assert_true(read_memory(&program, program.task[0].header, words, sizeof(words)) &&
		    read_memory(&program, words[2], &poll, sizeof(poll)));
	assert_non_null(strstr(awaits_problem(awaits, poll), "build with debug = 2"));
	awaits_free(awaits);
	stop(&program);
}

/* This program's own memory, in which no task is. */
static bool read_own(void *arg, uint64_t address, void *to, size_t size)
{
	const uint64_t *words = arg;

	if (address < (uintptr_t)words || address + size > (uintptr_t)(words + 16))
		return false;
	memcpy(to, (const char *)words + (address - (uintptr_t)words), size);
	return true;
}

static void test_no_task(void **state)
{
	uint64_t words[16] = {0};
	struct memory_reader memory = {read_own, words};
	struct space *space = space_new(&(struct space_options){0});
	struct awaits *awaits = awaits_new(space);
	static const struct {
		uint64_t vtable, trailer, scheduler; /* vtable: offset in `words`; 0: null */
		enum await_status status;
	} cases[] = {
		{0, 0, 0, AWAIT_DOUBTFUL},	     /* no vtable */
		{1000, 0, 0, AWAIT_DOUBTFUL},	     /* a vtable that is not there */
		{24, 0, 0, AWAIT_DOUBTFUL},	     /* the trailer before the scheduler */
		{24, UINT64_MAX, 0, AWAIT_DOUBTFUL}, /* too far */
		{24, 200, 100, AWAIT_NO_DEBUG_INFO}, /* its functions are in no file */
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct await_task *task;

		words[2] = cases[i].vtable ? (uintptr_t)words + cases[i].vtable : 0;
		words[3 + 7] = cases[i].trailer;
		words[3 + 8] = cases[i].scheduler;
		task = awaits_of_task(awaits, (uintptr_t)words, &memory);
		assert_int_equal(task->status, cases[i].status);
		assert_null(task->root);
		awaits_task_free(task);
		task = awaits_of_task(awaits, (uintptr_t)words + 120, &memory);
		assert_int_equal(task->status, AWAIT_UNREADABLE);
		awaits_task_free(task);
	}
	assert_non_null(awaits_problem(awaits, 4096));
	awaits_free(awaits);
	space_free(space);
}

int main(int argc, char **argv)
{
	static enum await_status none = AWAIT_NO_DEBUG_INFO, lines = AWAIT_LINES_ONLY;
	const struct CMUnitTest chains[] = {cmocka_unit_test(test_chains)},
				no_info[] = {cmocka_unit_test_prestate(test_lack, &none)},
				no_types[] = {cmocka_unit_test_prestate(test_lack, &lines)},
				no_task[] = {cmocka_unit_test(test_no_task)};

	if (argc < 2)
		return cmocka_run_group_tests(no_task, NULL, NULL);
	path = argv[argc - 1];
	if (!strcmp(argv[1], "--none"))
		return cmocka_run_group_tests(no_info, NULL, NULL);
	if (!strcmp(argv[1], "--lines"))
		return cmocka_run_group_tests(no_types, NULL, NULL);
	return cmocka_run_group_tests(chains, NULL, NULL);
}
