/* door.c - what each scheme means: the class of its pipes, and what its bytes go through. */
#include "driver/uv/secure.h"
#include "driver/uv/web.h"

enum leno_pipe_class door_class(enum address_kind kind)
{
	switch (kind) {
	case ADDRESS_LOCAL:
	case ADDRESS_SOCKET: return LENO_PIPE_LOCAL;
	case ADDRESS_ANY:              /* filters that are found make it another */
	case ADDRESS_TCP: return LENO_PIPE_STREAM;
	case ADDRESS_TLS:
	case ADDRESS_WS:
	case ADDRESS_WSS: return LENO_PIPE_WRAPPED;
	case ADDRESS_UDP: return LENO_PIPE_DATAGRAM;
	case ADDRESS_HTTP:
	case ADDRESS_HTTPS: return LENO_PIPE_POLLED;
	}
	return LENO_PIPE_STREAM;
}

static bool within_tls(enum address_kind kind)
{
	return kind == ADDRESS_TLS || kind == ADDRESS_WSS || kind == ADDRESS_HTTPS;
}

static int check(struct driver *d, enum address_kind kind, enum tls_side side)
{
	return within_tls(kind) ? secure_need(d, side) : LENO_OK;
}

/* any:// speaks TLS when there is a certificate, and is content without. */
int door_check(struct driver *d, enum address_kind kind)
{
	if (kind == ADDRESS_ANY && secure_has_cert(d))
		return secure_need(d, TLS_SERVER);
	return check(d, kind, TLS_SERVER);
}

int door_check_dial(struct driver *d, enum address_kind kind)
{
	return check(d, kind, TLS_CLIENT);
}

/* ---- any:// --------------------------------------------------------------------- */

/* TLS, and within it again what the first byte tells. */
static int found_tls(struct driver *d, struct filter **ret)
{
	int error = secure_filter(d, NULL, TLS_LENO | TLS_HTTP, ret);

	if (error < 0)
		return error;
	(*ret)->class = LENO_PIPE_WRAPPED;
	(*ret)->inner = sniff_new(&d->sniff_within);
	if ((*ret)->inner)
		return LENO_OK;
	filter_free(*ret);
	*ret = NULL;
	return LENO_MEMORY;
}

static int found_within(void *user, enum sniffed what, struct filter **ret, const char **ret_why)
{
	struct driver *d = user;

	switch (what) {
	case SNIFFED_LENO: return LENO_OK;
	case SNIFFED_TLS: *ret_why = "it speaks TLS within TLS"; return LENO_REFUSED;
	case SNIFFED_HTTP: *ret = web_filter(d, NULL); break;
	}
	return *ret ? LENO_OK : LENO_MEMORY;
}

static int found(void *user, enum sniffed what, struct filter **ret, const char **ret_why)
{
	struct driver *d = user;

	if (what != SNIFFED_TLS)
		return found_within(user, what, ret, ret_why);
	if (secure_has_cert(d))
		return found_tls(d, ret);
	*ret_why = "it speaks TLS, for which this node has no certificate";
	return LENO_REFUSED;
}

void door_init(struct driver *d)
{
	d->sniff = (struct sniff_ways){ d, found };
	d->sniff_within = (struct sniff_ways){ d, found_within };
}

/* ---- proxies ---------------------------------------------------------------------- */

bool door_by_proxy(const struct driver *d, enum address_kind kind)
{
	return d->proxy.host[0] && kind >= ADDRESS_TLS && kind <= ADDRESS_HTTPS;
}

struct filter *door_tunnel(const struct address *to, struct filter *inner)
{
	char authority[WEB_HOST_MAX];

	web_authority(to, authority);
	return http_tunnel_new(authority, inner);
}

/* ---- filters --------------------------------------------------------------------- */

int door_filter(struct driver *d, enum address_kind kind, const struct address *dialled,
                struct filter **ret)
{
	struct filter *inner = NULL;
	int error;

	*ret = NULL;
	if (kind <= ADDRESS_TCP || kind == ADDRESS_UDP)
		return LENO_OK;
	if (kind == ADDRESS_ANY)
		inner = sniff_new(&d->sniff);
	else if (kind != ADDRESS_TLS)
		inner = web_filter(d, dialled);
	if (!inner && kind != ADDRESS_TLS)
		return LENO_MEMORY;
	if (!within_tls(kind)) {
		*ret = inner;
	} else {
		error = secure_filter(d, dialled, inner ? TLS_HTTP : TLS_LENO, ret);
		if (error < 0) {
			filter_free(inner);
			return error;
		}
		(*ret)->inner = inner;
	}
	if (dialled && door_by_proxy(d, kind))
		*ret = door_tunnel(dialled, *ret);
	return *ret ? LENO_OK : LENO_MEMORY;
}
