/* SPDX-License-Identifier: Apache-2.0 */
/* judge.c - see judge.h. tokio/frame-kinds.c tells what each frame does for Tokio. */
#include "judge/judge.h"

#include <stdlib.h>
#include <string.h>

#include <libiberty/hashtab.h>
#include <libiberty/libiberty.h>

#include "judge/library-calls.h"
#include "resolve/symbolize/names.h"
#include "resolve/symbolize/pathname.h"
#include "tokio/frame-kinds.h"

typedef const char *const patterns[];

/* System calls by what they wait for. */
static patterns socket_calls = {
	"poll",		"select",   "epoll_wait", "ppoll",    "pselect6", "epoll_pwait",
	"epoll_pwait2", "recvfrom", "recvmsg",	  "recvmmsg", "sendto",	  "sendmsg",
	"sendmmsg",	"connect",  "accept",	  "accept4",  NULL};
static patterns sleep_calls = {"nanosleep", "clock_nanosleep", NULL};
static patterns lock_calls = {"futex", "futex_wait", "futex_waitv", "semop", "semtimedop", NULL};
static patterns wait_calls = {"wait4", "waitid", NULL};
static patterns start_calls = {"clone", "clone3", "fork", "vfork", "execve", "execveat", NULL};
static patterns file_lock_calls = {"flock", "fcntl", NULL};
static patterns pipe_calls = {"splice", "tee", "vmsplice", NULL};
/* What these wait for depends on the descriptor. */
static patterns stream_calls = {"read", "write", "readv", "writev", "preadv2", "pwritev2", NULL};
static patterns file_calls = {
	"open",	      "openat",		 "openat2",	    "stat",	  "lstat",     "fstat",
	"newfstatat", "statx",		 "rename",	    "renameat",	  "renameat2", "unlink",
	"unlinkat",   "mkdir",		 "mkdirat",	    "rmdir",	  "link",      "linkat",
	"symlink",    "symlinkat",	 "readlink",	    "readlinkat", "pread64",   "pwrite64",
	"preadv",     "pwritev",	 "fsync",	    "fdatasync",  "sync",      "syncfs",
	"msync",      "sync_file_range", "truncate",	    "ftruncate",  "fallocate", "getdents",
	"getdents64", "sendfile",	 "copy_file_range", NULL};

/* A verdict, and what else is known of it. */
struct judged {
	struct verdict v; /* first */
	enum call call;
	bool nameless_file; /* see calls_file() */
	bool nameless;
};

/* What a function's names, or its code's references, tell. Cached: names are long, and all frames of a
 * function share the same strings. */
struct known_function {
	const char *function, *name, *runtime_files;
	unsigned kinds;
	enum call call;
};

struct judge {
	htab_t verdicts; /* of struct judged */
	htab_t functions;
	uint32_t next;
};

static hashval_t hash_verdict(const void *entry)
{
	const struct verdict *v = entry;

	return iterative_hash(v->frame, v->count * sizeof(*v->frame), v->cut);
}

static int equal_verdicts(const void *one, const void *two)
{
	const struct verdict *a = one, *b = two;

	return a->count == b->count && a->cut == b->cut &&
	       !memcmp(a->frame, b->frame, a->count * sizeof(*a->frame));
}

static void free_verdict(void *entry)
{
	struct verdict *v = entry;

	free((char *)v->task);
	free((void *)v->frame);
	free(v);
}

static hashval_t hash_function(const void *entry)
{
	const struct known_function *s = entry;

	return htab_hash_pointer(s->function) ^ htab_hash_pointer(s->runtime_files);
}

static int equal_functions(const void *one, const void *two)
{
	const struct known_function *a = one, *b = two;

	return a->function == b->function && a->name == b->name && a->runtime_files == b->runtime_files;
}

struct judge *judge_new(void)
{
	struct judge *judge = xcalloc(1, sizeof(*judge));

