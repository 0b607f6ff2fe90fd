import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LIMIT, openBench, Participant, roomId } from './harness.mjs';

const PROFILE = 'AES_CM_128_HMAC_SHA1_80';
const AS_CHROMIUM_SPELLS_IT = 'SRTP_AES128_CM_HMAC_SHA1_80';
const bench = openBench({ settings: { srtp_profiles: `["${PROFILE}"]` } });

test('media flows under the older SRTP profile too, both ways', LIMIT, async () => {
	const room = roomId();
	const speaker = await Participant.join(bench, { room, kind: 'webinar', name: 'Ada', speaker: true });
	const viewer = await Participant.join(bench, { room, kind: 'webinar', name: 'Vera' });
	await Promise.all([viewer.sees(speaker), viewer.hears(speaker)]);

	for (const [one, to, from] of [
		[speaker, 'bytesSent', 'bytesReceived'],
		[viewer, 'bytesReceived', 'bytesSent'],
	]) {
		const transports = await one.page.evaluate(() => probe.transports());
		const used = transports.filter(({ dtlsState }) => dtlsState === 'connected');
		assert.ok(used.length > 0, JSON.stringify(transports));
		for (const { srtpCipher } of used) assert.equal(srtpCipher, AS_CHROMIUM_SPELLS_IT);
		// Beside it may be one for chat alone.
		const [media] = used.sort((a, b) => b[to] - a[to]);
		assert.ok(media[to] > 2 * media[from], JSON.stringify(used));
	}
});
