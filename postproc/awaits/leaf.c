/* SPDX-License-Identifier: Apache-2.0 */
/* leaf.c - see leaf.h. Names are from the sources of Tokio 1.24.2, 1.43.1 and 1.53.2, and futures 0.3. */
#include "awaits/leaf.h"

#include <string.h>

#include "awaits/find.h"

static const char *const words[] = {
	[AWAIT_ON_UNKNOWN] = "unknown future",
	[AWAIT_ON_SLEEP] = "sleep",
	[AWAIT_ON_MUTEX] = "mutex",
	[AWAIT_ON_READ_LOCK] = "read lock",
	[AWAIT_ON_WRITE_LOCK] = "write lock",
	[AWAIT_ON_SEMAPHORE] = "semaphore",
	[AWAIT_ON_CAPACITY] = "capacity of a channel",
	[AWAIT_ON_ONCE_CELL] = "once cell",
	[AWAIT_ON_CHANNEL] = "channel",
	[AWAIT_ON_BROADCAST] = "broadcast channel",
	[AWAIT_ON_WATCH] = "watch channel",
	[AWAIT_ON_ONESHOT] = "oneshot channel",
	[AWAIT_ON_NOTIFY] = "notify",
	[AWAIT_ON_BARRIER] = "barrier",
	[AWAIT_ON_TASK] = "task",
	[AWAIT_ON_SOCKET] = "socket",
	[AWAIT_ON_PROCESS] = "process",
	[AWAIT_ON_SIGNAL] = "signal",
	[AWAIT_ON_NOTHING] = "nothing",
};

/* How a leaf's details are read. */
enum details { PLAIN, TIMER, PERMITS, POINTER, HEADER, READINESS, CHILD };

/* A type whose path is `path`, or begins with it if that ends with '<' or ':'. */
struct known {
	const char *path;
	enum await_on on;
	enum details details;
	const char *member; /* POINTER: the one that points to the object; NULL: the first pointer */
};

static const struct known leaves[] = {
	{"tokio::time::sleep::Sleep", AWAIT_ON_SLEEP, TIMER, NULL},
	{"tokio::sync::batch_semaphore::Acquire", AWAIT_ON_SEMAPHORE, PERMITS, NULL},
	{"tokio::sync::oneshot::Receiver<", AWAIT_ON_ONESHOT, POINTER, "inner"},
	{"tokio::sync::notify::Notified", AWAIT_ON_NOTIFY, POINTER, "notify"},
	{"tokio::sync::notify::OwnedNotified", AWAIT_ON_NOTIFY, POINTER, "notify"},
	{"tokio::sync::broadcast::Recv<", AWAIT_ON_BROADCAST, POINTER, "receiver"},
	{"tokio::runtime::task::join::JoinHandle<", AWAIT_ON_TASK, HEADER, NULL},
	{"tokio::runtime::io::scheduled_io::Readiness", AWAIT_ON_SOCKET, READINESS, NULL},
	{"tokio::process::imp::reap::Reaper<", AWAIT_ON_PROCESS, CHILD, NULL},
	{"tokio::process::imp::pidfd_reaper::PidfdReaper<", AWAIT_ON_PROCESS, CHILD, NULL},
	{"core::future::pending::Pending<", AWAIT_ON_NOTHING, PLAIN, NULL},
	{"futures_util::future::pending::Pending<", AWAIT_ON_NOTHING, PLAIN, NULL},
	{"futures_channel::oneshot::Receiver<", AWAIT_ON_ONESHOT, POINTER, "inner"},
	{"futures_channel::mpsc::Receiver<", AWAIT_ON_CHANNEL, POINTER, "inner"},
	{"futures_channel::mpsc::UnboundedReceiver<", AWAIT_ON_CHANNEL, POINTER, "inner"},
	{"tokio_stream::wrappers::mpsc_bounded::ReceiverStream<", AWAIT_ON_CHANNEL, POINTER, NULL},
	{"tokio_stream::wrappers::mpsc_unbounded::UnboundedReceiverStream<", AWAIT_ON_CHANNEL, POINTER, NULL},
};

