#include "lib/base/test.h"
#include "state/store/gate.h"

/* On this device, "/" being on 1 and the programs on 2. */
#define ON(device_, nodev_, nosuid_, noexec_)                        \
	.mount = { .device = device_, .root_device = 1,              \
		.program_device = 2, .nodev = nodev_, .nosuid = nosuid_, \
		.noexec = noexec_ }
#define OWN ON(3, true, true, true)

static const struct {
	const char *what;
	struct gate_facts facts;
	enum gate_verdict verdict;
} cases[] = {
	{ "its own volume, set up", { OWN, .has_mark = true }, GATE_OPEN },
	{ "its own volume, in use",
		{ OWN, .has_mark = true, .has_mail = true }, GATE_OPEN },
	{ "a new volume", { OWN, .has_mark = false }, GATE_MARK },
	{ "mail without the mark", { OWN, .has_mail = true }, GATE_UNMOUNTED },
	{ "the system's volume",
		{ ON(1, true, true, true), .has_mark = true }, GATE_SHARED },
	{ "the programs' volume",
		{ ON(2, true, true, true), .has_mark = true }, GATE_SHARED },
	{ "memory", { .mount = { .device = 3, .root_device = 1,
				      .program_device = 2, .in_memory = true } },
		GATE_MEMORY },
	{ "devices allowed", { ON(3, false, true, true), .has_mark = true },
		GATE_OPTIONS },
	{ "set-uid allowed", { ON(3, true, false, true), .has_mark = true },
		GATE_OPTIONS },
	{ "programs allowed", { ON(3, true, true, false), .has_mark = true },
		GATE_OPTIONS },
};

TEST(mail_is_kept_on_a_volume_of_its_own)
{
	EACH_CASE(c, cases)
		CHECK_NUMBER(gate_judge(&c->facts), c->verdict);
}

TEST(the_remedy_is_a_command)
{
	uint8_t room[256];
	struct buf b = BUF(room);

	CHECK(put_gate_remedy(&b, GATE_OPTIONS, SPAN("/var/mail")));
	CHECK_SPAN(buf_view(&b),
		"the volume may run programs; mend it: mount -o "
		"remount,nodev,nosuid,noexec /var/mail");
}
