import { expect, test } from 'vitest';
import { withinBitrate } from './encodings';

const ENCODINGS = [150_000, 500_000, 1_500_000].map((maxBitrate) => ({ maxBitrate }));

test.each([
	[null, [150_000, 500_000, 1_500_000]],
	[2_150_000, [150_000, 500_000, 1_500_000]],
	[1_400_000, [150_000, 500_000, 750_000]],
	[700_000, [150_000, 500_000, null]],
	[400_000, [150_000, 250_000, null]],
	[200_000, [150_000, null, null]],
	[30_000, [30_000, null, null]],
])('a limit of %j is for all layers together', (limit, wanted) => { // M19
	const layers = withinBitrate(ENCODINGS, limit);
	expect(layers.map(({ active, maxBitrate }) => (active ? maxBitrate : null))).toEqual(wanted);
});
