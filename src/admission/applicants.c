/* applicants.c - see applicants.h. */
#include "admission/applicants.h"

#include "base/mem.h"
#include "base/timers.h"

enum { ROOM_MIN = 8 };

void applicants_clear(struct applicants *a)
{
	mem_free(a->at);
	*a = (struct applicants){0};
}

struct applicant *applicants_find(const struct applicants *a, const leno_id *id)
{
	for (size_t i = 0; i < a->count; i++)
		if (leno_id_same(&a->at[i].id, id))
			return &a->at[i];
	return NULL;
}

static void drop(struct applicants *a, size_t i)
{
	a->waiting -= a->at[i].state == APPLICANT_WAITS;
	memmove(&a->at[i], &a->at[i + 1], (a->count - i - 1) * sizeof *a->at);
	a->count--;
}

static int make_room(struct applicants *a)
{
	size_t room = a->room ? 2 * a->room : ROOM_MIN;
	struct applicant *grown;

	for (size_t i = 0; a->count >= APPLICANTS_MAX; i++)
		if (a->at[i].state != APPLICANT_WAITS)
			drop(a, i);
	if (a->count < a->room)
		return 0;
	grown = mem_grow(a->at, a->room * sizeof *grown, room * sizeof *grown);
	if (!grown)
		return LENO_MEMORY;
	a->at = grown;
	a->room = room;
	return 0;
}
static_assert(APPLICANTS_WAIT_MAX < APPLICANTS_MAX, "one who does not wait can always go");

static int add(struct applicants *a, struct applicant one)
{
	int error = make_room(a);

	if (!error)
		a->at[a->count++] = one;
	return error;
}

int applicants_ask(struct applicants *a, const leno_id *id, uint64_t now_us, leno_ticket *ret)
{
	int error;

	if (a->waiting >= APPLICANTS_WAIT_MAX)
		return LENO_BUSY;
	error = add(a, (struct applicant){.id = *id, .ticket = a->last + 1,
					  .state = APPLICANT_WAITS,
					  .due_us = now_us + APPLICANT_MS * UINT64_C(1000)});
	if (error)
		return error;
	*ret = ++a->last;
	a->waiting++;
	return 0;
}

int applicants_let_in(struct applicants *a, const leno_id *id)
{
	struct applicant *one = applicants_find(a, id);

	if (!one)
		return add(a, (struct applicant){.id = *id, .state = APPLICANT_IN,
						 .due_us = NEVER});
	a->waiting -= one->state == APPLICANT_WAITS;
	one->state = APPLICANT_IN;
	one->due_us = NEVER;
	return 0;
}

int applicants_decide(struct applicants *a, leno_ticket ticket, bool in, uint64_t now_us)
{
	for (size_t i = 0; i < a->count; i++) {
		struct applicant *one = &a->at[i];

		if (one->ticket != ticket || one->state != APPLICANT_WAITS)
			continue;
		a->waiting--;
		one->state = in ? APPLICANT_IN : APPLICANT_OUT;
		one->due_us = in ? NEVER : now_us + TURNED_AWAY_MS * UINT64_C(1000);
		return 0;
	}
	return LENO_NO_NODE;
}

void applicants_expire(struct applicants *a, uint64_t now_us)
{
	for (size_t i = a->count; i-- > 0;) {
		struct applicant *one = &a->at[i];

		if (one->due_us > now_us)
			continue;
		if (one->state == APPLICANT_WAITS) {
			a->waiting--;
			one->state = APPLICANT_OUT;
			one->due_us = now_us + TURNED_AWAY_MS * UINT64_C(1000);
		} else {
			drop(a, i);
		}
	}
}

uint64_t applicants_due(const struct applicants *a)
{
	uint64_t due_us = NEVER;

	for (size_t i = 0; i < a->count; i++)
		if (a->at[i].due_us < due_us)
			due_us = a->at[i].due_us;
	return due_us;
}
