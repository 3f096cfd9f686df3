/* engine.h - the node without sockets, for driver authors.
 *
 * A node is a pure machine: it reads no clock, opens no socket, starts no thread.
 * Give it one input, take its outputs until there are none, sleep until the
 * deadline that it names:
 *
 *     leno_engine_time(node, now);                   the time, before each input
 *     leno_engine_opened / _take / _closed           one input
 *     while (leno_engine_next(node, &out)) ...       outputs, until there are none
 *     sleep until leno_engine_deadline(node), or the next input
 *
 *  1. Time is microseconds of a clock that never goes back; its zero is free.
 *     Wall time is given once, at open.
 *  2. A pipe carries bytes in order, both ways, without loss until it closes. The
 *     driver names it by a number that it chose; engine and driver agree on its
 *     life by opened and closed, in that order, once each.
 *  3. Handlers run inside leno_engine_take(), _opened(), _closed() and _time().
 *  4. Every function of leno.h that names no URI, file, or loop works on the node
 *     (sending, requests, atlas, statistics). */
#ifndef LENO_ENGINE_H
#define LENO_ENGINE_H

#include <leno.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef uint32_t leno_pipe; /* chosen by the driver; below LENO_PIPES_MAX */
enum { LENO_PIPES_MAX = 4096 };

enum { LENO_DIALS_MAX = 63 };

/* How a pipe came to be: of several between two nodes the one of the lowest class is taken.
 * Where the ends differ (a proxy stands between them) the higher one counts. */
enum leno_pipe_class {
	LENO_PIPE_LOCAL = 1, /* between processes of one machine and user     */
	LENO_PIPE_STREAM,    /* tcp as it is                                  */
	LENO_PIPE_WRAPPED,   /* within something else: tls, ws, wss           */
	LENO_PIPE_DATAGRAM,  /* put together from datagrams: udp              */
	LENO_PIPE_POLLED     /* put together from requests: http              */
};

typedef struct leno_engine_config {
	uint8_t  seed[32];       /* all randomness comes from it               */
	uint8_t  identity[32];   /* the seed of the node's keys                */
	uint64_t wall_ms;        /* wall clock at open, or stored + 1: the incarnation;
	                            below 2^63                                  */
	uint64_t now_us;         /* the driver's clock at open                 */
	bool     has_secret;
	uint8_t  secret[32];     /* already stretched                          */
	bool     no_aes;         /* ChaCha20 even where hardware does AES: one seed
	                            makes the same bytes on every machine      */

	/* A network with a key: what the driver's files hold, and what they keep */
	bool     has_key;
	uint8_t  network_key[32];     /* public                                 */
	leno_bytes certificate;       /* our own, or of the identity that sends us ... */
	bool     has_holder;
	uint8_t  holder[32];          /* ... as a visitor: its seed             */
	leno_bytes invitation;        /* in place of a certificate              */
	bool     issues;
	uint8_t  network_seed[32];    /* issues: the key's other half           */
	leno_bytes revocations;       /* one after another, as they were kept   */
	uint64_t clock_ms;            /* wall clock at open; 0: wall_ms         */
	/* issues: makes sure, beyond the next power failure, that one of `uses` of this token is
	 * used by this node, and by which certificate; *ret is that, or the one that it was given
	 * before (lent until the next call). LIMIT, FILE. */
	int    (*issue)(void *keeper, const uint8_t token[16], uint32_t uses, const leno_id *,
	                leno_bytes certificate, leno_bytes *ret);
	/* All that are known, again whenever there are more. FILE. */
	int    (*keep_revocations)(void *keeper, leno_bytes all);
	/* invitation: what it brought. FILE. */
	int    (*keep_certificate)(void *keeper, leno_bytes certificate);
	void    *keeper;

	/* Schemes that the driver dials by hearsay, as "tcp wss", to LENO_DIALS_MAX bytes: addresses
	 * of others are as if nobody had told them. "": none; NULL: any. */
	const char *dials;

	leno_options  options;   /* files and anonymous are the driver's concern */
	leno_handlers handlers;
	void    *user;
} leno_engine_config;

/* Errors: ARGUMENT, MEMORY, INTERNAL (there is no cryptography). */
LENO_API int  leno_engine_open(leno_node **ret, const leno_engine_config *);

/* Queues a goodbye on each link; outputs remain to be taken, then free it. */
LENO_API void leno_engine_goodbye(leno_node *);
LENO_API void leno_engine_free(leno_node *);

/* The driver's own state, for drivers that implement leno.h's URIs. */
LENO_API void  leno_engine_set_driver(leno_node *, void *driver);
LENO_API void *leno_engine_driver(const leno_node *);

