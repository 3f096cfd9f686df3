/* revoke.c - revocations, from link to link: each end says what it knows by a digest, whoever
 * knows more tells all, and what is news goes on at once.
 *
 *  1. There are no queues: a link remembers up to which entry it has been told. */
#include "node/admit.h"
#include "node/node.h"

static bool takes_part(const struct conn *c)
{
	return c->node->network.has_key && c->number >= 0 && !c->finishing &&
	       !link_peer(c->link)->pass.guest && c->node->network.invitation.size == 0;
}

bool revoke_wants(const struct conn *c)
{
	return takes_part(c) &&
	       (!c->revoked_said || (c->revoked_met &&
	                             revoked_after(&c->node->admit.admission.revoked, c->revoked_told)));
}

static void make_digest(struct conn *c, struct writer *w)
{
	const struct revoked *r = &c->node->admit.admission.revoked;
	struct writer body = frame_begin(w, FRAME_REVOCATIONS);

	write_u64(&body, r->digest[0]);
	write_u64(&body, r->digest[1]);
	if (frame_end(w, &body))
		c->revoked_said = true;
}

void revoke_make(struct conn *c, struct writer *w)
{
	const struct revoked *r = &c->node->admit.admission.revoked;
	const struct revoked_entry *e;

	if (!takes_part(c))
		return;
	if (!c->revoked_said)
		make_digest(c, w);
	while (c->revoked_met && (e = revoked_after(r, c->revoked_told))) {
		if (!write_frame(w, FRAME_REVOKED, bytes_of(e->raw, sizeof e->raw)))
			return;
		c->revoked_told = e->number;
	}
}

static void wake_all(leno_node *n)
{
	list_each (it, next, &n->conns) {
		struct conn *c = list_item(it, struct conn, all);

		if (revoke_wants(c))
			down_wake(c);
	}
}

/* Whoever is shut out is so at the end of this input. */
static void heard(leno_node *n)
{
	n->admit.look = n->admit.keep_due = true;
	wake_all(n);
}

static int take_one(leno_node *n, struct bytes raw)
{
	int got = revoked_take(&n->admit.admission.revoked, raw, n->network.key, admit_now_ms(n));

	if (got == 1)
		heard(n);
	if (got == LENO_LIMIT)
		events_log(n, LENO_LOG_ERROR, "a revocation is not kept: there are %d already",
		           REVOKED_MAX);
	return got == LENO_PROTOCOL ? got : 0;
}

int revoke_take(struct conn *c, const struct frame *f)
{
	leno_node *n = c->node;
	struct revoked *r = &n->admit.admission.revoked;
	struct reader body = reader_of(f->body);
	uint64_t digest[2];
	int error = 0;

	if (!takes_part(c))
		return 0;
	if (f->type == FRAME_REVOCATIONS) {
		digest[0] = read_u64(&body);
		digest[1] = read_u64(&body);
		c->revoked_met = true;
		c->revoked_told = digest[0] == r->digest[0] && digest[1] == r->digest[1] ? r->last : 0;
		down_wake(c);
		return read_end(&body) ? 0 : LENO_PROTOCOL;
	}
	while (!error && reader_left(&body) >= REVOCATION_SIZE)
		error = take_one(n, read_bytes(&body, REVOCATION_SIZE));
	return error || read_end(&body) ? error : LENO_PROTOCOL;
}

/* ---- leno.h ---------------------------------------------------------------------------- */

int leno_revoke(leno_node *n, const leno_id *id)
{
	struct admit *a;
	uint8_t raw[REVOCATION_SIZE];
	struct writer w = writer_of(raw, sizeof raw);
	int got;

	if (!n || !id || leno_id_same(id, &n->identity.id))
		return LENO_ARGUMENT;
	a = &n->admit;
	if (!a->admission.issues)
		return LENO_CERTIFICATE;
	revocation_write(&w, &(struct revocation){ .id = *id });
	revocation_sign(&w, &a->admission.pair);
	got = revoked_take(&a->admission.revoked, writer_bytes(&w), n->network.key,
	                   admit_now_ms(n));
	if (got < 0)
		return got;
	heard(n);
	admit_keep(n);
	timers_set(&n->timers, &a->timer, n->now_us);
	return a->keep_due ? LENO_FILE : 0;
}

size_t leno_revoked(const leno_node *n)
{
	return n ? n->admit.admission.revoked.count : 0;
}
