/* ring.c - see ring.h. Counters are 32 bits that wrap; the writer owns `tail`, the reader `head`.
 *
 *   writer: bytes, tail, then is `sleeps` set?      reader: sleeps, then is there a new tail?
 *   reader: head, then is `waits` set?              writer: waits, then is there a new head?
 *
 * Each pair is a store and then a load of the other's word, in one order that all agree on
 * (memory_order_seq_cst), so that at least one of the two sees the other. */
#define _GNU_SOURCE
#include "driver/uv/ring.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <leno.h>
#include <linux/magic.h>
#include <stdalign.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

enum {
	LINE = 64,                      /* of a cache: what two write lies on two       */
	FILE_SIZE = RING_START + RING_SIZE,
	MAPPED = RING_START + 2 * RING_SIZE,
	STAT_BLOCK = 512,               /* what st_blocks counts                        */
	SEALS = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL,
	SEAL_EXEC = 0x20                /* F_SEAL_EXEC of Linux 6.3, which may seal so itself */
};

struct ring_header {
	alignas(LINE) _Atomic uint32_t tail;
	alignas(LINE) _Atomic uint32_t head;
	alignas(LINE) _Atomic uint32_t sleeps;  /* the reader: a bell is awaited        */
	alignas(LINE) _Atomic uint32_t waits;   /* the writer: for room                 */
};
static_assert(sizeof(struct ring_header) <= RING_START, "the header has its page");
static_assert((RING_SIZE & (RING_SIZE - 1)) == 0 && RING_SIZE % RING_START == 0,
              "counters wrap where the ring does, and it is whole pages");
static_assert(ATOMIC_INT_LOCK_FREE == 2, "no lock of one process is in the other");

/* ---- the memory -------------------------------------------------------------------- */

static bool map_at(uint8_t *at, size_t size, int rights, int fd, off_t from)
{
	return mmap(at, size, rights, MAP_SHARED | MAP_FIXED | MAP_POPULATE, fd, from) == at;
}

/* The counters, then the bytes twice: what begins before the ring's end goes on behind it. */
static int map(struct ring *r, int fd, int rights)
{
	uint8_t *at = mmap(NULL, MAPPED, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (at == MAP_FAILED)
		return LENO_MEMORY;
	if (!map_at(at, RING_START, PROT_READ | PROT_WRITE, fd, 0) ||
	    !map_at(at + RING_START, RING_SIZE, rights, fd, RING_START) ||
	    !map_at(at + RING_START + RING_SIZE, RING_SIZE, rights, fd, RING_START)) {
		munmap(at, MAPPED);
		return LENO_MEMORY;
	}
	r->shared = (struct ring_header *)(void *)at;
	r->bytes = at + RING_START;
	r->at = 0;
	return LENO_OK;
}

/* Whoever makes a larger file than its limit gets a signal, which ends it. */
static bool may_be_made(void)
{
	struct rlimit limit;

	return getrlimit(RLIMIT_FSIZE, &limit) < 0 || limit.rlim_cur >= FILE_SIZE;
}

int ring_create(struct ring *r, int *ret_fd)
{
	int fd = !may_be_made() ? -1 : memfd_create("leno", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	int error = LENO_SYSTEM;

	if (fd < 0)
		return LENO_SYSTEM;
	if (sysconf(_SC_PAGESIZE) <= RING_START && fallocate(fd, 0, 0, FILE_SIZE) == 0 &&
	    fcntl(fd, F_ADD_SEALS, SEALS) == 0)
		error = map(r, fd, PROT_READ | PROT_WRITE);
	if (error < 0) {
		close(fd);
		return error;
	}
	atomic_store(&r->shared->sleeps, 1);
	*ret_fd = fd;
	return LENO_OK;
}

/* Only files that live in memory and have no name can be sealed so; of those, huge pages may be
 * missing when they are touched. */
static bool is_ring(int fd)
{
	struct statfs fs;
	struct stat st;
	int seals = fcntl(fd, F_GET_SEALS);

	return seals >= 0 && (seals & ~SEAL_EXEC) == SEALS && fstatfs(fd, &fs) == 0 &&
	       fs.f_type == TMPFS_MAGIC && fstat(fd, &st) == 0 && S_ISREG(st.st_mode) &&
	       st.st_size == FILE_SIZE && st.st_blocks >= FILE_SIZE / STAT_BLOCK;
}

int ring_adopt(struct ring *r, int fd)
{
	return is_ring(fd) ? map(r, fd, PROT_READ) : LENO_PROTOCOL;
}

void ring_free(struct ring *r)
{
	if (r->shared)
		munmap(r->shared, MAPPED);
	r->shared = NULL;
	r->bytes = NULL;
}

/* ---- the writer ---------------------------------------------------------------------- */

ssize_t ring_room(const struct ring *r, uint8_t **ret_at)
{
	uint32_t used = r->at - atomic_load_explicit(&r->shared->head, memory_order_acquire);

	if (used > RING_SIZE)
		return -1;
	*ret_at = r->bytes + r->at % RING_SIZE;
	return (ssize_t)(RING_SIZE - used);
}

/* A load first: most of the time the reader is awake, and its word stays where it is. */
bool ring_put(struct ring *r, size_t size)
{
	r->at += (uint32_t)size;
	atomic_store(&r->shared->tail, r->at);
	return atomic_load(&r->shared->sleeps) && atomic_exchange(&r->shared->sleeps, 0);
}

bool ring_wait(struct ring *r)
{
	uint32_t used;

	atomic_store(&r->shared->waits, 1);
	used = r->at - atomic_load(&r->shared->head);
	if (used > RING_LOW)
		return true;
	atomic_store(&r->shared->waits, 0);
	return false;
}

/* ---- the reader ---------------------------------------------------------------------- */

ssize_t ring_take(struct ring *r, uint8_t *into, size_t size)
{
	uint32_t there = atomic_load_explicit(&r->shared->tail, memory_order_acquire) - r->at;

	if (there > RING_SIZE)
		return -1;
	if (there < size)
		size = there;
	if (size == 0)
		return 0;
	memcpy(into, r->bytes + r->at % RING_SIZE, size);
	r->at += (uint32_t)size;
	atomic_store(&r->shared->head, r->at);
	return (ssize_t)size;
}

bool ring_frees(struct ring *r)
{
	return atomic_load(&r->shared->waits) &&
	       atomic_load(&r->shared->tail) - r->at <= RING_LOW &&
	       atomic_exchange(&r->shared->waits, 0);
}

bool ring_sleep(struct ring *r)
{
	atomic_store(&r->shared->sleeps, 1);
	if (ring_empty(r))
		return true;
	atomic_store(&r->shared->sleeps, 0);
	return false;
}

bool ring_empty(const struct ring *r)
{
	return atomic_load(&r->shared->tail) == r->at;
}
