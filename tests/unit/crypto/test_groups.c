/* What members derive from a group's key: the vectors of docs/protocol.md, made anew; and what
 * may not come out alike. */
#include "crypto/groups.h"

#include "group/channel.h"
#include "group/piece.h"
#include "message/broadcast.h"
#include "support/check.h"
#include "support/known.h"

enum { BUF = 1024 };

static struct identity ada(void)
{
	struct identity who;
	uint8_t seed[32];

	for (unsigned i = 0; i < 32; i++)
		seed[i] = (uint8_t)i;
	identity_from_seed(&who, seed);
	return who;
}

static struct network home(bool secret)
{
	struct network net;
	uint8_t key[32];

	for (unsigned i = 0; i < 32; i++)
		key[i] = (uint8_t)(0x80 + i);
	network_init(&net, "home", secret ? key : NULL);
	return net;
}

static const struct cast a_cast = { .incarnation = 1700000000000, .number = 1, .first = 1,
                                    .count = 1 };

/* Of FRAME_GROUP_NEAR. */
static struct bytes near_frame(const struct group_keys *g, const struct identity *who,
                               struct bytes items, uint8_t *buf)
{
	struct channel channel = { .join = 3 };
	struct cast cast = a_cast;
	struct writer w = writer_of(buf, BUF);

	cast.origin = who->id;
	memcpy(channel.tag, g->tag, sizeof channel.tag);
	write_channel(&w, &channel);
	write_cast_head(&w, &cast);
	write_bytes(&w, items.data, items.size);
	return writer_bytes(&w);
}

/* As node/group_tree.c and node/fan_tree.c do it: the body of FRAME_GROUP. */
static struct bytes group_frame(const struct group_keys *g, const struct identity *who,
                                struct bytes items, uint8_t *buf)
{
	enum { DOMAIN = sizeof CHANNEL_DOMAIN - 1 };
	struct channel channel = { .join = 3 };
	struct cast cast = a_cast;
	struct writer w = writer_of(buf, BUF);
	uint8_t key[KEY_SIZE], *head, *at;

	cast.origin = who->id;
	memcpy(channel.tag, g->tag, sizeof channel.tag);
	write_bytes(&w, CHANNEL_DOMAIN, DOMAIN);
	write_channel(&w, &channel);
	head = w.at;
	write_cast_head(&w, &cast);
	at = w.at;
	group_stream_key(g, &who->id, cast.incarnation, channel.join, key);
	crypto_seal(at, key, cast.number, bytes_of(head, (size_t)(at - head)), items);
	w.at += items.size + TAG_SIZE;
	crypto_sign(w.at, writer_bytes(&w), who->ed_secret);
	w.at += SIGNATURE_SIZE;
	return bytes_of(buf + DOMAIN, writer_size(&w) - DOMAIN);
}

TEST(the_vectors_come_out)
{
	struct identity who = ada();
	struct network net = home(true), open = home(false);
	struct membership m = { .join = 3 };
	struct channel channel = { .join = 3 };
	uint8_t buf[BUF], plain[64], key[KEY_SIZE];
	struct writer w = writer_of(plain, sizeof plain);
	struct group_keys g, other;
	struct piece piece = { .kind = PIECE_WHOLE };

	known_open("groups");
	group_keys_init(&g, &net, bytes_text("editors"));
	group_keys_init(&other, &open, bytes_text("editors"));
	KNOWN("tag", bytes_of(g.tag, sizeof g.tag));
	KNOWN("tag-without-a-secret", bytes_of(other.tag, sizeof other.tag));
	group_proof(&g, &who.id, 3, m.proof);
	KNOWN("proof", bytes_of(m.proof, sizeof m.proof));
	group_stream_key(&g, &who.id, 1700000000000, 3, key);
	KNOWN("stream-key", bytes_of(key, sizeof key));

	write_sized(&w, bytes_text("word"));
	write_varint(&w, 1 + 5);
	write_piece_head(&w, &piece);
	write_bytes(&w, "hello", 5);
	KNOWN("item", writer_bytes(&w));
	KNOWN("near", near_frame(&g, &who, writer_bytes(&w), buf));
	KNOWN("frame", group_frame(&g, &who, writer_bytes(&w), buf));

	memcpy(m.tag, g.tag, sizeof m.tag);
	memcpy(channel.tag, g.tag, sizeof channel.tag);
	w = writer_of(buf, sizeof buf);
	membership_write(&w, &m);
	KNOWN("membership", writer_bytes(&w));
	w = writer_of(buf, sizeof buf);
	write_u8(&w, GROUP_CAST);
	write_channel(&w, &channel);
	write_cast_ack(&w, &(struct cast_ack){ .incarnation = 1700000000000, .seq = 2 });
	KNOWN("ack", writer_bytes(&w));
	w = writer_of(buf, sizeof buf);
	write_group_one_head(&w, &(struct group_one){ .from = m, .type = bytes_text("word") });
	write_bytes(&w, "hello", 5);
	KNOWN("one", writer_bytes(&w));
	w = writer_of(buf, sizeof buf);
	write_group_invitation(&w, &(struct group_invitation){ bytes_text("editors"), bytes_text("please") });
	KNOWN("invitation", writer_bytes(&w));
	known_close();
}

TEST(what_differs_in_anything_comes_out_different)
{
	struct network net = home(true), open = home(false), away = home(false);
	struct identity who = ada();
	leno_id other = who.id;
	uint8_t a[32], b[32];
	struct group_keys g, h;

	other.bytes[0] ^= 1;
	network_init(&away, "away", NULL);
	group_keys_init(&g, &net, bytes_text("k"));
	group_keys_init(&h, &open, bytes_text("k"));
	CHECK(memcmp(g.tag, h.tag, sizeof g.tag) != 0);
	group_keys_init(&g, &away, bytes_text("k"));
	CHECK(memcmp(g.tag, h.tag, sizeof g.tag) != 0);
	group_keys_init(&g, &open, bytes_text("kk"));
	CHECK(memcmp(g.tag, h.tag, sizeof g.tag) != 0);
	group_proof(&h, &who.id, 1, a);
	group_proof(&h, &who.id, 2, b);
	CHECK(memcmp(a, b, GROUP_PROOF) != 0);
	group_proof(&h, &other, 1, b);
	CHECK(memcmp(a, b, GROUP_PROOF) != 0);
	group_proof(&g, &who.id, 1, b);
	CHECK(memcmp(a, b, GROUP_PROOF) != 0);
	group_stream_key(&h, &who.id, 5, 1, a);
	group_stream_key(&h, &who.id, 5, 2, b);
	CHECK(memcmp(a, b, 32) != 0);
	group_stream_key(&h, &who.id, 6, 1, b);
	CHECK(memcmp(a, b, 32) != 0);
	group_stream_key(&h, &other, 5, 1, b);
	CHECK(memcmp(a, b, 32) != 0);
}

TEST_MAIN(TEST_CASE(the_vectors_come_out), TEST_CASE(what_differs_in_anything_comes_out_different))
