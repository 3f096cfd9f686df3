/* Memory that two processes share: bytes in order, nobody sleeps through them, and what another
 * process made is believed within bounds only. */
#include "driver/uv/ring.h"

#include "support/check.h"

#include <fcntl.h>
#include <leno.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

enum { FILE_SIZE = RING_START + RING_SIZE, HEAD_AT = 64, SLEEPS_AT = 128, WAITS_AT = 192 };

static struct ring writer, reader;
static int file = -1;
static uint8_t buffer[RING_SIZE];

static void begin(void)
{
	if (ring_create(&writer, &file) < 0 || ring_adopt(&reader, file) < 0)
		abort();
}

static void finish(void)
{
	ring_free(&writer);
	ring_free(&reader);
	close(file);
}

/* As much of them as there is room for. */
static size_t put(struct ring *r, const void *data, size_t size, bool *ret_wake)
{
	uint8_t *at;
	ssize_t room = ring_room(r, &at);
	size_t n = (size_t)room < size ? (size_t)room : size;

	if (room < 0)
		abort();
	memcpy(at, data, n);
	*ret_wake = ring_put(r, n);
	return n;
}

TEST(bytes_come_in_order_around_the_end)
{
	uint8_t piece[1000], got[1000];
	bool wake;

	begin();
	CHECK_EQ(ring_take(&reader, got, sizeof got), 0);
	for (int i = 0; i < 3 * RING_SIZE / (int)sizeof piece; i++) {
		memset(piece, i, sizeof piece);
		piece[0] = (uint8_t)(i >> 8);
		CHECK_EQ(put(&writer, piece, sizeof piece, &wake), sizeof piece);
		CHECK_EQ(ring_take(&reader, got, 400), 400);
		CHECK_EQ(ring_take(&reader, got + 400, sizeof got), 600);
		CHECK_BYTES(got, piece, sizeof piece);
	}
	CHECK(ring_empty(&reader));
	finish();
}

/* As docs/protocol.md has it: two programs of different makers must agree. */
TEST(the_file_is_laid_out_as_specified)
{
	const uint8_t *at;
	bool wake;

	begin();
	at = (const uint8_t *)writer.shared;
	CHECK_EQ(RING_SIZE, 262144);
	CHECK_EQ(RING_LOW, 65536);
	CHECK_EQ(at[SLEEPS_AT], 1);
	put(&writer, buffer, RING_SIZE, &wake);
	CHECK_BYTES(at, &(uint32_t){ RING_SIZE }, 4);
	CHECK_EQ(at[SLEEPS_AT], 0);
	CHECK(ring_wait(&writer));
	CHECK_EQ(at[WAITS_AT], 1);
	ring_take(&reader, buffer, 7);
	CHECK_EQ(at[HEAD_AT], 7);
	put(&writer, "1234567", 7, &wake);
	CHECK_BYTES(at + RING_START, "1234567", 7);
	ring_take(&reader, buffer, sizeof buffer);
	CHECK(ring_frees(&reader));
	CHECK_EQ(at[WAITS_AT], 0);
	CHECK(ring_sleep(&reader));
	CHECK_EQ(at[SLEEPS_AT], 1);
	finish();
}

TEST(counters_wrap)
{
	uint8_t got[8];
	uint32_t *tail, *head;
	bool wake;

	begin();
	tail = (uint32_t *)(void *)writer.shared;
	head = tail + HEAD_AT / sizeof *tail;
	*tail = *head = writer.at = reader.at = UINT32_MAX - 3;
	CHECK_EQ(put(&writer, "12345678", 8, &wake), 8);
	CHECK_EQ(ring_take(&reader, got, 8), 8);
	CHECK_BYTES(got, "12345678", 8);
	finish();
}

TEST(a_reader_who_sleeps_is_woken_once)
{
	bool wake;

	begin();
	put(&writer, "a", 1, &wake);
	CHECK(wake);                           /* it begins asleep */
	put(&writer, "b", 1, &wake);
	CHECK(!wake);
	CHECK(!ring_sleep(&reader));           /* there is something */
	CHECK_EQ(ring_take(&reader, buffer, sizeof buffer), 2);
	put(&writer, "c", 1, &wake);
	CHECK(!wake);                          /* it is awake */
	CHECK_EQ(ring_take(&reader, buffer, sizeof buffer), 1);
	CHECK(ring_sleep(&reader));
	put(&writer, "d", 1, &wake);
	CHECK(wake);
	finish();
}

