/* What members say of commands, and nodes of themselves. The first byte says as what the rest is
 * read; what was read is written, and is the same when it is read again. */
#include "service/command.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool good)
{
	if (!good)
		__builtin_trap();
}

static void read_command(struct bytes input)
{
	static struct command c, again;
	static uint8_t buf[COMMAND_MAX];
	leno_pack p = leno_pack_into(buf, sizeof buf);

	if (!command_read(input, &c))
		return;
	require(command_write(&p, c.word, c.n_args, c.args) == 0 && !p.full);
	require(command_read(bytes_of(buf, p.size), &again));
	require(strcmp(c.word, again.word) == 0 && c.n_args == again.n_args);
	for (size_t i = 0; i < c.n_args; i++)
		require(strcmp(c.args[i], again.args[i]) == 0);
}

static void read_status(struct bytes input)
{
	static leno_status s, again;
	static uint8_t buf[STATUS_MAX];
	leno_pack p = leno_pack_into(buf, sizeof buf);

	if (!status_read(input, &s))
		return;
	status_write(&p, &s);
	require(!p.full && status_read(bytes_of(buf, p.size), &again));
	require(s.n_services == again.n_services && s.n_words == again.n_words);
	require(strcmp(s.version, again.version) == 0 && s.memory == again.memory);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size == 0 || size > 16384)
		return 0;
	if (data[0] % 2 == 0)
		read_command(bytes_of(data + 1, size - 1));
	else
		read_status(bytes_of(data + 1, size - 1));
	return 0;
}
