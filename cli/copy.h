/* copy.h - one file on its way over one stream, at either end of it: who sends, who
 * takes. The command `cp` has one, `leno up` many. */
#pragma once

#include "app.h"
#include "background.h"
#include "copy_frame.h"
#include "part.h"

#include <sys/stat.h>

enum {
	COPY_PIECE = 64 * 1024,  /* read from a disk at once                          */
	COPY_TURN = 1024 * 1024, /* read, checked or written between two steps of the node */
	COPY_OUT = COPY_PIECE,
	COPY_WHY = 256
};

/* How a copy ended, and what a stream is aborted with. What is worth another try comes
 * from BUSY on; the rest is final. */
enum copy_end {
	COPY_OK,
	COPY_DENIED, /* the node does not do this at all          */
	COPY_EXISTS, /* and --force was not said                  */
	COPY_ABSENT, /* there is no such file                     */
	COPY_FAILED, /* the system would not                      */
	COPY_CHANGED, /* the file did, while it was read           */
	COPY_TAKEN,  /* another copy of it took over              */
	COPY_BROKEN, /* the other end does not keep the protocol  */
	COPY_BUSY = 64,
	COPY_GONE    /* the session ended, or nothing moved       */
};

struct copy;

/* Does a piece of what is due; false when it waits for something. Takes what it has
 * read, checked or written from *budget. */
typedef bool copy_step_fn(struct copy *, size_t *budget);

struct copy {
	struct copy *next; /* of the owner's list                       */
	struct app *app;
	struct background *background;
	void *owner;
	void (*over)(struct copy *); /* it has ended: look at `end`, copy_free()  */
	void (*offered)(struct copy *, const struct frame *); /* where shall it go? */

	leno_stream *stream; /* NULL when it is over                      */
	leno_id peer;
	copy_step_fn *step;
	int phase; /* of the step; 0: not agreed yet            */
	const char *doing; /* instead of moving bytes; or NULL         */
	leno_timer again;
	uint8_t in[FRAME_MAX]; /* a frame that is not whole yet             */
	size_t in_size;
	uint8_t *out; /* COPY_OUT bytes; waits for the stream      */
	size_t out_from, out_to;

	struct checksum *sum;
	int fd; /* the file that is sent, or compared; or -1 */
	struct stat before;   /* what was offered                          */
	struct part part;     /* of the file that is taken                 */
	bool parted, whole;   /* there is a part; a whole file is compared */
	bool working;         /* in the background                         */
	int committed;        /* an errno                                  */
	bool inward;         /* it comes to us                            */
	bool force, again_offered;
	uint32_t mode;
	char file[BENEATH_PATH_MAX]; /* as people know it                    */
	uint64_t size, had, at;     /* of the file; in the part; done so far */
	uint8_t had_sum[CHECKSUM_SIZE], final_sum[CHECKSUM_SIZE];
	uint64_t resumed;    /* bytes that had not to be sent             */
	uint64_t moves;      /* grows with all that goes on               */
	int64_t began_us, moved_ms;
	uint64_t moved;      /* `moves` and what was confirmed, at moved_ms */

	bool all_sent;       /* with the checksum                         */
	bool bare;           /* we send bytes: no frame may stand between  */
	bool done;           /* it is where it should be; goodbye is all that is left */
	bool ended, theirs;  /* and it was the other end that ended it    */
	enum copy_end end;
	char why[COPY_WHY];
};

/* copy.c: what both ends have in common. */
struct copy *copy_new(struct app *, struct background *, void (*over)(struct copy *), void *owner);
void copy_free(struct copy *); /* aborts what is not over; NULL is fine, its work is not */
extern const leno_stream_handlers copy_handlers; /* of its stream, with it as user     */
void copy_run(struct copy *);  /* after each change from outside: goes on as far as it may */
void copy_fail(struct copy *, enum copy_end, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
void copy_fail_errno(struct copy *, const char *what, int error); /* "NAME what: why" */
void copy_say(struct copy *, const struct frame *);
bool copy_flush(struct copy *);           /* true when nothing waits for the stream */
bool copy_next(struct copy *, struct frame *ret); /* a whole frame, if there is one */
void copy_beat(struct copy *);            /* every second: says that it works       */
bool copy_moving(struct copy *, int64_t now_ms); /* something has moved since the last look */
uint64_t copy_passed(const struct copy *); /* bytes of the file that are there       */
void copy_resum(struct copy *);           /* the checksum from the start            */

/* Adds bytes of a descriptor from c->at on, to c->had at most. False at its end, or when
 * the copy has failed. */
bool copy_check(struct copy *, int fd, size_t *budget);

/* copy_send.c. The file is at c->fd: copy_offer() looks at it, and offers it as path. */
void copy_offer(struct copy *, const char *path, uint8_t flags);

/* copy_take.c: waits for an offer, asks `offered`, which opens the part by copy_into() in
 * a folder that is taken over, or fails the copy. */
void copy_want(struct copy *, const char *path); /* the first word, where we ask */
void copy_await(struct copy *);
void copy_offered(struct copy *, const struct frame *);
void copy_into(struct copy *, int folder, const char *leaf);
