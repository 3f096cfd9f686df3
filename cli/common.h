/* common.h - what all subcommands share of their options. Each setting is looked
 * for on the command line, then in the environment, then in the configuration file;
 * the first of the three that names it wins, lists included. */
#pragma once

#include <leno.h>

#include <argp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum layer { LAYER_NONE, LAYER_ARGUMENT, LAYER_ENVIRONMENT, LAYER_CONFIG };

enum { SETTINGS_MAX = 48, LIST_MAX = 32, TIMEOUT_MS = 5000, STALL_MS = 30000 };

struct list {
	char *items[LIST_MAX];
	size_t count;
};

struct settings {
	char *network, *name, *secret_file, *identity;
	struct list connect, listen, discover, labels, advertise;
	char *accept_files, *share_files; /* folders; of `up` alone                   */
	struct list allow_forward;
	struct list commanders;      /* who may command a node that stays          */
	struct list on_command;      /* of `up` alone: WORD=PROGRAM                */
	char *state_dir;             /* of `up` alone: where the maps it shares are kept ... */
	struct list maps;            /* ... their names ...                        */
	long share_mib;              /* ... and memory for each; 0: the library's default */
	char *tls_cert, *tls_key, *tls_ca, *tls_crl; /* files in PEM               */
	bool tls_clients;            /* need a certificate of that CA             */
	char *certificate_file, *network_key, *allow_file;
	struct list allow;
	bool observer;
	char *www; /* a folder of pages; of `up` alone */
	bool web;  /* the dashboard; of `up` alone     */
	struct list ws_origins;
	char *proxy;                 /* http://HOST:PORT                          */
	char *metrics, *user;        /* of `up` alone                             */
	bool endpoint, anonymous, json;
	bool rendezvous; /* a meeting point for others */
	bool no_direct; /* no links by itself, and no word of where it is */
	long heartbeat_ms;
	const char *config;          /* the configuration file; NULL: there is no home */
	bool config_named;           /* by somebody: then it must be there        */
	unsigned reading;            /* whose values these are; 0: before any     */
	int line;                    /* of the file, while it is read             */
	int verbose;                 /* -v: refusals and links, -vv: everything            */
	leno_ms timeout_ms;          /* of commands that ask                              */
	leno_ms patience_ms;         /* of commands that go on: --timeout, 0 if not said  */
	bool wait;                   /* for NODE, even when the mesh has no such node now */
	uint8_t layer[SETTINGS_MAX]; /* who said each of them                     */
	const struct argp *argp;     /* of the command                            */
};

/* For a command's own `struct argp`: children, with the struct settings as input. */
extern const struct argp settings_argp; /* every command                        */
extern const struct argp member_argp;   /* nodes that stay: --listen, --label   */
extern const struct argp serving_argp; /* `up`: --accept-files and the like     */
extern const struct argp config_argp;  /* --config                              */
extern const struct argp asking_argp;   /* commands that ask: --timeout         */
extern const struct argp waiting_argp;  /* --wait, too                          */
extern const struct argp patient_argp;  /* the same, for what may take its time */

/* Parses argv, then the environment and the configuration file. Does not return
 * when the usage is wrong: a sentence, and EXIT_USAGE. */
void settings_parse(const struct argp *, int argc, char **argv, struct settings *, void *input);

/* The same without the file, which config_read() reads then. */
void settings_parse_said(const struct argp *, int argc, char **argv, struct settings *,
                         void *input);

/* What settings_parse() would give now that the file may say something else. False: *ret_wrong
 * says what is wrong with it. */
enum { CONFIG_WRONG = 1024 };
bool settings_reread(struct settings *ret, char ret_wrong[CONFIG_WRONG]);

/* Frees the values that the file gave. */
void settings_drop(struct settings *);

/* "FILE:LINE: " where the file said this value, else "". Static. */
const char *settings_where(const struct settings *, const char *value);

/* As the command line would say it: NULL, or what is wrong with the value. */
const char *settings_give(struct settings *, const char *option, const char *value);

/* The settings by their numbers, 0 and on: the name of each, NULL past the last; by its name, -1
 * when there is none; whether two agree in it; and to take it over from others. */
const char *settings_name(size_t i);
int settings_find(const char *option);
bool settings_same(const struct settings *, const struct settings *, size_t i);
void settings_stay(struct settings *, const struct settings *as, size_t i);

/* The words of a command beside its options, and its settings. A command's own
 * struct begins with it; the children of its argp all fill the settings. */
struct words {
	struct settings set;
	char *items[4];
	unsigned count, least, most;
};
error_t words_parse(int key, char *arg, struct argp_state *);

/* True when the setting whose option is called `option` came from this layer. */
bool settings_from(const struct settings *, const char *option, enum layer);

/* "$XDG_CONFIG_HOME/leno/NAME", or below ~/.config. NULL without a home. Static. */
const char *config_path(const char *name);

/* Says why a new file could not be written. */
void file_not_made(const char *path);

/* "2", "0.5", "250ms", "2s" to milliseconds; false when it is none of them. */
bool parse_duration(const char *text, leno_ms *ret);
bool parse_count(const char *text, long least, long most, long *ret);
bool parse_flag(const char *text, bool *ret); /* "yes", "no" and the like */
