/* Memory that both ends of a local: pipe share: floods of real processes, one that is killed or
 * stopped amidst, one that lies, and what goes on without memory or descriptors.
 * covers: src/driver/uv/shared.c src/driver/uv/ring.c */
#include "host.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>

#include "driver/uv/ring.h"

enum { SIZE = 1000, MANY = 20000, FEW = 20, LONG_MS = 60000, TAIL_AT = 0, HEAD_AT = 64 };

static char folder[] = "/tmp/leno-test-XXXXXX";
static char uri[64];

/* A node that sends numbered messages to the other, and looks that the other's come in order. */
struct mate {
	leno_node *node;
	leno_id peer;
	int links, ups, downs, got;
	uint32_t next, goal;      /* to send                              */
	uint64_t confirmed;       /* of them, and of their type's name    */
	bool gap, closed;
	FILE *tell;               /* where `confirmed` is written, or NULL */
};

static void feed(struct mate *m)
{
	char data[SIZE] = { 0 };

	while (m->ups > 0 && m->next < m->goal) {
		memcpy(data, &m->next, sizeof m->next);
		if (leno_send(m->node, &m->peer, "t", (leno_bytes){ data, sizeof data }, NULL) < 0)
			return;
		m->next++;
	}
}

static void on_link_up(leno_node *node, void *user, const leno_id *peer, const char *where)
{
	struct mate *m = user;

	(void)node, (void)where;
	m->links++;
	m->ups++;
	m->peer = *peer;
	feed(m);
}

static void on_link_down(leno_node *node, void *user, const leno_id *peer, enum leno_why why,
                         int error)
{
	struct mate *m = user;

	(void)node, (void)peer, (void)why, (void)error;
	m->links--;
	m->downs++;
}

static void on_message(leno_node *node, void *user, leno_message *message, const char *type,
                       leno_bytes data)
{
	struct mate *m = user;
	uint32_t number;

	(void)node, (void)message, (void)type;
	memcpy(&number, data.data, sizeof number);
	m->gap |= number != (uint32_t)m->got || data.size != SIZE;
	m->got++;
}

static void on_sent(leno_node *node, void *user, const leno_id *to, uint64_t first, uint64_t last,
                    enum leno_outcome outcome, int error)
{
	struct mate *m = user;

	(void)node, (void)to, (void)error;
	if (outcome == LENO_CONFIRMED)
		m->confirmed += last - first + 1;
	if (m->tell)
		fwrite(&m->confirmed, sizeof m->confirmed, 1, m->tell);
}

static void on_writable(leno_node *node, void *user, const leno_id *to)
{
	(void)node, (void)to;
	feed(user);
}

static size_t memory_max; /* of the nodes of this process that are opened next; 0: as usual */

static bool mate_open(struct mate *m, uint32_t goal)
{
	static const leno_handlers handlers = { .link_up = on_link_up,
		                                .link_down = on_link_down,
		                                .message = on_message,
		                                .sent = on_sent,
		                                .writable = on_writable };
	const leno_options options = { .network = "shared", .log = host_silence,
		                       .memory_max = memory_max };

	memset(m, 0, sizeof *m);
	m->goal = goal;
	return leno_open(&m->node, &options, &handlers, m) == 0;
}

static void pump(struct mate *const *mates, size_t n, int64_t max_ms)
{
	struct pollfd fds[HOSTS_MAX];

	for (size_t i = 0; i < n; i++) {
		int64_t own = leno_timeout(mates[i]->node);

		fds[i] = (struct pollfd){ leno_fd(mates[i]->node), POLLIN, 0 };
		if (own >= 0 && own < max_ms)
			max_ms = own;
	}
	poll(fds, n, (int)max_ms);
	for (size_t i = 0; i < n; i++)
		leno_step(mates[i]->node);
}

static bool until(struct mate *m, const int *what, int value)
{
	int64_t end = host_now_ms() + LONG_MS;

	while (*what < value && host_now_ms() < end)
		pump(&m, 1, 100);
	return *what >= value;
}

/* Rings that this process maps: each is a file of its own. */
static int rings(void)
{
	FILE *maps = fopen("/proc/self/maps", "r");
	unsigned long seen[64], inode;
	char line[512];
	int n = 0;

	while (maps && fgets(line, sizeof line, maps)) {
		bool known = false;

		if (!strstr(line, "/memfd:leno ") ||
		    sscanf(line, "%*s %*s %*s %*s %lu", &inode) != 1)
			continue;
		for (int i = 0; i < n; i++)
			known |= seen[i] == inode;
		if (!known && n < 64)
			seen[n++] = inode;
	}
	if (maps)
		fclose(maps);
	return n;
}

/* A pipe that has ended lingers for a moment. */
static bool unmapped(struct mate *m)
{
	for (int64_t end = host_now_ms() + 5000; rings() > 0 && host_now_ms() < end;)
		pump(&m, 1, 20);
	return rings() == 0;
}

/* Another process: dials ours, sends `goal` messages and takes what comes, until it is killed
 * or has `expected`. With `few` it has no descriptors left once it is linked. */
