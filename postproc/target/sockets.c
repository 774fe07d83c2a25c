/* SPDX-License-Identifier: Apache-2.0 */
/* sockets.c - see sockets.h. The tables: net/ipv4/tcp_ipv4.c (tcp4_seq_show), net/ipv6/tcp_ipv6.c, net/unix/af_unix.c;
 * proc_net(5). */
#include "target/sockets.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <inttypes.h>
#include <libiberty/libiberty.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/bisect.h"
#include "base/escape.h"
#include "base/grow.h"
#include "target/inspector.h"

#define SOCKETS_MAX 200000u /* descriptors */

/* A descriptor that is a socket. */
struct descriptor_of {
	int fd;
	uint64_t inode;
	struct socket_ends ends;
};

struct sockets {
	pid_t pid; /* 0: its tables have been read */
	struct descriptor_of *of;
	size_t count;
	int (*order)(const void *, const void *); /* how they are sorted; NULL: not */
	struct arena *texts;
};

struct sockets *sockets_new(pid_t pid, const struct socket_descriptor *found, size_t count)
{
	struct sockets *sockets = xcalloc(1, sizeof(*sockets));

	sockets->pid = pid;
	sockets->texts = arena_new();
	sockets->of = xcalloc(count + 1, sizeof(*sockets->of));
	sockets->count = count;
	for (size_t i = 0; i < count; i++)
		sockets->of[i] = (struct descriptor_of){.fd = found[i].fd, .inode = found[i].inode};
	return sockets;
}

void sockets_free(struct sockets *sockets)
{
	if (!sockets)
		return;
	arena_free(sockets->texts);
	free(sockets->of);
	free(sockets);
}

static int by_inode(const void *one, const void *two)
{
	const struct descriptor_of *a = one, *b = two;

	return a->inode < b->inode ? -1 : a->inode > b->inode;
}

static int by_descriptor(const void *one, const void *two)
{
	const struct descriptor_of *a = one, *b = two;

	return (a->fd > b->fd) - (a->fd < b->fd);
}

static void sort(struct sockets *sockets, int (*order)(const void *, const void *))
{
	if (sockets->order != order && sockets->count)
		qsort(sockets->of, sockets->count, sizeof(*sockets->of), order);
	sockets->order = order;
}

/* The first of the descriptors that are this socket, once they are sorted by it; NULL if there is none. */
static struct descriptor_of *first_of(struct sockets *sockets, uint64_t inode)
{
	size_t i = inode ? FIRST_BEYOND(sockets->of, sockets->count, inode, inode - 1) : sockets->count;

	return i < sockets->count && sockets->of[i].inode == inode ? &sockets->of[i] : NULL;
}

/* Sets those of all descriptors that are the same socket as the `first`. */
static void set_ends(struct sockets *sockets, struct descriptor_of *first, struct socket_ends ends)
{
	struct descriptor_of *end = sockets->of + sockets->count;

	for (struct descriptor_of *d = first; d < end && d->inode == first->inode; d++)
		d->ends = ends;
}

static const char *keep(struct sockets *sockets, const char *text)
{
	return arena_copy(sockets->texts, text, strlen(text));
}

/* "0100007F:1F90": 32-bit words of this machine's order, as the kernel has them in memory, and a port. NULL: no peer. */
static const char *address(struct sockets *sockets, const char *hex, bool peer)
{
	const char *colon = strchr(hex, ':');
	size_t digits = colon ? (size_t)(colon - hex) : 0;
	uint32_t word[4] = {0};
	unsigned port;
	char text[INET6_ADDRSTRLEN];

	if ((digits != 8 && digits != 32) || sscanf(colon + 1, "%4x", &port) != 1)
		return NULL;
	for (size_t i = 0; i < digits / 8; i++)
		if (sscanf(hex + 8 * i, "%8" SCNx32, &word[i]) != 1)
			return NULL;
	if ((peer && !port) || !inet_ntop(digits == 8 ? AF_INET : AF_INET6, word, text, sizeof(text)))
		return NULL;
	char *whole = digits == 8 ? text_format("%s:%u", text, port) : text_format("[%s]:%u", text, port);
	const char *kept = keep(sockets, whole);

	free(whole);
	return kept;
}

