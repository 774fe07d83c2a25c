/* SPDX-License-Identifier: Apache-2.0 */
/* resolver-server.c - see resolver-server.h. */
#include "resolve/resolver-server.h"

#include <errno.h>
#include <libiberty/libiberty.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "resolve/elf/address-space.h"
#include "resolve/symbolize/frame.h"
#include "resolve/symbolize/symbolize.h"
#include "resolve/unwind/tailcalls.h"
#include "resolve/unwind/unwind.h"
#include "sandbox/debuginfod.h"
#include "sandbox/opener.h"
#include "sandbox/parser-process.h"

#define SECONDS 10 /* of CPU time for one answer: reading 1.2 GB of debug info takes 0.1 */

/* The answer with its head, so that it is sent at once: a reader woken by half of it would have to sleep
 * again. */
static struct {
	struct answer_head head;
	char bytes[ANSWER_LIMIT];
} answer;
static size_t filled;
static const char *problems[LACKINGS_KEPT]; /* of each module, as last told */

static void put(const void *bytes, size_t size)
{
	if (size > sizeof(answer.bytes) - filled)
		_exit(1);
	memcpy(answer.bytes + filled, bytes, size);
	filled += size;
}

static void put_text(const char *text)
{
	text = text ? text : NO_TEXT;
	put(text, strlen(text) + 1);
}

static void put_lackings(const struct space *space)
{
	const struct module *module;

	for (size_t i = 0; i < LACKINGS_KEPT && (module = space_opened(space, i)); i++)
		if (module->problem != problems[i]) {
			problems[i] = module->problem;
			put_text(module->path);
			put_text(module->problem);
			put_text(module->dwfl ? NULL : "unread");
		}
}

static void put_addresses_of(const struct chain *chain)
{
	struct plain_chain plain = {.count = (uint32_t)chain->count,
				    .cut = chain->cut,
				    .too_few = chain->too_few,
				    .elsewhere = chain->elsewhere};

	put(&plain, sizeof(plain));
	put(chain->pc, chain->count * sizeof(*chain->pc));
}

static void put_chain(const struct resolver_server *w, const struct question *q, const uint64_t *words)
{
	static struct chain chain;
	struct raw_stack raw = {.ip = q->stack[0],
				.sp = q->stack[1],
				.bp = q->stack[2],
				.lr = q->stack[3],
				.word = words,
				.words = q->more / sizeof(*words)};
	size_t left = raw.words;

	for (const uint64_t *part = q->stack + 4; part < q->stack + 4 + 2 * STACK_PARTS && part[1];
	     part += 2) {
		size_t size = part[1] < left ? (size_t)part[1] : left;

		raw.part[raw.parts++] = (struct stack_part){part[0], size};
		left -= size;
	}
	unwind(w->unwinder, &raw, &chain);
	tailcalls_insert(w->tailcalls, &chain);
	put_addresses_of(&chain);
}

static void put_walked(const struct resolver_server *w, const uint64_t *pc, size_t count)
{
	static struct chain chain;

	chain.count = count < UNWIND_MAX_FRAMES ? count : UNWIND_MAX_FRAMES;
	memcpy(chain.pc, pc, chain.count * sizeof(*pc));
	tailcalls_insert(w->tailcalls, &chain);
	put_addresses_of(&chain);
}

static void put_frames(const struct resolver_server *w, uint64_t pc, bool last)
{
	const struct frames *frames = symbolize(w->symbolizer, pc);
	size_t count = frames->count < FRAMES_LIMIT ? frames->count : FRAMES_LIMIT;

	put(&(struct plain_frames){.count = (uint32_t)count,
				   .start = last && unwind_is_start(w->unwinder, pc),
				   .start_known = last},
	    sizeof(struct plain_frames));
	for (size_t i = 0; i < count; i++) {
		const struct frame *f = &frames->frame[i];
		struct plain_frame plain = {.offset = f->offset,
					    .line = f->line,
					    .declared = f->declared,
					    .origin = (uint8_t)f->origin,
					    .inlined = f->inlined,
					    .tail_call = f->tail_call,
					    .found = f->found};

		put(&plain, sizeof(plain));
		put_text(f->module);
		put_text(f->function);
		put_text(f->name);
		put_text(f->generics);
		put_text(f->file);
		put_text(f->runtime_files);
	}
}

static void put_addresses(const struct resolver_server *w, const uint64_t *pc, size_t count)
{
	struct plain_answered answered = {0};
	size_t head = filled;

	put(&answered, sizeof(answered));
	for (; answered.count < count && filled < sizeof(answer.bytes) / 2; answered.count++)
		put_frames(w, pc[answered.count], answered.count + 1 == count);
	memcpy(answer.bytes + head, &answered, sizeof(answered));
}

static void put_start(const struct resolver_server *w, const uint64_t *pc, size_t count)
{
	struct plain_start plain = {count > 0 && unwind_is_start(w->unwinder, *pc)};

	put(&plain, sizeof(plain));
}

static void map(const struct resolver_server *w, const struct question *q, const char *texts)
{
	const char *id = memchr(texts, 0, q->more);

	if (!id || !q->more || texts[q->more - 1])
		_exit(1);
	space_add(w->space, &(struct mapping){.start = q->map[0],
					      .end = q->map[1],
					      .offset = q->map[2],
					      .executable = q->executable != 0,
					      .path = texts,
					      .build_id = id + 1});
}

static void receive(int socket, void *to, size_t size)
{
	char *at = to;

	while (size) {
		ssize_t got = recv(socket, at, size, 0);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			_exit(0);
		at += got;
		size -= (size_t)got;
	}
}

static void send_answer(int socket)
{
	const char *at = (const char *)&answer;
	size_t size = sizeof(answer.head) + filled;

	answer.head.size = filled;
	while (size) {
		ssize_t put = send(socket, at, size, MSG_NOSIGNAL);

		if (put < 0 && errno != EINTR)
			_exit(0);
		at += put > 0 ? put : 0;
		size -= put > 0 ? (size_t)put : 0;
	}
}

_Noreturn void resolver_serve(const struct resolver_server *w)
{
	static char more[MORE_LIMIT] __attribute__((aligned(8)));
	struct question question;

	parser_begin(w->parent, (int[]){w->socket, opener_descriptor(), debuginfod_descriptor()}, 3,
		     w->confine);
	for (;;) {
		receive(w->socket, &question, sizeof(question));
		if (question.more > sizeof(more))
			_exit(1);
		receive(w->socket, more, question.more);
		filled = 0;
		parser_set_timer(SECONDS);
		if (question.kind == ASK_MAP)
			map(w, &question, more);
		else if (question.kind == ASK_CHAIN)
			put_chain(w, &question, (const uint64_t *)(const void *)more);
		else if (question.kind == ASK_WALKED)
			put_walked(w, (const uint64_t *)(const void *)more, question.more / sizeof(uint64_t));
		else if (question.kind == ASK_START)
			put_start(w, (const uint64_t *)(const void *)more, question.more / sizeof(uint64_t));
		else
			put_addresses(w, (const uint64_t *)(const void *)more,
				      question.more / sizeof(uint64_t));
		put_lackings(w->space);
		parser_set_timer(0);
		*w->touched = 0;
		send_answer(w->socket);
	}
}
