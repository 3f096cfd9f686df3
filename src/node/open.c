/* open.c - a node's beginning and end, and the inputs and outputs of engine.h. */
#include <assert.h>

#include "base/mem.h"
#include "node/direct.h"
#include "node/meet.h"
#include "node/group.h"
#include "node/node.h"
#include "node/states.h"
#include "node/services.h"
#include "session/inbox.h"
#include "wire/addresses.h"
#include "wire/node_record.h"

enum {
	HEARTBEAT_MS   = 2000,
	MISSES         = 2,
	HEARTBEAT_MS_MAX = 3600 * 1000,
	MISSES_MAX     = 1000,
	SILENCE_US     = 800 * 1000,     /* frozen under traffic: found within a second */
	MEMORY_DEFAULT = 256 << 20,
	MEMORY_LEAST   = 1 << 20,
	QUEUE_DEFAULT  = 4 << 20,
	NODES_DEFAULT  = 4096,
	LINKS_DEFAULT  = 256,
	DIALS_DEFAULT  = 16,
	LINGER_MS      = 900 * 1000
};

static void fill_in(leno_options *o)
{
	o->network = o->network && *o->network ? o->network : "default";
	o->name = o->name ? o->name : "";
	o->heartbeat_ms = o->heartbeat_ms ? o->heartbeat_ms : HEARTBEAT_MS;
	o->heartbeat_misses = o->heartbeat_misses ? o->heartbeat_misses : MISSES;
	o->memory_max = o->memory_max ? o->memory_max : MEMORY_DEFAULT;
	if (!o->message_max)              /* one message must fit what sessions may hold */
		o->message_max = o->memory_max / 4 < MESSAGE_MAX ? o->memory_max / 4 : MESSAGE_MAX;
	o->queue_max = o->queue_max ? o->queue_max : QUEUE_DEFAULT;
	o->nodes_max = o->nodes_max ? o->nodes_max : NODES_DEFAULT;
	o->links_max = o->links_max ? o->links_max : LINKS_DEFAULT;
	o->dials_max = o->dials_max ? o->dials_max : DIALS_DEFAULT;
	o->session_linger_ms = o->session_linger_ms ? o->session_linger_ms : LINGER_MS;
}

static bool good(const leno_options *o)
{
	if (strlen(o->network) > NETWORK_MAX || strcmp(o->network, MEETING_NETWORK) == 0 || !node_text_ok(bytes_text(o->name), NAME_MAX_) ||
	    o->n_labels > LABELS_MAX || (o->n_labels > 0 && !o->labels) ||
	    (o->n_allow > 0 && !o->allow) ||
	    o->heartbeat_ms > HEARTBEAT_MS_MAX || o->heartbeat_misses > MISSES_MAX ||
	    o->memory_max < MEMORY_LEAST || o->message_max > INT32_MAX ||
	    o->message_max > o->memory_max / 4 ||
	    o->links_max > LINKS_MAX - STRANGERS_MAX)
		return false;
	for (size_t i = 0; i < o->n_labels; i++)
		if (!o->labels[i] || !node_text_ok(bytes_text(o->labels[i]), LABEL_MAX))
			return false;
	if (o->n_advertise > ADVERTISED_MAX || (o->n_advertise > 0 && !o->advertise))
		return false;
	for (size_t i = 0; i < o->n_advertise; i++)
		if (!o->advertise[i] || !address_ok(bytes_text(o->advertise[i])))
			return false;
	return true;
}

static const char *keep_text(char **at, const char *text)
{
	char *kept = *at;
	size_t size = strlen(text) + 1;

	memcpy(kept, text, size);
	*at += size;
	return kept;
}

static int keep_strings(leno_node *n)
{
	leno_options *o = &n->options;
	size_t size = strlen(o->network) + strlen(o->name) + 2;
	char *at;

	for (size_t i = 0; i < o->n_labels; i++)
		size += strlen(o->labels[i]) + 1;
	for (size_t i = 0; i < o->n_advertise; i++)
		size += strlen(o->advertise[i]) + 1;
	n->strings = at = mem_new(size);
	if (!at)
		return LENO_MEMORY;
	o->network = keep_text(&at, o->network);
	o->name = keep_text(&at, o->name);
	for (size_t i = 0; i < o->n_labels; i++)
		n->labels[i] = keep_text(&at, o->labels[i]);
	o->labels = n->labels;
	for (size_t i = 0; i < o->n_advertise; i++)
		n->advertise[i] = keep_text(&at, o->advertise[i]);
	o->advertise = n->advertise;
	o->certificate_file = o->network_key_file = o->invitation = NULL;
	o->allow = NULL;
	o->identity_file = o->secret_file = o->state_dir = NULL;
	o->secret = (leno_bytes){ 0 };
	return 0;
}

