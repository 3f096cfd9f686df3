/* uv.h - the real driver, on libuv: what its files share.
 *
 * One driver around one node: it owns a libuv loop of its own, so that the node
 * can run alone (leno_run) or be a guest in any host's loop (leno_fd, leno_timeout,
 * leno_step). libuv waits and keeps timers; sockets are read and written here,
 * because abstract names, peer credentials and bounded reads need the descriptor.
 *
 *   loop.c      one turn: inputs, outputs, deadline; run, step, fd, timeout
 *   usage.c     what the process takes of the machine, and gives a busy one: gcm_lib.c
 *   awake.c     nodes that meet do not sleep while an answer is on its way
 *   open.c      leno_open, leno_close
 *   options.c   what may stand in the options
 *   post.c      tasks from other threads; leno_after
 *   pipe.c      pipes between their channels and the engine: enter, flush, end
 *   entering.c  who is about to enter, how many they are, and for how long
 *   socket.c    the channel that is a connected socket
 *   shared.c    the channel of local: pipes: a unix socket, and memory that both ends share, ring.c
 *   door.c      what each scheme means: the class of its pipes, their filters
 *   listen.c    accepts, survives floods; leno_listen, leno_unlisten, leno_uri
 *   inherit.c   doors that another process has opened for us: "fd:"
 *   web.c       WebSockets and plain HTTP at our doors; folder.c: pages from files
 *   polled_serve.c, polled_dial.c: channels out of HTTP requests
 *   dial.c      tries each address of a URI in turn; leno_connect
 *   secure.c    TLS: the files of certificates, read when they are needed
 *   advertise.c where others can dial this process; dialable.c: which addresses those are
 *   resolve.c   names to addresses, off the loop
 *   tcp.c       tcp sockets
 *   unixsock.c  unix sockets, abstract and by path; who is at the other end
 *   udp.c       connections over datagrams; udp_socket.c: their sockets
 *   local.c     the leader of this machine; leno_discover
 *   mdns.c      the local network: mdns_offer.c, mdns_found.c, mdns_stack.c and so on
 *   interfaces.c addresses of this machine
 *   address.c   URIs
 *   storage.c   maps that are kept, in SQLite
 *   file.c      files of one owner; secret.c, idfile.c: what stands in them
 *
 *  1. Inputs are given, and handlers run, only while `inside` (leno_run, leno_step).
 *  2. After `closing` no input is given.
 *  3. A pipe has its number from opened() until closed() was given, or until
 *     make() gave 0 after LENO_OUT_CLOSE. */
#ifndef LENO_DRIVER_UV_H
#define LENO_DRIVER_UV_H

#include "base/list.h"
#include "base/table.h"
#include "driver/uv/address.h"
#include "driver/uv/secret.h"
#include "transport/filter.h"
#include "transport/sniff.h"

#include <assert.h>
#include <leno/engine.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <uv.h>

enum {
	READ_SIZE       = 256 * 1024,
	WRITE_SIZE      = 256 * 1024,
	BATCH_MIN       = 64 * 1024,  /* asked for while the socket is full       */
	READS_PER_TURN  = 4,          /* of one pipe, while it fills the buffer   */
	WRITES_PER_TURN = 8,          /* of one pipe                              */
	ROUNDS_PER_TURN = 4,          /* of handlers that flushing made due       */
	ACCEPTS_PER_TURN = 64,
	BACKLOG         = 1024,
	TRY_MS          = 3000,       /* for one address of a dial                */
	ADDRESSES_MAX   = 8,          /* tried for one name                       */
	LINGER_MS       = 1000,       /* a closed pipe's last bytes have so long  */
	LINGERING_MAX   = 256,        /* of those that have none                  */
	ENTER_MS        = 5000,       /* the handshakes of filters have so long   */
	ENTERING_MAX    = 128,        /* of those that came to us                 */
	MACHINE_MS      = 20,         /* who has no doors says where it is after that */
	PAUSE_MS        = 100,        /* without descriptors, nothing is accepted */
	URI_TEXT        = 320,
	NETWORK_TEXT    = 65,         /* a network's name                         */
	MEMORY_DEFAULT  = 256 << 20   /* of memory_max: as leno.h has it          */
};
static_assert((int)BATCH_MIN >= (int)LENO_MAKE_MIN, "make() has its room");
static_assert((int)WRITE_SIZE >= (int)BATCH_MIN, "a batch fits the buffer");

