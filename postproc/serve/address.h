/* SPDX-License-Identifier: Apache-2.0 */
/* address.h - where --listen listens: an address and a port of IP, or a Unix socket. */
#ifndef HUD_SERVE_ADDRESS_H
#define HUD_SERVE_ADDRESS_H

#include <stdbool.h>
#include <sys/socket.h>
#include <sys/un.h>

struct address {
	union {
		struct sockaddr any;
		struct sockaddr_storage storage;
		struct sockaddr_un local;
	} socket;
	socklen_t size;
	bool loopback; /* only this machine reaches it */
};

/* Reads "PORT", "ADDRESS:PORT", "[ADDRESS]:PORT" or a path (which has a "/"); without an address it is 127.0.0.1. Returns NULL, or what is
 * wrong (static). */
const char *address_parse(struct address *address, const char *text);

/* What is bound to the socket `fd`, as part of a URL: "127.0.0.1:9464"; a path is as it is. The caller frees it. */
char *address_text(int fd);

/* Does the value of an HTTP "Host" header name this machine: "localhost" or a loopback address, with or without a port? */
bool address_is_here(const char *host);

#endif
