/* SPDX-License-Identifier: Apache-2.0 */
/* sockets.h - the addresses of a live process's sockets, from its /proc/PID/net: tables of the network namespace that
 * it is in. */
#ifndef HUD_TARGET_SOCKETS_H
#define HUD_TARGET_SOCKETS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

struct sockets;

/* A socket's addresses: "10.0.0.1:5432", "[::1]:80"; of Unix sockets the path, raw bytes: hostile. NULL: none, or not
 * known. */
struct socket_ends {
	const char *local, *peer;
};

/* A descriptor that is a socket, and which. */
struct socket_descriptor {
	int fd;
	uint64_t inode;
};

/* The process's sockets, in no order; the caller frees *found. It needs the right to read /proc/PID/fd; without it, there
 * are none. Returns how many. */
size_t sockets_list(pid_t pid, struct socket_descriptor **found);

/* Tells the addresses of these. They are read through the inspector when one is asked for the first time; with `pid` 0,
 * never. Sockets of other kinds than TCP, UDP and Unix have none. Never NULL. */
struct sockets *sockets_new(pid_t pid, const struct socket_descriptor *found, size_t count);
void sockets_free(struct sockets *sockets);

/* Those of descriptor `fd`. NULL: it is no socket, or its addresses are not known. Valid until sockets_free(). NULL
 * `sockets` has none. */
const struct socket_ends *sockets_ends(struct sockets *sockets, int fd);

/* For tests: reads a table like /proc/net/tcp or udp, tcp6 or udp6 (`internet`), or unix. */
void sockets_read_table(struct sockets *sockets, FILE *table, bool internet);

#endif
