/* command.h - the subcommands of hud-postproc. Each is a main() of its own, with argv[0] its name. */
#ifndef HUD_COMMAND_H
#define HUD_COMMAND_H

int head_main(int argc, char **argv);
int record_main(int argc, char **argv);
int report_main(int argc, char **argv);
int resolve_main(int argc, char **argv);
int stuck_main(int argc, char **argv);

#endif
