import type { types } from 'mediasoup-client';
import { expect, test } from 'vitest';
import { screenEncodings, wantedOf, withinBitrate } from './encodings';

const ENCODINGS = [150_000, 500_000, 1_500_000].map((maxBitrate, i) => ({ maxBitrate, scaleResolutionDownBy: 4 / 2 ** i }));

// proves M19
test.each([
	[null, [150_000, 500_000, 1_500_000]],
	[2_150_000, [150_000, 500_000, 1_500_000]],
	[1_400_000, [150_000, 500_000, 750_000]],
	[700_000, [150_000, 500_000, null]],
	[400_000, [150_000, 250_000, null]],
	[200_000, [150_000, null, null]],
	[30_000, [30_000, null, null]],
])('a limit of %j is for all layers together', (limit, wanted) => {
	const layers = withinBitrate(ENCODINGS, limit);
	expect(layers.map(({ active, maxBitrate }) => (active ? maxBitrate : null))).toEqual(wanted);
});

test.each([
	[null, null, [true, true, true]],
	[null, [true, true, false], [true, true, false]],
	[null, [true, false, false], [true, false, false]],
	[700_000, [true, true, true], [true, true, false]],
	[200_000, [true, true, false], [true, false, false]],
	[null, [false, false, false], [true, false, false]],
	[null, [], [true, true, true]],
])('with a limit of %j, of wanted ones %j', (limit, wanted, sent) => {
	expect(wantedOf(withinBitrate(ENCODINGS, limit), wanted).map(({ active }) => active)).toEqual(sent);
});

const codec = (mimeType: string) => ({ kind: 'video', mimeType, clockRate: 90_000 }) as types.RtpCodecCapability;

const TWICE = [
	[5, 320_000],
	[30, 2_500_000],
];

test.each([
	['video/VP8', TWICE],
	['video/H264', TWICE],
	['video/VP9', [[30, 2_500_000]]],
	['video/AV1', TWICE],
])('a screen of %s keeps its size in each encoding', (mimeType, wanted) => {
	const encodings = screenEncodings(codec(mimeType));
	expect(encodings.map(({ maxFramerate, maxBitrate }) => [maxFramerate, maxBitrate])).toEqual(wanted);
	for (const { scaleResolutionDownBy } of encodings) expect(scaleResolutionDownBy).toBe(1);
});

test.each([
	[null, [320_000, 2_500_000]],
	[2_000_000, [320_000, 1_680_000]],
	[1_000_000, [320_000, 680_000]],
	[640_000, [320_000, 320_000]],
	[600_000, [320_000, null]],
	[200_000, [200_000, null]],
])('with a limit of %j, a screen is sent with all frames once they get more bits than the few', (limit, wanted) => {
	const encodings = withinBitrate(screenEncodings(codec('video/VP8')), limit);
	expect(encodings.map(({ active, maxBitrate }) => (active ? maxBitrate : null))).toEqual(wanted);
});
