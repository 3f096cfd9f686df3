/* doctor_files.c - the files of a node: whether they are there, whose they are, what they hold. */
#include "doctor.h"
#include "output.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

void doctor_config(struct doctor *d, const char *wrong)
{
	const char *path = d->set->config;
	struct stat st;

	if (*wrong != '\0')
		doctor_say(d, DOCTOR_FAIL, "config", "%s", wrong);
	else if (path == NULL)
		doctor_say(d, DOCTOR_OK, "config", "there is no home folder to look for one in");
	else if (stat(path, &st) != 0)
		doctor_say(d, DOCTOR_OK, "config", "there is no %s, which need not be", path);
	else if (st.st_mode & (S_IWGRP | S_IWOTH))
		doctor_say(d, DOCTOR_WARN, "config", "others may write %s: chmod go-w it", path);
	else
		doctor_say(d, DOCTOR_OK, "config", "%s", path);
}

/* The first thing that is wrong with a file of one owner; NULL: nothing is. */
static const char *wrong_with(const char *path)
{
	struct stat st;

	if (stat(path, &st) != 0)
		return strerror(errno);
	if (!S_ISREG(st.st_mode))
		return "it is not a regular file";
	if (st.st_mode & (S_IRWXG | S_IRWXO))
		return "others may read it: chmod 600 it";
	return access(path, R_OK) != 0 ? "this user may not read it: is it another's?" : NULL;
}

void doctor_secret(struct doctor *d)
{
	const char *path = d->set->secret_file, *wrong;
	const char *network = d->set->network ? d->set->network : "default";
	char text[LENO_FINGERPRINT_TEXT];

	if (path == NULL) {
		doctor_say(d, DOCTOR_OK, "secret",
		           d->set->anonymous
		                   ? "none, and anybody is let in, as --anonymous has it"
		           : doctor_is_open(d)
		                   ? "none: the network has a key, and its members certificates"
		                   : "none: the network does not reach beyond this machine; "
		                     "`leno secret FILE` makes one");
		return;
	}
	wrong = wrong_with(path);
	if (wrong != NULL)
		doctor_say(d, DOCTOR_FAIL, "secret", "%s: %s%s", path, wrong,
		           access(path, F_OK) != 0 ? ": make it with `leno secret FILE`, or copy "
		                                     "it from another machine"
		                                   : "");
	else if (leno_secret_fingerprint(path, network, text) != 0)
		doctor_say(d, DOCTOR_FAIL, "secret",
		           "%s is empty, damaged, or of a later version: copy it anew", path);
	else
		doctor_say(d, DOCTOR_OK, "secret",
		           "%s, whose fingerprint for network %s is %s: it must be so on all "
		           "machines",
		           path, network, text);
}

/* Whether a node lives by it now. */
static bool is_in_use(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	bool used = fd >= 0 && flock(fd, LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK;

	if (fd >= 0)
		close(fd);
	return used;
}

static void will_be_made(struct doctor *d, const char *path)
{
	const char *slash = strrchr(path, '/');
	char folder[4096] = ".";

	if (slash != NULL)
		snprintf(folder, sizeof folder, "%.*s", slash == path ? 1 : (int)(slash - path),
		         path);
	if (access(folder, W_OK | X_OK) != 0)
		doctor_say(d, DOCTOR_FAIL, "identity", "%s cannot be made: folder %s: %s", path,
		           folder, strerror(errno));
	else
		doctor_say(d, DOCTOR_OK, "identity", "%s will be made at the first start", path);
}

void doctor_identity(struct doctor *d)
{
	const char *path = d->set->identity, *wrong;
	char text[LENO_ID_TEXT];
	leno_id id;

	if (path == NULL) {
		doctor_say(d, DOCTOR_OK, "identity",
		           "none is named: each start has fresh keys, and so another id");
		return;
	}
	wrong = wrong_with(path);
	if (access(path, F_OK) != 0 && errno == ENOENT)
		will_be_made(d, path);
	else if (wrong != NULL)
		doctor_say(d, DOCTOR_FAIL, "identity", "%s: %s", path, wrong);
	else if (leno_identity_read(path, &id) != 0)
		doctor_say(d, DOCTOR_FAIL, "identity",
		           "%s is no identity, damaged, or of a later version: move it away, and "
		           "another one is made",
		           path);
	else
		doctor_say(d, DOCTOR_OK, "identity", "%s, the id %s%s", path,
		           leno_id_text(&id, text), is_in_use(path) ? ", which runs now" : "");
}
