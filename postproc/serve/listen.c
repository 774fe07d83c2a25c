/* SPDX-License-Identifier: Apache-2.0 */
/* listen.c - see listen.h.
 *
 * hud-listen talks to strangers and has no rights; it asks this process for bytes by a socket pair: a byte for the format, and that comes
 * back with a memory file. A Unix socket is made, and removed at the end, by a third process with the rights of the user who called.
 */
#include "serve/listen.h"

#include <errno.h>
#include <libiberty/libiberty.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/complain.h"
#include "base/escape.h"
#include "format/formats.h"
#include "sandbox/confine.h"
#include "sandbox/helper.h"
#include "sandbox/pass-descriptor.h"
#include "serve/address.h"
#include "serve/http.h"

#define BACKLOG 64
#define ANSWER_MS 10000 /* a report that is busy for longer has nothing for now */

struct listener {
	struct address address;
	int socket;		       /* bound */
	bool made;		       /* in hud-socket: the Unix socket is there, and its own */
	int ask, reply;		       /* the ends of the socket pair: hud-listen's, and this process's */
	unsigned char asked;	       /* the format that this process was asked for last */
	struct helper *local, *server; /* local: of a Unix socket, otherwise NULL */
};

/* --- the Unix socket: by the user who called --- */

static int be_user(void *context)
{
	(void)context;
	return confine_to_user();
}

/* Removes a socket that nobody listens to any more. */
static void remove_left(const struct sockaddr_un *local)
{
	struct stat stat;
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (lstat(local->sun_path, &stat) == 0 && S_ISSOCK(stat.st_mode) &&
	    connect(fd, (const struct sockaddr *)local, sizeof(*local)) && errno == ECONNREFUSED)
		unlink(local->sun_path);
	close(fd);
}

/* Binds the socket, so that nobody else may connect. */
static int bind_local(void *the_listener, const void *request, size_t size, int *fd)
{
	struct listener *l = the_listener;

	(void)request;
	(void)size;
	(void)fd;
	remove_left(&l->address.socket.local);
	umask(0177);
	int error = bind(l->socket, &l->address.socket.any, l->address.size) ? errno : 0;

	l->made = !error;
	return confine_files() ? EPERM : error;
}

static void remove_local(void *the_listener)
{
	const struct listener *l = the_listener;

	/* What else is there belongs to somebody. */
	if (l->made)
		unlink(l->address.socket.local.sun_path);
}

static bool keeps_socket(void *the_listener, int fd)
{
	return fd == ((const struct listener *)the_listener)->socket;
}

/* Returns 0, or an errno. */
static int make_local(struct listener *l)
{
	int fd;

	l->local = helper_start(&(struct helper_duty){.name = "hud-socket",
						      .threads = 1,
						      .keeps = keeps_socket,
						      .prepare = be_user,
						      .serve = bind_local,
						      .end = remove_local,
						      .context = l});
	return l->local ? helper_ask(l->local, "", 1, &fd) : errno;
}

/* --- the process that answers --- */

/* Asks the reporting process: in hud-listen. The answer says its format: one that came too late is not taken for another's. */
static int ask(void *the_listener, unsigned format)
{
	const struct listener *l = the_listener;
	struct pollfd ready = {.fd = l->ask, .events = POLLIN};
	unsigned char byte = (unsigned char)format, answered;
	int fd;

	while (receive_with_descriptor(l->ask, &answered, 1, &fd, MSG_DONTWAIT) > 0)
		if (fd >= 0)
			close(fd);
	if (send(l->ask, &byte, 1, MSG_NOSIGNAL) != 1)
		return -1;
	while (poll(&ready, 1, ANSWER_MS) > 0 &&
	       receive_with_descriptor(l->ask, &answered, 1, &fd, MSG_DONTWAIT) > 0) {
		if (answered == byte)
			return fd;
		if (fd >= 0)
			close(fd);
	}
	return -1;
}

