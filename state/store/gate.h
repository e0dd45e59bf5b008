/* gate.h -- may mail be kept in this directory?  NC-2.2.b: mailboxes are on a
 * volume of their own, apart from the system and from the programs. */
#pragma once

#include "lib/base/buf.h"
#include "sys/mount.h"

struct gate_facts {
	struct mount_facts mount;
	bool has_mark;  /* the file store.id, made when the volume was set up */
	bool has_mail;  /* segments of a journal                              */
};

enum gate_verdict {
	GATE_OPEN,
	GATE_MARK,    /* open, and the mark must be made: a new volume      */
	GATE_SHARED,  /* the same volume as "/" or the programs             */
	GATE_OPTIONS, /* its own, but not nodev, nosuid, noexec             */
	GATE_MEMORY,  /* would be gone after a boot                         */
	GATE_UNMOUNTED, /* there is mail, but not the mark: another volume? */
};

enum gate_verdict gate_judge(const struct gate_facts *f);

/* A sentence with the exact command that mends it: `directory` is where the
 * mailboxes are.  False when it does not fit. */
bool put_gate_remedy(struct buf *b, enum gate_verdict v, struct span directory);
