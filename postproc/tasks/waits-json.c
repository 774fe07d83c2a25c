/* SPDX-License-Identifier: Apache-2.0 */
/* waits-json.c - who may wait for ever, as JSON (declared in waits-formats.h). */
#include <inttypes.h>
#include <stdlib.h>

#include "base/escape.h"
#include "format/json-writer.h"
#include "tasks/look.h"
#include "tasks/waits-formats.h"

static void write_task(struct json *j, const struct look *look, uint32_t index)
{
	json_number(j, "task", look->scan.task[index].id);
}

static void write_object(struct json *j, uint64_t address)
{
	char *text = text_format("0x%" PRIx64, address);

	json_text(j, "object", address ? text : NULL);
	free(text);
}

static void write_place(struct json *j, const char *function, const char *file, unsigned line)
{
	json_text(j, "function", function);
	json_text(j, "file", file);
	if (line)
		json_number(j, "line", line);
	else
		json_null(j, "line");
}

static void write_cycle(struct json *j, const struct look *look, const struct wait_cycle *cycle)
{
	json_array_begin(j, NULL);
	for (size_t i = 0; i < cycle->length; i++) {
		json_object_begin(j, NULL);
		write_task(j, look, cycle->wait[i]->task);
		json_text(j, "waits_for", cycle->wait[i]->words);
		write_object(j, cycle->wait[i]->object);
		json_object_end(j);
	}
	json_array_end(j);
}

void waits_json(struct json *j, const struct look *look)
{
	const struct waits *waits = &look->waits;

	json_array_begin(j, "deadlocks");
	for (size_t i = 0; i < look->cycles; i++)
		write_cycle(j, look, &look->cycle[i]);
	json_array_end(j);
	json_array_begin(j, "futurelocks");
	for (size_t i = 0; i < waits->grants; i++) {
		json_object_begin(j, NULL);
		write_task(j, look, waits->grant[i].task);
		json_text(j, "waits_for", waits->grant[i].words);
		write_object(j, waits->grant[i].object);
		write_place(j, waits->grant[i].function, waits->grant[i].file, waits->grant[i].line);
		json_object_end(j);
	}
	json_array_end(j);
	json_array_begin(j, "not_polled");
	for (size_t i = 0; i < waits->unpolleds; i++) {
		json_object_begin(j, NULL);
		write_task(j, look, waits->unpolled[i].task);
		json_text(j, "future", waits->unpolled[i].future);
		json_text(j, "waits_for", waits->unpolled[i].waits_for);
		write_place(j, waits->unpolled[i].function, waits->unpolled[i].file, waits->unpolled[i].line);
		json_object_end(j);
	}
	json_array_end(j);
}
