/* Memory that both ends of a local: pipe share, and one of them lies: its pipe ends, nothing else.
 * covers: src/driver/uv/shared.c */
#include "mate.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "driver/uv/ring.h"

enum { TAIL_AT = 0, HEAD_AT = 64 };

/* Stands between b, who dials it, and a, and passes on what both say, so that they are linked.
 * To a it says that it takes rings; what a sends it as one is kept here. */
struct between {
	int door, to_a, to_b;
	bool announced;
	int ring, bell;           /* of a; or -1                          */
	char path[80];
};

static int dial(const char *path)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(at.sun_path, sizeof at.sun_path, "%s", path);
	if (connect(fd, (struct sockaddr *)&at, sizeof at) < 0)
		abort();
	return fd;
}

static void say(int fd, const void *data, size_t size, const int *files, size_t n)
{
	union {
		struct cmsghdr head;
		char room[CMSG_SPACE(250 * sizeof(int))];
	} control = { .head = { CMSG_LEN(n * sizeof(int)), SOL_SOCKET, SCM_RIGHTS } };
	struct iovec bytes = { (void *)data, size };
	struct msghdr m = { .msg_iov = &bytes, .msg_iovlen = 1 };

	if (n > 0) {
		m.msg_control = &control;
		m.msg_controllen = CMSG_SPACE(n * sizeof(int));
		memcpy(CMSG_DATA(&control.head), files, n * sizeof(int));
	}
	sendmsg(fd, &m, MSG_NOSIGNAL);
}

static void pass(struct between *x, int from, int to)
{
	static uint8_t data[65536];
	union {
		struct cmsghdr head;
		char room[CMSG_SPACE(8 * sizeof(int))];
	} control;
	struct iovec bytes = { data, sizeof data };
	struct msghdr m = { .msg_iov = &bytes,
		            .msg_iovlen = 1,
		            .msg_control = &control,
		            .msg_controllen = sizeof control };
	ssize_t n = recvmsg(from, &m, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
	struct cmsghdr *c = n > 0 ? CMSG_FIRSTHDR(&m) : NULL;
	int files[8] = { 0 };
	size_t n_files = c ? (c->cmsg_len - CMSG_LEN(0)) / sizeof(int) : 0;

	if (n <= 0)
		return;
	memcpy(files, c ? CMSG_DATA(c) : (uint8_t *)files, n_files * sizeof(int));
	if (n_files == 2 && from == x->to_a) {
		x->ring = files[0];
		x->bell = files[1];
		n--;
	} else if (n_files > 0) {
		close(files[0]);
	}
	say(to, data, (size_t)n, (int[]){ 0 }, to == x->to_a && !x->announced);
	x->announced |= to == x->to_a;
}

static void between_open(struct between *x, struct mate *a, struct mate *b)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	struct mate *both[] = { a, b };

	*x = (struct between){ .ring = -1, .bell = -1 };
	snprintf(x->path, sizeof x->path, "local:%s/between", folder);
	snprintf(at.sun_path, sizeof at.sun_path, "%s", x->path + 6);
	x->door = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (bind(x->door, (struct sockaddr *)&at, sizeof at) < 0 || listen(x->door, 1) < 0 ||
	    !listening(a, 0) || !mate_open(b, 0) || leno_connect(b->node, x->path) < 0)
		abort();
	pump(both, 2, 10);
	x->to_b = accept(x->door, NULL, NULL);
	x->to_a = dial(uri + 6);
	for (int64_t end = host_now_ms() + 5000; a->links < 1 && host_now_ms() < end;) {
		pump(both, 2, 5);
		pass(x, x->to_a, x->to_b);
		pass(x, x->to_b, x->to_a);
	}
	CHECK_EQ(a->links, 1);
}

static void between_close(struct between *x, struct mate *a, struct mate *b)
{
	close(x->to_a);
	close(x->to_b);
	close(x->door);
	if (x->ring >= 0)
		close(x->ring);
	if (x->bell >= 0)
		close(x->bell);
	unlink(x->path + 6);
	leno_close(a->node);
	leno_close(b->node);
}

static int bell_of_liar;

