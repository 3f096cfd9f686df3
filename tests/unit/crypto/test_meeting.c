/* What nodes of one network say to each other at a meeting point, nobody else reads. */
#include "crypto/meeting.h"

#include "support/check.h"
#include "support/known.h"

static const uint8_t point[32] = { 1 }, other_point[32] = { 2 }, salt[MEETING_SALT] = { 3 };

static struct network net_of(const char *name, uint8_t secret)
{
	uint8_t bytes[32] = { secret };
	struct network net;

	network_init(&net, name, secret ? bytes : NULL);
	return net;
}

TEST(topics_differ_with_the_network_its_secret_and_the_point)
{
	const struct network nets[] = { net_of("a", 0), net_of("b", 0), net_of("a", 1),
		                        net_of("a", 2) };
	uint8_t topics[8][MEETING_TOPIC];

	for (size_t i = 0; i < 4; i++) {
		meeting_topic(&nets[i], point, topics[2 * i]);
		meeting_topic(&nets[i], other_point, topics[2 * i + 1]);
	}
	for (size_t i = 0; i < 8; i++)
		for (size_t k = 0; k < i; k++)
			CHECK(memcmp(topics[i], topics[k], MEETING_TOPIC) != 0);
}

TEST(only_the_network_opens_what_was_sealed_for_its_topic)
{
	struct network net = net_of("a", 1), twin = net_of("a", 1), strangers[] = {
		net_of("a", 2), net_of("a", 0), net_of("b", 1) };
	uint8_t topic[MEETING_TOPIC], elsewhere[MEETING_TOPIC], blob[5 + MEETING_MORE], got[64];
	struct bytes whole = bytes_of(blob, sizeof blob);

	meeting_topic(&net, point, topic);
	meeting_topic(&net, other_point, elsewhere);
	meeting_seal(&net, topic, salt, bytes_text("hello"), blob);
	CHECK_EQ(meeting_open(&twin, topic, whole, got), 5);
	CHECK_BYTES(got, "hello", 5);
	CHECK_EQ(meeting_open(&twin, elsewhere, whole, got), 0);
	for (size_t i = 0; i < 3; i++)
		CHECK_EQ(meeting_open(&strangers[i], topic, whole, got), 0);
	for (size_t i = 0; i < sizeof blob; i++) {
		blob[i] ^= 1;
		CHECK_EQ(meeting_open(&net, topic, whole, got), 0);
		blob[i] ^= 1;
	}
	for (size_t size = 0; size < sizeof blob; size++)
		CHECK_EQ(meeting_open(&net, topic, bytes_of(blob, size), got), 0);
}

/* The network "home" of network.txt, with its secret and without. */
TEST(the_vectors_of_the_protocol)
{
	static const char plain[] = "id and addresses";
	uint8_t secret[32], at[32], salts[16], topic[MEETING_TOPIC], blob[16 + MEETING_MORE];
	struct network net;

	for (int i = 0; i < 32; i++)
		secret[i] = (uint8_t)(0x80 + i), at[i] = (uint8_t)(0xc0 + i);
	for (int i = 0; i < 16; i++)
		salts[i] = (uint8_t)(0xa0 + i);
	known_open("meeting-sealed");
	network_init(&net, "home", secret);
	meeting_topic(&net, at, topic);
	KNOWN("topic", bytes_of(topic, sizeof topic));
	meeting_seal(&net, topic, salts, bytes_of(plain, 16), blob);
	KNOWN("blob", bytes_of(blob, sizeof blob));
	network_init(&net, "home", NULL);
	meeting_topic(&net, at, topic);
	KNOWN("anonymous-topic", bytes_of(topic, sizeof topic));
	meeting_seal(&net, topic, salts, bytes_of(plain, 16), blob);
	KNOWN("anonymous-blob", bytes_of(blob, sizeof blob));
	known_close();
}

TEST_MAIN(TEST_CASE(topics_differ_with_the_network_its_secret_and_the_point),
          TEST_CASE(only_the_network_opens_what_was_sealed_for_its_topic),
          TEST_CASE(the_vectors_of_the_protocol))
