/* SPDX-License-Identifier: Apache-2.0 */
/* trigger-options.h - the options of --trigger. */
#ifndef HUD_COMMAND_TRIGGER_OPTIONS_H
#define HUD_COMMAND_TRIGGER_OPTIONS_H

#include <getopt.h>
#include <stdbool.h>

#include "command/reporting.h"

enum {
	TRIGGER_EXPR = REPORTING_OWN,
	TRIGGER_BEFORE,
	TRIGGER_AFTER,
	TRIGGER_DEBOUNCE,
	TRIGGER_MOST,
	TRIGGER_RECORD,
	TRIGGER_RING,
	TRIGGER_COMMAND,
	TRIGGER_OWN /* more options of a subcommand that has these begin here */
};

/* Rows for getopt_long(). */
/* clang-format off: one row each */
#define TRIGGER_OPTIONS                                                                                      \
	{"trigger", required_argument, NULL, TRIGGER_EXPR},                                                  \
		{"before", required_argument, NULL, TRIGGER_BEFORE},                                         \
		{"after", required_argument, NULL, TRIGGER_AFTER},                                           \
		{"debounce", required_argument, NULL, TRIGGER_DEBOUNCE},                                     \
		{"max-recordings", required_argument, NULL, TRIGGER_MOST},                                   \
		{"record", required_argument, NULL, TRIGGER_RECORD},                                         \
		{"ring", required_argument, NULL, TRIGGER_RING},                                             \
	{                                                                                                    \
		"on-trigger", required_argument, NULL, TRIGGER_COMMAND                                       \
	}
/* clang-format on */

/* Handles one of these options. Returns false if it is another one; exits with status 2 after a message if its value is
 * wrong. */
bool trigger_option(struct reporting *o, int option, const char *value);

/* After all options: fills in what was not given, and takes --window, which with --trigger is the condition's. Exits with status 2 after a
 * message if they do not go together. */
void trigger_options_end(struct reporting *o);

#endif
