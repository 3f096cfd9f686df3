/* open.c - a node with its driver: begun and ended.
 *
 *	leno_open --> open --leno_close outside of callbacks--> ended
 *	                \--leno_close in a callback--> closing --it has returned--> ended
 *
 *  1. Half of a driver can be destroyed: each step says what it has done. */
#include "base/mem.h"
#include "driver/uv/idfile.h"
#include "driver/uv/papers.h"
#include "driver/uv/secret.h"
#include "driver/uv/secure.h"
#include "driver/uv/storage.h"
#include "driver/uv/uv.h"
#include "driver/uv/web.h"

#include <fcntl.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static uint64_t wall_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

/* ---- the engine's configuration ------------------------------------------------ */

/* The identity: from its file, or fresh. */
static int fill_identity(leno_engine_config *config, int *ret_lock)
{
	const char *path = config->has_holder ? NULL : config->options.identity_file, *why = "";
	struct idfile id;
	int error;

	config->wall_ms = config->clock_ms = wall_ms();
	if (!path)
		return secret_random(config->identity, sizeof config->identity) ? LENO_OK
		                                                                : LENO_SYSTEM;
	error = idfile_begin(path, config->wall_ms, &id, ret_lock, &why);
	if (error < 0) {
		options_log(&config->options, config->user, LENO_LOG_ERROR, "identity file %s: %s",
		            path, why);
		return error;
	}
	memcpy(config->identity, id.seed, sizeof config->identity);
	config->wall_ms = id.incarnation;
	secret_wipe(&id, sizeof id);
	return LENO_OK;
}

static int fill_secret(leno_engine_config *config)
{
	const leno_options *o = &config->options;
	const char *why = "";
	int error = LENO_OK;

	config->has_secret = o->secret_file || o->secret.size > 0;
	if (o->secret_file) {
		error = secret_load(o->secret_file, o->network, config->secret, &why);
		if (error < 0)
			options_log(o, config->user, LENO_LOG_ERROR, "secret file %s: %s",
			            o->secret_file, why);
	} else if (o->secret.size == SECRET_SIZE) {
		memcpy(config->secret, o->secret.data, SECRET_SIZE);
	} else if (o->secret.size > 0) {
		error = secret_stretch(o->network, o->secret.data, o->secret.size, config->secret);
	}
	return error;
}

static int fill_config(leno_engine_config *config, const leno_options *options,
                       const leno_handlers *handlers, void *user, int *ret_lock,
                       struct papers **ret_papers)
{
	int error;

	memset(config, 0, sizeof *config);
	if (options)
		config->options = *options;
	if (handlers)
		config->handlers = *handlers;
	config->user = user;
	error = options_check(&config->options, user);
	if (error == LENO_OK)
		error = papers_fill(config, ret_papers);
	if (error < 0)
		return error;
	if (!config->options.network)
		config->options.network = "default";
	if (!secret_random(config->seed, sizeof config->seed))
		return LENO_SYSTEM;
	error = fill_secret(config);
	if (error < 0)
		return error;
	config->now_us = uv_hrtime() / 1000;
	config->dials = "tcp tls ws wss http https udp";
	return fill_identity(config, ret_lock);
}

/* ---- ending -------------------------------------------------------------------- */

static void close_handle(uv_handle_t *handle, void *arg)
{
	if (!uv_is_closing(handle))
		uv_close(handle, NULL);
}

/* Doors first: so that who follows us finds nobody leading when it hears our goodbye. */
static void end_loop(struct driver *d)
{
	listener_clear(d);
	mdns_clear(d);
	dial_clear(d);
	local_clear(d);
	pipe_clear(d);
	udp_clear(d);
	post_clear(d);
	uv_walk(&d->loop, close_handle, NULL);
	while (uv_loop_close(&d->loop) != 0)
		uv_run(&d->loop, UV_RUN_NOWAIT);
}

void driver_destroy(struct driver *d)
{
	end_loop(d);
	storage_free(d->storage);
	leno_engine_set_store(d->node, NULL);
	leno_engine_free(d->node);
	papers_free(d->papers);
	if (d->identity >= 0)
		close(d->identity);
	if (d->spare >= 0)
		close(d->spare);
	table_clear(&d->pipes);
	secure_free(d->secure);
	web_free(d->web);
	mem_free(d->read_buffer);
	mem_free(d);
}

