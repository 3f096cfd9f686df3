/* udp_socket.c - sockets for datagrams: tuned, read and written in batches.
 *
 * Datagrams of equal size that follow each other go to the kernel as one train, which it cuts
 * (UDP_SEGMENT), and come as one that it has put together (UDP_GRO): most of what a datagram
 * costs is the way through the kernel. Nothing is ever fragmented: fragments can be forged. */
#include "base/mem.h"
#include "driver/uv/udp.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <string.h>
#include <unistd.h>

enum { TRAIN_BYTES = 65000 };

/* Room for what comes beside a datagram, and goes. */
union control {
	struct cmsghdr align;
	uint8_t bytes[CMSG_SPACE(sizeof(struct in6_pktinfo)) + CMSG_SPACE(sizeof(int))];
};

/* ---- places --------------------------------------------------------------------------- */

static struct udp_place load_place(const struct dgram_address *a)
{
	struct udp_place p = { 0 };

	memcpy(&p, a->bytes, sizeof p);
	return p;
}

void udp_place_of(const struct sockaddr_storage *s, struct dgram_address *ret)
{
	const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)s;
	const struct sockaddr_in *v4 = (const struct sockaddr_in *)s;
	struct udp_place p = { .family = s->ss_family };

	if (s->ss_family == AF_INET6) {
		p.port = v6->sin6_port;
		p.scope = v6->sin6_scope_id;
		memcpy(p.address, &v6->sin6_addr, 16);
	} else {
		p.port = v4->sin_port;
		memcpy(p.address, &v4->sin_addr, 4);
	}
	*ret = (struct dgram_address){ .size = sizeof p };
	memcpy(ret->bytes, &p, sizeof p);
}

static void to_sockaddr(const struct udp_place *p, struct sockaddr_storage *ret)
{
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)ret;
	struct sockaddr_in *v4 = (struct sockaddr_in *)ret;

	memset(ret, 0, sizeof *ret);
	ret->ss_family = p->family;
	if (p->family == AF_INET6) {
		v6->sin6_port = p->port;
		v6->sin6_scope_id = p->scope;
		memcpy(&v6->sin6_addr, p->address, 16);
	} else {
		v4->sin_port = p->port;
		memcpy(&v4->sin_addr, p->address, 4);
	}
}

void udp_place_uri(const struct dgram_address *a, char ret[URI_TEXT])
{
	struct udp_place p = load_place(a);
	struct sockaddr_storage s;

	to_sockaddr(&p, &s);
	tcp_uri(&s, ADDRESS_UDP, "", ret);
}

/* ---- descriptors ------------------------------------------------------------------------ */

static void grow_buffers(int fd)
{
	int size = UDP_SOCKET_BUFFER;

	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof size) < 0)
		setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof size);
	if (setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof size) < 0)
		setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
}

/* Answers must come from the address that was asked: one that listens at all of them has to
 * know which it was. */
int udp_descriptor(int family, bool dials)
{
	int fd = socket(family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	int on = 1, probe = IP_PMTUDISC_PROBE, probe6 = IPV6_PMTUDISC_PROBE;

	if (fd < 0)
		return -1;
	grow_buffers(fd);
	setsockopt(fd, IPPROTO_IP, IP_MTU_DISCOVER, &probe, sizeof probe);
	if (family == AF_INET6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_MTU_DISCOVER, &probe6, sizeof probe6);
	setsockopt(fd, IPPROTO_UDP, UDP_GRO, &on, sizeof on);
	if (!dials && family == AF_INET6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, &on, sizeof on);
	else if (!dials)
		setsockopt(fd, IPPROTO_IP, IP_PKTINFO, &on, sizeof on);
	return fd;
}

int udp_connected(const struct dgram_address *to)
{
	struct udp_place p = load_place(to);
	struct sockaddr_storage s;
	int fd = udp_descriptor(p.family, true), error;

	to_sockaddr(&p, &s);
	if (fd < 0 || connect(fd, (const struct sockaddr *)&s, tcp_size(&s)) == 0)
		return fd;
	error = errno;
	close(fd);
	errno = error;
	return -1;
}

/* ---- reading ---------------------------------------------------------------------------- */

/* What the kernel says beside a datagram: to which address it came, of what size those are
 * that came as a train. */
static void read_control(struct msghdr *m, struct dgram_address *from, size_t *ret_size)
{
	struct udp_place p = load_place(from);

	for (struct cmsghdr *c = CMSG_FIRSTHDR(m); c; c = CMSG_NXTHDR(m, c)) {
		const void *data = CMSG_DATA(c);
		struct in6_pktinfo v6;
		struct in_pktinfo v4;
		int train;

		if (c->cmsg_level == IPPROTO_UDP && c->cmsg_type == UDP_GRO) {
			memcpy(&train, data, sizeof train);
			if (train > 0)
				*ret_size = (size_t)train;
		} else if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_PKTINFO) {
			memcpy(&v4, data, sizeof v4);
			memcpy(p.local, &v4.ipi_spec_dst, 4);
		} else if (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_PKTINFO) {
			memcpy(&v6, data, sizeof v6);
			memcpy(p.local, &v6.ipi6_addr, 16);
		}
	}
	memcpy(from->bytes, &p, sizeof p);
}

