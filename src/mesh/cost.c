/* cost.c - see cost.h. */
#include "mesh/cost.h"

#include <assert.h>

uint16_t cost_of_step(unsigned step)
{
	assert(step <= COST_STEP_MAX);
	if (step == 0)
		return 1;
	return (uint16_t)(step % 2 ? 1u << (step + 1) / 2 : 3u << (step / 2 - 1));
}

unsigned cost_step(uint32_t rtt_us)
{
	unsigned step = 0;

	while (step < COST_STEP_MAX && rtt_us >= cost_of_step(step) * 1000u)
		step++;
	return step;
}

uint32_t rtt_of_class(uint8_t class)
{
	static const uint16_t part[4] = { 1000, 1189, 1414, 1682 };  /* 2^(n/4) */

	if (class == 0 || class > 0x7f)
		return 0;
	return (uint32_t)(((uint64_t)part[(class - 1) % 4] << (class - 1) / 4) / 1000);
}

uint8_t rtt_class(uint32_t rtt_us)
{
	uint8_t class = 0;

	while (class < 0x7f && rtt_us > 0 && rtt_of_class((uint8_t)(class + 1)) <= rtt_us)
		class++;
	return class;
}
