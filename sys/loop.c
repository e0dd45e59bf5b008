#include "sys/loop.h"

#include <stdlib.h>
#include <signal.h>

#include <event2/event.h>

#include "lib/base/must.h"

struct loop {
	struct event_base *base;
	struct timer *signals; /* until the loop is closed */
	on_time *each_turn;
	void *each_turn_arg;
	int code;
	bool over;
};

struct watch {
	struct event *event;
	struct loop *loop;
	on_ready *f;
	void *arg;
	int fd;
	unsigned what;
};

struct timer {
	struct event *event;
	on_time *f;
	void *arg;
	struct timer *next; /* of the signals of a loop */
};

FALLIBLE
loop_open(struct loop **out)
{
	struct loop *l = calloc(1, sizeof *l);
	struct event_config *config = event_config_new();

	if (!l || !config) {
		free(l);
		return &fault_sys_failed;
	}
	event_config_set_flag(config,
		EVENT_BASE_FLAG_NOLOCK | EVENT_BASE_FLAG_IGNORE_ENV);
	l->base = event_base_new_with_config(config);
	event_config_free(config);
	if (!l->base) {
		free(l);
		return &fault_sys_failed;
	}
	*out = l;
	return OK;
}

void
loop_close(struct loop **l)
{
	if (!*l)
		return;
	while ((*l)->signals) {
		struct timer *t = (*l)->signals;

		(*l)->signals = t->next;
		timer_close(&t);
	}
	event_base_free((*l)->base);
	free(*l);
	*l = NULL;
}

int
loop_run(struct loop *l)
{
	l->over = false;
	while (!l->over) {
		if (event_base_loop(l->base, EVLOOP_ONCE) != 0)
			return 1;
		if (l->each_turn)
			l->each_turn(l->each_turn_arg);
	}
	return l->code;
}

void
loop_stop(struct loop *l, int code)
{
	l->code = code;
	l->over = true;
	event_base_loopbreak(l->base);
}

void
loop_each_turn(struct loop *l, on_time *f, void *arg)
{
	l->each_turn = f;
	l->each_turn_arg = arg;
}

static void
watch_fired(evutil_socket_t fd, short what, void *arg)
{
	struct watch *w = arg;

	(void)fd;
	w->f(w->arg,
		(what & EV_READ ? LOOP_READ : 0u) |
			(what & EV_WRITE ? LOOP_WRITE : 0u));
}

FALLIBLE
watch_open(struct loop *l, int fd, unsigned what, on_ready *f, void *arg,
	struct watch **out)
{
	struct watch *w = calloc(1, sizeof *w);

	if (!w)
		return &fault_sys_failed;
	*w = (struct watch){ .loop = l, .f = f, .arg = arg, .fd = fd };
	w->event = event_new(l->base, fd, EV_READ | EV_PERSIST, watch_fired, w);
	if (!w->event) {
		free(w);
		return &fault_sys_failed;
	}
	watch_want(w, what);
	*out = w;
	return OK;
}

void
watch_want(struct watch *w, unsigned what)
{
	short events = EV_PERSIST;

	if (what == w->what)
		return;
	if (w->what)
		event_del(w->event);
	w->what = what;
	if (!what)
		return;
	if (what & LOOP_READ)
		events |= EV_READ;
	if (what & LOOP_WRITE)
		events |= EV_WRITE;
	MUST(event_assign(w->event, w->loop->base, w->fd, events, watch_fired,
		     w) == 0);
	MUST(event_add(w->event, NULL) == 0);
}

void
watch_close(struct watch **w)
{
	if (!*w)
		return;
	event_free((*w)->event);
	free(*w);
	*w = NULL;
}

static void
timer_fired(evutil_socket_t fd, short what, void *arg)
{
	struct timer *t = arg;

	(void)fd;
	(void)what;
	t->f(t->arg);
}

FALLIBLE
timer_open(struct loop *l, on_time *f, void *arg, struct timer **out)
{
	struct timer *t = calloc(1, sizeof *t);

	if (!t)
		return &fault_sys_failed;
	*t = (struct timer){ .f = f, .arg = arg };
	t->event = event_new(l->base, -1, 0, timer_fired, t);
	if (!t->event) {
		free(t);
		return &fault_sys_failed;
	}
	*out = t;
	return OK;
}

void
timer_set(struct timer *t, int64_t us)
{
	struct timeval tv;

	if (us < 0)
		us = 0;
	tv.tv_sec = us / SECONDS(1);
	tv.tv_usec = us % SECONDS(1);
	event_add(t->event, &tv);
}

void
timer_clear(struct timer *t)
{
	event_del(t->event);
}

void
timer_close(struct timer **t)
{
	if (!*t)
		return;
	event_free((*t)->event);
	free(*t);
	*t = NULL;
}

FALLIBLE
loop_signal(struct loop *l, int signal, on_time *f, void *arg)
{
	struct timer *t = calloc(1, sizeof *t);

	if (!t)
		return &fault_sys_failed;
	*t = (struct timer){ .f = f, .arg = arg };
	t->event = evsignal_new(l->base, signal, timer_fired, t);
	if (!t->event || event_add(t->event, NULL) != 0) {
		if (t->event)
			event_free(t->event);
		free(t);
		return &fault_sys_failed;
	}
	t->next = l->signals;
	l->signals = t;
	return OK;
}

struct event_base *
loop_base(struct loop *l)
{
	return l->base;
}
