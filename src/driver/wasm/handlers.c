/* handlers.c - what the node tells its application becomes events. */
#include "driver/wasm/wasm.h"

#include <string.h>

#define NONE ((leno_bytes){ 0 })

static void fill_info(leno_pack *p, void *info)
{
	list_info(p, info);
}

static void on_up(leno_node *n, void *user, const leno_info *info)
{
	leno_info copy = *info;

	if (list_make(fill_info, &copy) >= 0)
		event_tell(EVENT_NODE_UP, &info->id, (struct event){ 0 }, text_of(info->name),
		           list_bytes());
}

static void on_down(leno_node *n, void *user, const leno_id *id, enum leno_why why)
{
	event_tell(EVENT_NODE_DOWN, id, (struct event){ .number = (int)why }, NONE, NONE);
}

static void on_link_up(leno_node *n, void *user, const leno_id *id, const char *uri)
{
	event_tell(EVENT_LINK_UP, id, (struct event){ 0 }, text_of(uri), NONE);
}

static void on_link_down(leno_node *n, void *user, const leno_id *id, enum leno_why why, int error)
{
	event_tell(EVENT_LINK_DOWN, id, (struct event){ .number = (int)why, .first = error }, NONE,
	           NONE);
}

static void on_message(leno_node *n, void *user, leno_message *m, const char *type, leno_bytes data)
{
	struct event e = { 0 };

	e.flag = (uint8_t)(leno_message_is_request(m) | leno_message_is_broadcast(m) << 1);
	if (leno_message_is_request(m)) {
		leno_message *kept = leno_message_keep(m);

		e.handle = kept ? handle_new(kept) : 0;
		if (e.handle == 0) {
			leno_message_drop(kept);
			return;
		}
	}
	event_tell(EVENT_MESSAGE, leno_message_from(m), e, text_of(type), data);
}

static void on_sent(leno_node *n, void *user, const leno_id *to, uint64_t first, uint64_t last,
                    enum leno_outcome outcome, int error)
{
	event_tell(EVENT_SENT, to, (struct event){ .flag = (uint8_t)outcome, .number = error,
		.first = (double)first, .last = (double)last }, NONE, NONE);
}

static void on_broadcast_done(leno_node *n, void *user, uint64_t seq, uint32_t confirmed,
                              uint32_t unknown)
{
	event_tell(EVENT_BROADCAST_DONE, NULL, (struct event){ .number = (int)confirmed,
		.first = (double)seq, .last = unknown }, NONE, NONE);
}

static void on_writable(leno_node *n, void *user, const leno_id *to)
{
	event_tell(EVENT_WRITABLE, to, (struct event){ 0 }, NONE, NONE);
}

void on_answer(leno_node *n, void *token, const leno_answer *a)
{
	event_tell(EVENT_ANSWER, NULL, (struct event){ .handle = token_of(token),
		.number = a->error, .first = a->code }, NONE, a->error ? text_of(a->why) : a->data);
}

static void on_invited(leno_node *n, void *user, const leno_id *from, leno_bytes key,
                       leno_bytes note)
{
	event_tell(EVENT_INVITED, from, (struct event){ 0 }, key, note);
}

static void fill_service(leno_pack *p, void *info)
{
	list_service(p, info);
}

static void tell_service(enum event_kind kind, const leno_service_info *info)
{
	leno_service_info copy = *info;

	if (list_make(fill_service, &copy) >= 0)
		event_tell(kind, &info->node, (struct event){ 0 }, text_of(info->name),
		           list_bytes());
}

static void on_service_up(leno_node *n, void *user, const leno_service_info *info)
{
	tell_service(EVENT_SERVICE_UP, info);
}

static void on_service_down(leno_node *n, void *user, const leno_service_info *info)
{
	tell_service(EVENT_SERVICE_DOWN, info);
}

static void on_heartbeat(leno_node *n, void *user, const leno_id *id, uint32_t rtt_us)
{
	event_tell(EVENT_HEARTBEAT, id, (struct event){ .number = (int)rtt_us }, NONE, NONE);
}

static void on_joined(leno_node *n, void *user, int error)
{
	event_tell(EVENT_JOINED, NULL, (struct event){ .number = error }, NONE, NONE);
}

void on_log(void *user, enum leno_log_level level, const char *line)
{
	event_tell(EVENT_LOG, NULL, (struct event){ .number = (int)level }, text_of(line), NONE);
}

void handlers_set(leno_handlers *ret)
{
	*ret = (leno_handlers){
		.node_up = on_up, .node_down = on_down,
		.link_up = on_link_up, .link_down = on_link_down,
		.message = on_message, .sent = on_sent, .writable = on_writable,
		.broadcast_done = on_broadcast_done, .stream = streams_told,
		.joined = on_joined, .invited = on_invited,
		.service_up = on_service_up, .service_down = on_service_down,
		.heartbeat = on_heartbeat,
	};
}
