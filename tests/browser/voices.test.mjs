// In a webinar the three loudest voices are heard, and no first syllable is cut off: tones that begin sharply, with a
// separate frequency in the first 40 ms, are measured where they are heard.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LIMIT, openBench, Participant, roomId, until } from './harness.mjs';

const bench = openBench();

const SPEAKERS = 5;
const BEGINNING_S = 0.04;
const TONE_S = 0.2;
const GAP_S = 0.45; // from one speaker's tone to the next: two are still heard
const BLOCK_S = 0.005; // in which the tones are measured
const LOUD = 0.5;
/** Louder than silence, and far more than 6 dB below a tone. */
const MURMUR = 0.03;

const tonesOf = (i) => [600 + 150 * i, 1800 + 250 * i];

/** Runs in a speaker's page: plays tones that begin this many seconds after a moment (ms of Date.now). Resolves after the last. */
async function play({ tones: [beginning, rest], at, starts, BEGINNING_S, TONE_S, LOUD }) {
	const { context, frequency, gain } = probe.voice;
	const wait = (at - Date.now()) / 1000;
	const now = context.currentTime + wait;
	for (const start of starts) {
		frequency.setValueAtTime(beginning, now + start);
		gain.setValueAtTime(LOUD, now + start);
		frequency.setValueAtTime(rest, now + start + BEGINNING_S);
		gain.setValueAtTime(0, now + start + TONE_S);
	}
	await new Promise((resolve) => setTimeout(resolve, (wait + starts.at(-1) + TONE_S) * 1000));
}

/** Runs in the viewer's page: which of its two frequencies each voice has, a letter for each block, a point for neither. */
function listen({ voices, BLOCK_S, LOUD }) {
	window.heard = {};
	for (const [peerId, frequencies] of Object.entries(voices)) {
		window.heard[peerId] = '';
		const { srcObject } = document.querySelector(`audio[data-peer-id="${peerId}"]`);
		const { readable } = new MediaStreamTrackProcessor({ track: srcObject.getAudioTracks()[0], maxBufferSize: 1000 });
		const reader = readable.getReader();
		const samples = [];
		/** Goertzel's algorithm: the amplitude of a frequency. */
		const amplitude = (block, frequency, rate) => {
			const factor = 2 * Math.cos((2 * Math.PI * frequency) / rate);
			let [one, two] = [0, 0];
			for (const sample of block) [one, two] = [sample + factor * one - two, one];
			return (2 / block.length) * Math.sqrt(Math.max(0, one * one + two * two - factor * one * two));
		};
		const take = async () => {
			for (;;) {
				const { value, done } = await reader.read();
				if (done) return;
				const part = new Float32Array(value.numberOfFrames);
				value.copyTo(part, { planeIndex: 0, format: 'f32-planar' });
				const rate = value.sampleRate;
				value.close();
				samples.push(...part);
				for (const size = rate * BLOCK_S; samples.length >= size; ) {
					const block = samples.splice(0, size);
					const [a, b] = frequencies.map((frequency) => amplitude(block, frequency, rate));
					window.heard[peerId] += Math.max(a, b) < LOUD / 4 ? '.' : a > b ? 'a' : 'b';
				}
			}
		};
		void take();
	}
}

/** How many ms were heard of each tone's beginning and rest. */
function lengths(heard) {
	const count = (text, letter) => text.split(letter).length - 1;
	return heard
		.split(/\.{20,}/)
		.filter((tone) => tone.includes('a') || tone.includes('b'))
		.map((tone) => ['a', 'b'].map((letter) => Math.round(count(tone, letter) * BLOCK_S * 1000)));
}

/** Each speaker in turn plays this many tones; the viewer must hear all of them from the beginning. */
async function inTurn(t, viewer, speakers, rounds) {
	const listened = () => viewer.page.evaluate(() => window.heard);
	const before = await listened();
	const at = Date.now() + 2000; // by then, all have been told
	await Promise.all(
		speakers.map((speaker, i) => {
			const starts = Array.from({ length: rounds }, (_, round) => 0.3 + (round * speakers.length + i) * GAP_S);
			return speaker.page.evaluate(play, { tones: speaker.tones, at, starts, BEGINNING_S, TONE_S, LOUD });
		}),
	);
	await viewer.page.waitForTimeout(1000);
	const after = await listened();
	const all = speakers.map(({ peerId }) => lengths(after[peerId].slice(before[peerId].length)));
	t.diagnostic(JSON.stringify(all));
	for (const tones of all) assert.equal(tones.length, rounds, `not every tone was heard once: ${JSON.stringify(all)}`);
	const beginnings = all.flat().map(([beginning]) => beginning);
	const rests = all.flat().map(([, rest]) => rest);
	// A machine that stalls for a moment spoils one.
	const nearlyAll = (values, least) => values.filter((value) => value < least).length <= 1;
	const mean = (values) => values.reduce((sum, value) => sum + value) / values.length;
	// A packet has 20 ms. After silence, a decoder may shorten its concealment by a few ms.
	assert.ok(nearlyAll(beginnings, 25) && mean(beginnings) >= 35, `of 40 ms ${beginnings}`);
	assert.ok(nearlyAll(rests, 130), `of 160 ms ${rests}`);
}

test('no first syllable is cut off, neither in silence nor while three others murmur', LIMIT, async (t) => {
	const room = roomId();
	const speakers = [];
	for (let i = 0; i < SPEAKERS; i++) {
		const speaker = await Participant.join(bench, {
			room,
			kind: 'webinar',
			name: `Speaker ${i}`,
			speaker: true,
			early: () => probe.ownVoice(),
		});
		await speaker.click('camera-button');
		speaker.tones = tonesOf(i);
		speakers.push(speaker);
	}
	const viewer = await Participant.join(bench, { room, kind: 'webinar', name: 'Vera' });
	// There are no statistics of a voice that was never heard.
	const sounding = () =>
		viewer.page.evaluate(
			() => [...document.querySelectorAll('audio[data-peer-id]')].filter(({ srcObject }) => srcObject).length,
		);
	await until('all voices', async () => (await sounding()) === SPEAKERS, { describe: sounding });
	await viewer.page.evaluate(listen, {
		voices: Object.fromEntries(speakers.map(({ peerId, tones }) => [peerId, tones])),
		BLOCK_S,
		LOUD,
	});
	await until('silence to be withheld', () => bench.system.metric('amphi_dataplane_voices_withheld_packets_total'));

	await t.test('in silence', (t) => inTurn(t, viewer, speakers, 4));
	await t.test('while three others murmur', async (t) => {
		for (const speaker of speakers.slice(0, 3))
			await speaker.page.evaluate((gain) => (probe.voice.gain.value = gain), MURMUR);
		for (const speaker of speakers.slice(0, 3)) await viewer.hears(speaker); // so they are the three
		await inTurn(t, viewer, speakers.slice(3), 5);
	});
});