/* Closures that are called as futures: `path` is where the closure is written, `function` a part of it. */
static const struct known_closure {
	const char *path, *function;
	enum await_on on;
} closures[] = {
	{"tokio::sync::mpsc::", "::recv", AWAIT_ON_CHANNEL},
	{"tokio::sync::oneshot::", "::closed", AWAIT_ON_ONESHOT},
	{"tokio::signal::", "", AWAIT_ON_SIGNAL},
};

/* What a leaf means below functions of Tokio's. The outermost such function decides. */
static const struct meaning {
	enum await_on leaf;
	const char *path, *function;
	enum await_on on;
} meanings[] = {
	{AWAIT_ON_SEMAPHORE, "tokio::sync::mutex::", "", AWAIT_ON_MUTEX},
	{AWAIT_ON_SEMAPHORE, "tokio::sync::rwlock::", "::read", AWAIT_ON_READ_LOCK},
	{AWAIT_ON_SEMAPHORE, "tokio::sync::rwlock::", "::write", AWAIT_ON_WRITE_LOCK},
	{AWAIT_ON_SEMAPHORE, "tokio::sync::mpsc::", "", AWAIT_ON_CAPACITY},
	{AWAIT_ON_SEMAPHORE, "tokio::sync::once_cell::", "", AWAIT_ON_ONCE_CELL},
	{AWAIT_ON_NOTIFY, "tokio::sync::watch::", "", AWAIT_ON_WATCH},
	{AWAIT_ON_NOTIFY, "tokio::sync::barrier::", "", AWAIT_ON_BARRIER},
	{AWAIT_ON_NOTIFY, "tokio::signal::", "", AWAIT_ON_SIGNAL},
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

const char *leaf_words(enum await_on on)
{
	return words[on];
}

static const struct known *find_known(const struct type *type)
{
	for (size_t i = 0; i < COUNT(leaves); i++) {
		const char *path = leaves[i].path;
		char end = path[strlen(path) - 1];

		if (end == '<' || end == ':' ? type_is(type, path) : !strcmp(type->path, path))
			return &leaves[i];
	}
	return NULL;
}

bool leaf_known(const struct type *type)
{
	return type_is(type, "tokio::") || type_is(type, "futures_") || type_is(type, "core::future::")
		       ? find_known(type) != NULL
		       : type_is(type, "tokio_stream::") && find_known(type) != NULL;
}

static enum await_on meaning(enum await_on leaf, const struct frame *frame)
{
	enum await_on on = leaf;

	for (; frame && type_is(frame->value.type, "tokio::"); frame = frame->outer)
		for (size_t i = 0; i < COUNT(meanings); i++)
			if (meanings[i].leaf == leaf && type_is(frame->value.type, meanings[i].path) &&
			    strstr(frame->value.type->path, meanings[i].function))
				on = meanings[i].on;
	return on;
}

/* --- details --- */

/* Instant is CLOCK_MONOTONIC on Linux. */
static void fill_deadline(struct target *target, const struct value *leaf, struct await_node *node)
{
	struct value deadline, part;
	uint64_t seconds, nanoseconds;

	if (!value_at(target, leaf, "deadline", &deadline) &&
	    !value_at(target, leaf, "inner.deadline", &deadline) &&
	    !value_at(target, leaf, "entry.deadline", &deadline))
		return;
	if (value_named(target, &deadline, "tv_sec", &part) && value_number(target, &part, &seconds, NULL) &&
	    value_named(target, &deadline, "tv_nsec", &part) &&
	    value_number(target, &part, &nanoseconds, NULL) && nanoseconds < 1000000000 &&
	    seconds < UINT64_MAX / 1000000000 - 1)
		node->deadline = seconds * 1000000000 + nanoseconds;
}

/* The lowest bit of a semaphore's count says that it is closed. */
static void fill_permits(struct target *target, const struct value *leaf, struct await_node *node)
{
	struct value pointer, semaphore;
	uint64_t queued = 0, permits;

	if (!value_at(target, leaf, "semaphore", &pointer) || !value_pointee(target, &pointer, &semaphore))
		return;
	node->object = semaphore.address;
	if (value_number_at(target, &semaphore, "permits", &permits))
		node->available = permits >> 1;
	if (value_number_at(target, leaf, "num_permits", &node->wanted) &&
	    value_number_at(target, leaf, "node.state", &node->missing) &&
	    value_number_at(target, leaf, "queued", &queued))
		node->granted = queued && !node->missing;
}

static void fill_object(struct target *target, const struct value *leaf, const char *member,
			struct await_node *node)
{
	struct value at = *leaf, pointer, behind;

	if ((member && !value_at(target, leaf, member, &at)) || !value_first_pointer(target, &at, &pointer) ||
	    !peek_pointer(target->peek, pointer.address, &node->object))
		return;
	/* broadcast::Recv has a reference to the receiver, which has the channel. */
	if (member && !strcmp(member, "receiver") && value_pointee(target, &pointer, &behind) &&
	    value_first_pointer(target, &behind, &pointer))
		peek_pointer(target->peek, pointer.address, &node->object);
}

static void fill_child(struct target *target, const struct value *leaf, struct await_node *node)
{
	static const char *const paths[] = {"std::process::Child", NULL};
	struct value child, pid;
	uint64_t number;

	if (find_values(target, leaf, paths, &child, 1) && value_named(target, &child, "pid", &pid) &&
	    value_number(target, &pid, &number, NULL) && number && number <= INT32_MAX)
		node->pid = (long)number;
}

/* Readiness does not know its socket; some function that awaits it does. */
static void fill_socket(struct target *target, const struct frame *frame, struct await_node *node)
{
	for (; frame; frame = frame->outer) {
		int fd;

		if (find_descriptors(target, &frame->content, &fd, 1)) {
			node->fd = fd;
			return;
		}
	}
}

void leaf_fill(struct target *target, const struct value *leaf, const struct frame *frame,
	       struct await_node *node)
{
	const struct known *known = find_known(leaf->type);
	struct value pointer;

	node->on = known ? meaning(known->on, frame) : AWAIT_ON_UNKNOWN;
	node->waits_for = words[node->on];
	switch (known ? known->details : PLAIN) {
	case PLAIN:
		break;
	case TIMER:
		fill_deadline(target, leaf, node);
		break;
	case PERMITS:
		fill_permits(target, leaf, node);
		break;
	case POINTER:
		fill_object(target, leaf, known->member, node);
		break;
	case HEADER:
		if (value_first_pointer(target, leaf, &pointer))
			peek_pointer(target->peek, pointer.address, &node->task);
		break;
	case READINESS:
		fill_socket(target, frame, node);
		break;
	case CHILD:
		fill_child(target, leaf, node);
		break;
	}
}

/* The pointer to the channel is behind the captured reference to the receiver. */
static void fill_captured(struct target *target, const struct value *closure, struct await_node *node)
{
	struct value at = *closure, pointer;

	for (int i = 0; i < 4 && value_first_pointer(target, &at, &pointer); i++) {
		if (!peek_pointer(target->peek, pointer.address, &node->object))
			return;
		if (strstr(pointer.type->name, "ArcInner<") || !value_pointee(target, &pointer, &at))
			return;
	}
}

bool leaf_fill_closure(struct target *target, const struct value *closure, const struct frame *frame,
		       struct await_node *node)
{
	(void)frame;
	for (size_t i = 0; i < COUNT(closures); i++) {
		if (!type_is(closure->type, closures[i].path) ||
		    !strstr(closure->type->path, closures[i].function))
			continue;
		node->on = closures[i].on;
		node->waits_for = words[node->on];
		fill_captured(target, closure, node);
		return true;
	}
	return false;
}
