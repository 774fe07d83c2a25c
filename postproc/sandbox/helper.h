/* SPDX-License-Identifier: Apache-2.0 */
/* helper.h - a process that keeps rights which this process gives up. It opens files and passes them on, or
 * does other things when asked.
 *
 * It is forked before the rights are given up. It ends when nobody can ask it any more, or when the process
 * that started it ends.
 *
 * An operation may never return: a FUSE file system of the target's, an NFS server that is gone, memory
 * behind userfaultfd(2). So each request has a time limit, and the helper has several threads: if one hangs,
 * the others serve on.
 */
#ifndef HUD_SANDBOX_HELPER_H
#define HUD_SANDBOX_HELPER_H

#include <stdbool.h>
#include <stddef.h>

/* Bytes of the longest request. */
#define HELPER_REQUEST 4352

#define HELPER_THREADS 8

struct helper;

/* What a helper does. All of it runs in the helper. */
struct helper_duty {
	const char *name; /* of the process: at most 15 bytes */
	/* The time limit of an answer, longer on a machine too busy to run both; 0: none, because it only
	 * waits for the caller's own things. */
	unsigned limit_ms;
	/* How many threads serve requests: so many may hang before all do. At most HELPER_THREADS. More than
	 * one needs the right to start threads after prepare(). */
	unsigned threads;
	/* Does this descriptor stay open in the helper? NULL: none does, except its socket, and 2 for
	 * messages (sandbox/message-relay.h). */
	bool (*keeps)(void *context, int fd);
	/* Gives up all rights that serve() does not need. Returns 0; -1 after a message: then it serves
	 * nothing. */
	int (*prepare)(void *context);
	/* Answers a request of `size` bytes, which may be hostile; several threads call it at once. Returns 0
	 * or an errno. *fd may be set to a file to pass on; it is closed here afterwards. NULL: nobody may
	 * ask it; what prepare() has started works until the end. */
	int (*serve)(void *context, const void *request, size_t size, int *fd);
	/* Tidies up when nobody can ask any more, even while serve() hangs; or NULL. */
	void (*end)(void *context);
	void *context;
};

/* Starts a helper. Returns NULL with errno set if that fails. */
struct helper *helper_start(const struct helper_duty *duty);

/* Asks the helper. Processes forked from this one may ask, too, but only one at a time. Returns 0 or an errno
 * (ETIMEDOUT: no answer in time). *fd is the file that came, close-on-exec, for the caller to close; or
 * -1. */
int helper_ask(struct helper *helper, const void *request, size_t size, int *fd);

/* The descriptor to ask through, which a forked process must keep open. */
int helper_descriptor(const struct helper *helper);

/* Ends the helper and waits for it, but not for long: it may hang in the kernel. NULL is ignored. Only for
 * the process that started it. */
void helper_end(struct helper *helper);

#endif
