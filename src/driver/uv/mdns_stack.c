/* mdns_stack.c - avahi-core inside of this process.
 *
 * Several such stacks share port 5353 of a machine, an avahi-daemon's among them. That goes
 * well as long as no two of them claim one name: so the host's own name and addresses, which
 * avahi would publish by itself, are left to others, and each process has a host name of
 * its own without entries for the way back (of which there can be but one).
 *
 *  1. An offer that did not change keeps its entries: no goodbye, no new probing. */
#include "driver/uv/mdns_stack.h"

#include "base/mem.h"
#include "driver/uv/avahi_lib.h"
#include "driver/uv/avahi_poll.h"

#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#define TYPE   "_leno._tcp"
#define DOMAIN "local"

enum {
	ANSWERS_PER_SECOND = 100 /* packets: so that no question costs us a storm */
};

struct entry {
	AvahiSEntryGroup *group; /* NULL: the slot is free */
	struct mdns_offer offer;
};

struct mdns_stack {
	struct avahi_poll poll;
	const struct avahi_lib *lib;
	const struct mdns_events *events;
	void *arg;
	char subtype[MDNS_SUBTYPE];
	AvahiServer *server;
	AvahiSServiceBrowser *browser;
	struct entry entries[MDNS_OFFERS_MAX];
};

struct mdns_lookup {
	struct mdns_stack *stack;
	AvahiSServiceResolver *resolver;
	void *arg;
};

/* ---- offering ---------------------------------------------------------------------- */

static void on_group(AvahiServer *server, AvahiSEntryGroup *group, AvahiEntryGroupState state,
                     void *arg)
{
	struct mdns_stack *s = arg;

	if (state != AVAHI_ENTRY_GROUP_COLLISION)
		return;
	for (size_t i = 0; i < MDNS_OFFERS_MAX; i++)
		if (s->entries[i].group == group)
			s->events->taken(s->arg, s->entries[i].offer.name);
}

static int add_addresses(struct mdns_stack *s, AvahiSEntryGroup *group, const struct mdns_offer *o)
{
	for (size_t i = 0; i < o->n; i++) {
		const struct sockaddr_storage *at = &o->addresses[i];
		AvahiAddress a = { .proto = AVAHI_PROTO_INET };

		if (at->ss_family == AF_INET) {
			memcpy(&a.data.ipv4, &((const struct sockaddr_in *)at)->sin_addr, 4);
		} else {
			a.proto = AVAHI_PROTO_INET6;
			memcpy(&a.data.ipv6, &((const struct sockaddr_in6 *)at)->sin6_addr, 16);
		}
		if (s->lib->avahi_server_add_address(s->server, group, o->interface,
		                                     AVAHI_PROTO_UNSPEC, AVAHI_PUBLISH_NO_REVERSE,
		                                     o->host, &a) < 0)
			return -1;
	}
	return 0;
}

static int add_service(struct mdns_stack *s, AvahiSEntryGroup *group, const struct mdns_offer *o)
{
	char strings[MDNS_STRINGS][MDNS_STRING];
	AvahiStringList *list = NULL;
	int error;

	mdns_text_make(&o->text, strings);
	for (int i = MDNS_STRINGS - 1; i >= 0; i--)
		list = s->lib->avahi_string_list_add(list, strings[i]);
	error = s->lib->avahi_server_add_service_strlst(s->server, group, o->interface,
	                                                AVAHI_PROTO_UNSPEC, 0, o->name, TYPE,
	                                                DOMAIN, o->host, o->port, list);
	s->lib->avahi_string_list_free(list);
	return error < 0 ? error
	                 : s->lib->avahi_server_add_service_subtype(s->server, group, o->interface,
	                                                            AVAHI_PROTO_UNSPEC, 0, o->name,
	                                                            TYPE, DOMAIN, s->subtype);
}

static bool offer(struct mdns_stack *s, const struct mdns_offer *o)
{
	struct entry *e = s->entries;

	while (e < s->entries + MDNS_OFFERS_MAX && e->group)
		e++;
	if (e == s->entries + MDNS_OFFERS_MAX)
		return false;
	e->group = s->lib->avahi_s_entry_group_new(s->server, on_group, s);
	if (!e->group)
		return false;
	e->offer = *o;
	if (add_addresses(s, e->group, o) < 0 || add_service(s, e->group, o) < 0 ||
	    s->lib->avahi_s_entry_group_commit(e->group) < 0) {
		s->lib->avahi_s_entry_group_free(e->group);
		e->group = NULL;
		return false;
	}
	return true;
}

