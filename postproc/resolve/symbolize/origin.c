/* SPDX-License-Identifier: Apache-2.0 */
#include "resolve/symbolize/origin.h"

#include <libiberty/libiberty.h>
#include <libiberty/safe-ctype.h>
#include <stdlib.h>
#include <string.h>

#include "resolve/symbolize/cratepath.h"
#include "resolve/symbolize/mangling.h"
#include "resolve/symbolize/pathname.h"

struct word {
	const char *bytes;
	size_t length;
};

/* Crate names have `_` for `-`, since paths have the latter and function names the former. Sorted. */
static const char *const std_crates[] = {
	"__rustc",	"alloc",      "compiler_builtins",	  "core", "panic_abort",
	"panic_unwind", "proc_macro", "rustc_std_workspace_core", "std",  "std_detect",
	"test",		"unwind",
};

/* Tokio and the crates that its polls pass through: their frames show how a task is run, never why it blocks.
 * Other crates whose names begin with tokio (tokio-rustls, tokio-postgres) do work of their own. */
static const char *const runtime_crates[] = {
	"futures",	"futures_channel", "futures_core",     "futures_executor",
	"futures_io",	"futures_sink",	   "futures_task",     "futures_util",
	"mio",		"pin_project",	   "pin_project_lite", "tokio",
	"tokio_macros", "tokio_stream",	   "tokio_util",
};

/* Crates that services commonly use: for executables without debug info. */
static const char *const common_crates[] = {
	"actix_http",
	"actix_rt",
	"actix_web",
	"addr2line",
	"adler",
	"adler2",
	"aead",
	"aes",
	"aes_gcm",
	"ahash",
	"aho_corasick",
	"anyhow",
	"arc_swap",
	"argon2",
	"arrow",
	"async_channel",
	"async_compression",
	"async_graphql",
	"async_std",
	"async_stream",
	"async_trait",
	"aws_config",
	"aws_lc_rs",
	"aws_sdk_s3",
	"aws_smithy_runtime",
	"axum",
	"axum_core",
	"backtrace",
	"base64",
	"bb8",
	"bcrypt",
	"bincode",
	"bitflags",
	"blake2",
	"blake3",
	"brotli",
	"bstr",
	"bytes",
	"bzip2",
	"cc",
	"cfg_if",
	"chacha20",
	"chacha20poly1305",
	"chrono",
	"clap",
	"clap_builder",
	"crc32fast",
	"crossbeam",
	"crossbeam_channel",
	"crossbeam_deque",
	"crossbeam_epoch",
	"crossbeam_utils",
	"csv",
	"csv_core",
	"dashmap",
	"deadpool",
	"deadpool_postgres",
	"diesel",
	"digest",
	"either",
	"encoding_rs",
	"env_logger",
	"fastrand",
	"flate2",
	"flume",
	"fnv",
	"foldhash",
	"form_urlencoded",
	"generic_array",
	"getrandom",
	"gimli",
	"h2",
	"h3",
	"half",
	"handlebars",
	"hashbrown",
	"headers",
	"hex",
	"hickory_proto",
	"hickory_resolver",
	"hmac",
	"http",
	"http_body",
	"http_body_util",
	"httparse",
	"httpdate",
	"hyper",
	"hyper_rustls",
	"hyper_tls",
	"hyper_util",
	"idna",
	"image",
	"indexmap",
	"inotify",
	"ipnet",
	"itertools",
	"itoa",
	"jsonwebtoken",
	"lapin",
	"lazy_static",
	"libc",
	"libloading",
	"lock_api",
	"log",
	"lru",
	"lz4",
	"lz4_flex",
	"matchit",
	"memchr",
	"memmap2",
	"metrics",
	"mime",
	"miniz_oxide",
	"moka",
	"mongodb",
	"multer",
	"mysql_async",
	"native_tls",
	"ndarray",
	"nix",
	"nom",
	"ntex",
	"num_bigint",
	"num_cpus",
	"num_traits",
	"object",
	"once_cell",
	"openssl",
	"opentelemetry",
	"opentelemetry_sdk",
	"ordered_float",
	"parking_lot",
	"parking_lot_core",
	"percent_encoding",
	"petgraph",
	"phf",
	"postgres_protocol",
	"postgres_types",
	"ppv_lite86",
	"prometheus",
	"prost",
	"quick_xml",
	"quinn",
	"quinn_proto",
	"quinn_udp",
	"r2d2",
	"rand",
	"rand_chacha",
	"rand_core",
	"rayon",
	"rayon_core",
	"rdkafka",
	"redis",
	"regex",
	"regex_automata",
	"regex_syntax",
	"reqwest",
	"ring",
	"rmp_serde",
	"rocket",
	"rsa",
	"rusqlite",
	"rustc_demangle",
	"rustix",
	"rustls",
	"rustls_pki_types",
	"rustls_webpki",
	"ryu",
	"scheduled_thread_pool",
	"scopeguard",
	"sea_orm",
	"semver",
	"serde",
	"serde_core",
	"serde_json",
	"serde_path_to_error",
	"serde_urlencoded",
	"serde_yaml",
	"sha1",
	"sha2",
	"sha3",
	"signal_hook",
	"signal_hook_registry",
	"simd_json",
	"sled",
	"slab",
	"smallvec",
	"socket2",
	"spin",
	"sqlx",
	"sqlx_core",
	"sqlx_mysql",
	"sqlx_postgres",
	"sqlx_sqlite",
	"subtle",
	"sysinfo",
	"tempfile",
	"tera",
	"thiserror",
	"thread_local",
	"tikv_jemallocator",
	"time",
	"tinyvec",
	"tokio_native_tls",
	"tokio_postgres",
	"tokio_rustls",
	"tokio_tungstenite",
	"toml",
	"tonic",
	"tower",
	"tower_http",
	"tower_layer",
	"tower_service",
	"tracing",
	"tracing_core",
	"tracing_opentelemetry",
	"tracing_subscriber",
	"try_lock",
	"tungstenite",
	"unicode_normalization",
	"untrusted",
	"ureq",
	"url",
	"uuid",
	"want",
	"warp",
	"webpki",
	"webpki_roots",
	"x509_parser",
	"zerocopy",
	"zeroize",
	"zstd",
	"zstd_safe",
	"zstd_sys",
};

