import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Cable } from '../../bench/quality/cable.mjs';
import { browserBehind, Cleaner } from '../../bench/quality/viewers.mjs';
import { LIMIT, openBench, Participant, roomId, until } from './harness.mjs';

const bench = openBench();

/** Longer than anybody waits for a repair: what the speaker's way loses comes after the viewers have gone on. */
const FAR = ['down delay 100ms', 'up delay 100ms'];

/** What somebody's only picture has come to, in or out. */
const counts = (one, type, names) =>
	one.page.evaluate(async ([type, names]) => {
		const reports = await Promise.all(probe.connections.map((connection) => connection.getStats()));
		const of = reports.flatMap((report) => [...report.values()]).find((entry) => entry.type === type && entry.kind === 'video');
		return Object.fromEntries(names.map((name) => [name, of[name] ?? 0]));
	}, [type, names]);
const SEEN = ['framesReceived', 'framesDecoded', 'keyFramesDecoded', 'pliCount', 'nackCount', 'totalFreezesDuration'];
const SENT = ['framesSent', 'keyFramesEncoded', 'pliCount', 'retransmittedPacketsSent'];

// Where a frame of the layers above is missing, a browser cannot tell that it needs nothing of it: AV1 without its
// dependency descriptor has sequence numbers alone.
test('losses of a distant speaker do not stop who sees its lowest temporal layer', LIMIT, async (t) => {
	const cleaner = new Cleaner();
	t.after(() => cleaner.clean());
	const cable = await Cable.lay({ via: bench.system.interface, first: FAR });
	cleaner.push(() => cable.close());
	const far = await browserBehind(cable, cleaner, bench.system.url);
	const room = roomId();
	const speaker = await Participant.join(bench, { room, kind: 'webinar', name: 'Ada', speaker: true, codec: 'av1', browser: far });
	const viewer = await Participant.join(bench, { room, kind: 'webinar', name: 'Vera' });
	await viewer.sees(speaker);
	assert.match((await viewer.video(speaker)).codec, /av1/i);
	await viewer.page.evaluate((peer) => window.amphi.setPreferredLayers(peer, 0, 0), speaker.peerId);
	await viewer.decodes(speaker, 10);

	await cable.tell(['up loss 5%']);
	const all = async () => ({ sent: await counts(speaker, 'outbound-rtp', SENT), seen: await counts(viewer, 'inbound-rtp', SEEN) });
	const before = await all();
	const after = await until('pictures to be sent', async () => {
		const now = await all();
		return now.sent.framesSent >= before.sent.framesSent + 450 && now;
	}, { timeout: 120_000 });
	const grown = (what, names) => Object.fromEntries(names.map((name) => [name, after[what][name] - before[what][name]]));
	const [sent, seen] = [grown('sent', SENT), grown('seen', SEEN)];
	const text = JSON.stringify({ sent, seen });
	t.diagnostic(text);
	assert.ok(sent.retransmittedPacketsSent > 10 && seen.nackCount > 5, `nothing was missing: ${text}`);
	assert.equal(seen.pliCount, 0, text);
	assert.ok(seen.framesDecoded >= 0.2 * sent.framesSent, text);
});
