/* The A-label of a label is sound, and is its own A-label; whatever is put in
 * place of one is read without harm. */
#include "lib/mail/idna.h"

#include "lib/base/fuzz.h"

FUZZ(struct span input)
{
	uint8_t room[2][A_LABEL_MAX];
	struct buf first = BUF(room[0]), second = BUF(room[1]);

	if (a_label_is_sound(input))
		MUST(input.len <= A_LABEL_MAX ||
			!span_starts_nocase(input, SPAN("xn--")));
	if (!put_a_label(&first, input))
		return;
	MUST(put_a_label(&second, buf_view(&first)));
	MUST(span_equals(buf_view(&first), buf_view(&second)));
	for (size_t i = 0; i < input.len; i++)
		if (input.at[i] >= 0x80) {
			MUST(span_starts(buf_view(&first), SPAN("xn--")));
			MUST(a_label_is_sound(buf_view(&first)));
			return;
		}
}
