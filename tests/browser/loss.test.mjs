import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Cable } from '../../bench/quality/cable.mjs';
import { browserBehind, Cleaner } from '../../bench/quality/viewers.mjs';
import { LIMIT, openBench, Participant, roomId, until } from './harness.mjs';

const bench = openBench();

/** Longer than any wait for a repair: packets that the speaker's link loses arrive after the viewers have moved on. */
const FAR = ['down delay 100ms', 'up delay 100ms'];

const SEEN = ['framesReceived', 'framesDecoded', 'keyFramesDecoded', 'pliCount', 'nackCount', 'totalFreezesDuration'];
const SENT = ['framesSent', 'keyFramesEncoded', 'pliCount', 'retransmittedPacketsSent'];

// If a frame of a higher layer is missing, a browser cannot tell that it does not need it: AV1 without its dependency
// descriptor has nothing but sequence numbers.
// proves F09
test('losses of a distant speaker do not stop viewers of its lowest temporal layer', LIMIT, async (t) => {
	const cleaner = new Cleaner();
	t.after(() => cleaner.clean());
	const cable = await Cable.lay({ via: bench.system.interface, first: FAR });
	cleaner.push(() => cable.close());
	const far = await browserBehind(cable, cleaner, bench.system.url);
	const room = roomId();
	const speaker = await Participant.join(bench, {
		room,
		kind: 'webinar',
		name: 'Ada',
		speaker: true,
		codec: 'av1',
		browser: far,
	});
	const viewer = await Participant.join(bench, { room, kind: 'webinar', name: 'Vera' });
	await viewer.sees(speaker);
	assert.match((await viewer.video(speaker)).codec, /av1/i);
	await viewer.page.evaluate((peer) => window.amphi.setPreferredLayers(peer, 0, 0), speaker.peerId);
	await viewer.decodes(speaker, 10);

	await cable.tell(['up loss 5%']);
	const all = async () => ({
		sent: await speaker.counts('outbound-rtp', 'video', SENT),
		seen: await viewer.counts('inbound-rtp', 'video', SEEN),
	});
	const before = await all();
	const after = await until(
		'pictures to be sent',
		async () => {
			const now = await all();
			return now.sent.framesSent >= before.sent.framesSent + 450 && now;
		},
		{ timeout: 120_000 },
	);
	const grown = (what, names) => Object.fromEntries(names.map((name) => [name, after[what][name] - before[what][name]]));
	const [sent, seen] = [grown('sent', SENT), grown('seen', SEEN)];
	const text = JSON.stringify({ sent, seen });
	t.diagnostic(text);
	assert.ok(sent.retransmittedPacketsSent > 10 && seen.nackCount > 5, `nothing was missing: ${text}`);
	assert.equal(seen.pliCount, 0, text);
	assert.ok(seen.framesDecoded >= 0.2 * sent.framesSent, text);
});

/** Runs in a page before its own code, so that the page does not announce redundant audio (RFC 2198). */
function knowNoRed() {
	const { send } = WebSocket.prototype;
	WebSocket.prototype.send = function (text) {
		const message = JSON.parse(text);
		const { rtpCapabilities } = message.data ?? {};
		if (rtpCapabilities) rtpCapabilities.codecs = rtpCapabilities.codecs.filter(({ mimeType }) => !/\/red$/i.test(mimeType));
		send.call(this, JSON.stringify(message));
	};
}

const HEARD = ['totalSamplesReceived', 'concealedSamples', 'silentConcealedSamples', 'packetsReceived', 'bytesReceived'];

// proves F09
test('little sound is missing despite losses, since it is sent twice', LIMIT, async (t) => {
	const cleaner = new Cleaner();
	t.after(() => cleaner.clean());
	const cable = await Cable.lay({ via: bench.system.interface, first: [] });
	cleaner.push(() => cable.close());
	const browser = await browserBehind(cable, cleaner, bench.system.url);
	const webinar = { room: roomId(), kind: 'webinar' };
	const speaker = await Participant.join(bench, { ...webinar, name: 'Ada', speaker: true, early: () => probe.ownVoice() });
	await speaker.click('camera-button');
	await speaker.page.evaluate(() => (probe.voice.gain.value = 0.3));
	const viewer = await Participant.join(bench, { ...webinar, name: 'Vera', browser });
	const plain = await Participant.join(bench, { ...webinar, name: 'Plain', browser, early: knowNoRed });
	const both = [viewer, plain];
	await Promise.all(both.map((one) => one.hears(speaker)));
	const counts = () => Promise.all(both.map((one) => one.counts('inbound-rtp', 'audio', HEARD)));
	/** For both viewers, over this many seconds: % of audio concealed, and bytes per packet. */
	const hear = async (seconds) => {
		const before = await counts();
		await viewer.page.waitForTimeout(seconds * 1000);
		return (await counts()).map((now, i) => {
			const grown = (name) => now[name] - before[i][name];
			const concealed =
				(100 * (grown('concealedSamples') - grown('silentConcealedSamples'))) / grown('totalSamplesReceived');
			return { concealed, size: grown('bytesReceived') / grown('packetsReceived') };
		});
	};
	let heard = await hear(2);
	const says = () => JSON.stringify(heard);
	t.diagnostic(`without loss: ${says()}`);
	const twice = () => heard[0].size > 1.5 * heard[1].size;
	assert.ok(heard.every(({ size }) => size > 0) && !twice(), says());

	await cable.tell(['loss 20%']);
	await until(
		'sound to come twice',
		async () => {
			heard = await hear(1);
			return twice();
		},
		{ describe: says },
	);
	heard = await hear(10);
	t.diagnostic(`at 20 %: ${says()}`);
	const [{ concealed }, { concealed: without }] = heard;
	assert.ok(twice() && concealed < without / 2, says());
});
