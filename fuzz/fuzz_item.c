/* Items of a session: what can be read is written again as it was, since there is one form
 * of each; and the types that a stranger teaches us stay within their bounds. */
#include "message/item.h"
#include "message/types.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool good)
{
	if (!good)
		__builtin_trap();
}

static void again(struct bytes input)
{
	uint8_t head[ITEM_HEAD_MAX];
	struct item item;
	size_t size;

	if (!read_item(input, &item))
		return;
	size = write_item_head(head, &item);
	require(size <= ITEM_HEAD_MAX && size + item.data.size == input.size);
	require(bytes_same(bytes_of(head, size), bytes_of(input.data, size)));
	require(item.data.size == 0 || item.data.data == input.data + size);
}

/* A first byte says how long each text is; 255 forgets them all. */
static void learn(struct bytes input)
{
	struct types t = { 0 };
	struct reader r = reader_of(input);

	while (reader_left(&r) > 0) {
		uint8_t size = read_u8(&r);
		struct bytes text;
		uint32_t number = t.count;

		if (size == UINT8_MAX) {
			types_clear(&t);
			continue;
		}
		text = read_bytes(&r, size < reader_left(&r) ? size : reader_left(&r));
		if (types_find(&t, text) >= 0 || types_add(&t, text))
			continue;
		require(types_find(&t, text) == number && t.count == number + 1);
		require(bytes_same(bytes_of(types_text(&t, number), text.size), text));
		require(t.count <= TYPES_MAX && t.text_size <= TYPES_TEXT_MAX);
	}
	require(!types_text(&t, t.count));
	types_clear(&t);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	again(bytes_of(data, size));
	if (size <= 1 << 16)
		learn(bytes_of(data, size));
	return 0;
}
