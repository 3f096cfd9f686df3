/* Words about shared maps: what can be read is written again as it was, and whatever a sharer says
 * leaves a copy that adds up, within its memory. The first byte tells how long each word is. */
#include "base/mem.h"
#include "state/pull.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { MEMORY = 256 * 1024 };

static void require(bool good)
{
	if (!good)
		__builtin_trap();
}

static struct store store;
static struct pull pull;
static struct supply supply;

static void merge(struct reader *r)
{
	static uint8_t buf[ENTRY_MAX];
	struct stored *old;
	struct entry e;

	for (;;) {
		const uint8_t *from = r->at;
		struct writer w = writer_of(buf, sizeof buf);

		if (!read_entry(r, &e))
			return;
		write_entry(&w, &e);
		require(!w.full && entry_size(&e) == writer_size(&w));
		require(bytes_same(writer_bytes(&w), bytes_of(from, (size_t)(r->at - from))));
		old = NULL;
		if (store_put(&store, &e, &old) != 1)
			continue;
		store_free(&store, old);
		old = NULL;
		require(store_put(&store, &e, &old) == 0);
		require(store_find(&store, e.kind, e.key, e.sub) != NULL);
	}
}

static void answer(void)
{
	static const uint8_t tag[STATE_TAG];
	static uint8_t buf[WORD_MAX];
	struct writer w = writer_of(buf, sizeof buf);
	struct word back;

	supply_next(&supply, &store, tag, NULL, &w);
	require(!w.full && read_word(writer_bytes(&w), &back));
}

static void take(struct bytes text)
{
	static uint8_t buf[WORD_MAX];
	uint8_t rest[8 * FETCH_MAX];
	struct writer w = writer_of(buf, sizeof buf);
	struct word word, question;
	struct reader r;

	if (!read_word(text, &word))
		return;
	write_word(&w, &word);
	write_bytes(&w, word.rest.data, word.rest.size);
	require(w.full || bytes_same(writer_bytes(&w), text));
	r = reader_of(word.rest);
	if (word.op == STATE_ENTRIES)
		merge(&r);
	if (word.op == STATE_ASK || word.op == STATE_FETCH)
		supply_take(&supply, &word);
	else if (word.op != STATE_MEET && word.op != STATE_LEAVE && word.op != STATE_REFUSED)
		pull_take(&pull, &store, &word);
	while (pull_next(&pull, &store, &question, rest))
		require(pull.n_stack <= PULL_STACK && pull.n_found <= PULL_FOUND);
	if (supply_wants(&supply))
		answer();
}

static void adds_up(void)
{
	struct digest all = { 0 }, top = store_digest(&store, (struct range){ 0 });
	struct walk walk = { 0 };
	uint64_t last = 0;

	const struct range whole = { 0 };

	for (const struct stored *e; (e = store_walk(&store, whole, &walk)); last = e->hash) {
		require(e->hash >= last);
		all.sum += e->digest;
		all.count++;
	}
	require(all.sum == top.sum && all.count == top.count);
	require(store.budget.used <= store.budget.max);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint8_t key[32] = { 1, 2, 3 };
	struct reader r = reader_of(bytes_of(data, size));

	require(store_init(&store, MEMORY, key) == 0 && pull_begin(&pull) == 0);
	while (reader_left(&r) > 0) {
		size_t n = read_u8(&r);

		if (n == UINT8_MAX)
			n = 4096;
		take(read_bytes(&r, n < reader_left(&r) ? n : reader_left(&r)));
	}
	for (int i = 0; i < 1000 && supply_wants(&supply); i++)
		answer();
	adds_up();
	pull_end(&pull);
	supply_end(&supply);
	store_clear(&store);
	return 0;
}
