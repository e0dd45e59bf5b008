/* token.h -- the words of a settings file.
 *
 *	file    = *( token / SP / HTAB / comment )
 *	token   = word / string / "{" / "}" / LF
 *	word    = 1*( %x21-7E without `"` `#` `{` `}` )
 *	string  = `"` *( %x20-7E without `"` and `\` ) `"`
 *	comment = "#" *( any octet but LF, CR and NUL )
 */
#pragma once

#include "lib/base/span.h"

enum token_kind {
	TOKEN_END,
	TOKEN_LINE, /* the line's end                                   */
	TOKEN_OPEN,
	TOKEN_CLOSE,
	TOKEN_WORD,
	TOKEN_STRING,
	TOKEN_BAD, /* `text` says what is wrong; at least one octet is gone */
};

struct token {
	enum token_kind kind;
	uint32_t line;    /* from 1                                    */
	struct span text; /* word, or string without quotes; borrowed   */
};

struct scanner {
	struct span rest;
	uint32_t line;
};

void scanner_init(struct scanner *s, struct span text);

/* Take the next token off the front; TOKEN_END again and again at the end. */
struct token token_next(struct scanner *s);

/* Is `text` one word of the grammar, so that it needs no quotes? */
bool token_is_word(struct span text);
