/* helper.h - a process that does one thing for this one, which may not do it itself, and passes open files to it.
 *
 * It is forked before rights are given up, serves one request at a time, and ends when nobody is left who could ask.
 */
#ifndef HUD_SANDBOX_HELPER_H
#define HUD_SANDBOX_HELPER_H

#include <stdbool.h>
#include <stddef.h>

/* The most bytes of a request. */
#define HELPER_REQUEST 4352

struct helper;

/* What a helper is made of. All of it runs in the helper. */
struct helper_duty {
	const char *name; /* of the process, at most 15 bytes */
	/* Is this descriptor of the caller's to stay open there? NULL: none, it has what it needs to serve, and 2 for messages (sandbox/messages.h). */
	bool (*keeps)(void *context, int fd);
	/* Gives up what it does not need. Returns 0; -1 after a message: it then serves nothing. */
	int (*settle)(void *context);
	/* Does what is asked, `size` bytes that are not to be trusted. Returns 0 or an errno; *fd may be set to a file to pass,
	 * which is closed here afterwards. */
	int (*serve)(void *context, const void *request, size_t size, int *fd);
	/* Tidies up when nobody is left who could ask; or NULL. */
	void (*end)(void *context);
	void *context;
};

/* Starts one. Returns NULL with errno set if that is impossible. */
struct helper *helper_start(const struct helper_duty *duty);

/* Asks it, from this process or one forked from it; one of them at a time. Returns 0 or an errno; *fd is the file that came, or
 * -1: the caller's to close, close-on-exec. */
int helper_ask(struct helper *helper, const void *request, size_t size, int *fd);

/* The descriptor that a process forked from this one must keep to ask. */
int helper_descriptor(const struct helper *helper);

/* Lets it end, and waits for that. NULL is ignored. Only for who started it. */
void helper_end(struct helper *helper);

#endif
