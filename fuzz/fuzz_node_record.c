/* A node's record: what is read has one encoding, and the copy that the atlas keeps is of
 * the same content. The first two bytes choose what of a good record to damage, so that the
 * fuzzer gets past the lengths. */
#include "base/mem.h"
#include "mesh/record.h"
#include "wire/addresses.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool good)
{
	if (!good)
		__builtin_trap();
}

static void write_again(const struct node_record *n, struct bytes raw)
{
	static struct node_neighbour neighbours[NEIGHBOURS_MAX];
	static uint8_t buf[NODE_RECORD_MAX];
	struct reader r = reader_of(n->neighbours);
	struct writer w = writer_of(buf, sizeof buf);

	for (size_t i = 0; i < n->n_neighbours; i++)
		neighbours[i] = node_record_neighbour(&r);
	require(read_end(&r));
	node_record_write(&w, n, neighbours, n->n_neighbours);
	require(bytes_same(writer_bytes(&w), n->covered));
	require(n->covered.size + NODE_SIGNATURE == raw.size);
}

/* What can be read of the addresses has one encoding. */
static void try_addresses(struct bytes value)
{
	uint8_t buf[ADDRESSES_SIZE];
	struct writer w = writer_of(buf, sizeof buf);
	struct addresses a;

	if (!addresses_read(value, &a))
		return;
	addresses_write(&w, &a);
	require(bytes_same(writer_bytes(&w), value));
}

static void try_record(struct bytes raw)
{
	struct node_record n, head;
	struct mesh_record *kept;
	struct bytes value;

	try_addresses(raw);
	if (!node_record_read(raw, &n))
		return;
	require(node_record_peek(raw, &head));
	require(node_stamp_order(head.stamp, n.stamp) == 0);
	write_again(&n, raw);
	kept = mesh_record_new(&n, raw);
	if (!kept)
		return;
	require(bytes_same(kept->raw, raw) && kept->n_edges == n.n_neighbours);
	require(strlen(kept->name) == n.name.size && kept->n_labels == n.n_labels);
	for (size_t i = 0; i < n.n_labels; i++)
		require(strlen(kept->labels[i]) == n.labels[i].size);
	require(bytes_same(kept->extensions, n.extensions));
	if (extensions_find(kept->extensions, EXTENSION_ADDRESSES, &value))
		try_addresses(value);
	mem_free(kept);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t good[NODE_RECORD_MAX];
	struct node_neighbour one = { .id = { { 3 } }, .cost = 2, .rtt_class = 5 };
	struct node_record n = { .stamp = { 9, 1 }, .name = bytes_text("n"), .n_labels = 1,
	                         .labels = { bytes_text("k=v") } };
	struct writer w = writer_of(good, sizeof good);
	size_t at;

	try_record(bytes_of(data, size));
	if (size < 2)
		return 0;
	node_record_write(&w, &n, &one, 1);
	write_bytes(&w, n.ed, 32);
	write_bytes(&w, n.ed, 32);
	at = (size_t)(data[0] | data[1] << 8) % writer_size(&w);
	for (size_t i = 2; i < size && at + i - 2 < writer_size(&w); i++)
		good[at + i - 2] ^= data[i];
	try_record(writer_bytes(&w));
	return 0;
}
