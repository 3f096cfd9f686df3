/* The readers, driven by the input's own choice of what to read; and frames, which are
 * written again as they were read, because there is one form of each. */
#include "wire/codec.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool good)
{
	if (!good)
		__builtin_trap();
}

/* A good reader gives what a writer of the same calls would have written. */
static void read_and_write(struct bytes program, struct bytes input)
{
	static uint8_t again[1 << 16], copy[256];
	struct reader r = reader_of(input);
	struct writer w = writer_of(again, sizeof again);

	for (size_t i = 0; i < program.size && !r.bad; i++) {
		uint8_t n = program.data[i] >> 3;
		struct bytes b;
		leno_id id;

		switch (program.data[i] & 7) {
		case 0: write_u8(&w, read_u8(&r)); break;
		case 1: write_u16(&w, read_u16(&r)); break;
		case 2: write_u32(&w, read_u32(&r)); break;
		case 3: write_u64(&w, read_u64(&r)); break;
		case 4: write_varint(&w, read_varint(&r)); break;
		case 5:
			b = read_sized(&r, n * 16u);
			require(b.size <= n * 16u);
			write_sized(&w, b);
			break;
		case 6:
			read_copy(&r, copy, n);
			write_bytes(&w, copy, n);
			break;
		default:
			id = read_id(&r);
			write_id(&w, &id);
			break;
		}
	}
	require(r.at >= input.data || input.size == 0);
	require(r.at <= r.end);
	if (!r.bad) {
		size_t taken = input.size - reader_left(&r);
		require(!w.full && bytes_same(writer_bytes(&w), bytes_of(input.data, taken)));
	} else {
		require(read_u64(&r) == 0 && read_bytes(&r, 1).size == 0 && !read_end(&r));
	}
}

static void frames_again(struct bytes input)
{
	static uint8_t whole[1 << 16], built[1 << 16];
	struct reader r = reader_of(input);
	struct writer w = writer_of(whole, sizeof whole), v = writer_of(built, sizeof built);
	struct frame f;

	while (read_frame(&r, &f)) {
		struct writer body;
		require(write_frame(&w, f.type, f.body));
		body = frame_begin(&v, f.type);
		write_bytes(&body, f.body.data, f.body.size);
		require(frame_end(&v, &body));
	}
	require(writer_size(&w) <= input.size);
	require(bytes_same(writer_bytes(&w), bytes_of(input.data, writer_size(&w))));
	require(bytes_same(writer_bytes(&w), writer_bytes(&v)));
	require(r.bad || writer_size(&w) == input.size);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t n;

	if (size < 1 || size > 1 << 14)
		return 0;
	n = data[0] < size - 1 ? data[0] : size - 1;
	read_and_write(bytes_of(data + 1, n), bytes_of(data + 1 + n, size - 1 - n));
	frames_again(bytes_of(data + 1, size - 1));
	return 0;
}
