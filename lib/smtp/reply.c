#include "lib/smtp/reply.h"

static bool
whole(struct buf *out, size_t before, bool fits)
{
	if (!fits)
		out->len = before;
	return fits;
}

bool
put_reply(struct buf *out, unsigned code, const char *enhanced,
	struct span text)
{
	return whole(out, out->len,
		buf_put_digits(out, code, 3) && buf_push(out, ' ') &&
			(!enhanced || (buf_put_text(out, enhanced) &&
					      buf_push(out, ' '))) &&
			buf_put(out, text) && buf_put_text(out, "\r\n"));
}

bool
put_reply_fault(struct buf *out, const struct fault *f)
{
	return put_reply(out, f->smtp, f->enhanced, span_of(f->text));
}

bool
put_reply_line(struct buf *out, unsigned code, struct span text, bool last)
{
	return whole(out, out->len,
		buf_put_digits(out, code, 3) &&
			buf_push(out, last ? ' ' : '-') && buf_put(out, text) &&
			buf_put_text(out, "\r\n"));
}
