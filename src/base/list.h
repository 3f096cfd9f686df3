/* list.h - intrusive doubly linked lists. A link that is in no list points at
 * itself, so that removing twice is harmless. */
#ifndef LENO_BASE_LIST_H
#define LENO_BASE_LIST_H

#include <stdbool.h>
#include <stddef.h>

struct list {
	struct list *next, *prev;
};

#define list_item(pointer, type, member) \
	((type *)(void *)((char *)(pointer) - offsetof(type, member)))

/* Safe against removal of `it` by the body. */
#define list_each(it, after, head)                                  \
	for (struct list *it = (head)->next, *after = it->next; it != (head); \
	     it = after, after = it->next)

static inline void list_init(struct list *l)
{
	l->next = l->prev = l;
}

static inline bool list_empty(const struct list *l)
{
	return l->next == l;
}

static inline void list_remove(struct list *item)
{
	item->prev->next = item->next;
	item->next->prev = item->prev;
	list_init(item);
}

static inline void list_append(struct list *head, struct list *item)
{
	list_remove(item);
	item->prev = head->prev;
	item->next = head;
	head->prev->next = item;
	head->prev = item;
}

#endif
