/* admit.c - see admit.h.
 *
 *   link known --admit_link--> counts | waits --admit_settle--> counts | closed
 *   certificate ends, is revoked --admit_settle--> links closed, sessions ended, node shut
 *
 *  1. What a certificate allows is asked again whenever a revocation comes, when the list of who is
 *     allowed changes, and when the first of all certificates that are known expires. */
#include "node/admit.h"

#include "base/mem.h"
#include "node/node.h"

uint64_t admit_now_ms(const leno_node *n)
{
	return n->admit.clock_ms + (n->now_us - n->admit.opened_us) / 1000;
}

static void look_at(leno_node *n, uint64_t due_us)
{
	struct timer *t = &n->admit.timer;

	if (due_us < t->due_us || t->slot == 0)
		timers_set(&n->timers, t, due_us);
}

static uint64_t us_of(const leno_node *n, uint64_t clock_ms)
{
	uint64_t now_ms = admit_now_ms(n);

	return clock_ms <= now_ms ? n->now_us
	     : clock_ms - now_ms > UINT32_MAX ? n->now_us + UINT32_MAX * UINT64_C(1000)
	                                      : n->now_us + (clock_ms - now_ms) * 1000;
}

void admit_expects(leno_node *n, const struct pass *p)
{
	if (p->expires_ms)
		look_at(n, us_of(n, p->expires_ms));
}

/* ---- beginning ----------------------------------------------------------------------- */

static int judge(void *arg, const struct public_keys *keys, struct bytes extensions,
                 struct pass *ret)
{
	leno_node *n = arg;

	return admission_judge(&n->admit.admission, keys, extensions, admit_now_ms(n), ret);
}

/* Our own certificate: of these keys, or of those that send us as a visitor. */
static int open_certificate(leno_node *n, const leno_engine_config *config)
{
	struct admit *a = &n->admit;
	struct writer w = writer_of(a->own, sizeof a->own), x;
	uint8_t extension[EXTENSION_HEAD + CERTIFICATE_MAX];
	struct identity holder = n->identity;
	struct pass pass;
	int error;

	if (config->has_holder)
		identity_from_seed(&holder, config->holder);
	if (config->certificate.size > 0)
		write_bytes(&w, config->certificate.data, config->certificate.size);
	else
		admission_issue_own(&a->admission, &holder.public, admit_now_ms(n), &w);
	if (config->has_holder)
		certificate_send(&w, &holder, &n->identity.public,
		                 admit_now_ms(n) + VISIT_MS);
	identity_wipe(&holder);
	x = writer_of(extension, sizeof extension);
	write_extension(&x, EXTENSION_CERTIFICATE, writer_bytes(&w));
	if (w.full || x.full)
		return LENO_CERTIFICATE;
	error = judge(n, &n->identity.public, writer_bytes(&x), &pass);
	if (error)
		return error;
	n->network.certificate = writer_bytes(&w);
	a->pass = pass;
	admit_expects(n, &pass);
	return 0;
}

static void open_revocations(leno_node *n, leno_bytes kept)
{
	struct reader r = reader_of(bytes_of(kept.data, kept.size));

	while (reader_left(&r) >= REVOCATION_SIZE)
		revoked_take(&n->admit.admission.revoked, read_bytes(&r, REVOCATION_SIZE),
		             n->network.key, admit_now_ms(n));
}

static int open_key(leno_node *n, const leno_engine_config *config)
{
	struct admit *a = &n->admit;

	if (config->issues) {
		network_pair_from_seed(&a->admission.pair, config->network_seed);
		a->admission.issues = true;
		memcpy(n->network.key, a->admission.pair.public, sizeof n->network.key);
	} else {
		memcpy(n->network.key, config->network_key, sizeof n->network.key);
	}
	memcpy(a->admission.key, n->network.key, sizeof a->admission.key);
	n->network.has_key = true;
	n->network.judge = judge;
	n->network.judge_of = n;
	open_revocations(n, config->revocations);
	if (config->invitation.size == 0)
		return open_certificate(n, config);
	if (config->invitation.size > sizeof a->invited)
		return LENO_CERTIFICATE;
	memcpy(a->invited, config->invitation.data, config->invitation.size);
	n->options.visitor = true;
	n->network.invitation = bytes_of(a->invited, config->invitation.size);
	return 0;
}

