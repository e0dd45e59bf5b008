/* loop.h -- the event loop of a process (libevent). */
#pragma once

#include "lib/base/fault.h"
#include "lib/base/time.h"

struct loop;
struct watch; /* one descriptor watched   */
struct timer; /* one moment waited for    */

enum { LOOP_READ = 1, LOOP_WRITE = 2 };

/* what: LOOP_READ, LOOP_WRITE or both, as far as it was asked for */
typedef void on_ready(void *arg, unsigned what);
typedef void on_time(void *arg);

/* One loop a process; never NULL on OK. */
FALLIBLE loop_open(struct loop **out);
void loop_close(struct loop **l);

/* Run until loop_stop; returns the code that was given there.  May be run
 * again. */
int loop_run(struct loop *l);
void loop_stop(struct loop *l, int code);

/* Call `f` after every turn of the loop, when all descriptors that were ready
 * have been served: where a batch is committed. */
void loop_each_turn(struct loop *l, on_time *f, void *arg);

/* Watch a descriptor, owned by the caller, until watch_close.  `what` may
 * change later; 0 pauses. */
FALLIBLE watch_open(struct loop *l, int fd, unsigned what, on_ready *f,
	void *arg, struct watch **out);
void watch_want(struct watch *w, unsigned what);
void watch_close(struct watch **w);

/* A timer, not running yet.  timer_set (re)starts it once, `us` from now;
 * timer_clear stops it. */
FALLIBLE timer_open(struct loop *l, on_time *f, void *arg, struct timer **out);
void timer_set(struct timer *t, int64_t us);
void timer_clear(struct timer *t);
void timer_close(struct timer **t);

/* Deliver `signal` as a call in the loop, never in a handler (rule O5). */
FALLIBLE loop_signal(struct loop *l, int signal, on_time *f, void *arg);

/* For other foreign libraries that run on libevent; sys/ only. */
struct event_base *loop_base(struct loop *l);
