/* SPDX-License-Identifier: Apache-2.0 */
/* names.c - see names.h. */
#include "resolve/symbolize/names.h"

#include <libiberty/hashtab.h>
#include <libiberty/libiberty.h>
#include <libiberty/safe-ctype.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/grow.h"
#include "resolve/symbolize/pathname.h"

#define DEPTH_LIMIT 32	  /* of nested types: deeper ones become `_` */
#define GENERICS_SHOWN 2  /* levels of generic arguments in a displayed name */
#define GENERICS_WIDTH 40 /* bytes of such a list: a longer one loses its inner level, then goes */

struct text {
	char *bytes;
	size_t length, size;
};

struct slice {
	const char *bytes;
	size_t length;
};

static void append(struct text *text, const char *bytes, size_t length)
{
	GROW(text->bytes, text->size, text->length + length);
	if (length > 0)
		memcpy(text->bytes + text->length, bytes, length);
	text->length += length;
}

static void append_string(struct text *text, const char *string)
{
	append(text, string, strlen(string));
}

static char *finish(struct text *text)
{
	append(text, "", 1);
	return text->bytes;
}

static bool identifier(char c)
{
	return ISALNUM(c) || c == '_' || c == '$' || c == '#' || c == '\'' || c == '.' ||
	       (unsigned char)c >= 0x80;
}

static bool starts_with(struct slice in, size_t at, const char *word)
{
	size_t length = strlen(word);

	return in.length - at >= length && memcmp(in.bytes + at, word, length) == 0;
}

/* The index of the bracket that closes the one at `open`, or the length of `in` if none does. */
static size_t closing(struct slice in, size_t open)
{
	char opener = in.bytes[open], closer = opener == '<' ? '>' : '}';
	size_t depth = 0;

	for (size_t i = open; i < in.length; i++) {
		if (in.bytes[i] == opener)
			depth++;
		else if (in.bytes[i] == closer && !(closer == '>' && i > 0 && in.bytes[i - 1] == '-') &&
			 --depth == 0)
			return i;
	}
	return in.length;
}

/* The index of `word` outside all brackets, or the length of `in`. */
static size_t find_outside(struct slice in, const char *word)
{
	size_t depth = 0;

	for (size_t i = 0; i < in.length; i++) {
		char c = in.bytes[i];
		if (c == '<' || c == '(' || c == '[' || c == '{')
			depth++;
		else if ((c == ')' || c == ']' || c == '}' ||
			  (c == '>' && i > 0 && in.bytes[i - 1] != '-')) &&
			 depth > 0)
			depth--;
		else if (depth == 0 && starts_with(in, i, word))
			return i;
	}
	return in.length;
}

static struct slice part(struct slice in, size_t from, size_t to)
{
	return (struct slice){in.bytes + from, to - from};
}

static struct slice all(const struct text *text, size_t from)
{
	return (struct slice){text->bytes + from, text->length - from};
}

static bool ends_with(const struct text *text, const char *end)
{
	size_t length = strlen(end);

	return text->length >= length && memcmp(text->bytes + text->length - length, end, length) == 0;
}

static void render(struct text *out, struct slice in, bool whole, unsigned generics, unsigned depth);

/* The length of a type's path without its generic arguments: methods have the same source for all of them,
 * and legacy names lack them. */
static size_t method_owner(struct slice path)
{
	const char *open = memchr(path.bytes, '<', path.length);
	size_t length = open ? (size_t)(open - path.bytes) : path.length;

	return open && closing(path, length) == path.length - 1 ? length : path.length;
}

/* Is this only names of parameters, as in legacy names ("K,V,S")? Types have paths, or, if primitive,
 * lower-case letters. */
static bool only_parameters(struct slice in)
{
	bool start = true, any = false;

	for (size_t i = 0; i < in.length; i++) {
		char c = in.bytes[i];
		if (start && !ISUPPER(c) && c != '\'' && c != ' ')
			return false;
		any |= start && ISUPPER(c);
		if (!start && !identifier(c) && c != ',')
			return false;
		start = c == ',' || (start && c == ' ');
	}
	return any; /* false for lifetimes only: `for<'a>` */
}

/* Renders a list of generic arguments, with brackets, in as much detail as fits. Legacy names have no types
 * in it. */
static void render_generics(struct text *out, struct slice in, unsigned generics, unsigned depth)
{
	size_t start = out->length;
	bool inner = generics > 0;

	if (only_parameters(in))
		return;
	for (; generics < GENERICS_SHOWN; generics++) {
		append_string(out, "<");
		render(out, in, false, generics + 1, depth);
		append_string(out, ">");
		if (out->length - start <= GENERICS_WIDTH)
			return;
		out->length = start;
	}
	if (inner)
		append_string(out, "<..>");
}

