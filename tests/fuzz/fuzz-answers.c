/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz-answers.c - a resolver under an attacker's control: its answers are any bytes. */
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/arch.h"
#include "fuzz.h"
#include "resolve/elf/address-space.h"
#include "resolve/resolver-server.h"
#include "resolve/resolver.h"
#include "resolve/unwind/unwind.h"

#define MOST_FRAMES 4096

static struct {
	const uint8_t *at;
	size_t left;
} bytes;

/* The socket on which questions come: the only one that this process, which was just forked, has. */
static int find_socket(void)
{
	for (int fd = 3; fd < 1024; fd++) {
		socklen_t size = sizeof(int);
		int type;

		if (getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size) == 0 && type == SOCK_STREAM)
			return fd;
	}
	_exit(1);
}

static void send_all(int fd, const void *from, size_t size)
{
	for (const char *at = from; size;) {
		ssize_t put = send(fd, at, size, MSG_NOSIGNAL);

		if (put <= 0)
			_exit(0);
		at += put;
		size -= (size_t)put;
	}
}

/* Runs instead of giving up rights: answers each question with the next bytes, whose number the two bytes
 * before them give; with all remaining bytes if there are fewer. */
static int answer_all(void)
{
	static char more[MORE_LIMIT];
	int fd = find_socket();
	struct question question;

	while (recv(fd, &question, sizeof(question), MSG_WAITALL) == (ssize_t)sizeof(question)) {
		struct answer_head head = {0};

		if (question.more && recv(fd, more, question.more, MSG_WAITALL) <= 0)
			break;
		if (bytes.left >= 2) {
			head.size = bytes.at[0] | (size_t)bytes.at[1] << 8;
			bytes.at += 2;
			bytes.left -= 2;
			head.size = head.size < bytes.left ? head.size : bytes.left;
		}
		send_all(fd, &head, sizeof(head));
		send_all(fd, bytes.at, head.size);
		bytes.at += head.size;
		bytes.left -= head.size;
	}
	_exit(0);
}

static void check_chain(const struct chain *chain)
{
	if (!chain->count || chain->count > UNWIND_MAX_FRAMES)
		check_failed("chain", "no such length", "", 0);
}

static void check_frames(const struct frames *frames)
{
	size_t length = 0;

	if (!frames->count || frames->count > MOST_FRAMES)
		check_failed("frames", "no such number", "", 0);
	for (size_t i = 0; i < frames->count; i++) {
		const struct frame *f = &frames->frame[i];
		const char *const texts[] = {f->function, f->name, f->generics, f->file, f->runtime_files};

		length += strlen(f->module);
		for (size_t j = 0; j < sizeof(texts) / sizeof(*texts); j++)
			length += texts[j] ? strlen(texts[j]) : 0;
	}
	if (length > ANSWER_LIMIT)
		check_failed("frames", "too long", "", 0);
}

void fuzz_answers(const uint8_t *data, size_t size)
{
	static uint64_t words[64];
	static struct chain chain;
	struct space *space = space_new(&(struct space_options){.exe = "/x"});
	struct resolver *resolver = resolver_new(
		space, arch_host(), &(struct resolver_options){.confine = answer_all, .seconds = 10});
	struct raw_stack stack = {.ip = 0x1000, .sp = 0x7000, .word = words, .words = 64};
	const char *why;
	bool unread;

	bytes.at = data;
	bytes.left = size;
	resolver_map(resolver, &(struct mapping){0x1000, 0x9000, 0, true, "/x", ""});
	resolver_unwind(resolver, &stack, &chain);
	check_chain(&chain);
	resolver_insert_tail_calls(resolver, &chain);
	check_chain(&chain);
	resolver_prefetch(resolver, chain.pc, chain.count);
	for (size_t i = 0; i < chain.count && i < 8; i++) {
		check_frames(resolver_frames(resolver, chain.pc[i]));
		resolver_is_start(resolver, chain.pc[i]);
	}
	for (size_t i = 0; resolver_lacking(resolver, i, &why, &unread); i++)
		if (i > 2 * LACKINGS_KEPT)
			check_failed("lackings", "too many", "", 0);
	resolver_free(resolver);
	space_free(space);
}
