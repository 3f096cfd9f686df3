/* address.h - the URIs that this driver understands.

	tcp://192.0.2.1:7000   tcp://[2001:db8::1]:7000   tcp://name.example:7000
	tcp://[::]:7000        every IPv6 address; with an asterisk for the host every
	                       address, IPv4 too (to listen at)
	tls:// udp://          the same, within TLS, over datagrams
	ws://name.example/leno   wss:// http:// https://: port and path may be left out
	any://[::]:7000        to listen at: whatever comes by TCP
	local:                 this machine, this user
	local:/run/my.sock     a unix socket */
#ifndef LENO_DRIVER_UV_ADDRESS_H
#define LENO_DRIVER_UV_ADDRESS_H

#include <stdbool.h>
#include <stdint.h>

enum {
	ADDRESS_HOST = 253,  /* bytes of a host name, as DNS has it          */
	ADDRESS_PATH = 107   /* bytes of a unix socket's path, as Linux has it */
};

enum address_kind {
	ADDRESS_LOCAL = 1,
	ADDRESS_SOCKET,
	ADDRESS_TCP,         /* from here on: host and port, see address_is_net() */
	ADDRESS_TLS,
	ADDRESS_WS,          /* from here on: a path as well                      */
	ADDRESS_WSS,
	ADDRESS_HTTP,
	ADDRESS_HTTPS,       /* up to here                                        */
	ADDRESS_UDP,
	ADDRESS_ANY
};

struct address {
	enum address_kind kind;
	char host[ADDRESS_HOST + 1]; /* without brackets; "*" is every address */
	bool bracketed;              /* host is an IPv6 address                */
	uint16_t port;
	char path[ADDRESS_PATH + 1];  /* of a socket; of a request: "/" when left out */
};

static inline bool address_is_net(const struct address *a)
{
	return a->kind >= ADDRESS_TCP;
}

/* "tcp", "wss" and so on; of a kind that is_net. */
const char *address_scheme(enum address_kind);

/* 0 or LENO_URI; *ret is untouched on failure. */
int address_parse(const char *uri, struct address *ret);

#endif