static void hand_out(struct udp_socket *s, struct msghdr *m, uint8_t *data, size_t size,
                     udp_sink *sink)
{
	struct dgram_address from;
	size_t each = size;

	if (m->msg_flags & MSG_TRUNC)
		return;
	udp_place_of(m->msg_name, &from);
	read_control(m, &from, &each);
	while (size > 0 && !s->driver->closing) {
		size_t n = size < each ? size : each;

		sink(s, &from, data, n);
		data += n;
		size -= n;
	}
}

/* Whether there may be more. */
static bool receive_some(struct udp_socket *s, struct udp *udp, udp_sink *sink, int *ret_error)
{
	struct sockaddr_storage names[UDP_READS];
	union control controls[UDP_READS];
	struct mmsghdr messages[UDP_READS];
	struct iovec parts[UDP_READS];
	int n;

	for (int i = 0; i < UDP_READS; i++) {
		parts[i] = (struct iovec){ udp->slots[i], UDP_SLOT };
		messages[i].msg_hdr = (struct msghdr){
			.msg_name = &names[i], .msg_namelen = sizeof names[i],
			.msg_iov = &parts[i], .msg_iovlen = 1,
			.msg_control = &controls[i], .msg_controllen = sizeof controls[i]
		};
	}
	n = recvmmsg(s->fd, messages, UDP_READS, MSG_DONTWAIT, NULL);
	if (n < 0)
		*ret_error = errno == EAGAIN || errno == EINTR ? 0 : errno;
	for (int i = 0; i < n && !s->driver->closing && s->fd >= 0; i++)
		hand_out(s, &messages[i].msg_hdr, udp->slots[i], messages[i].msg_len, sink);
	return n == UDP_READS && !s->driver->closing && s->fd >= 0;
}

int udp_receive(struct udp_socket *s, struct udp *udp, udp_sink *sink)
{
	int error = 0;

	for (int i = 0; i < READS_PER_TURN && receive_some(s, udp, sink, &error); i++)
		;
	return error;
}

/* ---- writing ---------------------------------------------------------------------------- */

void udp_batch_clear(struct udp_batch *b)
{
	b->n = b->n_parts = b->size = b->used = 0;
	b->first[0] = 0;
}

bool udp_batch_full(const struct udp_batch *b)
{
	return b->n == UDP_BATCH_MAX || b->size >= UDP_BATCH ||
	       b->n_parts > UDP_PARTS_MAX - 1 - DGRAM_PARTS;
}

void udp_batch_add(struct udp_batch *b, const struct dgram_out *out, uint8_t *at)
{
	uint8_t *to = b->bytes + b->used;

	assert(!udp_batch_full(b) && out->head <= sizeof b->bytes - b->used);
	memmove(to, at, out->head);
	b->parts[b->n_parts++] = (struct iovec){ to, out->head };
	for (unsigned i = 0; i < out->n; i++) {
		union { const void *given; void *taken; } part = { .given = out->parts[i].data };

		b->parts[b->n_parts++] = (struct iovec){ part.taken, out->parts[i].size };
	}
	b->to = out->to;
	b->sizes[b->n++] = out->size;
	b->first[b->n] = b->n_parts;
	b->size += out->size;
	b->used += out->head;
}

static void *add_control(struct msghdr *m, union control *c, int level, int type, size_t size)
{
	struct cmsghdr *h = (struct cmsghdr *)(void *)(c->bytes + m->msg_controllen);

	m->msg_control = c;
	m->msg_controllen += CMSG_SPACE(size);
	h->cmsg_level = level;
	h->cmsg_type = type;
	h->cmsg_len = CMSG_LEN(size);
	return CMSG_DATA(h);
}