static pid_t start(uint32_t goal, int expected, bool few, FILE *tell)
{
	pid_t pid = fork();
	struct mate m;

	if (pid != 0)
		return pid;
	if (!mate_open(&m, goal) || leno_connect(m.node, uri) < 0)
		_exit(2);
	m.tell = tell;
	if (!until(&m, &m.ups, 1))
		_exit(3);
	if (few) {
		struct rlimit limit;

		getrlimit(RLIMIT_NOFILE, &limit);
		limit.rlim_cur = 3;
		setrlimit(RLIMIT_NOFILE, &limit);
		until(&m, &m.downs, 1);
		limit.rlim_cur = limit.rlim_max;
		setrlimit(RLIMIT_NOFILE, &limit);
	}
	if (!until(&m, &m.got, expected))
		_exit(4);
	while (m.confirmed < (uint64_t)goal + (goal > 0))
		pump((struct mate *[]){ &m }, 1, 100);
	leno_close(m.node);
	_exit(m.gap ? 5 : 0);
}

static int end_of(pid_t pid)
{
	int status = -1;

	waitpid(pid, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static bool listening(struct mate *m, uint32_t goal)
{
	return mate_open(m, goal) && leno_listen(m->node, uri) == 0;
}

TEST(quiet_pipes_have_no_ring)
{
	struct mate m;
	pid_t pid;

	REQUIRE(listening(&m, FEW));
	pid = start(FEW, FEW, false, NULL);
	CHECK(until(&m, &m.got, FEW));
	CHECK_EQ(rings(), 0);
	until(&m, &m.downs, 1);
	CHECK_EQ(end_of(pid), 0);
	leno_close(m.node);
}

TEST(both_directions_are_flooded)
{
	struct mate m;
	pid_t pid;

	REQUIRE(listening(&m, MANY));
	pid = start(MANY, MANY, false, NULL);
	CHECK(until(&m, &m.got, MANY / 2));
	CHECK_EQ(rings(), 2);
	CHECK(until(&m, &m.got, MANY));
	CHECK(until(&m, &m.downs, 1));
	CHECK(!m.gap);
	CHECK_EQ(end_of(pid), 0);
	CHECK_EQ(m.confirmed, MANY + 1);
	CHECK(unmapped(&m));
	leno_close(m.node);
}

/* What it heard of as confirmed is had, and what came is without a gap. */
TEST(the_writer_is_killed)
{
	uint64_t confirmed = 0, read_one;
	struct mate m;
	int fds[2];
	FILE *tell, *told;
	pid_t pid;

	REQUIRE(listening(&m, 0) && pipe(fds) == 0);
	tell = fdopen(fds[1], "w");
	told = fdopen(fds[0], "r");
	setbuf(tell, NULL);
	pid = start(UINT32_MAX, 0, false, tell);
	fclose(tell);
	CHECK(until(&m, &m.got, MANY / 2));
	CHECK_EQ(rings(), 1);
	kill(pid, SIGKILL);
	end_of(pid);
	while (fread(&read_one, sizeof read_one, 1, told) == 1)
		confirmed = read_one;
	CHECK(until(&m, &m.downs, 1));
	CHECK(confirmed > 0 && (uint64_t)m.got + 1 >= confirmed);
	CHECK(!m.gap);
	CHECK(unmapped(&m));
	fclose(told);
	leno_close(m.node);
}

/* It takes nothing for a while: nothing is lost, and what waits is bounded. */
TEST(the_reader_is_stopped)
{
	struct mate m;
	uint32_t stopped;
	pid_t pid;

	REQUIRE(listening(&m, 4 * MANY));
	pid = start(0, 4 * MANY, false, NULL);
	CHECK(until(&m, &m.ups, 1));
	while (m.confirmed < MANY / 2)
		pump((struct mate *[]){ &m }, 1, 100);
	CHECK_EQ(rings(), 1);
	kill(pid, SIGSTOP);
	for (int64_t end = host_now_ms() + 300; host_now_ms() < end;)
		pump((struct mate *[]){ &m }, 1, 50);
	stopped = m.next;
	CHECK((m.next - m.confirmed) * SIZE < 8 << 20);
	for (int64_t end = host_now_ms() + 300; host_now_ms() < end;)
		pump((struct mate *[]){ &m }, 1, 50);
	CHECK_EQ(m.next, stopped);
	kill(pid, SIGCONT);
	CHECK(until(&m, &m.downs, 1));
	CHECK_EQ(end_of(pid), 0);
	CHECK_EQ(m.confirmed, 4 * MANY + 1);
	leno_close(m.node);
}

/* An eighth of its memory is less than a ring: it neither makes nor takes one. */
TEST(a_small_node_has_no_rings)
{
	struct mate m;
	pid_t pid;

	memory_max = 1 << 20;
	REQUIRE(listening(&m, MANY));
	memory_max = 0;
	pid = start(MANY, MANY, false, NULL);
	while (m.confirmed <= MANY && m.downs == 0) {
		pump((struct mate *[]){ &m }, 1, 100);
		if (!CHECK_EQ(rings(), 0))
			break;
	}
	CHECK(until(&m, &m.downs, 1));
	CHECK_EQ(m.downs, 1);
	CHECK_EQ(end_of(pid), 0);
	CHECK_EQ(m.got, MANY);
	leno_close(m.node);
}

/* The peer cannot take the descriptors: the pipe breaks, and the next one has no ring. */
TEST(the_reader_has_no_descriptors)
{
	struct mate m;
	pid_t pid;

	REQUIRE(listening(&m, MANY));
	pid = start(0, MANY, true, NULL);
	CHECK(until(&m, &m.ups, 2));
	while (m.confirmed <= MANY && m.links > 0) {
		pump((struct mate *[]){ &m }, 1, 100);
		CHECK_EQ(rings(), 0);
	}
	CHECK_EQ(end_of(pid), 0);
	CHECK(until(&m, &m.downs, 2));
	CHECK_EQ(m.confirmed, MANY + 1);
	leno_close(m.node);
}

TEST(the_writer_has_no_descriptors)
{
	struct rlimit all, few;
	struct mate m;
	pid_t pid;

	REQUIRE(listening(&m, 0));
	pid = start(0, MANY, false, NULL);
	CHECK(until(&m, &m.ups, 1));
	getrlimit(RLIMIT_NOFILE, &all);
	few = all;
	few.rlim_cur = 3;
	setrlimit(RLIMIT_NOFILE, &few);
	m.goal = MANY;
	feed(&m);
	while (m.confirmed <= MANY && m.links > 0)
		pump((struct mate *[]){ &m }, 1, 100);
	setrlimit(RLIMIT_NOFILE, &all);
	CHECK_EQ(rings(), 0);
	CHECK(until(&m, &m.downs, 1));
	CHECK_EQ(m.downs, 1);
	CHECK_EQ(end_of(pid), 0);
	CHECK_EQ(m.confirmed, MANY + 1);
	leno_close(m.node);
}

/* ---- liars ------------------------------------------------------------------------------- */

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
		CHECK(host_descriptors() <= before + 1);
		between_close(&x, &a, &b);
		if (rows[i].file != good)
			close(rows[i].file);
	}
	close(good);
	close(tcp);
	close(datagrams);
}

