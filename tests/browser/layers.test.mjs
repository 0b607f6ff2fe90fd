import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LIMIT, openBench, Participant, roomId, until } from './harness.mjs';

const bench = openBench();

// Simulcast encodings, of which unwatched ones are not sent, and spatial layers.
for (const codec of ['vp8', 'vp9'])
	test(`a viewer gets the layer of ${codec} that it asks for, without a freeze`, LIMIT, async (t) => {
		const simulcast = codec === 'vp8';
		const room = roomId();
		const speaker = await Participant.join(bench, { room, kind: 'webinar', name: 'Ada', speaker: true, codec });
		const viewer = await Participant.join(bench, { room, kind: 'webinar', name: 'Vera' });
		const prefer = (layer) =>
			viewer.page.evaluate(([peer, layer]) => window.amphi.setPreferredLayers(peer, layer, 2), [speaker.peerId, layer]);
		/** Waits for frames of the layer, or of the largest below it: a busy browser sends two, and smaller ones. */
		const comes = (layer) =>
			until(
				`frames of layer ${layer}`,
				async () => {
					const sent = await speaker.sentWidths();
					return sent.length > 1 && (await viewer.video(speaker)).frameWidth === sent[Math.min(layer, sent.length - 1)];
				},
				{ describe: async () => [await speaker.sentWidths(), await viewer.video(speaker)] },
			);

		await viewer.sees(speaker);
		// More than one is sent when the browser's estimate of its bandwidth has grown.
		await comes(2);
		await viewer.watch(speaker);

		await prefer(0);
		await comes(0);
		await viewer.sees(speaker);
		if (simulcast) {
			await until(
				'what nobody watches to go off',
				async () => (await speaker.activeEncodings()).join() === 'true,false,false',
				{ timeout: 20_000 },
			);
			await until('it to be sent no more', async () => (await speaker.sentWidths()).length === 1);
		}

		const wished = Date.now();
		await prefer(1);
		await comes(1);
		t.diagnostic(`layer 1 after ${Date.now() - wished} ms`);
		if (simulcast) assert.deepEqual(await speaker.activeEncodings(), [true, true, false]);
		await viewer.sees(speaker);

		await prefer(2);
		await comes(2);
		await viewer.sees(speaker);
		if (simulcast) await until('all to be on', async () => (await speaker.activeEncodings()).join() === 'true,true,true');

		const seen = await viewer.stopWatching();
		t.diagnostic(JSON.stringify(seen));
		assert.ok(seen.longestGap < 1000 + seen.longestBlind, `the picture stood still: ${JSON.stringify(seen)}`);
	});

// A small tile first requests the lower temporal layers: they must be all that a decoder needs.
for (const codec of ['vp8', 'vp9', 'h264'])
	test(`the ${codec} video of a small tile is decoded`, LIMIT, async () => {
		const room = roomId();
		const speaker = await Participant.join(bench, { room, kind: 'webinar', name: 'Ada', speaker: true, codec });
		const viewport = { width: 190, height: 400 };
		const viewer = await Participant.join(bench, { room, kind: 'webinar', name: 'Vera', viewport });
		await viewer.sees(speaker);
		// If a layer's dependencies were missing, the viewer would keep requesting key frames and show little else.
		const frames = () => viewer.page.evaluate(() => probe.frames('inbound-rtp'));
		const before = await frames();
		await viewer.decodes(speaker, 60, { timeout: 90_000 });
		const now = await frames();
		const [received, decoded, keys] = ['framesReceived', 'framesDecoded', 'keyFramesDecoded'].map(
			(name) => now[name] - before[name],
		);
		assert.ok(decoded >= 0.8 * received && keys < decoded / 4, JSON.stringify({ received, decoded, keys }));
	});

test('the connection panel shows how much arrives, and why not more', LIMIT, async (t) => {
	const room = roomId();
	const speaker = await Participant.join(bench, {
		room,
		kind: 'webinar',
		name: 'Ada',
		speaker: true,
		codec: 'vp8',
		lang: 'ru',
	});
	const viewer = await Participant.join(bench, { room, kind: 'webinar', name: 'Vera', lang: 'en' });
	await viewer.sees(speaker);
	await until('a second size to be sent', async () => (await speaker.sentWidths()).length > 1);
	await viewer.page.evaluate((peer) => window.amphi.setPreferredLayers(peer, 0, 2), speaker.peerId);
	for (const one of [viewer, speaker]) {
		await one.click('more-button');
		await one.click('connection-button');
	}

	const picture = viewer.test('connection-picture');
	await until('the reason to be the wish', async () => (await picture.getAttribute('data-limit')) === 'asked', {
		describe: () => picture.evaluateAll((all) => all.map((one) => one.outerHTML)),
	});
	const text = await picture.innerText();
	t.diagnostic(text);
	assert.match(text, /^Ada/);
	assert.match(text, /\d+×\d+ · \d+ kbit\/s/);
	assert.match(text, /matches its size on your screen/);
	const bitrate = viewer.test('connection-receiving-bitrate');
	await until('a bitrate', async () => /^[1-9][\d.]* [kM]bit\/s$/.test(await bitrate.innerText()), {
		describe: () => bitrate.innerText(),
	});
	for (const share of ['loss', 'repeated'])
		assert.match(await viewer.test(`connection-receiving-${share}`).innerText(), /^[\d.]+%$/);
	assert.match(await viewer.test('connection-receiving-jitter').innerText(), /^\d+ ms$/);
	const sound = viewer.test('connection-sound');
	assert.match(await sound.innerText(), /^Ada\s+[1-9]\d* kbit\/s/);
	assert.match(await viewer.test('connection-receiving-estimate').innerText(), /^[\d.]+ [kM]bit\/s$/);
	assert.equal(await viewer.test('connection-sending').count(), 0); // a viewer sends nothing

	await speaker.page.getByRole('heading', { name: 'Соединение' }).waitFor();
	await speaker.page.getByRole('heading', { name: 'Вы отправляете' }).waitFor();
	const sending = speaker.test('connection-sending-bitrate');
	await until('a bitrate in Russian', async () => /^[1-9][\d,]* [кМ]бит\/с$/.test(await sending.innerText()), {
		describe: () => sending.innerText(),
	});
	await viewer.click('connection-close');
	await viewer.test('connection').waitFor({ state: 'detached' });
});
