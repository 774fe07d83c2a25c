/* SPDX-License-Identifier: Apache-2.0 */
/* chains.c - see chains.h. */
#include "tasks/chains.h"

#include <libiberty/libiberty.h>
#include <stdlib.h>
#include <string.h>

#include "base/grow.h"
#include "target/memory.h"
#include "tasks/look.h"

#define TRIES 3
#define LOG_MAX ((size_t)16 << 20) /* bytes of one task that are read again; beyond, it counts as moved */

/* One reading: its bytes are in the log. */
struct reading {
	uint64_t address;
	size_t size, at;
};

struct chains {
	struct memory *memory;
	struct awaits *awaits;
	bool live;
	struct reading *reading; /* of the task that is read */
	size_t readings, readings_room;
	unsigned char *log;
	size_t logged, log_room;
	bool overflow;
	size_t moved;
};

struct chains *chains_new(const struct look *look)
{
	struct chains *chains = xcalloc(1, sizeof(*chains));

	chains->memory = look->memory;
	chains->awaits = awaits_new(look->space);
	chains->live = look->live;
	return chains;
}

void chains_free(struct chains *chains)
{
	awaits_free(chains->awaits);
	free(chains->reading);
	free(chains->log);
	free(chains);
}

static bool read_and_log(void *arg, uint64_t address, void *to, size_t size)
{
	struct chains *c = arg;

	if (!memory_read(c->memory, address, to, size))
		return false;
	if (!c->live)
		return true;
	if (size > LOG_MAX - c->logged) {
		c->overflow = true;
		return true;
	}
	GROW(c->reading, c->readings_room, c->readings + 1);
	GROW(c->log, c->log_room, c->logged + size);
	c->reading[c->readings++] = (struct reading){address, size, c->logged};
	memcpy(c->log + c->logged, to, size);
	c->logged += size;
	return true;
}

/* Is everything still as it was read? */
static bool is_same(const struct chains *c)
{
	unsigned char now[4096];

	for (size_t i = 0; i < c->readings; i++) {
		const struct reading *r = &c->reading[i];

		for (size_t done = 0; done < r->size;) {
			size_t part = r->size - done < sizeof(now) ? r->size - done : sizeof(now);

			if (!memory_read(c->memory, r->address + done, now, part) ||
			    memcmp(now, c->log + r->at + done, part) != 0)
				return false;
			done += part;
		}
	}
	return !c->overflow;
}

struct await_task *chain_read(struct chains *c, const struct found_task *task)
{
	const struct memory_reader memory = {.read = read_and_log, .arg = c};

	for (int tries = 0; tries < TRIES; tries++) {
		c->readings = c->logged = 0;
		c->overflow = false;
		struct await_task *found = awaits_of_task(c->awaits, task->header, &memory);

		if (!c->live || is_same(c))
			return found;
		awaits_task_free(found);
	}
	c->moved++;
	return NULL;
}

struct await_task *chain_on_stack(struct chains *c, uint64_t code, uint64_t start, uint64_t end,
				  await_believe *believe, void *arg)
{
	const struct memory_reader memory = memory_reader_of(c->memory);

	return awaits_of_stack(c->awaits, code, start, end, &memory, believe, arg);
}

size_t chains_moved(const struct chains *c)
{
	return c->moved;
}

const char *chains_problem(struct chains *c, uint64_t address)
{
	return awaits_problem(c->awaits, address);
}