TEST(a_writer_who_waits_is_woken_when_there_is_much_room)
{
	uint8_t *at;
	bool wake;

	begin();
	CHECK(!ring_wait(&writer));            /* there is room */
	CHECK_EQ(put(&writer, buffer, RING_SIZE, &wake), RING_SIZE);
	CHECK_EQ(ring_room(&writer, &at), 0);
	CHECK(!ring_frees(&reader));           /* nobody waits */
	CHECK(ring_wait(&writer));
	CHECK_EQ(ring_take(&reader, buffer, RING_SIZE - RING_LOW - 1), RING_SIZE - RING_LOW - 1);
	CHECK(!ring_frees(&reader));
	CHECK_EQ(ring_take(&reader, buffer, 1), 1);
	CHECK(ring_frees(&reader));
	CHECK(!ring_frees(&reader));           /* once */
	CHECK_EQ(ring_room(&writer, &at), RING_SIZE - RING_LOW);
	finish();
}

/* ---- what others make ---------------------------------------------------------------- */

static int made(bool all, off_t size, int seals)
{
	int fd = memfd_create("test", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	if (fd < 0 || ftruncate(fd, size) < 0 || (all && fallocate(fd, 0, 0, size) < 0) ||
	    fcntl(fd, F_ADD_SEALS, seals) < 0)
		abort();
	return fd;
}

/* As kernels from 6.3 on make it, where the system says that nobody shall run such files. */
static int made_not_to_be_run(off_t size, int seals)
{
	const unsigned noexec_seal = 8; /* MFD_NOEXEC_SEAL, which these headers may lack */
	int fd = memfd_create("test", MFD_CLOEXEC | noexec_seal);

	if (fd < 0)
		return made(true, size, seals);
	if (fallocate(fd, 0, 0, size) < 0 || fcntl(fd, F_ADD_SEALS, seals) < 0)
		abort();
	return fd;
}

static int opened(const char *path)
{
	return open(path, O_RDWR | O_CLOEXEC);
}

enum { SEALS = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL };

TEST(what_is_no_ring_is_refused)
{
	char path[] = "/tmp/leno-test-XXXXXX";
	const struct {
		const char *why;
		int fd, error;
	} rows[] = {
		{ "as it must be", made(true, FILE_SIZE, SEALS), LENO_OK },
		{ "it cannot be run", made_not_to_be_run(FILE_SIZE, SEALS), LENO_OK },
		{ "it could shrink", made(true, FILE_SIZE, F_SEAL_GROW | F_SEAL_SEAL), LENO_PROTOCOL },
		{ "seals could be added", made(true, FILE_SIZE, F_SEAL_SHRINK | F_SEAL_GROW),
		  LENO_PROTOCOL },
		{ "no seals at all", made(true, FILE_SIZE, 0), LENO_PROTOCOL },
		{ "too small", made(true, FILE_SIZE - 4096, SEALS), LENO_PROTOCOL },
		{ "too large", made(true, FILE_SIZE + 4096, SEALS), LENO_PROTOCOL },
		{ "empty", made(false, 0, SEALS), LENO_PROTOCOL },
		{ "nothing is behind it", made(false, FILE_SIZE, SEALS), LENO_PROTOCOL },
		{ "nobody may write to it, us included",
		  made(true, FILE_SIZE, SEALS | F_SEAL_WRITE), LENO_PROTOCOL },
		{ "a file with a name", mkstemp(path), LENO_PROTOCOL },
		{ "a device", opened("/dev/zero"), LENO_PROTOCOL },
		{ "no descriptor", -1, LENO_PROTOCOL },
	};

	unlink(path);
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct ring r = { 0 };

		CHECK_ROW(rows[i].why);
		CHECK_EQ(ring_adopt(&r, rows[i].fd), rows[i].error);
		CHECK(!r.shared == (rows[i].error < 0));
		ring_free(&r);
		if (rows[i].fd >= 0)
			close(rows[i].fd);
	}
}

