/* SPDX-License-Identifier: Apache-2.0 */
/* command.h - the subcommands of hud-postproc. Each has a main() of its own; argv[0] is its name. */
#ifndef HUD_COMMAND_COMMAND_H
#define HUD_COMMAND_COMMAND_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct option;
struct report_options;
struct targets;

int copies_main(int argc, char **argv);
int diff_main(int argc, char **argv);
int glance_main(int argc, char **argv);
int head_main(int argc, char **argv);
int kernel_main(int argc, char **argv);
int live_main(int argc, char **argv);
int monitor_main(int argc, char **argv);
int record_main(int argc, char **argv);
int report_main(int argc, char **argv);
int resolve_main(int argc, char **argv);
int tasks_main(int argc, char **argv);

/* getopt_long() that complains about unknown options itself: the original would print them unescaped. */
int command_option(int argc, char **argv, const char *letters, const struct option *longs);

/* The value of `command`'s option, a number from `low` to `high`. Otherwise exits with status 2 after a
 * message. */
double command_number(const char *command, const char *option, const char *text, double low, double high);

/* The same for a duration, in ns: seconds, unless it has a unit ("500ms"). `low` and `high` are in
 * seconds. */
uint64_t command_seconds(const char *command, const char *option, const char *text, double low, double high);

/* The same for a size, in bytes: "64M", from 64 KiB to a TiB. */
uint64_t command_size(const char *command, const char *option, const char *text);

/* Adds a --target file. Exits with status 2 after a message if there are too many. */
void command_target(const char *command, struct targets *targets, const char *file);

/* As command_number(), for a process id; `what` is the name of the option or argument. */
pid_t command_pid(const char *command, const char *what, const char *text);

/* Adds a crate of --mine or --not-mine. Exits with status 2 after a message if it is not a name, or there are
 * too many. */
void command_crate(const char *command, const char *crate, bool mine);

/* As command_number(), for a descriptor from 3 up that hud-trace has passed; makes it close-on-exec. */
int command_descriptor(const char *command, const char *option, const char *text);

/* Sets what standard output can show: width (unless set), colour (unless refused here or by the environment),
 * UTF-8. */
void command_fit_terminal(struct report_options *options, bool no_colour);

struct output;

/* Opens an output of `command`: file `path`, or standard output if that is NULL. Switches off colour in *options for a
 * file. Returns 0, or 1 after a message. */
int command_open_output(struct output *output, const char *command, const char *path,
			struct report_options *options);

/* Closes it; `whole`: everything was written. `what` names it in messages. Returns 0, or 1 after a message (none if its
 * reader is gone). */
int command_close_output(struct output *output, const char *command, const char *what, bool whole);

#endif
