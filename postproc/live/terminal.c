/* SPDX-License-Identifier: Apache-2.0 */
/* terminal.c - see terminal.h. */
#include "live/terminal.h"

#include <curses.h>
#include <errno.h>
#include <fcntl.h>
#include <libiberty/libiberty.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <term.h>
#include <termios.h>
#include <unistd.h>

static struct {
	FILE *file;
	int fd;
	bool others;	    /* another process uses the terminal now */
	pid_t owner, group; /* a process forked later must not touch the terminal */
	struct termios modes;
	char leave[256]; /* the sequence that restores the terminal, prepared in advance */
	size_t leave_length;
	int errors, kept; /* standard error, and the file that replaces it */
} terminal = {.fd = -1};

static volatile sig_atomic_t open_now, leaving, stopping, continued;

/* Switches off the mouse reports that the view asked for. */
static const char no_mouse[] = "\033[?1006l\033[?1000l";

static void on_leave(int signal)
{
	leaving = signal;
}

static void on_stop(int signal)
{
	(void)signal;
	stopping = 1;
}

static void on_continue(int signal)
{
	(void)signal;
	continued = 1;
}

/* Calls only what a signal handler may call. */
static void give_back(void)
{
	if (write(terminal.fd, terminal.leave, terminal.leave_length) < 0)
		return; /* it is gone */
	tcsetattr(terminal.fd, TCSANOW, &terminal.modes);
}

static void on_crash(int number)
{
	if (open_now && getpid() == terminal.owner) {
		open_now = 0;
		give_back();
	}
	signal(number, SIG_DFL);
	raise(number);
}

static void handle(int number, void (*handler)(int), int flags)
{
	struct sigaction action = {.sa_handler = handler, .sa_flags = flags};

	sigaction(number, &action, NULL);
}

static void handle_signals(void)
{
	static const int crashes[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGSYS};

	/* A second Ctrl-C ends the program at once. */
	handle(SIGINT, on_leave, SA_RESTART | (int)SA_RESETHAND);
	handle(SIGTERM, on_leave, SA_RESTART);
	handle(SIGHUP, on_leave, SA_RESTART);
	handle(SIGTSTP, on_stop, SA_RESTART);
	handle(SIGCONT, on_continue, SA_RESTART);
	for (size_t i = 0; i < ARRAY_SIZE(crashes); i++)
		handle(crashes[i], on_crash, 0);
}

/* Appends a string of terminfo, without padding such as "$<5>", which only old terminals needed. */
static void append(const char *text)
{
	for (size_t i = 0; text && text[i]; i++) {
		if (text[i] == '$' && text[i + 1] == '<' && strchr(text + i, '>'))
			i += strcspn(text + i, ">");
		else if (terminal.leave_length < sizeof(terminal.leave))
			terminal.leave[terminal.leave_length++] = text[i];
	}
}

static void prepare_leaving(void)
{
	append(no_mouse);
	append(exit_attribute_mode);
	append(cursor_normal);
	append(keypad_local);
	append(exit_ca_mode);
	if (!exit_ca_mode)
		append("\r\n");
}

/* Messages would be printed into the view. */
static void keep_errors(void)
{
	fflush(stderr);
	terminal.kept = memfd_create("messages", MFD_CLOEXEC);
	terminal.errors = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3);
	if (terminal.kept < 0 || terminal.errors < 0 || dup2(terminal.kept, STDERR_FILENO) < 0)
		xmalloc_failed(0);
}

static void print_errors(void)
{
	char bytes[4096];
	ssize_t got;

	fflush(stderr);
	dup2(terminal.errors, STDERR_FILENO);
	close(terminal.errors);
	lseek(terminal.kept, 0, SEEK_SET);
	while ((got = read(terminal.kept, bytes, sizeof(bytes))) > 0)
		if (write(STDERR_FILENO, bytes, (size_t)got) < 0)
			break;
	close(terminal.kept);
}

int live_terminal_open(const char **why)
{
	const char *type = getenv("TERM");

	*why = "there is no terminal";
	terminal.fd = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
	terminal.file = terminal.fd >= 0 ? fdopen(terminal.fd, "r+") : NULL;
	if (!terminal.file || tcgetattr(terminal.fd, &terminal.modes))
		return -1;
	*why = "it runs in the background";
	terminal.group = getpgrp();
	if (tcgetpgrp(terminal.fd) != terminal.group)
		return -1;
	*why = "the terminal ($TERM) is not known, or cannot show one";
	if (!type || !strcmp(type, "dumb") || !newterm(NULL, terminal.file, terminal.file))
		return -1;
	if (!cursor_address) {
		endwin();
		return -1;
	}
	terminal.owner = getpid();
	prepare_leaving();
	keep_errors();
	open_now = 1;
	atexit(live_terminal_close);
	handle_signals();
	cbreak();
	noecho();
	nonl();
	keypad(stdscr, TRUE);
	nodelay(stdscr, TRUE);
	set_escdelay(25);
	curs_set(0);
	mousemask(BUTTON1_PRESSED | BUTTON4_PRESSED | BUTTON5_PRESSED, NULL);
	mouseinterval(0);
	refresh();
	return 0;
}

void live_terminal_close(void)
{
	if (!open_now || getpid() != terminal.owner)
		return;
	open_now = 0;
	mousemask(0, NULL);
	endwin();
	tcsetattr(terminal.fd, TCSADRAIN, &terminal.modes);
	handle(SIGTSTP, SIG_DFL, 0);
	print_errors();
}

bool live_terminal_is_open(void)
{
	return open_now;
}

int live_terminal_fd(void)
{
	return terminal.others ? -1 : terminal.fd;
}

bool live_terminal_leaving(void)
{
	return leaving;
}

bool live_terminal_ours(void)
{
	if (stopping) {
		stopping = 0;
		def_prog_mode();
		endwin();
		handle(SIGTSTP, SIG_DFL, 0);
		raise(SIGTSTP);
		/* Execution continues here after the stop. */
		handle(SIGTSTP, on_stop, SA_RESTART);
		continued = 1;
	}
	bool ours = tcgetpgrp(terminal.fd) == terminal.group;

	terminal.others = !ours;
	if (continued && ours) {
		continued = 0;
		reset_prog_mode();
		clearok(stdscr, TRUE);
		refresh();
	}
	return ours;
}

void live_terminal_rescue(void)
{
	int error;

	terminal.fd = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
	if (terminal.fd < 0 || setupterm(NULL, terminal.fd, &error) != OK)
		return;
	prepare_leaving();
	if (write(terminal.fd, terminal.leave, terminal.leave_length) < 0)
		return; /* it is gone */
}
