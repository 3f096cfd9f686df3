/* privilege.c - see privilege.h. Groups go first: who has no root cannot change them. */
#include "privilege.h"
#include "common.h"
#include "output.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

enum { NAME_MAX_ = 64 };

static bool find_group(const char *name, gid_t *ret)
{
	const struct group *group = getgrnam(name);
	long number;

	if (group != NULL)
		*ret = group->gr_gid;
	else if (parse_count(name, 0, INT32_MAX, &number))
		*ret = (gid_t)number;
	else
		fail("--user: there is no group \"%s\" on this machine", name);
	return group != NULL || parse_count(name, 0, INT32_MAX, &number);
}

static bool find_user(const char *name, bool grouped, struct privilege *ret)
{
	const struct passwd *user = getpwnam(name);
	long number;

	if (user == NULL && parse_count(name, 0, INT32_MAX, &number)) {
		user = getpwuid((uid_t)number);
		ret->user = (uid_t)number;
		if (user == NULL && grouped)
			return true;
	}
	if (user == NULL) {
		fail("--user: there is no user \"%s\" on this machine: make one, as in "
		     "`adduser --system --group leno`",
		     name);
		return false;
	}
	ret->user = user->pw_uid;
	ret->group = user->pw_gid;
	return true;
}

bool privilege_find(const char *text, struct privilege *ret)
{
	const char *colon = strchr(text, ':');
	size_t n = colon != NULL ? (size_t)(colon - text) : strlen(text);
	char name[NAME_MAX_];

	if (n == 0 || n >= sizeof name || (colon != NULL && colon[1] == '\0')) {
		fail("--user takes NAME or NAME:GROUP, as in leno:leno");
		return false;
	}
	memcpy(name, text, n);
	name[n] = '\0';
	if (!find_user(name, colon != NULL, ret) ||
	    (colon != NULL && !find_group(colon + 1, &ret->group)))
		return false;
	if (ret->user == 0)
		fail("--user: root is what is to be given up: name another user");
	return ret->user != 0;
}

static bool is_for_good(const struct privilege *p)
{
	uid_t user[3];
	gid_t group[3], other = 0;

	return getresuid(&user[0], &user[1], &user[2]) == 0 &&
	       getresgid(&group[0], &group[1], &group[2]) == 0 && user[0] == p->user &&
	       user[1] == p->user && user[2] == p->user && group[0] == p->group &&
	       group[1] == p->group && group[2] == p->group && setuid(0) != 0 && seteuid(0) != 0 &&
	       (p->group == 0 || setgid(0) != 0) && getgroups(1, &other) <= 1 &&
	       (getgroups(0, NULL) == 0 || other == p->group);
}

bool privilege_drop(const struct privilege *p)
{
	if (geteuid() == p->user && getuid() == p->user && p->user != 0)
		return true;
	if (geteuid() != 0) {
		fail("--user: only root can become another user: start as root, or without --user");
		return false;
	}
	if (setgroups(1, &p->group) != 0 || setgid(p->group) != 0 || setuid(p->user) != 0) {
		fail("--user: the system did not let this process change: %s", strerror(errno));
		return false;
	}
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	if (is_for_good(p))
		return true;
	fail("--user: root could be had back, so nothing is served");
	return false;
}
