/* replay.c - the main of a fuzz target where libFuzzer is not: gives the target every
 * file of the folders (or each file) named on the command line, and nothing at all once. */
#include <dirent.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static unsigned replayed;

/* Each input gets a block of exactly its size, so that a sanitizer sees one byte too far. */
static bool replay_file(const char *path)
{
	FILE *file = fopen(path, "rb");
	uint8_t *data = NULL;
	long size = -1;
	bool ok = false;

	if (file && fseek(file, 0, SEEK_END) == 0 && (size = ftell(file)) >= 0) {
		rewind(file);
		data = malloc(size ? (size_t)size : 1);
		ok = data && fread(data, 1, (size_t)size, file) == (size_t)size;
	}
	if (ok) {
		LLVMFuzzerTestOneInput(data, (size_t)size);
		replayed++;
	} else {
		fprintf(stderr, "%s: cannot be read\n", path);
	}
	free(data);
	if (file)
		fclose(file);
	return ok;
}

static bool replay_folder(DIR *folder, const char *path)
{
	struct dirent *entry;
	char name[4096];
	bool ok = true;

	while ((entry = readdir(folder))) {
		if (entry->d_name[0] == '.')
			continue;
		snprintf(name, sizeof name, "%s/%s", path, entry->d_name);
		ok = replay_file(name) && ok;
	}
	return ok;
}

int main(int argc, char **argv)
{
	bool ok = true;

	LLVMFuzzerTestOneInput((const uint8_t *)"", 0);
	for (int i = 1; i < argc; i++) {
		DIR *folder = opendir(argv[i]);

		if (folder) {
			ok = replay_folder(folder, argv[i]) && ok;
			closedir(folder);
		} else {
			ok = replay_file(argv[i]) && ok;
		}
	}
	printf("%s: %u inputs replayed\n", argv[0], replayed);
	return ok ? 0 : 1;
}
