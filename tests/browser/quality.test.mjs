// The arithmetic of scripts/bench quality, whose errors no figure would reveal.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { course, LINKS } from '../../bench/quality/links.mjs';
import { figuresOf, percentile, secondsToRead, secondsUntil } from '../../bench/quality/watch.mjs';
import { ROOT } from './system.mjs';

/** Four samples per second of a viewer; each part has its seconds, frames per second and height. */
function viewing(...parts) {
	const samples = [];
	let at = 0;
	let framesDecoded = 0;
	for (const { seconds, frames, height, layers = 0 } of parts) {
		for (const end = at + seconds * 1000; at < end; at += 250) {
			samples.push({
				at,
				framesDecoded,
				height,
				layers,
				totalFreezesDuration: 0,
				nackCount: 0,
				concealedSamples: 0,
				silentConcealedSamples: 0,
				totalSamplesReceived: at,
			});
			framesDecoded += frames / 4;
		}
	}
	return samples;
}

test('frames are counted between the times, and the height is that of most frames', () => {
	const samples = viewing(
		{ seconds: 10, frames: 20, height: 720 },
		{ seconds: 4, frames: 20, height: 360 },
		{ seconds: 6, frames: 20, height: 720 },
	);
	const figures = figuresOf(samples, 10_000, 20_000, {});
	assert.equal(figures.frames_per_s, 20);
	assert.equal(figures.height, 720);
});

test('video that stays still to the end is frozen, and has no height', () => {
	const samples = viewing({ seconds: 10, frames: 20, height: 720 }, { seconds: 10, frames: 0, height: 720 });
	const figures = figuresOf(samples, 10_250, 19_750, {});
	assert.equal(figures.frames_per_s, 0);
	assert.equal(figures.freeze_s, 9.5);
	assert.equal(figures.height, 0);
});

test('video that stays still for long, and then moves, was frozen', () => {
	const samples = viewing(
		{ seconds: 2, frames: 20, height: 720 },
		{ seconds: 6, frames: 0, height: 720 },
		{ seconds: 2, frames: 20, height: 180 },
	);
	assert.equal(figuresOf(samples, 0, 9750, {}).freeze_s, 6.25);
});

test('changes are messages about layers, or changes of height in a direct call', () => {
	const samples = viewing(
		{ seconds: 30, frames: 20, height: 720, layers: 4 },
		{ seconds: 30.25, frames: 20, height: 360, layers: 7 },
	);
	assert.equal(figuresOf(samples, 0, 60_000, { direct: false }).changes_per_min, 3);
	assert.equal(figuresOf(samples, 0, 60_000, { direct: true }).changes_per_min, 1);
});

test('silent concealed sound does not count', () => {
	const [begin, end] = viewing({ seconds: 0.5, frames: 20, height: 720 });
	Object.assign(end, {
		concealedSamples: 30,
		silentConcealedSamples: 10,
		totalSamplesReceived: begin.totalSamplesReceived + 1000,
	});
	assert.equal(figuresOf([begin, end], 0, 250, {}).voice_concealed_percent, 2);
});

test('the way down ends with a second of frames that are low enough', () => {
	const samples = viewing(
		{ seconds: 10, frames: 20, height: 720 },
		{ seconds: 1, frames: 20, height: 720 },
		{ seconds: 2, frames: 0, height: 720 },
		{ seconds: 5, frames: 10, height: 360 },
	);
	assert.equal(secondsUntil(samples, 10_000, 18_000, { height: 360, frames: 8 }), 3);
	assert.equal(secondsUntil(samples, 10_000, 18_000, { height: Infinity, frames: 8 }), 0);
});

test('the way up ends with a second of frames of that height, or takes all of the time', () => {
	const samples = viewing({ seconds: 4, frames: 20, height: 360 }, { seconds: 6, frames: 20, height: 720 });
	assert.equal(secondsUntil(samples, 1000, 9000, { height: 720, frames: 15 }, true), 3);
	assert.equal(secondsUntil(samples, 1000, 4000, { height: 720, frames: 15 }, true), 3);
});

test('a percentile has its share of the values below it', () => {
	const values = Array.from({ length: 100 }, (_, i) => 99 - i);
	assert.equal(percentile(values, 0.95), 95);
	assert.equal(percentile([], 0.95), 0);
});

test('turning a page takes until its own text can be read, or until it is turned again', () => {
	const turns = [
		{ number: 1, at: 1000 },
		{ number: 2, at: 5000 },
		{ number: 3, at: 9000 },
	];
	const samples = [
		{ at: 1500, page: 0, text: 40 },
		{ at: 2000, page: 1, text: 20 },
		{ at: 2500, page: 1, text: 30 },
		{ at: 6000, page: 1, text: 40 },
		{ at: 9100, page: 2, text: 40 },
	];
	assert.deepEqual(secondsToRead(turns, samples, 0, 10_000), [1.5, 4, 1]);
	assert.deepEqual(secondsToRead(turns, samples, 4000, 8000), [3]);
});

test('steps share the measured time', () => {
	const { measured } = course('steps', 60);
	assert.deepEqual(
		measured.map(({ seconds }) => seconds),
		[15, 15, 30],
	);
	assert.deepEqual(course('600k', 60).measured, [{ lines: ['rate 600k'], seconds: 60 }]);
});

test('scripts/bench knows the same links', async () => {
	const [, names] = /^quality_links=(\S+)/m.exec(await readFile(`${ROOT}/scripts/bench`, 'utf8'));
	assert.deepEqual(names.split(','), Object.keys(LINKS));
});
