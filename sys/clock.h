/* clock.h -- where "now" comes from; lib/ gets it as an argument. */
#pragma once

#include "lib/base/time.h"

struct instant clock_instant(void); /* wall clock            */
struct tick clock_tick(void);       /* monotonic */