	judge->verdicts = htab_create(256, hash_verdict, equal_verdicts, free_verdict);
	judge->functions = htab_create(256, hash_function, equal_functions, free);
	return judge;
}

void judge_free(struct judge *judge)
{
	if (!judge)
		return;
	htab_delete(judge->verdicts);
	htab_delete(judge->functions);
	free(judge);
}

/* Are there frames without a name, of which nothing is known? */
static bool nameless(const struct verdict *v)
{
	for (size_t i = 0; i < v->count; i++)
		if (!v->frame[i]->function && !v->frame[i]->runtime_files)
			return true;
	return false;
}

/* The role is that of the scheduler nearest to the leaf: workers run inside a thread of the blocking pool,
 * and the closure of block_in_place runs inside a worker that has passed on its scheduler. */
static void find_role(struct verdict *v, const unsigned *kinds)
{
	v->role = v->cut || nameless(v) ? ROLE_UNKNOWN : ROLE_OTHER;
	for (size_t i = 0; i < v->count; i++) {
		if (kinds[i] & FRAME_WORKER)
			v->role = ROLE_WORKER;
		else if (kinds[i] & (FRAME_CURRENT_THREAD | FRAME_BLOCK_ON))
			v->role = ROLE_CURRENT_THREAD;
		else if (kinds[i] & (FRAME_POOL | FRAME_HANDED_OVER))
			v->role = ROLE_BLOCKING;
		else
			continue;
		v->in_place = v->role == ROLE_BLOCKING && (kinds[i] & FRAME_HANDED_OVER);
		return;
	}
	/* Polling a future without a scheduler is a role of its own only if no scheduler is around it. */
	for (size_t i = 0; i < v->count && !v->cut; i++)
		if (kinds[i] & FRAME_MAIN_FUTURE)
			v->role = ROLE_MAIN_FUTURE;
}

/* Is there code of the user's or a dependency's below frame `end`? A scheduler only calls it to poll
 * tasks. */
static bool calls_own(const struct verdict *v, size_t end)
{
	for (size_t i = 0; i < end; i++)
		if (v->frame[i]->origin == ORIGIN_USER || v->frame[i]->origin == ORIGIN_DEPENDENCY)
			return true;
	return false;
}

/* Is everything below frame `end` known to be the runtime's? */
static bool is_all_known(const struct verdict *v, size_t end)
{
	for (size_t i = 0; i < end; i++)
		if (v->frame[i]->origin == ORIGIN_UNKNOWN && !v->frame[i]->function &&
		    !v->frame[i]->runtime_files)
			return false;
	return true;
}

/* Finds the nearest poll of a task; or a park, if that is nearer; or the scheduler. */
static void find_poll(struct verdict *v, const unsigned *kinds)
{
	unsigned without = v->role == ROLE_MAIN_FUTURE ? FRAME_MAIN_FUTURE : 0;

	v->poll = v->count;
	for (size_t i = 0; i < v->count; i++) {
		if (kinds[i] & FRAME_POLL) {
			v->poll = i;
			v->in_poll = true;
			return;
		}
		if (kinds[i] & FRAME_PARK || (without && kinds[i] & FRAME_MAIN_PARK)) {
			v->parked = v->idle = true;
			return;
		}
		/* block_on's future is polled without a task, and the frames of a poll may have no names. */
		if (kinds[i] & (FRAME_BLOCK_ON | FRAME_WORKER | without)) {
			v->in_poll = calls_own(v, i);
			v->of_block_on = v->in_poll && kinds[i] & (FRAME_BLOCK_ON | without);
			v->idle = !v->in_poll && is_all_known(v, i);
			if (v->in_poll || kinds[i] & (FRAME_BLOCK_ON | without))
				v->poll = i;
			return;
		}
	}
}

/* The display name of the future that a poll's frame is generic over, by debug info or a v0 name. The caller
 * frees it. */
