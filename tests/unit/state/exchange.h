/* exchange.h - replicas of a map beside each other: random histories, and what one asks another. */
#pragma once

#include "state/pull.h"

#include "support/check.h"

static uint64_t chance_state;

static uint32_t chance(uint32_t below)
{
	chance_state = chance_state * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(chance_state >> 33) % below;
}

static const uint8_t exchange_key[32] = { 1, 2, 3 };

static void replica_init(struct store *s)
{
	CHECK_EQ(store_init(s, (size_t)256 << 20, exchange_key), 0);
}

static int replica_put(struct store *s, const struct entry *e)
{
	struct stored *old = NULL;
	int got = store_put(s, e, &old);

	store_free(s, old);
	return got;
}

/* An entry that anybody might have written: few names, so that many meet. */
__attribute__((unused)) static struct entry random_entry(uint8_t *buf, uint32_t names)
{
	static const leno_id writers[4] = { { { 1 } }, { { 2 } }, { { 3 } }, { { 4 } } };
	struct entry e = { .kind = (enum entry_kind)(ENTRY_VALUE + chance(3)),
	                   .writer = writers[chance(4)], .stamp = 2 * (1 + (uint64_t)chance(20)) };
	int n = snprintf((char *)buf, 16, "k%u", (unsigned)chance(names));

	e.key = bytes_of(buf, (size_t)n);
	memset(buf + 16, 0, 40);
	buf[16] = (uint8_t)chance(2);
	if (e.kind == ENTRY_COUNT)
		e.sub = bytes_of(buf + 16, 24);
	else if (e.kind == ENTRY_MEMBER)
		e.sub = bytes_of(buf + 16, 17);
	e.dead = chance(4) == 0;
	buf[60] = (uint8_t)chance(3);
	memset(buf + 61, 0, 8);
	e.value = bytes_of(buf + 60, e.dead || e.kind == ENTRY_COUNT ? 8
	                             : e.kind == ENTRY_VALUE ? chance(9) : 0);
	if (e.dead && e.kind == ENTRY_MEMBER)
		e.stamp |= 1;
	return e;
}

struct traffic {
	size_t words, bytes, entries;
};

/* `to` becomes as new as `from`, by words alone. */
__attribute__((unused)) static struct traffic exchange(struct store *to, const struct store *from,
                                                       const leno_id *only)
{
	static uint8_t buf[WORD_MAX];
	static const uint8_t tag[STATE_TAG] = { 7 };
	uint8_t rest[8 * FETCH_MAX];
	struct pull pull = { 0 };
	struct supply supply = { 0 };
	struct traffic t = { 0 };
	struct word word;

	CHECK_EQ(pull_begin(&pull), 0);
	while (!pull_over(&pull) && t.words < 1000000) {
		while (pull_next(&pull, to, &word, rest)) {
			struct writer w = writer_of(buf, sizeof buf);

			memcpy(word.tag, tag, sizeof tag);
			write_word(&w, &word);
			write_bytes(&w, word.rest.data, word.rest.size);
			CHECK(!w.full);
			t.words++;
			t.bytes += writer_size(&w);
			CHECK(read_word(writer_bytes(&w), &word));
			CHECK_EQ(supply_take(&supply, &word), 0);
		}
		if (supply_wants(&supply)) {
			struct writer w = writer_of(buf, sizeof buf);
			struct reader r;
			struct entry e;

			supply_next(&supply, from, tag, only, &w);
			CHECK(!w.full);
			t.words++;
			t.bytes += writer_size(&w);
			CHECK(read_word(writer_bytes(&w), &word));
			CHECK_BYTES(word.tag, tag, sizeof tag);
			r = reader_of(word.rest);
			while (word.op == STATE_ENTRIES && read_entry(&r, &e)) {
				t.entries++;
				CHECK(replica_put(to, &e) >= 0);
			}
			CHECK(!r.bad);
			CHECK_EQ(pull_take(&pull, to, &word), 0);
		}
	}
	CHECK(pull_over(&pull));
	pull_end(&pull);
	supply_end(&supply);
	return t;
}

__attribute__((unused)) static bool replicas_same(const struct store *a, const struct store *b)
{
	struct digest x = store_digest(a, (struct range){ 0 });
	struct digest y = store_digest(b, (struct range){ 0 });

	return x.sum == y.sum && x.count == y.count;
}