static void set_up(leno_node *n, bool has_aes)
{
	const leno_options *o = &n->options;
	enum leno_role role = o->visitor || n->network.invitation.size > 0 ? LENO_VISITOR
	                    : o->observer || n->admit.pass.role == LENO_OBSERVER ? LENO_OBSERVER
	                    : o->endpoint ? LENO_ENDPOINT : n->admit.pass.role;

	n->link_setup = (struct link_setup){
		.self = &n->identity, .network = &n->network, .random = &n->random,
		.spare = &n->spare, .incarnation = n->incarnation, .role = role, .name = o->name,
		.message_max = (uint32_t)o->message_max,
		.heartbeat_us = (uint64_t)o->heartbeat_ms * 1000, .misses = o->heartbeat_misses,
		.silence_us = SILENCE_US, .has_aes = has_aes, .gcm = &n->gcm
	};
	n->session_setup = (struct session_setup){
		.self = &n->identity, .network = &n->network, .random = &n->random,
		.pool = &n->pool, .incarnation = n->incarnation, .queue_max = o->queue_max,
		.message_max = o->message_max, .memory_max = share_of(o, SHARE_ITEMS),
		.memory_small = share_of(o, SHARE_SMALL) > ITEM_FREE ? share_of(o, SHARE_SMALL)
		                                                     : ITEM_FREE,
		.visitor = o->visitor, .has_aes = has_aes, .gcm = &n->gcm
	};
}

static int make_parts(leno_node *n, const char *dials)
{
	const leno_options *o = &n->options;
	struct mesh_setup mesh = {
		.self = &n->identity, .network = &n->network, .random = &n->random,
		.incarnation = n->incarnation, .role = n->link_setup.role,
		.message_max = (uint32_t)o->message_max, .name = o->name, .n_labels = o->n_labels,
		.labels = o->labels, .nodes_max = o->nodes_max
	};
	uint8_t seed[16];
	int error = timers_admit(&n->timers);

	if (error)
		return error;
	n->mesh_timer.kind = TIMER_MESH;
	n->suspects_timer.kind = TIMER_SUSPECTS;
	error = timers_admit(&n->timers);
	if (error)
		return error;
	error = timers_admit(&n->timers);
	if (error)
		return error;
	n->stream_timer.kind = TIMER_STREAMS;
	random_bytes(&n->random, seed, sizeof seed);
	map_init(&n->peers, offsetof(struct peer, id), sizeof(leno_id), o->nodes_max, seed);
	n->mesh = mesh_new(&mesh, n->now_us);
	error = n->mesh ? fan_open(n) : LENO_MEMORY;
	if (!error && o->rendezvous)
		error = meet_open(n);
	if (!error)
		error = groups_open(n);
	if (!error)
		error = states_open(n);
	if (!error)
		error = direct_open(n, dials);
	return error ? error : services_open(n);
}

static uint32_t most_requests(const leno_options *o)
{
	size_t most = share_of(o, SHARE_REQUESTS) / REQUEST_COST;

	return most < REQUESTS_MAX ? (uint32_t)most : REQUESTS_MAX;
}

int leno_engine_open(leno_node **ret, const leno_engine_config *config)
{
	leno_options options;
	leno_node *n;
	int error;

	if (!ret || !config || config->wall_ms > INCARNATION_MAX ||
	    (config->dials && strlen(config->dials) > LENO_DIALS_MAX))
		return LENO_ARGUMENT;
	if (!crypto_init())
		return LENO_INTERNAL;
	options = config->options;
	fill_in(&options);
	if (!good(&options))
		return LENO_ARGUMENT;
	n = mem_new(sizeof *n);
	if (!n)
		return LENO_MEMORY;
	n->options = options;
	n->handlers = config->handlers;
	n->user = config->user;
	n->now_us = config->now_us;
	n->incarnation = config->wall_ms;
	n->wall_us = (int64_t)(config->wall_ms % (INCARNATION_MAX / 1000) * 1000 - config->now_us);
	list_init(&n->conns);
	list_init(&n->writing);
	list_init(&n->graves);
	list_init(&n->unclocked);
	list_init(&n->moved);
	list_init(&n->suspected);
	list_init(&n->strays);
	list_init(&n->stream_events);
	list_init(&n->stream_later);
	n->flow_setup = (struct flow_setup){ .pool = &n->pool, .budget = share_of(&options, SHARE_STREAMS) };
	timers_init(&n->timers);
	requests_init(&n->requests, &n->timers, TIMER_REQUEST,
	              most_requests(&options));
	dials_init(&n->dials, &n->timers, TIMER_DIAL);
	pool_init(&n->pool, share_of(&options, SHARE_POOL) / (sizeof(struct chunk) + BUDGET_BLOCK));
	n->types_budget.max = share_of(&options, SHARE_TYPES);
	random_init(&n->random, config->seed, bytes_text("leno node"));
	identity_from_seed(&n->identity, config->identity);
	network_init(&n->network, options.network, config->has_secret ? config->secret : NULL);
	error = admit_open(n, config);
	if (!error)
		error = keep_strings(n);
	if (!error) {
		set_up(n, crypto_has_aes() && !config->no_aes);
		error = make_parts(n, config->dials);
	}
	if (error) {
		leno_engine_free(n);
		return error;
	}
	node_settle(n);
	*ret = n;
	return 0;
}