/* Renders what is in `<...>` at the start of a path: `Type as Trait`, `impl Trait for Type`, or a type. A
 * plain path loses the brackets. */
static void render_self(struct text *out, struct slice in, bool whole, unsigned generics, unsigned depth)
{
	bool impl = starts_with(in, 0, "impl ");
	if (impl)
		in = part(in, 5, in.length);
	const char *word = impl ? " for " : " as ";
	size_t at = find_outside(in, word), start = out->length;
	struct slice type = in, trait = {NULL, 0};
	if (at < in.length) {
		type = impl ? part(in, at + 5, in.length) : part(in, 0, at);
		trait = impl ? part(in, 0, at) : part(in, at + 4, in.length);
	}
	append_string(out, "<");
	render(out, type, whole, generics, depth);
	if (trait.bytes) {
		append_string(out, " as ");
		render(out, trait, false, generics, depth);
	} else {
		struct slice done = all(out, start + 1);
		size_t i = 0;
		while (i < done.length &&
		       (identifier(done.bytes[i]) || done.bytes[i] == ':' || done.bytes[i] == '<'))
			i = done.bytes[i] == '<' ? closing(done, i) + 1 : i + 1;
		if (done.length > 0 && i >= done.length && ISIDST(done.bytes[0])) {
			memmove(out->bytes + start, out->bytes + start + 1, done.length);
			out->length--;
			out->length = start + method_owner(all(out, start));
			return;
		}
	}
	append_string(out, ">");
}

/* State of rendering types and paths. */
struct rendering {
	struct text *out;
	struct slice in;
	bool whole;	   /* copy whole paths; otherwise only their last segment */
	unsigned generics; /* levels of generic arguments around it */
	unsigned depth;	   /* all levels around it */
	size_t path;	   /* where the current path begins in `out` */
	bool in_path;	   /* some of it is written */
	bool unbalanced;   /* a `<` is never closed: all further ones are copied */
};

/* Each of these renders what is at index `i`, and returns the index behind it. */

static size_t render_separator(struct rendering *r, size_t i)
{
	char next = i + 2 < r->in.length ? r->in.bytes[i + 2] : 0;

	i += 2;
	if (next == '{' || (next == '<' && !r->whole && !starts_with(r->in, i, "<impl ")))
		return i;
	if (r->whole)
		append_string(r->out, "::");
	else
		r->out->length = r->path;
	return i;
}

/* `{closure#0}` and the like. */
static size_t render_braces(struct rendering *r, size_t i)
{
	size_t end = closing(r->in, i), length = (end < r->in.length ? end + 1 : end) - i;

	if (!r->in_path && r->whole)
		append(r->out, r->in.bytes + i, length);
	else if (!r->in_path)
		append_string(r->out, "_");
	r->in_path = true;
	i += length;
	if (i < r->in.length && r->in.bytes[i] == '<' && (end = closing(r->in, i)) < r->in.length)
		i = end + 1; /* {async_fn_env#0}<T> */
	return i;
}

/* `<...>`: the type that a path begins with, or generic arguments. */
static size_t render_angles(struct rendering *r, size_t i, size_t end)
{
	struct slice inner = part(r->in, i + 1, end);

	if (!r->in_path || starts_with(inner, 0, "impl ")) {
		if (!r->in_path)
			r->path = r->out->length;
		r->out->length = r->path;
		render_self(r->out, inner, r->whole, r->generics, r->depth + 1);
		r->in_path = true;
	} else if (r->whole && ends_with(r->out, "::")) {
		r->out->length -= 2; /* a function's arguments: legacy names do not have them either */
	} else if (!starts_with(r->in, end + 1, "::")) {
		render_generics(r->out, inner, r->generics, r->depth + 1);
	}
	return end + 1;
}

/* Drops `for<'a> `. */
static size_t skip_lifetimes(const struct rendering *r, size_t i)
{
	i = closing(r->in, i + 3) + 1;
	return i < r->in.length && r->in.bytes[i] == ' ' ? i + 1 : i;
}

static size_t render_identifier(struct rendering *r, size_t i)
{
	size_t start = i;

	while (i < r->in.length && identifier(r->in.bytes[i]))
		i++;
	if (!r->in_path)
		r->path = r->out->length;
	append(r->out, r->in.bytes + start, i - start);
	r->in_path = true;
	return i;
}

