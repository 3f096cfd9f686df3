/* interfaces.c - getifaddrs(3), and the kernel's route news. */
#include "driver/uv/interfaces.h"

#include "base/mem.h"

#include <ifaddrs.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <netinet/in.h>
#include <string.h>
#include <unistd.h>

/* The bytes of an address; 0 when it is of another family. */
static size_t raw_of(const struct sockaddr_storage *s, const uint8_t **ret)
{
	const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)s;
	const struct sockaddr_in *v4 = (const struct sockaddr_in *)s;

	if (s->ss_family == AF_INET) {
		*ret = (const uint8_t *)&v4->sin_addr;
		return sizeof v4->sin_addr;
	}
	*ret = (const uint8_t *)&v6->sin6_addr;
	return s->ss_family == AF_INET6 ? sizeof v6->sin6_addr : 0;
}

static bool take(const struct ifaddrs *it, struct interface_address *ret)
{
	size_t size;

	if (!it->ifa_addr || !it->ifa_netmask || !(it->ifa_flags & IFF_UP))
		return false;
	if (it->ifa_addr->sa_family == AF_INET)
		size = sizeof(struct sockaddr_in);
	else if (it->ifa_addr->sa_family == AF_INET6)
		size = sizeof(struct sockaddr_in6);
	else
		return false;
	memset(ret, 0, sizeof *ret);
	memcpy(&ret->at, it->ifa_addr, size);
	memcpy(&ret->mask, it->ifa_netmask, size);
	ret->index = (int)if_nametoindex(it->ifa_name);
	ret->loopback = it->ifa_flags & IFF_LOOPBACK;
	return ret->index > 0;
}

size_t interfaces_list(struct interface_address ret[INTERFACES_MAX])
{
	struct ifaddrs *all;
	size_t n = 0;

	if (getifaddrs(&all) < 0)
		return 0;
	for (const struct ifaddrs *it = all; it && n < INTERFACES_MAX; it = it->ifa_next)
		n += take(it, &ret[n]);
	freeifaddrs(all);
	return n;
}

bool interfaces_link_local(const struct sockaddr_storage *s)
{
	const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)s;

	return s->ss_family == AF_INET6 && IN6_IS_ADDR_LINKLOCAL(&v6->sin6_addr);
}

static bool same_network(const struct interface_address *own, const struct sockaddr_storage *s)
{
	const uint8_t *a, *b, *mask;
	size_t size = raw_of(s, &a);

	if (own->at.ss_family != s->ss_family)
		return false;
	raw_of(&own->at, &b);
	raw_of(&own->mask, &mask);
	for (size_t i = 0; i < size; i++)
		if ((a[i] ^ b[i]) & mask[i])
			return false;
	return size > 0;
}

bool interfaces_on_link(const struct interface_address *own, size_t n, int index,
                        const struct sockaddr_storage *s)
{
	for (size_t i = 0; i < n; i++)
		if (own[i].index == index && same_network(&own[i], s))
			return true;
	return false;
}

/* ---- news ------------------------------------------------------------------------ */

struct interfaces_watch {
	uv_poll_t poll;
	int fd;
	void (*changed)(void *arg);
	void *arg;
};

static void on_news(uv_poll_t *poll, int status, int events)
{
	struct interfaces_watch *w = poll->data;
	char news[8192];

	/* What it says is not read: the list is made anew. */
	while (recv(w->fd, news, sizeof news, MSG_DONTWAIT) > 0)
		;
	w->changed(w->arg);
}

struct interfaces_watch *interfaces_watch(uv_loop_t *loop, void (*changed)(void *arg), void *arg)
{
	struct sockaddr_nl at = { .nl_family = AF_NETLINK,
		                  .nl_groups =
		                          RTMGRP_LINK | RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR };
	struct interfaces_watch *w = mem_new(sizeof *w);

	if (!w)
		return NULL;
	w->fd = socket(AF_NETLINK, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, NETLINK_ROUTE);
	if (w->fd < 0 || bind(w->fd, (struct sockaddr *)&at, sizeof at) < 0 ||
	    uv_poll_init(loop, &w->poll, w->fd) != 0) {
		if (w->fd >= 0)
			close(w->fd);
		mem_free(w);
		return NULL;
	}
	w->changed = changed;
	w->arg = arg;
	w->poll.data = w;
	uv_poll_start(&w->poll, UV_READABLE, on_news);
	return w;
}

static void on_closed(uv_handle_t *handle)
{
	mem_free(handle->data);
}

struct interfaces_watch *interfaces_unwatch(struct interfaces_watch *w)
{
	if (!w)
		return NULL;
	uv_close((uv_handle_t *)&w->poll, on_closed);
	close(w->fd);
	return NULL;
}
