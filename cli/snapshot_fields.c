/* snapshot_fields.c - the counters that there are, by their names here and elsewhere. A new
 * field of leno.h gets its line here, and is told everywhere. */
#include "snapshot.h"

#include <string.h>

#define NODE(field)    offsetof(leno_stats, field), sizeof(((leno_stats *)0)->field)
#define LINK(field)    offsetof(leno_link_info, field), sizeof(((leno_link_info *)0)->field)
#define SESSION(field) offsetof(leno_session_info, field), sizeof(((leno_session_info *)0)->field)

static const struct field node_items[] = {
	{ "sent", true, UNIT_NONE, "leno_messages_sent_total", NULL,
	  "Messages, requests, replies and broadcasts that programs sent.", NODE(sent) },
	{ "received", true, UNIT_NONE, "leno_messages_received_total", NULL,
	  "Messages, requests, replies and broadcasts given to programs.", NODE(received) },
	{ "bytes_out", true, UNIT_BYTES, "leno_sent_bytes_total", NULL,
	  "Bytes written to all links, all included.", NODE(bytes_out) },
	{ "bytes_in", true, UNIT_BYTES, "leno_received_bytes_total", NULL,
	  "Bytes read from all links, all included.", NODE(bytes_in) },
	{ "records_out", true, UNIT_NONE, "leno_sent_records_total", NULL,
	  "Sealed records written to all links.", NODE(records_out) },
	{ "records_in", true, UNIT_NONE, "leno_received_records_total", NULL,
	  "Sealed records read from all links.", NODE(records_in) },
	{ "forwarded", true, UNIT_NONE, "leno_forwarded_packets_total", NULL,
	  "Packets relayed for others.", NODE(forwarded) },
	{ "dropped", true, UNIT_NONE, "leno_dropped_packets_total", NULL,
	  "Packets of others that could not be relayed.", NODE(dropped) },
	{ "marked", true, UNIT_NONE, "leno_marked_packets_total", NULL,
	  "Packets of others that met a long queue.", NODE(marked) },
	{ "handshakes", true, UNIT_NONE, "leno_handshakes_total", NULL,
	  "Handshakes of links that succeeded.", NODE(handshakes) },
	{ "refused_secret", true, UNIT_NONE, "leno_refused_total", "reason=\"secret\"",
	  "What was refused, by reason.", NODE(refused_secret) },
	{ "refused_network", true, UNIT_NONE, "leno_refused_total", "reason=\"network\"", "",
	  NODE(refused_network) },
	{ "refused_identity", true, UNIT_NONE, "leno_refused_total", "reason=\"identity\"", "",
	  NODE(refused_identity) },
	{ "refused_protocol", true, UNIT_NONE, "leno_refused_total", "reason=\"protocol\"", "",
	  NODE(refused_protocol) },
	{ "refused_replay", true, UNIT_NONE, "leno_refused_total", "reason=\"replay\"", "",
	  NODE(refused_replay) },
	{ "refused_busy", true, UNIT_NONE, "leno_refused_total", "reason=\"busy\"", "",
	  NODE(refused_busy) },
	{ "refused_nodes", true, UNIT_NONE, "leno_refused_total", "reason=\"nodes\"", "",
	  NODE(refused_nodes) },
	{ "refused_certificate", true, UNIT_NONE, "leno_refused_total", "reason=\"certificate\"",
	  "", NODE(refused_certificate) },
	{ "refused_expired", true, UNIT_NONE, "leno_refused_total", "reason=\"expired\"", "",
	  NODE(refused_expired) },
	{ "refused_revoked", true, UNIT_NONE, "leno_refused_total", "reason=\"revoked\"", "",
	  NODE(refused_revoked) },
	{ "refused_role", true, UNIT_NONE, "leno_refused_total", "reason=\"role\"", "",
	  NODE(refused_role) },
	{ "refused_uninvited", true, UNIT_NONE, "leno_refused_total", "reason=\"uninvited\"", "",
	  NODE(refused_uninvited) },
	{ "resent_bytes", true, UNIT_BYTES, "leno_resent_bytes_total", NULL,
	  "Bytes of all sessions that were sent again.", NODE(resent_bytes) },
	{ "lost_packets", true, UNIT_NONE, "leno_lost_packets_total", NULL,
	  "Packets of our sessions that were lost across relays.", NODE(lost_packets) },
	{ "probes", true, UNIT_NONE, "leno_probes_total", NULL,
	  "Packets that were sent because nothing was heard.", NODE(probes) },
	{ "relay_queue_bytes", false, UNIT_BYTES, "leno_relay_queue_bytes", NULL,
	  "What waits now to be relayed.", NODE(relay_queue_bytes) },
	{ "relay_queue_us", false, UNIT_US, "leno_relay_queue_seconds", NULL,
	  "For how long the longest of it has waited.", NODE(relay_queue_us) },
	{ "links", false, UNIT_NONE, "leno_links", NULL, "Links to neighbours now.", NODE(links) },
	{ "nodes", false, UNIT_NONE, "leno_nodes", NULL,
	  "Nodes that can be reached now, this one included.", NODE(nodes) },
	{ "sessions", false, UNIT_NONE, "leno_sessions", NULL, "Sessions with other nodes now.",
	  NODE(sessions) },
	{ "memory", false, UNIT_BYTES, "leno_memory_bytes", NULL,
	  "Memory of queues and messages now.", NODE(memory) },
};

