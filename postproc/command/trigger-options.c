/* SPDX-License-Identifier: Apache-2.0 */
/* trigger-options.c - see trigger-options.h. */
#include "command/trigger-options.h"

#include <stdlib.h>
#include <string.h>

#include "base/complain.h"
#include "command/command.h"

#define S UINT64_C(1000000000)
#define LONGEST_S 86400 /* a day */

static uint64_t seconds(const struct reporting *o, const char *option, const char *value, double least)
{
	return command_seconds(o->command, option, value, least, LONGEST_S);
}

bool trigger_option(struct reporting *o, int option, const char *value)
{
	struct trigger_options *t = &o->trigger;

	switch (option) {
	case TRIGGER_EXPR:
		t->gates.option = "--trigger";
		gates_add(&t->gates, o->command, value, false);
		return true;
	case TRIGGER_BEFORE:
		t->before = seconds(o, "before", value, 0) + 1; /* 0 is not given */
		return true;
	case TRIGGER_AFTER:
		t->after = seconds(o, "after", value, 0) + 1;
		return true;
	case TRIGGER_DEBOUNCE:
		t->debounce = seconds(o, "debounce", value, 0) + 1;
		return true;
	case TRIGGER_MOST:
		t->most = (unsigned)command_number(o->command, "max-recordings", value, 1, 10000);
		return true;
	case TRIGGER_RECORD:
		t->folder = value;
		return true;
	case TRIGGER_RING:
		t->ring = command_size(o->command, "ring", value);
		return true;
	case TRIGGER_COMMAND:
		t->on_trigger = value;
		return true;
	default:
		return false;
	}
}

/* A time that was given, or its default. */
static uint64_t given(uint64_t ns, uint64_t otherwise)
{
	return ns ? ns - 1 : otherwise;
}

static const char *mistake(const struct reporting *o)
{
	const struct trigger_options *t = &o->trigger;

	if (!t->gates.count &&
	    (t->before || t->after || t->debounce || t->most || t->folder || t->ring || t->on_trigger))
		return "--before, --after, --debounce, --max-recordings, --record, --ring and --on-trigger "
		       "need "
		       "--trigger EXPR";
	if (!t->gates.count)
		return NULL;
	if (!t->folder || !*t->folder)
		return "--trigger needs --record FOLDER";
	if (t->on_trigger && !*t->on_trigger)
		return "--on-trigger: which command?";
	return strcmp(o->file, "-") != 0 ? "--trigger reads standard input: give - as FILE" : NULL;
}

void trigger_options_end(struct reporting *o)
{
	struct trigger_options *t = &o->trigger;
	const char *wrong = mistake(o);

	if (wrong) {
		complain("hud-postproc %s: %s\n", o->command, wrong);
		exit(2);
	}
	if (!t->gates.count)
		return;
	t->command = o->command;
	t->window = o->replay.window ? o->replay.window : 10 * S;
	o->replay.window = 0;
	o->replay.lately = t->window;
	t->before = given(t->before, 10 * S);
	t->after = given(t->after, 5 * S);
	t->debounce = given(t->debounce, 60 * S);
	t->most = t->most ? t->most : 10;
	t->ring = t->ring ? t->ring : UINT64_C(64) << 20;
}