void leno_engine_goodbye(leno_node *n)
{
	size_t cursor = 0;
	struct peer *p;

	if (n->leaving)
		return;
	while ((p = map_next(&n->peers, &cursor))) {
		session_bye(p->session);
		peers_wake(p);
	}
	mesh_goodbye(n->mesh, n->now_us);
	n->leaving = true;
	n->handlers = (leno_handlers){ 0 };     /* nothing is heard from now on */
	for (cursor = 0; (p = map_next(&n->peers, &cursor));)
		list_each (rt, behind, &p->requests)
			requests_end(&n->requests, list_item(rt, struct request, of_peer));
	list_each (it, next, &n->conns) {
		struct conn *c = list_item(it, struct conn, all);

		if (c->finishing)
			continue;
		c->goodbye = true;
		c->close_due = true;
		list_append(&n->writing, &c->writing);
	}
}

void leno_engine_free(leno_node *n)
{
	size_t cursor = 0;

	if (!n)
		return;
	n->leaving = true;
	fan_free(n);
	groups_free(n);
	states_free(n);
	for (struct peer *p; (p = map_next(&n->peers, &cursor)); cursor = 0)
		peers_free(p);
	streams_clear(n);
	services_free(n);
	list_each (it, next, &n->conns)
		conns_free(list_item(it, struct conn, all));
	list_each (jt, after, &n->graves)
		conns_free(list_item(jt, struct conn, all));
	requests_clear(&n->requests);
	direct_free(n);
	meet_free(n);
	dials_clear(&n->dials);
	map_clear(&n->peers);
	table_clear(&n->pipes);
	table_clear(&n->links);
	mesh_free(n->mesh);
	session_setup_clear(&n->session_setup);
	timers_clear(&n->timers);
	pool_clear(&n->pool);
	admit_free(n);
	identity_wipe(&n->identity);
	crypto_wipe(&n->network, sizeof n->network);
	crypto_wipe(&n->spare, sizeof n->spare);
	mem_free(n->strings);
	mem_free(n);
}

void leno_engine_set_driver(leno_node *n, void *driver)
{
	n->driver = driver;
}

void *leno_engine_driver(const leno_node *n)
{
	return n->driver;
}

void leno_engine_refused(leno_node *n, const char *uri, int error, const char *why)
{
	node_count_refusal(n, error);
	events_refused(n, uri, why ? why : leno_strerror(error));
}

void leno_engine_log(leno_node *n, enum leno_log_level level, const char *line)
{
	events_log(n, level, "%s", line);
}

/* ---- inputs ----------------------------------------------------------------- */

int leno_engine_gcm(leno_node *n, const leno_gcm *g)
{
	const struct gcm gcm = { g->schedule_size, g->expand, g->seal, g->open };

	if (n->gcm.schedule_size > 0 || gcm.schedule_size == 0 || !gcm_agrees(&gcm))
		return LENO_ARGUMENT;
	n->gcm = gcm;
	return 0;
}

static struct conn *conn_of(leno_node *n, leno_pipe pipe)
{
	return table_get(&n->pipes, pipe);
}

bool leno_engine_proved(const leno_node *n, leno_pipe pipe)
{
	const struct conn *c = table_get(&n->pipes, pipe);

	if (!c || !c->proved || c->waiting || c->finishing || link_peer(c->link)->pass.guest)
		return false;
	/* Who answers a dial gets its proof first; what it says after that is its own one. */
	return !link_dialled(c->link) || link_confirmed(c->link);
}

int leno_engine_opened(leno_node *n, leno_pipe pipe, enum leno_pipe_class class, uint32_t dial,
                       const char *uri)
{
	return leno_engine_bound(n, pipe, class, dial, uri, (leno_bytes){ 0 });
}

