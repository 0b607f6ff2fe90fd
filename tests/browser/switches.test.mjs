// Draws a number into each of the camera's frames, twice, and reads it back from what viewers see: whichever layer they
// change to, no frame is torn, arrives twice or is older than the one before.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Cable } from '../../bench/quality/cable.mjs';
import { browserBehind, Cleaner } from '../../bench/quality/viewers.mjs';
import { LIMIT, openBench, Participant, roomId, until } from './harness.mjs';

const WISH_MS = 150;

/** How many viewers request how many changes each, and how often the size must change at least for each. */
const CODECS = {
	vp8: { viewers: 5, wishes: 200, sizes: 6 },
	h264: { viewers: 3, wishes: 60, sizes: 2 },
	vp9: { viewers: 3, wishes: 60, sizes: 2 },
	av1: { viewers: 3, wishes: 60 }, // temporal layers alone
};

const bench = openBench();

/**
 * Runs in the speaker's page: frames with 16 bits as squares at the top, again at the bottom, and something that moves in
 * between; or noise, so that each encoding uses all its bitrate.
 */
function drawNumbers({ noise = false } = {}) {
	const grain = new ImageData(640, 120);
	const draw = (context, number) => {
		context.fillStyle = `hsl(${number % 360} 60% 50%)`;
		context.fillRect(0, 0, 640, 360);
		context.fillStyle = 'white';
		context.fillRect((number * 7) % 600, 140, 40, 80);
		if (noise) {
			const pixels = new Uint32Array(grain.data.buffer);
			for (let i = 0; i < pixels.length; i++) pixels[i] = 0xff000000 | (Math.random() * 0x1000000);
			context.putImageData(grain, 0, 120);
		}
		for (let bit = 0; bit < 16; bit++) {
			context.fillStyle = (number >> bit) & 1 ? 'white' : 'black';
			const [x, y] = [(bit % 8) * 80, bit < 8 ? 0 : 60];
			context.fillRect(x, y, 80, 60);
			context.fillRect(x, y + 240, 80, 60);
		}
	};
	probe.drawCamera(draw, { once: true });
}

/** Runs in a viewer's page: reads each frame shown of a peer. */
function readNumbers(peerId) {
	const video = document.querySelector(`video[data-peer-id="${peerId}"]`);
	const context = new OffscreenCanvas(64, 36).getContext('2d', { willReadFrequently: true });
	window.pictures = [];
	const take = () => {
		// The frame that the element shows now, which a late callback may find to be the next one already.
		const frame = new VideoFrame(video);
		const { timestamp } = frame;
		context.drawImage(frame, 0, 0, 64, 36);
		frame.close();
		video.requestVideoFrameCallback(take);
		if (timestamp === window.pictures.at(-1)?.timestamp) return;
		const { data } = context.getImageData(0, 0, 64, 36);
		const read = (top) => {
			let number = 0;
			for (let bit = 0; bit < 16; bit++) {
				const [x, y] = [(bit % 8) * 8 + 4, top + (bit < 8 ? 3 : 9)];
				if (data[4 * (y * 64 + x) + 1] > 127) number |= 1 << bit;
			}
			return number;
		};
		window.pictures.push({ timestamp, above: read(0), below: read(24), width: video.videoWidth });
	};
	video.requestVideoFrameCallback(take);
}

/** The errors in frames, given in the order in which they were shown. */
function faultsOf(pictures) {
	const faults = [];
	for (const [i, now] of pictures.entries()) {
		const before = pictures[i - 1];
		if (now.above !== now.below) faults.push({ torn: now, before });
		// The moment at which the layer changes may be shown in both.
		else if (before && (now.above < before.above || (now.above === before.above && now.width === before.width)))
			faults.push({ again: now, before });
	}
	return faults;
}

const sizesOf = (pictures) => pictures.filter(({ width }, i) => i > 0 && width !== pictures[i - 1].width).length;

