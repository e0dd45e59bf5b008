#include "lib/smtp/stuff.h"

#include "lib/base/must.h"

void
stuff(struct stuffer *s, struct span *in, struct buf *out)
{
	while (in->len > 0) {
		struct span part;
		size_t lf;

		if (!s->in_line && *in->at == '.') {
			if (buf_room(out) < 2)
				return;
			MUST(buf_push(out, '.'));
		}
		lf = span_find_octet(*in, '\n');
		part = span_at(in->at, lf < in->len ? lf + 1 : in->len);
		if (part.len > buf_room(out))
			part.len = buf_room(out);
		if (part.len == 0)
			return;
		MUST(buf_put(out, part));
		span_shift_upto(in, part.len);
		s->in_line = part.at[part.len - 1] != '\n';
	}
}

bool
stuff_end(struct stuffer *s, struct buf *out)
{
	return s->in_line ? buf_put_text(out, "\r\n.\r\n")
			  : buf_put_text(out, ".\r\n");
}
