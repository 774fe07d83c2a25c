/* SPDX-License-Identifier: Apache-2.0 */
/* helper.c - see helper.h. */
#include "sandbox/helper.h"

#include <errno.h>
#include <fcntl.h>
#include <libiberty/libiberty.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "sandbox/confine.h"
#include "sandbox/message-relay.h"
#include "sandbox/offspring.h"
#include "sandbox/pass-descriptor.h"

#define DESCRIPTORS 1024 /* higher descriptors are not used */
#define END_MS 2000	 /* for a helper with a time limit to end */
#define TIDY_MS 60000	 /* for one that tidies up, or has no limit */
/* Time limits are counted in waits as short as this, not read from a clock: where all is slow, each wait takes
 * longer than asked for, as the helper does. Then a helper that got no CPU is not taken for one that hangs. */
#define WAIT_MS 10
#define GRACE_SECONDS 1 /* for its threads to finish, once nobody can ask any more */

struct helper {
	pid_t pid;
	int socket;
	unsigned limit_ms, threads, late; /* late: requests that timed out and have not been answered since */
	uint64_t asked;
};

/* The number matches answers to requests: an earlier asker may have died before its answer came. */
struct request {
	uint64_t number;
	char bytes[HELPER_REQUEST];
};

struct answer {
	uint64_t number;
	int error;
};

static void answer(int socket, const struct answer *answer, int fd)
{
	send_with_descriptor(socket, answer, sizeof(*answer), fd, 0);
	if (fd >= 0)
		close(fd);
}

/* Serves until all askers have closed the socket. */
static void serve(const struct helper_duty *duty, int socket)
{
	struct request request;

	for (;;) {
		ssize_t got = recv(socket, &request, sizeof(request), 0);
		int fd = -1, error;

		if (got < 0 && errno == EINTR)
			continue;
		if (got < (ssize_t)offsetof(struct request, bytes))
			return;
		error = duty->serve(duty->context, request.bytes,
				    (size_t)got - offsetof(struct request, bytes), &fd);
		answer(socket, &(struct answer){request.number, error}, fd);
	}
}

struct service {
	const struct helper_duty *duty;
	int socket;
};

static void *run_thread(void *argument)
{
	const struct service *service = argument;

	serve(service->duty, service->socket);
	return NULL;
}

/* Waits until all askers have closed the socket. */
static void await_end(int socket)
{
	struct pollfd end = {.fd = socket};

	while (poll(&end, 1, -1) <= 0 || !(end.revents & (POLLHUP | POLLERR | POLLNVAL)))
		;
}

/* Serves by threads, and watches for the end, since they may hang. */
static void serve_by_threads(const struct helper_duty *duty, int socket)
{
	struct service service = {duty, socket};
	pthread_t thread[HELPER_THREADS];
	struct timespec until;
	unsigned count = 0;

	while (count < duty->threads && count < HELPER_THREADS &&
	       pthread_create(&thread[count], NULL, run_thread, &service) == 0)
		count++;
	if (!count) {
		serve(duty, socket);
		return;
	}
	await_end(socket);
	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += GRACE_SECONDS;
	for (unsigned i = 0; i < count; i++)
		pthread_timedjoin_np(thread[i], NULL, &until);
}

static bool keeps(const struct helper_duty *duty, int fd)
{
	return duty->keeps && duty->keeps(duty->context, fd);
}

/* Closes pipes: whoever waits for their end must not wait for this process. */
static void close_others(const struct helper_duty *duty, int socket)
{
	long most = sysconf(_SC_OPEN_MAX);

	messages_redirect(keeps(duty, 0), keeps(duty, 1), keeps(duty, 2));
	for (int fd = 3; fd < most && fd < DESCRIPTORS; fd++)
		if (fd != socket && !keeps(duty, fd))
			close(fd);
	close_range(DESCRIPTORS, ~0u, 0);
}