static int open_list(leno_node *n, const leno_options *o)
{
	if (o->n_allow == 0)
		return 0;
	n->admit.allowed = mem_take(o->n_allow * sizeof(leno_id));
	if (!n->admit.allowed)
		return LENO_MEMORY;
	memcpy(n->admit.allowed, o->allow, o->n_allow * sizeof(leno_id));
	n->admit.n_allowed = o->n_allow;
	return 0;
}

int admit_open(leno_node *n, const leno_engine_config *config)
{
	struct admit *a = &n->admit;
	int error = timers_admit(&n->timers);

	if (error)
		return error;
	a->timer.kind = TIMER_ADMIT;
	a->opened_us = n->now_us;
	a->clock_ms = config->clock_ms ? config->clock_ms : config->wall_ms;
	a->pass.role = LENO_MEMBER;
	a->issue = config->issue;
	a->keep_revocations = config->keep_revocations;
	a->keep_certificate = config->keep_certificate;
	a->keeper = config->keeper;
	error = open_list(n, &n->options);
	return !error && config->has_key ? open_key(n, config) : error;
}

void admit_free(leno_node *n)
{
	n->admit.allowed = mem_free(n->admit.allowed);
	applicants_clear(&n->admit.applicants);
	admission_clear(&n->admit.admission);
}

/* ---- lists, and the host ----------------------------------------------------------------- */

int admit_still(const leno_node *n, const struct pass *p)
{
	return n->network.has_key ? admission_still(&n->admit.admission, p, admit_now_ms(n)) : 0;
}

static int still(void *arg, const struct pass *p)
{
	return admit_still(arg, p);
}

static bool listed(const leno_node *n, const leno_id *id)
{
	const struct admit *a = &n->admit;

	for (size_t i = 0; i < a->n_allowed; i++)
		if (leno_id_same(&a->allowed[i], id))
			return true;
	return !a->allowed;
}

/* The same, and whether it is on the list now. */
static int welcome(const leno_node *n, const struct pass *p)
{
	int error = admit_still(n, p);

	return error ? error : p->guest || listed(n, &p->holder) ? 0 : LENO_UNINVITED;
}

/* The host may answer at once, and then knows. */
static int ask_host(leno_node *n, const leno_stranger *s)
{
	struct admit *a = &n->admit;
	const struct applicant *one = applicants_find(&a->applicants, &s->id);
	leno_ticket ticket;
	int error;

	if (!n->handlers.admit)
		return 0;
	if (!one) {
		error = applicants_ask(&a->applicants, &s->id, n->now_us, &ticket);
		if (error)
			return error;
		look_at(n, applicants_due(&a->applicants));
		n->handlers.admit(n, n->user, s, ticket);
		one = applicants_find(&a->applicants, &s->id);
	}
	if (!one || one->state == APPLICANT_OUT)
		return LENO_UNINVITED;
	return one->state == APPLICANT_IN ? 0 : LENO_AGAIN;
}

static size_t guests(const leno_node *n)
{
	size_t count = 0;

	list_each (it, next, &n->conns) {
		const struct conn *c = list_item(it, struct conn, all);

		count += c->proved && !c->finishing && link_peer(c->link)->pass.guest;
	}
	return count;
}

/* Both ends may dial at once: more than that is somebody who takes the place of others. */
static bool waits_twice(const struct conn *c)
{
	size_t count = 0;

	list_each (it, next, &c->node->conns) {
		const struct conn *o = list_item(it, struct conn, all);

		count += o->waiting && !o->finishing &&
		         leno_id_same(&link_peer(o->link)->id, &link_peer(c->link)->id);
	}
	return count >= 2;
}

/* Guests are neither listed nor known to the host: what they may do harms nobody. */
int admit_link(struct conn *c)
{
	leno_node *n = c->node;
	const struct link_peer *p = link_peer(c->link);

	admit_expects(n, &p->pass);
	if (p->pass.guest) {
		look_at(n, n->now_us + GUEST_MS * UINT64_C(1000));
		return guests(n) > GUESTS_MAX ? LENO_BUSY : 0;
	}
	if (!listed(n, &p->pass.holder))
		return LENO_UNINVITED;
	if (conns_to(n, &p->id))
		return 0;
	if (waits_twice(c))
		return LENO_BUSY;
	return ask_host(n, &(leno_stranger){ .id = p->id, .name = p->name, .uri = c->uri,
	                                     .role = p->role });
}

