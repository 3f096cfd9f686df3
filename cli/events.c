/* events.c - what happens to a node, one line an event.
 * Keeps the names of the nodes that are up: when one goes down, the library knows
 * its name no longer, and people know nothing else of it. */
#include "events.h"
#include "output.h"
#include "units.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

struct known {
	leno_id id;
	char *name;
};

static struct {
	struct known *items;
	size_t count, room;
} known;

static struct known *known_find(const leno_id *id)
{
	for (size_t i = 0; i < known.count; i++) {
		if (leno_id_same(&known.items[i].id, id))
			return &known.items[i];
	}
	return NULL;
}

void event_know(const leno_info *info)
{
	struct known *k = known_find(&info->id);

	if (k != NULL) {
		free(k->name);
		k->name = need(strdup(info->name));
		return;
	}
	if (known.count == known.room) {
		known.room = known.room ? known.room * 2 : 16;
		known.items = need(realloc(known.items, known.room * sizeof *known.items));
	}
	known.items[known.count++] = (struct known){ info->id, need(strdup(info->name)) };
}

void event_forget(const leno_id *id)
{
	struct known *k = known_find(id);

	if (k == NULL)
		return;
	free(k->name);
	*k = known.items[--known.count];
}

const char *event_name(const leno_id *id)
{
	const struct known *k = known_find(id);

	return k ? k->name : "";
}

/* ---- lines for people ------------------------------------------------------ */

static void begin(enum event_style style)
{
	time_t now = (time_t)(clock_wall_ms() / 1000);
	struct tm tm;
	char text[16];

	if (style != EVENTS_TIMED)
		return;
	localtime_r(&now, &tm);
	strftime(text, sizeof text, "%H:%M:%S", &tm);
	out("%s%s%s ", style_dim(), text, style_none());
}

static void finish(void)
{
	out_bytes("\n", 1);
	out_end();
}

/* "bob 3f2a91c0", or the whole id of a node without a name. */
static void say_node(const leno_id *id, const char *name)
{
	char text[LENO_ID_TEXT];

	leno_id_text(id, text);
	if (*name == '\0') {
		out("%s", text);
		return;
	}
	out("%s", style_bold());
	out_safe_text(name);
	out("%s %s%.8s%s", style_none(), style_dim(), text, style_none());
}

static void say(enum event_style style, const char *colour, const char *word)
{
	begin(style);
	out("%s%-9s%s ", colour, word, style_none());
}

/* ---- events ---------------------------------------------------------------- */

static cJSON *json_node(const char *event, const leno_id *id, const char *name)
{
	cJSON *object = json_event(event);

	json_id(object, "id", id);
	json_text(object, "name", name);
	return object;
}

static void json_reason(cJSON *object, const char *reason)
{
	if (reason != NULL)
		json_text(object, "reason", reason);
	else
		need(cJSON_AddNullToObject(object, "reason"));
}

static void json_listen(cJSON *object, leno_node *node)
{
	cJSON *listen = need(cJSON_AddArrayToObject(object, "listen"));
	const char *uri;

	for (size_t i = 0; (uri = leno_uri(node, i)) != NULL; i++)
		cJSON_AddItemToArray(listen, need(cJSON_CreateString(uri)));
}

void event_ready(leno_node *node, enum event_style style, const char *name, const char *network)
{
	const char *uri;

	name = name ? name : "";
	network = network ? network : "default";
	if (style == EVENTS_JSON) {
		cJSON *object = need(cJSON_CreateObject());

		json_text(object, "event", "ready");
		json_id(object, "id", leno_self(node));
		json_listen(object, node);
		json_text(object, "name", name);
		json_text(object, "network", network);
		json_number(object, "time_ms", (double)clock_wall_ms());
		out_json(object);
		return;
	}
	say(style, "", "ready");
	say_node(leno_self(node), name);
	out(" in network ");
	out_safe_text(network);
	for (size_t i = 0; (uri = leno_uri(node, i)) != NULL; i++)
		out("%s %s", i ? "," : ", listening at", uri);
	finish();
}

void event_reloaded(leno_node *node, enum event_style style, const char *reason,
                    const char *unchanged)
{
	const char *uri;

	if (style == EVENTS_JSON) {
		cJSON *object = json_event("reloaded");

		json_reason(object, reason);
		json_listen(object, node);
		json_text(object, "unchanged", unchanged);
		out_json(object);
		return;
	}
	say(style, reason ? style_bad() : "", "reloaded");
	if (reason != NULL)
		out("nothing: ");
	out_safe_text(reason ? reason : "the configuration");
	for (size_t i = 0; !reason && (uri = leno_uri(node, i)) != NULL; i++)
		out("%s %s", i ? "," : ", listening at", uri);
	finish();
}

void event_serves(enum event_style style, const char *what, const char *uri)
{
	if (style == EVENTS_JSON) {
		cJSON *object = json_event(what);

		json_text(object, "uri", uri);
		out_json(object);
		return;
	}
	say(style, "", what);
	out("at %s", uri);
	finish();
}

void event_node_up(enum event_style style, const leno_info *info)
{
	event_know(info);
	if (style == EVENTS_JSON) {
		cJSON *object = json_event("node_up");

		json_info(object, info);
		json_reason(object, NULL);
		out_json(object);
		return;
	}
	say(style, style_good(), "up");
	say_node(&info->id, info->name);
	if (info->hops == 1)
		out(", a neighbour");
	else
		out(", %u hops away", info->hops);
	if (info->role == LENO_ENDPOINT)
		out(", an endpoint");
	if (info->role == LENO_OBSERVER)
		out(", an observer");
	finish();
}

