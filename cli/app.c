/* app.c - the loop of a command that is a node.
 * Drives the library as a guest: its descriptor, its timeout and its step stand in
 * one ppoll(2) beside signals, standard output and what is watched (ready.c).
 *
 *   app_open -> app_run: { leno_step, tick, flush, ppoll, sources } -> app_end
 *            -> goodbye
 *
 * The loop ends by app_end() alone; the goodbye is said in one place. */
#include "app.h"
#include "allow.h"
#include "answers.h"
#include "obey.h"
#include "output.h"
#include "signals.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- opening --------------------------------------------------------------- */

/* What is shown, and what is only remembered to explain a failure: visitors say
 * nothing while all may still go well, and while a node opens the error speaks. */
static void app_log(void *user, enum leno_log_level level, const char *line)
{
	struct app *app = user;
	size_t size = strlen(line);
	char *kept;
	bool quiet =
		app->opening || (app->set->verbose == 0 && (!app->member || app->node == NULL));

	if (!quiet && (int)level <= (int)LENO_LOG_WARN + app->set->verbose)
		fail("%s", line);
	kept = level <= LENO_LOG_WARN ? app->log : app->hint;
	snprintf(kept, sizeof app->log, "%s", line);
	/* In parentheses it speaks of the log, or of what a node that stays does. */
	if (size > 0 && line[size - 1] == ')' && strrchr(kept, '(') > kept)
		strrchr(kept, '(')[-1] = '\0';
}

static void open_failed(struct app *app, int error)
{
	const struct settings *set = app->set;

	app->exit = EXIT_FAILED;
	if (error == LENO_EXISTS)
		fail("the identity %s is in use by another process",
		     set->identity ? set->identity : "");
	else if (app->log[0])
		fail("%s", app->log);
	else if (error == LENO_ARGUMENT)
		fail("the node cannot be opened: names and labels are UTF-8 text");
	else
		fail("the node cannot be opened: %s", leno_strerror(error));
	if (error == LENO_ARGUMENT)
		app->exit = EXIT_USAGE;
}

/* What would have been right in place of this URI. */
static const char *uri_example(const char *what, const char *uri)
{
	const char *colon = strncmp(uri, "tcp://", 6) == 0 ? strchr(uri + 6, ':') : NULL;

	if (strcmp(what, "discover by") == 0)
		return "local:, mdns:, rendezvous:tcp://HOST:PORT or none";
	if (strncmp(uri, "local:", 6) == 0)
		return "local:/PATH, a whole path of at most 107 bytes, as in "
		       "local:/run/leno/socket";
	if (colon != NULL && strchr(colon + 1, ':') != NULL && uri[6] != '[')
		return "an IPv6 address in brackets, as in tcp://[::1]:7400";
	if (strncmp(uri, "tls://", 6) == 0)
		return "tls://HOST:PORT, as in tls://192.0.2.1:7400";
	if (strncmp(uri, "any://", 6) == 0 && strcmp(what, "connect to") == 0)
		return "which it is, as in tcp://HOST:PORT or ws://HOST:PORT: any:// is for "
		       "those who listen";
	return strcmp(what, "listen at") == 0 ? "tcp://HOST:PORT, as in tcp://127.0.0.1:0"
	                                      : "tcp://HOST:PORT, as in tcp://192.0.2.1:7400";
}

void app_way_failed(struct app *app, int error, const char *what, const char *uri)
{
	const char *where = settings_where(app->set, uri);

	app->exit = error == LENO_URI || error == LENO_ARGUMENT ? EXIT_USAGE : EXIT_FAILED;
	if (error == LENO_OPEN_NETWORK) {
		fail("%s%s is open to other machines: make a secret with `leno secret FILE` and "
		     "give it to each node with `--secret-file FILE`, or let anybody in with "
		     "`--anonymous`",
		     where, uri);
		app->exit = EXIT_USAGE;
	} else if (error == LENO_URI) {
		fail("%scannot %s \"%s\": say %s", where, what, uri, uri_example(what, uri));
	} else if (app->log[0]) {
		fail("%s%s", where, app->log);
	} else {
		fail("%scannot %s %s: %s", where, what, uri, leno_strerror(error));
	}
}

static bool open_ways(struct app *app)
{
	app->ways = ways_new(app->set, app->member);
	if (app->ways == NULL) {
		app->exit = EXIT_USAGE;
		return false;
	}
	return (!app->member || obey_begin(app)) && ways_open(app, true) && (app->bound == NULL || app->bound(app)) &&
	       ways_open(app, false);
}