int admit_session(leno_node *n, const leno_id *id, const struct pass *pass, bool visitor)
{
	struct mesh_node m = { .name = "", .role = visitor ? LENO_VISITOR : pass->role };

	admit_expects(n, pass);
	if (!listed(n, &pass->holder))
		return LENO_UNINVITED;
	mesh_get(n->mesh, id, &m);
	return ask_host(n, &(leno_stranger){ .id = *id, .name = m.name, .uri = "",
	                                     .role = m.role });
}

int admit_ours(leno_node *n, const leno_id *id, const struct pass *pass)
{
	int error = admit_still(n, pass);

	if (error)
		return error;
	if (!listed(n, &pass->holder))
		return LENO_UNINVITED;
	return n->handlers.admit ? applicants_let_in(&n->admit.applicants, id) : 0;
}

bool admit_hears(leno_node *n, const leno_id *id)
{
	const struct applicant *one;

	if (!listed(n, id))
		return false;
	if (!n->handlers.admit || peers_get(n, id) || conns_to(n, id))
		return true;
	one = applicants_find(&n->admit.applicants, id);
	return one && one->state == APPLICANT_IN;
}

int admit_relist(leno_id **list, size_t *n, const leno_id *ids, size_t count)
{
	leno_id *other = NULL;

	if ((count > 0 && !ids) || count > SIZE_MAX / sizeof *other)
		return LENO_ARGUMENT;
	if (count > 0) {
		other = mem_take(count * sizeof *other);
		if (!other)
			return LENO_MEMORY;
		memcpy(other, ids, count * sizeof *other);
	}
	mem_free(*list);
	*list = other;
	*n = count;
	return 0;
}

int leno_allow(leno_node *n, const leno_id *ids, size_t count)
{
	int error = n ? admit_relist(&n->admit.allowed, &n->admit.n_allowed, ids, count)
	              : LENO_ARGUMENT;

	if (error)
		return error;
	n->admit.relisted = true;
	look_at(n, n->now_us);
	return 0;
}

static int answer(leno_node *n, leno_ticket ticket, bool in)
{
	int error = n && ticket ? applicants_decide(&n->admit.applicants, ticket, in, n->now_us)
	                        : LENO_ARGUMENT;

	if (!error)
		look_at(n, n->now_us);
	return error;
}

int leno_admit(leno_node *n, leno_ticket ticket)
{
	return answer(n, ticket, true);
}

int leno_turn_away(leno_node *n, leno_ticket ticket)
{
	return answer(n, ticket, false);
}

/* ---- roles --------------------------------------------------------------------------------- */

/* Whatever it calls itself, a visitor is no more than who has sent it. */
static enum leno_role rights(enum leno_role role, const struct pass *pass)
{
	return pass->role == LENO_OBSERVER ? LENO_OBSERVER : role;
}

enum leno_role leno_role_of(leno_node *n, const leno_id *id)
{
	const struct link_peer *near;
	const struct conn *c;
	struct mesh_node m;
	struct peer *p;

	if (!n || !id)
		return LENO_VISITOR;
	if (leno_id_same(id, &n->identity.id))
		return n->link_setup.role;
	if (mesh_get(n->mesh, id, &m))
		return rights(m.role, &m.pass);
	c = conns_to(n, id);
	near = c ? link_peer(c->link) : NULL;
	if (near)
		return rights(near->role, &near->pass);
	p = peers_get(n, id);
	return p ? rights(p->visitor ? LENO_VISITOR : p->pass.role, &p->pass) : LENO_VISITOR;
}

bool admit_observes(leno_node *n, const leno_id *id)
{
	return leno_role_of(n, id) == LENO_OBSERVER;
}

/* ---- what ends ------------------------------------------------------------------------------ */

static void look_at_link(struct conn *c)
{
	leno_node *n = c->node;
	const struct pass *pass = &link_peer(c->link)->pass;
	int error = welcome(n, pass);

	if (error) {
		node_count_refusal(n, error);
		events_refused(n, c->uri, leno_strerror(error));
		conns_close(c,
		            error == LENO_REVOKED    ? CLOSE_REVOKED
		            : error == LENO_UNINVITED ? CLOSE_UNINVITED
		                                      : CLOSE_EXPIRED,
		            LENO_WHY_REFUSED, error);
	} else if (pass->guest && n->now_us >= c->counts.opened_us + GUEST_MS * UINT64_C(1000)) {
		conns_close(c, CLOSE_LIMIT, LENO_WHY_REFUSED, LENO_TIMEOUT);
	} else {
		admit_expects(n, pass);
		if (pass->guest)
			look_at(n, c->counts.opened_us + GUEST_MS * UINT64_C(1000));
	}
}

