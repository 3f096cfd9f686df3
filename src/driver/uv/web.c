/* web.c - what stands at doors that speak HTTP: WebSockets for nodes, pages for everybody.
 *
 * A page is, in this order: /health, what the handler `page` gives, a file of the folder. */
#include "driver/uv/web.h"

#include "base/mem.h"
#include "driver/uv/origin.h"
#include "driver/uv/polled.h"
#include "driver/uv/secret.h"
#include "transport/ws.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { WEB_NAME_MAX = 256 };

struct web {
	struct driver *driver;
	struct http_server ways;
	int folder;                    /* or -1                                      */
	bool own_pages;                /* may join                                   */
	char machine[WEB_NAME_MAX];    /* its name                                   */
	size_t n_origins;
	char **origins;                /* one piece of memory with their texts       */
};

/* ---- who may ---------------------------------------------------------------------------- */

/* A browser says whose page it shows; nobody else does. */
static bool may_open(void *user, struct bytes origin, struct bytes host)
{
	const struct web *w = user;

	if (w->own_pages && origin_is_own(origin, host, w->machine))
		return true;
	for (size_t i = 0; i < w->n_origins; i++)
		if (strcmp(w->origins[i], "*") == 0 || http_same(origin, w->origins[i]))
			return true;
	return false;
}

static struct http_exchange *exchange(void *user, const struct http_head *h, unsigned *ret_status)
{
	return polled_exchange(((struct web *)user)->driver, h, ret_status);
}

/* ---- what is served ---------------------------------------------------------------------- */

static void health(struct http_answer *ret)
{
	static const char text[] = "{\"status\":\"ok\",\"version\":\"" LENO_VERSION "\"}\n";

	*ret = (struct http_answer){ .status = 200, .type = "application/json",
		                     .text = { (const uint8_t *)text, sizeof text - 1 } };
}

static bool ask_handler(struct driver *d, const char *path, struct http_answer *ret)
{
	leno_page page = { 0 };

	if (d->closing || !d->handlers.page || !d->handlers.page(d->node, d->user, path, &page))
		return false;
	*ret = (struct http_answer){ .status = 200, .type = page.type,
		                     .text = { page.data.data, page.data.size },
		                     .gzip = { page.gzip.data, page.gzip.size },
		                     .etag = page.etag, .policy = page.policy,
		                     .stays = page.stays };
	return true;
}

static void page(void *user, const struct http_head *h, struct http_answer *ret)
{
	struct web *w = user;
	char path[FOLDER_PATH_MAX];

	if (!folder_decode(h->path, path))
		ret->status = 400, ret->text = bytes_text("that path is not well formed\n");
	else if (strcmp(path, "/health") == 0)
		health(ret);
	else if (!ask_handler(w->driver, path, ret) && w->folder >= 0)
		folder_page(w->folder, path, ret);
}

/* ---- filters ------------------------------------------------------------------------------- */

void web_authority(const struct address *a, char ret[WEB_HOST_MAX])
{
	snprintf(ret, WEB_HOST_MAX, a->bracketed ? "[%s]:%u" : "%s:%u", a->host, a->port);
}

/* As the Host field has it: the port only where it is not the scheme's own. */
void web_host(const struct address *a, char ret[WEB_HOST_MAX])
{
	bool custom = a->port == (a->kind == ADDRESS_WSS || a->kind == ADDRESS_HTTPS ? 443 : 80);

	web_authority(a, ret);
	if (custom)
		*strrchr(ret, ':') = '\0';
}

struct filter *web_filter(struct driver *d, const struct address *dialled)
{
	struct { uint8_t mask[16], key[HTTP_KEY]; } drawn;
	char host[WEB_HOST_MAX];
	struct filter *ws;

	if (!secret_random(&drawn, sizeof drawn))
		return NULL;
	ws = ws_new(dialled != NULL, drawn.mask);
	if (!dialled)
		return http_server_new(&d->web->ways, ws);
	web_host(dialled, host);
	return http_client_new(host, dialled->path, drawn.key, ws);
}

/* ---- beginning and end ----------------------------------------------------------------------- */

static bool copy_origins(struct web *w, const leno_options *o)
{
	size_t size = o->n_ws_origins * sizeof *w->origins;
	char *at;

	for (size_t i = 0; i < o->n_ws_origins; i++)
		size += strlen(o->ws_origins[i]) + 1;
	w->origins = mem_new(size + 1);
	if (!w->origins)
		return false;
	at = (char *)(w->origins + o->n_ws_origins);
	for (size_t i = 0; i < o->n_ws_origins; i++) {
		w->origins[i] = strcpy(at, o->ws_origins[i]);
		at += strlen(at) + 1;
	}
	w->n_origins = o->n_ws_origins;
	return true;
}

int web_new(struct driver *d, const leno_options *o, struct web **ret)
{
	struct web *w = mem_new(sizeof *w);

	if (!w)
		return LENO_MEMORY;
	w->folder = -1;
	w->driver = d;
	w->own_pages = o->ws_own_pages;
	if (gethostname(w->machine, sizeof w->machine - 1) < 0)
		w->machine[0] = '\0';
	w->ways = (struct http_server){ w, exchange, may_open, page };
	if (!copy_origins(w, o)) {
		web_free(w);
		return LENO_MEMORY;
	}
	if (o->www && (w->folder = folder_open(o->www)) < 0) {
		options_log(o, d->user, LENO_LOG_ERROR, "%s: there is no such folder to serve", o->www);
		web_free(w);
		return LENO_FILE;
	}
	*ret = w;
	return LENO_OK;
}

void web_free(struct web *w)
{
	if (!w)
		return;
	if (w->folder >= 0)
		close(w->folder);
	mem_free(w->origins);
	mem_free(w);
}
