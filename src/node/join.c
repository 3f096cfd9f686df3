/* join.c - an invitation becomes a certificate.
 *
 *   guest --"leno/join"--> a node that has the network's key
 *   guest --"leno/join"--> any other --"leno/join"--> a node that has it
 *
 * The request is the guest's two public keys and the invitation; the reply, its certificate. It
 * is refused with the number of an error.
 *
 *  1. A use is counted beyond the next power failure before its certificate is handed out.
 *  2. Who asks again, by the same keys, is given the same, and uses nothing.
 *  3. Whether an invitation is still good only the holder of the key says: by its own clock,
 *     under a seal. */
#include "base/mem.h"
#include "node/admit.h"
#include "node/node.h"

static const char join_type[] = "leno/join";
enum { JOIN_WAIT_MS = 8000, PASS_ON_MS = 6000, JOIN_MAX = 64 + INVITATION_MAX };

/* ---- who has the key -------------------------------------------------------------------- */

static int check(const leno_node *n, struct bytes raw, const struct public_keys *keys,
                 struct invitation *ret)
{
	leno_id id = identity_id(keys);

	if (!invitation_read(raw, ret) || !invitation_holds(ret, n->network.key) ||
	    !bytes_same(ret->network, bytes_text(n->network.name)))
		return LENO_CERTIFICATE;
	if (ret->expires_ms && ret->expires_ms <= admit_now_ms(n))
		return LENO_EXPIRED;
	return revoked_has(&n->admit.admission.revoked, &id) ? LENO_REVOKED : 0;
}

/* *ret lies in w, or is the issuer's until it is asked again. */
static int exchange(leno_node *n, struct bytes raw, const struct public_keys *keys,
                    struct writer *w, leno_bytes *ret)
{
	struct admit *a = &n->admit;
	struct invitation v;
	leno_id id = identity_id(keys);
	int error = check(n, raw, keys, &v);

	if (error)
		return error;
	if (!a->issue)
		return LENO_FILE;
	admission_issue(&a->admission, &v, keys, admit_now_ms(n), w);
	return a->issue(a->keeper, v.token, v.uses, &id,
	                (leno_bytes){ w->start, writer_size(w) }, ret);
}

static const char *sentence(int error)
{
	return error == LENO_LIMIT ? "the invitation has been used up" : leno_strerror(error);
}

static int refuse(leno_message *m, int error)
{
	return leno_refuse(m, -error, sentence(error));
}

static void answer(leno_node *n, leno_message *m, struct bytes raw, const struct public_keys *keys)
{
	char text[LENO_ID_TEXT];
	leno_id id = identity_id(keys);
	uint8_t buf[CERTIFICATE_OWN_MAX];
	struct writer w = writer_of(buf, sizeof buf);
	leno_bytes certificate = { 0 };
	int error = exchange(n, raw, keys, &w, &certificate);

	leno_id_text(&id, text);
	if (error) {
		node_count_refusal(n, error);
		events_refused(n, text, sentence(error));
		refuse(m, error);
		return;
	}
	events_log(n, LENO_LOG_INFO, "%s has its certificate now", text);
	leno_reply(m, certificate);
}

/* ---- who has not -------------------------------------------------------------------------- */

static void passed_on(leno_node *n, void *user, const leno_answer *got)
{
	leno_message *m = user;
	int error;

	n->admit.joins--;
	if (!got->error)
		error = leno_reply(m, got->data);
	else if (got->error == LENO_REFUSED)
		error = leno_refuse(m, got->code, got->why);
	else
		error = refuse(m, got->error);
	if (error && error != LENO_CLOSED)     /* what is answered is not ours any more */
		leno_message_drop(m);
}

static bool find_holder(leno_node *n, leno_id *ret)
{
	struct mesh_node m;
	size_t cursor = 0;

	while (mesh_each(n->mesh, &cursor, &m)) {
		if (!m.pass.issuer || leno_id_same(&m.id, &n->identity.id))
			continue;
		*ret = m.id;
		return true;
	}
	return false;
}

