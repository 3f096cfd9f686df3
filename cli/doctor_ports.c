/* doctor_ports.c - whether what is to be listened at can be, and who is in the way. */
#include "doctor.h"
#include "output.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#define LISTENS "0A" /* the state of a socket in /proc/net/tcp */

/* ---- who holds a port -------------------------------------------------------- */

/* The inode of the socket that holds the port, as /proc/net/TABLE has it; 0: not there. */
static unsigned long find_inode(const char *table, unsigned port, bool datagrams)
{
	unsigned long inode = 0, found;
	char line[512], state[4], path[32];
	unsigned at;
	FILE *file;

	snprintf(path, sizeof path, "/proc/net/%s", table);
	file = fopen(path, "re");
	while (file != NULL && inode == 0 && fgets(line, sizeof line, file) != NULL) {
		if (sscanf(line, " %*d: %*[0-9A-Fa-f]:%x %*s %2s %*s %*s %*s %*d %*d %lu", &at,
		           state, &found) == 3 &&
		    at == port && (datagrams || strcmp(state, LISTENS) == 0))
			inode = found;
	}
	if (file != NULL)
		fclose(file);
	return inode;
}

static bool has_socket(const char *pid, unsigned long inode)
{
	char path[64], link[64], wanted[40];
	struct dirent *entry;
	bool found = false;
	DIR *folder;
	ssize_t n;

	snprintf(wanted, sizeof wanted, "socket:[%lu]", inode);
	snprintf(path, sizeof path, "/proc/%.20s/fd", pid);
	folder = opendir(path);
	while (folder != NULL && !found && (entry = readdir(folder)) != NULL) {
		n = readlinkat(dirfd(folder), entry->d_name, link, sizeof link - 1);
		link[n > 0 ? n : 0] = '\0';
		found = strcmp(link, wanted) == 0;
	}
	if (folder != NULL)
		closedir(folder);
	return found;
}

/* "NAME (process 123)", or what else can be said. */
static void name_holder(unsigned long inode, char *ret, size_t size)
{
	char path[64], name[64] = "?";
	struct dirent *entry;
	DIR *folder = opendir("/proc");
	FILE *file;

	snprintf(ret, size, "a process of another user, which root sees");
	while (folder != NULL && (entry = readdir(folder)) != NULL) {
		if (!isdigit((unsigned char)entry->d_name[0]) || !has_socket(entry->d_name, inode))
			continue;
		snprintf(path, sizeof path, "/proc/%.20s/comm", entry->d_name);
		file = fopen(path, "re");
		if (file != NULL && fgets(name, sizeof name, file) != NULL)
			name[strcspn(name, "\n")] = '\0';
		if (file != NULL)
			fclose(file);
		snprintf(ret, size, "%s (process %.20s)", name, entry->d_name);
		break;
	}
	if (folder != NULL)
		closedir(folder);
}

static void who_holds(unsigned port, bool datagrams, char *ret, size_t size)
{
	unsigned long inode = find_inode(datagrams ? "udp" : "tcp", port, datagrams);

	if (inode == 0)
		inode = find_inode(datagrams ? "udp6" : "tcp6", port, datagrams);
	if (inode != 0)
		name_holder(inode, ret, size);
	else
		snprintf(ret, size, "nobody who can be seen from here");
}

/* ---- trying ------------------------------------------------------------------- */

/* 0, or an errno; those of getaddrinfo() are EADDRNOTAVAIL. */
static int try_bind(const struct doctor_uri *u, bool datagrams)
{
	const struct addrinfo hints = { .ai_socktype = datagrams ? SOCK_DGRAM : SOCK_STREAM,
		                        .ai_flags = AI_PASSIVE };
	const char *host = strcmp(u->host, "*") == 0 ? NULL : u->host;
	struct addrinfo *found;
	char port[8];
	int fd, on = 1, error = 0;

	snprintf(port, sizeof port, "%u", u->port);
	if (getaddrinfo(host, port, &hints, &found) != 0)
		return EADDRNOTAVAIL;
	fd = socket(found->ai_family, found->ai_socktype | SOCK_CLOEXEC, 0);
	if (fd >= 0 && !datagrams)
		setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
	if (fd < 0 || bind(fd, found->ai_addr, found->ai_addrlen) != 0 ||
	    (!datagrams && listen(fd, 1) != 0))
		error = errno;
	if (fd >= 0)
		close(fd);
	freeaddrinfo(found);
	return error;
}

