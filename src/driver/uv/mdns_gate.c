/* mdns_gate.c - reads packets of multicast DNS (RFC 1035, 4; RFC 6762, 18). */
#include "driver/uv/mdns_gate.h"

#include <string.h>

enum {
	HEADER_SIZE = 12,
	NAME_MAX_ = 255, /* bytes of a name, as it is sent                */
	LABEL_MAX_ = 63,
	TEXT_MAX = 1300,    /* of a TXT record, as RFC 6763, 6.2 advises     */
	OPAQUE_MAX = 512,   /* of a record that nobody here looks into       */
	MASK_KIND = 0x780f, /* opcode and rcode: both must be 0              */
	FLAG_RESPONSE = 0x8000,
	POINTER = 0xc0
};

enum {
	TYPE_A = 1,
	TYPE_PTR = 12,
	TYPE_HINFO = 13,
	TYPE_TXT = 16,
	TYPE_AAAA = 28,
	TYPE_SRV = 33,
	TYPE_OPT = 41,
	TYPE_NSEC = 47
};

struct look {
	const uint8_t *packet;
	size_t size, at;
	bool bad;
	bool ours; /* some name in it is of leno                    */
};

struct name {
	size_t size;
	uint8_t bytes[NAME_MAX_]; /* labels as they are sent, in lower case        */
};

/* ---- reading --------------------------------------------------------------------- */

static uint16_t look_u16(struct look *l)
{
	uint16_t value;

	if (l->bad || l->size - l->at < 2) {
		l->bad = true;
		return 0;
	}
	value = (uint16_t)(l->packet[l->at] << 8 | l->packet[l->at + 1]);
	l->at += 2;
	return value;
}

static void look_skip(struct look *l, size_t n)
{
	if (l->bad || l->size - l->at < n)
		l->bad = true;
	else
		l->at += n;
}

static uint8_t lower(uint8_t c)
{
	return c >= 'A' && c <= 'Z' ? (uint8_t)(c + 32) : c;
}

/* Appends the label at `at` (its length first) to the name. */
static bool take_label(const struct look *l, size_t at, struct name *name)
{
	size_t n = (size_t)l->packet[at] + 1;

	if (n - 1 > LABEL_MAX_ || l->size - at < n || name->size + n > NAME_MAX_)
		return false;
	name->bytes[name->size++] = l->packet[at];
	for (size_t i = 1; i < n; i++)
		name->bytes[name->size++] = lower(l->packet[at + i]);
	return true;
}

/* A name, from l->at on. A pointer must lead to before the labels that end in it, so each
 * is followed once: there are no circles. */
static bool follow_name(struct look *l, struct name *name)
{
	size_t at = l->at, before = l->at, end = 0;

	name->size = 0;
	while (at < l->size) {
		uint8_t first = l->packet[at];

		if (first >= POINTER) {
			if (l->size - at < 2)
				return false;
			end = end ? end : at + 2;
			at = (size_t)(first & ~POINTER) << 8 | l->packet[at + 1];
			if (at >= before || at < HEADER_SIZE)
				return false;
			before = at;
			continue;
		}
		if (!take_label(l, at, name))
			return false;
		at += (size_t)first + 1;
		if (first == 0) {
			l->at = end ? end : at;
			return true;
		}
	}
	return false;
}

static void look_name(struct look *l, struct name *name)
{
	if (!l->bad)
		l->bad = !follow_name(l, name);
	if (l->bad)
		name->size = 0;
}

/* ---- whose it is ------------------------------------------------------------------- */

/* Ends in these labels, beginning where a label begins. */
static bool ends_in(const struct name *name, const char *tail, size_t size)
{
	size_t at = 0;

	while (at < name->size && name->size - at > size)
		at += (size_t)name->bytes[at] + 1;
	return name->size - at == size && memcmp(name->bytes + at, tail, size) == 0;
}

#define ENDS_IN(name, text) ends_in(name, text, sizeof text)

static bool is_host(const struct name *name)
{
	static const char local[] = "\5local";
	size_t first = name->size > 0 ? (size_t)name->bytes[0] + 1 : 0;

	return first > 3 && name->size == first + sizeof local &&
	       memcmp(name->bytes + 1, "m-", 2) == 0 && ENDS_IN(name, "\5local");
}

static bool is_service(const struct name *name)
{
	return ENDS_IN(name, "\5_leno\4_tcp\5local");
}

