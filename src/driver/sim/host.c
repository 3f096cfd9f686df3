/* host.c - one node around its engine: its lives, clock, outputs, handlers.
 *
 *   down --sim_start--> running --sim_freeze--> frozen --sim_thaw--> running
 *   running | frozen --sim_crash | sim_vanish | sim_leave--> down
 *
 *  1. Each touch of the engine lies between node_enter(), which tells the time, and
 *     node_leave(), which takes all outputs and sets the alarm.
 *  2. A node's clock has its own zero and may leap, never back.
 *  3. Incarnations grow from life to life. */
#include "world.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static const uint64_t BIRTH_MS = 1700000000000; /* wall time at the sim's beginning */

/* ---- who is who ----------------------------------------------------------------- */

static uint32_t slot_of_id(const struct sim *sim, const leno_id *id)
{
	uint64_t key;

	memcpy(&key, id->bytes + 8, sizeof key); /* only a place in a table: any order will do */
	return (uint32_t)world_mix(key) & (sim->by_id_room - 1);
}

static void index_node(struct sim *sim, struct sim_node *node)
{
	uint32_t at = slot_of_id(sim, &node->id);

	while (sim->by_id[at])
		at = (at + 1) & (sim->by_id_room - 1);
	sim->by_id[at] = node;
}

static void learn_id(struct sim *sim, struct sim_node *node)
{
	if (sim->by_id_room < 4 * sim->n_nodes) {
		uint32_t room = sim->by_id_room ? 2 * sim->by_id_room : 64;

		while (room < 4 * sim->n_nodes)
			room *= 2;
		free(sim->by_id);
		sim->by_id = world_alloc(room * sizeof(*sim->by_id));
		sim->by_id_room = room;
		for (uint32_t i = 0; i < sim->n_nodes; i++)
			if (sim->nodes[i]->life && sim->nodes[i] != node)
				index_node(sim, sim->nodes[i]);
	}
	index_node(sim, node);
}

struct sim_node *node_of(struct sim *sim, const leno_id *id)
{
	if (!sim->by_id_room)
		return NULL;
	for (uint32_t at = slot_of_id(sim, id); sim->by_id[at];
	     at = (at + 1) & (sim->by_id_room - 1))
		if (!memcmp(&sim->by_id[at]->id, id, sizeof *id))
			return sim->by_id[at];
	return NULL;
}

static struct sim_node *known(struct sim_node *node, const leno_id *id, const char *where)
{
	struct sim_node *found = node_of(node->sim, id);

	if (!found)
		world_fail(node->sim, "%s was told of a node that never was, in %s", node->name,
		           where);
	return found;
}

/* ---- handlers ------------------------------------------------------------------- */

static const char *const WHY[] = { "?",      "goodbye", "unreachable", "restarted",
	                           "broken", "silent",  "replaced",    "refused" };

static const char *why_text(enum leno_why why)
{
	return (unsigned)why < sizeof WHY / sizeof *WHY ? WHY[why] : "?";
}

static void on_node_up(leno_node *leno, void *user, const leno_info *info)
{
	struct sim_node *node = user, *subject = known(node, &info->id, "node_up");

	(void)leno;
	if (!subject)
		return;
	world_note(node, 'u', subject->index, info->hops, info->role);
	world_tell(node, "node_up %s, %u hops", subject->name, info->hops);
	ledger_up(node, subject);
}

static void on_node_down(leno_node *leno, void *user, const leno_id *id, enum leno_why why)
{
	struct sim_node *node = user, *subject = known(node, id, "node_down");

	(void)leno;
	if (!subject)
		return;
	world_note(node, 'd', subject->index, why, 0);
	world_tell(node, "node_down %s, %s", subject->name, why_text(why));
	ledger_down(node, subject, why);
}

static void on_link_up(leno_node *leno, void *user, const leno_id *id, const char *uri)
{
	struct sim_node *node = user, *peer = known(node, id, "link_up");

	(void)leno;
	if (!peer)
		return;
	world_note(node, 'L', peer->index, 0, 0);
	world_tell(node, "link_up %s %s", peer->name, uri ? uri : "");
	ledger_link(node, peer, true);
}

static void on_link_down(leno_node *leno, void *user, const leno_id *id, enum leno_why why,
                         int error)
{
	struct sim_node *node = user, *peer = known(node, id, "link_down");

	(void)leno;
	if (!peer)
		return;
	world_note(node, 'l', peer->index, why, (uint64_t)(int64_t)error);
	world_tell(node, "link_down %s, %s (%s)", peer->name, why_text(why), leno_strerror(error));
	ledger_link(node, peer, false);
}

