/* doctor_reach.c - who leads on this machine, and whether a node can be reached: its name, its
 * port, its handshake. A node of our own, a visitor, does what any command would do. */
#include "doctor.h"
#include "output.h"

#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
	LOCAL_MS = 500,   /* for a leader, who is a few of them away */
	CONNECT_MS = 3000 /* for each address of a name              */
};

struct probe {
	leno_node *node;
	bool up, down;
	int error;      /* of the link that ended */
	leno_id id;
	char name[64];
	char log[256];  /* the last warning       */
};

static void on_link_up(leno_node *node, void *user, const leno_id *id, const char *uri)
{
	struct probe *p = user;

	p->up = true;
	p->id = *id;
	snprintf(p->name, sizeof p->name, "%s", leno_name(node, id));
}

static void on_link_down(leno_node *node, void *user, const leno_id *id, enum leno_why why,
                         int error)
{
	struct probe *p = user;

	p->down = true;
	p->error = error;
}

static void on_log(void *user, enum leno_log_level level, const char *line)
{
	struct probe *p = user;

	snprintf(p->log, sizeof p->log, "%.*s", (int)strcspn(line, "("), line);
}

static bool probe_open(struct doctor *d, const char *check, struct probe *p)
{
	static const leno_handlers handlers = { .link_up = on_link_up, .link_down = on_link_down };
	const leno_options options = {
		.network = d->set->network,
		.secret_file = d->set->secret_file,
		.visitor = true,
		.anonymous = d->set->anonymous,
		.network_key_file = d->set->network_key,
		.certificate_file = d->set->network_key ? NULL : d->set->certificate_file,
		.identity_file = d->set->network_key == NULL && d->set->certificate_file != NULL
		                         ? d->set->identity
		                         : NULL,
		.tls_cert_file = d->set->tls_cert,
		.tls_key_file = d->set->tls_key,
		.tls_ca_file = d->set->tls_ca,
		.tls_crl_file = d->set->tls_crl,
		.log_level = LENO_LOG_WARN,
		.log = on_log,
	};
	int error;

	*p = (struct probe){ .node = NULL };
	error = leno_open(&p->node, &options, &handlers, p);
	if (error)
		doctor_say(d, DOCTOR_FAIL, check, "no node can be opened: %s",
		           p->log[0] ? p->log : leno_strerror(error));
	return error == 0;
}

/* How often the other end was refused, or refused us. */
static bool is_refused(struct probe *p)
{
	leno_stats s;

	leno_get_stats(p->node, &s);
	return s.refused_secret + s.refused_network + s.refused_identity + s.refused_protocol +
	               s.refused_certificate + s.refused_expired + s.refused_revoked +
	               s.refused_uninvited >
	       0;
}

/* Until there is a link, or a reason why there will be none. */
static void probe_run(struct probe *p, int64_t ms)
{
	int64_t end = clock_ms() + ms, left;

	while (!p->up && !p->down && !is_refused(p) && (left = end - clock_ms()) > 0) {
		struct pollfd wait = { .fd = leno_fd(p->node), .events = POLLIN };
		leno_ms own = leno_timeout(p->node);

		poll(&wait, 1, (int)(own >= 0 && own < left ? own : left));
		if (leno_step(p->node) != 0)
			break;
	}
}

static void say_refused(struct doctor *d, const char *check, const char *who, const struct probe *p)
{
	leno_stats s;

	leno_get_stats(p->node, &s);
	if (s.refused_secret > 0)
		doctor_say(d, DOCTOR_FAIL, check,
		           "%s has another secret: compare the fingerprints that `leno doctor` says "
		           "here and there",
		           who);
	else if (s.refused_network > 0)
		doctor_say(d, DOCTOR_FAIL, check,
		           "%s is in another network than %s: say its name with --network", who,
		           d->set->network ? d->set->network : "default");
	else
		doctor_say(d, DOCTOR_FAIL, check, "%s: %s", who,
		           p->error ? leno_strerror(p->error)
		           : p->log[0] ? p->log
		                       : "it does not answer as a node would");
}

void doctor_leader(struct doctor *d)
{
	const char *network = d->set->network ? d->set->network : "default";
	char text[LENO_ID_TEXT];
	struct probe p;

	if (!probe_open(d, "local", &p))
		return;
	if (leno_discover(p.node, "local:") == 0)
		probe_run(&p, LOCAL_MS);
	if (p.up)
		doctor_say(d, DOCTOR_OK, "local", "%s%s%s leads network %s on this machine", p.name,
		           p.name[0] ? ", " : "", leno_id_text(&p.id, text), network);
	else if (is_refused(&p) || p.down)
		say_refused(d, "local", "who leads on this machine", &p);
	else if (strstr(p.log, "another user") != NULL)
		doctor_say(d, DOCTOR_FAIL, "local", "%s", p.log);
	else
		doctor_say(d, DOCTOR_OK, "local",
		           "no node of this user is in network %s on this machine", network);
	leno_close(p.node);
}