static char *future_of(const struct frame *f)
{
	size_t length;
	const char *types = f->generics;

	if (types)
		length = strlen(types);
	else
		types = f->function ? name_arguments(f->function, &length) : NULL;
	return types ? name_future(types, length) : NULL;
}

/* The type of a hand-written future, if this frame is its poll; otherwise NULL. The caller frees it. */
static char *polled_of(const struct frame *f)
{
	size_t length;
	const char *type = f->function ? name_polled(f->function, &length) : NULL;

	return type ? name_future(type, length) : NULL;
}

/* The type whose values this compiler-made frame drops, or NULL. */
static const char *dropped(const struct frame *f, size_t *length)
{
	return f->function ? pathname_dropped(f->function, length) : NULL;
}

/* Tells several async blocks of a function apart by the line where each begins, instead of its number:
 * "demo::main:27". The block's frame is the outermost one of its function. The caller frees the result. */
static char *with_line(const struct verdict *v, const char *types, char *task)
{
	const char *number = task ? strrchr(task, '#') : NULL; /* but not the # in `r#type` */
	size_t length = number && strspn(number + 1, "0123456789") == strlen(number + 1)
				? (size_t)(number - task)
				: strlen(task ? task : "");

	if (!task || !strstr(types, "{async_block"))
		return task;
	for (size_t i = v->poll; i-- > 0;) {
		const struct frame *f = v->frame[i];

		if (!f->declared || !f->name || strlen(f->name) != length ||
		    strncmp(f->name, task, length) != 0)
			continue;
		char *told = xasprintf("%.*s:%u", (int)length, task, f->declared);

		free(task);
		return told;
	}
	return task;
}

/* Is it a part of an async function or block, or a closure? */
static bool is_closure(const struct frame *f)
{
	const char *last = f->function ? strrchr(f->function, ':') : NULL;

	return last && (!strncmp(last, ":{{closure}}", 12) || !strncmp(last, ":{closure#", 10));
}

/* The task is the spawned future: the type that the poll is generic over; if its frame does not tell, the
 * outermost hand-written future, or the outermost function of the user's or a dependency's. A future that a
 * dependency's async function awaits is not it: whether it shows depends on the stack. */
static void find_task(struct verdict *v, const unsigned *kinds)
{
	const struct frame *outermost = NULL;
	size_t length;

	for (size_t i = v->poll; i < v->count && kinds[i] & FRAME_POLL; i++)
		if ((v->task = future_of(v->frame[i]))) {
			v->task = with_line(v, v->frame[i]->generics ? v->frame[i]->generics : "",
					    (char *)v->task);
			return;
		}
	for (size_t i = v->poll; i-- > 0 && (!outermost || outermost->origin != ORIGIN_USER);) {
		enum origin origin = v->frame[i]->origin;

		if (origin != ORIGIN_USER && origin != ORIGIN_DEPENDENCY)
			continue;
		if ((v->task = polled_of(v->frame[i]))) {
			if (!outermost || !is_closure(outermost))
				return;
			free((char *)v->task);
			v->task = NULL;
			break;
		}
		if (dropped(v->frame[i], &length))
			continue;
		if (v->frame[i]->name && (origin == ORIGIN_USER || !outermost))
			outermost = v->frame[i];
	}
	if (outermost)
		v->task = xstrdup(outermost->name);
}

/* Without names, what the user's code calls is most likely the user's, too, if nothing else is known of it.
 * Blaming the caller would merge everything that a task does into one blocker. Only the first such function:
 * further ones may be anybody's generic code. */
static size_t called_by(const struct verdict *v, size_t user)
{
	const struct frame *f = user > 0 ? v->frame[user - 1] : NULL;

	return f && f->name && !f->function && f->origin == ORIGIN_UNKNOWN ? user - 1 : user;
}

/* Dropping a value drops its fields, and theirs. Blames the outermost of the user's types, rather than std's
 * containers or the future that held it. */