void event_node_down(enum event_style style, const leno_id *id, enum leno_why why)
{
	if (style == EVENTS_JSON) {
		cJSON *object = json_node("node_down", id, event_name(id));

		json_reason(object, why_text(why));
		out_json(object);
	} else {
		say(style, style_bad(), "down");
		say_node(id, event_name(id));
		out(", %s", why_text(why));
		finish();
	}
	event_forget(id);
}

void event_link_up(enum event_style style, leno_node *node, const leno_id *id, const char *uri)
{
	/* Of a neighbour the handshake tells, before the mesh does. */
	const char *name = leno_name(node, id);

	if (style == EVENTS_JSON) {
		cJSON *object = json_node("link_up", id, name);

		json_reason(object, NULL);
		json_text(object, "uri", uri ? uri : "");
		out_json(object);
		return;
	}
	say(style, "", "link up");
	say_node(id, name);
	out(", %s", uri ? uri : "");
	finish();
}

void event_link_down(enum event_style style, const leno_id *id, enum leno_why why, int error)
{
	static const leno_id nobody;
	const char *name = id ? event_name(id) : "";

	if (style == EVENTS_JSON) {
		cJSON *object = json_node("link_down", id, name);

		json_reason(object, why_text(why));
		if (error)
			json_text(object, "error", leno_strerror(error));
		out_json(object);
		return;
	}
	say(style, "", "link down");
	say_node(id ? id : &nobody, name);
	out(", %s", why_text(why));
	if (error)
		out(": %s", leno_strerror(error));
	finish();
}

void event_leader(enum event_style style, leno_node *node, const char *name, bool leads)
{
	if (style == EVENTS_JSON) {
		cJSON *object = json_node("leader", leno_self(node), name ? name : "");

		json_bool(object, "leads", leads);
		out_json(object);
	}
}

void event_command(enum event_style style, const leno_id *from, const char *word)
{
	if (style == EVENTS_JSON) {
		cJSON *object = json_node("command", from, event_name(from));

		json_text(object, "command", word);
		out_json(object);
		return;
	}
	say(style, "", "command");
	out("%s from ", word);
	say_node(from, event_name(from));
	finish();
}

void event_message(enum event_style style, const leno_message *message, const char *type,
                   leno_bytes data, size_t most)
{
	size_t shown = data.size < most ? data.size : most;
	const leno_id *from = leno_message_from(message);
	bool request = leno_message_is_request(message);
	bool broadcast = leno_message_is_broadcast(message);
	const char *name = event_name(from);
	char id[LENO_ID_TEXT];

	if (style == EVENTS_JSON) {
		cJSON *object = json_node("message", from, name);

		json_text(object, "type", type);
		json_bool(object, "request", request);
		json_bool(object, "broadcast", broadcast);
		if (shown == data.size) {
			json_data(object, data);
		} else { /* half of it would be taken for all of it */
			json_number(object, "size", (double)data.size);
			json_bool(object, "omitted", true);
		}
		out_json(object);
		return;
	}
	if (style == EVENTS_TIMED) {
		say(style, "", request ? "request" : broadcast ? "broadcast" : "message");
		say_node(from, name);
	} else {
		out("%s", style_bold());
		out_safe_text(*name ? name : leno_id_text(from, id));
		out("%s %s", style_none(),
		    request     ? "request"
		    : broadcast ? "broadcast"
		                : "message");
	}
	out(" ");
	out_safe_text(type);
	out(" ");
	out_safe(data.data, shown);
	if (shown < data.size)
		out("%s ... %zu bytes%s", style_dim(), data.size, style_none());
	finish();
}

void event_copy(enum event_style style, const struct event_copy *e)
{
	double seconds = (double)e->took_us / 1e6;
	char size[UNITS_MAX], speed[UNITS_MAX];

	if (style == EVENTS_JSON) {
		cJSON *object = json_node("copy", e->peer, event_name(e->peer));

		json_reason(object, e->error);
		json_text(object, "direction", e->in ? "in" : "out");
		json_text(object, "file", e->file);
		json_number(object, "size", (double)e->size);
		json_number(object, "bytes", (double)e->bytes);
		json_number(object, "elapsed_us", (double)e->took_us);
		out_json(object);
		return;
	}
	say(style, e->error ? style_bad() : "", e->in ? "file in" : "file out");
	out_safe_text(*e->file ? e->file : "a file");
	out(e->in ? " from " : " to ");
	say_node(e->peer, event_name(e->peer));
	if (e->error != NULL) {
		out(": ");
		out_safe_text(e->error);
	} else {
		out(", %s in %.1f s, %s/s", show_bytes(size, (double)e->size), seconds,
		    show_bytes(speed, seconds > 0 ? (double)e->bytes / seconds : 0));
	}
	finish();
}

void event_forward(enum event_style style, const struct event_forward *e)
{
	char in[UNITS_MAX], back[UNITS_MAX];

	if (style == EVENTS_JSON) {
		cJSON *object = json_node("forward", e->peer, event_name(e->peer));

		json_reason(object, e->error);
		json_text(object, "state", e->state);
		json_text(object, "to", e->to);
		json_number(object, "bytes_in", (double)e->bytes_in);
		json_number(object, "bytes_out", (double)e->bytes_out);
		json_number(object, "elapsed_us", (double)e->took_us);
		out_json(object);
		return;
	}
	say(style, e->error ? style_bad() : "", "forward");
	out("%s to ", e->state);
	out_safe_text(e->to);
	out(" for ");
	say_node(e->peer, event_name(e->peer));
	if (e->error != NULL) {
		out(": ");
		out_safe_text(e->error);
	} else if (e->took_us > 0) {
		out(", %s there, %s back", show_bytes(in, (double)e->bytes_in),
		    show_bytes(back, (double)e->bytes_out));
	}
	finish();
}
