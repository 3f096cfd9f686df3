/* What leno_open() takes and refuses. */
#include <leno.h>

#include "support/check.h"

#define X64 "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"

static const char *const good_labels[] = { "role=db", "empty=" };
static const char *const no_equals[] = { "role" };
static const char *const no_key[] = { "=db" };
static const char *const long_label[] = { "key=" X64 };
static const char *const no_label[] = { NULL };

static const char *const good_doors[] = { "tcp://192.0.2.7:7400", "tcp://x.example:1" };
static const char *const any_door[] = { "tcp://0.0.0.0:7400" };
static const char *const no_port[] = { "tcp://192.0.2.7:0" };
static const char *const a_file[] = { "local:/run/leno" };

static const struct row {
	const char *why;
	leno_options options;
	int verdict;
} rows[] = {
	{ "nothing said", { 0 }, 0 },
	{ "all said",
	  { .network = X64,
	    .name = "me",
	    .labels = good_labels,
	    .n_labels = 2,
	    .heartbeat_ms = 10 },
	  0 },
	{ "where others reach it", { .advertise = good_doors, .n_advertise = 2 }, 0 },
	{ "everywhere is nowhere", { .advertise = any_door, .n_advertise = 1 }, LENO_ARGUMENT },
	{ "no port", { .advertise = no_port, .n_advertise = 1 }, LENO_ARGUMENT },
	{ "a file of this machine", { .advertise = a_file, .n_advertise = 1 }, LENO_ARGUMENT },
	{ "more than there is", { .n_advertise = 1 }, LENO_ARGUMENT },
	{ "an empty network", { .network = "" }, LENO_ARGUMENT },
	{ "a network too long", { .network = X64 "x" }, LENO_ARGUMENT },
	{ "a network of two lines", { .network = "a\nb" }, LENO_ARGUMENT },
	{ "a name too long", { .name = X64 }, LENO_ARGUMENT },
	{ "a name that moves the cursor", { .name = "\033[2J" }, LENO_ARGUMENT },
	{ "labels without a list", { .n_labels = 1 }, LENO_ARGUMENT },
	{ "a label that is NULL", { .n_labels = 1, .labels = no_label }, LENO_ARGUMENT },
	{ "a label without =", { .n_labels = 1, .labels = no_equals }, LENO_ARGUMENT },
	{ "a label without a key", { .n_labels = 1, .labels = no_key }, LENO_ARGUMENT },
	{ "a label too long", { .n_labels = 1, .labels = long_label }, LENO_ARGUMENT },
	{ "seventeen labels", { .n_labels = 17, .labels = good_labels }, LENO_ARGUMENT },
	{ "a heart that races", { .heartbeat_ms = 1 }, LENO_ARGUMENT },
	{ "a heart that stops", { .heartbeat_ms = UINT32_MAX }, LENO_ARGUMENT },
	{ "a secret of no bytes", { .secret = { NULL, 32 } }, LENO_ARGUMENT },
	{ "two secrets", { .secret = { X64, 32 }, .secret_file = "it" }, LENO_ARGUMENT },
	{ "a secret file that is not there", { .secret_file = "/no/such/file" }, LENO_FILE },
	{ "an identity file that cannot be", { .identity_file = "/no/such/file" }, LENO_FILE },
	{ "a TLS key alone", { .tls_key_file = "key" }, LENO_ARGUMENT },
	{ "TLS clients by every CA", { .tls_cert_file = "it", .tls_verify_clients = true },
	  LENO_ARGUMENT },
	{ "TLS, read when it is needed",
	  { .tls_cert_file = "/no/such/file", .tls_ca_file = "x", .tls_verify_clients = true },
	  0 },
	{ "a secret", { .secret = { X64, 32 } }, 0 },
};

static int complaints;

static void count_line(void *user, enum leno_log_level level, const char *line)
{
	complaints++;
}

TEST(each_option_has_its_verdict)
{
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		leno_options options = rows[i].options;
		leno_node *node = NULL;

		complaints = 0;
		options.log = count_line;
		CHECK_ROW(rows[i].why);
		CHECK_EQ(leno_open(&node, &options, NULL, NULL), rows[i].verdict);
		CHECK_EQ(!!node, rows[i].verdict == 0);
		CHECK_EQ(complaints, rows[i].verdict != 0); /* which says why */
		leno_close(node);
	}
	CHECK_ROW(NULL);
	CHECK_EQ(leno_open(NULL, NULL, NULL, NULL), LENO_ARGUMENT);
	leno_close(NULL);
}

TEST_MAIN(TEST_CASE(each_option_has_its_verdict))