static size_t outermost_dropped(const struct verdict *v, size_t first, size_t end)
{
	size_t found = first, length;
	const char *type = dropped(v->frame[first], &length);

	for (size_t i = first; type && i < end; i++) {
		if (v->frame[i]->origin != ORIGIN_USER)
			continue;
		type = dropped(v->frame[i], &length);
		if (type && pathname_is_own(type, length) && !pathname_is_closure(type, length))
			found = i;
	}
	return found;
}

/* Code of the program, or generated by it, without a name. */
static bool is_nobodys(const struct frame *f)
{
	return !f->function && f->origin == ORIGIN_UNKNOWN;
}

static void find_blame(struct verdict *v)
{
	static const enum origin order[] = {ORIGIN_USER, ORIGIN_DEPENDENCY};
	/* The optimiser may have merged the poll and the future; this only shows without names. */
	size_t end = v->poll + (v->poll < v->count && !v->frame[v->poll]->function);

	for (size_t o = 0; o < sizeof(order) / sizeof(*order); o++)
		for (size_t i = 0; i < end; i++)
			if (v->frame[i]->origin == order[o]) {
				v->blame = order[o] == ORIGIN_USER ? called_by(v, i) : i;
				if (order[o] == ORIGIN_USER && v->blame == i)
					v->blame = outermost_dropped(v, i, end);
				return;
			}
	/* Code inlined into the poll called this last: "std::thread::sleep", not "clock_nanosleep". */
	for (size_t i = v->in_poll ? v->poll : 0; i-- > 0;) {
		const char *function = v->frame[i]->function;

		if (v->frame[i]->origin == ORIGIN_STD && function &&
		    (strncmp(function, "std::", 5) == 0 || strncmp(function, "<std::", 6) == 0)) {
			v->blame = i;
			return;
		}
	}
	/* A function without a name called it; nobody looks for a fault in the vdso or the C library. If not
	 * even the function's start is known, each of its instructions would be a blocker: then its caller is
	 * blamed. */
	bool nobodys = false;

	for (size_t i = 0; i < end; i++) {
		nobodys |= is_nobodys(v->frame[i]);
		if (nobodys && v->frame[i]->name && v->frame[i]->origin != ORIGIN_SYSTEM) {
			v->blame = i;
			return;
		}
	}
}

static const struct known_function *known_function(struct judge *judge, const struct frame *frame)
{
	struct known_function key = {
		.function = frame->function, .name = frame->name, .runtime_files = frame->runtime_files};
	void **slot = htab_find_slot(judge->functions, &key, INSERT);

	if (!*slot) {
		key.kinds = frame_kinds_of(frame);
		key.call = call_of(frame);
		*slot = xmemdup(&key, sizeof(key), sizeof(key));
	}
	return *slot;
}

/* Is the leaf a file function of the C library, called by code without names? Then std::fs is not visible.
 * Sockets are read and written by the runtime instead. The C library's functions below may have no name: in
 * glibc 2.41, read() makes its system call in an internal function. */
static bool calls_file(const struct verdict *v)
{
	static const char *const calls[] = {
		"read",	   "readv",	  "pread64",   "write",	     "pwrite64", "open",
		"open64",  "openat64",	  "fsync",     "fdatasync",  "stat64",	 "lstat64",
		"fstat64", "statx",	  "unlink",    "unlinkat",   "rename",	 "mkdir",
		"rmdir",   "ftruncate64", "readdir64", "sendfile64", "realpath", "copy_file_range",
	};
	bool file = false;
	size_t i = 0;

	for (; i < v->poll && v->frame[i]->origin == ORIGIN_SYSTEM; i++)
		for (size_t c = 0; v->frame[i]->function && c < sizeof(calls) / sizeof(*calls); c++)
			file |= !strcmp(v->frame[i]->function, calls[c]);
	if (!file || i == v->poll || v->frame[i]->function)
		return false;
	/* Only what refers to a source is certain. */
	while (i < v->poll && (v->frame[i]->origin == ORIGIN_STD || !v->frame[i]->file))
		i++;
	return i == v->poll || v->frame[i]->origin != ORIGIN_RUNTIME;
}

