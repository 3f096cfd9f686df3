/* report.c - see report.h. */
#include "recovery/report.h"

void report_of(const struct replay *replay, struct report *ret)
{
	uint64_t below = replay->next;
	struct run *s;

	for (ret->n = 0; ret->n < REPORT_SPANS; below = s->oldest) {
		s = &ret->spans[ret->n];
		if (!replay_run(replay, below, &s->newest, &s->oldest))
			break;
		ret->n++;
	}
}
