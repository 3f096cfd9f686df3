/* editor.c - a text that a group edits together, and a bot that keeps it for those who come late.
 *
 *	editor --bot                 waits to be asked into groups, and keeps their text
 *	editor KEY [BOT]             each line of input is a line of the text; asks BOT in
 *
 * A line carries a clock that is greater than those of all lines its author had seen: so
 * all who have the same lines have them in the same order, whichever came first to them.
 * At the end of its input an editor prints the text as it is. */
#include <leno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { LINES_MAX = 1000, TEXT_MAX = 200 };

struct line {
	uint32_t clock;
	leno_id  author;
	char     text[TEXT_MAX];
};

struct editor {
	leno_node  *node;
	leno_group *group;
	const char *bot;          /* whom to ask in; NULL: nobody, or done    */
	bool        is_bot, joined;
	struct line lines[LINES_MAX];
	size_t      n;
};

static int order(const struct line *a, const struct line *b)
{
	if (a->clock != b->clock)
		return a->clock < b->clock ? -1 : 1;
	return memcmp(&a->author, &b->author, sizeof a->author);
}

/* In its place; a line that is there already, told by the bot and by its author, once. */
static void insert(struct editor *e, const struct line *line)
{
	size_t at = e->n;

	while (at > 0 && order(&e->lines[at - 1], line) > 0)
		at--;
	if (e->n == LINES_MAX || (at > 0 && order(&e->lines[at - 1], line) == 0))
		return;
	memmove(e->lines + at + 1, e->lines + at, (e->n - at) * sizeof *line);
	e->lines[at] = *line;
	e->n++;
}

static void write_line(struct editor *e, const char *text)
{
	struct line line = { .author = *leno_self(e->node) };

	line.clock = e->n > 0 ? e->lines[e->n - 1].clock + 1 : 1;
	snprintf(line.text, sizeof line.text, "%s", text);
	insert(e, &line);
	leno_group_send(e->group, "line", (leno_bytes){ &line, sizeof line }, NULL);
}

static void message(leno_group *group, void *user, const leno_id *from, const char *type,
                    leno_bytes data, bool alone)
{
	struct line line;

	if (data.size != sizeof line)
		return;
	memcpy(&line, data.data, sizeof line);
	line.text[TEXT_MAX - 1] = '\0';
	insert(user, &line);
}

/* The bot tells a newcomer all that was written before, authors what they wrote: the bot may
 * come after it. */
static void joined(leno_group *group, void *user, const leno_id *id)
{
	struct editor *e = user;

	for (size_t i = 0; i < e->n; i++)
		if (e->is_bot || leno_id_same(&e->lines[i].author, leno_self(e->node)))
			leno_group_send_to(group, id, "line",
			                   (leno_bytes){ &e->lines[i], sizeof e->lines[i] }, NULL);
}

static void state(leno_group *group, void *user, enum leno_group_state now)
{
	struct editor *e = user;

	e->joined = now == LENO_GROUP_JOINED;
	if (now == LENO_GROUP_LEFT)
		leno_stop(e->node);
}

static const leno_group_handlers handlers = { .state = state, .joined = joined,
	                                      .message = message };

/* The rule of the bot: one text at a time, and whoever asks politely. */
static void invited(leno_node *node, void *user, const leno_id *from, leno_bytes key,
                    leno_bytes note)
{
	struct editor *e = user;

	if (e->is_bot && !e->group && note.size == 6 && memcmp(note.data, "please", 6) == 0)
		leno_group_join(node, key, &handlers, e, &e->group);
}

static void ask_bot(struct editor *e)
{
	leno_id id;

	if (!e->bot || !e->joined || leno_find(e->node, e->bot, &id))
		return;
	leno_group_invite(e->group, &id, (leno_bytes){ "please", 6 });
	e->bot = NULL;
}

/* A line of input, when there is one and the group is there. False: it has ended. */
static bool read_input(struct editor *e, short ready)
{
	char text[TEXT_MAX];

	if (!e->joined || !ready)
		return true;
	if (!fgets(text, sizeof text, stdin))
		return false;
	text[strcspn(text, "\n")] = '\0';
	write_line(e, text);
	return true;
}

int main(int argc, char **argv)
{
	static struct editor e;
	const leno_options options = { .name = argc > 1 && !strcmp(argv[1], "--bot") ? "bot" : NULL,
	                               .network = getenv("LENO_NETWORK") };
	bool reading = true;

	if (argc < 2)
		return 2;
	e.is_bot = options.name != NULL;
	e.bot = argc > 2 ? argv[2] : NULL;
	setvbuf(stdin, NULL, _IONBF, 0);        /* so that poll() knows what there is */
	if (leno_open(&e.node, &options, &(leno_handlers){ .invited = invited }, &e) ||
	    leno_discover(e.node, "local:"))
		return 1;
	if (e.is_bot)
		return leno_run(e.node);
	if (leno_group_join(e.node, (leno_bytes){ argv[1], strlen(argv[1]) }, &handlers, &e, &e.group))
		return 1;
	while (reading) {
		struct pollfd fds[] = { { leno_fd(e.node), POLLIN, 0 },
		                        { e.joined ? STDIN_FILENO : -1, POLLIN, 0 } };

		poll(fds, 2, (int)leno_timeout(e.node));
		leno_step(e.node);
		ask_bot(&e);
		reading = read_input(&e, fds[1].revents);
	}
	leno_group_leave(e.group);              /* once all have confirmed */
	leno_run(e.node);
	for (size_t i = 0; i < e.n; i++)
		printf("%s\n", e.lines[i].text);
	leno_close(e.node);
	return 0;
}