/* What is called below the poll. */
static enum call find_call(struct judge *judge, const struct verdict *v)
{
	enum call *call = xcalloc(v->poll + 1, sizeof(*call)), found;

	for (size_t i = 0; i < v->poll; i++)
		call[i] = known_function(judge, v->frame[i])->call;
	found = calls_decide(v->frame, call, v->poll);
	free(call);
	return found;
}

const struct verdict *judge_stack(struct judge *judge, const struct frame *const *frame, size_t count,
				  bool cut)
{
	struct verdict key = {.frame = frame, .count = count, .cut = cut};
	void **slot = htab_find_slot(judge->verdicts, &key, INSERT);

	if (*slot)
		return *slot;
	struct judged *judged = xcalloc(1, sizeof(*judged));
	struct verdict *v = &judged->v;

	*v = key;
	v->id = ++judge->next;
	const struct frame **own = xcalloc(count + 1, sizeof(*own));

	if (count)
		memcpy(own, frame, count * sizeof(*own));
	v->frame = own;
	*slot = judged;
	unsigned *kinds = xcalloc(count + 1, sizeof(*kinds));

	for (size_t i = 0; i < count; i++)
		kinds[i] = known_function(judge, frame[i])->kinds;
	frame_kinds_decide(frame, kinds, count);
	find_role(v, kinds);
	find_poll(v, kinds);
	find_blame(v);
	if (v->in_poll)
		find_task(v, kinds);
	judged->call = find_call(judge, v);
	judged->nameless = nameless(v);
	judged->nameless_file = calls_file(v);
	free(kinds);
	return v;
}

int judge_order(const struct verdict *a, const struct verdict *b)
{
	uint32_t x = a ? a->id : 0, y = b ? b->id : 0;

	return (x > y) - (x < y);
}

bool judge_same_function(const struct frame *a, const struct frame *b)
{
	return a->name && b->name ? !strcmp(a->name, b->name) : a->pc == b->pc;
}

bool judge_same_blame(const struct verdict *a, const struct verdict *b)
{
	return a == b || (a && b && a->count && b->count &&
			  judge_same_function(a->frame[a->blame], b->frame[b->blame]));
}

static const struct judged *judged_of(const struct verdict *v)
{
	return (const struct judged *)v;
}

static bool one_of(const char *syscall, patterns calls)
{
	for (size_t i = 0; calls[i]; i++)
		if (strcmp(syscall, calls[i]) == 0)
			return true;
	return false;
}

const char *judge_restarted(const struct verdict *v)
{
	static const char *const calls[] = {"clock_nanosleep", "nanosleep", "poll"};

	for (size_t i = 0; i < v->count && v->frame[i]->origin == ORIGIN_SYSTEM; i++)
		for (size_t j = 0; j < sizeof(calls) / sizeof(*calls) && v->frame[i]->function; j++)
			if (!strcmp(v->frame[i]->function, calls[j]))
				return calls[j];
	return "futex";
}

/* The reason that follows from the call alone, whatever the system call; REASON_COUNT: none. */
static enum reason of_call(enum call call)
{
	static const enum reason reason[] = {
		[CALL_NONE] = REASON_COUNT,
		[CALL_FILE] = REASON_COUNT,
		[CALL_SOCKET] = REASON_COUNT,
		[CALL_PIPE] = REASON_PIPE,
		[CALL_NAME_LOOKUP] = REASON_NAME_LOOKUP,
		[CALL_BLOCK_ON] = REASON_BLOCK_ON,
		[CALL_CHILD] = REASON_CHILD,
		[CALL_STDIN] = REASON_STDIN,
		[CALL_STDOUT] = REASON_STDOUT,
		[CALL_STDERR] = REASON_STDERR,
		[CALL_THREAD] = REASON_COUNT,
	};

	return reason[call];
}