TEST(counters_out_of_bounds_are_told)
{
	static const uint32_t bad[] = { RING_SIZE + 1, INT32_MAX, UINT32_MAX };
	uint8_t *at;

	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		uint32_t *tail, *head;

		begin();
		tail = (uint32_t *)(void *)writer.shared;
		head = tail + HEAD_AT / sizeof *tail;
		*tail = bad[i];
		CHECK_EQ(ring_take(&reader, buffer, sizeof buffer), -1);
		*head = -bad[i];
		CHECK_EQ(ring_room(&writer, &at), -1);
		ring_wait(&writer);            /* whatever they say: no fault */
		ring_frees(&reader);
		ring_sleep(&reader);
		finish();
	}
}

/* A file beyond its limit would be the end of the process. */
TEST(where_the_system_lets_us_make_none_there_is_none)
{
	static const struct {
		const char *why;
		int limit;
	} rows[] = { { "no descriptors", RLIMIT_NOFILE }, { "no file is to be so large", RLIMIT_FSIZE } };

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct ring r = { 0 };
		struct rlimit all, none = { 0 };
		int made_fd = -1;

		CHECK_ROW(rows[i].why);
		getrlimit(rows[i].limit, &all);
		none.rlim_max = all.rlim_max;
		setrlimit(rows[i].limit, &none);
		CHECK_EQ(ring_create(&r, &made_fd), LENO_SYSTEM);
		setrlimit(rows[i].limit, &all);
		CHECK(!r.shared && made_fd == -1);
		ring_free(&r);
	}
}

/* ---- two at once ----------------------------------------------------------------------- */

enum { TOTAL = 24 * 1024 * 1024 };

static sem_t bell, room;

static uint8_t byte_at(size_t i)
{
	return (uint8_t)(i * 31 + (i >> 13));
}

static void *write_all(void *arg)
{
	static uint8_t piece[50000];
	uint32_t seed = 1;

	for (size_t done = 0; done < TOTAL;) {
		size_t n = 1 + (seed = seed * 1103515245 + 12345) / 65536 % sizeof piece, from = 0;

		n = n < TOTAL - done ? n : TOTAL - done;
		for (size_t i = 0; i < n; i++)
			piece[i] = byte_at(done + i);
		while (from < n) {
			bool wake;

			from += put(&writer, piece + from, n - from, &wake);
			if (wake)
				sem_post(&bell);
			if (from < n && ring_wait(&writer))
				sem_wait(&room);
		}
		done += n;
	}
	return NULL;
}

/* A wake-up that is lost hangs here, until the test's time is over. */
TEST(two_threads_lose_neither_bytes_nor_wake_ups)
{
	pthread_t thread;
	size_t done = 0, wrong = 0;

	begin();
	sem_init(&bell, 0, 0);
	sem_init(&room, 0, 0);
	if (pthread_create(&thread, NULL, write_all, NULL) != 0)
		abort();
	sem_wait(&bell);                       /* the reader begins asleep */
	while (done < TOTAL) {
		ssize_t n = ring_take(&reader, buffer, 1 + done % sizeof buffer);

		for (ssize_t i = 0; i < n; i++)
			wrong += buffer[i] != byte_at(done + (size_t)i);
		done += n > 0 ? (size_t)n : 0;
		if (n > 0 && ring_frees(&reader))
			sem_post(&room);
		if (n <= 0 && ring_sleep(&reader))
			sem_wait(&bell);
	}
	pthread_join(thread, NULL);
	CHECK_EQ(done, TOTAL);
	CHECK_EQ(wrong, 0);
	finish();
}

TEST_MAIN(TEST_CASE(bytes_come_in_order_around_the_end),
          TEST_CASE(the_file_is_laid_out_as_specified), TEST_CASE(counters_wrap),
          TEST_CASE(a_reader_who_sleeps_is_woken_once),
          TEST_CASE(a_writer_who_waits_is_woken_when_there_is_much_room),
          TEST_CASE(what_is_no_ring_is_refused), TEST_CASE(counters_out_of_bounds_are_told),
          TEST_CASE(where_the_system_lets_us_make_none_there_is_none),
          TEST_CASE(two_threads_lose_neither_bytes_nor_wake_ups))
