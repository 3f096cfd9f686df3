/* Memory runs out at each allocation in turn, descriptors at each number: an error,
 * perhaps, but no crash and no leak. */
#include "host.h"

#include <sys/resource.h>

#include "base/mem.h"

static void nothing(leno_node *node, void *arg)
{
}

/* Two nodes open, listen, connect, discover, meet and talk; whatever fails, fails. Whether
 * all went well. */
static bool live_a_little(const char *folder)
{
	struct host a, b, *both[] = { &a, &b };
	leno_options options = { 0 };
	char identity[64], socket[80];

	snprintf(identity, sizeof identity, "%s/id", folder);
	snprintf(socket, sizeof socket, "local:%s/sock", folder);
	options.identity_file = identity;
	if (host_open_with(&a, &options) < 0)
		return false;
	options.identity_file = NULL;
	if (host_open_with(&b, &options) < 0) {
		leno_close(a.node);
		return false;
	}
	leno_listen(a.node, "tcp://127.0.0.1:0");
	leno_listen(a.node, socket);
	leno_discover(a.node, "local:");
	leno_discover(b.node, "local:");
	if (leno_uri(a.node, 0))
		leno_connect(b.node, leno_uri(a.node, 0));
	leno_after(b.node, 1, nothing, NULL, NULL);
	for (int i = 0; i < 60 && a.messages == 0; i++) {
		if (a.links && b.links)
			leno_send(b.node, leno_self(a.node), "t", (leno_bytes){ "hello", 5 }, NULL);
		host_pump(both, 2, 1);
	}
	leno_close(a.node);
	leno_close(b.node);
	return a.messages > 0;
}

TEST(each_allocation_may_fail)
{
	char folder[] = "/tmp/leno-test-XXXXXX", path[64];
	size_t total, step;

	if (!mkdtemp(folder))
		abort();
	mem_fail(SIZE_MAX, 0);
	CHECK(live_a_little(folder));
	total = mem_fail(0, 0);
	CHECK(total > 50);
	step = getenv("LENO_SLOW") && total > 100 ? total / 100 : 1;
	for (size_t nth = 1; nth <= total; nth += step) {
		mem_fail(nth, 0);
		live_a_little(folder);
		mem_fail(nth, 1);
		live_a_little(folder);
	}
	mem_fail(0, 0);
	snprintf(path, sizeof path, "%s/id", folder);
	unlink(path);
	CHECK_EQ(rmdir(folder), 0);
}

/* The same with descriptors: the limit is one further each time. */
TEST(each_descriptor_may_be_missing)
{
	char folder[] = "/tmp/leno-test-XXXXXX", path[64];
	struct rlimit all, few;
	bool well = false;
	int before;

	if (!mkdtemp(folder))
		abort();
	CHECK(live_a_little(folder)); /* libuv keeps two for ever */
	before = host_descriptors();
	getrlimit(RLIMIT_NOFILE, &all);
	few = all;
	for (few.rlim_cur = 3; !well && few.rlim_cur < 100; few.rlim_cur++) {
		setrlimit(RLIMIT_NOFILE, &few);
		well = live_a_little(folder);
	}
	CHECK(well);
	setrlimit(RLIMIT_NOFILE, &all);
	CHECK_EQ(host_descriptors(), before);
	snprintf(path, sizeof path, "%s/id", folder);
	unlink(path);
	CHECK_EQ(rmdir(folder), 0);
}

TEST_MAIN(TEST_CASE(each_allocation_may_fail), TEST_CASE(each_descriptor_may_be_missing))
