/* netfile.c - see netfile.h. */
#include "netfile.h"
#include "common.h"
#include "output.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

bool netfile_create(const char *path, const char *network)
{
	int error = leno_network_create(path, network ? network : "default");

	if (error == LENO_EXISTS)
		fail("%s exists, and a network's key is never replaced", path);
	else if (error == LENO_ARGUMENT)
		fail("a network's name is 1 to 64 bytes without control characters");
	else if (error)
		file_not_made(path);
	return error == 0;
}

void netfile_complain(const char *path, int error)
{
	struct stat st;

	if (error != LENO_FILE)
		fail("the network key %s: %s", path, leno_strerror(error));
	else if (stat(path, &st) != 0)
		fail("the network key %s: %s", path, strerror(errno));
	else if (!S_ISREG(st.st_mode))
		fail("the network key %s: it is not a regular file", path);
	else if (st.st_mode & (S_IRWXG | S_IRWXO))
		fail("the network key %s: others may read it: chmod 600 it first", path);
	else if (access(path, R_OK) != 0)
		fail("the network key %s: %s", path, strerror(errno));
	else
		fail("the network key %s: it is none, damaged, or of a later version", path);
}
