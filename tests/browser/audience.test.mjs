import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openBench, Participant, roomId } from './harness.mjs';

const bench = openBench({ integrator: true });

/** The work of twelve browsers on a machine with two cores. */
const PATIENT = { timeout: 60_000 };

// proves P03, B02, R04
test('a webinar of twelve: one speaks, one moderates, ten watch and listen', { timeout: 600_000 }, async () => {
	const room = roomId();
	const join = (name, more) =>
		Participant.join(bench, { room, kind: 'webinar', name, viewport: { width: 480, height: 270 }, ...more });
	const speaker = await join('Ada', { speaker: true, colour: 'teal' });
	const moderator = await join('Mod', { claims: { role: 'moderator' } });
	const viewers = [];
	for (let n = 1; n <= 10; n++) viewers.push(await join(`Viewer ${n}`));
	const audience = [moderator, ...viewers];

	await Promise.all(audience.flatMap((one) => [one.sees(speaker, PATIENT), one.hears(speaker, PATIENT)]));
	// All of them at once: the first one still after the last has joined.
	await Promise.all(audience.map((one) => one.decodes(speaker, 30, PATIENT)));
	for (const one of audience) await one.seesNames(speaker);
	const { body } = await bench.system.rest(`/rooms/${room}/numberPeers`);
	assert.deepEqual(body, { numberPeers: 12, speakers: 1, viewers: 11 });

	// The moderator mutes the speaker for everybody.
	const answer = await moderator.request('mutePeer', { peerId: speaker.peerId, kind: 'audio' });
	assert.equal(answer.ok, true, JSON.stringify(answer));
	await Promise.all(audience.map((one) => one.seesMuted(speaker, true)));
	await speaker.click('mic-button');
	await Promise.all(audience.map((one) => one.hears(speaker, PATIENT)));
});