/* ---- inputs ---------------------------------------------------------------- */

LENO_API void leno_engine_time(leno_node *, uint64_t now_us);

/* The wall clock, microseconds since 1970, at the last leno_engine_time(): for who compares
 * clocks. Without it the one told at open goes on. */
LENO_API void leno_engine_wall(leno_node *, int64_t wall_us);

/* What the process takes: thousandths of a processor lately, bytes that are resident; 0: not
 * known. For leno_status_get() alone, so once in a while is often enough. */
LENO_API void leno_engine_usage(leno_node *, uint32_t cpu, uint64_t resident);

/* AES-256-GCM (NIST SP 800-38D), for drivers that know a library faster than the core's; the
 * bytes are the same. Its functions neither fail nor allocate, and work in place. */
typedef struct leno_gcm {
	size_t schedule_size;    /* of an expanded key: 1 to 4096 bytes at a multiple of 64 */
	void (*expand)(void *schedule, const uint8_t key[32]);
	void (*seal)(const void *schedule, const uint8_t nonce[12], const uint8_t *ad,
	             size_t ad_size, uint8_t *buf, size_t size, uint8_t ret_tag[16]);
	/* ret_tag: the tag that there should be; the core compares. */
	void (*open)(const void *schedule, const uint8_t nonce[12], const uint8_t *ad,
	             size_t ad_size, uint8_t *buf, size_t size, uint8_t ret_tag[16]);
} leno_gcm;

/* From now on the node uses it, with keys that it has already too. ARGUMENT: it does not seal as
 * it should (it is tried), there is no AES here, or it has one. */
LENO_API int leno_engine_gcm(leno_node *, const leno_gcm *);

/* A pipe is open. dial: the number from LENO_OUT_DIAL, or 0 when it was accepted.
 * uri describes the other end, for people. Errors: LIMIT, BUSY (close it), MEMORY, ARGUMENT
 * (this pipe is open already), CLOSED, DUPLICATE (no link is made any more), URI (its dial
 * was forgotten meanwhile). */
LENO_API int leno_engine_opened(leno_node *, leno_pipe, enum leno_pipe_class, uint32_t dial,
                                const char *uri);

/* The same of a pipe by which both ends know something that goes for no other (of WebRTC: the
 * certificates of both): it is part of the handshake, and ends that differ have no link. Other
 * errors: ARGUMENT (over LENO_BINDING_MAX bytes). */
enum { LENO_BINDING_MAX = 64 };
LENO_API int leno_engine_bound(leno_node *, leno_pipe, enum leno_pipe_class, uint32_t dial,
                               const char *uri, leno_bytes binding);

/* A dial failed before there was a pipe; 0: it was leno_engine_refused(), which said why. */
LENO_API void leno_engine_dial_failed(leno_node *, uint32_t dial, int error);

/* Bytes from a pipe; they are decrypted in place, so the buffer is overwritten. */
LENO_API void leno_engine_take(leno_node *, leno_pipe, uint8_t *data, size_t size);

/* A pipe is gone (0, or why). Not given for a pipe that LENO_OUT_CLOSE named. */
LENO_API void leno_engine_closed(leno_node *, leno_pipe, int error);

/* ---- outputs --------------------------------------------------------------- */

enum leno_out_kind {
	LENO_OUT_WRITE = 1, /* pipe has bytes: leno_engine_make() gives them. Named
	                       once; named again only after make() returned less
	                       than there was room for                            */
	LENO_OUT_CLOSE,     /* write what make() still gives, then close the pipe  */
	LENO_OUT_DIAL       /* open a pipe to uri, and say opened() or dial_failed() */
};
typedef struct leno_out {
	enum leno_out_kind kind;
	leno_pipe   pipe;
	uint32_t    dial;
	const char *uri;    /* lent until the next input                          */
	/* Of DIAL: another node has said that this is somebody's address. It may be a lie:
	 * nothing may be connected to but other machines, and with `beside` this one.
	 * Never files, nor addresses that are unspecified or of many.            */
	bool        hearsay, beside;
} leno_out;

LENO_API bool leno_engine_next(leno_node *, leno_out *ret);

/* Seals what waits for this pipe into buf; returns the bytes made, 0 when there is
 * nothing. capacity is at least LENO_MAKE_MIN. What it made must reach the pipe, in
 * order: keep what could not be written. Late sealing is what makes batches: do
 * not ask before the pipe can take it. */
enum { LENO_MAKE_MIN = 32 * 1024 };
LENO_API size_t leno_engine_make(leno_node *, leno_pipe, uint8_t *buf, size_t capacity);