enum leno_log_level app_log_level(const struct settings *set, bool member)
{
	return member && set->verbose < 2 ? LENO_LOG_INFO : LENO_LOG_DEBUG;
}

static void say_who(const struct app *app, const struct settings *set, leno_options *o)
{
	o->observer = set->observer && app->member;
	o->network_key_file = set->network_key;
	if (set->network_key == NULL)
		o->certificate_file = set->certificate_file;
	/* One identity is one process: what the environment says of it is meant for
	 * the node that stays, not for each command that asks it something. */
	if (app->member || settings_from(set, "identity", LAYER_ARGUMENT) || o->certificate_file)
		o->identity_file = set->identity;
	if (app->invitation != NULL) {
		o->invitation = app->invitation;
		o->certificate_file = set->certificate_file;
		o->identity_file = set->identity;
		o->network_key_file = NULL;
	}
	if (app->member || settings_from(set, "name", LAYER_ARGUMENT))
		o->name = set->name;
}

bool app_open(struct app *app, const struct settings *set, const leno_handlers *handlers,
              bool member)
{
	leno_options options = {
		.network = set->network,
		.secret_file = set->secret_file,
		.anonymous = set->anonymous,
		.endpoint = set->endpoint && member,
		.visitor = !member,
		.no_direct = set->no_direct,
		.rendezvous = set->rendezvous && member,
		.n_advertise = set->advertise.count,
		.advertise = (const char *const *)set->advertise.items,
		.heartbeat_ms = (uint32_t)set->heartbeat_ms,
		.tls_cert_file = set->tls_cert,
		.tls_key_file = set->tls_key,
		.tls_ca_file = set->tls_ca,
		.tls_crl_file = set->tls_crl,
		.tls_verify_clients = set->tls_clients && member,
		.state_dir = set->state_dir,
		.n_labels = set->labels.count,
		.labels = (const char *const *)set->labels.items,
		.log_level = app_log_level(set, member),
		.log = app_log,
		.n_ws_origins = set->ws_origins.count,
		.ws_origins = (const char *const *)set->ws_origins.items,
		.www = member ? set->www : NULL,
		.ws_own_pages = set->web && member,
		.proxy = set->proxy,
	};
	int error;

	app->set = set;
	app->member = member;
	app->deadline = -1;
	if (member && !allow_read(set, &app->allowed, &options.n_allow)) {
		app->exit = EXIT_USAGE;
		return false;
	}
	options.allow = app->allowed;
	say_who(app, set, &options);
	signals_catch(app->reload != NULL);
	if (member) {
		out_may_be_missing();
		handlers = answers_begin(app, handlers);
	}
	error = leno_open(&app->node, &options, handlers, app);
	if (!error && open_ways(app))
		return true;
	if (error)
		open_failed(app, error);
	else if (app->bound != NULL && app->closing != NULL)
		app->closing(app);
	free(app->allowed);
	app->allowed = NULL;
	leno_close(app->node);
	app->node = NULL;
	ways_free(app->ways);
	answers_end(app);
	return false;
}

const char *app_name(const struct app *app)
{
	const char *name = leno_name(app->node, leno_self(app->node));

	return *name ? name : NULL;
}

/* ---- running --------------------------------------------------------------- */

void app_check_life(struct app *app, int error)
{
	if (error == LENO_DUPLICATE) /* the library's log has said so */
		app_end(app, EXIT_FAILED);
}

void app_watch(struct app *app, int fd, short events, app_source_fn *fn, void *arg)
{
	if (ready_set(&app->ready, fd, events, fn, arg))
		return;
	fail("a descriptor cannot be waited for: %s", strerror(errno));
	app_end(app, EXIT_FAILED);
}

void app_unwatch(struct app *app, int fd)
{
	ready_forget(&app->ready, fd);
}

void app_later(struct app *app, struct app_later *later)
{
	if (later->at != NULL)
		return;
	later->next = app->later;
	later->at = &app->later;
	if (later->next != NULL)
		later->next->at = &later->next;
	app->later = later;
}

void app_not_later(struct app_later *later)
{
	if (later->at == NULL)
		return;
	*later->at = later->next;
	if (later->next != NULL)
		later->next->at = later->at;
	later->at = NULL;
}

