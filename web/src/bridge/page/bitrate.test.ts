import { expect, test } from 'vitest';
import { bitrate } from './bitrate';

// proves M19
test.each([
	[0, null],
	[10, 10_000],
	[300, 300_000],
	[9999, 9_999_000],
	[10_000, 10_000],
	[300_000, 300_000],
	[1e9, 1e9],
])('setBitrate(%d) limits to %s bit/s', (wish, limit) => expect(bitrate(wish)).toBe(limit));

// proves M19
test.each([1, 9.99])('setBitrate(%d) means nothing', (wish) => expect(() => bitrate(wish)).toThrow('kbit/s'));