/* A newer certificate than that of its beginning may be known of it.
 * Whoever was shut may call handlers that make or end other peers: so one at a time. */
static bool shut_one(leno_node *n)
{
	struct mesh_node m;
	size_t cursor = 0;

	for (struct peer *p; (p = map_next(&n->peers, &cursor));) {
		bool renewed = mesh_get(n->mesh, &p->id, &m) && m.up;
		int error = p->shut ? 0 : welcome(n, renewed ? &m.pass : &p->pass);

		if (!error)
			continue;
		p->shut = true;
		peers_hold(p);
		peers_end(p, error);
		peers_fail_requests(p, error);
		peers_release(p);
		return true;
	}
	return false;
}

static void bury_shut(leno_node *n)
{
	size_t cursor = 0;

	for (struct peer *p; (p = map_next(&n->peers, &cursor));) {
		if (!p->shut || p->held > 0)
			continue;
		peers_free(p);
		cursor = 0;
	}
}

static void look_at_own(leno_node *n)
{
	int error = n->network.invitation.size > 0 ? 0 : still(n, &n->admit.pass);

	if (error && !n->admit.over)
		events_log(n, LENO_LOG_ERROR, "this node belongs to the network no more: %s",
		           leno_strerror(error));
	n->admit.over = error != 0;
}

static void look_again(leno_node *n)
{
	struct admission *a = &n->admit.admission;
	uint64_t expires_ms;

	revoked_expire(&a->revoked, admit_now_ms(n));
	look_at_own(n);
	expires_ms = mesh_rejudge(n->mesh, still, n);
	if (expires_ms != NEVER)
		look_at(n, us_of(n, expires_ms));
	list_each (it, next, &n->conns) {
		struct conn *c = list_item(it, struct conn, all);

		if (c->proved && !c->finishing)
			look_at_link(c);
	}
	events_mesh(n);
	while (!n->leaving && shut_one(n))
		;
	bury_shut(n);
}

/* Those of whom the host has decided meanwhile. */
static void settle_waiting(leno_node *n)
{
	list_each (it, next, &n->conns) {
		struct conn *c = list_item(it, struct conn, all);
		const struct applicant *one;

		if (!c->waiting || c->finishing)
			continue;
		one = applicants_find(&n->admit.applicants, &link_peer(c->link)->id);
		if (one && one->state == APPLICANT_WAITS)
			continue;
		c->waiting = false;
		if (one && one->state == APPLICANT_IN)
			conns_let_in(c);
		else
			conns_turn_away(c, LENO_UNINVITED);
	}
}

void admit_keep(leno_node *n)
{
	struct revoked *r = &n->admit.admission.revoked;
	const struct revoked_entry *e = NULL;
	uint8_t *all;
	size_t size = 0;

	if (!n->admit.keep_due || !n->admit.keep_revocations) {
		n->admit.keep_due = false;
		return;
	}
	all = mem_take(r->count * REVOCATION_SIZE + 1);
	while (all && (e = revoked_after(r, e ? e->number : 0))) {
		memcpy(all + size, e->raw, REVOCATION_SIZE);
		size += REVOCATION_SIZE;
	}
	n->admit.keep_due = !all || n->admit.keep_revocations(n->admit.keeper,
	                                                      (leno_bytes){ all, size });
	if (n->admit.keep_due)
		events_log(n, LENO_LOG_ERROR,
		           "what was revoked could not be written down: a restart forgets it");
	mem_free(all);
}

void admit_settle(leno_node *n)
{
	struct admit *a = &n->admit;

	if (!a->look)
		return;
	a->look = false;
	applicants_expire(&a->applicants, n->now_us);
	settle_waiting(n);
	admit_keep(n);
	if (n->network.has_key || a->relisted)
		look_again(n);
	a->relisted = false;
	if (applicants_due(&a->applicants) != NEVER)
		look_at(n, applicants_due(&a->applicants));
}