/* The liar's ring was fine when it came; then it says that there is more than can be. */
TEST(a_writer_whose_counter_lies_ends_the_pipe)
{
	int file = sealed(FILE_SIZE, SEALS);
	uint32_t bad = RING_SIZE + 1;
	struct mate a, b, *only_a = &a;
	struct between x;

	between_open(&x, &a, &b);
	say(x.to_a, "R", 1, (int[]){ file, bell_of_liar }, 2);
	for (int n = 0; n < 3; n++)
		pump(&only_a, 1, 5);
	CHECK_EQ(a.downs, 0);
	CHECK_EQ(pwrite(file, &bad, sizeof bad, TAIL_AT), sizeof bad);
	say(x.to_a, "", 1, NULL, 0);
	for (int n = 0; n < 3; n++)
		pump(&only_a, 1, 5);
	CHECK_EQ(a.downs, 1);
	between_close(&x, &a, &b);
	close(file);
}

/* Garbage in the ring, and bells without end: the link sees to the first, nobody to the second. */
TEST(bells_and_bytes_that_mean_nothing)
{
	int file = sealed(FILE_SIZE, SEALS);
	uint32_t some = 1000;
	struct mate a, b, *only_a = &a;
	struct between x;

	between_open(&x, &a, &b);
	say(x.to_a, "R", 1, (int[]){ file, bell_of_liar }, 2);
	for (int n = 0; n < 100; n++) {
		say(x.to_a, "0123456789", 10, (int[]){ file, 0 }, n % 3);
		pump(&only_a, 1, 1);
	}
	CHECK_EQ(a.downs, 0);
	CHECK_EQ(pwrite(file, &some, sizeof some, TAIL_AT), sizeof some);
	say(x.to_a, "", 1, NULL, 0);
	for (int n = 0; n < 3; n++)
		pump(&only_a, 1, 5);
	CHECK_EQ(a.downs, 1);
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
	int failed;
	static const struct check_case cases[] = {
		TEST_CASE(quiet_pipes_have_no_ring),
		TEST_CASE(both_directions_are_flooded),
		TEST_CASE(the_writer_is_killed),
		TEST_CASE(the_reader_is_stopped),
		TEST_CASE(a_small_node_has_no_rings),
		TEST_CASE(the_reader_has_no_descriptors),
		TEST_CASE(the_writer_has_no_descriptors),
		TEST_CASE(descriptors_that_nobody_asked_for_end_the_pipe),
		TEST_CASE(a_writer_whose_counter_lies_ends_the_pipe),
		TEST_CASE(bells_and_bytes_that_mean_nothing),
		TEST_CASE(a_reader_whose_counter_lies_ends_the_pipe),
	};

	bell_of_liar = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (!mkdtemp(folder) || bell_of_liar < 0)
		abort();
	snprintf(uri, sizeof uri, "local:%s/sock", folder);
	failed = check_run(__FILE__, cases, sizeof cases / sizeof *cases, argc, argv);
	rmdir(folder);
	return failed;
}
