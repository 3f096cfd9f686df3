/* dashboard.c - see dashboard.h. */
#include "dashboard.h"
#include "common.h"
#include "output.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Nothing comes from elsewhere, nothing is run that is not a file of this page, and no other page
 * shows it in a frame. It speaks to whatever node it is told, so to any WebSocket. */
static const char policy[] =
	"default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; "
	"img-src 'self'; connect-src 'self' ws: wss:; base-uri 'none'; form-action 'none'; "
	"frame-ancestors 'none'; require-trusted-types-for 'script'";

static int by_path(const void *path, const void *file)
{
	return strcmp(path, ((const struct dashboard_file *)file)->path);
}

bool dashboard_page(const char *path, leno_page *ret)
{
	const struct dashboard_file *f;

	if (strcmp(path, "/") == 0)
		path = "/index.html";
	f = bsearch(path, dashboard_files, n_dashboard_files, sizeof *f, by_path);
	if (f == NULL)
		return false;
	*ret = (leno_page){ .type = f->type, .data = f->data, .gzip = f->gzip, .etag = f->etag,
		            .policy = policy, .stays = true };
	return true;
}

/* ---- where it is ----------------------------------------------------------- */

static const struct {
	const char *scheme, *web;
} doors[] = {
	{ "ws", "http" }, { "http", "http" }, { "any", "http" }, { "wss", "https" }, { "https", "https" },
};

/* NULL: no browser speaks that. SCHEME+fd:NAME is one of a service manager. */
static const char *web_scheme(const char *uri)
{
	size_t n = strcspn(uri, ":+");

	for (size_t i = 0; i < sizeof doors / sizeof doors[0]; i++) {
		if (strlen(doors[i].scheme) == n && strncmp(uri, doors[i].scheme, n) == 0)
			return doors[i].web;
	}
	return NULL;
}

bool dashboard_uri(const char *uri, char ret[DASHBOARD_URI_MAX])
{
	static const char *const all[] = { "*:", "0.0.0.0:", "[::]:" };
	const char *scheme = web_scheme(uri), *host = strstr(uri, "://");
	size_t n;

	if (scheme == NULL || host == NULL)
		return false;
	host += 3;
	n = strcspn(host, "/");
	for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
		size_t before = strlen(all[i]);

		if (strncmp(host, all[i], before) != 0)
			continue;
		return snprintf(ret, DASHBOARD_URI_MAX, "%s://localhost:%.*s/", scheme,
		                (int)(n - before), host + before) < DASHBOARD_URI_MAX;
	}
	return snprintf(ret, DASHBOARD_URI_MAX, "%s://%.*s/", scheme, (int)n, host) <
	       DASHBOARD_URI_MAX;
}

bool dashboard_good(const struct list *listen)
{
	if (n_dashboard_files == 0) {
		fail("this leno has no dashboard: when it was built, the toolchain for WebAssembly "
		     "(clang-14, lld-14, wasi-libc) was not there");
		return false;
	}
	for (size_t i = 0; i < listen->count; i++) {
		if (web_scheme(listen->items[i]) != NULL)
			return true;
	}
	fail("--web needs an address that browsers reach, as in --listen ws://127.0.0.1:7400");
	return false;
}
