import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LIMIT, openBench, Participant, roomId } from './harness.mjs';

const bench = openBench();

// proves P03, U07
test('a webinar: two viewers see and hear the speaker, and cannot publish', LIMIT, async (t) => {
	const room = roomId();
	const join = (name, speaker) => Participant.join(bench, { room, kind: 'webinar', name, speaker });
	// One viewer is there before the speaker, the other comes later.
	const early = await join('Early Viewer');
	const speaker = await join('Ada Lovelace', true);
	const late = await join('Late Viewer', false);
	const viewers = [early, late];

	await t.test('both see moving video and hear sound', async () => {
		await Promise.all(viewers.flatMap((viewer) => [viewer.sees(speaker), viewer.hears(speaker)]));
		// The profile that the configuration prefers; the other one has a separate test.
		for (const viewer of viewers) assert.equal((await viewer.stats()).srtpCipher, 'SRTP_AEAD_AES_128_GCM');
	});

	await t.test('the only tile is the speaker’s, with the name on it', async () => {
		for (const viewer of viewers) {
			await viewer.seesNames(speaker);
			assert.equal(await viewer.page.locator('[data-local=true]').count(), 0);
		}
		await speaker.seesNames(speaker);
	});

	await t.test('viewers are never asked for a device', async () => {
		for (const viewer of viewers) {
			assert.equal(await viewer.page.evaluate(() => probe.userMediaCalls), 0);
			for (const button of ['mic-button', 'camera-button']) assert.equal(await viewer.test(button).count(), 0);
		}
		assert.ok((await speaker.page.evaluate(() => probe.userMediaCalls)) > 0, 'the count of calls is blind');
	});

	await t.test('the server refuses tracks that a viewer tries to produce', async () => {
		const publish = speaker.page.evaluate(() => probe.sent.find(({ method }) => method === 'produce').data);
		const [transport] = await late.page.evaluate(() => probe.answers('createWebRtcTransport'));
		const answer = await late.request('produce', { ...(await publish), transportId: transport.id });
		assert.equal(answer.ok, false, JSON.stringify(answer));

		const sending = await late.request('createWebRtcTransport', { forceTcp: false, producing: true, consuming: false });
		if (sending.ok) {
			const again = await late.request('produce', { ...(await publish), transportId: sending.data.id });
			assert.equal(again.ok, false, JSON.stringify(again));
		}
		await early.seesNames(speaker);
		await early.sees(speaker);
	});
});