#define COUNT(array) (sizeof(array) / sizeof(*(array)))

static bool listed(struct word crate, const char *const *list, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		size_t k = 0;
		while (k < crate.length && list[i][k] &&
		       (crate.bytes[k] == '-' ? '_' : crate.bytes[k]) == list[i][k])
			k++;
		if (k == crate.length && !list[i][k])
			return true;
	}
	return false;
}

static enum origin of_dependency(struct word crate)
{
	return listed(crate, runtime_crates, COUNT(runtime_crates)) ? ORIGIN_RUNTIME : ORIGIN_DEPENDENCY;
}

/* --- by path --- */

/* The part of the path below `home`; NULL if it is elsewhere. */
static const char *below(const char *path, const char *home)
{
	size_t length = home ? strlen(home) : 0;

	while (length && home[length - 1] == '/')
		length--;
	return length && strncmp(path, home, length) == 0 && path[length] == '/' ? path + length + 1 : NULL;
}

/* Is the folder above `src` named as a crate with a version? cargo names them so everywhere, but the
 * program's own folder may be named so, too. */
static bool is_package(const char *at, const char *path, const char *home)
{
	const char *rest = strchr(at, '/'), *inside = below(path, home);

	return rest && strncmp(rest, "/src/", 5) == 0 && path[0] == '/' && (!inside || at >= inside);
}

/* ORIGIN_UNKNOWN if the path does not tell; ORIGIN_USER if it belongs to nobody else. */
static enum origin of_path(const char *path, const char *home)
{
	size_t length;