static bool is_loopback(const struct doctor_uri *u)
{
	return strncmp(u->host, "127.", 4) == 0 || strcmp(u->host, "::1") == 0 ||
	       strcmp(u->host, "localhost") == 0;
}

static void say_taken(struct doctor *d, const char *uri, const struct doctor_uri *u, bool datagrams)
{
	char who[128];

	who_holds(u->port, datagrams, who, sizeof who);
	if (strncmp(who, "leno ", 5) == 0)
		doctor_say(d, DOCTOR_WARN, "port", "%s is taken by %s: if that is this node, all is well",
		           uri, who);
	else
		doctor_say(d, DOCTOR_FAIL, "port", "%s is taken by %s: end it, or choose another port",
		           uri, who);
}

static void look_at_net(struct doctor *d, const char *uri, const struct doctor_uri *u)
{
	bool datagrams = strcmp(u->scheme, "udp") == 0;
	int error = try_bind(u, datagrams);

	if (error == EADDRINUSE)
		say_taken(d, uri, u, datagrams);
	else if (error == EACCES || error == EPERM)
		doctor_say(d, DOCTOR_FAIL, "port",
		           "%s is root's: choose a port from 1024 on, or start leno as root with "
		           "--user NAME",
		           uri);
	else if (error == EADDRNOTAVAIL)
		doctor_say(d, DOCTOR_FAIL, "port",
		           "%s is no address of this machine: say one of its own, or * for all", uri);
	else if (error != 0)
		doctor_say(d, DOCTOR_FAIL, "port", "%s: %s", uri, strerror(error));
	else if (!is_loopback(u) && !doctor_is_open(d))
		doctor_say(d, DOCTOR_FAIL, "port",
		           "%s is free, but open to other machines, which needs a secret: `leno "
		           "secret FILE`, then --secret-file FILE",
		           uri);
	else
		doctor_say(d, DOCTOR_OK, "port", "%s is free", uri);
}

static void look_at_path(struct doctor *d, const char *uri, const char *path)
{
	char folder[256];
	struct stat st;

	snprintf(folder, sizeof folder, "%s", path);
	*(strrchr(folder, '/') == folder ? folder + 1 : strrchr(folder, '/')) = '\0';
	if (stat(folder, &st) != 0 || access(folder, W_OK | X_OK) != 0)
		doctor_say(d, DOCTOR_FAIL, "port", "%s: folder %s: %s", uri, folder,
		           strerror(errno));
	else if (lstat(path, &st) == 0 && !S_ISSOCK(st.st_mode))
		doctor_say(d, DOCTOR_FAIL, "port", "%s: a file is there that is no socket", uri);
	else
		doctor_say(d, DOCTOR_OK, "port", "%s can be made", uri);
}

void doctor_ports(struct doctor *d)
{
	const struct list *listen_at = &d->set->listen;
	struct doctor_uri u;

	if (listen_at->count == 0)
		doctor_say(d, DOCTOR_OK, "port",
		           "none is to be listened at: others cannot dial this node (--listen)");
	for (size_t i = 0; i < listen_at->count; i++) {
		const char *uri = listen_at->items[i];

		if (doctor_uri_parse(uri, &u))
			look_at_net(d, uri, &u);
		else if (strncmp(uri, "local:/", 7) == 0)
			look_at_path(d, uri, uri + 6);
		else if (strncmp(uri, "fd:", 3) == 0 || strstr(uri, "+fd:") != NULL)
			doctor_say(d, DOCTOR_OK, "port",
			           "%s: the service manager hands it over at the start", uri);
		else if (strcmp(uri, "local:") != 0)
			doctor_say(d, DOCTOR_FAIL, "port", "%s is no URI: say tcp://HOST:PORT", uri);
	}
}