static const struct field link_items[] = {
	{ "rtt_us", false, UNIT_RTT, "leno_link_rtt_seconds", NULL,
	  "Smoothed round trip of the link.", LINK(rtt_us) },
	{ "age_ms", false, UNIT_MS, "leno_link_age_seconds", NULL, "Time since its handshake.",
	  LINK(age_ms) },
	{ "bytes_out", true, UNIT_BYTES, "leno_link_sent_bytes_total", NULL,
	  "Bytes written to the link, all included.", LINK(bytes_out) },
	{ "bytes_in", true, UNIT_BYTES, "leno_link_received_bytes_total", NULL,
	  "Bytes read from the link, all included.", LINK(bytes_in) },
	{ "records_out", true, UNIT_NONE, "leno_link_sent_records_total", NULL,
	  "Sealed records written to the link.", LINK(records_out) },
	{ "records_in", true, UNIT_NONE, "leno_link_received_records_total", NULL,
	  "Sealed records read from the link.", LINK(records_in) },
	{ "relay_bytes", false, UNIT_BYTES, "leno_link_relay_queue_bytes", NULL,
	  "Packets of others that wait for the link now.", LINK(relay_bytes) },
	{ "forwarded", true, UNIT_NONE, "leno_link_forwarded_packets_total", NULL,
	  "Packets of others given to the link.", LINK(forwarded) },
	{ "dropped", true, UNIT_NONE, "leno_link_dropped_packets_total", NULL,
	  "Packets of others for which the link had no room.", LINK(dropped) },
	{ "marked", true, UNIT_NONE, "leno_link_marked_packets_total", NULL,
	  "Packets of others that met a long queue at the link.", LINK(marked) },
};

static const struct field session_items[] = {
	{ "rtt_us", false, UNIT_RTT, "leno_session_rtt_seconds", NULL,
	  "Smoothed round trip from end to end.", SESSION(rtt_us) },
	{ "age_ms", false, UNIT_MS, "leno_session_age_seconds", NULL,
	  "Time since the session began.", SESSION(age_ms) },
	{ "lives", true, UNIT_NONE, "leno_session_lives_total", NULL,
	  "How often the session began, the first time included.", SESSION(lives) },
	{ "sent", true, UNIT_NONE, "leno_session_messages_sent_total", NULL,
	  "Messages, requests and replies that programs sent.", SESSION(sent) },
	{ "received", true, UNIT_NONE, "leno_session_messages_received_total", NULL,
	  "Messages, requests and replies given to programs.", SESSION(received) },
	{ "items_out", true, UNIT_NONE, "leno_session_sent_items_total", NULL,
	  "Messages, pieces of streams and all else that takes a number, sent.",
	  SESSION(items_out) },
	{ "items_confirmed", true, UNIT_NONE, "leno_session_confirmed_items_total", NULL,
	  "Items sent that the peer has confirmed.", SESSION(items_confirmed) },
	{ "items_unknown", true, UNIT_NONE, "leno_session_unknown_items_total", NULL,
	  "Items sent of which it is not known whether they arrived.", SESSION(items_unknown) },
	{ "items_in", true, UNIT_NONE, "leno_session_received_items_total", NULL,
	  "Items taken from the peer.", SESSION(items_in) },
	{ "bytes_out", true, UNIT_BYTES, "leno_session_sent_bytes_total", NULL,
	  "Bytes of items sent, each once.", SESSION(bytes_out) },
	{ "bytes_in", true, UNIT_BYTES, "leno_session_received_bytes_total", NULL,
	  "Bytes of items received, each once.", SESSION(bytes_in) },
	{ "resent_bytes", true, UNIT_BYTES, "leno_session_resent_bytes_total", NULL,
	  "Bytes of items that were sent again.", SESSION(resent_bytes) },
	{ "waiting_bytes", false, UNIT_BYTES, "leno_session_waiting_bytes", NULL,
	  "Bytes that wait to be sent now.", SESSION(waiting_bytes) },
	{ "unconfirmed_bytes", false, UNIT_BYTES, "leno_session_unconfirmed_bytes", NULL,
	  "Bytes sent and not acknowledged now.", SESSION(unconfirmed_bytes) },
	{ "streams", false, UNIT_NONE, "leno_session_streams", NULL,
	  "Streams that are open now.", SESSION(streams) },
	{ "lost_packets", true, UNIT_NONE, "leno_session_lost_packets_total", NULL,
	  "Packets of the session that were lost across relays.", SESSION(lost_packets) },
	{ "marked_packets", true, UNIT_NONE, "leno_session_marked_packets_total", NULL,
	  "Packets of the session that had waited long at a relay.", SESSION(marked_packets) },
	{ "window_bytes", false, UNIT_BYTES, "leno_session_window_bytes", NULL,
	  "Bytes that may be under way across relays now; 0 on a direct path.",
	  SESSION(window_bytes) },
};

const struct fields node_fields = { node_items, sizeof node_items / sizeof node_items[0] };
const struct fields link_fields = { link_items, sizeof link_items / sizeof link_items[0] };
const struct fields session_fields = { session_items,
	                               sizeof session_items / sizeof session_items[0] };

uint64_t field_get(const struct field *f, const void *info)
{
	const char *at = (const char *)info + f->at;
	uint32_t small;
	uint64_t value;

	if (f->size == sizeof small) {
		memcpy(&small, at, sizeof small);
		return small;
	}
	memcpy(&value, at, sizeof value);
	return value;
}

void field_set(const struct field *f, void *info, uint64_t value)
{
	char *at = (char *)info + f->at;
	uint32_t small = value < UINT32_MAX ? (uint32_t)value : UINT32_MAX;

	if (f->size == sizeof small)
		memcpy(at, &small, sizeof small);
	else
		memcpy(at, &value, sizeof value);
}
