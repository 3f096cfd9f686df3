/* ring.h - bytes from one process to another through memory that both map: one direction of a
 * local: pipe, and one end of it. No sockets here: who sleeps is woken by the caller.
 *
 * The memory is a sealed file without a name: a page with the counters, then RING_SIZE bytes. The
 * writer makes it, the reader gets the descriptor. Each end keeps its own counter for itself and
 * believes the other's only within bounds, since the other end may be anybody of this user.
 *
 *  1. What lies in the memory may change while it is looked at: it is copied before it is read.
 *  2. It is all there from the start and cannot shrink: touching it never faults.
 *  3. Whoever sleeps has said so and looked once more: no wake-up is lost. */
#ifndef LENO_DRIVER_UV_RING_H
#define LENO_DRIVER_UV_RING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum {
	RING_SIZE  = 256 * 1024,
	RING_LOW   = RING_SIZE / 4, /* this little is left when the writer is woken   */
	RING_START = 4096           /* of the bytes, in the file                      */
};

struct ring_header;

struct ring {
	struct ring_header *shared;   /* NULL: there is none                      */
	uint8_t *bytes;               /* twice, one after the other: no piece is cut  */
	uint32_t at;                  /* our own counter: of what was put, or taken   */
};

/* The writer's end, and the file's descriptor, the caller's to close. MEMORY, SYSTEM. */
int  ring_create(struct ring *, int *ret_fd);
/* The reader's end of what another process made; the descriptor stays the caller's.
 * PROTOCOL: it is not what it should be. MEMORY. */
int  ring_adopt(struct ring *, int fd);
void ring_free(struct ring *);      /* none is fine                             */

/* ---- the writer ----------------------------------------------------------------- */

/* How much can be put, and where; -1: the other end's counter is out of bounds. */
ssize_t ring_room(const struct ring *, uint8_t **ret_at);
/* So much was written there, at most the room. Whether the reader sleeps, and is to be woken. */
bool ring_put(struct ring *, size_t size);
/* False: all but RING_LOW is free. Else the reader will wake us when it is. */
bool ring_wait(struct ring *);

/* ---- the reader ----------------------------------------------------------------- */

/* Copies what there is, at most `size`; 0: nothing; -1: the other counter is out of bounds. */
ssize_t ring_take(struct ring *, uint8_t *into, size_t size);
/* Whether the writer waits for room that there is now: it is to be woken. */
bool ring_frees(struct ring *);
/* False: there are bytes. Else the writer will wake us. */
bool ring_sleep(struct ring *);
bool ring_empty(const struct ring *);

#endif
