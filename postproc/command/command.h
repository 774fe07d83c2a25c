/* command.h - the subcommands of hud-postproc. Each is a main() of its own, with argv[0] its name. */
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
int head_main(int argc, char **argv);
int kernel_main(int argc, char **argv);
int live_main(int argc, char **argv);
int monitor_main(int argc, char **argv);
int record_main(int argc, char **argv);
int report_main(int argc, char **argv);
int resolve_main(int argc, char **argv);

/* getopt_long(), but that of an option which is none it says so itself: that would print it as it is. */
int command_option(int argc, char **argv, const char *letters, const struct option *longs);

/* The value of an option of `command`, a number from `low` to `high`; exits with status 2 after a message otherwise. */
double command_number(const char *command, const char *option, const char *text, double low, double high);

/* The same of a duration in ns: a number of seconds, unless it has a unit of its own ("500ms"). `low` and `high` are seconds. */
uint64_t command_seconds(const char *command, const char *option, const char *text, double low, double high);

/* Takes a file of --target; exits with status 2 after a message if there are too many. */
void command_target(const char *command, struct targets *targets, const char *file);

/* As command_number, a process id; `what` is the option or argument that it is. */
pid_t command_pid(const char *command, const char *what, const char *text);

/* Takes a crate of --mine or --not-mine; exits with status 2 after a message if it is no name, or there are too many. */
void command_crate(const char *command, const char *crate, bool mine);

/* As command_number, a descriptor that hud-trace has passed on, from 3 up, which is kept from other programs. */
int command_descriptor(const char *command, const char *option, const char *text);

/* Sets what standard output can show: width (unless it is set), colour (unless not wanted here or in the environment), and
 * UTF-8. */
void command_fit_terminal(struct report_options *options, bool no_colour);

#endif
