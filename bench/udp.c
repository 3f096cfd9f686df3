/* udp.c - datagrams over loopback, sealed by AES-256-GCM in records of 15 KiB, four of them to
 * a datagram and four datagrams to a call: as leno's udp:// batches them, without any of its
 * promises. Nothing makes good for what is lost, and only what arrives is counted. */
#include "harness.h"
#include <arpa/inet.h>
#include <netinet/in.h>
#include <openssl/evp.h>
#include <sys/socket.h>

enum { RECORD = 15 * 1024, TAG = 16, RECORDS = 4, DATAGRAMS = 4, BUFFER = 4 << 20 };
enum { DATAGRAM = RECORDS * (RECORD + TAG) };

static uint8_t plain[RECORD], sealed[DATAGRAMS][DATAGRAM], opened[RECORD];

static EVP_CIPHER_CTX *cipher(bool seal)
{
	static const uint8_t key[32], nonce[12];
	EVP_CIPHER_CTX *c = EVP_CIPHER_CTX_new();

	need(c && EVP_CipherInit_ex(c, EVP_aes_256_gcm(), NULL, key, nonce, seal), "AES");
	return c;
}

/* Only the nonce changes, as in leno; it may repeat, since nothing here is secret. */
static void seal_record(EVP_CIPHER_CTX *c, uint8_t *to, size_t size)
{
	static uint8_t nonce[12];
	int n;

	nonce[0]++;
	memcpy(to + size, nonce, sizeof nonce);      /* stands where the tag's room is */
	EVP_EncryptInit_ex(c, NULL, NULL, NULL, nonce);
	EVP_EncryptUpdate(c, to, &n, plain, (int)size);
	EVP_EncryptFinal_ex(c, to + n, &n);
}

static void open_record(EVP_CIPHER_CTX *c, const uint8_t *from, size_t size)
{
	int n;

	EVP_DecryptInit_ex(c, NULL, NULL, NULL, from + size);
	EVP_DecryptUpdate(c, opened, &n, from, (int)size);
}

static int socket_of(int *ret_port)
{
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t n = sizeof at;
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), size = BUFFER;

	setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof size);
	setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
	need(fd >= 0 && !bind(fd, (struct sockaddr *)&at, n), "bind");
	need(!getsockname(fd, (struct sockaddr *)&at, &n), "getsockname");
	*ret_port = ntohs(at.sin_port);
	return fd;
}

static int far_end(struct stage *s)
{
	char port[16];
	int n, fd = socket_of(&n);

	snprintf(port, sizeof port, "%d", n);
	leave_note(s, ADDRESS, port);
	ready(s);
	return fd;
}

static int near_end(struct stage *s)
{
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int n, fd = socket_of(&n);

	at.sin_port = htons((uint16_t)atoi(read_note(s, ADDRESS)));
	need(!connect(fd, (struct sockaddr *)&at, sizeof at), "connect");
	return fd;
}

static void prepare(struct mmsghdr *messages, struct iovec *parts)
{
	for (int i = 0; i < DATAGRAMS; i++) {
		parts[i] = (struct iovec){ sealed[i], DATAGRAM };
		messages[i] = (struct mmsghdr){ .msg_hdr = { .msg_iov = &parts[i], .msg_iovlen = 1 } };
	}
}

static void sink(struct stage *s)
{
	EVP_CIPHER_CTX *c = cipher(false);
	struct mmsghdr messages[DATAGRAMS];
	struct iovec parts[DATAGRAMS];
	int fd = far_end(s), n;

	prepare(messages, parts);
	for (uint64_t bytes = 0; (n = recvmmsg(fd, messages, DATAGRAMS, MSG_WAITFORONE, NULL)) > 0;) {
		for (int i = 0; i < n; i++)
			for (int k = 0; k < RECORDS; k++)
				open_record(c, sealed[i] + k * (RECORD + TAG), RECORD);
		bytes += (uint64_t)n * RECORDS * RECORD;
		received(s, bytes / s->size);
	}
}

static void source(struct stage *s)
{
	EVP_CIPHER_CTX *c = cipher(true);
	struct mmsghdr messages[DATAGRAMS];
	struct iovec parts[DATAGRAMS];
	int fd = near_end(s);

	prepare(messages, parts);
	for (;;) {
		for (int i = 0; i < DATAGRAMS; i++)
			for (int k = 0; k < RECORDS; k++)
				seal_record(c, sealed[i] + k * (RECORD + TAG), RECORD);
		sendmmsg(fd, messages, DATAGRAMS, 0);
	}
}

/* One message, as so many records as it needs, in one or two datagrams. */
static void pass(int fd, EVP_CIPHER_CTX *seal, size_t size)
{
	while (size > 0) {
		uint8_t *to = sealed[0];
		size_t all = 0;

		for (int k = 0; k < RECORDS && size > 0; k++) {
			size_t n = size < RECORD ? size : RECORD;

			seal_record(seal, to + all, n);
			all += n + TAG;
			size -= n;
		}
		need(send(fd, to, all, 0) == (ssize_t)all, "send");
	}
}

static void take(int fd, EVP_CIPHER_CTX *open, size_t size, struct sockaddr_in *from)
{
	while (size > 0) {
		socklen_t room = sizeof *from;
		ssize_t n = recvfrom(fd, sealed[0], DATAGRAM, 0, (struct sockaddr *)from, &room);

		if (n <= 0)
			_exit(0);
		for (size_t at = 0; at < (size_t)n; at += RECORD + TAG) {
			size_t rest = (size_t)n - at, body = (rest < RECORD + TAG ? rest : RECORD + TAG) - TAG;

			open_record(open, sealed[0] + at, body);
			size -= body;
		}
	}
}

static void echo(struct stage *s)
{
	EVP_CIPHER_CTX *seal = cipher(true), *open = cipher(false);
	struct sockaddr_in from;
	int fd = far_end(s);

	for (bool met = false;; met = true) {
		take(fd, open, s->size, &from);
		if (!met)
			need(!connect(fd, (struct sockaddr *)&from, sizeof from), "connect");
		pass(fd, seal, s->size);
	}
}

static void ping(struct stage *s)
{
	EVP_CIPHER_CTX *seal = cipher(true), *open = cipher(false);
	struct sockaddr_in from;
	int fd = near_end(s);

	for (;;) {
		const uint64_t start = now_ns();

		pass(fd, seal, s->size);
		take(fd, open, s->size, &from);
		lap(s, start);
	}
}

const struct peer udp_peers[] = {
	{ "udp", 0, NULL, sink, source, echo, ping, false, 64 },
	{ "udp", 0, NULL, sink, source, echo, ping, false, 64 * 1024 },
	{ NULL, 0, NULL, NULL, NULL, NULL, NULL, false, 0 }
};
