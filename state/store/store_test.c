#include "state/store/site_test.h"

TEST(a_delivery_is_seen_when_it_was_committed)
{
	struct site x;
	struct view_told told = { 0 };
	int fd;

	site_make(&x);
	CHECK_FAULT(site_open(&x), OK);
	CHECK_FAULT(deliver(&x, 7), OK);
	CHECK_FAULT(deliver(&x, 7), OK);
	CHECK_FAULT(store_view(x.store, (struct box){ 7, BOX_INBOX }, &told,
			    &fd), OK);
	CHECK_NUMBER(told.count, 2);
	CHECK_NUMBER(told.uidnext, 3);
	fd_close(&fd);
	site_remove(&x);
}