static void on_message(leno_node *leno, void *user, leno_message *message, const char *type,
                       leno_bytes data)
{
	struct sim_node *node = user, *from = known(node, leno_message_from(message), "message");
	bool request = leno_message_is_request(message), cast = leno_message_is_broadcast(message);

	(void)leno;
	if (!from)
		return;
	world_note(node, request ? 'q' : cast ? 'b' : 'm', from->index, data.size, 0);
	world_hash(node->sim, type, strlen(type));
	world_hash(node->sim, data.data, data.size);
	world_tell(node, "%s from %s: %s, %zu bytes",
	           request ? "request"
	           : cast  ? "broadcast"
	                   : "message",
	           from->name, type, data.size);
	if (request)
		ledger_request(node, from, message, type, data);
	else if (cast)
		ledger_broadcast(node, from, data);
	else
		ledger_message(node, from, type, data);
}

static void on_sent(leno_node *leno, void *user, const leno_id *id, uint64_t first, uint64_t last,
                    enum leno_outcome outcome, int error)
{
	struct sim_node *node = user, *to = known(node, id, "sent");

	(void)leno;
	if (!to)
		return;
	world_note(node, 's', to->index, first, last);
	world_note(node, 'o', outcome, (uint64_t)(int64_t)error, 0);
	world_tell(node, "sent to %s: %" PRIu64 " to %" PRIu64 " %s", to->name, first, last,
	           outcome == LENO_CONFIRMED ? "confirmed"
	           : outcome == LENO_UNKNOWN ? "unknown"
	                                     : "refused");
	ledger_sent(node, to, first, last, outcome);
}

static void on_writable(leno_node *leno, void *user, const leno_id *id)
{
	struct sim_node *node = user, *to = known(node, id, "writable");

	(void)leno;
	if (!to)
		return;
	world_note(node, 'w', to->index, 0, 0);
	world_tell(node, "writable %s", to->name);
	ledger_writable(node, to);
}

static void on_broadcast_done(leno_node *leno, void *user, uint64_t seq, uint32_t confirmed,
                              uint32_t unknown)
{
	struct sim_node *node = user;

	(void)leno;
	world_note(node, 'B', seq, confirmed, unknown);
	world_tell(node, "broadcast %" PRIu64 " done: %u confirmed, %u unknown", seq, confirmed,
	           unknown);
	ledger_broadcast_done(node, seq, confirmed, unknown);
}

static void on_stream(leno_node *leno, void *user, leno_stream *stream, const char *topic)
{
	struct sim_node *node = user, *from = node_of(node->sim, leno_stream_peer(stream));

	(void)leno;
	world_note(node, 'S', from ? from->index : UINT64_MAX, 0, 0);
	if (from)
		ledger_stream(node, from, stream, topic);
}

static void on_joined(leno_node *leno, void *user, int error)
{
	struct sim_node *node = user;

	(void)leno;
	world_note(node, 'j', (uint64_t)(int64_t)error, 0, 0);
	world_tell(node, "joined: %s", leno_strerror(error));
	keys_joined(node, error);
}

static void on_invited(leno_node *leno, void *user, const leno_id *from, leno_bytes key,
                       leno_bytes note)
{
	struct sim_node *node = user;

	(void)leno;
	world_note(node, 'i', key.size, note.size, 0);
	if (node->invited)
		node->invited(node, from, key, note);
}

static void on_log(void *user, enum leno_log_level level, const char *line)
{
	struct sim_node *node = user;
	size_t size = strlen(line);

	(void)level;
	world_tell(node, "log: %s", line);
	if (!node->log)
		node->log = world_alloc(SIM_LOG_MAX);
	if (node->log_size + size + 2 > SIM_LOG_MAX)
		return;
	memcpy(node->log + node->log_size, line, size);
	node->log_size += size;
	node->log[node->log_size++] = '\n';
}

static const leno_handlers HANDLERS = { .node_up = on_node_up,
	                                .node_down = on_node_down,
	                                .link_up = on_link_up,
	                                .link_down = on_link_down,
	                                .message = on_message,
	                                .sent = on_sent,
	                                .writable = on_writable,
	                                .broadcast_done = on_broadcast_done,
	                                .stream = on_stream,
	                                .joined = on_joined,
	                                .invited = on_invited,
	                                .service_up = watch_service_up,
	                                .service_down = watch_service_down,
	                                .heartbeat = watch_heartbeat };

/* ---- touching the engine -------------------------------------------------------- */

static uint64_t clock_of(const struct sim_node *node)
{
	return node->sim->now_us + node->skew_us;
}

void node_enter(struct sim_node *node)
{
	if (!node->depth++)
		leno_engine_time(node->leno, clock_of(node));
}

