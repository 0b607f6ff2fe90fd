import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LIMIT, openBench, Participant, roomId, until } from './harness.mjs';

const bench = openBench();

for (const codec of ['vp8', 'h264', 'vp9', 'av1'])
	test(`a viewer decodes ${codec}`, LIMIT, async (t) => {
		const room = roomId();
		const speaker = await Participant.join(bench, { room, kind: 'webinar', name: 'Ada', speaker: true, codec });
		const viewer = await Participant.join(bench, { room, kind: 'webinar', name: 'Vera' });
		await Promise.all([viewer.sees(speaker), viewer.hears(speaker)]);
		assert.equal((await viewer.video(speaker)).codec.toLowerCase(), `video/${codec}`);
		// It also accepts redundant audio, which its browser refuses if the description is wrong.
		const answers = await viewer.page.evaluate(() =>
			probe.connections.map(({ localDescription }) => localDescription?.sdp ?? ''),
		);
		assert.ok(
			answers.some((sdp) => /^a=fmtp:109 100\/100\r?$/m.test(sdp)),
			answers.join('\n'),
		);
		if (codec === 'av1') await thinsOut(t, speaker, viewer);
	});

/** The lowest of three temporal layers is every fourth frame; all of them come back. */
async function thinsOut(t, speaker, viewer) {
	for (const [layer, least, most] of [
		[0, 0.15, 0.4],
		[2, 0.8, 1.2],
	]) {
		await viewer.page.evaluate(([peer, layer]) => window.amphi.setPreferredLayers(peer, 0, layer), [speaker.peerId, layer]);
		await viewer.sees(speaker);
		const counts = async () => ({
			...(await viewer.page.evaluate(() => probe.frames('inbound-rtp'))),
			framesSent: (await speaker.page.evaluate(() => probe.frames('outbound-rtp'))).framesSent,
		});
		const before = await counts();
		const after = await until('frames to be sent', async () => {
			const now = await counts();
			return now.framesSent >= before.framesSent + 40 && now;
		});
		const [sent, received, decoded, keys] = ['framesSent', 'framesReceived', 'framesDecoded', 'keyFramesDecoded'].map(
			(name) => after[name] - before[name],
		);
		const seen = `temporal layer ${layer}: ${JSON.stringify({ sent, received, decoded, keys })}`;
		t.diagnostic(seen);
		assert.ok(received >= least * sent && received <= most * sent, seen);
		assert.ok(decoded >= received - 3 && keys <= 1, seen);
	}
}
