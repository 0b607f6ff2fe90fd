#include "service/bucket.h"

#define DROPS_PER_TOKEN UINT64_C(1000000000)

void bucket_init(struct bucket *b, uint64_t burst, uint64_t now_ns)
{
	*b = (struct bucket){.filled_ns = now_ns, .drops = burst * DROPS_PER_TOKEN};
}

void bucket_fill(struct bucket *b, uint64_t per_s, uint64_t burst, uint64_t now_ns)
{
	uint64_t passed_ns = now_ns - b->filled_ns, full = burst * DROPS_PER_TOKEN;

	b->filled_ns = now_ns;
	// A nanosecond's share of a token is per_s billionths.
	if (passed_ns >= (full - b->drops) / per_s)
		b->drops = full;
	else
		b->drops += passed_ns * per_s;
}

bool bucket_has(const struct bucket *b, uint64_t tokens)
{
	return b->drops >= tokens * DROPS_PER_TOKEN;
}

void bucket_take(struct bucket *b, uint64_t tokens)
{
	b->drops -= tokens * DROPS_PER_TOKEN;
}

bool bucket_draw(struct bucket *b, uint64_t per_s, uint64_t burst, uint64_t now_ns)
{
	bucket_fill(b, per_s, burst, now_ns);
	if (!bucket_has(b, 1))
		return false;
	bucket_take(b, 1);
	return true;
}
