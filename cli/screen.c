/* screen.c - see screen.h.
 *
 *   screen_open: the other screen, no cursor, keys as they come
 *   screen_close, exit(), SIGTSTP, a signal that kills: back as it was
 *
 *  1. `on` is true exactly while the terminal is not as it was.
 *  2. leave() calls only what may be called in a signal handler. */
#include "screen.h"
#include "app.h"
#include "output.h"
#include "table.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

/* The other screen, the cursor, and whether long lines go on in the next. */
static const char enter_text[] = "\033[?1049h\033[?25l\033[?7l";
static const char leave_text[] = "\033[?2026l\033[?7h\033[?25h\033[?1049l";

/* What stands between them is shown at once, by terminals that can: no flicker. */
static const char frame_text[] = "\033[?2026h", shown_text[] = "\033[?2026l";

static struct {
	volatile sig_atomic_t on, stop, redraw;
	struct termios before;
	bool keys;
	unsigned columns, rows, line;
} screen;

static void write_now(const char *text, size_t n)
{
	while (n > 0) {
		ssize_t k = write(STDOUT_FILENO, text, n);

		if (k <= 0)
			return; /* a terminal that is gone needs nothing */
		text += k;
		n -= (size_t)k;
	}
}

static void leave(void)
{
	if (!screen.on)
		return;
	screen.on = 0;
	if (screen.keys)
		tcsetattr(STDIN_FILENO, TCSANOW, &screen.before);
	write_now(leave_text, sizeof leave_text - 1);
}

static void enter(void)
{
	struct termios raw = screen.before;

	screen.on = 1;
	if (screen.keys) {
		raw.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
		raw.c_cc[VMIN] = 1;
		raw.c_cc[VTIME] = 0;
		tcsetattr(STDIN_FILENO, TCSANOW, &raw);
	}
	write_now(enter_text, sizeof enter_text - 1);
	screen.redraw = 1;
}

/* ---- signals --------------------------------------------------------------- */

static void on_redraw(int number)
{
	screen.redraw = 1;
	if (number == SIGCONT)
		screen.stop = -1; /* the shell may have set the terminal back */
}

static void on_stop(int number)
{
	screen.stop = 1;
}

/* Its action is the default again: the signal that comes now is the end. */
static void on_fatal(int number)
{
	leave();
	raise(number);
}

static void catch(int number, void (*fn)(int), int flags)
{
	struct sigaction action = { .sa_handler = fn, .sa_flags = flags };

	sigemptyset(&action.sa_mask);
	sigaction(number, &action, NULL);
}

/* As in app.c, what only sets a flag is let in while the loop sleeps. */
static void let_in(int number, bool in)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, number);
	sigprocmask(in ? SIG_UNBLOCK : SIG_BLOCK, &set, NULL);
}

static void catch_signals(void)
{
	static const int fatal[] = { SIGQUIT, SIGILL, SIGABRT, SIGBUS, SIGFPE, SIGSEGV };

	for (size_t i = 0; i < sizeof fatal / sizeof fatal[0]; i++)
		catch(fatal[i], on_fatal, (int)SA_RESETHAND);
	let_in(SIGWINCH, false);
	let_in(SIGCONT, false);
	let_in(SIGTSTP, false);
	catch(SIGWINCH, on_redraw, 0);
	catch(SIGCONT, on_redraw, 0);
	catch(SIGTSTP, on_stop, 0);
}

static void stop_here(void)
{
	leave();
	catch(SIGTSTP, SIG_DFL, 0);
	raise(SIGTSTP);
	let_in(SIGTSTP, true); /* stops here, goes on with SIGCONT */
	let_in(SIGTSTP, false);
	catch(SIGTSTP, on_stop, 0);
	enter();
}

bool screen_turn(void)
{
	bool redraw;

	if (!screen.on)
		return false;
	if (screen.stop > 0)
		stop_here();
	else if (screen.stop < 0)
		enter();
	screen.stop = 0;
	redraw = screen.redraw;
	screen.redraw = 0;
	return redraw;
}

/* ---- opening --------------------------------------------------------------- */

void screen_open(void)
{
	static bool once;

	screen.keys = isatty(STDIN_FILENO) == 1 && tcgetattr(STDIN_FILENO, &screen.before) == 0;
	if (!once)
		atexit(screen_close);
	once = true;
	catch_signals();
	enter();
}

void screen_close(void)
{
	leave();
}

int screen_keys(void)
{
	return screen.keys ? STDIN_FILENO : -1;
}

/* ---- keys ------------------------------------------------------------------ */

/* "ESC [ A", "ESC O A", "ESC [ 5 ~". */
static size_t escape_key(const char *s, size_t n, enum key *ret)
{
	static const struct {
		const char *text;
		enum key key;
	} keys[] = {
		{ "A", KEY_UP },    { "B", KEY_DOWN },     { "H", KEY_FIRST },
		{ "F", KEY_LAST },  { "1~", KEY_FIRST },   { "4~", KEY_LAST },
		{ "7~", KEY_FIRST }, { "8~", KEY_LAST },   { "5~", KEY_PAGE_UP },
		{ "6~", KEY_PAGE_DOWN },
	};
	size_t end = 2;

	if (n < 2)
		return 0;
	if (s[1] != '[' && s[1] != 'O')
		return 1; /* the key itself; what follows is another */
	while (end < n && (s[end] < '@' || s[end] > '~'))
		end++;
	if (end == n)
		return n < 16 ? 0 : n; /* no key is that long */
	for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
		if (strlen(keys[i].text) == end - 1 && strncmp(s + 2, keys[i].text, end - 1) == 0)
			*ret = keys[i].key;
	}
	return end + 1;
}

size_t screen_key(const char *bytes, size_t n, enum key *ret)
{
	*ret = KEY_OTHER;
	if (n == 0)
		return 0;
	switch (bytes[0]) {
	case '\033': return escape_key(bytes, n, ret);
	case 'q':
	case 'Q': *ret = KEY_QUIT; return 1;
	case 'k': *ret = KEY_UP; return 1;
	case 'j': *ret = KEY_DOWN; return 1;
	case 'b': *ret = KEY_PAGE_UP; return 1;
	case ' ': *ret = KEY_PAGE_DOWN; return 1;
	case 'g': *ret = KEY_FIRST; return 1;
	case 'G': *ret = KEY_LAST; return 1;
	default: return 1;
	}
}

/* ---- drawing --------------------------------------------------------------- */

void screen_size(unsigned *ret_columns, unsigned *ret_rows)
{
	struct winsize w;
	bool known = ioctl(STDOUT_FILENO, TIOCGWINSZ, &w) == 0 && w.ws_col > 0 && w.ws_row > 0;

	*ret_columns = known ? w.ws_col : 80;
	*ret_rows = known ? w.ws_row : 24;
}

bool screen_begin(void)
{
	if (!screen.on || out_waiting())
		return false;
	screen_size(&screen.columns, &screen.rows);
	screen.line = 0;
	out("%s\033[H", frame_text);
	return true;
}

void screen_line(const char *sgr, const char *text)
{
	if (screen.line >= screen.rows)
		return;
	/* Cleared before, not behind: a line that is full leaves the cursor on its last character. */
	out("%s\033[K%s", screen.line++ ? "\r\n" : "", sgr);
	out_bytes(text, table_cut(text, screen.columns));
	out("%s", *sgr ? style_none() : "");
}

void screen_end(void)
{
	out("%s", shown_text);
	out_end();
}
