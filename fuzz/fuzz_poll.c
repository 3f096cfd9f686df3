/* Queries of a stranger, which are written again as they were understood; and the two ends of a
 * session, whose requests and answers are lost, cut and repeated as the input says. */
#include "transport/poll.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool good)
{
	if (!good)
		__builtin_trap();
}

static void query(struct bytes text)
{
	struct poll_words w, again;
	char written[POLL_QUERY_MAX];

	if (!poll_read(text, &w))
		return;
	require(poll_is(text));
	poll_write(written, &w, 1);
	require(poll_read(bytes_text(written), &again));
	require(memcmp(w.id, again.id, POLL_ID) == 0 && w.got == again.got && w.end == again.end);
	require(w.has_at == again.has_at && (!w.has_at || w.at == again.at));
}

static void session(const uint8_t *data, size_t size)
{
	static uint8_t bytes[4096];
	struct poll from = { 0 }, to = { 0 };
	uint64_t made = 0, heard = 0;

	for (size_t i = 0; i + 2 < size; i += 3) {
		uint64_t at = from.base + data[i + 1] % 4 * (data[i + 2] / 4u);
		struct bytes rest, fresh;

		switch (data[i] % 4) {
		case 0:
			for (size_t k = 0; k < sizeof bytes; k++)
				bytes[k] = (uint8_t)((made + k) * 31 >> 3);
			made += poll_put(&from, bytes, data[i + 1] * 16u);
			break;
		case 1:
			rest = poll_rest(&from, at, data[i + 2] * 300u);
			if (!poll_take(&to, at, rest, &fresh)) {
				require(at > to.got);
				break;
			}
			for (size_t k = 0; k < fresh.size; k++)
				require(fresh.data[k] == (uint8_t)((heard + k) * 31 >> 3));
			heard += fresh.size;
			break;
		case 2: require(poll_has(&from, to.got) == (to.got >= from.base)); break;
		default:
			if (poll_has(&from, at))
				require(from.base == at);
			if (from.base > to.got)  /* it believed a lie */
				goto done;
		}
		require(to.got == heard && heard <= made && from.size <= POLL_WINDOW);
	}
done:
	poll_clear(&from);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size < 1 || size > 4096)
		return 0;
	if (data[0] & 1)
		query(bytes_of(data + 1, size - 1));
	else
		session(data + 1, size - 1);
	return 0;
}