	if (!path || !path[0])
		return ORIGIN_UNKNOWN;
	if (cratepath_is_std(path))
		return ORIGIN_STD;
	const char *crate = cratepath_crate(path, &length);
	if (crate)
		return of_dependency((struct word){crate, length});
	/* A folder with this name holds none of the user's code, wherever it is. */
	for (const char *at = path; (at = cratepath_versioned(at, &length)); at += length) {
		struct word word = {at, length};

		if (listed(word, runtime_crates, COUNT(runtime_crates)))
			return ORIGIN_RUNTIME;
		if (listed(word, common_crates, COUNT(common_crates)) || is_package(at, path, home))
			return ORIGIN_DEPENDENCY;
	}
	return ORIGIN_USER;
}

static bool has_suffix(const char *path, const char *suffix)
{
	size_t length = path ? strlen(path) : 0, want = strlen(suffix);

	return length >= want && strcmp(path + length - want, suffix) == 0;
}

/* Sources of the C library and of compiler runtimes that are linked into the executable. */
static bool is_libc_path(const char *path)
{
	static const char *const marks[] = {"/sysdeps/", "glibc",  "musl",     "/nptl/",
					    "/csu/",	 "libgcc", "libunwind"};

	for (size_t i = 0; i < COUNT(marks); i++)
		if (strstr(path, marks[i]))
			return true;
	return false;
}

bool origin_is_libc(const char *path)
{
	static const char *const names[] = {"libc.so",	  "libc-",   "ld-linux", "ld-musl",
					    "libpthread", "libm.so", "[vdso]"};
	const char *base = strrchr(path, '/');

	base = base ? base + 1 : path;
	for (size_t i = 0; i < COUNT(names); i++)
		if (strncmp(base, names[i], strlen(names[i])) == 0)
			return true;
	return false;
}

/* --- by name --- */

static bool identifier(char c)
{
	return ISIDNUM(c) || (unsigned char)c >= 0x80;
}

/* The first path in the name that has a crate: "demo" in "<&mut demo::Conn as core::future::Future>::poll",
 * and in "<T as demo::Serve>::serve", where the type has none. Length 0 if there is none. */
static struct word crate_of_name(const char *function)
{
	const char *at = function;

	while (*at) {
		size_t length = 0;
		while (identifier(at[length]))
			length++;
		if (length == 0) {
			at += at[0] == '\'' && identifier(at[1]) ? 2 : 1; /* 'a is a lifetime, not a crate */
			continue;
		}
		if (strncmp(at + length, "::", 2) == 0)
			return (struct word){at, length};
		at += length;
	}
	return (struct word){function, 0};
}

/* The crate in which the function is written. */
static struct word crate_of_function(const struct origin_facts *facts)
{
	size_t length;
	const char *crate = facts->symbol ? mangling_crate(facts->symbol, &length) : NULL;

	return crate ? (struct word){crate, length} : crate_of_name(facts->function);
}

/* --- by the user's choice --- */

#define CHOICES 64

static struct {
	const char *crate;
	bool mine;
} choice[CHOICES];
static size_t choices;

bool origin_choose(const char *crate, bool mine)
{
	if (choices == CHOICES)
		return false;
	choice[choices].crate = crate;
	choice[choices++].mine = mine;
	return true;
}

static enum origin choose(struct word crate, enum origin found)
{
	for (size_t i = choices; crate.length && i-- > 0;) {
		const char *name = choice[i].crate;
		size_t k = 0;

		while (k < crate.length && name[k] &&
		       (crate.bytes[k] == '-' ? '_' : crate.bytes[k]) == (name[k] == '-' ? '_' : name[k]))
			k++;
		if (k == crate.length && !name[k])
			return choice[i].mine ? ORIGIN_USER : ORIGIN_DEPENDENCY;
	}
	return found;
}

enum origin origin_chosen(const char *function, enum origin found)
{
	return function ? choose(crate_of_name(function), found) : found;
}

/* Whose values a type holds, also inside containers of std: the first crate in it other than std decides. */
static enum origin of_type(const struct origin_facts *facts, const char *type, size_t length)
{
	char *text = xstrndup(type, length);
	enum origin origin = ORIGIN_STD;