static void pass_on(leno_node *n, leno_message *m, struct bytes body)
{
	leno_message *kept;
	leno_id holder;
	int error;

	if (!find_holder(n, &holder)) {
		refuse(m, LENO_NO_NODE);
		return;
	}
	kept = n->admit.joins < JOINS_MAX ? leno_message_keep(m) : NULL;
	if (!kept) {
		refuse(m, LENO_BUSY);
		return;
	}
	n->admit.joins++;
	error = leno_request(n, &holder, join_type, (leno_bytes){ body.data, body.size },
	                     PASS_ON_MS, passed_on, kept, NULL);
	if (error)
		passed_on(n, kept, &(leno_answer){ .error = error, .why = "" });
}

bool join_take(struct peer *p, leno_message *m, const char *type, struct bytes data)
{
	leno_node *n = p->node;
	struct reader r = reader_of(data);
	struct public_keys keys;
	struct bytes raw;

	if (!n->network.has_key || strcmp(type, join_type) != 0) {
		if (p->pass.guest) {
			node_count_refusal(n, LENO_ROLE);
			refuse(m, LENO_ROLE);
		}
		return p->pass.guest;
	}
	read_copy(&r, keys.ed, sizeof keys.ed);
	read_copy(&r, keys.x, sizeof keys.x);
	raw = read_bytes(&r, reader_left(&r));
	leno_id id = identity_id(&keys);
	if (r.bad || raw.size > INVITATION_MAX || (p->pass.guest && !leno_id_same(&id, &p->id)))
		refuse(m, LENO_PROTOCOL);
	else if (n->admit.admission.issues)
		answer(n, m, raw, &keys);
	else if (p->pass.guest)
		pass_on(n, m, data);
	else
		refuse(m, LENO_CERTIFICATE);
	return true;
}

/* ---- the guest ------------------------------------------------------------------------------ */

static int keep(leno_node *n, leno_bytes certificate)
{
	uint8_t buf[EXTENSION_HEAD + CERTIFICATE_MAX];
	struct writer x = writer_of(buf, sizeof buf);
	struct pass pass;
	int error;

	write_extension(&x, EXTENSION_CERTIFICATE, bytes_of(certificate.data, certificate.size));
	if (x.full)
		return LENO_CERTIFICATE;
	error = network_judge(&n->network, &n->identity.public, writer_bytes(&x), &pass);
	if (!error && n->admit.keep_certificate)
		error = n->admit.keep_certificate(n->admit.keeper, certificate);
	return error;
}

static void joined(leno_node *n, void *user, const leno_answer *got)
{
	struct admit *a = &n->admit;
	int error = got->error;

	(void)user;
	if (error && error != LENO_REFUSED) {
		a->join_asked = false;         /* by the next link */
		return;
	}
	if (error)
		error = got->code > 0 && got->code < 256 ? -got->code : LENO_REFUSED;
	else
		error = keep(n, got->data);
	a->joined = true;
	if (n->handlers.joined)
		n->handlers.joined(n, n->user, error);
}

void join_ask(struct conn *c)
{
	leno_node *n = c->node;
	uint8_t body[JOIN_MAX];
	struct writer w = writer_of(body, sizeof body);

	if (n->network.invitation.size == 0 || n->admit.join_asked || n->admit.joined)
		return;
	write_bytes(&w, n->identity.public.ed, 32);
	write_bytes(&w, n->identity.public.x, 32);
	write_bytes(&w, n->network.invitation.data, n->network.invitation.size);
	n->admit.join_asked = leno_request(n, &link_peer(c->link)->id, join_type,
	                                   (leno_bytes){ body, writer_size(&w) }, JOIN_WAIT_MS,
	                                   joined, NULL, NULL) == 0;
}