/* Whether a door within TLS would open: the library reads the files for it. */
void doctor_certificate(struct doctor *d)
{
	struct probe p;

	if (d->set->tls_cert == NULL || !probe_open(d, "certificate", &p))
		return;
	if (leno_listen(p.node, "tls://127.0.0.1:0") == 0)
		doctor_say(d, DOCTOR_OK, "certificate", "%s and its key fit each other",
		           d->set->tls_cert);
	else
		doctor_say(d, DOCTOR_FAIL, "certificate", "%s: %s", d->set->tls_cert,
		           p.log[0] ? p.log : "it cannot be used");
	leno_close(p.node);
}

/* ---- step by step --------------------------------------------------------------- */

/* 0, or an errno. */
static int try_connect(const struct addrinfo *at)
{
	int fd = socket(at->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	struct pollfd wait = { .fd = fd, .events = POLLOUT };
	int error = 0;
	socklen_t size = sizeof error;

	if (fd < 0)
		return errno;
	if (connect(fd, at->ai_addr, at->ai_addrlen) != 0)
		error = errno;
	if (error == EINPROGRESS)
		error = poll(&wait, 1, CONNECT_MS) == 1 ? 0 : ETIMEDOUT;
	if (error == 0)
		getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size);
	close(fd);
	return error;
}

static bool say_connected(struct doctor *d, const char *uri, int error)
{
	if (error == 0)
		doctor_say(d, DOCTOR_OK, "connect", "%s lets us connect", uri);
	else if (error == ECONNREFUSED)
		doctor_say(d, DOCTOR_FAIL, "connect",
		           "%s: nobody listens there: is it the right port, and does the node run?",
		           uri);
	else if (error == ETIMEDOUT)
		doctor_say(d, DOCTOR_FAIL, "connect",
		           "%s: no answer: does a firewall drop it, or is the machine off?", uri);
	else
		doctor_say(d, DOCTOR_FAIL, "connect", "%s: %s", uri, strerror(error));
	return error == 0;
}

/* The name and the port, where the scheme stands on TCP. */
static bool can_connect(struct doctor *d, const char *uri, const struct doctor_uri *u)
{
	static const char *const defaults[][2] = { { "ws", "80" },   { "http", "80" },
		                                   { "wss", "443" }, { "https", "443" } };
	const struct addrinfo hints = { .ai_socktype = SOCK_STREAM };
	struct addrinfo *found;
	char port[8];
	int error;

	snprintf(port, sizeof port, "%u", u->port);
	for (size_t i = 0; u->port == 0 && i < sizeof defaults / sizeof defaults[0]; i++) {
		if (strcmp(u->scheme, defaults[i][0]) == 0)
			strcpy(port, defaults[i][1]);
	}
	error = getaddrinfo(u->host, port, &hints, &found);
	if (error != 0) {
		doctor_say(d, DOCTOR_FAIL, "connect", "%s: %s", uri, gai_strerror(error));
		return false;
	}
	error = ECONNREFUSED;
	for (const struct addrinfo *at = found; at != NULL && error != 0; at = at->ai_next)
		error = try_connect(at);
	freeaddrinfo(found);
	return say_connected(d, uri, error);
}

static void shake_hands(struct doctor *d, const char *uri)
{
	int64_t began = clock_us();
	char text[LENO_ID_TEXT];
	struct probe p;
	int error;

	if (!probe_open(d, "handshake", &p))
		return;
	error = leno_connect(p.node, uri);
	if (error == 0)
		probe_run(&p, d->set->timeout_ms);
	if (error)
		doctor_say(d, DOCTOR_FAIL, "handshake", "%s: %s", uri, leno_strerror(error));
	else if (p.up)
		doctor_say(d, DOCTOR_OK, "handshake", "%s is %s%s%s, in network %s: %.1f ms", uri,
		           p.name, p.name[0] ? ", " : "", leno_id_text(&p.id, text),
		           d->set->network ? d->set->network : "default",
		           (double)(clock_us() - began) / 1000);
	else
		say_refused(d, "handshake", uri, &p);
	leno_close(p.node);
}

void doctor_reach(struct doctor *d, const char *uri)
{
	struct doctor_uri u;

	if (!doctor_uri_parse(uri, &u) && strncmp(uri, "local:", 6) != 0) {
		doctor_say(d, DOCTOR_FAIL, "connect",
		           "%s is no URI: say tcp://HOST:PORT, as in tcp://192.0.2.1:7400", uri);
		return;
	}
	if (strncmp(uri, "local:", 6) == 0 || strcmp(u.scheme, "udp") == 0 ||
	    can_connect(d, uri, &u))
		shake_hands(d, uri);
}
