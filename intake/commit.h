/* commit.h -- the end of a message, step by step (intake.h says which). */
#pragma once

#include "intake/intake.h"

void commit_verdict(struct session *s, const struct scan_answer *m);
void commit_queued(struct session *s, const struct enqueue_done *m);
void commit_stored(struct session *s, const struct deliver_done *m);

/* What the queue holds back for this session goes out: store has the rest, or
 * the client went away and nobody can be told anything else. */
void commit_keep(struct session *s);

/* It cannot be kept: the queue forgets it, the client reads why. */
void commit_refused(struct session *s, const struct fault *f);