int leno_engine_bound(leno_node *n, leno_pipe pipe, enum leno_pipe_class class, uint32_t dial,
                      const char *uri, leno_bytes binding)
{
	struct dial *d = dial ? dials_find(&n->dials, dial) : NULL;
	struct conn *old = conn_of(n, pipe);
	int error;

	if (pipe >= LENO_PIPES_MAX)
		return LENO_LIMIT;
	if (dial && !d)                /* nor is it known any more what its link was to be */
		return LENO_URI;
	if ((old && !old->finishing) || binding.size > BINDING_MAX)
		return LENO_ARGUMENT;
	if (old)
		conns_bury(old);
	n->depth++;
	error = n->leaving     ? LENO_CLOSED
	        : n->duplicate ? LENO_DUPLICATE
	                       : conns_open(n, pipe, class, dial, uri ? uri : "",
	                                    bytes_of(binding.data, binding.size));
	if (error)
		node_count_refusal(n, error);
	if (d && error)
		direct_dial_lost(n, d);
	else if (d)
		d->state = DIAL_LINKING;
	node_settle(n);
	n->depth--;
	return error;
}

void leno_engine_dial_failed(leno_node *n, uint32_t dial, int error)
{
	struct dial *d = dials_find(&n->dials, dial);

	if (!d || d->state != DIAL_DIALLING)
		return;
	/* Once is worth a warning; that it goes on is not. Nobody has said anything yet: the
	 * system has, for want of a listener. */
	if (error < 0)
		events_log(n, d->delay_ms == DIAL_FIRST_MS && !d->automatic ? LENO_LOG_WARN : LENO_LOG_DEBUG,
		           "cannot dial %s: %s%s", d->uri,
		           error == LENO_REFUSED ? "nobody listens there" : leno_strerror(error),
		           d->automatic ? "" : " (trying again)");
	direct_dial_lost(n, d);
}

void leno_engine_take(leno_node *n, leno_pipe pipe, uint8_t *data, size_t size)
{
	struct conn *c = conn_of(n, pipe);

	if (!c || c->finishing)
		return;
	n->depth++;
	up_take(c, data, size);
	node_settle(n);
	n->depth--;
}

void leno_engine_closed(leno_node *n, leno_pipe pipe, int error)
{
	struct conn *c = conn_of(n, pipe);

	if (!c)
		return;
	n->depth++;
	conns_leave(c, LENO_WHY_BROKEN, error);
	conns_bury(c);
	node_settle(n);
	n->depth--;
}

/* ---- outputs ---------------------------------------------------------------- */

static bool next_dial(leno_node *n, leno_out *ret)
{
	if (n->n_dials_due == 0)
		return false;
	list_each (it, next, &n->dials.all) {
		struct dial *d = list_item(it, struct dial, all);

		if (!d->due)
			continue;
		d->due = false;
		n->n_dials_due--;
		*ret = (leno_out){ .kind = LENO_OUT_DIAL, .dial = d->number, .uri = d->uri + (d->meeting ? sizeof MEETING_SCHEME - 1 : 0),
		                   .hearsay = d->automatic, .beside = d->beside };
		return true;
	}
	n->n_dials_due = 0;
	return false;
}

static bool next_output(leno_node *n, leno_out *ret)
{
	while (!list_empty(&n->writing)) {
		struct conn *c = list_item(n->writing.next, struct conn, writing);

		list_remove(&c->writing);
		if (c->close_due) {
			c->close_due = false;
			c->close_told = true;
			*ret = (leno_out){ .kind = LENO_OUT_CLOSE, .pipe = c->pipe };
			return true;
		}
		if (!c->named && down_has(c)) {
			c->named = true;
			*ret = (leno_out){ .kind = LENO_OUT_WRITE, .pipe = c->pipe };
			return true;
		}
	}
	return next_dial(n, ret);
}

/* A driver asks until there is no more, carries all out, and asks again: who has nothing then
 * has time for the next handshake's key pair. */
bool leno_engine_next(leno_node *n, leno_out *ret)
{
	bool any = next_output(n, ret);

	if (!any && n->spare_due && !n->gave) {
		ephemeral_prepare(&n->spare, &n->random);
		n->spare_due = false;
	}
	n->gave = any;
	return any;
}

size_t leno_engine_make(leno_node *n, leno_pipe pipe, uint8_t *buf, size_t capacity)
{
	struct conn *c = conn_of(n, pipe);

	assert(capacity >= LENO_MAKE_MIN);
	return c ? down_make(c, buf, capacity) : 0;
}