/* Reads and writes outside files: the descriptor's number tells which stream it is. */
static enum reason of_standard_stream(const struct asleep *asleep)
{
	static const enum reason standard[] = {REASON_STDIN, REASON_STDOUT, REASON_STDERR};

	if (asleep->number >= 0 && asleep->number < 3)
		return standard[asleep->number];
	return REASON_PIPE;
}

/* Reads and writes. On a file, they wait uninterruptibly. */
static enum reason of_stream(enum call call, const struct asleep *asleep)
{
	switch (asleep->descriptor) {
	case DESCRIPTOR_FILE:
		return REASON_FILE;
	case DESCRIPTOR_PIPE:
	case DESCRIPTOR_TERMINAL:
		return of_standard_stream(asleep);
	case DESCRIPTOR_SOCKET:
		return REASON_SOCKET;
	case DESCRIPTOR_OTHER:
		return REASON_SYSCALL;
	case DESCRIPTOR_NONE:
		return REASON_SLEEP;
	case DESCRIPTOR_UNKNOWN:
		break;
	}
	if (call == CALL_SOCKET)
		return REASON_SOCKET;
	if (call == CALL_FILE || asleep->state != 'S')
		return REASON_FILE;
	return REASON_SYSCALL;
}

/* Is it a write to a file, whatever stream the code takes it for? */
static bool is_to_file(const struct asleep *asleep)
{
	return asleep->descriptor == DESCRIPTOR_FILE ||
	       (asleep->descriptor == DESCRIPTOR_UNKNOWN && asleep->state == 'D');
}

enum reason judge_sleep(const struct verdict *v, const struct asleep *asleep)
{
	enum call call = judged_of(v)->call;
	const char *syscall = asleep->syscall;

	if (!syscall)
		return call == CALL_NAME_LOOKUP || call == CALL_CHILD ? of_call(call) : REASON_PAGE_FAULT;
	if (one_of(syscall, file_lock_calls) && asleep->state != 'D')
		return REASON_FILE_LOCK;
	if ((call == CALL_STDOUT || call == CALL_STDERR) && one_of(syscall, stream_calls) &&
	    is_to_file(asleep))
		return REASON_FILE;
	if (of_call(call) != REASON_COUNT)
		return of_call(call);
	if (one_of(syscall, wait_calls))
		return REASON_CHILD;
	if (one_of(syscall, start_calls))
		return call == CALL_THREAD || judged_of(v)->nameless ? REASON_SYSCALL : REASON_CHILD;
	if (one_of(syscall, socket_calls))
		return asleep->descriptor == DESCRIPTOR_NONE ? REASON_SLEEP : REASON_SOCKET;
	if (one_of(syscall, sleep_calls))
		return REASON_SLEEP;
	if (one_of(syscall, lock_calls))
		return REASON_LOCK;
	if (one_of(syscall, pipe_calls))
		return REASON_PIPE;
	if (one_of(syscall, stream_calls))
		return of_stream(call, asleep);
	if (one_of(syscall, file_calls))
		return call == CALL_SOCKET ? REASON_SOCKET : REASON_FILE;
	return call == CALL_FILE ? REASON_FILE : REASON_SYSCALL;
}

enum reason judge_running(const struct verdict *v)
{
	bool in_kernel = v->count && v->frame[0]->origin == ORIGIN_SYSTEM;

	switch (judged_of(v)->call) {
	case CALL_NAME_LOOKUP:
		return REASON_NAME_LOOKUP;
	case CALL_CHILD:
		return REASON_CHILD;
	case CALL_STDOUT:
		return in_kernel ? REASON_STDOUT : REASON_COMPUTING;
	case CALL_STDERR:
		return in_kernel ? REASON_STDERR : REASON_COMPUTING;
	case CALL_FILE:
		return REASON_FILE;
	default:
		return judged_of(v)->nameless_file ? REASON_FILE : REASON_COMPUTING;
	}
}