static void run_later(struct app *app)
{
	struct app_later *later;

	while ((later = app->later) != NULL) {
		app_not_later(later);
		later->fn(later->arg);
	}
}

void app_end(struct app *app, int exit_code)
{
	if (app->done)
		return;
	app->done = true;
	app->exit = exit_code;
}

static void take_signals(struct app *app)
{
	if (signals_child() && app->children != NULL)
		app->children(app);
	if (signals_hangup() && app->reload != NULL && !app->done)
		app->reload(app);
	if (!signals_interrupted() || app->done)
		return;
	if (signals_interrupted() == SIGTERM && app->stay != NULL && app->stay(app))
		return;
	/* A node that stays has done its work when it is told to go; a command that
	 * was asked for something has not. */
	app_end(app,
	        signals_interrupted() == SIGINT || !app->member ? EXIT_INTERRUPTED : EXIT_DONE);
	if (app->leave != NULL)
		app->leave(app);
}

static int64_t sleep_ms(struct app *app)
{
	int64_t ms = leno_timeout(app->node), left;

	if (app->ready.n_always > 0)
		return 0;
	if (app->deadline >= 0) {
		left = app->deadline - clock_ms();
		left = left < 0 ? 0 : left;
		ms = ms < 0 || left < ms ? left : ms;
	}
	if (out_ask_again_ms() >= 0 && (ms < 0 || ms > out_ask_again_ms()))
		ms = out_ask_again_ms();
	return ms;
}

enum { REFUSALS_ENOUGH = 2 };

enum { FD_NODE, FD_OUT, FD_READY, FDS };

static void app_sleep(struct app *app, struct pollfd *fds)
{
	bool ask = out_waiting() && out_ask_again_ms() < 0;

	fds[FD_NODE] = (struct pollfd){ .fd = leno_fd(app->node), .events = POLLIN };
	/* Without events poll() still tells that the reader has gone. */
	fds[FD_OUT] = (struct pollfd){ .fd = app->acts && !out_waiting() ? -1 : STDOUT_FILENO,
		                       .events = ask ? POLLOUT : 0 };
	fds[FD_READY] =
		(struct pollfd){ .fd = app->ready.open ? app->ready.fd : -1, .events = POLLIN };
	if (signals_poll(fds, FDS, sleep_ms(app)) < 0) {
		for (size_t i = 0; i < FDS; i++)
			fds[i].revents = 0;
	}
}

/* Who is refused twice by the only one there is to join is not let in by trying on. */
static bool is_refused(struct app *app)
{
	const struct settings *set = app->set;

	return !app->member && !app->synced && !set->wait && app->log[0] &&
	       set->connect.count + set->discover.count <= 1 &&
	       app_refusals(app) >= REFUSALS_ENOUGH && !leno_synced(app->node);
}

static void app_step(struct app *app)
{
	int error = leno_step(app->node);

	if (error) {
		fail("the node stopped: %s", leno_strerror(error));
		app_end(app, EXIT_FAILED);
		return;
	}
	run_later(app);
	if (app->tick != NULL && !app->done)
		app->tick(app);
	if (!app->done && is_refused(app))
		app_not_found(app, NULL);
	if (app->deadline >= 0 && clock_ms() >= app->deadline && !app->done) {
		app->deadline = -1;
		app->late(app);
	}
}

static void app_wait(struct app *app)
{
	struct pollfd fds[FDS];

	app_sleep(app, fds);
	take_signals(app);
	if (!app->done && (fds[FD_READY].revents || app->ready.n_always > 0))
		ready_run(&app->ready, app);
	if (!app->acts && fds[FD_OUT].revents & (POLLERR | POLLHUP | POLLNVAL))
		app_end(app, EXIT_DONE);
}

int app_run(struct app *app)
{
	bool told;

	while (!app->done) {
		out_turn();
		app_step(app);
		out_end();
		if (out_closed() && !app->acts)
			app_end(app, EXIT_DONE);
		if (!app->done)
			app_wait(app);
	}
	if (app->closing != NULL)
		app->closing(app);
	leno_close(app->node);
	app->node = NULL;
	free(app->allowed);
	ways_free(app->ways);
	answers_end(app);
	ready_close(&app->ready);
	told = signals_interrupted();
	if (!out_drain() && !told && app->exit == EXIT_DONE)
		app->exit = EXIT_INTERRUPTED;
	return app->exit;
}

void app_start_clock(struct app *app)
{
	app->deadline = clock_ms() + app->set->timeout_ms;
}
