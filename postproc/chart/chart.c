/* SPDX-License-Identifier: Apache-2.0 */
/* chart.c - runs gnuplot: without a shell, and without file names in its script. A picture appears only when
 * it is complete. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <libiberty/libiberty.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/complain.h"
#include "base/escape.h"
#include "chart/chart.h"
#include "chart/page.h"
#include "sandbox/atomic-file.h"
#include "sandbox/userfiles.h"

#define CHART_FILES (CHART_PDF + 1)
#define NOT_INSTALLED 127 /* exit status, as in a shell */

struct chart {
	char *path;
	enum chart_kind kind;
	FILE *script, *drawn, *messages; /* gnuplot's standard files */
	pid_t pid;
	int tell;   /* a byte makes the process draw; its end makes it exit */
	int answer; /* gnuplot's status, as from waitpid(2) */
};

/* Prints "hud-postproc: chart PATH: what: why" on stderr; returns -1. */
static int fail(const char *path, const char *what, const char *why)
{
	char *safe = escape_terminal(path, true);

	complain("hud-postproc: chart %s: %s%s%s\n", safe, what, why ? ": " : "", why ? why : "");
	free(safe);
	return -1;
}

/* Prints what gnuplot said: the first line that is neither a copy of the script nor an arrow. */
static int fail_with_output(const char *path, FILE *messages)
{
	char *line = NULL, *said = NULL;
	size_t size = 0;

	rewind(messages);
	while (!said && getline(&line, &size, messages) > 0) {
		line[strcspn(line, "\n")] = '\0';
		char *text = line + strspn(line, " \t");

		if (*text && *text != '^' && strncmp(text, "gnuplot>", 8) != 0 &&
		    strncmp(text, "Warning", 7) != 0)
			said = escape_terminal(text, true);
	}
	fail(path, "gnuplot failed", said);
	free(said);
	free(line);
	return -1;
}

/* A temporary file without a name. */
static FILE *temporary(void)
{
	int fd = memfd_create("chart", MFD_CLOEXEC);
	FILE *file = fd >= 0 ? fdopen(fd, "w+") : NULL;

	if (!file)
		xmalloc_failed(0);
	return file;
}

/* Executes gnuplot. -d ignores ~/.gnuplot. */
static _Noreturn void become_gnuplot(void)
{
	static char name[] = "gnuplot", defaults[] = "-d", from_stdin[] = "-";
	char *argv[] = {name, defaults, from_stdin, NULL};

	execvp(name, argv);
	/* EACCES: a directory in $PATH is not accessible. */
	_exit(errno == ENOENT || errno == EACCES ? NOT_INSTALLED : 126);
}

/* Runs gnuplot each time it is told to. */
static _Noreturn void serve(const struct chart *chart, int told, int answer)
{
	int ends[] = {told, answer}, status = 0;
	char byte;

	prctl(PR_SET_NAME, "hud-chart");
	/* Signals that end a pipeline in a terminal: it ends with the process that draws. */
	signal(SIGINT, SIG_IGN);
	signal(SIGTERM, SIG_IGN);
	signal(SIGHUP, SIG_IGN);

	dup2(fileno(chart->script), STDIN_FILENO);
	dup2(fileno(chart->drawn), STDOUT_FILENO);
	dup2(fileno(chart->messages), STDERR_FILENO);
	/* Move both away from the standard descriptors, then close everything above them. */
	for (int i = 0; i < 2; i++)
		ends[i] = fcntl(ends[i], F_DUPFD_CLOEXEC, (told > answer ? told : answer) + 1);
	for (int i = 0; i < 2; i++)
		dup3(ends[i], 3 + i, O_CLOEXEC);
	close_range(5, ~0u, 0);
	while (read(3, &byte, 1) == 1) {
		pid_t pid = fork();

		if (pid == 0)
			become_gnuplot();
		while (pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR)
			;
		if (pid < 0)
			status = 126 << 8;
		if (write(4, &status, sizeof(status)) != sizeof(status))
			break;
	}
	_exit(0);
}

/* Empties a file. */
static void empty(FILE *file)
{
	rewind(file);
	if (ftruncate(fileno(file), 0))
		xmalloc_failed(0);
}

/* Has the process run gnuplot, with the three files as its standard ones. */
static int run(struct chart *chart)
{
	ssize_t got;
	int status;

	if (fflush(chart->script) != 0 || ferror(chart->script))
		return fail(chart->path, "cannot write a temporary file", strerror(errno));
	rewind(chart->script);
	if (write(chart->tell, "", 1) != 1)
		return fail(chart->path, "cannot run gnuplot", strerror(errno));
	while ((got = read(chart->answer, &status, sizeof(status))) < 0 && errno == EINTR)
		;
	if (got != sizeof(status))
		return fail(chart->path, "lost gnuplot", NULL);
	if (WIFEXITED(status) && WEXITSTATUS(status) == NOT_INSTALLED)
		return fail(chart->path,
			    "charts need gnuplot, which is not installed (Debian and Ubuntu: apt install "
			    "gnuplot-nox; Fedora: dnf install gnuplot)",
			    NULL);
	rewind(chart->drawn);
	return status != 0 ? fail_with_output(chart->path, chart->messages) : 0;
}