	for (const char *at = text; origin == ORIGIN_STD;) {
		struct word crate = crate_of_name(at);

		if (!crate.length)
			break;
		if (listed(crate, runtime_crates, COUNT(runtime_crates)))
			origin = ORIGIN_RUNTIME;
		else if (listed(crate, common_crates, COUNT(common_crates)) ||
			 (facts->dependency && facts->dependency(facts->context, crate.bytes, crate.length)))
			origin = ORIGIN_DEPENDENCY;
		else if (!listed(crate, std_crates, COUNT(std_crates)))
			origin = ORIGIN_USER;
		origin = choose(crate, origin);
		/* The rest of this path names no crate. */
		at = crate.bytes + crate.length;
		while (identifier(*at) || *at == ':')
			at++;
	}
	free(text);
	return origin;
}

static bool is_rust_support(const char *function)
{
	static const char *const names[] = {"main", "rust_begin_unwind", "rust_panic", "rust_eh_personality"};

	for (size_t i = 0; i < COUNT(names); i++)
		if (strcmp(function, names[i]) == 0)
			return true;
	return strncmp(function, "__rust_", 7) == 0 || strncmp(function, "__rdl_", 6) == 0 ||
	       strncmp(function, "__rg_", 5) == 0;
}

static enum origin find_origin(const struct origin_facts *facts)
{
	/* A function written by another crate's macro is the user's where it runs code that was passed to the
	 * macro. */
	bool given =
		has_suffix(facts->position, ".rs") && of_path(facts->position, facts->home) == ORIGIN_USER;
	const char *file = given || !facts->file ? facts->position : facts->file;
	size_t length;
	const char *dropped = facts->function ? pathname_dropped(facts->function, &length) : NULL;

	if (dropped)
		return of_type(facts, dropped, length);
	enum origin by_path = of_path(file, facts->home);
	bool rust_source = has_suffix(file, ".rs");

	if (rust_source && by_path != ORIGIN_USER && by_path != ORIGIN_UNKNOWN)
		return by_path;
	if (!facts->function) {
		if (rust_source)
			return by_path;
		return facts->mapped && !facts->main ? ORIGIN_SYSTEM : ORIGIN_UNKNOWN;
	}
	if (is_rust_support(facts->function))
		return ORIGIN_STD;
	if (facts->rust || rust_source) {
		struct word crate = crate_of_function(facts);
		if (listed(crate, std_crates, COUNT(std_crates)))
			return ORIGIN_STD;
		if (listed(crate, runtime_crates, COUNT(runtime_crates)))
			return ORIGIN_RUNTIME; /* also from a local checkout */
		/* For a member of the workspace the folder counts, not the crate's name, which another crate
		 * may have, too. */
		if (!(rust_source && (file[0] != '/' || below(file, facts->home))) &&
		    (listed(crate, common_crates, COUNT(common_crates)) ||
		     (facts->dependency && facts->dependency(facts->context, crate.bytes, crate.length))))
			return ORIGIN_DEPENDENCY;
		return ORIGIN_USER;
	}
	/* C and assembly: in a library the system's; in the executable a crate's, or a static C library's. */
	if (!facts->main)
		return ORIGIN_SYSTEM;
	if (by_path == ORIGIN_DEPENDENCY || by_path == ORIGIN_RUNTIME)
		return ORIGIN_DEPENDENCY;
	return by_path == ORIGIN_USER && file[0] == '/' && !is_libc_path(file) ? ORIGIN_USER : ORIGIN_SYSTEM;
}

enum origin origin_of(const struct origin_facts *facts)
{
	enum origin found = find_origin(facts);

	return facts->function && facts->rust ? choose(crate_of_function(facts), found) : found;
}

const char *origin_name(enum origin origin)
{
	static const char *const names[] = {
		[ORIGIN_UNKNOWN] = "unknown", [ORIGIN_USER] = "user", [ORIGIN_DEPENDENCY] = "dependency",
		[ORIGIN_RUNTIME] = "runtime", [ORIGIN_STD] = "std",   [ORIGIN_SYSTEM] = "system",
	};

	return (size_t)origin < COUNT(names) ? names[origin] : "unknown";
}
