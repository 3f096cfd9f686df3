/* dialable.c - see dialable.h. */
#include "driver/uv/dialable.h"

#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <uv.h>

/* The address within, where IPv6 holds one of IPv4: in the host's order, else 0. */
static bool as_ipv4(const struct sockaddr_storage *s, uint32_t *ret)
{
	const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)s;
	const struct sockaddr_in *v4 = (const struct sockaddr_in *)s;
	uint32_t address;

	if (s->ss_family == AF_INET) {
		*ret = ntohl(v4->sin_addr.s_addr);
		return true;
	}
	if (s->ss_family != AF_INET6 || !IN6_IS_ADDR_V4MAPPED(&v6->sin6_addr))
		return false;
	memcpy(&address, v6->sin6_addr.s6_addr + 12, sizeof address);
	*ret = ntohl(address);
	return true;
}

bool dialable_here_only(const struct sockaddr_storage *s)
{
	const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)s;
	uint32_t v4;

	if (as_ipv4(s, &v4))
		return v4 >> 24 == 127;
	return s->ss_family == AF_INET6 && IN6_IS_ADDR_LOOPBACK(&v6->sin6_addr);
}

/* Unspecified, of many, or another machine's wherever it is said. */
static bool is_nobodys(const struct sockaddr_storage *s)
{
	const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)s;
	uint32_t v4;

	if (as_ipv4(s, &v4))
		return v4 >> 24 == 0 || v4 >> 28 >= 0xe;
	return s->ss_family != AF_INET6 || IN6_IS_ADDR_UNSPECIFIED(&v6->sin6_addr) ||
	       IN6_IS_ADDR_MULTICAST(&v6->sin6_addr) || IN6_IS_ADDR_LINKLOCAL(&v6->sin6_addr);
}

bool dialable_by_hearsay(const struct sockaddr_storage *s, bool beside)
{
	return !is_nobodys(s) && (beside || !dialable_here_only(s));
}

/* ---- what we tell ------------------------------------------------------------------------ */

/* A URI in its parts: "tcp" "://" host ":7400". Its path is left out: a door answers at each. */
struct parts {
	int host;
	char scheme[16];
	const char *host_at, *rest;
	int rest_size;
	bool bracketed;
};

static bool take_apart(const char *uri, struct parts *ret)
{
	const char *slashes = strstr(uri, "://"), *end;
	struct parts p;

	if (!slashes || (size_t)(slashes - uri) >= sizeof p.scheme)
		return false;
	snprintf(p.scheme, sizeof p.scheme, "%.*s", (int)(slashes - uri), uri);
	if (strcmp(p.scheme, "any") == 0)              /* tcp is among what it takes */
		strcpy(p.scheme, "tcp");
	p.host_at = slashes + 3;
	p.bracketed = *p.host_at == '[';
	if (p.bracketed) {
		p.host_at++;
		end = strchr(p.host_at, ']');
		p.rest = end ? end + 1 : NULL;
	} else {
		end = p.rest = strchr(p.host_at, ':');
	}
	if (!end || end == p.host_at)
		return false;
	p.rest_size = p.rest ? (int)strcspn(p.rest, "/") : 0;
	p.host = (int)(end - p.host_at);
	*ret = p;
	return true;
}

static bool host_is(const struct parts *p, const char *text)
{
	return (size_t)p->host == strlen(text) && memcmp(p->host_at, text, strlen(text)) == 0;
}

static enum dialable_rank rank_of(const struct sockaddr_storage *s)
{
	return dialable_here_only(s) ? DIALABLE_LOOPBACK : s->ss_family == AF_INET ? DIALABLE_IPV4 : DIALABLE_IPV6;
}

static void put(struct dialable *d, const struct parts *p, const char *host, bool bracketed,
                enum leno_reach reach)
{
	char *to = d->at[d->n].uri;
	int size;

	if (d->n == DIALABLE_MAX)
		return;
	size = snprintf(to, DIALABLE_URI + 1, bracketed ? "%s://[%s]%.*s" : "%s://%s%.*s",
	                p->scheme, host, p->rest_size, p->rest ? p->rest : "");
	if (size <= 0 || size > DIALABLE_URI)
		return;
	for (size_t i = 0; i < d->n; i++)
		if (strcmp(d->at[i].uri, to) == 0)
			return;
	d->at[d->n++].reach = reach;
}

static void put_address(struct dialable *d, enum dialable_rank rank, const struct parts *p,
                        const struct sockaddr_storage *s)
{
	char host[INET6_ADDRSTRLEN] = "";
	bool v6 = s->ss_family == AF_INET6;

	if (is_nobodys(s) || rank_of(s) != rank)
		return;
	if (v6)
		uv_ip6_name((const struct sockaddr_in6 *)s, host, sizeof host);
	else
		uv_ip4_name((const struct sockaddr_in *)s, host, sizeof host);
	put(d, p, host, v6, rank == DIALABLE_LOOPBACK ? LENO_REACH_MACHINE : LENO_REACH_ANY);
}

bool dialable_wildcard(const char *uri)
{
	struct parts p;

	return take_apart(uri, &p) && ((p.bracketed && host_is(&p, "::")) || host_is(&p, "0.0.0.0"));
}

void dialable_add(struct dialable *d, enum dialable_rank rank, const char *uri, bool both,
               const struct sockaddr_storage *interfaces, size_t n)
{
	struct sockaddr_storage at = { 0 };
	char host[INET6_ADDRSTRLEN];
	struct parts p;
	bool all_v6, all_v4;

	if (!take_apart(uri, &p))
		return;
	all_v6 = p.bracketed && host_is(&p, "::");
	all_v4 = host_is(&p, "0.0.0.0") || (all_v6 && both);
	for (size_t i = 0; (all_v6 || all_v4) && i < n; i++)
		if (interfaces[i].ss_family == AF_INET6 ? all_v6 : all_v4)
			put_address(d, rank, &p, &interfaces[i]);
	if (all_v6 || all_v4 || (size_t)p.host >= sizeof host)
		return;
	snprintf(host, sizeof host, "%.*s", p.host, p.host_at);
	if (p.bracketed ? uv_ip6_addr(host, 0, (struct sockaddr_in6 *)&at) == 0
	                : uv_ip4_addr(host, 0, (struct sockaddr_in *)&at) == 0)
		put_address(d, rank, &p, &at);
}