void leno_close(leno_node *node)
{
	struct driver *d;

	if (!node)
		return;
	d = driver_of(node);
	if (d->closing)
		return;
	d->closing = true;
	leno_engine_goodbye(node);
	if (!d->inside)
		driver_destroy(d);
}

/* ---- beginning ------------------------------------------------------------------- */

static int start_loop(struct driver *d, const char *network)
{
	int error = loop_init(d);

	if (error < 0)
		return error;
	error = post_init(d);
	if (error < 0) {
		uv_walk(&d->loop, close_handle, NULL);
		while (uv_loop_close(&d->loop) != 0)
			uv_run(&d->loop, UV_RUN_NOWAIT);
		return error;
	}
	return local_init(d, network);
}

static int load(void *driver, const char *map, leno_stored_fn *fn, void *arg)
{
	return storage_load(((struct driver *)driver)->storage, map, fn, arg);
}

static int change(void *driver, const char *map, leno_bytes key, leno_bytes entry)
{
	return storage_change(((struct driver *)driver)->storage, map, key, entry);
}

/* Maps are shared after this: nothing is opened before one is to be kept. */
static int keep_maps(struct driver *d, const char *dir)
{
	static const leno_engine_store ops = { .load = load, .change = change };

	if (!dir || !*dir)
		return LENO_OK;
	d->storage = storage_new(d->node, dir);
	if (!d->storage)
		return LENO_MEMORY;
	leno_engine_set_store(d->node, &ops);
	return LENO_OK;
}

/* The driver around a node that the engine has opened; on failure the node is as it was. */
static int wrap(leno_node *node, const leno_engine_config *config, int lock)
{
	struct driver *d = mem_new(sizeof *d);
	int error = LENO_MEMORY;

	if (!d)
		return LENO_MEMORY;
	d->node = node;
	d->user = config->user;
	d->handlers = config->handlers;
	secret_tag(config->options.network, d->tag);
	d->sealed = config->has_secret || config->has_key || config->options.anonymous;
	d->visitor = config->options.visitor;
	d->memory_max = config->options.memory_max ? config->options.memory_max : MEMORY_DEFAULT;
	d->identity = lock;
	d->read_buffer = mem_take(READ_SIZE + FILTER_HEAD + WRITE_SIZE);
	d->secure = secure_new(&config->options);
	door_init(d);
	if (config->options.proxy)
		address_parse(config->options.proxy, &d->proxy); /* options_check() knows it is one */
	d->spare = open("/dev/null", O_RDONLY | O_CLOEXEC);
	if (d->spare < 0)
		error = LENO_SYSTEM;
	else if (d->read_buffer && d->secure)
		error = web_new(d, &config->options, &d->web);
	if (error == LENO_OK)
		error = keep_maps(d, config->options.state_dir);
	if (error == LENO_OK)
		error = start_loop(d, config->options.network);
	if (error < 0) {
		web_free(d->web);
		if (d->spare >= 0)
			close(d->spare);
		storage_free(d->storage);
		secure_free(d->secure);
		mem_free(d->read_buffer);
		mem_free(d);
		return error;
	}
	d->write_buffer = d->read_buffer + READ_SIZE;
	if (d->visitor)
		d->doors_due_ms = NEVER_MS;
	else if (config->options.n_advertise == 0)
		d->doors_due_ms = uv_now(&d->loop) + MACHINE_MS;
	leno_engine_set_driver(node, d);
	return LENO_OK;
}

int leno_open(leno_node **ret, const leno_options *options, const leno_handlers *handlers,
              void *user)
{
	leno_engine_config config;
	struct papers *papers = NULL;
	leno_node *node = NULL;
	int lock = -1, error;

	if (!ret)
		return LENO_ARGUMENT;
	error = fill_config(&config, options, handlers, user, &lock, &papers);
	if (error == LENO_OK)
		error = leno_engine_open(&node, &config);
	if (error < 0)
		papers_explain(papers, &config, error);
	if (error == LENO_OK)
		error = wrap(node, &config, lock);
	secret_wipe(config.seed, sizeof config.seed);
	secret_wipe(config.identity, sizeof config.identity);
	secret_wipe(config.secret, sizeof config.secret);
	secret_wipe(config.holder, sizeof config.holder);
	secret_wipe(config.network_seed, sizeof config.network_seed);
	if (error < 0) {
		papers_free(papers);
		leno_engine_free(node);
		if (lock >= 0)
			close(lock);
		return error;
	}
	driver_of(node)->papers = papers;
	papers_dial(papers, node);
	*ret = node;
	return LENO_OK;
}
