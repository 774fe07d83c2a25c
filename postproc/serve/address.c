/* SPDX-License-Identifier: Apache-2.0 */
/* address.c - see address.h. */
#include "serve/address.h"

#include <arpa/inet.h>
#include <libiberty/libiberty.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "base/escape.h"

static const char *parse_path(struct address *a, const char *text)
{
	struct sockaddr_un *local = &a->socket.local;

	if (strlen(text) >= sizeof(local->sun_path))
		return "the path is longer than a socket's may be";
	local->sun_family = AF_UNIX;
	strcpy(local->sun_path, text);
	a->size = sizeof(*local);
	a->loopback = true;
	return NULL;
}

/* A whole number up to 65535; -1 if it is none. 0 has the kernel choose a port. */
static long parse_port(const char *text)
{
	size_t length = strspn(text, "0123456789");
	long port = length == 0 || length > 5 || text[length] ? -1 : strtol(text, NULL, 10);

	return port > 65535 ? -1 : port;
}

/* Fills in *a by an address without brackets. Returns whether it is one. */
static bool parse_ip(struct address *a, const char *ip, in_port_t port)
{
	struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = htons(port)};
	struct sockaddr_in6 in6 = {.sin6_family = AF_INET6, .sin6_port = htons(port)};

	if (inet_pton(AF_INET, ip, &in.sin_addr) == 1) {
		memcpy(&a->socket, &in, a->size = sizeof(in));
		a->loopback = ntohl(in.sin_addr.s_addr) >> 24 == 127;
		return true;
	}
	if (inet_pton(AF_INET6, ip, &in6.sin6_addr) != 1)
		return false;
	memcpy(&a->socket, &in6, a->size = sizeof(in6));
	a->loopback = IN6_IS_ADDR_LOOPBACK(&in6.sin6_addr);
	return true;
}

const char *address_parse(struct address *a, const char *text)
{
	const char *colon = strrchr(text, ':');
	long port = parse_port(colon ? colon + 1 : text);
	char ip[64] = "127.0.0.1";
	size_t length = colon ? (size_t)(colon - text) : 0;

	memset(a, 0, sizeof(*a));
	if (strchr(text, '/'))
		return parse_path(a, text);
	if (port < 0)
		return "it is no PORT, ADDRESS:PORT or path of a socket";
	if (length >= sizeof(ip))
		return "its address is none";
	if (length > 2 && text[0] == '[' && text[length - 1] == ']') {
		text++;
		length -= 2;
	}
	if (length) {
		memcpy(ip, text, length);
		ip[length] = '\0';
	}
	if (!strcasecmp(ip, "localhost"))
		strcpy(ip, "127.0.0.1");
	return parse_ip(a, ip, (in_port_t)port) ? NULL : "its address is none: 127.0.0.1, ::1, 0.0.0.0, ...";
}

char *address_text(int fd)
{
	struct address a = {.size = sizeof(a.socket)};
	char ip[INET6_ADDRSTRLEN] = "";
	struct sockaddr_in in;
	struct sockaddr_in6 in6;

	if (getsockname(fd, &a.socket.any, &a.size))
		return xstrdup("?");
	memcpy(&in, &a.socket, sizeof(in));
	memcpy(&in6, &a.socket, sizeof(in6));
	switch (a.socket.any.sa_family) {
	case AF_INET:
		return text_format("%s:%d", inet_ntop(AF_INET, &in.sin_addr, ip, sizeof(ip)),
				   ntohs(in.sin_port));
	case AF_INET6:
		return text_format("[%s]:%d", inet_ntop(AF_INET6, &in6.sin6_addr, ip, sizeof(ip)),
				   ntohs(in6.sin6_port));
	default:
		return xstrdup(a.socket.local.sun_path);
	}
}

bool address_is_here(const char *host)
{
	const char *colon = strrchr(host, ':');
	bool port = colon && !strchr(colon, ']');
	char *text = concat(host, port ? "" : ":80", NULL);
	struct address a;
	bool here = !strchr(host, '/') && !address_parse(&a, text) && a.loopback;

	free(text);
	return here;
}
