/* test_watch.c - who is told that a descriptor is ready, and who is not any more. */
#include "support/check.h"

#include "app.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

enum { PIPES = 200 };

struct seen {
	unsigned calls;
	short revents;
};

static struct watch watch;
static struct app app;

static void note(struct app *a, short revents, void *arg)
{
	struct seen *s = arg;

	s->calls++;
	s->revents = revents;
}

static void open_pipe(int ends[2])
{
	CHECK(pipe2(ends, O_CLOEXEC | O_NONBLOCK) == 0);
}

TEST(ready_is_told_until_it_is_dealt_with)
{
	struct seen seen = { 0 };
	int p[2];
	char c;

	open_pipe(p);
	CHECK(watch_set(&watch, p[0], POLLIN, note, &seen));
	watch_run(&watch, &app);
	CHECK_EQ(seen.calls, 0);
	CHECK(write(p[1], "x", 1) == 1);
	watch_run(&watch, &app);
	watch_run(&watch, &app);
	CHECK_EQ(seen.calls, 2);
	CHECK(seen.revents & POLLIN);
	CHECK(read(p[0], &c, 1) == 1);
	watch_run(&watch, &app);
	CHECK_EQ(seen.calls, 2);
	watch_set(&watch, p[0], 0, note, &seen); /* nothing is waited for; an end is told */
	CHECK(write(p[1], "x", 1) == 1);
	watch_run(&watch, &app);
	CHECK_EQ(seen.calls, 2);
	close(p[1]);
	watch_run(&watch, &app);
	CHECK(seen.calls == 3 && seen.revents & POLLHUP);
	watch_forget(&watch, p[0]);
	watch_run(&watch, &app);
	CHECK_EQ(seen.calls, 3);
	close(p[0]);
	watch_close(&watch);
}

struct chain {
	int other[2];
	struct seen seen;
};

/* Closes another one that is ready as well, and gives its number to a new one. */
static void replace(struct app *a, short revents, void *arg)
{
	struct chain *c = arg;
	int fresh[2];

	c->seen.calls++;
	if (c->other[0] < 0)
		return;
	watch_forget(&watch, c->other[0]);
	close(c->other[0]);
	close(c->other[1]);
	open_pipe(fresh);
	CHECK_EQ(fresh[0], c->other[0]); /* the system gives the lowest number */
	CHECK(watch_set(&watch, fresh[0], POLLIN, note, &c->seen));
	c->other[0] = -1;
}

TEST(an_event_of_an_earlier_use_of_the_number_is_none)
{
	int a[2], b[2];
	struct chain first = { .seen = { 0 } }, second = { .seen = { 0 } };

	open_pipe(a);
	open_pipe(b);
	first.other[0] = b[0];
	first.other[1] = b[1];
	second.other[0] = a[0];
	second.other[1] = a[1];
	CHECK(watch_set(&watch, a[0], POLLIN, replace, &first));
	CHECK(watch_set(&watch, b[0], POLLIN, replace, &second));
	CHECK(write(a[1], "x", 1) == 1 && write(b[1], "x", 1) == 1);
	watch_run(&watch, &app);
	CHECK_EQ(first.seen.calls + second.seen.calls, 1);
	watch_close(&watch);
}

TEST(files_are_always_ready)
{
	char path[] = "leno-watch-XXXXXX";
	struct seen seen = { 0 };
	int file = mkstemp(path);

	unlink(path);
	CHECK(watch_set(&watch, file, POLLIN, note, &seen));
	CHECK_EQ(watch.n_always, 1);
	watch_run(&watch, &app);
	watch_run(&watch, &app);
	CHECK(seen.calls == 2 && seen.revents == POLLIN);
	watch_forget(&watch, file);
	CHECK_EQ(watch.n_always, 0);
	watch_run(&watch, &app);
	CHECK_EQ(seen.calls, 2);
	close(file);
	watch_close(&watch);
}

TEST(many_have_their_turn)
{
	static struct seen seen[PIPES];
	static int p[PIPES][2];
	unsigned calls = 0;
	char c;

	for (int i = 0; i < PIPES; i++) {
		open_pipe(p[i]);
		CHECK(watch_set(&watch, p[i][0], POLLIN, note, &seen[i]));
		CHECK(write(p[i][1], "x", 1) == 1);
	}
	for (int turn = 0; turn < 2 * PIPES / WATCH_TURN + 1; turn++)
		watch_run(&watch, &app);
	for (int i = 0; i < PIPES; i++) {
		CHECK(seen[i].calls > 0);
		calls += seen[i].calls;
		CHECK(read(p[i][0], &c, 1) == 1);
		watch_forget(&watch, p[i][0]);
		close(p[i][0]);
		close(p[i][1]);
	}
	CHECK(calls <= (2 * PIPES / WATCH_TURN + 1) * WATCH_TURN);
	watch_close(&watch);
}

TEST_MAIN(TEST_CASE(ready_is_told_until_it_is_dealt_with),
          TEST_CASE(an_event_of_an_earlier_use_of_the_number_is_none),
          TEST_CASE(files_are_always_ready), TEST_CASE(many_have_their_turn))
