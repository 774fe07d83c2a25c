/* helper.c - see helper.h. */
#include "sandbox/helper.h"

#include <errno.h>
#include <fcntl.h>
#include <libiberty/libiberty.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sandbox/messages.h"

#define DESCRIPTORS 1024 /* those from there up are nobody's */

struct helper {
	pid_t pid;
	int socket;
	uint64_t asked;
};

/* The number tells the answer to a request from one that somebody asked for who has died since. */
struct request {
	uint64_t number;
	char bytes[HELPER_REQUEST];
};

struct answer {
	uint64_t number;
	int error;
};

/* Room for one descriptor, aligned. */
union control {
	struct cmsghdr header;
	char bytes[CMSG_SPACE(sizeof(int))];
};

static void answer(int socket, const struct answer *answer, int fd)
{
	union control control = {0};
	struct iovec part = {(void *)(uintptr_t)answer, sizeof(*answer)};
	struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};

	if (fd >= 0) {
		message.msg_control = &control;
		message.msg_controllen = sizeof(control.bytes);
		control.header.cmsg_level = SOL_SOCKET;
		control.header.cmsg_type = SCM_RIGHTS;
		control.header.cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(&control.header), &fd, sizeof(fd));
	}
	while (sendmsg(socket, &message, MSG_NOSIGNAL) < 0 && errno == EINTR)
		;
	if (fd >= 0)
		close(fd);
}

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

static bool keeps(const struct helper_duty *duty, int fd)
{
	return duty->keeps && duty->keeps(duty->context, fd);
}

/* Who waits for the end of a pipe must not wait for this process. */
static void close_others(const struct helper_duty *duty, int socket)
{
	long most = sysconf(_SC_OPEN_MAX);

	messages_redirect(keeps(duty, 0), keeps(duty, 1), keeps(duty, 2));
	for (int fd = 3; fd < most && fd < DESCRIPTORS; fd++)
		if (fd != socket && !keeps(duty, fd))
			close(fd);
	close_range(DESCRIPTORS, ~0u, 0);
}

static _Noreturn void run(const struct helper_duty *duty, int socket)
{
	/* Whatever ends a pipeline from a terminal: it ends with the others, not before. */
	static const int ignored[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGPIPE};

	prctl(PR_SET_NAME, duty->name);
	for (size_t i = 0; i < ARRAY_SIZE(ignored); i++)
		signal(ignored[i], SIG_IGN);
	close_others(duty, socket);
	if (!duty->settle(duty->context))
		serve(duty, socket);
	if (duty->end)
		duty->end(duty->context);
	_exit(0);
}

struct helper *helper_start(const struct helper_duty *duty)
{
	int ends[2];

	if (messages_start() || socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends))
		return NULL;
	pid_t pid = fork();

	if (pid == 0) {
		close(ends[0]);
		run(duty, ends[1]);
	}
	int error = errno;

	close(ends[1]);
	if (pid < 0) {
		close(ends[0]);
		errno = error;
		return NULL;
	}
	struct helper *helper = xcalloc(1, sizeof(*helper));

	helper->pid = pid;
	helper->socket = ends[0];
	return helper;
}

/* The next answer, and the file with it. Returns false when the helper is gone. */
static bool receive(int socket, struct answer *answer, int *fd)
{
	union control control = {0};
	struct iovec part = {answer, sizeof(*answer)};
	struct msghdr message = {.msg_iov = &part,
				 .msg_iovlen = 1,
				 .msg_control = &control,
				 .msg_controllen = sizeof(control.bytes)};
	ssize_t got;

	while ((got = recvmsg(socket, &message, MSG_CMSG_CLOEXEC)) < 0 && errno == EINTR)
		;
	struct cmsghdr *header = got > 0 ? CMSG_FIRSTHDR(&message) : NULL;

	if (header && header->cmsg_type == SCM_RIGHTS && header->cmsg_len == CMSG_LEN(sizeof(int)))
		memcpy(fd, CMSG_DATA(header), sizeof(*fd));
	return got == sizeof(*answer);
}

int helper_ask(struct helper *helper, const void *bytes, size_t size, int *fd)
{
	struct request request;
	struct answer answer;

	*fd = -1;
	if (size > HELPER_REQUEST)
		return ENAMETOOLONG;
	/* Two processes that ask one after the other do not use the same numbers. */
	request.number = (uint64_t)getpid() << 40 | ++helper->asked;
	memcpy(request.bytes, bytes, size);
	while (send(helper->socket, &request, offsetof(struct request, bytes) + size, MSG_NOSIGNAL) < 0)
		if (errno != EINTR)
			return ECONNRESET;
	while (receive(helper->socket, &answer, fd)) {
		if (answer.number == request.number)
			return answer.error;
		if (*fd >= 0)
			close(*fd);
		*fd = -1;
	}
	return ECONNRESET;
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
	while (waitpid(helper->pid, NULL, 0) < 0 && errno == EINTR)
		;
	free(helper);
}
