/* post.c - things to do on the loop: tasks from any thread, and alarms.
 *
 *  1. Tasks run in the order in which they were posted, each once.
 *  2. A task posted by a task runs in the next turn: posting cannot starve pipes.
 *  3. Tasks that have not run when the node closes are dropped. */
#include "base/mem.h"
#include "driver/uv/uv.h"

#include <stdlib.h>

/* Not from mem.h: its count of allocations is the loop's thread's own. */
struct posted {
	struct task task;
	leno_task_fn *fn;
	void *arg;
};

struct alarm {
	uv_timer_t timer;
	leno_timer id;
	leno_task_fn *fn;
	void *arg;
};

static void drop_posted(struct task *task)
{
	free(task);
}

static void run_posted(struct driver *d, struct task *task)
{
	struct posted *p = (struct posted *)(void *)task;
	struct posted copy = *p;

	free(p);
	copy.fn(d->node, copy.arg);
}

static struct task *take_all(struct driver *d)
{
	struct task *first;

	pthread_mutex_lock(&d->lock);
	first = d->first;
	d->first = NULL;
	d->last = &d->first;
	pthread_mutex_unlock(&d->lock);
	return first;
}

static void on_wake(uv_async_t *wake)
{
	struct driver *d = wake->data;
	struct task *task = take_all(d);

	if (task && !d->closing)
		loop_time(d);
	while (task) {
		struct task *next = task->next;

		if (d->closing)
			task->drop(task);
		else
			task->run(d, task);
		task = next;
	}
}

int post_init(struct driver *d)
{
	if (uv_async_init(&d->loop, &d->wake, on_wake) != 0)
		return LENO_SYSTEM;
	d->wake.data = d;
	d->last = &d->first;
	pthread_mutex_init(&d->lock, NULL);
	atomic_init(&d->stop, false);
	return LENO_OK;
}

void post_task(struct driver *d, struct task *task)
{
	task->next = NULL;
	pthread_mutex_lock(&d->lock);
	*d->last = task;
	d->last = &task->next;
	pthread_mutex_unlock(&d->lock);
	uv_async_send(&d->wake);
}

int leno_post(leno_node *node, leno_task_fn *fn, void *arg)
{
	struct posted *p;

	if (!fn)
		return LENO_ARGUMENT;
	p = malloc(sizeof *p);
	if (!p)
		return LENO_MEMORY;
	p->task.run = run_posted;
	p->task.drop = drop_posted;
	p->fn = fn;
	p->arg = arg;
	post_task(driver_of(node), &p->task);
	return LENO_OK;
}

void leno_stop(leno_node *node)
{
	struct driver *d = driver_of(node);

	atomic_store(&d->stop, true);
	uv_async_send(&d->wake);
}

/* ---- alarms ----------------------------------------------------------------- */

struct slot {
	struct alarm *alarm;
	uint32_t generation; /* how often it was used */
	uint32_t next_free;  /* slot + 1; 0 ends the chain */
};

/* An alarm's id is its slot + 1 and, above, the slot's generation: an old id never
 * names a new alarm. NULL when there is none (any more). */
static struct slot *slot_of(struct driver *d, leno_timer id)
{
	uint32_t at = (uint32_t)id;

	if (at == 0 || at > d->n_slots || !d->slots[at - 1].alarm ||
	    d->slots[at - 1].alarm->id != id)
		return NULL;
	return &d->slots[at - 1];
}

static void on_alarm_closed(uv_handle_t *handle)
{
	mem_free(list_item(handle, struct alarm, timer));
}

static void alarm_free(struct driver *d, struct slot *slot)
{
	struct alarm *a = slot->alarm;

	slot->alarm = NULL;
	slot->next_free = d->free_slot;
	d->free_slot = (uint32_t)a->id;
	uv_close((uv_handle_t *)&a->timer, on_alarm_closed);
}

static void on_alarm(uv_timer_t *timer)
{
	struct alarm *a = list_item(timer, struct alarm, timer);
	struct driver *d = timer->data;
	leno_task_fn *fn = a->fn;
	void *arg = a->arg;

	alarm_free(d, slot_of(d, a->id));
	if (d->closing)
		return;
	loop_time(d);
	if (!d->closing)
		fn(d->node, arg);
}

/* Doubles the slots, and chains the new ones as free. */
static int more_slots(struct driver *d)
{
	size_t n = d->n_slots, more = n ? 2 * n : 8;
	struct slot *slots = mem_grow(d->slots, n * sizeof *slots, more * sizeof *slots);

	if (!slots || more > UINT32_MAX / 2)
		return LENO_MEMORY;
	for (size_t i = n; i < more; i++)
		slots[i].next_free = (uint32_t)(i + 1 < more ? i + 2 : 0);
	d->slots = slots;
	d->n_slots = more;
	d->free_slot = (uint32_t)n + 1;
	return LENO_OK;
}

int leno_after(leno_node *node, leno_ms delay, leno_task_fn *fn, void *arg, leno_timer *ret)
{
	struct driver *d = driver_of(node);
	struct slot *slot;
	struct alarm *a;

	if (delay < 0 || !fn)
		return LENO_ARGUMENT;
	if (d->free_slot == 0 && more_slots(d) < 0)
		return LENO_MEMORY;
	a = mem_new(sizeof *a);
	if (!a)
		return LENO_MEMORY;
	slot = &d->slots[d->free_slot - 1];
	a->id = (leno_timer)++slot->generation << 32 | d->free_slot;
	d->free_slot = slot->next_free;
	slot->alarm = a;
	a->fn = fn;
	a->arg = arg;
	a->timer.data = d;
	uv_timer_init(&d->loop, &a->timer);
	uv_update_time(&d->loop);
	uv_timer_start(&a->timer, on_alarm, (uint64_t)delay, 0);
	if (ret)
		*ret = a->id;
	return LENO_OK;
}

void leno_cancel(leno_node *node, leno_timer id)
{
	struct driver *d = driver_of(node);
	struct slot *slot = slot_of(d, id);

	if (slot)
		alarm_free(d, slot);
}

void post_clear(struct driver *d)
{
	struct task *task = take_all(d);

	while (task) {
		struct task *next = task->next;

		task->drop(task);
		task = next;
	}
	for (size_t i = 0; i < d->n_slots; i++) {
		if (d->slots[i].alarm)
			alarm_free(d, &d->slots[i]);
	}
	d->slots = mem_free(d->slots);
	d->n_slots = 0;
	uv_close((uv_handle_t *)&d->wake, NULL);
	pthread_mutex_destroy(&d->lock);
}