static int sealed(off_t size, int seals)
{
	int fd = memfd_create("test", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	if (fd < 0 || fallocate(fd, 0, 0, size) < 0 || fcntl(fd, F_ADD_SEALS, seals) < 0)
		abort();
	return fd;
}

enum {
	SEALS = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL,
	FILE_SIZE = RING_START + RING_SIZE
};

TEST(descriptors_that_nobody_asked_for_end_the_pipe)
{
	const int good = sealed(FILE_SIZE, SEALS), tcp = socket(AF_INET, SOCK_STREAM, 0),
	          datagrams = socket(AF_UNIX, SOCK_DGRAM, 0);
	const struct {
		const char *why;
		int file, bell;
		int n;
		char marker;
		int downs;
	} rows[] = {
		{ "a ring as it must be", good, bell_of_liar, 2, 'R', 0 },
		{ "one more of the first kind", good, bell_of_liar, 1, 'R', 1 },
		{ "another marker", good, bell_of_liar, 2, 'r', 1 },
		{ "three", good, bell_of_liar, 3, 'R', 1 },
		{ "as many as fit", good, bell_of_liar, 250, 'R', 1 },
		{ "it can shrink", sealed(FILE_SIZE, F_SEAL_GROW | F_SEAL_SEAL), bell_of_liar, 2,
		  'R', 1 },
		{ "it is small", sealed(4096, SEALS), bell_of_liar, 2, 'R', 1 },
		{ "a device", open("/dev/zero", O_RDWR | O_CLOEXEC), bell_of_liar, 2, 'R', 1 },
		{ "a bell to which writing may wait", good, tcp, 2, 'R', 1 },
		{ "a bell of datagrams", good, datagrams, 2, 'R', 1 },
		{ "a bell that is no socket", good, good, 2, 'R', 1 },
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct mate a, b, *only_a = &a;
		struct between x;
		int before, files[250];

		CHECK_ROW(rows[i].why);
		between_open(&x, &a, &b);
		before = host_descriptors();
		for (int n = 0; n < rows[i].n; n++)
			files[n] = n == 0 ? rows[i].file : rows[i].bell;
		say(x.to_a, &rows[i].marker, 1, files, (size_t)rows[i].n);
		for (int n = 0; n < 10; n++)
			pump(&only_a, 1, 5);
		CHECK_EQ(a.downs, rows[i].downs);
		CHECK_EQ(rings(), 0);
		CHECK(host_descriptors() <= before + (rows[i].downs ? -1 : 1)); /* the pipe's, too */
		between_close(&x, &a, &b);
		if (rows[i].file != good)
			close(rows[i].file);
	}
	close(good);
	close(tcp);
	close(datagrams);
}

/* The ring has so many bytes, says who wrote none: that is the end of a's pipe. */
static void claim(struct between *x, struct mate *a, int file, uint32_t tail)
{
	CHECK_EQ(pwrite(file, &tail, sizeof tail, TAIL_AT), sizeof tail);
	say(x->to_a, "", 1, NULL, 0);
	for (int n = 0; n < 3; n++)
		pump(&a, 1, 5);
	CHECK_EQ(a->downs, 1);
}

/* The liar's ring was fine when it came; then it says that there is more than can be. */
TEST(a_writer_whose_counter_lies_ends_the_pipe)
{
	int file = sealed(FILE_SIZE, SEALS);
	struct mate a, b, *only_a = &a;
	struct between x;

	between_open(&x, &a, &b);
	say(x.to_a, "R", 1, (int[]){ file, bell_of_liar }, 2);
	for (int n = 0; n < 3; n++)
		pump(&only_a, 1, 5);
	CHECK_EQ(a.downs, 0);
	claim(&x, &a, file, RING_SIZE + 1);
	between_close(&x, &a, &b);
	close(file);
}

/* Garbage in the ring, and bells without end: the link sees to the first, nobody to the second. */
TEST(bells_and_bytes_that_mean_nothing)
{
	int file = sealed(FILE_SIZE, SEALS);
	struct mate a, b, *only_a = &a;
	struct between x;

	between_open(&x, &a, &b);
	say(x.to_a, "R", 1, (int[]){ file, bell_of_liar }, 2);
	for (int n = 0; n < 100; n++) {
		say(x.to_a, "0123456789", 10, (int[]){ file, 0 }, n % 3);
		pump(&only_a, 1, 1);
	}
	CHECK_EQ(a.downs, 0);
	claim(&x, &a, file, 1000);
	between_close(&x, &a, &b);
	close(file);
}

/* The liar has a's ring, and says that it took what was never there. */
TEST(a_reader_whose_counter_lies_ends_the_pipe)
{
	struct mate a, b, *both[] = { &a, &b };
	struct between x;
	uint32_t bad = INT32_MAX;

	between_open(&x, &a, &b);
	a.goal = MANY;
	feed(&a);
	for (int64_t end = host_now_ms() + 5000; x.ring < 0 && host_now_ms() < end;) {
		pump(both, 2, 1);
		pass(&x, x.to_a, x.to_b);
		pass(&x, x.to_b, x.to_a);
	}
	REQUIRE(x.ring >= 0);
	CHECK_EQ(pwrite(x.ring, &bad, sizeof bad, HEAD_AT), sizeof bad);
	for (int n = 0; n < 20 && a.downs == 0; n++) {
		say(x.bell, "", 1, NULL, 0);
		pump(both, 1, 5);
		feed(&a);
	}
	CHECK_EQ(a.downs, 1);
	between_close(&x, &a, &b);
}

int main(int argc, char **argv)
{
	static const struct check_case cases[] = {
		TEST_CASE(descriptors_that_nobody_asked_for_end_the_pipe),
		TEST_CASE(a_writer_whose_counter_lies_ends_the_pipe),
		TEST_CASE(bells_and_bytes_that_mean_nothing),
		TEST_CASE(a_reader_whose_counter_lies_ends_the_pipe),
	};

	bell_of_liar = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (bell_of_liar < 0)
		abort();
	return run_cases(__FILE__, cases, sizeof cases / sizeof *cases, argc, argv);
}
