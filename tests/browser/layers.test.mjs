import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LIMIT, openBench, Participant, roomId, until } from './harness.mjs';

const bench = openBench();

// Encodings of simulcast, and spatial layers.
for (const codec of ['vp8', 'vp9']) test(`a viewer gets the layer of ${codec} it asks for, without a freeze`, LIMIT, async (t) => {
	const room = roomId();
	const speaker = await Participant.join(bench, { room, kind: 'webinar', name: 'Ada', speaker: true, codec });
	const viewer = await Participant.join(bench, { room, kind: 'webinar', name: 'Vera' });
	const prefer = (layer) =>
		viewer.page.evaluate(([peer, layer]) => window.amphi.setPreferredLayers(peer, layer, 2), [speaker.peerId, layer]);
	const width = async () => (await viewer.video(speaker)).frameWidth;
	const widthIs = (what, check) =>
		until(`frames to be ${what}`, async () => check(await width()), { describe: () => viewer.video(speaker) });

	await viewer.sees(speaker);
	// All three are sent when the browser's estimate of its bandwidth has grown.
	await widthIs('as wide as the camera’s', (w) => w === 1280);
	await viewer.watch(speaker);

	await prefer(0);
	await widthIs('a quarter as wide', (w) => w === 320);
	await viewer.sees(speaker);

	await prefer(1);
	await widthIs('half as wide', (w) => w === 640);
	await viewer.sees(speaker);

	await prefer(2);
	await widthIs('as wide as the camera’s', (w) => w === 1280);
	await viewer.sees(speaker);

	const seen = await viewer.stopWatching();
	t.diagnostic(JSON.stringify(seen));
	assert.ok(seen.longestGap < 1000, `the picture stood still: ${JSON.stringify(seen)}`);
});

// A small tile's first wish is the lower temporal layers: they must be all that a decoder needs.
for (const codec of ['vp8', 'vp9', 'h264']) test(`a small tile's pictures of ${codec} are decoded`, LIMIT, async () => {
	const room = roomId();
	const speaker = await Participant.join(bench, { room, kind: 'webinar', name: 'Ada', speaker: true, codec });
	const viewport = { width: 190, height: 400 };
	const viewer = await Participant.join(bench, { room, kind: 'webinar', name: 'Vera', viewport });
	await viewer.sees(speaker);
	await viewer.decodes(speaker, 60, { timeout: 15_000 });
});
