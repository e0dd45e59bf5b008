/* submission -- mail from users who have logged in (NC-2.1.4, NC-2.1.5). */
#include "intake/intake.h"

int
main(void)
{
	return intake_main(SUBMISSION);
}
