#include "base/clock.h"

#include "am_clock.h"

int64_t clock_real_ms(void)
{
	return am_clock_real_ms();
}

uint64_t clock_monotonic_ns(void)
{
	return am_clock_ns();
}