struct driver;
struct secure;
struct dial;
struct udp;
struct udp_socket;
struct web;
struct storage;

/* Something to do on the loop; made by any thread, consumed once. */
struct task {
	struct task *next;
	void (*run)(struct driver *, struct task *);
	void (*drop)(struct task *);          /* instead of run: the node closed   */
};

enum pipe_state {
	PIPE_OPEN,       /* the engine's                                          */
	PIPE_ENTERING,   /* its filters shake hands; the engine knows nothing of it */
	PIPE_FINISHING,  /* the engine said close; its last bytes are on their way */
	PIPE_LINGERING   /* all written; the peer's end is awaited, its bytes dropped */
};

/* Where the bytes of a pipe go: a socket, datagrams, HTTP requests. It calls pipe_take(),
 * pipe_gone() and pipe_room(), after each of which its pipe may be gone (NULL). */
struct channel {
	const struct channel_ops *ops;
	struct pipe *pipe;
};

struct channel_ops {
	/* How many of the bytes it took; fewer than all: it is full. -1: it is broken. */
	ssize_t (*write)(struct channel *, const uint8_t *data, size_t size);
	void (*await)(struct channel *, bool room);  /* pipe_room() when it has, or no longer */
	void (*look)(struct channel *);   /* brings what lies there already               */
	void (*end)(struct channel *);    /* nothing more will be written                 */
	void (*free)(struct channel *);
	/* May be NULL. How much it would take at once, at least LENO_MAKE_MIN, or it does not
	 * know; 0: it is full, pipe_room() when it is not. */
	size_t (*room)(struct channel *);
};

struct pipe {
	struct driver *driver;
	struct channel *channel;
	struct filter *filter;        /* the outermost; NULL: none                */
	leno_pipe number;             /* LENO_PIPES_MAX: none                     */
	enum pipe_state state;
	enum leno_pipe_class class;
	uint32_t dial;
	int error;                    /* the engine did not want it               */
	bool told;                    /* a filter refused it, and that was told   */
	bool to_leader;               /* local.c hears when it ends               */
	bool waits;                   /* its filters wait, see filter.h           */
	bool blocked;                 /* waits for room in the channel            */
	bool said_end;                /* the filters were told to                 */
	uint8_t awake;                /* answers that are still waited for awake  */
	bool proved;                  /* accepted, and the engine knows who it is */
	size_t batch;                 /* bytes to ask for at a time               */
	struct list dirty;            /* in driver->dirty: has bytes to make      */
	struct list ending;           /* in driver->ending, ->entering or ->waiting */
	uint64_t end_ms;              /* of its patience, on the loop's clock     */
	uint8_t *left;                /* made, not yet written                    */
	size_t left_from, left_to, left_capacity;
	char uri[URI_TEXT];
};

struct pipe_setup {
	enum leno_pipe_class class;
	uint32_t dial;                /* 0: accepted                              */
	const char *uri;              /* copied                                   */
	struct filter *filter;        /* the pipe's from now on, whatever happens */
};

struct listener {
	struct driver *driver;
	struct list in;               /* driver->listeners                        */
	uv_poll_t poll;
	int fd;
	enum address_kind kind;
	bool both;                    /* of IPv6, and takes IPv4 as well          */
	bool hidden;                  /* the leader's door is no URI of ours      */
	struct udp_socket *udp;       /* of ADDRESS_UDP, which has no fd here     */
	dev_t device;                 /* of a path socket, to remove our own only */
	ino_t inode;
	char path[ADDRESS_PATH + 1];
	char uri[URI_TEXT];
	char asked[URI_TEXT];         /* what leno_listen() was told; "": by discovery */
};