/* "0: LOCAL PEER ST TX:RX TR:WHEN RETRANSMITS UID TIMEOUT INODE ..". */
static void read_internet(struct sockets *sockets, const char *line)
{
	struct descriptor_of *first;
	char local[48], peer[48];
	uint64_t inode;

	if (sscanf(line, "%*u: %47s %47s %*x %*s %*s %*x %*u %*u %" SCNu64, local, peer, &inode) == 3 &&
	    (first = first_of(sockets, inode)))
		set_ends(sockets, first,
			 (struct socket_ends){.local = address(sockets, local, false),
					      .peer = address(sockets, peer, true)});
}

/* "NUM: REFERENCES PROTOCOL FLAGS TYPE STATE INODE [PATH]". Who is at the other end is not told. */
static void read_unix(struct sockets *sockets, char *line)
{
	struct descriptor_of *first;
	uint64_t inode;
	int path = 0;

	if (sscanf(line, "%*x: %*x %*x %*x %*x %*x %" SCNu64 " %n", &inode, &path) != 1 || !path ||
	    !(first = first_of(sockets, inode)))
		return;
	line[path + (int)strcspn(line + path, "\n")] = '\0';
	if (line[path])
		set_ends(sockets, first, (struct socket_ends){.local = keep(sockets, line + path)});
}

void sockets_read_table(struct sockets *sockets, FILE *table, bool internet)
{
	char line[512];

	sort(sockets, by_inode);
	while (fgets(line, sizeof(line), table))
		if (internet)
			read_internet(sockets, line);
		else
			read_unix(sockets, line);
}

size_t sockets_list(pid_t pid, struct socket_descriptor **found)
{
	size_t count = 0, room = 0;
	struct dirent *entry;
	char path[64], link[64];
	DIR *dir;

	*found = NULL;
	snprintf(path, sizeof(path), "/proc/%d/fd", (int)pid);
	dir = opendir(path);
	while (dir && (entry = readdir(dir)) && count < SOCKETS_MAX) {
		ssize_t length = readlinkat(dirfd(dir), entry->d_name, link, sizeof(link) - 1);
		uint64_t inode;

		link[length > 0 ? length : 0] = '\0';
		if (sscanf(link, "socket:[%" SCNu64 "]", &inode) != 1)
			continue;
		GROW(*found, room, count + 1);
		(*found)[count++] = (struct socket_descriptor){(int)strtol(entry->d_name, NULL, 10), inode};
	}
	if (dir)
		closedir(dir);
	return count;
}

static void read_tables(struct sockets *sockets)
{
	static const char *const tables[] = {"net/tcp", "net/tcp6", "net/udp", "net/udp6", "net/unix"};

	for (size_t i = 0; i < ARRAY_SIZE(tables) && sockets->pid; i++) {
		FILE *table = inspector_open(sockets->pid, tables[i]);

		if (!table)
			continue;
		sockets_read_table(sockets, table, i + 1 < ARRAY_SIZE(tables));
		fclose(table);
	}
	sockets->pid = 0;
}

const struct socket_ends *sockets_ends(struct sockets *sockets, int fd)
{
	const struct descriptor_of wanted = {.fd = fd}, *found;

	if (!sockets || !sockets->count || fd < 0)
		return NULL;
	read_tables(sockets);
	sort(sockets, by_descriptor);
	found = bsearch(&wanted, sockets->of, sockets->count, sizeof(*sockets->of), by_descriptor);
	return found && (found->ends.local || found->ends.peer) ? &found->ends : NULL;
}