/* Prints the text to stdout, without the form feed and blanks of the dumb terminal, and without empty lines
 * at both ends. */
static int print_text(struct chart *chart)
{
	char *line = NULL;
	size_t size = 0;
	bool began = false, empty = false;
	int result = run(chart);

	while (result == 0 && getline(&line, &size, chart->drawn) > 0) {
		char *text = line + strspn(line, "\f");
		size_t length = strlen(text);

		while (length && strchr(" \n", text[length - 1]))
			length--;
		if (length)
			printf("%s%.*s\n", empty ? "\n" : "", (int)length, text);
		empty = !length && began;
		began |= length != 0;
	}
	free(line);
	if (result == 0 && (fflush(stdout) != 0 || ferror(stdout)))
		return fail("-", "cannot write", strerror(errno));
	return result;
}

/* Copies what gnuplot drew. */
static int copy(struct chart *chart, FILE *out)
{
	char bytes[65536];
	size_t got, all = 0;

	while ((got = fread(bytes, 1, sizeof(bytes), chart->drawn)) > 0 && fwrite(bytes, 1, got, out) == got)
		all += got;
	return all == 0 ? fail_with_output(chart->path, chart->messages) : 0;
}

/* Draws into the file, which appears when it is complete. */
static int draw(struct chart *chart)
{
	struct output output;

	if (run(chart) != 0)
		return -1;
	if (output_open(&output, chart->path) != 0)
		return fail(chart->path, "cannot create a file there", userfiles_error(errno));
	int result = copy(chart, output.file);

	if (output_close(&output, result == 0) != 0 && result == 0)
		result = fail(chart->path, "cannot write", strerror(errno));
	return result;
}

bool chart_kind_named(const char *name, enum chart_kind *kind)
{
	static const char *const names[CHART_KINDS] = {[CHART_ALL] = "all",
						       [CHART_TIMELINE] = "timeline",
						       [CHART_BLOCKERS] = "blockers",
						       [CHART_HISTOGRAM] = "histogram",
						       [CHART_HEATMAP] = "heatmap"};

	for (int i = 0; i < CHART_KINDS; i++)
		if (!strcmp(name, names[i])) {
			*kind = (enum chart_kind)i;
			return true;
		}
	return false;
}

/* The enum chart_file for the ending of the file's name; CHART_FILES for others. */
static size_t file_of(const char *path)
{
	static const char *const endings[CHART_FILES] = {
		[CHART_PNG] = ".png", [CHART_SVG] = ".svg", [CHART_PDF] = ".pdf"};
	const char *dot = strrchr(path, '.');
	size_t file = 0;

	while (file < CHART_FILES && (!dot || strcasecmp(dot, endings[file]) != 0))
		file++;
	return file;
}

struct chart *chart_prepare(const char *path, enum chart_kind kind)
{
	struct stat old;
	int told[2], answer[2];

	if (strcmp(path, "-") != 0 && file_of(path) == CHART_FILES) {
		fail(path, "a chart's name ends in .png, .svg or .pdf, or is - for text in the terminal",
		     NULL);
		return NULL;
	}
	if (strcmp(path, "-") != 0 && stat(path, &old) == 0 && !S_ISREG(old.st_mode)) {
		fail(path, "exists, and is not a regular file", NULL);
		return NULL;
	}
	struct chart *chart = xcalloc(1, sizeof(*chart));

	chart->path = xstrdup(path);
	chart->kind = kind;
	chart->script = temporary();
	chart->drawn = temporary();
	chart->messages = temporary();
	fflush(NULL);
	if (pipe2(told, O_CLOEXEC) || pipe2(answer, O_CLOEXEC) || (chart->pid = fork()) < 0)
		xmalloc_failed(0);
	if (chart->pid == 0) {
		close(told[1]);
		serve(chart, told[0], answer[1]);
	}
	close(told[0]);
	close(answer[1]);
	chart->tell = told[1];
	chart->answer = answer[0];
	return chart;
}

static void begin(struct chart *chart)
{
	empty(chart->script);
	empty(chart->drawn);
	empty(chart->messages);
}

int chart_draw(struct chart *chart, const struct model *model, unsigned columns)
{
	begin(chart);
	if (strcmp(chart->path, "-") == 0) {
		chart_text(chart->script, model, chart->kind, columns ? columns < 60 ? 60 : columns : 80);
		if (model->lost)
			printf("! %" PRIu64 " events were lost: too low\n", model->lost);
		return print_text(chart);
	}
	chart_page(chart->script, model, chart->kind, (enum chart_file)file_of(chart->path));
	return draw(chart);
}

int chart_draw_into(struct chart *chart, const struct model *model, FILE *out)
{
	begin(chart);
	chart_page(chart->script, model, chart->kind, (enum chart_file)file_of(chart->path));
	return run(chart) ? -1 : copy(chart, out);
}

void chart_end(struct chart *chart)
{
	if (!chart)
		return;
	close(chart->tell);
	close(chart->answer);
	while (chart->pid > 0 && waitpid(chart->pid, NULL, 0) < 0 && errno == EINTR)
		;
	fclose(chart->script);
	fclose(chart->drawn);
	fclose(chart->messages);
	free(chart->path);
	free(chart);
}