static int serve_http(void *the_listener)
{
	struct listener *l = the_listener;
	bool tcp = l->address.socket.any.sa_family != AF_UNIX;

	if (confine_to_nobody() || confine_listen())
		return -1;
	if (http_start(l->socket, tcp && l->address.loopback, ask, l)) {
		complain("hud-postproc: --listen: %s\n", strerror(errno));
		return -1;
	}
	return 0;
}

static bool keeps_sockets(void *the_listener, int fd)
{
	const struct listener *l = the_listener;

	return fd == l->socket || fd == l->ask;
}

/* --- this process --- */

/* Makes the socket, and binds it unless it is a Unix socket. Returns 0, or an errno. */
static int open_socket(struct listener *l)
{
	int family = l->address.socket.any.sa_family, yes = 1;

	l->socket = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (l->socket < 0)
		return errno;
	if (family == AF_UNIX)
		return 0;
	/* The one before, in the last life of --follow, was here a moment ago. */
	setsockopt(l->socket, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
	return bind(l->socket, &l->address.socket.any, l->address.size) ? errno : 0;
}

/* Returns 0, or an errno. */
static int start(struct listener *l)
{
	int error = open_socket(l), ends[2];

	if (!error && l->address.socket.any.sa_family == AF_UNIX)
		error = make_local(l);
	if (!error && listen(l->socket, BACKLOG))
		error = errno;
	if (error || socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends))
		return error ? error : errno;
	l->ask = ends[0];
	l->reply = ends[1];
	l->server = helper_start(&(struct helper_duty){
		.name = "hud-listen", .keeps = keeps_sockets, .prepare = serve_http, .context = l});
	return l->server ? 0 : errno;
}

static void say_where(const struct listener *l, const char *command)
{
	char *text = address_text(l->socket);

	if (l->address.socket.any.sa_family == AF_UNIX)
		complain("hud-postproc %s: /metrics and /report are at the socket %s\n", command, text);
	else
		complain("hud-postproc %s: http://%s/metrics, http://%s/report%s\n", command, text, text,
			 l->address.loopback ? "" : ": for everybody who can reach this address");
	free(text);
}

struct listener *listen_new(const char *command, const char *address)
{
	struct listener *l = xcalloc(1, sizeof(*l));
	const char *wrong = address_parse(&l->address, address);

	l->socket = l->ask = l->reply = -1;
	int error = wrong ? EINVAL : start(l);

	if (error) {
		complain("hud-postproc %s: --listen %s: %s\n", command, address,
			 wrong ? wrong : strerror(error));
		listen_free(l);
		return NULL;
	}
	close(l->ask);
	l->ask = -1;
	say_where(l, command);
	return l;
}

void listen_free(struct listener *l)
{
	if (!l)
		return;
	helper_end(l->server);
	helper_end(l->local);
	for (size_t i = 0; i < 3; i++) {
		int fd = (int[]){l->socket, l->ask, l->reply}[i];

		if (fd >= 0)
			close(fd);
	}
	free(l);
}

const char *listen_check(const char *text)
{
	struct listener l = {.socket = -1};
	const char *wrong = address_parse(&l.address, text);

	if (wrong)
		return wrong;
	/* A Unix socket's folder is known to whoever makes it. */
	int error = open_socket(&l);

	if (l.socket >= 0)
		close(l.socket);
	return error ? strerror(error) : NULL;
}

int listen_descriptor(const struct listener *l)
{
	return l->reply;
}

const struct format *listen_asked(struct listener *l)
{
	if (recv(l->reply, &l->asked, 1, MSG_DONTWAIT) != 1 || l->asked >= HTTP_FORMATS)
		return NULL;
	return format_named(http_formats[l->asked]);
}

void listen_answer(struct listener *l, int fd)
{
	send_with_descriptor(l->reply, &l->asked, 1, fd, MSG_DONTWAIT);
	if (fd >= 0)
		close(fd);
}
