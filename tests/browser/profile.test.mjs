import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LIMIT, openBench, Participant, roomId, until } from './harness.mjs';

const PROFILE = 'AES_CM_128_HMAC_SHA1_80';
const AS_CHROMIUM_SPELLS_IT = 'SRTP_AES128_CM_HMAC_SHA1_80';
const bench = openBench({ settings: { srtp_profiles: `["${PROFILE}"]` } });

test('media flows under the older SRTP profile too, both ways', LIMIT, async () => {
	const room = roomId();
	const speaker = await Participant.join(bench, { room, kind: 'webinar', name: 'Ada', speaker: true });
	const viewer = await Participant.join(bench, { room, kind: 'webinar', name: 'Vera' });
	await Promise.all([viewer.sees(speaker), viewer.hears(speaker)]);

	// The speaker receives chat by a second one.
	for (const [one, to, from, wanted] of [
		[speaker, 'bytesSent', 'bytesReceived', 2],
		[viewer, 'bytesReceived', 'bytesSent', 1],
	]) {
		const connected = async () =>
			(await one.page.evaluate(() => probe.transports())).filter(({ dtlsState }) => dtlsState === 'connected');
		await until(`${one.name}'s transports`, async () => (await connected()).length === wanted);
		const used = await connected();
		for (const { srtpCipher } of used) assert.equal(srtpCipher, AS_CHROMIUM_SPELLS_IT);
		const [media] = used.sort((a, b) => b[to] - a[to]);
		assert.ok(media[to] > 2 * media[from], JSON.stringify(used));
	}
});
