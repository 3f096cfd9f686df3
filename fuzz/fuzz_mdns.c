/* fuzz_mdns.c - packets of multicast DNS before the gate, and strings of TXT records.
 *
 * A packet that passes is read here once more, in the plainest way: it must be as long as
 * its records say. */
#include "driver/uv/mdns_gate.h"
#include "driver/uv/mdns_text.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool good)
{
	if (!good)
		__builtin_trap();
}

static unsigned u16(const uint8_t *at)
{
	return (unsigned)at[0] << 8 | at[1];
}

/* Behind the name at `at`; what it says does not matter. */
static size_t skip_name(const uint8_t *data, size_t at)
{
	while (data[at] != 0 && data[at] < 192)
		at += (size_t)data[at] + 1;
	return at + (data[at] ? 2 : 1);
}

static void walk(const uint8_t *data, size_t size)
{
	unsigned questions = u16(data + 4),
		 records = u16(data + 6) + u16(data + 8) + u16(data + 10);
	size_t at = 12;

	require(questions + records > 0 && questions + records <= GATE_RECORDS_MAX);
	while (questions-- > 0)
		at = skip_name(data, at) + 4;
	while (records-- > 0) {
		at = skip_name(data, at);
		require(at + 10 <= size && u16(data + at) != 5);
		at += 10 + u16(data + at + 8);
	}
	require(at == size);
}

static void texts(const uint8_t *data, size_t size)
{
	struct mdns_text_reader r = { 0 };
	struct mdns_text t;

	for (size_t at = 0; at < size; at += (size_t)data[at] + 1) {
		size_t n = data[at];

		mdns_text_take(&r, data + at + 1, n < size - at - 1 ? n : size - at - 1);
	}
	if (mdns_text_end(&r, &t)) {
		require(strlen(t.network) == SECRET_TAG - 1);
		require(strlen(t.scheme) > 0 && strlen(t.scheme) <= MDNS_SCHEME);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct gate g;

	gate_init(&g, 1);
	if (gate_take(&g, data, size, 1) == GATE_PASS)
		walk(data, size);
	texts(data, size);
	return 0;
}
