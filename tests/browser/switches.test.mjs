// A number drawn into each of the camera's pictures, twice, and read back from what viewers are shown: whatever layers they
// change to, no picture is torn, comes twice or goes back in time.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { LIMIT, openBench, Participant, roomId, until } from './harness.mjs';

const VIEWERS = 5;
const WISHES_EACH = 200;
const WISH_MS = 150;

const bench = openBench();

/** Runs in the speaker's page: pictures of 16 bits in squares above, once more below, and something that moves between. */
function drawNumbers() {
	const draw = (context, number) => {
		context.fillStyle = `hsl(${number % 360} 60% 50%)`;
		context.fillRect(0, 0, 640, 360);
		context.fillStyle = 'white';
		context.fillRect((number * 7) % 600, 140, 40, 80);
		for (let bit = 0; bit < 16; bit++) {
			context.fillStyle = (number >> bit) & 1 ? 'white' : 'black';
			const [x, y] = [(bit % 8) * 80, bit < 8 ? 0 : 60];
			context.fillRect(x, y, 80, 60);
			context.fillRect(x, y + 240, 80, 60);
		}
	};
	probe.drawCamera(draw, { once: true });
}

/** Runs in a viewer's page: reads each picture that is shown of a peer. */
function readNumbers(peerId) {
	const video = document.querySelector(`video[data-peer-id="${peerId}"]`);
	const context = new OffscreenCanvas(64, 36).getContext('2d', { willReadFrequently: true });
	window.pictures = [];
	const take = () => {
		context.drawImage(video, 0, 0, 64, 36);
		const { data } = context.getImageData(0, 0, 64, 36);
		const read = (top) => {
			let number = 0;
			for (let bit = 0; bit < 16; bit++) {
				const [x, y] = [(bit % 8) * 8 + 4, top + (bit < 8 ? 3 : 9)];
				if (data[4 * (y * 64 + x) + 1] > 127) number |= 1 << bit;
			}
			return number;
		};
		window.pictures.push({ above: read(0), below: read(24), width: video.videoWidth });
		video.requestVideoFrameCallback(take);
	};
	video.requestVideoFrameCallback(take);
}

/** What is wrong with pictures in the order in which they were shown. */
function faultsOf(pictures) {
	const faults = [];
	for (const [i, now] of pictures.entries()) {
		const before = pictures[i - 1];
		if (now.above !== now.below) faults.push({ torn: now, before });
		// The moment at which the layer changes may be shown in both.
		else if (before && (now.above < before.above || (now.above === before.above && now.width === before.width))) faults.push({ again: now, before });
	}
	return faults;
}

test('a thousand changes of layers: no picture is torn or comes twice', LIMIT, async (t) => {
	const room = roomId();
	const speaker = await Participant.join(bench, { room, kind: 'webinar', name: 'Ada', speaker: true, codec: 'vp8', early: drawNumbers });
	const viewers = [];
	for (let i = 0; i < VIEWERS; i++) viewers.push(await Participant.join(bench, { room, kind: 'webinar', name: `Vera ${i}` }));
	await until('two sizes to be sent', async () => (await speaker.sentWidths()).length > 1, { describe: () => speaker.sentWidths() });
	for (const viewer of viewers) {
		await viewer.sees(speaker);
		await viewer.page.evaluate(readNumbers, speaker.peerId);
	}

	// Another size takes a key frame, of which there is one a second.
	const spatial = [];
	for (let wish = 0; wish < WISHES_EACH; wish++) {
		for (const [i, viewer] of viewers.entries()) {
			if (wish % 7 === i) spatial[i] = Math.floor(Math.random() * 3);
			const layers = [spatial[i] ?? 0, Math.floor(Math.random() * 3)];
			await viewer.page.evaluate(([peer, ...layers]) => window.amphi.setPreferredLayers(peer, ...layers), [speaker.peerId, ...layers]);
		}
		await sleep(WISH_MS);
	}

	const seen = await Promise.all(viewers.map((viewer) => viewer.page.evaluate(() => window.pictures)));
	const sizes = seen.map((pictures) => pictures.filter(({ width }, i) => i > 0 && width !== pictures[i - 1].width).length);
	t.diagnostic(`pictures ${seen.map(({ length }) => length)}, changes of size ${sizes}`);
	for (const pictures of seen) {
		assert.deepEqual(faultsOf(pictures).slice(0, 3), []);
		assert.ok(pictures.length > 100, `${pictures.length} pictures`);
	}
	assert.ok(Math.min(...sizes) > 5, `sizes changed ${sizes} times`);
});
