/* meeting.c - see meeting.h. */
#include "crypto/meeting.h"

static void keyed(const struct network *net, const char *label, struct bytes rest, uint8_t *ret,
                  size_t size)
{
	/* The name has its end, so that no two pairs of name and rest are the same bytes. */
	struct bytes parts[] = {bytes_text(label), bytes_of(net->name, strlen(net->name) + 1), rest};

	crypto_hash(ret, size, bytes_of(net->secret, net->has_secret ? 32 : 0), parts, 3);
}

void meeting_topic(const struct network *net, const uint8_t point[32], uint8_t ret[MEETING_TOPIC])
{
	keyed(net, "leno topic", bytes_of(point, 32), ret, MEETING_TOPIC);
}

void meeting_seal(const struct network *net, const uint8_t topic[MEETING_TOPIC],
                  const uint8_t salt[MEETING_SALT], struct bytes plain, uint8_t *ret)
{
	uint8_t key[KEY_SIZE];

	keyed(net, "leno meeting", bytes_of(salt, MEETING_SALT), key, sizeof key);
	memcpy(ret, salt, MEETING_SALT);
	crypto_seal(ret + MEETING_SALT, key, 0, bytes_of(topic, MEETING_TOPIC), plain);
	crypto_wipe(key, sizeof key);
}

size_t meeting_open(const struct network *net, const uint8_t topic[MEETING_TOPIC], struct bytes blob,
                    uint8_t *ret)
{
	uint8_t key[KEY_SIZE];
	bool good;

	if (blob.size <= MEETING_MORE)
		return 0;
	keyed(net, "leno meeting", bytes_of(blob.data, MEETING_SALT), key, sizeof key);
	good = crypto_open(ret, key, 0, bytes_of(topic, MEETING_TOPIC),
	                   bytes_of(blob.data + MEETING_SALT, blob.size - MEETING_SALT));
	crypto_wipe(key, sizeof key);
	return good ? blob.size - MEETING_MORE : 0;
}
