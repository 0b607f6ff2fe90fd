import assert from 'node:assert/strict';
import { test } from 'node:test';
import { carried, encodingsOf, filling, fitting, goodputRatio, secondsUntilFull, trace, wireBytes } from './goodput.mjs';

const ENCODINGS = [
	{ media: 140_000, wire: 150_000 },
	{ media: 310_000, wire: 330_000 },
	{ media: 1_450_000, wire: 1_500_000 },
];

test('a trace has a capacity for each second', () => {
	assert.deepEqual(trace('1\n500\n1000\n1001\n3000\n'), [24_000, 24_000, 12_000]);
});

test('a link has the capacity set last, minus its loss, times its share', () => {
	const measured = [
		{ lines: [], seconds: 2 },
		{ lines: ['rate 150k', 'depth 6000'], seconds: 1 },
	];
	assert.deepEqual(carried({ first: ['rate 2.5m', 'loss 20%'], measured }), [2_000_000, 2_000_000, 120_000]);
	assert.deepEqual(carried({ first: ['rate 1m'], measured: measured.slice(0, 1), share: 0.5 }), [500_000, 500_000]);
	assert.deepEqual(carried({ first: [], measured: measured.slice(0, 1) }), [Infinity, Infinity]);
});

test('a trace restarts when it is set again, and is cyclic', () => {
	const course = { first: ['trace lte'], measured: [{ lines: ['trace lte'], seconds: 3 }] };
	assert.deepEqual(
		carried(course, (kind) => kind === 'lte' && '1\n1500\n2000\n'),
		[12_000, 24_000, 12_000],
	);
});

test('the bitrate of an encoding is that of the time while it is sent', () => {
	const at = (second, ...bytes) => ({
		at: second * 1000,
		encodings: Object.fromEntries(bytes.map((n, i) => [`r${i}`, { bytes: n, headers: 0, packets: n / 1000 }])),
	});
	const samples = [at(0, 0, 0), at(1, 100_000, 10_000), at(2, 200_000, 20_000), at(3, 200_000, 30_000)];
	assert.deepEqual(encodingsOf(samples), [
		{ media: 80_000, wire: 83_520 },
		{ media: 800_000, wire: 835_200 },
	]);
});

test('what fits is the largest encoding next to audio', () => {
	for (const [link, fits] of [
		[Infinity, 1_450_000],
		[1_564_000, 1_450_000],
		[1_563_999, 310_000],
		[393_999, 140_000],
		[164_000, 100_000],
		[10_000, 0],
	])
		assert.equal(fitting(ENCODINGS, link), fits);
	assert.equal(filling(1_500_000, 600_000), 536_000);
	assert.equal(filling(1_500_000, 3_000_000), 1_500_000);
	assert.equal(filling(1_500_000, 10_000), 0);
});

const samplesAt = (...bytes) => bytes.map((media, i) => ({ at: 500 * i, media, wire: 2 * media }));

test('goodput covers only the measured time', () => {
	const samples = samplesAt(0, 1000, 2000, 3000, 4000, 5000, 9000);
	assert.equal(goodputRatio(samples, 500, [16_000, 16_000]), 1);
	assert.equal(goodputRatio(samples, 500, [0, 64_000]), 0.5);
	assert.equal(goodputRatio(samples, 500, [0, 0]), undefined);
	assert.equal(wireBytes(samples, 500, 2500), 8000);
});

test('a link is full from the first second that uses nine tenths of it', () => {
	assert.equal(secondsUntilFull(samplesAt(0, 0, 100, 1000, 1900, 2800), 16_000), 1);
	assert.equal(secondsUntilFull(samplesAt(0, 0, 100, 900, 1700), 16_000), undefined);
});
