/* What docs/protocol.md shows of services: made anew by the code, compared with tests/vectors. */
#include "service/call.h"
#include "service/contract.h"
#include "service/offer.h"
#include "support/check.h"
#include "support/known.h"

TEST(what_a_record_offers)
{
	static const struct offers all = {
		.n = 2,
		.n_patterns = 1,
		.at = { { .name = { (const uint8_t *)"math", 4 },
		          .version = { (const uint8_t *)"1.0", 3 },
		          .hash = 0x2e5f2a0b,
		          .load = 3,
		          .n_labels = 1,
		          .labels = { { (const uint8_t *)"zone=b", 6 } } },
		        { .name = { (const uint8_t *)"shop", 4 }, .hash = 0x811c9dc5 } },
		.patterns = { { (const uint8_t *)"*.sold", 6 } }
	};
	uint8_t buf[256];
	struct writer w = writer_of(buf, sizeof buf);

	known_open("services");
	offers_write(&w, &all);
	KNOWN("offers", writer_bytes(&w));
	w = writer_of(buf, sizeof buf);
	write_u32(&w,
	          contract_hash(bytes_text("add(a: int, b: int) -> int\nevent added(sum: int)\n")));
	KNOWN("contract-hash", writer_bytes(&w));
	known_close();
}

TEST(calls_and_answers)
{
	static const struct {
		const char *name;
		struct call_answer a;
		const char *rest;
	} answers[] = {
		{ "result", { .status = CALL_RESULT, .load = 5 }, "\x2a" },
		{ "failed", { .status = CALL_FAILED, .load = 5, .code = 77 }, "out of paper" },
		{ "no-service", { .status = CALL_NO_SERVICE }, "" },
		{ "no-method", { .status = CALL_NO_METHOD }, "" },
		{ "arguments", { .status = CALL_ARGUMENTS }, "argument 1 (a) is missing" },
		{ "busy", { .status = CALL_BUSY, .load = 255 }, "" },
		{ "not-again", { .status = CALL_NOT_AGAIN }, "" },
	};
	const struct call call = { .flags = CALL_AGAIN, .left_ms = 10000,
	                           .service = bytes_text("math"), .method = bytes_text("add") };
	uint8_t buf[256];
	struct writer w = writer_of(buf, sizeof buf);

	known_open("calls");
	write_call_head(&w, &call);
	write_bytes(&w, "\x92\x14\x16", 3);
	KNOWN("call", writer_bytes(&w));
	for (size_t i = 0; i < sizeof answers / sizeof *answers; i++) {
		w = writer_of(buf, sizeof buf);
		write_answer_head(&w, &answers[i].a);
		write_bytes(&w, answers[i].rest, strlen(answers[i].rest));
		KNOWN(answers[i].name, writer_bytes(&w));
	}
	w = writer_of(buf, sizeof buf);
	write_varint(&w, 16777216);
	KNOWN("cancel", writer_bytes(&w));
	write_u8(&w, 0x07);
	KNOWN("progress", writer_bytes(&w));
	w = writer_of(buf, sizeof buf);
	write_sized(&w, bytes_text("shop.sold"));
	write_u8(&w, 0x05);
	KNOWN("event", writer_bytes(&w));
	known_close();
}

TEST_MAIN(TEST_CASE(what_a_record_offers), TEST_CASE(calls_and_answers))