static bool same_offer(const struct mdns_offer *a, const struct mdns_offer *b)
{
	return memcmp(a, b, sizeof *a) == 0;
}

size_t mdns_stack_offer(struct mdns_stack *s, const struct mdns_offer *offers, size_t n)
{
	bool there[MDNS_OFFERS_MAX] = { 0 };
	size_t failed = 0;

	for (size_t i = 0; i < MDNS_OFFERS_MAX; i++) {
		struct entry *e = &s->entries[i];
		bool wanted = false;

		for (size_t j = 0; e->group && j < n; j++)
			if (!there[j] && same_offer(&e->offer, &offers[j]))
				wanted = there[j] = true;
		if (!e->group || wanted)
			continue;
		s->lib->avahi_s_entry_group_free(e->group);
		e->group = NULL;
	}
	for (size_t j = 0; j < n; j++)
		failed += !there[j] && !offer(s, &offers[j]);
	return failed;
}

/* ---- seeing ------------------------------------------------------------------------- */

static void on_browse(AvahiSServiceBrowser *b, AvahiIfIndex interface, AvahiProtocol protocol,
                      AvahiBrowserEvent event, const char *name, const char *type,
                      const char *domain, AvahiLookupResultFlags flags, void *arg)
{
	struct mdns_stack *s = arg;
	unsigned by = protocol == AVAHI_PROTO_INET6 ? 2 : 1;
	struct mdns_name seen = { .interface = interface };

	if (event == AVAHI_BROWSER_FAILURE)
		s->events->failed(s->arg, "it cannot browse");
	if ((event != AVAHI_BROWSER_NEW && event != AVAHI_BROWSER_REMOVE) || !name || !type ||
	    strlen(name) > MDNS_LABEL || strcmp(type, TYPE) != 0)
		return;
	strcpy(seen.text, name);
	if (event == AVAHI_BROWSER_NEW)
		s->events->seen(s->arg, &seen, by);
	else
		s->events->lost(s->arg, &seen, by);
}

void mdns_stack_browse(struct mdns_stack *s)
{
	if (s->browser)
		s->lib->avahi_s_service_browser_free(s->browser);
	s->browser = s->lib->avahi_s_service_browser_new(s->server, AVAHI_IF_UNSPEC,
	                                                 AVAHI_PROTO_UNSPEC, s->subtype, DOMAIN,
	                                                 AVAHI_LOOKUP_USE_MULTICAST, on_browse, s);
}

uint64_t mdns_stack_flooded_ms(const struct mdns_stack *s)
{
	return s->poll.gate.flooded_ms;
}

bool mdns_stack_full(const struct mdns_stack *s)
{
	return s->poll.gate.answers >= MDNS_CACHE_MAX;
}

/* ---- looking up ----------------------------------------------------------------------- */

static void fill_address(struct sockaddr_storage *ret, const AvahiAddress *a, uint16_t port,
                         AvahiIfIndex interface)
{
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)ret;
	struct sockaddr_in *v4 = (struct sockaddr_in *)ret;

	memset(ret, 0, sizeof *ret);
	if (a->proto == AVAHI_PROTO_INET) {
		v4->sin_family = AF_INET;
		v4->sin_port = htons(port);
		memcpy(&v4->sin_addr, &a->data.ipv4, 4);
		return;
	}
	v6->sin6_family = AF_INET6;
	v6->sin6_port = htons(port);
	memcpy(&v6->sin6_addr, &a->data.ipv6, 16);
	if (IN6_IS_ADDR_LINKLOCAL(&v6->sin6_addr))
		v6->sin6_scope_id = (uint32_t)interface;
}

