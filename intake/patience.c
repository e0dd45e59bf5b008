#include "intake/patience.h"

#define HANDSHAKE SECONDS(30) /* ST-D09 */
#define ANSWER    MINUTES(10)

static int64_t
earlier(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

/* How long the octets that came may have taken. */
static int64_t
earned(uint64_t octets, uint32_t rate)
{
	return SECONDS(octets / rate);
}

static int64_t
message_end(const struct patience *p, const struct site *site)
{
	int64_t end = p->began.us + site->message_us;

	end = earlier(end, p->heard.us + site->data_us);
	return earlier(end, p->began.us + site->data_us +
			earned(p->octets, site->data_rate));
}

static int64_t
step_end(const struct patience *p, const struct site *site)
{
	switch (p->step) {
	case STEP_HANDSHAKE:
		return p->began.us + HANDSHAKE;
	case STEP_MESSAGE:
		return message_end(p, site);
	case STEP_ANSWER:
		return p->began.us + ANSWER;
	default:
		return p->began.us + site->idle_us;
	}
}

struct tick
patience_end(const struct patience *p, const struct site *site)
{
	int64_t end = step_end(p, site);

	end = earlier(end, p->opened.us + site->session_us);
	if (p->login_due)
		end = earlier(end, p->opened.us + site->login_us);
	return (struct tick){ end };
}
