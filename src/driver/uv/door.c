/* door.c - what each scheme means: the class of its pipes, and what its bytes go through. */
#include "driver/uv/secure.h"

enum leno_pipe_class door_class(enum address_kind kind)
{
	switch (kind) {
	case ADDRESS_LOCAL:
	case ADDRESS_SOCKET: return LENO_PIPE_LOCAL;
	case ADDRESS_ANY:
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

int door_check(struct driver *d, enum address_kind kind)
{
	if (kind <= ADDRESS_TCP || kind == ADDRESS_UDP)
		return LENO_OK;
	if (kind == ADDRESS_TLS)
		return secure_need(d, TLS_SERVER);
	d->why = "this build does not speak that scheme";
	return LENO_URI;
}

int door_check_dial(struct driver *d, enum address_kind kind)
{
	return kind == ADDRESS_TLS ? secure_need(d, TLS_CLIENT) : LENO_OK;
}

int door_filter(struct driver *d, enum address_kind kind, const struct address *dialled,
                struct filter **ret)
{
	*ret = NULL;
	if (kind == ADDRESS_TLS)
		return secure_filter(d, dialled, TLS_LENO, ret);
	return door_check(d, kind);
}
