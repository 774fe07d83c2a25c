/* SPDX-License-Identifier: Apache-2.0 */
/* http.c - see http.h. By libmicrohttpd: one thread, so requests are answered one after the other. */
#include "serve/http.h"

#include <errno.h>
#include <libiberty/libiberty.h>
#include <microhttpd.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "serve/address.h"
#include "serve/memory-file.h"

#define CONNECTIONS 64
#define TIMEOUT_S 15
#define FRESH_MS 1000 /* for so long, the same is answered again: nobody makes the trace write all the time */
#define SIZE_LIMIT (64 << 20)
#define REQUEST_LIMIT 16384 /* bytes of a request's head */

const char *const http_formats[HTTP_FORMATS] = {"openmetrics", "prometheus", "text", "json", "html"};
enum { OPENMETRICS, PROMETHEUS, TEXT, JSON, HTML };

static const char *const types[HTTP_FORMATS] = {
	"application/openmetrics-text; version=1.0.0; charset=utf-8",
	"text/plain; version=0.0.4; charset=utf-8",
	"text/plain; charset=utf-8",
	"application/json",
	"text/html; charset=utf-8",
};

static const char pages[] =
	"/metrics             for Prometheus\n"
	"/report              the report so far; /report?format=json, /report?format=html\n";

/* What is answered in each format, and until when. */
static struct {
	struct MHD_Response *response;
	int64_t fresh_until;
} cached[HTTP_FORMATS];

struct server {
	bool here;
	http_content *content;
	void *context;
};

static struct MHD_Response *respond(char *bytes, size_t size, enum MHD_ResponseMemoryMode mode,
				    const char *type)
{
	struct MHD_Response *response = MHD_create_response_from_buffer(size, bytes, mode);

	if (!response)
		xmalloc_failed(size);
	MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, type);
	MHD_add_response_header(response, "X-Content-Type-Options", "nosniff");
	MHD_add_response_header(response, MHD_HTTP_HEADER_CACHE_CONTROL, "no-store");
	/* The page needs nothing but itself (format/html/). */
	MHD_add_response_header(response, "Content-Security-Policy",
				"default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; "
				"img-src data:; frame-ancestors 'none'");
	return response;
}

/* Answers with a plain text. */
static enum MHD_Result answer(struct MHD_Connection *connection, unsigned status, const char *text)
{
	struct MHD_Response *response =
		respond((char *)(uintptr_t)text, strlen(text), MHD_RESPMEM_PERSISTENT, types[TEXT]);
	enum MHD_Result result = MHD_queue_response(connection, status, response);

	MHD_destroy_response(response);
	return result;
}

/* Gets the format anew, unless that was just tried. NULL: there is none. */
static struct MHD_Response *content(const struct server *server, unsigned format)
{
	size_t size;

	if (clock_ms() < cached[format].fresh_until)
		return cached[format].response;
	if (cached[format].response)
		MHD_destroy_response(cached[format].response);
	cached[format].response = NULL;
	int fd = server->content(server->context, format);
	char *bytes = fd < 0 ? NULL : memory_file_read(fd, SIZE_LIMIT, &size);

	if (fd >= 0)
		close(fd);
	if (bytes)
		cached[format].response = respond(bytes, size, MHD_RESPMEM_MUST_FREE, types[format]);
	cached[format].fresh_until = clock_ms() + FRESH_MS;
	return cached[format].response;
}

/* The format of /metrics: Prometheus says which it can read. */
static unsigned metrics_format(struct MHD_Connection *connection)
{
	const char *accept = MHD_lookup_connection_value(connection, MHD_HEADER_KIND, MHD_HTTP_HEADER_ACCEPT);

	return accept && !strstr(accept, "application/openmetrics-text") && strstr(accept, "text/plain")
		       ? PROMETHEUS
		       : OPENMETRICS;
}

/* The format of /report; HTTP_FORMATS: it is unknown. */
static unsigned report_format(struct MHD_Connection *connection)
{
	const char *name = MHD_lookup_connection_value(connection, MHD_GET_ARGUMENT_KIND, "format");
	unsigned format = TEXT;

	while (name && format < HTTP_FORMATS && strcmp(name, http_formats[format]) != 0)
		format++;
	return format;
}

static enum MHD_Result handle(void *the_server, struct MHD_Connection *connection, const char *url,
			      const char *method, const char *version, const char *data, size_t *size,
			      void **state)
{
	const struct server *server = the_server;
	const char *host = MHD_lookup_connection_value(connection, MHD_HEADER_KIND, MHD_HTTP_HEADER_HOST);
	bool metrics = !strcmp(url, "/metrics"), report = !strcmp(url, "/report");
	static int begun;

	(void)version;
	(void)data;
	if (strcmp(method, MHD_HTTP_METHOD_GET) != 0 && strcmp(method, MHD_HTTP_METHOD_HEAD) != 0)
		return answer(connection, MHD_HTTP_METHOD_NOT_ALLOWED, "only GET and HEAD\n");
	/* The first call is for the head; a body, in further ones, is not for us. */
	if (!*state || *size) {
		*state = &begun;
		*size = 0;
		return MHD_YES;
	}
	/* A web page must not read this by a name of its own that leads here (DNS rebinding). */
	if (server->here && host && !address_is_here(host))
		return answer(connection, MHD_HTTP_FORBIDDEN, "not under this name\n");
	if (!strcmp(url, "/"))
		return answer(connection, MHD_HTTP_OK, pages);
	if (!metrics && !report)
		return answer(connection, MHD_HTTP_NOT_FOUND, pages);
	unsigned format = metrics ? metrics_format(connection) : report_format(connection);

	if (format == HTTP_FORMATS)
		return answer(connection, MHD_HTTP_BAD_REQUEST, pages);
	struct MHD_Response *response = content(server, format);

	if (!response)
		return answer(connection, MHD_HTTP_SERVICE_UNAVAILABLE,
			      "not now: nothing has been traced yet, or the trace is too busy to answer, or "
			      "its answer is too large\n");
	return MHD_queue_response(connection, MHD_HTTP_OK, response);
}

/* It would write to standard error what clients have sent. */
static void say_nothing(void *context, const char *format, va_list arguments)
{
	(void)context;
	(void)format;
	(void)arguments;
}

int http_start(int socket, bool here, http_content *content, void *context)
{
	static struct server server;

	server = (struct server){here, content, context};
	errno = 0;
	if (MHD_start_daemon(MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_POLL | MHD_USE_ERROR_LOG, 0, NULL,
			     NULL, handle, &server, MHD_OPTION_EXTERNAL_LOGGER, say_nothing, NULL,
			     MHD_OPTION_LISTEN_SOCKET, socket, MHD_OPTION_CONNECTION_LIMIT,
			     (unsigned)CONNECTIONS, MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)TIMEOUT_S,
			     MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)REQUEST_LIMIT, MHD_OPTION_END))
		return 0;
	errno = errno ? errno : EIO;
	return -1;
}
