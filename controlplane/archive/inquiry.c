#include "archive/inquiry.h"

#include "base/map.h"

#include <errno.h>

static void over(struct inquiry *i, int result)
{
	i->kind->end(i, result);
	i->kind->destroy(i);
}

static void work_run(struct work *w)
{
	struct inquiry *i = container_of(w, struct inquiry, work);

	i->result = i->kind->work(i);
}

static void work_done(struct work *w)
{
	struct inquiry *i = container_of(w, struct inquiry, work);

	over(i, w->has_run ? i->result : -ECANCELED);
}

static void answered(struct history_recordings *q, int result)
{
	struct inquiry *i = container_of(q, struct inquiry, query);

	if (!i->all) { // the owner has been told
		i->kind->destroy(i);
		return;
	}
	LIST_REMOVE(i, in_asked);
	if (result == 0)
		result = i->kind->next(i);
	if (result != 0) {
		over(i, result < 0 ? result : 0);
		return;
	}
	i->work = (struct work){.run = work_run, .done = work_done};
	workers_add(i->all->workers, &i->work);
}

void inquiry_ask(struct inquiry *i, struct inquiries *all)
{
	i->all = all;
	i->query.done = answered;
	int ret = history_recordings_ask(all->history, &i->query);
	if (ret < 0)
		over(i, ret);
	else
		LIST_INSERT_HEAD(&all->asked, i, in_asked);
}

void inquiries_end(struct inquiries *all)
{
	struct inquiry *i;

	workers_stop(all->workers);
	while ((i = LIST_FIRST(&all->asked))) {
		LIST_REMOVE(i, in_asked);
		i->all = NULL;
		i->kind->end(i, -ECANCELED);
	}
}