static size_t render_punctuation(struct rendering *r, size_t i)
{
	char c = r->in.bytes[i++];

	append(r->out, &c, 1);
	if (c == ',') {
		append_string(r->out, " ");
		while (i < r->in.length && r->in.bytes[i] == ' ')
			i++;
	}
	r->in_path = false;
	return i;
}

static size_t render_next(struct rendering *r, size_t i)
{
	char c = r->in.bytes[i];

	if (starts_with(r->in, i, "->")) {
		append_string(r->out, "->");
		r->in_path = false;
		return i + 2;
	}
	if (starts_with(r->in, i, "::") && r->in_path)
		return render_separator(r, i);
	if (c == '{')
		return render_braces(r, i);
	if (c == '<' && !r->unbalanced) {
		size_t end = closing(r->in, i);

		if (end < r->in.length)
			return render_angles(r, i, end);
		r->unbalanced = true;
	}
	if (!r->in_path && starts_with(r->in, i, "for<"))
		return skip_lifetimes(r, i);
	return identifier(c) ? render_identifier(r, i) : render_punctuation(r, i);
}

/* Renders the types and paths of `in`, and appends them to `out`. The other arguments are as in struct
 * rendering. */
static void render(struct text *out, struct slice in, bool whole, unsigned generics, unsigned depth)
{
	struct rendering r = {.out = out,
			      .in = in,
			      .whole = whole,
			      .generics = generics,
			      .depth = depth,
			      .path = out->length};

	if (depth > DEPTH_LIMIT) {
		append_string(out, "_");
		return;
	}
	for (size_t i = 0; i < in.length;)
		i = render_next(&r, i);
}

char *name_cut(char *name)
{
	size_t length = strlen(name), head = NAME_LIMIT / 2 - 2, tail = length - (NAME_LIMIT / 2 - 2);

	if (length <= NAME_LIMIT)
		return name;
	/* Do not split a UTF-8 character. */
	while (head > 0 && ((unsigned char)name[head] & 0xc0) == 0x80)
		head--;
	while (tail < length && ((unsigned char)name[tail] & 0xc0) == 0x80)
		tail++;
	memcpy(name + head, "...", 3); /* NOLINT(bugprone-not-null-terminated-result): more follows */
	memmove(name + head + 3, name + tail, length - tail + 1);
	return name;
}

/* Is it what Tokio keeps a task's future in, until that has ended? */
static bool holds_task(const char *type)
{
	static const char *const cells[] = {"Stage<", "CoreStage<", "Core<", "Cell<"};
	static const char core[] = "tokio::runtime::task::core::";

	if (strncmp(type, core, sizeof(core) - 1) != 0)
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(cells); i++)
		if (!strncmp(type + sizeof(core) - 1, cells[i], strlen(cells[i])))
			return true;
	return false;
}

char *name_display(const char *function)
{
	struct text out = {0};
	struct slice in = {function, strlen(function)};
	const char *type = pathname_dropped(function, &in.length);

	if (type && holds_task(type))
		return xstrdup("(dropping the task)");
	if (type) {
		in.bytes = type;
		append_string(&out, "drop of ");
	}
	render(&out, in, true, 0, 0);
	if (out.length == 0)
		append(&out, in.bytes, in.length);
	return name_cut(finish(&out));
}

/* Is `in` this path, with generic arguments? */
static bool path_is(struct slice in, const char *path)
{
	size_t length = strlen(path);

	return starts_with(in, 0, path) && length < in.length && in.bytes[length] == '<';
}

/* The first argument of a list of generic ones. */
static struct slice first_argument(struct slice in)
{
	return part(in, 0, find_outside(in, ","));
}

/* Unwraps a future that was wrapped to be spawned: the inner one has the name that people know. */
static bool unwrap(struct slice *type)
{
	static const char *const wrappers[] = {
		"core::pin::Pin",
		"core::future::from_generator::GenFuture", /* an async block or function, before Rust 1.69 */
		"alloc::boxed::Box",
		"tracing::instrument::Instrumented",
		"tracing::instrument::WithDispatch",
		"futures_util::abortable::Abortable",
		"tokio_util::task::task_tracker::TrackedFuture",
	};

	for (size_t i = 0; i < sizeof(wrappers) / sizeof(*wrappers); i++)
		if (path_is(*type, wrappers[i])) {
			size_t open = strlen(wrappers[i]), end = closing(*type, open);
			*type = first_argument(part(*type, open + 1, end));
			return true;
		}
	return false;
}

