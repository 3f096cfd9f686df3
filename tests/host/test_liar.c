/* test_liar.c - `leno cp` and `leno up --accept-files` with somebody at the other end who
 * says what no leno says: nothing but the file that was asked for is ever written, and that
 * only when its checksum holds.
 * covers: cli/copy_take.c cli/copy_send.c cli/copy_serve.c */
#include "host.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>

#define HELLO_SUM                                                                             \
	"\x2c\xf2\x4d\xba\x5f\xb0\xa3\x0e\x26\xe8\x3b\x2a\xc5\xb9\xe2\x9e\x1b\x16\x1e\x5c\x1f" \
	"\xa7\x42\x5e\x73\x04\x33\x62\x93\x8b\x98\x24"
#define NOTHING_SUM                                                                           \
	"\xe3\xb0\xc4\x42\x98\xfc\x1c\x14\x9a\xfb\xf4\xc8\x99\x6f\xb9\x24\x27\xae\x41\xe4\x64" \
	"\x9b\x93\x4c\xa4\x95\x99\x1b\x78\x52\xb8\x55"
#define ZEROS "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"

/* Frames, as docs/tools.md has them. */
#define NUMBER(last) "\0\0\0\0\0\0\0" last
#define OFFER(size, mode) "\2\0\0\0\x0d" size "\0\0" mode "\0"
#define HAVE(size, sum) "\3\0\0\0\x28" size sum
#define FROM(at) "\4\0\0\0\x08" at
#define END(sum) "\5\0\0\0\x20" sum
#define DONE "\6\0\0\0\0"
#define FIVE NUMBER("\5")
#define PLAIN "\1\xa4"

#define SAYS(text) text, sizeof(text) - 1

/* The liar says all at once, when it has heard the first word. */
struct lie {
	const char *why, *says;
	size_t size;
	int code;         /* of an abort behind it; 0: none */
	const char *text; /* of the abort                   */
	int exit;
	const char *told; /* by the command, in one line */
};

struct liar {
	struct host host;
	const struct lie *lie;
	leno_stream *stream;
	size_t said;
	bool asked;
	uint8_t heard[4096];
	size_t n_heard;
};

static char folder[] = "/tmp/leno-liar.XXXXXX";

/* ---- what the liar does ------------------------------------------------------------ */

static void say(struct liar *l)
{
	size_t taken;

	if (l->stream == NULL || !l->asked || l->said > l->lie->size)
		return;
	leno_stream_write(l->stream, (leno_bytes){ l->lie->says + l->said, l->lie->size - l->said },
	                  &taken);
	l->said += taken;
	if (l->said < l->lie->size || !l->lie->code)
		return;
	leno_stream_abort(l->stream, l->lie->code, l->lie->text);
	l->stream = NULL;
}

static void on_readable(leno_stream *stream, void *user)
{
	struct liar *l = user;
	uint8_t piece[4096];
	size_t n;

	while ((n = leno_stream_read(stream, piece, sizeof piece)) > 0) {
		n = n < sizeof l->heard - l->n_heard ? n : sizeof l->heard - l->n_heard;
		memcpy(l->heard + l->n_heard, piece, n);
		l->n_heard += n;
	}
	if (leno_stream_ended(stream))
		leno_stream_finish(stream);
	l->asked = true;
	say(l);
}

static void on_writable(leno_stream *stream, void *user)
{
	say(user);
}

static void on_closed(leno_stream *stream, void *user, int error, int code, const char *why)
{
	((struct liar *)user)->stream = NULL;
}

static const leno_stream_handlers handlers = { .readable = on_readable,
	                                       .writable = on_writable,
	                                       .closed = on_closed };

static void on_stream(leno_node *node, void *user, leno_stream *stream, const char *topic)
{
	struct liar *l = user;

	CHECK(strcmp(topic, "leno/cp") == 0);
	leno_stream_abort(l->stream, 1, "once more");
	l->stream = stream;
	l->asked = false;
	l->said = l->n_heard = 0;
	leno_stream_accept(stream, &handlers, l);
}

static void liar_open(struct liar *l)
{
	static const leno_handlers of_node = { .stream = on_stream };
	leno_options options = { .network = host_network(), .name = "eve", .log = host_silence };

	*l = (struct liar){ .lie = NULL };
	CHECK_EQ(leno_open(&l->host.node, &options, &of_node, l), 0);
	CHECK_EQ(leno_listen(l->host.node, "tcp://127.0.0.1:0"), 0);
}

/* ---- the command beside it --------------------------------------------------------- */

static const char *path_of(const char *name)
{
	static char paths[4][128];
	static unsigned next;

	snprintf(paths[next % 4], sizeof paths[0], "%s/%s", folder, name);
	return paths[next++ % 4];
}

static void file_write(const char *name, const char *text)
{
	FILE *f = fopen(path_of(name), "w");

	CHECK(f && fputs(text, f) >= 0 && fclose(f) == 0);
}