static void on_resolved(AvahiSServiceResolver *r, AvahiIfIndex interface, AvahiProtocol protocol,
                        AvahiResolverEvent event, const char *name, const char *type,
                        const char *domain, const char *host, const AvahiAddress *a, uint16_t port,
                        AvahiStringList *strings, AvahiLookupResultFlags flags, void *arg)
{
	struct mdns_lookup *l = arg;
	struct mdns_text_reader reader = { 0 };
	struct mdns_service service;
	bool good = event == AVAHI_RESOLVER_FOUND && a && port > 0;

	for (const AvahiStringList *it = strings; good && it; it = it->next)
		mdns_text_take(&reader, it->text, it->size);
	if (!good || !mdns_text_end(&reader, &service.text)) {
		l->stack->events->found(l->stack->arg, l->arg, NULL);
		return;
	}
	fill_address(&service.at, a, port, interface);
	l->stack->events->found(l->stack->arg, l->arg, &service);
}

struct mdns_lookup *mdns_stack_look(struct mdns_stack *s, const struct mdns_name *name,
                                    void *lookup_arg)
{
	struct mdns_lookup *l = mem_new(sizeof *l);

	if (!l)
		return NULL;
	l->stack = s;
	l->arg = lookup_arg;
	l->resolver = s->lib->avahi_s_service_resolver_new(
		s->server, name->interface, AVAHI_PROTO_UNSPEC, name->text, TYPE, DOMAIN,
		AVAHI_PROTO_UNSPEC, AVAHI_LOOKUP_USE_MULTICAST, on_resolved, l);
	return l->resolver ? l : mem_free(l);
}

struct mdns_lookup *mdns_stack_forget(struct mdns_stack *s, struct mdns_lookup *l)
{
	if (l)
		s->lib->avahi_s_service_resolver_free(l->resolver);
	return mem_free(l);
}

/* ---- beginning and end ------------------------------------------------------------------ */

static void on_server(AvahiServer *server, AvahiServerState state, void *arg)
{
	struct mdns_stack *s = arg;

	if (state == AVAHI_SERVER_FAILURE)
		s->events->failed(s->arg, "it had to give up");
}

static void set_config(const struct avahi_lib *lib, AvahiServerConfig *c, const char *host)
{
	lib->avahi_server_config_init(c);
	lib->avahi_free(c->host_name);
	c->host_name = lib->avahi_strdup(host);
	c->publish_addresses = c->publish_hinfo = c->publish_workstation = c->publish_domain = 0;
	c->publish_a_on_ipv6 = c->publish_aaaa_on_ipv4 = 1;
	c->enable_wide_area = c->enable_reflector = 0;
	c->disallow_other_stacks = 0;
	c->n_cache_entries_max = MDNS_CACHE_MAX;
	c->ratelimit_interval = 1000000;
	c->ratelimit_burst = ANSWERS_PER_SECOND;
}

int mdns_stack_open(uv_loop_t *loop, const char *host, const char *subtype,
                    const struct mdns_events *events, void *arg, struct mdns_stack **ret,
                    const char **ret_why)
{
	const struct avahi_lib *lib = avahi_lib();
	AvahiServerConfig config;
	struct mdns_stack *s;
	int error;

	*ret_why = "libavahi-core.so.7 is missing: install it (Debian: libavahi-core7)";
	if (!lib)
		return LENO_SYSTEM;
	s = mem_new(sizeof *s);
	*ret_why = "memory is out";
	if (!s || avahi_poll_init(&s->poll, loop) < 0) {
		mem_free(s);
		return LENO_MEMORY;
	}
	s->lib = lib;
	s->events = events;
	s->arg = arg;
	snprintf(s->subtype, sizeof s->subtype, "%s", subtype);
	set_config(lib, &config, host);
	s->server = lib->avahi_server_new(&s->poll.api, &config, on_server, s, &error);
	lib->avahi_server_config_free(&config);
	if (s->server)
		mdns_stack_browse(s);
	if (!s->server || !s->browser) {
		*ret_why =
			"port 5353 is held by a daemon that shares it with nobody, or there is no "
			"network that does multicast: trying again now and then";
		mdns_stack_close(s);
		return LENO_ADDRESS_IN_USE;
	}
	*ret = s;
	return LENO_OK;
}

struct mdns_stack *mdns_stack_close(struct mdns_stack *s)
{
	if (!s)
		return NULL;
	if (s->server) {
		mdns_stack_offer(s, NULL, 0);
		s->lib->avahi_server_free(s->server);
	}
	avahi_poll_clear(&s->poll);
	return mem_free(s);
}