static void on_wake(struct sim *, const struct event *);

static void set_alarm(struct sim_node *node)
{
	uint64_t due = leno_engine_deadline(node->leno), at;

	if (due == UINT64_MAX)
		return;
	at = due > clock_of(node) ? due - node->skew_us : node->sim->now_us;
	if (at >= node->wake_at)
		return;
	node->wake_at = at;
	world_push(node->sim, at, on_wake, node, NULL, 0, 0);
}

/* The alarm may come early (a deadline that was moved); never late. */
static void on_wake(struct sim *sim, const struct event *e)
{
	struct sim_node *node = e->node;
	uint64_t due;

	if (node->wake_at > sim->now_us)
		return; /* this alarm was replaced by a later one */
	node->wake_at = UINT64_MAX;
	due = leno_engine_deadline(node->leno);
	if (due > clock_of(node)) {
		set_alarm(node);
		return;
	}
	if (node->spin_at != sim->now_us)
		node->spins = 0;
	node->spin_at = sim->now_us;
	if (++node->spins > SIM_SPIN_MAX)
		world_fail(sim, "%s spins: its deadline does not move", node->name);
	node_enter(node);
	node_leave(node);
}

void node_leave(struct sim_node *node)
{
	leno_out out;

	if (node->depth > 1) {
		node->depth--;
		return;
	}
	while (leno_engine_next(node->leno, &out) && !node->sim->failed) {
		switch (out.kind) {
		case LENO_OUT_WRITE: wire_writable(node, out.pipe); break;
		case LENO_OUT_CLOSE: wire_close(node, out.pipe); break;
		case LENO_OUT_DIAL:
			world_tell(node, "dials %s", out.uri);
			wire_dial(node, out.dial, out.uri);
			break;
		}
	}
	node->depth = 0;
	set_alarm(node);
}

/* ---- lives ---------------------------------------------------------------------- */

static struct sim_node *node_new(struct sim *sim, const char *name, const leno_options *options)
{
	struct sim_node *node = world_alloc(sizeof *node);

	snprintf(node->name, sizeof node->name, "%s", name);
	node->sim = sim;
	node->index = sim->n_nodes;
	if (options)
		node->options = *options;
	node->options.name = node->name;
	node->options.log = on_log;
	if (node->options.secret.size == sizeof node->secret)
		memcpy(node->secret, node->options.secret.data, sizeof node->secret);
	for (unsigned i = 0; i < sizeof node->identity; i++)
		node->identity[i] = (uint8_t)sim_random(sim, 256);
	node->skew_us = sim_random(sim, (uint64_t)1 << 40);
	node->wake_at = UINT64_MAX;
	if (sim->n_nodes == sim->nodes_room) {
		sim->nodes_room = sim->nodes_room ? 2 * sim->nodes_room : 16;
		sim->nodes = world_grow(sim->nodes, sim->nodes_room * sizeof(*sim->nodes));
	}
	sim->nodes[sim->n_nodes++] = node;
	ledger_born(node);
	return node;
}

struct sim_node *sim_late_node(struct sim *sim, const char *name, const leno_options *options)
{
	return node_new(sim, name, options);
}

struct sim_node *sim_node(struct sim *sim, const char *name, const leno_options *options)
{
	struct sim_node *node = node_new(sim, name, options);

	sim_start(node);
	return node;
}

void sim_start(struct sim_node *node)
{
	struct sim *sim = node->sim;
	leno_engine_config config = { .handlers = HANDLERS, .user = node };
	uint64_t wall_ms = BIRTH_MS + clock_of(node) / 1000;
	int error;

	if (node->leno)
		return;
	for (unsigned i = 0; i < sizeof config.seed; i++)
		config.seed[i] = (uint8_t)sim_random(sim, 256);
	memcpy(config.identity, node->identity, sizeof config.identity);
	memcpy(config.secret, node->secret, sizeof config.secret);
	config.no_aes = true;
	config.has_secret = node->options.secret.size > 0;
	config.wall_ms = wall_ms > node->incarnation_ms ? wall_ms : node->incarnation_ms + 1;
	config.clock_ms = BIRTH_MS + (sim->now_us + node->jumped_us) / 1000;
	config.now_us = clock_of(node);
	config.dials = "sim";
	config.options = node->options;
	config.options.secret = (leno_bytes){ 0 };
	config.options.log_level = sim->trace ? LENO_LOG_DEBUG : node->options.log_level;
	keys_fill(node, &config);
	node->incarnation_ms = config.wall_ms;
	node->life++;
	node->frozen = node->vanished = false;
	node->wake_at = UINT64_MAX;
	error = leno_engine_open(&node->leno, &config);
	if (error) {
		node->leno = NULL;
		world_fail(sim, "%s does not open: %s", node->name, leno_strerror(error));
		return;
	}
	node->id = *leno_self(node->leno);
	if (node->life == 1)
		learn_id(sim, node);
	world_note(node, 'n', node->life, 0, 0);
	world_tell(node, "-- starts its life %u", (unsigned)node->life);
	node_enter(node);
	node_advertise(node);
	for (size_t i = 0; i < node->n_uris; i++)
		if ((error = node_dial(node, node->uris[i])) < 0)
			world_fail(sim, "%s cannot dial: %s", node->name, leno_strerror(error));
	node_leave(node);
}

