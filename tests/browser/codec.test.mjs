import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LIMIT, openBench, Participant, roomId } from './harness.mjs';

const bench = openBench();

for (const codec of ['vp8', 'h264', 'vp9', 'av1'])
	test(`a viewer decodes ${codec}`, LIMIT, async () => {
		const room = roomId();
		const speaker = await Participant.join(bench, { room, kind: 'webinar', name: 'Ada', speaker: true, codec });
		const viewer = await Participant.join(bench, { room, kind: 'webinar', name: 'Vera' });
		await Promise.all([viewer.sees(speaker), viewer.hears(speaker)]);
		assert.equal((await viewer.video(speaker)).codec.toLowerCase(), `video/${codec}`);
	});
