/* chart.c - runs gnuplot: no shell, no file name in its script; the picture is in place only when it is whole. */
#include <errno.h>
#include <libiberty/libiberty.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "chart-page.h"
#include "chart.h"
#include "escape.h"
#include "output.h"

extern char **environ;

/* "hud-postproc: chart PATH: what: why" on stderr; returns -1. */
static int fail(const char *path, const char *what, const char *why)
{
	char *safe = escape_terminal(path, true);

	fprintf(stderr, "hud-postproc: chart %s: %s%s%s\n", safe, what, why ? ": " : "", why ? why : "");
	free(safe);
	return -1;
}

/* What gnuplot said about its failure: the first line that is not a copy of the script or an arrow. */
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

/* Runs gnuplot with the three files as its standard ones. -d: no one's ~/.gnuplot. */
static int run(const char *path, FILE *script, int output, FILE *messages)
{
	static char name[] = "gnuplot", defaults[] = "-d", from_stdin[] = "-";
	char *argv[] = {name, defaults, from_stdin, NULL};
	posix_spawn_file_actions_t files;
	pid_t pid;
	int status;

	if (fflush(script) != 0 || ferror(script))
		return fail(path, "cannot write a temporary file", strerror(errno));
	rewind(script);
	posix_spawn_file_actions_init(&files);
	posix_spawn_file_actions_adddup2(&files, fileno(script), STDIN_FILENO);
	posix_spawn_file_actions_adddup2(&files, output, STDOUT_FILENO);
	posix_spawn_file_actions_adddup2(&files, fileno(messages), STDERR_FILENO);
	int error = posix_spawnp(&pid, name, &files, NULL, argv, environ);

	posix_spawn_file_actions_destroy(&files);
	if (error == ENOENT)
		return fail(path,
			    "charts need gnuplot, which is not installed (Debian and Ubuntu: apt install "
			    "gnuplot-nox; Fedora: dnf install gnuplot)",
			    NULL);
	if (error)
		return fail(path, "cannot run gnuplot", strerror(error));
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return fail(path, "lost gnuplot", strerror(errno));
	if (status != 0)
		return fail_with_output(path, messages);
	return 0;
}

/* The text on stdout, without the form feed and the blanks that the dumb terminal adds; empty lines only between others. */
static int print_text(FILE *script, FILE *messages)
{
	FILE *output = tmpfile();
	char *line = NULL;
	size_t size = 0;
	bool began = false, empty = false;

	if (!output)
		return fail("-", "cannot make a temporary file", strerror(errno));
	int result = run("-", script, fileno(output), messages);

	rewind(output);
	while (result == 0 && getline(&line, &size, output) > 0) {
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
	fclose(output);
	if (result == 0 && (fflush(stdout) != 0 || ferror(stdout)))
		return fail("-", "cannot write", strerror(errno));
	return result;
}

/* Draws into `path`, which is there when it is whole. */
static int draw(const char *path, FILE *script, FILE *messages)
{
	struct stat old;

	if (stat(path, &old) == 0 && !S_ISREG(old.st_mode))
		return fail(path, "is there, and not a file that could be replaced", NULL);
	struct output output;

	if (output_open(&output, path) != 0)
		return fail(path, "cannot create a file there", strerror(errno));
	int result = run(path, script, fileno(output.file), messages);
	struct stat drawn;

	if (result == 0 && fstat(fileno(output.file), &drawn) == 0 && drawn.st_size == 0)
		result = fail_with_output(path, messages);
	if (output_close(&output, result == 0) != 0 && result == 0)
		result = fail(path, "cannot write", strerror(errno));
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

int chart_write(const struct model *model, const char *path, enum chart_kind kind, unsigned columns)
{
	static const char *const endings[] = {
		[CHART_PNG] = ".png", [CHART_SVG] = ".svg", [CHART_PDF] = ".pdf"};
	bool text = strcmp(path, "-") == 0;
	const char *dot = strrchr(path, '.');
	size_t file = 0;

	while (file < sizeof endings / sizeof *endings && (!dot || strcasecmp(dot, endings[file]) != 0))
		file++;
	if (!text && file == sizeof endings / sizeof *endings)
		return fail(path,
			    "a chart's name ends in .png, .svg or .pdf, or is - for text in the terminal",
			    NULL);
	FILE *script = tmpfile(), *messages = tmpfile();
	int result = -1;

	if (!script || !messages) {
		fail(path, "cannot make a temporary file", strerror(errno));
	} else if (text) {
		chart_text(script, model, kind, columns ? columns < 60 ? 60 : columns : 80);
		result = print_text(script, messages);
	} else {
		chart_page(script, model, kind, (enum chart_file)file);
		result = draw(path, script, messages);
	}
	if (script)
		fclose(script);
	if (messages)
		fclose(messages);
	return result;
}
