/* helper.h - a process that does one thing for this one, which may not do it itself, and passes open files to it.
 *
 * It is forked before rights are given up, and ends when nobody is left who could ask, or when who started it has ended.
 *
 * What it looks at may never answer: a file system of the target's own (FUSE), an NFS server that is gone, memory that userfaultfd(2) is
 * to fill. So a question has a limit of time, and the helper has several threads: one that hangs leaves the others to serve.
 */
#ifndef HUD_SANDBOX_HELPER_H
#define HUD_SANDBOX_HELPER_H

#include <stdbool.h>
#include <stddef.h>

/* The most bytes of a request. */
#define HELPER_REQUEST 4352

#define HELPER_THREADS 8

struct helper;

/* What a helper is made of. All of it runs in the helper. */
struct helper_duty {
	const char *name; /* of the process, at most 15 bytes */
	/* How long an answer may take; 0: as long as it likes, since what it waits for is the caller's own. */
	unsigned limit_ms;
	/* How many requests can be served at once, each by a thread (prepare() has to leave the right to make them): so many may hang
	 * before all do. At most HELPER_THREADS. */
	unsigned threads;
	/* Is this descriptor of the caller's to stay open there? NULL: none, it has what it needs to serve, and 2 for messages (sandbox/messages.h). */
	bool (*keeps)(void *context, int fd);
	/* Gives up what it does not need. Returns 0; -1 after a message: it then serves nothing. */
	int (*prepare)(void *context);
	/* Does what is asked, `size` bytes that are not to be trusted; in several threads at once. Returns 0 or an errno; *fd may be set
	 * to a file to pass, which is closed here afterwards. */
	int (*serve)(void *context, const void *request, size_t size, int *fd);
	/* Tidies up when nobody is left who could ask, even if serve() hangs; or NULL. */
	void (*end)(void *context);
	void *context;
};

/* Starts one. Returns NULL with errno set if that is impossible. */
struct helper *helper_start(const struct helper_duty *duty);

/* Asks it, from this process or one forked from it; one of them at a time. Returns 0 or an errno, ETIMEDOUT if there was no answer in
 * time; *fd is the file that came, or -1: the caller's to close, close-on-exec. */
int helper_ask(struct helper *helper, const void *request, size_t size, int *fd);

/* The descriptor that a process forked from this one must keep to ask. */
int helper_descriptor(const struct helper *helper);

/* Lets it end, and waits for that; but not for long if it hangs in the kernel, where nothing ends it. NULL is ignored. Only for who
 * started it. */
void helper_end(struct helper *helper);

#endif
