/* mx -- mail from other servers, for represented domains only (NC-2.1.6). */
#include "intake/intake.h"

int
main(void)
{
	return intake_main(MX);
}