/* The number of an async block in its function: N in {async_block_env#N}, or {closure#N} in a v0 name. 0 for
 * other types, too. */
static unsigned block_of(struct slice type)
{
	size_t end = type.length, digits = 0;

	if (end > 0 && type.bytes[end - 1] == '>')
		for (size_t i = 0; i < type.length && end == type.length; i++)
			if (type.bytes[i] == '<' && closing(type, i) == type.length - 1)
				end = i;
	if (end == 0 || type.bytes[--end] != '}')
		return 0;
	while (digits < 6 && digits < end && ISDIGIT(type.bytes[end - digits - 1]))
		digits++;
	if (digits == 0 || digits == end || type.bytes[end - digits - 1] != '#')
		return 0;
	return (unsigned)strtoul(type.bytes + end - digits, NULL, 10);
}

char *name_future(const char *types, size_t length)
{
	struct slice type = first_argument((struct slice){types, length});
	struct text out = {0};

	while (unwrap(&type))
		;
	/* A legacy name has the parameter's name, `T`; a trait object hides its type. */
	if (type.length == 0 || type.bytes[0] == '&' || starts_with(type, 0, "dyn ") || only_parameters(type))
		return NULL;
	render(&out, type, true, 0, 0);
	if (out.length > 0 && block_of(type) > 0) {
		char number[16];

		snprintf(number, sizeof(number), "#%u", block_of(type));
		append_string(&out, number);
	}
	return out.length > 0 ? name_cut(finish(&out)) : NULL;
}

const char *name_polled(const char *function, size_t *length)
{
	static const char poll[] = "::poll", trait[] = "core::future::future::Future";
	struct slice in = {function, strlen(function)};
	size_t tail = sizeof(poll) - 1, open = 0, at;

	if (in.length <= tail || strcmp(function + in.length - tail, poll) != 0)
		return NULL;
	in.length -= tail;
	/* `<Type as Trait>`, or `module::<impl Trait for Type>` */
	const char *impl = strstr(function, "<impl ");
	if (function[0] != '<' && impl)
		open = (size_t)(impl - function);
	if (in.bytes[open] != '<' || open >= in.length || closing(in, open) != in.length - 1)
		return NULL;
	in = part(in, open + 1, in.length - 1);
	if (starts_with(in, 0, "impl ")) {
		in = part(in, 5, in.length);
		at = find_outside(in, " for ");
		if (at != sizeof(trait) - 1 || !starts_with(in, 0, trait) || at == in.length)
			return NULL;
		*length = in.length - at - 5;
		return in.bytes + at + 5;
	}
	at = find_outside(in, " as ");
	if (at == in.length || in.length - at - 4 != sizeof(trait) - 1 || !starts_with(in, at + 4, trait))
		return NULL;
	*length = at;
	return in.bytes;
}

const char *name_arguments(const char *function, size_t *length)
{
	struct slice in = {function, strlen(function)};
	size_t depth = 0, open = 0;
	const char *found = NULL;

	/* `<path::Type<ARGUMENTS>>::f` or `path::f::<ARGUMENTS>`: the last list that is outermost, apart from
	 * the brackets around a method's type. */
	if (in.length > 0 && in.bytes[0] == '<') {
		size_t end = closing(in, 0);
		if (end == in.length || find_outside(part(in, 1, end), " as ") != end - 1)
			return NULL;
		in = part(in, 1, end);
	}
	for (size_t i = 0; i < in.length; i++) {
		if (in.bytes[i] == '<' && depth++ == 0)
			open = i;
		else if (in.bytes[i] == '>' && i > 0 && in.bytes[i - 1] != '-' && depth > 0 && --depth == 0 &&
			 i > open + 1 && !starts_with(in, open + 1, "impl ")) {
			found = in.bytes + open + 1;
			*length = i - open - 1;
		}
	}
	return found;
}

const char *name_generics(const char *dwarf_name, size_t *length)
{
	struct slice in = {dwarf_name, strlen(dwarf_name)};
	const char *open = strchr(dwarf_name, '<');

	if (!open || open == dwarf_name || in.bytes[in.length - 1] != '>' ||
	    closing(in, (size_t)(open - dwarf_name)) != in.length - 1)
		return NULL;
	*length = in.length - (size_t)(open - dwarf_name) - 2;
	return *length > 0 ? open + 1 : NULL;
}

unsigned name_hash(const void *name)
{
	return iterative_hash(name, strlen(name), 0);
}

bool name_same(const char *a, const char *b)
{
	return a == b || (a && b && strcmp(a, b) == 0);
}