/* Who asks for all types of services, asks for ours too. */
static bool is_enumeration(const struct name *name)
{
	return ENDS_IN(name, "\11_services\7_dns-sd\4_udp\5local");
}

/* ---- records ------------------------------------------------------------------------- */

static void look_question(struct look *l)
{
	struct name name;

	look_name(l, &name);
	look_skip(l, 4);
	l->ours |= is_service(&name) || is_host(&name) || is_enumeration(&name);
}

/* Strings with their lengths, up to exactly there. */
static void look_strings(struct look *l, size_t end)
{
	while (!l->bad && l->at < end)
		look_skip(l, (size_t)l->packet[l->at] + 1);
	l->bad |= l->at != end;
}

static void look_target(struct look *l, size_t end)
{
	struct name name;

	look_name(l, &name);
	l->bad |= l->at != end || name.size < 2;
}

static void look_data(struct look *l, uint16_t type, size_t size)
{
	size_t end = l->at + size;

	switch (type) {
	case TYPE_A: look_skip(l, 4); break;
	case TYPE_AAAA: look_skip(l, 16); break;
	case TYPE_PTR: look_target(l, end); break;
	case TYPE_SRV:
		look_skip(l, 6);
		look_target(l, end);
		break;
	case TYPE_TXT:
		l->bad |= size == 0 || size > TEXT_MAX;
		look_strings(l, end);
		break;
	case TYPE_HINFO:
		l->bad |= size < 2;
		look_strings(l, end);
		break;
	case TYPE_NSEC:
	case TYPE_OPT:
		l->bad |= size > OPAQUE_MAX;
		look_skip(l, size);
		break;
	default: l->bad = true; break;
	}
	l->bad |= l->at != end;
}

/* An address may be of any host: a service of ours may point there. */
static void look_record(struct look *l)
{
	struct name name;
	uint16_t type, size;

	look_name(l, &name);
	type = look_u16(l);
	look_skip(l, 2 + 4);
	size = look_u16(l);
	if (l->bad || l->size - l->at < size || (type != TYPE_OPT && name.size < 2)) {
		l->bad = true;
		return;
	}
	l->ours |= type == TYPE_A || type == TYPE_AAAA || is_service(&name) || is_host(&name);
	look_data(l, type, size);
}

/* ---- packets --------------------------------------------------------------------------- */

/* How many records it has, questions among them; 0 when it is bad. */
static uint32_t look_packet(struct look *l, bool *ret_response)
{
	uint16_t flags, questions;
	uint32_t records = 0;

	look_skip(l, 2);
	flags = look_u16(l);
	questions = look_u16(l);
	for (int i = 0; i < 3; i++)
		records += look_u16(l);
	if (l->bad || (flags & MASK_KIND) || questions + records > GATE_RECORDS_MAX)
		return 0;
	*ret_response = flags & FLAG_RESPONSE;
	for (uint32_t i = 0; i < questions && !l->bad; i++)
		look_question(l);
	for (uint32_t i = 0; i < records && !l->bad; i++)
		look_record(l);
	return l->bad || l->at != l->size ? 0 : questions + records;
}

void gate_init(struct gate *g, uint64_t now_ms)
{
	*g = (struct gate){ .room = { GATE_BURST, GATE_BURST }, .at_ms = now_ms };
}

static void refill(struct gate *g, uint64_t now_ms)
{
	uint64_t more = (now_ms - g->at_ms) * GATE_RATE / 1000;

	if (more == 0)
		return;
	g->at_ms = now_ms;
	for (int i = 0; i < 2; i++)
		g->room[i] =
			more >= GATE_BURST - g->room[i] ? GATE_BURST : g->room[i] + (uint32_t)more;
}

enum gate_verdict gate_take(struct gate *g, const uint8_t *packet, size_t size, uint64_t now_ms)
{
	struct look l = { .packet = packet, .size = size };
	bool response = false;
	uint32_t records;

	if (size > GATE_PACKET_MAX)
		return GATE_BAD;
	records = look_packet(&l, &response);
	if (records == 0)
		return GATE_BAD;
	if (!l.ours)
		return GATE_FOREIGN;
	refill(g, now_ms);
	if (g->room[response] < records) {
		if (response)
			g->flooded_ms = now_ms;
		return GATE_FLOOD;
	}
	g->room[response] -= records;
	g->answers += response ? records : 0;
	return GATE_PASS;
}
