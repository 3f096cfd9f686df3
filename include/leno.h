/* leno.h - all that an application needs of one node.
 *
 *  1. What you pass is copied before the call returns; what you are handed is
 *     lent until your callback returns.
 *  2. 0 is success. A negative value is an enum leno_error, and nothing changed.
 *  3. Callbacks run only inside leno_run() and leno_step(); in a callback every
 *     call is allowed, closing included.
 *  4. A zeroed (or NULL) options or handlers struct means "the defaults".
 *  5. A node belongs to one thread. Only leno_post() and leno_stop() may be
 *     called from another. */
#ifndef LENO_H
#define LENO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#if defined __GNUC__
#define LENO_API __attribute__((visibility("default")))
#else
#define LENO_API
#endif

#ifdef __cplusplus
extern "C" {
#endif

#define LENO_VERSION "0.1.0"

typedef struct leno_node leno_node;       /* this process, as others see it    */
typedef struct leno_message leno_message; /* one that arrived; may be answered */
typedef struct leno_stream leno_stream;   /* ordered bytes, both ways          */
typedef struct leno_group leno_group;     /* nodes that share a key            */
typedef struct leno_id { uint8_t bytes[16]; } leno_id; /* a UUID, version 8    */
typedef struct leno_bytes { const void *data; size_t size; } leno_bytes; /* view */
typedef int64_t leno_ms;                  /* milliseconds; -1 is "never"       */
typedef uint64_t leno_request_id;         /* 0 names no request                */
typedef uint64_t leno_ticket;             /* of one that asks to be let in; 0: none */

enum leno_error {
	LENO_OK          = 0,
	LENO_MEMORY      = -1,  /* no memory, or memory_max is reached            */
	LENO_ARGUMENT    = -2,  /* an argument is out of its documented range     */
	LENO_AGAIN       = -3,  /* a queue is full; wait for `writable`           */
	LENO_NO_NODE     = -4,  /* no such node in the mesh                       */
	LENO_UNREACHABLE = -5,  /* known, but no path leads there now             */
	LENO_TIMEOUT     = -6,  /* no answer in time                              */
	LENO_TOO_BIG     = -7,  /* larger than the receiver accepts               */
	LENO_CLOSED      = -8,  /* the node, link or session has been closed      */
	LENO_PROTOCOL    = -9,  /* the peer broke the protocol                    */
	LENO_SECRET      = -10, /* the secrets differ, or bytes were damaged      */
	LENO_FOREIGN     = -11, /* the peer belongs to another network            */
	LENO_OLD         = -12, /* no protocol version in common                  */
	LENO_IDENTITY    = -13, /* the id is not that of the keys                 */
	LENO_DUPLICATE   = -14, /* the same identity runs elsewhere               */
	LENO_SELF        = -15, /* dialled oneself                                */
	LENO_BUSY        = -16, /* the peer has no room now                       */
	LENO_LIMIT       = -17, /* a named limit is reached                       */
	LENO_URI         = -18, /* not a URI that leno understands                */
	LENO_ADDRESS_IN_USE = -19,
	LENO_ADDRESS     = -20, /* the address cannot be resolved or bound        */
	LENO_REFUSED     = -21, /* refused by the peer's application or system    */
	LENO_REPLIED     = -22, /* this message has its answer already            */
	LENO_NOT_REQUEST = -23, /* only requests can be answered                  */
	LENO_FILE        = -24, /* a file cannot be read, written or locked       */
	LENO_EXISTS      = -25, /* it exists, and is never replaced silently      */
	LENO_SYSTEM      = -26, /* the operating system failed; see the log       */
	LENO_OPEN_NETWORK = -27,/* beyond loopback a network needs a secret, a key, or
	                           options.anonymous                              */
	LENO_INTERNAL    = -28,
	LENO_CERTIFICATE = -29, /* no certificate of this network                 */
	LENO_EXPIRED     = -30, /* the certificate or invitation has expired      */
	LENO_REVOKED     = -31, /* the certificate has been revoked               */
	LENO_ROLE        = -32, /* the role does not allow that                   */
	LENO_UNINVITED   = -33, /* on no list, or the host program said no        */

	LENO_NO_SERVICE  = -40, /* nobody known offers such a service             */
	LENO_NO_METHOD   = -41, /* the service has no such method                 */
	LENO_ARGUMENTS   = -42, /* the arguments do not fit the method            */
	LENO_NO_COMMAND  = -43  /* the node obeys no such command                 */
};

/* One sentence without a full stop, in English; static. Never NULL. */
LENO_API const char *leno_strerror(int error);

/* The library's version, as LENO_VERSION was when it was built. */
LENO_API const char *leno_version(void);

/* ---- ids ---------------------------------------------------------------- */

enum { LENO_ID_TEXT = 37 }; /* "xxxxxxxx-xxxx-8xxx-xxxx-xxxxxxxxxxxx" and NUL */

LENO_API char *leno_id_text(const leno_id *, char ret_text[LENO_ID_TEXT]);
LENO_API int   leno_id_parse(const char *text, leno_id *ret);   /* LENO_ARGUMENT */
LENO_API bool  leno_id_same(const leno_id *, const leno_id *);

/* ---- options and handlers ----------------------------------------------- */

enum leno_outcome {           /* what became of something that was sent      */
	LENO_CONFIRMED = 1,   /* the receiver's callback has returned        */
	LENO_OUTCOME_REFUSED, /* the receiver has said that it will not take it */
	LENO_UNKNOWN          /* it may have arrived, or not                 */
};

enum leno_why {               /* why a node or a link went away              */
	LENO_WHY_GOODBYE = 1, /* it said so                                  */
	LENO_WHY_UNREACHABLE, /* no path leads there any more                */
	LENO_WHY_RESTARTED,   /* another life of the same identity is there  */
	LENO_WHY_BROKEN,      /* the connection broke                        */
	LENO_WHY_SILENT,      /* nothing heard for heartbeat x (misses + 1); for 0.8 s
	                         when it has been sent something             */
	LENO_WHY_REPLACED,    /* another link to the same node was chosen    */
	LENO_WHY_REFUSED      /* see the error beside it; of a node: its certificate
	                         has expired, or was revoked                 */
};

/* An observer sees all and talks to whoever takes it: it relays for nobody, and others take no
 * broadcasts, files or forwarded connections of it. */
enum leno_role { LENO_MEMBER, LENO_ENDPOINT, LENO_VISITOR, LENO_OBSERVER };

/* A node as the mesh sees it. Strings are UTF-8, lent. */
typedef struct leno_info {
	leno_id     id;
	const char *name;        /* "" when it has none                      */
	enum leno_role role;
	leno_id     next;        /* the neighbour that leads there; itself when direct */
	unsigned    hops;        /* links between us and it: 0 self, 1 direct */
	uint32_t    rtt_us;      /* measured on the link, or the sum along the
	                            path as its nodes published it; 0 unknown */
	size_t      n_labels;
	const char *const *labels; /* "key=value" each                       */
	bool        reachable;
} leno_info;

/* One link of the map, between two nodes that both list it. */
typedef struct leno_edge {
	leno_id  a, b;
	uint16_t cost;           /* 1 is the best                            */
} leno_edge;

enum leno_log_level { LENO_LOG_ERROR, LENO_LOG_WARN, LENO_LOG_INFO, LENO_LOG_DEBUG };

typedef struct leno_options {
	const char *network;        /* name, 1 to 64 bytes; default "default"        */
	const char *name;           /* this node's name, to 63 bytes; default none   */
	const char *identity_file;  /* made if missing, locked while in use; default:
	                               fresh keys at each start                      */
	const char *secret_file;    /* from `leno secret`, or a passphrase in a line;
	                               default: an anonymous network                 */
	leno_bytes  secret;         /* the same without a file: 32 bytes, used as they
	                               are; any other size is a passphrase           */
	bool        anonymous;      /* listen beyond loopback without a secret       */
	bool        endpoint;       /* relays for its own machine alone              */
	bool        visitor;        /* asks and leaves: never listed, never a leader */
	uint32_t    heartbeat_ms;   /* default 2000; to 3600000                      */
	uint32_t    heartbeat_misses; /* allowed; default 2: silent after 3 intervals;
	                               to 1000. Who has been sent something and says
	                               nothing, as in a callback that does not return,
	                               is silent after 0.8 s, whatever these are     */
	size_t      memory_max;     /* bytes of all that waits or is put together:
	                               messages and streams, what is relayed,
	                               broadcasts, pending requests and calls, names of
	                               types.
	                               At least 1 MiB; default 256 MiB. Beside it a
	                               node takes what nodes_max and links_max bound:
	                               to 20 KiB a known node and as much again for
	                               what it offers, 100 KiB a link; and
	                               for udp:// as much as a half of it, for busy
	                               links by local: a quarter, shared with peers  */
	size_t      message_max;    /* largest message accepted; default 64 MiB, at
	                               most memory_max / 4                           */
	size_t      queue_max;      /* bytes waiting to one node before LENO_AGAIN;
	                               default 4 MiB; one message always fits, when
	                               others leave it room in memory_max            */
	uint32_t    nodes_max;      /* nodes known; default 4096                     */
	uint32_t    links_max;      /* authenticated links; default 256              */
	uint32_t    dials_max;      /* links this node dials itself; default 16      */
	uint32_t    session_linger_ms; /* default 900000: how long a session outlives
	                               every path to its peer                        */
	size_t      n_labels;       /* to 16 labels of to 63 bytes                   */
	const char *const *labels;  /* "key=value"                                   */
	enum leno_log_level log_level; /* lines above it are not made; default ERROR */
	void      (*log)(void *user, enum leno_log_level, const char *line);
	                            /* default: standard error                      */
	/* TLS, for tls:// and what is built on it: files in PEM, read when the first
	 * address needs them, and again by leno_tls_renew().                        */
	const char *tls_cert_file;  /* shown by this node: its certificate, then the
	                               chain; who listens needs one, who dials shows
	                               it when asked                                 */
	const char *tls_key_file;   /* of mode 0600; default: in tls_cert_file       */
	const char *tls_ca_file;    /* believed in place of the system's CAs         */
	const char *tls_crl_file;   /* revocations by the issuers of others          */
	bool        tls_verify_clients; /* who dials us needs a certificate by
	                               tls_ca_file                                   */

	/* Peer exchange: a node tells the members of its network where it can be
	 * dialled, and dials some of them by itself: those with whom much is exchanged
	 * along relays, and a few more. These links count against dials_max, after those
	 * of leno_connect(), and go again when nobody needs them.                  */
	bool        no_direct;      /* tells nothing, and makes no link by itself   */
	size_t      n_advertise;    /* to 8 URIs of to 120 bytes at which others reach
	                               this node, besides those it listens at: behind a
	                               port that is forwarded, by a name. Of ws:// and
	                               http:// without a path: others take none from
	                               hearsay but under TLS                        */
	const char *const *advertise;
	bool        rendezvous;     /* lets nodes of other networks find each other here,
	                               see leno_discover(); they get nothing else     */

	/* who is let in: see "admission" below */
	const char *certificate_file; /* from an invitation, for the keys of identity_file:
	                               this node belongs to a network that has a key */
	const char *network_key_file; /* from leno_network_create(): this node exchanges
	                               invitations for certificates; has one itself  */
	const char *invitation;     /* "leno:...": asks for a certificate, stores it in
	                               certificate_file, and can do nothing else     */
	const leno_id *allow;       /* links and sessions with these alone; a visitor counts
	                               as the node whose certificate it has          */
	size_t      n_allow;        /* default 0: with all                           */
	bool        observer;       /* be no more than that (see enum leno_role)     */
	/* ws://, http://, any://: what browsers and others find there.              */
	size_t      n_ws_origins;   /* to 16: pages of these origins may open a WebSocket,
	                               as in "https://name.example"; an asterisk: of any.
	                               Default: no page may; who is no browser, and says
	                               no origin, always may                         */
	const char *const *ws_origins;
	const char *www;            /* a folder whose files are served by HTTP; default
	                               none. Links and names with a dot in front are
	                               not followed                                  */
	const char *proxy;          /* "http://HOST:PORT": ws://, wss://, http://, https:// and
	                               tls:// are dialled through this proxy         */
	/* Shared maps, see leno/state.h. */
	const char *state_dir;      /* folder of the maps that are kept; made if missing */
	/* Browsers again. */
	bool        ws_own_pages;   /* pages that this node serves may open a WebSocket to it, when
	                               the browser found them by an address, as localhost or by
	                               this machine's name: not under any other name, which
	                               whoever owns it can have point here           */
} leno_options;

/* What is served under a path; lent until the next call for any page. */
typedef struct leno_page {
	const char *type;           /* as in "text/plain; charset=utf-8"             */
	leno_bytes  data;
	/* The rest may be left out. */
	leno_bytes  gzip;           /* the same compressed, for those who take it    */
	const char *etag;           /* what tells this version from others, letters and digits,
	                               to 64: who has it already is told so          */
	const char *policy;         /* the Content-Security-Policy, to 512 characters */
	bool        stays;          /* all of these stay where they are until the node is
	                               closed, and are not copied                    */
} leno_page;

/* One that the host program is asked about; strings lent. */
typedef struct leno_stranger {
	leno_id     id;          /* proved                                           */
	const char *name;        /* "" when it has none, or is not known             */
	const char *uri;         /* of its link; "" when it comes across relays      */
	enum leno_role role;
} leno_stranger;

struct leno_service_info;

typedef struct leno_handlers {
	void (*node_up)  (leno_node *, void *user, const leno_info *);
	void (*node_down)(leno_node *, void *user, const leno_id *, enum leno_why);
	void (*link_up)  (leno_node *, void *user, const leno_id *, const char *uri);
	/* error LENO_DUPLICATE: the same identity runs elsewhere. This node gave way
	 * once, and now has no links and makes none: close it.                 */
	void (*link_down)(leno_node *, void *user, const leno_id *, enum leno_why, int error);

	/* A message, or a request when leno_message_is_request(). The type is
	 * NUL-terminated; it and the data are lent until this returns.         */
	void (*message)(leno_node *, void *user, leno_message *, const char *type, leno_bytes);

	/* What became of what was sent to `to` under the numbers first_seq to
	 * last_seq. leno_send() tells a message's; requests, replies, pieces of
	 * streams and the names of types take numbers of the same count, so look
	 * yours up rather than count. error says why it is not LENO_CONFIRMED.          */
	void (*sent)(leno_node *, void *user, const leno_id *to, uint64_t first_seq,
	             uint64_t last_seq, enum leno_outcome, int error);

	/* After LENO_AGAIN: the queue to this node has room for half its bound. */
	void (*writable)(leno_node *, void *user, const leno_id *to);

	/* What became of broadcast seq: confirmed by `confirmed` nodes, not known
	 * of `unknown` ones. After LENO_AGAIN from leno_broadcast() it also says
	 * that there is room again.                                            */
	void (*broadcast_done)(leno_node *, void *user, uint64_t seq, uint32_t confirmed,
	                       uint32_t unknown);

	/* This process became the machine-local leader (or ceased to be it).
	 * A leader may open doors to other machines here.                      */
	void (*leader)(leno_node *, void *user, bool leads);

	/* A node has opened a stream to us: leno_stream_accept() it before this
	 * returns, or it is refused. The topic is lent as long as the stream.  */
	void (*stream)(leno_node *, void *user, leno_stream *, const char *topic);

	/* May this node have a link or a session with us? Answer by leno_admit() or
	 * leno_turn_away(), now or later; after 30 s without an answer it is turned away. It is
	 * asked once; who was turned away is asked about again after 10 s. Those that this node
	 * sends to first are let in. Without this handler all are that belong to the network. */
	void (*admit)(leno_node *, void *user, const leno_stranger *, leno_ticket);

	/* With options.invitation: the certificate is in its file (error 0), or why it will not
	 * be: EXPIRED, LIMIT (the uses are used up), REVOKED, CERTIFICATE, FILE, TIMEOUT.   */
	void (*joined)(leno_node *, void *user, int error);

	/* Somebody, anybody, asks for a page by HTTP at ws://, http:// or any://, by its
	 * path ("/metrics"; "/health" is answered already). False: there is no such page, or
	 * it is a file of options.www.                                         */
	bool (*page)(leno_node *, void *user, const char *path, leno_page *ret);

	/* A node asks us into a group: leno_group_join() with this key accepts. The note is
	 * what it adds. Both are lent.                                         */
	void (*invited)(leno_node *, void *user, const leno_id *from, leno_bytes key,
	                leno_bytes note);
	/* A service has become available, or is not any more: once each for a service of one
	 * version at one node. The info is lent, see leno/service.h.           */
	void (*service_up)  (leno_node *, void *user, const struct leno_service_info *);
	void (*service_down)(leno_node *, void *user, const struct leno_service_info *);

	/* A heartbeat has measured the round trip of the link to this neighbour. */
	void (*heartbeat)(leno_node *, void *user, const leno_id *, uint32_t rtt_us);
} leno_handlers;

/* ---- a node ------------------------------------------------------------- */

/* Opens a node. handlers and options are copied. Errors: ARGUMENT, MEMORY,
 * FILE (identity, secret, certificate or key file), EXISTS (identity in use), SYSTEM;
 * CERTIFICATE, EXPIRED, REVOKED (of the certificate file). */
LENO_API int  leno_open(leno_node **ret, const leno_options *, const leno_handlers *, void *user);

/* Says goodbye on every link, frees everything. From within a callback it takes
 * effect when the callback has returned; no further callback runs. NULL is fine. */
LENO_API void leno_close(leno_node *);

/* As options.log_level, from now on. Errors: ARGUMENT. */
LENO_API int  leno_set_log_level(leno_node *, enum leno_log_level);

LENO_API const leno_id *leno_self(const leno_node *);
LENO_API void *leno_user(const leno_node *);
LENO_API const char *leno_network(const leno_node *);    /* its name, wherever it was said */

/* Accepts links at "tcp://ADDRESS:PORT", "tcp://[::1]:0", "local:" and so on, or at
 * "udp://ADDRESS:PORT", over datagrams where nothing else passes;
 * port 0 lets the system choose; an asterisk as ADDRESS is every address, [::] is every
 * one of IPv6 alone. "tls://" is the same within TLS 1.3, with the options tls_*;
 * "ws://ADDRESS:PORT" and "wss://", or "http://" and "https://", take WebSockets and pipes out of
 * requests, and answer plain HTTP; "any://ADDRESS:PORT" takes whatever comes, by its first bytes,
 * TLS when there is a certificate. "fd:3" is a stream socket that another process has bound and
 * listens at, for tcp:// or of unix, "tls+fd:3" the same for tls:// and so on; it is duplicated,
 * and stays yours to close. Errors: URI,
 * ADDRESS, ADDRESS_IN_USE, OPEN_NETWORK, MEMORY, LIMIT; ARGUMENT, FILE (TLS without a
 * certificate, or with a bad one; the log says why). */
LENO_API int leno_listen(leno_node *, const char *uri);

/* Accepts no links any more at this address, as it was said to leno_listen() or as leno_uri()
 * tells it; the links that came by it live on (and those of udp:// on its port, which is free
 * when the last of them has gone). Errors: URI (it is not listened at). */
LENO_API int leno_unlisten(leno_node *, const char *uri);

/* Reads the files of the options tls_* again, those that were needed so far: links that
 * there are go on, new ones find the new certificates. When they are no good all stays as it
 * is, and the log says why. Errors: FILE, MEMORY. */
LENO_API int leno_tls_renew(leno_node *);

/* The nth URI this node listens at, with its bound port; NULL past the last. */
LENO_API const char *leno_uri(leno_node *, size_t n);

/* Keeps a link to this address up, with exponential backoff and jitter, until
 * leno_close(). "ws://HOST[:PORT][/PATH]" and "wss://" go within WebSocket, "http://" and
 * "https://" by ordinary requests, for networks that let nothing else pass; options.proxy counts
 * for these and for "tls://". Returns at once. Errors: URI, MEMORY, LIMIT, CLOSED, DUPLICATE;
 * FILE (TLS; the log says which). */
LENO_API int leno_connect(leno_node *, const char *uri);

/* Takes leno_connect() back: its link lives on, and is not dialled again when it dies.
 * Errors: URI (it is not kept up). */
LENO_API int leno_forget(leno_node *, const char *uri);

/* Finds nodes of the same network: "local:" on this machine, for this user; "mdns:" on the
 * local network, by multicast DNS: offers what this node listens at (now or later) where it
 * can be reached, and dials what it finds, a few at a time, until leno_undiscover(). What is found
 * again is dialled again, after leno_disconnect() too. Needs libavahi-core.so.7, which is
 * loaded by the first such call; no daemon.
 * "rendezvous:tcp://HOST:PORT": those that visit the same meeting point, which is any node
 * with options.rendezvous. It need not be of this network, and learns neither its name nor its
 * secret. At most four of them.
 * Errors: URI; SYSTEM (see the log); CLOSED; MEMORY; OPEN_NETWORK ("mdns:" and meeting
 * points without a secret, a key, and options.anonymous); of meeting points LIMIT, DUPLICATE. */
LENO_API int leno_discover(leno_node *, const char *uri);

/* Takes leno_discover() back; links live on, except that to the meeting point. Who led the
 * machine leads no longer, unless it listens at "local:", too; within two seconds another one
 * does. "mdns:" says goodbye there.
 * Errors: URI (it was not asked for). */
LENO_API int leno_undiscover(leno_node *, const char *uri);

/* Dial this neighbour again when its link dies (on), at the address it was last
 * dialled at. Errors: NO_NODE (it never was a neighbour that we dialled), ARGUMENT. */
LENO_API int leno_keep(leno_node *, const leno_id *, bool on);

/* Closes the link to this neighbour, and does not dial it again. Errors: NO_NODE,
 * ARGUMENT. */
LENO_API int leno_disconnect(leno_node *, const leno_id *);

/* ---- who is there --------------------------------------------------------- */

LENO_API size_t leno_count(const leno_node *);   /* reachable nodes, self included */

/* Calls fn for each known, reachable node (self first); fn returns false to stop. */
LENO_API void leno_nodes(leno_node *, bool (*fn)(void *arg, const leno_info *), void *arg);
LENO_API void leno_edges(leno_node *, bool (*fn)(void *arg, const leno_edge *), void *arg);

/* A node by its name, id, or a unique prefix of either. Errors: NO_NODE; LIMIT when more
 * than one matches; ARGUMENT. */
LENO_API int leno_find(leno_node *, const char *text, leno_id *ret);

/* The name of a node that is known, or of a neighbour from its handshake on; "" when it has
 * none, or is not known. Lent until the next call that takes the node. */
LENO_API const char *leno_name(leno_node *, const leno_id *);

/* True once a neighbour has told all that it knows: only then does "no such node"
 * mean that there is none. */
LENO_API bool leno_synced(const leno_node *);

/* ---- admission --------------------------------------------------------------- */

/* A network may have a key. Who belongs to it has a certificate: the key's signature of its own
 * keys, with a role and perhaps an end. Certificates come of invitations, which the key signs,
 * too, and which a node that has the key exchanges for them; and end when they are revoked. */

/* As options.allow, from now on; 0: all. Those that are on it no more lose their links and
 * sessions. Errors: ARGUMENT, MEMORY. */
LENO_API int leno_allow(leno_node *, const leno_id *, size_t n);

/* The answer to the handler `admit`. NO_NODE: the ticket is answered, or too old. */
LENO_API int leno_admit(leno_node *, leno_ticket);
LENO_API int leno_turn_away(leno_node *, leno_ticket);

/* What a node may be, as far as we know: LENO_OBSERVER, too, of a visitor that an observer has
 * sent. LENO_VISITOR of whom we do not know. */
LENO_API enum leno_role leno_role_of(leno_node *, const leno_id *);

/* Voids all certificates of a node, and tells all that can be reached. It stays out for ever: who
 * is to come back needs other keys, and another invitation.
 * Needs options.network_key_file. Errors: ARGUMENT, CERTIFICATE (this node has no key), FILE (it
 * could not be written down), LIMIT (so many are revoked already), MEMORY. */
LENO_API int leno_revoke(leno_node *, const leno_id *);

/* How many have been revoked, as far as we know, and are not forgotten. */
LENO_API size_t leno_revoked(const leno_node *);

typedef struct leno_invitation {
	const char *network;     /* of what was read; not needed to invite           */
	const char *name;        /* of the node that is invited, unless it has one; or "" */
	enum leno_role role;     /* member, endpoint or observer                     */
	uint32_t    uses;        /* nodes that may be let in by it; 0: 1             */
	uint64_t    expires_ms;  /* wall clock, since 1970; 0: never                 */
	uint64_t    lifetime_s;  /* of the certificates; 0: without end              */
	size_t      n_addresses; /* URIs of nodes that let in, to 4                  */
	const char *const *addresses;
} leno_invitation;

enum { LENO_INVITATION_TEXT = 1024 };

/* Writes a new key for a network of this name to a file of mode 0600. Errors: EXISTS, FILE,
 * ARGUMENT. */
LENO_API int leno_network_create(const char *path, const char *network);

/* An invitation, "leno:" and base64url, signed by the key in that file. Errors: FILE, ARGUMENT. */
LENO_API int leno_invite(const char *network_key_file, const leno_invitation *,
                         char ret_text[LENO_INVITATION_TEXT]);

/* What an invitation says; *ret is lent until fn returns. ARGUMENT: it is none, or damaged. */
LENO_API int leno_invitation_read(const char *text,
                                  void (*fn)(void *arg, const leno_invitation *), void *arg);

/* ---- messages ------------------------------------------------------------- */

/* Bytes in a type, the NUL not counted. Types and topics that begin with "leno/" are
 * leno's own (services, and what `leno up` answers): applications should not send others. */
enum { LENO_TYPE_MAX = 255 };

/* Sends one message: in order, no gaps, no repeats, until the session with that
 * node ends. *ret_seq (may be NULL) numbers it for the handler `sent`; numbers to one
 * node only rise.
 * Errors: AGAIN (queue full), NO_NODE, SELF (to oneself), TOO_BIG, ARGUMENT (type), MEMORY,
 * LIMIT (with nodes_max nodes something is pending), CLOSED; UNINVITED (on our own list it is
 * not), REVOKED, EXPIRED (its certificate). */
LENO_API int leno_send(leno_node *, const leno_id *to, const char *type, leno_bytes,
                       uint64_t *ret_seq);

/* The same bytes to n nodes, encoded once. Stops at the first error, and returns
 * how many were sent, or that error when none was: those of leno_send(). */
LENO_API int leno_send_many(leno_node *, const leno_id *to, size_t n, const char *type,
                            leno_bytes);

/* To every member of the mesh, along its tree. *ret_seq (may be NULL) numbers it
 * for the handler broadcast_done. Errors: AGAIN, TOO_BIG (over 1 MiB), ARGUMENT, MEMORY,
 * LIMIT (nodes_max have yet to acknowledge others), CLOSED, ROLE (observers do not). */
LENO_API int leno_broadcast(leno_node *, const char *type, leno_bytes, uint64_t *ret_seq);

/* Called exactly once for each request: error 0 and the reply; or REFUSED with
 * code and text; or, the outcome unknown, TIMEOUT, UNREACHABLE, CLOSED (the session has
 * ended), PROTOCOL, MEMORY (it broke). */
typedef struct leno_answer {
	int         error;
	int         code;       /* from leno_refuse(), else 0            */
	const char *why;        /* from leno_refuse(), else ""           */
	leno_bytes  data;
} leno_answer;
typedef void leno_done_fn(leno_node *, void *user, const leno_answer *);

/* Asks; *ret (may be NULL) names the request. A timeout of 0 ends it at the next input.
 * Errors: those of leno_send(); LIMIT also when too many are pending. */
LENO_API int leno_request(leno_node *, const leno_id *to, const char *type, leno_bytes,
                          leno_ms timeout, leno_done_fn *, void *user, leno_request_id *ret);

LENO_API const leno_id *leno_message_from(const leno_message *);
LENO_API bool leno_message_is_request(const leno_message *);
LENO_API bool leno_message_is_broadcast(const leno_message *);

/* Answers a request, now or (after leno_message_keep()) later. Errors: REPLIED,
 * NOT_REQUEST, CLOSED (who asked is gone), AGAIN, TOO_BIG, MEMORY, ARGUMENT. After AGAIN,
 * TOO_BIG and MEMORY it can be answered still. */
LENO_API int leno_reply(leno_message *, leno_bytes);
LENO_API int leno_refuse(leno_message *, int code, const char *why);

/* Keeps a request (not its data) beyond its callback; leno_reply() or
 * leno_refuse() frees it, leno_message_drop() does so without an answer. NULL
 * when memory is out. */
LENO_API leno_message *leno_message_keep(leno_message *);
LENO_API void leno_message_drop(leno_message *);

/* Round trip to a node through its session, for tools: *done with data empty. Errors: those
 * of leno_request() but TOO_BIG. */
LENO_API int leno_ping(leno_node *, const leno_id *to, leno_ms timeout, leno_done_fn *, void *user);

/* ---- streams ---------------------------------------------------------------
 * Ordered bytes both ways between two nodes, over whatever path there is: they outlive
 * links and relays as messages do, and many share a session fairly. A reader that does
 * not read slows its writer, and nobody else.
 *
 * Each end writes until it has finished; a stream is over when both have, and have read
 * all. It ends before that when one aborts it, or with the session. */

/* user is what was given to open or accept; NULL handlers are not called. In each of
 * them every function may be called. */
typedef struct leno_stream_handlers {
	/* There is more to read, or the peer has finished: leno_stream_ended().   */
	void (*readable)(leno_stream *, void *user);

	/* After leno_stream_write() has taken less than it was given: there is room. */
	void (*writable)(leno_stream *, void *user);

	/* It is over, and gone when this returns. 0: both ends have finished and read
	 * all. REFUSED: the peer would not have it, or aborted it, with code and why.
	 * CLOSED: the session ended, and what was not confirmed is unknown. PROTOCOL,
	 * MEMORY: as they say. Not called for a stream that we abort.              */
	void (*closed)(leno_stream *, void *user, int error, int code, const char *why);
} leno_stream_handlers;

enum {
	LENO_STREAMS_MAX    = 1024,      /* open at once with one node, by each side */
	LENO_STREAM_BUFFER  = 256 * 1024,/* bytes written that wait to be sent       */
	LENO_STREAM_WINDOW  = 4 << 20    /* bytes sent that the peer has not read    */
};

/* Opens a stream under this topic (to LENO_TYPE_MAX bytes); writing may begin at once.
 * Errors: ARGUMENT, SELF, NO_NODE, LIMIT, MEMORY, CLOSED. */
LENO_API int leno_stream_open(leno_node *, const leno_id *to, const char *topic,
                              const leno_stream_handlers *, void *user, leno_stream **ret);

/* Takes a stream that a peer has opened; within the handler `stream`. ARGUMENT. */
LENO_API int leno_stream_accept(leno_stream *, const leno_stream_handlers *, void *user);

/* Copies as much as there is room for; *ret_taken says how much, 0 included. When it was
 * less than all, `writable` follows. Errors: CLOSED (finished, or over), ARGUMENT. */
LENO_API int leno_stream_write(leno_stream *, leno_bytes, size_t *ret_taken);

/* Nothing more will be written: the peer reads to the end, and sees it. CLOSED. */
LENO_API int leno_stream_finish(leno_stream *);

/* What is there to read, in one piece; lent until the handler returns or the stream is
 * touched again. Empty: nothing now. What has been dealt with is skipped, which lets the
 * peer send more. Reading copies and skips, and returns how much. */
LENO_API leno_bytes leno_stream_peek(leno_stream *);
LENO_API void       leno_stream_skip(leno_stream *, size_t n);   /* at most what was peeked */
LENO_API size_t     leno_stream_read(leno_stream *, void *to, size_t size);

/* The peer has finished, and all of it has been read. */
LENO_API bool leno_stream_ended(const leno_stream *);

/* Ends it at once in both directions: what waits is dropped, the peer hears code and why
 * (to 255 bytes; NULL is fine). The stream is gone, no handler is called. NULL is fine. */
LENO_API void leno_stream_abort(leno_stream *, int code, const char *why);

/* Its share beside other streams to the same node: 1 to 255; 16 at first. ARGUMENT. */
LENO_API int leno_stream_weigh(leno_stream *, unsigned weight);

LENO_API leno_node     *leno_stream_node(const leno_stream *);
LENO_API const leno_id *leno_stream_peer(const leno_stream *);
LENO_API const char    *leno_stream_topic(const leno_stream *);

typedef struct leno_stream_info {      /* bytes since it was opened                 */
	uint64_t written, confirmed;   /* by us; of them, read by the peer's program */
	uint64_t received, read;       /* come here; of them, read by us             */
} leno_stream_info;
LENO_API void leno_stream_get_info(const leno_stream *, leno_stream_info *ret);

/* ---- groups ------------------------------------------------------------------
 * Nodes that share a key, which names their group. Who is in it is read from the atlas;
 * what is said goes along the mesh's tree, over each link that leads to a member once, sealed:
 * other nodes carry it and read nothing. A short key can be guessed by nodes of the network.
 *
 *   leno_group_join --> JOINING <--> JOINED --leno_group_leave--> LEAVING --> LEFT
 *
 * JOINED: connected (or with nobody to dial), all have been told of us, and for a moment no
 * more members have been heard of: each that was there has been told by the handler
 * `joined`. When the connection is lost it is JOINING again, and JOINED later, by itself. */

enum leno_group_state {
	LENO_GROUP_JOINING = 1,
	LENO_GROUP_JOINED,
	LENO_GROUP_LEAVING,            /* what was sent is still being confirmed    */
	LENO_GROUP_LEFT                /* the group is gone when the handler returns */
};

typedef struct leno_group_handlers {
	void (*state) (leno_group *, void *user, enum leno_group_state);

	/* Another member has come; has gone: GOODBYE (it left the group, or the mesh),
	 * UNREACHABLE, RESTARTED (and `joined` follows), REFUSED.              */
	void (*joined)(leno_group *, void *user, const leno_id *);
	void (*left)  (leno_group *, void *user, const leno_id *, enum leno_why);

	/* Of one sender: what is for all in its order, each once, and so what is for us alone
	 * (`alone`, which may come before its sender is told of by `joined`); between
	 * the two there is no order. Lent.                                     */
	void (*message)(leno_group *, void *user, const leno_id *from, const char *type,
	                leno_bytes, bool alone);

	/* What became of seq, as broadcast_done tells it; of each one before LEFT. */
	void (*done)(leno_group *, void *user, uint64_t seq, uint32_t confirmed, uint32_t unknown);

	/* After LENO_AGAIN from leno_group_send(): there is room.              */
	void (*writable)(leno_group *, void *user);
} leno_group_handlers;

enum { LENO_GROUP_KEY_MAX = 255, LENO_GROUP_NOTE_MAX = 1024 };  /* bytes */

/* Joins the group with this key, 1 to LENO_GROUP_KEY_MAX bytes of any kind. *ret is valid
 * until the handler has returned that told LEFT, or the node is closed. Errors: ARGUMENT
 * (visitors and observers too), EXISTS (we are in it, or leaving it), LIMIT (16
 * groups), MEMORY, CLOSED. */
LENO_API int leno_group_join(leno_node *, leno_bytes key, const leno_group_handlers *, void *user,
                             leno_group **ret);

/* No message is handed out from now on. What was sent is given a second to be confirmed. */
LENO_API void leno_group_leave(leno_group *);

/* Members, self included; each of them, self first. */
LENO_API size_t leno_group_count(const leno_group *);
LENO_API void leno_group_members(leno_group *, bool (*fn)(void *arg, const leno_info *), void *arg);

/* To all other members that are there now. Errors: AGAIN, TOO_BIG (over the message_max of
 * one of them), ARGUMENT, MEMORY, LIMIT, CLOSED (we have left). */
LENO_API int leno_group_send(leno_group *, const char *type, leno_bytes, uint64_t *ret_seq);

/* To one of them: *ret_seq is for the handler `sent` of the node. Errors: those of
 * leno_send(); NO_NODE when it is no member. Whoever has left drops what comes. */
LENO_API int leno_group_send_to(leno_group *, const leno_id *, const char *type, leno_bytes,
                                uint64_t *ret_seq);

/* Asks a node in, by telling it the key, sealed between the two. Errors: those of leno_send(). */
LENO_API int leno_group_invite(leno_group *, const leno_id *, leno_bytes note);

LENO_API leno_node  *leno_group_node(const leno_group *);
LENO_API leno_bytes  leno_group_key(const leno_group *);

/* ---- running -------------------------------------------------------------- */

typedef void leno_task_fn(leno_node *, void *arg);
typedef uint64_t leno_timer;              /* 0 names none */

/* leno_run() and leno_step() give LENO_CLOSED when leno_close() was called in a callback
 * (the node is gone: do not touch it), LENO_ARGUMENT from within a callback. After calls
 * outside of callbacks ask leno_timeout() anew: it is 0 while something waits to leave.
 * Tasks and timers that have not run when the node closes never do. */
LENO_API int     leno_run(leno_node *);   /* alone, until leno_stop() or close  */
LENO_API int     leno_fd(leno_node *);    /* or as a guest: readable -> leno_step() */
LENO_API leno_ms leno_timeout(leno_node *);  /* also after this long; -1 never  */
LENO_API int     leno_step(leno_node *);  /* does what is due, never blocks     */
LENO_API int     leno_post(leno_node *, leno_task_fn *, void *arg); /* any thread */
LENO_API void    leno_stop(leno_node *);  /* any thread; leno_run() returns     */

/* fn(arg) once, after this long, inside leno_run() or leno_step(). */
LENO_API int  leno_after(leno_node *, leno_ms, leno_task_fn *, void *arg, leno_timer *ret);
LENO_API void leno_cancel(leno_node *, leno_timer);

/* ---- counters ------------------------------------------------------------- */

typedef struct leno_stats {
	uint64_t sent, received;             /* messages of applications          */
	uint64_t bytes_out, bytes_in;        /* on pipes                          */
	uint64_t records_out, records_in;
	uint64_t forwarded, dropped;         /* packets relayed; dropped by relaying */
	uint64_t handshakes, refused_secret, refused_network, refused_identity,
	         refused_protocol, refused_replay, refused_busy,
	         refused_nodes;              /* records: nodes_max are known already */
	uint64_t resent_bytes;               /* session bytes sent again          */
	uint64_t links, nodes, sessions;     /* now                               */
	uint64_t memory;                     /* now, of memory_max                */
	uint64_t marked;                     /* packets relayed that had waited long */
	uint64_t lost_packets, probes;       /* ours: lost on their way across relays;
	                                        sent because of silence           */
	uint64_t relay_queue_bytes;          /* waiting now for some link, for others */
	uint64_t relay_queue_us;             /* the longest of their waits so far */
	uint64_t refused_certificate, refused_expired, refused_revoked, /* see "admission" */
	         refused_role, refused_uninvited;
} leno_stats;

LENO_API void leno_get_stats(const leno_node *, leno_stats *ret);

/* The structs below are lent to fn, which returns false to stop; later versions add fields
 * at their ends. Counters begin at 0 with the link or session, and only rise. */

/* The link to one neighbour. What a link carried that is gone is in leno_stats alone. */
typedef struct leno_link_info {
	leno_id     id;                      /* the neighbour                     */
	const char *name;                    /* "" when it has none               */
	const char *uri;                     /* the other end, for people         */
	bool        local;                   /* within this machine               */
	bool        dialled;                 /* by us                             */
	uint32_t    rtt_us;                  /* smoothed; 0: not measured yet     */
	uint64_t    age_ms;                  /* since its handshake               */
	uint64_t    bytes_out, bytes_in;     /* on the pipe, all included         */
	uint64_t    records_out, records_in; /* each one seal                     */
	uint64_t    relay_bytes;             /* packets of others that wait for it now */
	uint64_t    forwarded, dropped, marked; /* packets of others: given to it; for
	                                        which it had no room; that met a long queue */
} leno_link_info;
LENO_API void leno_links(leno_node *, bool (*fn)(void *arg, const leno_link_info *), void *arg);

enum leno_path { LENO_PATH_NONE, LENO_PATH_DIRECT, LENO_PATH_RELAYED };

/* The session with one node, in all its lives. An item is whatever takes a number in it
 * (see the handler `sent`): a message, request or reply, the name of a type, a ping, a piece
 * of a stream. Of items_out, those neither confirmed nor unknown wait still. */
typedef struct leno_session_info {
	leno_id        id;                   /* the other node                    */
	const char    *name;                 /* "" when it has none, or is not known */
	enum leno_path path;                 /* now                               */
	uint32_t       rtt_us;               /* smoothed, end to end; 0: not measured yet */
	uint64_t       age_ms;
	uint64_t       lives;                /* 1, and 1 more each time it began anew */
	uint64_t       sent, received;       /* messages, requests and replies    */
	uint64_t       items_out, items_confirmed, items_unknown, items_in;
	uint64_t       bytes_out, bytes_in;  /* of items, each byte once          */
	uint64_t       resent_bytes;         /* beside bytes_out                  */
	uint64_t       waiting_bytes;        /* now: not sent yet ...             */
	uint64_t       unconfirmed_bytes;    /* ... and sent, not acknowledged    */
	uint64_t       streams;              /* open now                          */
	uint64_t       lost_packets, marked_packets; /* ours, across relays: that did not
	                                        come; that had waited long        */
	uint64_t       window_bytes;         /* that may be under way now; 0: direct, where
	                                        the link alone decides            */
} leno_session_info;
LENO_API void leno_sessions(leno_node *, bool (*fn)(void *arg, const leno_session_info *),
                            void *arg);

/* ---- secrets -------------------------------------------------------------- */

/* Writes a new secret (32 random bytes, one line of text) to a file of mode 0600.
 * Errors: EXISTS, FILE. */
LENO_API int leno_secret_create(const char *path);

/* Sixteen hex digits in fours that are equal where the secrets of two files are, for the same
 * network, and NUL. Of a random secret they reveal nothing; of a passphrase, each guess at it can
 * be tried on them for the price of one Argon2id. Errors: FILE, MEMORY, SYSTEM, ARGUMENT. */
enum { LENO_FINGERPRINT_TEXT = 20 };
LENO_API int leno_secret_fingerprint(const char *path, const char *network,
                                     char ret_text[LENO_FINGERPRINT_TEXT]);

/* Writes a new identity file of mode 0600 and tells its id. Errors: EXISTS, FILE. */
LENO_API int leno_identity_create(const char *path, leno_id *ret);

/* The id that an identity file holds. Errors: FILE. */
LENO_API int leno_identity_read(const char *path, leno_id *ret);

/* ---- services, calls, events, time, commands; and the values that they carry ------ */

#include <leno/msgpack.h>
#include <leno/service.h>
#include <leno/command.h>

#ifdef __cplusplus
}
#endif

#include <leno/state.h>

#endif