static void file_read(const char *name, char ret[1024])
{
	FILE *f = fopen(path_of(name), "r");
	size_t n = f ? fread(ret, 1, 1023, f) : 0;

	ret[n] = '\0';
	if (f)
		fclose(f);
}

static pid_t start(const char *const *argv)
{
	pid_t pid = fork();
	int errors, nothing;

	if (pid != 0)
		return pid;
	errors = open(path_of("err"), O_WRONLY | O_CREAT | O_TRUNC, 0600);
	nothing = open("/dev/null", O_RDWR);
	dup2(nothing, STDIN_FILENO);
	dup2(nothing, STDOUT_FILENO);
	dup2(errors, STDERR_FILENO);
	umask(022);
	setenv("XDG_CONFIG_HOME", folder, 1);
	execv(argv[0], (char *const *)argv);
	_exit(127);
}

/* Its exit code; -1 when it had to be ended. */
static int run(struct liar *l, const char *const *argv)
{
	struct host *hosts[] = { &l->host };
	int64_t end = host_now_ms() + 20000;
	pid_t pid = start(argv);
	int status = 0;

	while (waitpid(pid, &status, WNOHANG) == 0) {
		if (host_now_ms() > end) {
			kill(pid, SIGKILL);
			waitpid(pid, &status, 0);
			return -1;
		}
		host_pump(hosts, 1, 10);
	}
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static int copy(struct liar *l, const char *from, const char *to)
{
	const char *argv[] = { getenv("LENO_BIN"), "cp", "--network", host_network(), "--connect",
		               leno_uri(l->host.node, 0), "--discover", "none", "--timeout", "2",
		               from, to, NULL };

	return run(l, argv);
}

static void check_told(const char *told)
{
	char text[1024];

	file_read("err", text);
	if (told == NULL) {
		CHECK(*text == '\0');
		return;
	}
	CHECK(strstr(text, told) != NULL);
	CHECK(strchr(text, '\n') == text + strlen(text) - 1);
	CHECK(strchr(text, '\033') == NULL);
}

static size_t entries(const char *name)
{
	DIR *d = opendir(path_of(name));
	size_t n = 0;

	for (struct dirent *e; d && (e = readdir(d));)
		n += strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0;
	if (d)
		closedir(d);
	return n;
}

/* ---- the tests --------------------------------------------------------------------- */

TEST(who_asks_for_a_file_gets_that_one_or_none)
{
	static const struct lie lies[] = {
		{ "the truth", SAYS(OFFER(FIVE, PLAIN) FROM(NUMBER("\0")) "hello" END(HELLO_SUM)), 0,
		  NULL, 0, NULL },
		{ "a path of its own is not asked for",
		  SAYS("\2\0\0\0\x14" FIVE "\0\0" PLAIN "\0"
		       "../evil" FROM(NUMBER("\0")) "hello" END(HELLO_SUM)),
		  0, NULL, 0, NULL },
		{ "what runs as its owner does not",
		  SAYS(OFFER(FIVE, "\x0d\xff") FROM(NUMBER("\0")) "hello" END(HELLO_SUM)), 0, NULL, 0,
		  NULL },
		{ "another checksum", SAYS(OFFER(FIVE, PLAIN) FROM(NUMBER("\0")) "hello" END(ZEROS)),
		  0, NULL, 1, "another checksum" },
		{ "other bytes", SAYS(OFFER(FIVE, PLAIN) FROM(NUMBER("\0")) "hullo" END(HELLO_SUM)),
		  0, NULL, 1, "another checksum" },
		{ "too many bytes",
		  SAYS(OFFER(FIVE, PLAIN) FROM(NUMBER("\0")) "hello!" END(HELLO_SUM)), 0, NULL, 1,
		  "no sense" },
		{ "an offset out of nowhere", SAYS(OFFER(FIVE, PLAIN) FROM(NUMBER("\3")) "lo"), 0,
		  NULL, 1, "nothing ends" },
		{ "more than any disk", SAYS(OFFER("\x7f\xff\xff\xff\xff\xff\xff\xff", PLAIN)), 0,
		  NULL, 1, "does not fit" },
		{ "done without a file", SAYS(DONE), 0, NULL, 1, "did not say what it has" },
		{ "done in place of the end",
		  SAYS(OFFER(FIVE, PLAIN) FROM(NUMBER("\0")) "hello" DONE), 0, NULL, 1, "after the end" },
		{ "no frame", SAYS("\xff\0\0\0\0"), 0, NULL, 1, "no sense" },
		{ "a frame without end", SAYS("\2\xff\xff\xff\xff"), 0, NULL, 1, "no sense" },
		{ "what a terminal obeys", SAYS(""), 4, "no\nleno: all is well\033[2J", 1, "no?leno" },
		{ "busy for ever", SAYS(""), 64, "busy", 3, "nothing has moved for 2 s" },
	};
	struct liar l;

	liar_open(&l);
	for (size_t i = 0; i < sizeof lies / sizeof lies[0]; i++) {
		char got[1024];
		struct stat st;

		CHECK_ROW(lies[i].why);
		mkdir(path_of("here"), 0700);
		l.lie = &lies[i];
		CHECK_EQ(copy(&l, "eve:sub/file", path_of("here/file")), lies[i].exit);
		check_told(lies[i].told);
		CHECK_EQ(access(path_of("here/file"), F_OK) == 0, lies[i].exit == 0);
		unlink(path_of("here/.file.leno-part")); /* where the end never came */
		CHECK_EQ(entries("here"), lies[i].exit == 0);
		CHECK_EQ(entries("."), 2); /* here, err: nothing is beside them */
		if (lies[i].exit == 0) {
			file_read("here/file", got);
			CHECK(strcmp(got, "hello") == 0);
			CHECK(stat(path_of("here/file"), &st) == 0 && (st.st_mode & 07022) == 0);
		}
		unlink(path_of("here/file"));
		rmdir(path_of("here"));
	}
	leno_close(l.host.node);
}

TEST(who_brings_a_file_sends_what_the_other_end_lacks)
{
	static const char sent[] = FROM(NUMBER("\0")) "hello" END(HELLO_SUM);
	static const struct lie lies[] = {
		{ "the truth", SAYS(HAVE(NUMBER("\0"), NOTHING_SUM) DONE), 0, NULL, 0, NULL },
		{ "it has other bytes", SAYS(HAVE(NUMBER("\3"), ZEROS) DONE), 0, NULL, 0, NULL },
		{ "it has more than there is", SAYS(HAVE("\xff\0\0\0\0\0\0\0", ZEROS) DONE), 0, NULL,
		  0, NULL },
		{ "done before it knows the bytes", SAYS(DONE), 0, NULL, 1, "did not say what it has" },
		{ "not done after all", SAYS(HAVE(NUMBER("\0"), NOTHING_SUM) FROM(FIVE)), 0, NULL, 1,
		  "did not say that it was done" },
	};
	struct liar l;

	liar_open(&l);
	file_write("file", "hello");
	for (size_t i = 0; i < sizeof lies / sizeof lies[0]; i++) {
		CHECK_ROW(lies[i].why);
		l.lie = &lies[i];
		CHECK_EQ(copy(&l, path_of("file"), "eve:"), lies[i].exit);
		check_told(lies[i].told);
		if (lies[i].exit == 0) /* behind its offer, which ends with the name */
			CHECK(l.n_heard == 5 + 13 + 4 + sizeof sent - 1 &&
			      memcmp(l.heard + 5 + 13 + 4, sent, sizeof sent - 1) == 0);
	}
	unlink(path_of("file"));
	leno_close(l.host.node);
}

/* It was sent once, DONE was lost with the path, and it is empty: there is no part of it. */
TEST(an_empty_file_that_is_there_is_success)
{
	static const char offer[] = "\2\0\0\0\x12" NUMBER("\0") "\0\0" PLAIN "\2"
		"empty" FROM(NUMBER("\0")) END(NOTHING_SUM);
	static const struct lie silence = { .says = "" };
	struct liar l;
	struct host *hosts[] = { &l.host };
	leno_id id;
	pid_t pid;
	int64_t end = host_now_ms() + 10000;
	size_t taken;

	liar_open(&l);
	l.lie = &silence;
	mkdir(path_of("in"), 0700);
	file_write("in/empty", "");
	pid = start((const char *[]){ getenv("LENO_BIN"), "up", "--network", host_network(), "--name",
	                              "bob", "--connect", leno_uri(l.host.node, 0), "--discover",
	                              "none", "--accept-files", path_of("in"), NULL });
	while (leno_find(l.host.node, "bob", &id) != 0 && host_now_ms() < end)
		host_pump(hosts, 1, 10);
	CHECK_EQ(leno_stream_open(l.host.node, &id, "leno/cp", &handlers, &l, &l.stream), 0);
	leno_stream_write(l.stream, (leno_bytes){ offer, sizeof offer - 1 }, &taken);
	while (l.stream != NULL && l.n_heard < 5 + 40 + 5 && host_now_ms() < end)
		host_pump(hosts, 1, 10);
	CHECK(l.n_heard == 5 + 40 + 5 && memcmp(l.heard + 5 + 40, DONE, 5) == 0);
	kill(pid, SIGTERM);
	waitpid(pid, NULL, 0);
	unlink(path_of("in/empty"));
	CHECK_EQ(entries("in"), 0);
	rmdir(path_of("in"));
	leno_close(l.host.node);
}

static void leave(void)
{
	unlink(path_of("err"));
	rmdir(folder);
}

TEST(there_is_a_command_to_lie_to)
{
	CHECK(getenv("LENO_BIN") != NULL && mkdtemp(folder) != NULL);
	atexit(leave);
}

TEST_MAIN(TEST_CASE(there_is_a_command_to_lie_to),
          TEST_CASE(who_asks_for_a_file_gets_that_one_or_none),
          TEST_CASE(who_brings_a_file_sends_what_the_other_end_lacks),
          TEST_CASE(an_empty_file_that_is_there_is_success))