static void add_local(struct msghdr *m, union control *c, const struct udp_place *p)
{
	static const uint8_t unknown[16];
	struct in6_pktinfo v6 = { 0 };
	struct in_pktinfo v4 = { 0 };

	if (memcmp(p->local, unknown, sizeof unknown) == 0)
		return;
	if (p->family == AF_INET6) {
		memcpy(&v6.ipi6_addr, p->local, 16);
		memcpy(add_control(m, c, IPPROTO_IPV6, IPV6_PKTINFO, sizeof v6), &v6, sizeof v6);
	} else {
		memcpy(&v4.ipi_spec_dst, p->local, 4);
		memcpy(add_control(m, c, IPPROTO_IP, IP_PKTINFO, sizeof v4), &v4, sizeof v4);
	}
}

/* How many from `first` on make one train: as long as the first, the last one may be shorter. A
 * probe of a larger size has nobody of its size behind it, and so goes alone: the kernel
 * refuses it with a reason, and not a whole train without one. */
static size_t train_of(const struct udp_socket *s, const struct udp_batch *b, size_t first)
{
	size_t each = b->sizes[first], bytes = each, n = 1;

	while (!s->whole && first + n < b->n && n < UDP_TRAIN_MAX &&
	       (b->sizes[first + n] == each || (n > 1 && b->sizes[first + n] < each)) &&
	       bytes + b->sizes[first + n] <= TRAIN_BYTES) {
		bytes += b->sizes[first + n];
		if (b->sizes[first + n++] < each)
			break;
	}
	return n;
}

struct writing {
	struct sockaddr_storage name;
	struct udp_place place;
	size_t n;                            /* messages                              */
	size_t sizes[UDP_BATCH_MAX];         /* of the datagrams of each               */
	bool train[UDP_BATCH_MAX];
	struct mmsghdr messages[UDP_BATCH_MAX];
	union control controls[UDP_BATCH_MAX];
};

/* So many datagrams from this one on. */
static void add_message(struct udp_socket *s, struct writing *w, struct udp_batch *b, size_t first,
                        size_t n)
{
	struct msghdr *m = &w->messages[w->n].msg_hdr;
	uint16_t cut = (uint16_t)b->sizes[first];

	*m = (struct msghdr){ .msg_iov = b->parts + b->first[first],
		              .msg_iovlen = b->first[first + n] - b->first[first] };
	if (!s->dials) {
		m->msg_name = &w->name;
		m->msg_namelen = tcp_size(&w->name);
		add_local(m, &w->controls[w->n], &w->place);
	}
	w->train[w->n] = n > 1;
	if (n > 1)
		memcpy(add_control(m, &w->controls[w->n], IPPROTO_UDP, UDP_SEGMENT, sizeof cut),
		       &cut, sizeof cut);
	w->sizes[w->n++] = b->sizes[first];
}

static void prepare(struct udp_socket *s, struct udp_batch *b, struct writing *w)
{
	w->place = load_place(&b->to);
	to_sockaddr(&w->place, &w->name);
	w->n = 0;
	for (size_t i = 0, n; i < b->n; i += n) {
		n = train_of(s, b, i);
		add_message(s, w, b, i, n);
	}
}

int udp_transmit(struct udp_socket *s, struct udp_batch *b, struct dgram *d, uint64_t now_us)
{
	struct writing w;
	size_t sent = 0;
	int error = 0;

	prepare(s, b, &w);
	while (sent < w.n) {
		int n = sendmmsg(s->fd, w.messages + sent, (unsigned)(w.n - sent), MSG_DONTWAIT);

		if (n > 0) {
			sent += (size_t)n;
			continue;
		}
		if (errno == EINTR)
			continue;
		if (errno == EAGAIN || errno == ENOBUFS)
			break;
		if (errno == ECONNREFUSED && error == 0) {
			error = ECONNREFUSED;        /* of an earlier one: this one may go */
			continue;
		}
		if (w.train[sent] && (errno == EINVAL || errno == EIO || errno == EOPNOTSUPP))
			s->whole = true;             /* this device makes no trains */
		if (errno == EMSGSIZE && d)
			dgram_too_big(d, w.sizes[sent], now_us);
		sent++;
	}
	return error;
}