enum local_state {
	LOCAL_OFF,
	LOCAL_SEEKING,   /* bind or connect, again and again                      */
	LOCAL_FOUND,     /* connected; the engine's dial number is awaited        */
	LOCAL_FOLLOWING, /* `pipe` leads to the leader                            */
	LOCAL_SHUNNED,   /* the leader is alive and dropped us: the engine dials  */
	LOCAL_LEADING
};

struct local {
	enum local_state state;
	bool due;                     /* local_turn() has something to do         */
	bool discovers;               /* leno_discover() wants it                 */
	bool announce;                /* the handler `leader` has not been told   */
	bool resigned;                /* nor that this process leads no longer    */
	uint32_t dial;                /* the engine's, not answered yet; or 0     */
	int found;                    /* a socket, in LOCAL_FOUND; or -1          */
	pid_t leader, shunned;        /* process at the other end; 0 unknown      */
	pid_t squatter;               /* of another user, with our name: was said */
	bool squatted;                /* it has it now                            */
	uint64_t since_ms, lost_ms;   /* following the leader; when it was lost   */
	uint64_t delay_ms;            /* before the next try                      */
	struct pipe *pipe;
	uv_timer_t retry;
	socklen_t name_size;
	struct sockaddr_storage name;
	char network[NETWORK_TEXT];
};

struct driver {
	leno_node *node;
	leno_handlers handlers;       /* `leader` alone; the engine has its copy  */
	void *user;
	char tag[SECRET_TAG];         /* of the network                           */
	struct papers *papers;        /* certificate, key and what is kept; or NULL */
	bool sealed;                  /* a secret, a key, or anonymous by choice: may
	                                 listen beyond loopback                   */
	bool visitor;
	size_t memory_max;            /* of the options                           */
	bool inside, closing;
	int identity;                 /* the locked identity file, or -1          */
	int spare;                    /* a descriptor to shed connections with    */

	uv_loop_t loop;
	uv_prepare_t before_sleep;
	uv_check_t after_poll;
	uv_timer_t deadline;          /* the engine's                             */
	uint64_t armed_ms;            /* what `deadline` is set to, or NEVER_MS   */
	struct usage {
		uint64_t at_us, taken_us; /* when it was measured last            */
		size_t moved;         /* bytes, since then                        */
		bool busy;            /* they were many, once                     */
	} usage;

	uv_async_t wake;
	pthread_mutex_t lock;         /* over first and last                      */
	struct task *first, **last;
	atomic_bool stop;
	struct slot *slots;           /* of alarms, leno_after()                  */
	size_t n_slots;
	uint32_t free_slot;           /* slot + 1                                 */

	const char *why;              /* leno_listen() failed with, and what helps */
	struct secure *secure;        /* TLS                                      */
	struct address proxy;         /* host "": there is none                   */
	struct web *web;              /* what HTTP is answered with               */
	struct sniff_ways sniff, sniff_within; /* of any://, and within TLS there  */
	struct storage *storage;      /* NULL: nothing is kept                     */

	uint64_t doors_due_ms;        /* the engine is told then where we can be dialled, and on
	                                 which machine we are; at once: 0          */

	struct list dirty, ending, entering, waiting, listeners, dials, sessions;
	size_t n_sessions;            /* of polled_serve.c                        */
	struct pipe *at;              /* whose filters are at work                */
	size_t n_entering;            /* of them, those that we did not dial      */
	size_t n_lingering;           /* of `ending`, those that linger           */
	struct {
		uint32_t number;      /* a dial that could not even begin; or 0   */
		int error;
	} lost;
	uv_timer_t end, enter;        /* of the first of `ending`, of `entering`  */
	uv_timer_t resume;            /* accepting                                */
	uv_idle_t awake;              /* runs until then: we do not sleep         */
	uint64_t awake_until_us;
	struct local local;
	struct {
		size_t announced, made; /* places for those of peers; of our own  */
		bool off;             /* one could not be taken: no more are      */
		struct list due;      /* of channels: bytes for which no bell rings */
	} rings;
	struct mdns *mdns;            /* NULL: not asked for                      */
	uint8_t *read_buffer, *write_buffer; /* one piece of memory               */
	struct udp *udp;              /* all about datagrams; NULL: none so far   */
	leno_pipe cursor;             /* numbers are reused as late as possible   */
	struct table pipes;           /* of struct pipe, by number                */
};