for (const [codec, { viewers: number, wishes, sizes }] of Object.entries(CODECS))
	test(`${number * wishes} layer changes of ${codec}: no frame is torn or comes twice`, LIMIT, async (t) => {
		const room = roomId();
		const speaker = await Participant.join(bench, {
			room,
			kind: 'webinar',
			name: 'Ada',
			speaker: true,
			codec,
			early: drawNumbers,
		});
		const viewers = [];
		for (let i = 0; i < number; i++)
			viewers.push(await Participant.join(bench, { room, kind: 'webinar', name: `Vera ${i}` }));
		if (sizes)
			await until('two sizes to be sent', async () => (await speaker.sentWidths()).length > 1, {
				describe: () => speaker.sentWidths(),
			});
		for (const viewer of viewers) {
			await viewer.sees(speaker);
			await viewer.page.evaluate(readNumbers, speaker.peerId);
		}
		assert.equal((await viewers[0].video(speaker)).codec.toLowerCase(), `video/${codec}`);

		// Another size requires a key frame. A viewer may cause four at once, then one every five seconds; a viewer that
		// requests more has to wait, longer each time.
		const spatial = [];
		const isNewSize = (turn) => turn >= 0 && (turn < 28 ? turn % 7 === 0 : turn % 36 === 28);
		for (let wish = 0; wish < wishes; wish++) {
			for (const [i, viewer] of viewers.entries()) {
				if (isNewSize(wish - i)) spatial[i] = spatial[i] ? 0 : 1 + Math.floor(Math.random() * 2);
				const layers = [spatial[i] ?? 0, Math.floor(Math.random() * 3)];
				await viewer.page.evaluate(
					([peer, ...layers]) => window.amphi.setPreferredLayers(peer, ...layers),
					[speaker.peerId, ...layers],
				);
			}
			await sleep(WISH_MS);
		}

		const seen = await Promise.all(viewers.map((viewer) => viewer.page.evaluate(() => window.pictures)));
		const changes = seen.map(sizesOf);
		/** The share of the frames sent meanwhile. */
		const shares = seen.map((pictures) => pictures.length / (pictures.at(-1).above - pictures[0].above + 1));
		t.diagnostic(
			`pictures ${seen.map(({ length }) => length)}, changes of size ${changes}, of all ${shares.map((share) => share.toFixed(2))}`,
		);
		for (const pictures of seen) {
			assert.deepEqual(faultsOf(pictures).slice(0, 3), []);
			assert.ok(pictures.length > wishes / 2, `${pictures.length} pictures`);
		}
		if (sizes) assert.ok(Math.min(...changes) >= sizes, `sizes changed ${changes} times`);
		else assert.ok(Math.max(...shares) < 0.9, `somebody has seen all: ${shares}`);
	});

test('a link that becomes narrow and wide again and again: no frame is torn or comes twice', LIMIT, async (t) => {
	const cleaner = new Cleaner();
	t.after(() => cleaner.clean());
	const cable = await Cable.lay({ via: bench.system.interface, first: ['rate 3m'] });
	cleaner.push(() => cable.close());
	const browser = await browserBehind(cable, cleaner, bench.system.url);
	const room = roomId();
	const early = `(${drawNumbers})({ noise: true })`;
	const speaker = await Participant.join(bench, { room, kind: 'webinar', name: 'Ada', speaker: true, codec: 'vp8', early });
	const viewer = await Participant.join(bench, { room, kind: 'webinar', name: 'Vera', browser });
	const [low, high] = await until(
		'two sizes to be sent',
		async () => {
			const widths = await speaker.sentWidths();
			return widths.length > 1 && widths;
		},
		{ describe: () => speaker.sentWidths() },
	);
	await viewer.sees(speaker);
	await viewer.page.evaluate(readNumbers, speaker.peerId);

	const pictures = () => viewer.page.evaluate(() => window.pictures);
	for (let round = 0; round < 3; round++)
		for (const [rate, right] of [
			['3m', (width) => width > low],
			['600k', undefined],
			['250k', (width) => width < high],
		]) {
			await cable.tell([`rate ${rate}`]);
			const now = async () => (await pictures()).at(-1).width;
			if (right)
				await until(`the right size at ${rate}`, async () => right(await now()), { timeout: 60_000, describe: now });
			await sleep(1500);
		}
	const seen = await pictures();
	const changes = sizesOf(seen);
	t.diagnostic(`pictures ${seen.length}, changes of size ${changes}`);
	assert.deepEqual(faultsOf(seen).slice(0, 3), []);
});
