/* SPDX-License-Identifier: Apache-2.0 */
/* resolver-process.c - see resolver-process.h. */
#include "resolve/resolver-process.h"

#include <errno.h>
#include <libiberty/libiberty.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "resolve/elf/address-space.h"
#include "resolve/resolver-server.h"
#include "sandbox/parser-process.h"

void resolver_process_init(struct resolver_process *p, unsigned seconds)
{
	*p = (struct resolver_process){.seconds = seconds};
	p->asked = xmalloc(sizeof(struct question) + MORE_LIMIT);
	p->answer = xmalloc(ANSWER_LIMIT);
	p->touched =
		mmap(NULL, sizeof(*p->touched), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (p->touched == MAP_FAILED)
		xmalloc_failed(sizeof(*p->touched));
}

static const char *end(struct resolver_process *p, bool late)
{
	const char *cause;

	close(p->socket);
	cause = parser_end(p->pid, late);
	p->pid = 0;
	return cause ? cause : "gave up";
}

void resolver_process_destroy(struct resolver_process *p)
{
	if (p->pid)
		end(p, true);
	munmap((void *)(uintptr_t)p->touched, sizeof(*p->touched));
	free(p->asked);
	free(p->answer);
}

bool resolver_process_start(struct resolver_process *p, const struct resolver_server *work)
{
	int ends[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends))
		return false;
	pid_t parent = getpid();

	p->pid = fork();
	if (p->pid == 0) {
		close(ends[0]);
		struct resolver_server own = *work;

		own.parent = parent;
		own.socket = ends[1];
		own.touched = p->touched;
		space_watch(own.space, p->touched);
		resolver_serve(&own);
	}
	close(ends[1]);
	if (p->pid > 0) {
		p->socket = ends[0];
		return true;
	}
	close(ends[0]);
	p->pid = 0;
	return false;
}

/* Sends or receives all of it until `end` (ms). */
static enum resolver_outcome transfer(int socket, bool out, char *bytes, size_t size, int64_t end)
{
	while (size) {
		ssize_t moved = out ? send(socket, bytes, size, MSG_NOSIGNAL | MSG_DONTWAIT)
				    : recv(socket, bytes, size, MSG_DONTWAIT);

		if (moved == 0 || (moved < 0 && errno != EAGAIN && errno != EINTR))
			return RESOLVER_GONE;
		if (moved > 0) {
			bytes += moved;
			size -= (size_t)moved;
			continue;
		}
		int64_t left = end - clock_ms();

		if (left <= 0)
			return RESOLVER_LATE;
		poll(&(struct pollfd){.fd = socket, .events = out ? POLLOUT : POLLIN}, 1, (int)left);
	}
	return RESOLVER_ANSWERED;
}

enum resolver_outcome resolver_process_ask(struct resolver_process *p, const struct question *question,
					   const void *more, size_t more_size, size_t *size)
{
	int64_t end = clock_ms() + (int64_t)p->seconds * 1000;
	struct answer_head head = {0};

	/* Sends everything at once: a reader woken by half of it would have to sleep again. */
	memcpy(p->asked, question, sizeof(*question));
	if (more_size)
		memcpy(p->asked + sizeof(*question), more, more_size);
	enum resolver_outcome outcome =
		transfer(p->socket, true, p->asked, sizeof(*question) + more_size, end);

	if (outcome == RESOLVER_ANSWERED)
		outcome = transfer(p->socket, false, (char *)&head, sizeof(head), end);
	if (outcome == RESOLVER_ANSWERED && head.size > ANSWER_LIMIT)
		return RESOLVER_GONE;
	if (outcome == RESOLVER_ANSWERED)
		outcome = transfer(p->socket, false, p->answer, head.size, end);
	*size = head.size;
	return outcome;
}

const char *resolver_process_end(struct resolver_process *p, bool late)
{
	return end(p, late);
}
