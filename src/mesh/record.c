/* record.c - see record.h. */
#include "mesh/record.h"

#include "base/mem.h"

static const char domain[] = "leno record 1";
enum { DOMAIN_SIZE = sizeof domain - 1 };

struct public_keys mesh_record_keys(const struct node_record *n)
{
	struct public_keys keys;

	memcpy(keys.ed, n->ed, sizeof keys.ed);
	memcpy(keys.x, n->x, sizeof keys.x);
	return keys;
}

/* The message that is signed; buf holds DOMAIN_SIZE + NODE_RECORD_MAX bytes. */
static struct bytes with_domain(uint8_t *buf, struct bytes covered)
{
	memcpy(buf, domain, DOMAIN_SIZE);
	bytes_copy(buf + DOMAIN_SIZE, covered.data, covered.size);
	return bytes_of(buf, DOMAIN_SIZE + covered.size);
}

int mesh_record_admitted(const struct node_record *n, const struct network *network,
                         struct pass *ret)
{
	struct public_keys keys = mesh_record_keys(n);
	int error = LENO_PROTOCOL;

	if (network_admits(network, &keys, n->credential))
		error = network_judge(network, &keys, n->extensions, ret);
	if (!error && !pass_allows(ret, n->role))
		error = LENO_PROTOCOL;
	return error == 0 || error == LENO_EXPIRED || error == LENO_REVOKED ? error : LENO_PROTOCOL;
}

bool mesh_record_signed(const struct node_record *n)
{
	uint8_t buf[DOMAIN_SIZE + NODE_RECORD_MAX];

	return crypto_verify(n->signature, with_domain(buf, n->covered), n->ed);
}

bool mesh_record_may_go(struct mesh_record *r)
{
	struct node_record n;

	if (r->proof == PROOF_LINK)
		r->proof = node_record_read(r->raw, &n) && mesh_record_signed(&n) ? PROOF_SIGNATURE
		                                                                  : PROOF_FALSE;
	return r->proof == PROOF_SIGNATURE;
}

void mesh_record_sign(struct writer *w, const struct identity *self)
{
	uint8_t buf[DOMAIN_SIZE + NODE_RECORD_MAX], signature[SIGNATURE_SIZE];

	crypto_sign(signature, with_domain(buf, writer_bytes(w)), self->ed_secret);
	write_bytes(w, signature, sizeof signature);
}

static const char *put_text(char **at, struct bytes text)
{
	char *start = *at;

	bytes_copy(start, text.data, text.size);   /* the block was zeroed: so it ends */
	*at += text.size + 1;
	return start;
}

struct mesh_record *mesh_record_new(const struct node_record *n, struct bytes raw)
{
	size_t edges_at = (sizeof(struct mesh_record) + 7) & ~(size_t)7;
	size_t labels_at = (edges_at + n->n_neighbours * sizeof(struct atlas_edge) + 7) & ~(size_t)7;
	size_t raw_at = labels_at + n->n_labels * sizeof(char *);
	size_t texts = n->name.size + 1;
	struct reader neighbours = reader_of(n->neighbours);
	struct mesh_record *r;
	char *block, *at;

	for (size_t i = 0; i < n->n_labels; i++)
		texts += n->labels[i].size + 1;
	r = mem_new(raw_at + raw.size + texts);
	if (!r)
		return NULL;
	block = (char *)r;
	r->keys = mesh_record_keys(n);
	r->stamp = n->stamp;
	r->role = n->role;
	r->goodbye = n->goodbye;
	r->message_max = n->message_max;
	r->n_edges = n->n_neighbours;
	r->edges = (struct atlas_edge *)(void *)(block + edges_at);
	for (size_t i = 0; i < r->n_edges; i++) {
		struct node_neighbour b = node_record_neighbour(&neighbours);

		r->edges[i] = (struct atlas_edge){ .id = b.id, .slot = NO_SLOT, .cost = b.cost,
		                                   .weight = b.cost, .rtt_class = b.rtt_class,
		                                   .local = b.local };
	}
	r->raw = bytes_of(block + raw_at, raw.size);
	bytes_copy(block + raw_at, raw.data, raw.size);
	if (n->extensions.size > 0)
		r->extensions = bytes_of(r->raw.data + (n->extensions.data - raw.data), n->extensions.size);
	at = block + raw_at + raw.size;
	r->name = put_text(&at, n->name);
	r->n_labels = n->n_labels;
	r->labels = (const char **)(void *)(block + labels_at);
	for (size_t i = 0; i < n->n_labels; i++)
		r->labels[i] = put_text(&at, n->labels[i]);
	return r;
}