/* Who is at the other end of this pipe has proved to belong to the network, and is let in: no
 * stranger, nor who waits to be admitted, nor a guest. */
LENO_API bool leno_engine_proved(const leno_node *, leno_pipe);

/* When leno_engine_time() must be called next; UINT64_MAX for never. */
LENO_API uint64_t leno_engine_deadline(const leno_node *);

/* Keeps dialling uri, as leno_connect() does. Errors: MEMORY, LIMIT, URI (too long), CLOSED,
 * DUPLICATE. */
LENO_API int leno_engine_connect(leno_node *, const char *uri);

/* Visits the meeting point at uri, and dials whom it finds there. Errors: as
 * leno_engine_connect(). */
LENO_API int leno_engine_meet(leno_node *, const char *uri);

/* Stops dialling uri; its link, if any, lives on. "rendezvous:" before the uri of a meeting
 * point: its link is closed. Errors: URI (it was not dialled). */
LENO_API int  leno_engine_forget(leno_node *, const char *uri);

/* A stranger was refused before there was a pipe: counted by its error, and logged with `why`,
 * a line a second at most. NULL: no reason is known. */
LENO_API void leno_engine_refused(leno_node *, const char *uri, int error, const char *why);

/* Where others can dial this node: URIs of doors that are open, none of them a wildcard. Told
 * to the members of the network when options.no_direct does not forbid it, those first that
 * options.advertise names, as many as a record holds. Say it again whenever it has changed.
 * machine is what all processes have in common that can reach each other's loopback, and
 * nobody else has; empty: not known. Errors: ARGUMENT (a URI that cannot be told). */
enum leno_reach {
	LENO_REACH_ANY,     /* from wherever this machine is reached              */
	LENO_REACH_MACHINE  /* from this machine alone                            */
};
typedef struct leno_door {
	const char *uri;
	enum leno_reach reach;
} leno_door;
LENO_API int leno_engine_advertise(leno_node *, const leno_door *, size_t n, leno_bytes machine);

/* ---- the key of a network: what it signs, for drivers that keep it ------------- */

enum { LENO_CERTIFICATE_MAX = 160, LENO_INVITATION_MAX = 640 };

/* Its public half. INTERNAL. */
LENO_API int leno_engine_network_key(const uint8_t seed[32], uint8_t ret[32]);

/* A certificate for the identity of that seed, without having been asked. ret holds
 * LENO_CERTIFICATE_MAX. ARGUMENT (role), INTERNAL. */
LENO_API int leno_engine_certify(const uint8_t seed[32], const uint8_t identity[32],
                                 enum leno_role, uint64_t issued_ms, uint64_t expires_ms,
                                 uint8_t *ret, size_t *ret_size);

/* An invitation under a random token. ret holds LENO_INVITATION_MAX. ARGUMENT, INTERNAL. */
LENO_API int leno_engine_invite(const uint8_t seed[32], const char *network,
                                const leno_invitation *, const uint8_t token[16], uint8_t *ret,
                                size_t *ret_size);

/* What one says, and the key that has signed it; lent until fn (may be NULL) returns. ARGUMENT. */
LENO_API int leno_engine_invited(leno_bytes invitation, uint8_t ret_key[32],
                                 void (*fn)(void *arg, const leno_invitation *), void *arg);

/* ---- maps that are kept (leno/state.h) ------------------------------------------ */

/* Where a driver keeps them; without one nothing is kept. Keys and entries are bytes of which the
 * driver knows nothing; an entry replaces the one of its key. Called within any input, and any call
 * of leno.h that changes a map. */
typedef void leno_stored_fn(void *arg, leno_bytes key, leno_bytes entry);
typedef struct leno_engine_store {
	/* Tells all that is kept of this map. Errors: FILE, MEMORY.                */
	int  (*load)(void *driver, const char *map, leno_stored_fn *, void *arg);

	/* To be kept; an empty entry: to be forgotten. The driver may wait for the input's end to
	 * do so for all changes at once.                                           */
	int  (*change)(void *driver, const char *map, leno_bytes key, leno_bytes entry);
} leno_engine_store;
LENO_API void leno_engine_set_store(leno_node *, const leno_engine_store *); /* lent */

/* What was to be kept of this map, or (NULL) of all, could not be: what was before is whole. */
LENO_API void leno_engine_store_failed(leno_node *, const char *map, int error);

/* Log a line through the node's own sink. */
LENO_API void leno_engine_log(leno_node *, enum leno_log_level, const char *line);

#ifdef __cplusplus
}
#endif
#endif
