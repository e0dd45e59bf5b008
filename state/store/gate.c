#include "state/store/gate.h"

enum gate_verdict
gate_judge(const struct gate_facts *f)
{
	const struct mount_facts *m = &f->mount;

	if (m->device == m->root_device || m->device == m->program_device)
		return GATE_SHARED;
	if (m->in_memory)
		return GATE_MEMORY;
	if (!m->nodev || !m->nosuid || !m->noexec)
		return GATE_OPTIONS;
	if (!f->has_mark)
		return f->has_mail ? GATE_UNMOUNTED : GATE_MARK;
	return GATE_OPEN;
}

struct remedy {
	const char *before, *after; /* the directory */
};

static const struct remedy remedies[] = {
	[GATE_OPEN] = { "open: ", "" },
	[GATE_MARK] = { "open: ", " is a new volume" },
	[GATE_SHARED] = { "mailboxes share a volume with the system; mount one "
			  "of their own: mount -o nodev,nosuid,noexec "
			  "/dev/VOLUME ",
		"" },
	[GATE_OPTIONS] = { "the volume may run programs; mend it: mount -o "
			   "remount,nodev,nosuid,noexec ",
		"" },
	[GATE_MEMORY] = { "the volume is memory; mount a disk: mount -o "
			  "nodev,nosuid,noexec /dev/VOLUME ",
		"" },
	[GATE_UNMOUNTED] = { "there is mail but no store.id; if this is the "
			     "right volume: touch ",
		"/store.id" },
};

bool
put_gate_remedy(struct buf *b, enum gate_verdict v, struct span directory)
{
	return buf_put_text(b, remedies[v].before) && buf_put(b, directory) &&
		buf_put_text(b, remedies[v].after);
}
