/* doctor_machine.c - the clock, descriptors, IPv6 and names of this machine. */
#include "doctor.h"
#include "output.h"

#include <arpa/inet.h>
#include <errno.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum {
	DAY_S = 24 * 3600,
	READS = 1000,         /* of the monotonic clock */
	WATCH_MS = 30,        /* both clocks, side by side */
	JUMP_MS = 15,
	FILES_LEAST = 64,     /* descriptors without which hardly anything goes */
	FILES_GOOD = 1024
};
static const time_t built_after = 1704067200; /* 2024: no clock that is set is before it */

/* ---- the clock --------------------------------------------------------------- */

/* The file that is the furthest from the future, if one is more than a day ahead of us. */
static const char *from_the_future(const struct doctor *d, time_t now, long *ret_days)
{
	const char *files[] = { d->set->config, d->set->secret_file, d->set->identity,
		                "/proc/self/exe" };
	const char *found = NULL;
	struct stat st;

	*ret_days = 0;
	for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
		if (files[i] == NULL || stat(files[i], &st) != 0 || st.st_mtime - now < DAY_S ||
		    (st.st_mtime - now) / DAY_S <= *ret_days)
			continue;
		*ret_days = (long)((st.st_mtime - now) / DAY_S);
		found = i == 3 ? "leno itself" : files[i];
	}
	return found;
}

static bool goes_back(void)
{
	int64_t last = clock_us();

	for (int i = 0; i < READS; i++) {
		int64_t now = clock_us();

		if (now < last)
			return true;
		last = now;
	}
	return false;
}

/* By how many milliseconds the wall clock went another way than the monotonic one. */
static long jump_ms(void)
{
	const struct timespec pause = { .tv_nsec = WATCH_MS * 1000000L };
	int64_t mono = clock_ms(), wall = clock_wall_ms();

	nanosleep(&pause, NULL);
	return (long)((clock_wall_ms() - wall) - (clock_ms() - mono));
}

void doctor_clock(struct doctor *d)
{
	time_t now = time(NULL);
	long days, jump = jump_ms();
	const char *future = from_the_future(d, now, &days);
	char text[32];
	struct tm tm;

	strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S UTC", gmtime_r(&now, &tm));
	if (now < built_after)
		doctor_say(d, DOCTOR_FAIL, "clock",
		           "it says %s, which is past: set it, by NTP at best", text);
	else if (goes_back())
		doctor_say(d, DOCTOR_FAIL, "clock", "the monotonic clock goes back: a fault of "
		                                    "this (virtual) machine");
	else if (future != NULL)
		doctor_say(d, DOCTOR_WARN, "clock",
		           "it says %s, but %s is %ld days younger: is it behind?", text, future,
		           days);
	else if (jump > JUMP_MS || jump < -JUMP_MS)
		doctor_say(d, DOCTOR_WARN, "clock",
		           "it was set by %ld ms just now: do two programs set it?", jump);
	else
		doctor_say(d, DOCTOR_OK, "clock", "it is %s", text);
}

/* ---- descriptors ------------------------------------------------------------- */

void doctor_descriptors(struct doctor *d)
{
	struct rlimit limit;
	unsigned long n;

	if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
		return;
	n = (unsigned long)limit.rlim_cur;
	if (limit.rlim_cur < FILES_LEAST)
		doctor_say(d, DOCTOR_FAIL, "descriptors",
		           "%lu are too few: `ulimit -n %d`, or LimitNOFILE= in the unit", n,
		           FILES_GOOD);
	else if (limit.rlim_cur < FILES_GOOD)
		doctor_say(d, DOCTOR_WARN, "descriptors",
		           "%lu bound how many links and connections there can be: `ulimit -n %d`, or "
		           "LimitNOFILE= in the unit",
		           n, FILES_GOOD);
	else
		doctor_say(d, DOCTOR_OK, "descriptors", "%lu", n);
}

/* ---- IPv6 -------------------------------------------------------------------- */

static bool has_loopback6(void)
{
	struct sockaddr_in6 at = { .sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT };
	int fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
	bool bound = fd >= 0 && bind(fd, (struct sockaddr *)&at, sizeof at) == 0;

	if (fd >= 0)
		close(fd);
	return bound;
}

static unsigned count_global6(void)
{
	struct ifaddrs *all;
	unsigned n = 0;

	if (getifaddrs(&all) != 0)
		return 0;
	for (const struct ifaddrs *a = all; a != NULL; a = a->ifa_next) {
		const struct sockaddr_in6 *s = (const void *)a->ifa_addr;

		n += s != NULL && s->sin6_family == AF_INET6 && a->ifa_flags & IFF_UP &&
		     !IN6_IS_ADDR_LOOPBACK(&s->sin6_addr) && !IN6_IS_ADDR_LINKLOCAL(&s->sin6_addr);
	}
	freeifaddrs(all);
	return n;
}

void doctor_ipv6(struct doctor *d)
{
	unsigned n = count_global6();

	if (!has_loopback6())
		doctor_say(d, DOCTOR_WARN, "ipv6",
		           "this machine has none: addresses in brackets lead nowhere from here");
	else if (n == 0)
		doctor_say(d, DOCTOR_OK, "ipv6", "on this machine alone, not to others");
	else
		doctor_say(d, DOCTOR_OK, "ipv6", "%u address%s that others can reach", n,
		           n == 1 ? "" : "es");
}

/* ---- names ------------------------------------------------------------------- */

bool doctor_uri_numeric(const struct doctor_uri *u)
{
	uint8_t address[16];

	return strcmp(u->host, "*") == 0 || inet_pton(AF_INET, u->host, address) == 1 ||
	       inet_pton(AF_INET6, u->host, address) == 1;
}

/* Whether there was something to look up. */
static bool look_up(struct doctor *d, const char *uri)
{
	const struct addrinfo hints = { .ai_socktype = SOCK_STREAM };
	struct doctor_uri u;
	struct addrinfo *found;
	char text[64];
	int error;

	if (!doctor_uri_parse(uri, &u) || doctor_uri_numeric(&u))
		return false;
	error = getaddrinfo(u.host, NULL, &hints, &found);
	if (error != 0) {
		doctor_say(d, DOCTOR_FAIL, "names", "%s, as in %s: %s: is it spelled right?",
		           u.host, uri, gai_strerror(error));
		return true;
	}
	if (getnameinfo(found->ai_addr, found->ai_addrlen, text, sizeof text, NULL, 0,
	                NI_NUMERICHOST) != 0)
		strcpy(text, "an address");
	doctor_say(d, DOCTOR_OK, "names", "%s is %s%s", u.host, text,
	           found->ai_next != NULL ? ", and more" : "");
	freeaddrinfo(found);
	return true;
}

void doctor_names(struct doctor *d, const char *uri)
{
	const struct list *lists[] = { &d->set->listen, &d->set->connect };
	bool any = uri != NULL && look_up(d, uri);
	struct addrinfo *found;
	int error;

	for (size_t k = 0; k < 2; k++) {
		for (size_t i = 0; i < lists[k]->count; i++)
			any = look_up(d, lists[k]->items[i]) || any;
	}
	if (any)
		return;
	error = getaddrinfo("localhost", NULL, NULL, &found);
	if (error != 0) {
		doctor_say(d, DOCTOR_WARN, "names", "localhost: %s: /etc/hosts should have it",
		           gai_strerror(error));
		return;
	}
	freeaddrinfo(found);
	doctor_say(d, DOCTOR_OK, "names", "localhost is known; no address here needs another");
}