static _Noreturn void run(const struct helper_duty *duty, pid_t starter, int socket)
{
	/* Signals that end a pipeline in a terminal: the helper must outlive the processes that ask it. */
	static const int ignored[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGPIPE};

	prctl(PR_SET_NAME, duty->name);
	for (size_t i = 0; i < ARRAY_SIZE(ignored); i++)
		signal(ignored[i], SIG_IGN);
	/* A helper that tidies up notices the end itself. */
	if (!duty->end && offspring_bind(starter, SIGKILL))
		_exit(1);
	close_others(duty, socket);
	if (!duty->prepare(duty->context)) {
		if (duty->serve)
			serve_by_threads(duty, socket);
		else
			await_end(socket);
	}
	if (duty->end)
		duty->end(duty->context);
	_exit(0);
}

struct helper *helper_start(const struct helper_duty *duty)
{
	int ends[2];

	confine_choose();
	if (messages_start() || socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends))
		return NULL;
	pid_t starter = getpid(), pid = fork();

	if (pid == 0) {
		close(ends[0]);
		run(duty, starter, ends[1]);
	}
	int error = errno;

	close(ends[1]);
	if (pid < 0) {
		close(ends[0]);
		errno = error;
		return NULL;
	}
	struct helper *helper = xcalloc(1, sizeof(*helper));

	*helper = (struct helper){.pid = pid,
				  .socket = ends[0],
				  .limit_ms = duty->limit_ms,
				  .threads = duty->threads ? duty->threads : 1};
	return helper;
}

/* Receives the next answer, and its file. Waits for it *waits times, and counts down; NULL: without limit.
 * Returns 0, ECONNRESET if the helper is gone, or ETIMEDOUT. */
static int receive(int socket, struct answer *answer, int *fd, unsigned *waits)
{
	ssize_t got;

	for (;;) {
		got = receive_with_descriptor(socket, answer, sizeof(*answer), fd, MSG_DONTWAIT);
		if (got >= 0 || (errno != EINTR && errno != EAGAIN))
			break;
		if (waits && !*waits)
			return ETIMEDOUT;
		if (poll(&(struct pollfd){.fd = socket, .events = POLLIN}, 1, waits ? WAIT_MS : -1) == 0)
			--*waits;
	}
	if (got == sizeof(*answer))
		return 0;
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
	return ECONNRESET;
}

/* Waits for the answer to request `number`, *waits times (NULL: without limit); ignores answers to older
 * requests. Returns the answer's error, or why there is none. */
static int await(struct helper *helper, uint64_t number, int *fd, unsigned *waits)
{
	struct answer answer;
	int error;

	while (!(error = receive(helper->socket, &answer, fd, waits))) {
		if (answer.number == number)
			return answer.error;
		if (*fd >= 0)
			close(*fd);
		*fd = -1;
		helper->late -= helper->late > 0;
	}
	helper->late += error == ETIMEDOUT && number;
	return error;
}

int helper_ask(struct helper *helper, const void *bytes, size_t size, int *fd)
{
	unsigned waits = (helper->limit_ms + WAIT_MS - 1) / WAIT_MS, none = 0;
	struct request request;

	*fd = -1;
	if (size > HELPER_REQUEST)
		return ENAMETOOLONG;
	/* If all threads hung, first see whether one has answered since. */
	if (helper->late >= helper->threads)
		await(helper, 0, fd, &none);
	if (helper->late >= helper->threads)
		return ETIMEDOUT;
	/* Processes that ask after each other must not use the same numbers. */
	request.number = (uint64_t)getpid() << 40 | ++helper->asked;
	memcpy(request.bytes, bytes, size);
	while (send(helper->socket, &request, offsetof(struct request, bytes) + size, MSG_NOSIGNAL) < 0)
		if (errno != EINTR)
			return ECONNRESET;
	return await(helper, request.number, fd, helper->limit_ms ? &waits : NULL);
}

int helper_descriptor(const struct helper *helper)
{
	return helper->socket;
}

void helper_end(struct helper *helper)
{
	if (!helper)
		return;
	close(helper->socket);
	offspring_end(helper->pid, helper->limit_ms ? END_MS : TIDY_MS, NULL);
	free(helper);
}
