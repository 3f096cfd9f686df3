/* mdns_offer.c - see mdns_offer.h. */
#include "driver/uv/mdns_offer.h"

#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

struct door {
	char scheme[MDNS_SCHEME + 1];
	struct sockaddr_storage at;
	uint16_t port;
	bool every; /* of the system's addresses of its family,   */
	bool both;  /* and of IPv4 beside IPv6                    */
};

/* Where a listener is bound, and what is spoken there. The type is _tcp: datagrams are not
 * of it. */
static bool look_at(const struct listener *l, struct door *ret)
{
	enum address_kind kind = l->kind == ADDRESS_ANY ? ADDRESS_TCP : l->kind;
	socklen_t size = sizeof ret->at, int_size = sizeof(int);
	int only = 0;

	memset(ret, 0, sizeof *ret);
	if (l->hidden || kind < ADDRESS_TCP || kind == ADDRESS_UDP ||
	    getsockname(l->fd, (struct sockaddr *)&ret->at, &size) < 0)
		return false;
	snprintf(ret->scheme, sizeof ret->scheme, "%s", address_scheme(kind));
	if (ret->at.ss_family == AF_INET) {
		const struct sockaddr_in *v4 = (const struct sockaddr_in *)&ret->at;

		ret->port = ntohs(v4->sin_port);
		ret->every = v4->sin_addr.s_addr == INADDR_ANY;
	} else {
		const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)&ret->at;

		getsockopt(l->fd, IPPROTO_IPV6, IPV6_V6ONLY, &only, &int_size);
		ret->port = ntohs(v6->sin6_port);
		ret->every = IN6_IS_ADDR_UNSPECIFIED(&v6->sin6_addr);
		ret->both = ret->every && !only;
	}
	return true;
}

/* 127.0.0.0/8 is all of this machine, and only one of it is an address of lo. */
static bool is_loopback4(const struct sockaddr_storage *s)
{
	const struct sockaddr_in *v4 = (const struct sockaddr_in *)s;

	return s->ss_family == AF_INET && ntohl(v4->sin_addr.s_addr) >> 24 == 127;
}

static bool same_address(const struct sockaddr_storage *a, const struct sockaddr_storage *b)
{
	const struct sockaddr_in6 *a6 = (const struct sockaddr_in6 *)a,
				  *b6 = (const struct sockaddr_in6 *)b;
	const struct sockaddr_in *a4 = (const struct sockaddr_in *)a,
				 *b4 = (const struct sockaddr_in *)b;

	if (a->ss_family != b->ss_family)
		return false;
	if (a->ss_family == AF_INET)
		return a4->sin_addr.s_addr == b4->sin_addr.s_addr;
	return memcmp(&a6->sin6_addr, &b6->sin6_addr, sizeof a6->sin6_addr) == 0;
}

static bool leads_to(const struct door *door, const struct interface_address *a)
{
	if (door->every)
		return door->both || door->at.ss_family == a->at.ss_family;
	if (is_loopback4(&door->at))
		return a->loopback && a->at.ss_family == AF_INET;
	return same_address(&door->at, &a->at);
}

static void add_address(struct mdns_offer *o, const struct sockaddr_storage *at)
{
	const struct sockaddr_in6 *from6 = (const struct sockaddr_in6 *)at;
	const struct sockaddr_in *from4 = (const struct sockaddr_in *)at;
	struct sockaddr_storage *to;

	if (o->n == MDNS_ADDRESSES)
		return;
	to = &o->addresses[o->n++];
	to->ss_family = at->ss_family; /* nothing but what is compared */
	if (at->ss_family == AF_INET)
		((struct sockaddr_in *)to)->sin_addr = from4->sin_addr;
	else
		((struct sockaddr_in6 *)to)->sin6_addr = from6->sin6_addr;
}

/* Link-local addresses where there are no others: they need a scope, and come up late. */
static void fill_addresses(struct mdns_offer *o, const struct door *door,
                           const struct interface_address *all, size_t n)
{
	size_t before = o->n;

	for (int link_local = 0; link_local < 2 && o->n == before; link_local++)
		for (size_t i = 0; i < n; i++) {
			if (all[i].index != o->interface || !leads_to(door, &all[i]) ||
			    interfaces_link_local(&all[i].at) != link_local)
				continue;
			if (is_loopback4(&door->at) && !door->every)
				add_address(o, &door->at);
			else
				add_address(o, &all[i].at);
		}
}

static bool first_of_interface(const struct interface_address *all, size_t i)
{
	for (size_t j = 0; j < i; j++)
		if (all[j].index == all[i].index)
			return false;
	return true;
}

/* The number tells doors of one node apart, whose addresses differ: each is a host. */
static void name(struct mdns_offer *o, const leno_id *id, unsigned number)
{
	char text[LENO_ID_TEXT];

	leno_id_text(id, text);
	snprintf(o->name, sizeof o->name, "%s-%u", text, (unsigned)o->port);
	snprintf(o->host, sizeof o->host, "m-%s-%u.local", text, number);
}

/* What is offered under this name there already: by a door of IPv4 beside one of IPv6. */
static struct mdns_offer *find(struct mdns_offer *all, size_t n, int interface,
                               const struct door *door)
{
	for (size_t i = 0; i < n; i++)
		if (all[i].interface == interface && all[i].port == door->port &&
		    strcmp(all[i].text.scheme, door->scheme) == 0)
			return &all[i];
	return NULL;
}

size_t mdns_offers(struct driver *d, const struct interface_address *all, size_t n_addresses,
                   struct mdns_offer ret[MDNS_OFFERS_MAX])
{
	const leno_id *self = leno_self(d->node);
	unsigned number = 0;
	size_t n = 0;

	list_each (it, after, &d->listeners) {
		struct door door;

		number++;
		if (!look_at(list_item(it, struct listener, in), &door))
			continue;
		for (size_t i = 0; i < n_addresses && n < MDNS_OFFERS_MAX; i++) {
			struct mdns_offer *o = &ret[n], *other;

			if (!first_of_interface(all, i))
				continue;
			other = find(ret, n, all[i].index, &door);
			if (other) {
				fill_addresses(other, &door, all, n_addresses);
				continue;
			}
			memset(o, 0, sizeof *o);
			o->interface = all[i].index;
			o->port = door.port;
			name(o, self, number);
			o->text.id = *self;
			strcpy(o->text.network, d->tag);
			strcpy(o->text.scheme, door.scheme);
			fill_addresses(o, &door, all, n_addresses);
			n += o->n > 0;
		}
	}
	return n;
}