void node_end(struct sim_node *node, bool vanish)
{
	ledger_drop_kept(node);
	leno_engine_free(node->leno);
	node->leno = NULL;
	node->services = node->services_sum = 0;
	node->frozen = false;
	node->vanished = vanish;
	node->depth = 0;
	world_forget(node);
	wire_drop_all(node, vanish);
	ledger_died(node);
}

void sim_crash(struct sim_node *node)
{
	if (!node->leno)
		return;
	world_tell(node, "-- is killed");
	node_end(node, false);
}

void sim_vanish(struct sim_node *node)
{
	if (!node->leno)
		return;
	world_tell(node, "-- loses its power");
	node_end(node, true);
}

void sim_leave(struct sim_node *node)
{
	if (!node->leno)
		return;
	world_tell(node, "-- says goodbye");
	node_enter(node);
	leno_engine_goodbye(node->leno);
	node_leave(node);
	node_end(node, false);
}

void sim_restart(struct sim_node *node)
{
	sim_crash(node);
	sim_start(node);
}

void sim_freeze(struct sim_node *node)
{
	if (!node->leno || node->frozen)
		return;
	world_tell(node, "-- is frozen");
	node->frozen = true;
}

void sim_thaw(struct sim_node *node)
{
	if (!node->leno || !node->frozen)
		return;
	world_tell(node, "-- thaws");
	node->frozen = false;
	world_release(node);
	wire_nudge_node(node);
}

void sim_jump(struct sim_node *node, uint64_t us)
{
	world_tell(node, "-- its clock leaps by %" PRIu64 " ms", us / 1000);
	node->skew_us += us;
	node->jumped_us += us;
	if (!node->leno)
		return;
	node->wake_at = node->sim->now_us;
	world_push(node->sim, node->sim->now_us, on_wake, node, NULL, 0, 0);
}

void sim_heal(struct sim *sim)
{
	wire_mend_all(sim);
	for (uint32_t i = 0; i < sim->n_nodes; i++)
		sim_thaw(sim->nodes[i]);
}

/* ---- asking about it ------------------------------------------------------------- */

void node_connect(struct sim_node *node, const char *uri)
{
	int error;

	for (size_t i = 0; i < node->n_uris; i++)
		if (!strcmp(node->uris[i], uri))
			return;
	node->uris = world_grow(node->uris, (node->n_uris + 1) * sizeof(*node->uris));
	node->uris[node->n_uris] = world_alloc(strlen(uri) + 1);
	memcpy(node->uris[node->n_uris++], uri, strlen(uri));
	if (!node->leno)
		return;
	node_enter(node);
	error = node_dial(node, uri);
	if (error < 0)
		world_fail(node->sim, "%s cannot dial %s: %s", node->name, uri,
		           leno_strerror(error));
	node_leave(node);
}

struct sim_node *sim_find(struct sim *sim, const char *name)
{
	for (uint32_t i = 0; i < sim->n_nodes; i++)
		if (!strcmp(sim->nodes[i]->name, name))
			return sim->nodes[i];
	return NULL;
}

unsigned sim_neighbours(const struct sim_node *node)
{
	return (unsigned)node->n_cables;
}

void sim_on_invited(struct sim_node *node, sim_invited_fn *fn)
{
	node->invited = fn;
}

void sim_make_endpoint(struct sim_node *node)
{
	node->options.endpoint = true;
}

leno_node *sim_leno(struct sim_node *node)
{
	node->touched = true;
	return node->leno;
}

const leno_id *sim_id(const struct sim_node *node)
{
	return &node->id;
}

const char *sim_name(const struct sim_node *node)
{
	return node->name;
}

bool sim_logged(const struct sim_node *node, const char *words)
{
	return node->log && strstr(node->log, words);
}

leno_stats sim_stats(struct sim_node *node)
{
	leno_stats stats = { 0 };

	if (node->leno)
		leno_get_stats(node->leno, &stats);
	return stats;
}
