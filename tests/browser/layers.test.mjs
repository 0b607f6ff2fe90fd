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
	/** Waits for frames of the layer, or of the largest below it: a busy browser sends two, and smaller ones. */
	const comes = (layer) =>
		until(`frames of layer ${layer}`, async () => {
			const sent = await speaker.sentWidths();
			return sent.length > 1 && (await viewer.video(speaker)).frameWidth === sent[Math.min(layer, sent.length - 1)];
		}, { describe: async () => [await speaker.sentWidths(), await viewer.video(speaker)] });

	await viewer.sees(speaker);
	// More than one is sent when the browser's estimate of its bandwidth has grown.
	await comes(2);
	await viewer.watch(speaker);

	await prefer(0);
	await comes(0);
	await viewer.sees(speaker);

	await prefer(1);
	await comes(1);
	await viewer.sees(speaker);

	await prefer(2);
	await comes(2);
	await viewer.sees(speaker);

	const seen = await viewer.stopWatching();
	t.diagnostic(JSON.stringify(seen));
	assert.ok(seen.longestGap < 1000 + seen.longestBlind, `the picture stood still: ${JSON.stringify(seen)}`);
});

// A small tile's first wish is the lower temporal layers: they must be all that a decoder needs.
for (const codec of ['vp8', 'vp9', 'h264']) test(`a small tile's pictures of ${codec} are decoded`, LIMIT, async () => {
	const room = roomId();
	const speaker = await Participant.join(bench, { room, kind: 'webinar', name: 'Ada', speaker: true, codec });
	const viewport = { width: 190, height: 400 };
	const viewer = await Participant.join(bench, { room, kind: 'webinar', name: 'Vera', viewport });
	await viewer.sees(speaker);
	// Without what a layer needs there are key frames, asked for again and again, and little else.
	const frames = () =>
		viewer.page.evaluate(async () => {
			const reports = await Promise.all(probe.connections.map(async (connection) => [...(await connection.getStats()).values()]));
			const { framesReceived, framesDecoded, keyFramesDecoded } = reports.flat().find(({ type, kind }) => type === 'inbound-rtp' && kind === 'video');
			return { framesReceived, framesDecoded, keyFramesDecoded };
		});
	const before = await frames();
	await viewer.decodes(speaker, 60, { timeout: 90_000 });
	const now = await frames();
	const [received, decoded, keys] = Object.keys(now).map((name) => now[name] - before[name]);
	assert.ok(decoded >= 0.8 * received && keys < decoded / 4, JSON.stringify({ received, decoded, keys }));
});
