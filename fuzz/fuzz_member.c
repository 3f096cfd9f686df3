/* A member of a group, with its key, that says what it likes: frames whose seal and signature
 * hold, with any items, numbers and joins; words by the session; records that list it or not.
 * Nothing that it does reaches an assert, or keeps memory once it is gone. */
#include <string.h>

#include "node/group.h"
#include "support/wires.h"
#include "wire/extensions.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { BOB, EVE, NODES, MS_US = 1000 };

static const leno_bytes KEY = { "the key", 7 };

static struct wires w;
static leno_group *group;              /* Bob's; NULL once it has left */
static volatile uint8_t sum;

static void require(bool good)
{
	if (!good)
		__builtin_trap();
}

static void on_state(leno_group *g, void *user, enum leno_group_state state)
{
	(void)g, (void)user;
	if (state == LENO_GROUP_LEFT)
		group = NULL;
}

static void on_message(leno_group *g, void *user, const leno_id *from, const char *type,
                       leno_bytes data, bool alone)
{
	const uint8_t *bytes = data.data;

	(void)g, (void)user, (void)from, (void)alone;
	require(strlen(type) <= LENO_TYPE_MAX);
	for (size_t i = 0; i < data.size; i += 64)
		sum = (uint8_t)(sum + bytes[i]);       /* it can be read */
}

static const leno_group_handlers handlers = { .state = on_state, .message = on_message };

static struct group_keys keys(void)
{
	struct group_keys k;

	group_keys_init(&k, &w.node[BOB]->network, bytes_of(KEY.data, KEY.size));
	return k;
}

static void enter(void)
{
	w.node[BOB]->depth++;
}

static void leave(void)
{
	node_settle(w.node[BOB]);
	w.node[BOB]->depth--;
}

/* Eve's record: what she says of herself is proved, or is not. */
static void claim(uint64_t join, bool proved)
{
	uint8_t buf[MEMBERSHIP_MAX];
	struct writer out = writer_of(buf, sizeof buf);
	struct membership m = { .join = join };
	struct group_keys k = keys();

	memcpy(m.tag, k.tag, sizeof m.tag);
	if (proved)
		group_proof(&k, &w.node[EVE]->identity.id, join, m.proof);
	membership_write(&out, &m);
	mesh_extend(w.node[EVE]->mesh, EXTENSION_GROUPS, writer_bytes(&out), w.now);
	node_settle(w.node[EVE]);
	wires_run(&w, 150 * MS_US);
}

/* A frame with these bytes for its items, whatever they are. */
static void frame(struct reader *r, uint64_t join)
{
	static uint8_t buf[FAN_DOMAIN + CHANNEL_MAX + CAST_FRAME_MAX + CAST_SEAL];
	struct conn *from = conns_to(w.node[BOB], &w.node[EVE]->identity.id);
	struct writer out = writer_of(buf, sizeof buf);
	struct channel channel = { .join = join };
	struct group_keys k = keys();
	struct cast c = { .origin = w.node[EVE]->identity.id, .number = read_u8(r) + UINT64_C(1),
	                  .first = read_u8(r) + UINT64_C(1), .count = 1,
	                  .incarnation = mesh_incarnation(w.node[EVE]->mesh) };
	uint8_t flags = read_u8(r), key[KEY_SIZE], *head, *at;
	struct bytes items = read_sized(r, 255);

	if (!from || r->bad)
		return;
	c.behind = flags % 8 < c.first ? flags % 8 : 0;
	if (flags & 8)
		c.fragments = 2 + flags / 64u, c.fragment = flags / 16u % 4;
	else
		c.count = 1 + flags / 16u % 4;
	memcpy(channel.tag, k.tag, sizeof channel.tag);
	write_bytes(&out, CHANNEL_DOMAIN, FAN_DOMAIN);
	write_channel(&out, &channel);
	head = out.at;
	write_cast_head(&out, &c);
	at = out.at;
	group_stream_key(&k, &c.origin, c.incarnation, join, key);
	crypto_seal(at, key, c.number, bytes_of(head, (size_t)(at - head)), items);
	out.at += items.size + TAG_SIZE + SIGNATURE_SIZE;      /* the link is proof enough */
	enter();
	fan_take(from, FRAME_GROUP, bytes_of(buf + FAN_DOMAIN, writer_size(&out) - FAN_DOMAIN));
	leave();
}

static void word(struct bytes b)
{
	int error;
	struct peer *p = peers_need(w.node[BOB], &w.node[EVE]->identity.id, &error);

	if (!p)
		return;
	enter();
	fan_item(p, b);
	leave();
}

static void come_or_go(void)
{
	if (group)
		leno_group_leave(group);
	else
		leno_group_join(w.node[BOB], KEY, &handlers, NULL, &group);
	wires_run(&w, 50 * MS_US);
}

static void open_both(void)
{
	wires_init(&w);
	for (int i = 0; i < NODES; i++) {
		leno_engine_config config = { .wall_ms = 1000, .now_us = w.now };

		config.options.memory_max = 4 << 20;
		config.options.log_level = LENO_LOG_ERROR;
		memset(config.seed, 7 + i, sizeof config.seed);
		memset(config.identity, 40 + i, sizeof config.identity);
		require(leno_engine_open(&w.node[i], &config) == 0);
	}
	require(leno_engine_connect(w.node[EVE], "node:0") == 0);
	require(leno_group_join(w.node[BOB], KEY, &handlers, NULL, &group) == 0);
	wires_run(&w, 500 * MS_US);
	claim(1, true);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct reader r = reader_of(bytes_of(data, size));
	uint64_t join = 1;

	open_both();
	while (reader_left(&r) > 0 && !r.bad) {
		uint8_t what = read_u8(&r);

		switch (what % 8) {
		case 0: claim(join = what / 16, what & 8); break;
		case 1: word(read_sized(&r, 255)); break;
		case 2: wires_run(&w, (uint64_t)what * 10 * MS_US); break;
		case 3: come_or_go(); break;
		default: frame(&r, join); break;
		}
	}
	wires_kill(&w, EVE);
	wires_run(&w, 40000ull * MS_US);
	require(w.node[BOB]->fan->parcels.used == 0 && w.node[BOB]->groups->n_parts == 0);
	require(w.node[BOB]->session_setup.memory_used == 0);
	wires_free(&w);
	return 0;
}
