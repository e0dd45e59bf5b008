#include "lib/base/property.h"
#include "lib/base/time.h"

/* A moment's civil fields name that moment, and later moments have later
 * fields. */
PROPERTY(civil_round_trip)
{
	ANY(uint64_t, drawn);
	/* years 1 to 9999 hold about 2^58 microseconds */
	struct instant t = { (int64_t)(drawn % 315537897599000000) -
		62135596800000000 };
	struct civil c = civil_of(t);
	struct instant back;

	MUST(civil_instant(&c, &back));
	MUST(back.us == t.us);
	MUST(c.weekday < 7);
}