#define NEVER_MS UINT64_MAX

static inline struct driver *driver_of(const leno_node *node)
{
	return leno_engine_driver(node);
}

/* usage.c */
void usage_tell(struct driver *, uint64_t now_us);
void usage_moved(const struct pipe *, size_t size);  /* so many bytes, either way */

/* awake.c */
void awake_init(struct driver *);
void awake_dialled(struct pipe *);          /* it is open, and we dialled it      */
void awake_said(struct pipe *);             /* something was written to it        */
void awake_heard(struct pipe *);            /* something came                     */

/* loop.c */
int  loop_init(struct driver *);
void loop_time(struct driver *);            /* tells the engine the time: before each input */
void loop_turn(struct driver *);
bool loop_can_open(const struct driver *);  /* a handful of descriptors, for a library */
void loop_log(struct driver *, enum leno_log_level, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* open.c */
void driver_destroy(struct driver *);       /* after leno_close(), outside of callbacks */

/* options.c */
int  options_check(const leno_options *, void *user); /* LENO_ARGUMENT, and logs which */
void options_log(const leno_options *, void *user, enum leno_log_level, const char *format, ...)
	__attribute__((format(printf, 4, 5)));      /* before there is a node */

/* post.c */
int  post_init(struct driver *);
void post_task(struct driver *, struct task *);  /* any thread */
void post_clear(struct driver *);

/* pipe.c */
/* Takes channel and filter (frees them when it fails) and tells the engine, when the filter
 * is ready. Errors: LIMIT, BUSY, MEMORY, CLOSED, DUPLICATE, URI. */
int  pipe_open(struct driver *, struct channel *, const struct pipe_setup *, struct pipe **ret);
void pipe_take(struct pipe *, uint8_t *data, size_t size); /* bytes came: overwritten     */
void pipe_gone(struct pipe *, int error);   /* the peer or the system ended it  */
void pipe_broken(struct pipe *, int error); /* its channel: what lies there comes first */
void pipe_room(struct pipe *);              /* its channel takes bytes again    */
void pipe_dirty(struct pipe *);             /* it has bytes to make              */
void pipe_finish(struct pipe *);            /* LENO_OUT_CLOSE                    */
void pipe_flush_all(struct driver *);
void pipe_patience(uv_timer_t *);           /* `end` has come                    */
void pipe_impatience(uv_timer_t *);         /* `enter` has come                  */
void pipe_clear(struct driver *);           /* all of them, last bytes tried once */

/* entering.c */
bool entering_counts(const struct pipe *);  /* among the strangers who shake hands */
void entering_begin(struct pipe *);
void entering_await(struct pipe *);         /* its patience begins anew          */
void entering_see(struct pipe *);           /* whether its filters wait          */

/* socket.c */
int  socket_error(int system_error);        /* the enum leno_error of an errno       */
void socket_end(struct driver *, int fd);   /* we have said all: the peer's end is awaited */
/* Takes fd (closes it when it fails). Those of pipe_open(), SYSTEM. */
int  socket_pipe(struct driver *, int fd, const struct pipe_setup *, struct pipe **ret);

/* shared.c: as socket_pipe(), for a unix socket. */
int  shared_pipe(struct driver *, int fd, const struct pipe_setup *, struct pipe **ret);
void shared_turn(struct driver *);          /* of those whose bytes no bell announces  */

/* listen.c */
int  listener_open(struct driver *, int fd, enum address_kind, const char *uri,
                   struct listener **ret);  /* takes fd */
int  listener_note(struct driver *, int fd, enum address_kind, const char *uri,
                   struct listener **ret);
                                            /* a door whose fd somebody else watches */
void listener_resume(uv_timer_t *);
void listener_end(struct listener *);
void listener_clear(struct driver *);

/* inherit.c */
bool inherit_is(const char *uri);           /* of another process, "fd:3"?        */
int  inherit_listen(struct driver *, const char *uri);

/* door.c */
void door_init(struct driver *);
enum leno_pipe_class door_class(enum address_kind);
/* The filters of a socket that was dialled at this address (NULL: accepted) under this
 * scheme; *ret is NULL when there are none. Errors: MEMORY, ARGUMENT (d->why). */
int  door_filter(struct driver *, enum address_kind, const struct address *dialled,
                 struct filter **ret);
/* May this scheme be listened at, with the options that there are? Errors: ARGUMENT, FILE,
 * MEMORY, URI (d->why). */
int  door_check(struct driver *, enum address_kind);
/* May it be dialled? The same. */
int  door_check_dial(struct driver *, enum address_kind);

/* advertise.c */
bool advertise_turn(struct driver *);       /* whether the engine was told something */

/* Is this dialled through the proxy; the filter of a tunnel to it there (NULL: no memory). */
bool door_by_proxy(const struct driver *, enum address_kind);
struct filter *door_tunnel(const struct address *, struct filter *inner);

/* dial.c */
void dial_start(struct driver *, const leno_out *);
int  dial_meet(struct driver *, const char *uri);    /* a meeting point           */
void dial_tell_lost(struct driver *);
void dial_resolved(struct driver *, uint32_t number, int error, struct sockaddr_storage *,
                   size_t n);
void dial_connected(struct dial *, struct channel *); /* of udp_dial(): it is the dial's no more */
void dial_refused(struct dial *, int error);
void dial_clear(struct driver *);

/* resolve.c */
struct resolve;
int  resolve_start(struct driver *, uint32_t number, const struct address *,
                   struct resolve **ret);
struct resolve *resolve_forget(struct resolve *); /* no answer will come; NULL */

/* tcp.c */
bool tcp_numeric(const struct address *, struct sockaddr_storage *ret);
int  tcp_listen(struct driver *, const struct address *);
int  tcp_adopt(struct driver *, int fd, enum address_kind); /* listens already; takes fd */
void tcp_tune(int fd);
void tcp_uri(const struct sockaddr_storage *, enum address_kind, const char *path,
             char ret[URI_TEXT]);
socklen_t tcp_size(const struct sockaddr_storage *);

/* udp.c */
int  udp_listen(struct driver *, int fd, const char *uri); /* takes fd                   */
void udp_unlisten(struct listener *);       /* ends it: its links keep the socket      */
/* Answers by dial_connected() or dial_refused(), later. MEMORY, SYSTEM, ADDRESS, UNREACHABLE,
 * LIMIT. */
int  udp_dial(struct driver *, struct dial *, const struct sockaddr_storage *,
              struct channel **ret);
void udp_abandon(struct channel *);         /* the dial does not want it any more */
bool udp_busy(const struct driver *);       /* there is something to flush */
void udp_flush(struct driver *);
void udp_clear(struct driver *);            /* when there are no pipes any more */

/* udp_socket.c */
int  udp_descriptor(int family, bool dials); /* tuned; -1: errno */

/* unixsock.c */
int  unixsock_new(void);                    /* a descriptor, or LENO_SYSTEM */
socklen_t unixsock_path(const char *path, struct sockaddr_storage *ret);
socklen_t unixsock_abstract(const char *network, struct sockaddr_storage *ret);
bool unixsock_mine(int fd, pid_t *ret_pid);  /* is the other end of our user? 0: not known */
int  unixsock_listen(struct driver *, const char *path);
void unixsock_remove(const struct listener *);

/* mdns.c */
#define MDNS_URI "mdns:"
int  mdns_start(struct driver *);           /* OPEN_NETWORK, SYSTEM, MEMORY      */
void mdns_changed(struct driver *);         /* the listeners have                */
void mdns_clear(struct driver *);           /* says goodbye there                */

/* local.c */
int  local_init(struct driver *, const char *network);
void local_dial(struct driver *, uint32_t number);   /* LENO_OUT_DIAL of "local:"   */
void local_lost(struct driver *, bool by_engine);    /* the pipe to the leader ends */
void local_turn(struct driver *);
int  local_listen(struct driver *);
int  local_unlisten(struct driver *, struct listener *);
void local_clear(struct driver *);

#endif
