/* All that strangers say of services: what a record offers, calls, their answers, events. The
 * first byte says as what the rest is read; arguments are checked against lines of all kinds. */
#include "service/call.h"
#include "service/contract.h"
#include "service/directory.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool good)
{
	if (!good)
		__builtin_trap();
}

static void read_offers(struct bytes input)
{
	static const uint8_t seed[16];
	static struct offers all;
	static uint8_t buf[1 << 16];
	struct writer w = writer_of(buf, sizeof buf);
	const leno_id id = { { 1 } };
	struct directory d;
	struct place *p;
	size_t up = 0;

	if (!offers_read(input, &all))
		return;
	offers_write(&w, &all);
	require(w.full || bytes_same(writer_bytes(&w), input));
	directory_init(&d, 4, seed);
	require(directory_set(&d, &id, &all) == 0);
	while ((p = directory_next(&d)))
		up += !p->gone;
	require(up == all.n);
	all.n = all.n_patterns = 0;
	directory_set(&d, &id, &all);
	while ((p = directory_next(&d)))
		up -= p->gone;
	require(up == 0 && d.nodes.count == 0 && d.services.count == 0);
	directory_clear(&d);
}

static void read_one_call(struct bytes input)
{
	static const char *const lines[] = { "f(a: int, b?: str, c: list...)", "f()", "f(a: any)",
	                                     "f(a: int|nil|map, b: number, c: bool, d: bin)" };
	uint8_t buf[CALL_HEAD_MAX];
	struct writer w = writer_of(buf, sizeof buf);
	char why[COMPLAINT_MAX];
	struct method m;
	struct call c;

	if (!read_call(input, &c))
		return;
	write_call_head(&w, &c);
	require(!w.full && bytes_same(writer_bytes(&w), bytes_of(input.data, writer_size(&w))));
	for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
		require(contract_read(bytes_text(lines[i]), &m));
		if (!contract_takes(&m, (leno_bytes){ c.arguments.data, c.arguments.size }, why))
			require(strlen(why) > 0 && strlen(why) < COMPLAINT_MAX);
		else
			require(c.arguments.size == 0 ||
			        leno_unpack_ok((leno_bytes){ c.arguments.data, c.arguments.size }));
		contract_gives(&m, (leno_bytes){ c.arguments.data, c.arguments.size });
	}
}

static void read_answer(struct bytes input)
{
	uint8_t buf[ANSWER_HEAD_MAX];
	struct writer w = writer_of(buf, sizeof buf);
	struct call_answer a;

	if (!read_call_answer(input, &a))
		return;
	write_answer_head(&w, &a);
	require(!w.full && bytes_same(writer_bytes(&w), bytes_of(input.data, writer_size(&w))));
}

static void read_names(struct bytes input)
{
	struct bytes name, value;
	struct method m;

	if (read_event(input, &name, &value))
		require(pattern_ok(name) && pattern_matches(name, name));
	if (contract_read(input, &m))
		require(m.n_needed <= m.n_arguments && m.n_arguments <= ARGUMENTS_MAX);
	version_order(bytes_of(input.data, input.size / 2),
	              bytes_of(input.data + input.size / 2, input.size - input.size / 2));
	pattern_matches(bytes_of(input.data, input.size / 2), input);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bytes rest = bytes_of(data + 1, size ? size - 1 : 0);

	if (size == 0 || size > 4096)
		return 0;
	switch (data[0] % 4) {
	case 0: read_offers(rest); break;
	case 1: read_one_call(rest); break;
	case 2: read_answer(rest); break;
	default: read_names(rest);
	}
	return 0;
}
