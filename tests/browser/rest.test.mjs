import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LIMIT, openBench, Participant, roomId } from './harness.mjs';

let apiToken;
const bench = openBench({
	prepare: async (system) => {
		apiToken = await system.amphictl('token', 'add', 'default', 'browser-tests');
		// scripts/run waives it for this machine.
		await system.amphictl('account', 'set', 'default', '--rest-addresses', 'none');
	},
});

const rest = (path, { method = 'GET', json, token = `APIKey ${apiToken}` } = {}) =>
	bench.system.rest(path, {
		method,
		headers: { ...(token && { authorization: token }), ...(json && { 'content-type': 'application/json' }) },
		body: json && JSON.stringify(json),
	});

/** Both ways to write a room's endpoint. */
const ways = (room) => [`/rooms/${room}`, `/${room}`];

const NOT_FOUND = { status: 400, body: { error: 'room not found' } };

function assertAnswer(answer, status, body) {
	assert.deepEqual({ status: answer.status, body: answer.body }, { status, body });
}

test('room endpoints with people in the room', LIMIT, async (t) => {
	const room = roomId();
	const started = Date.now();
	const webinar = { room, kind: 'webinar' };
	const speaker = await Participant.join(bench, { ...webinar, name: 'Ada', speaker: true });
	const created = Date.now();
	const vera = await Participant.join(bench, { ...webinar, name: 'Vera' });
	const victor = await Participant.join(bench, { ...webinar, name: 'Victor' });
	await vera.sees(speaker);
	// On the welcome screen: not a participant yet.
	await Participant.open(bench, { ...webinar, name: 'Waiting' });

	// proves R01–R05
	await t.test('room endpoints require the API token, in either form', async () => {
		// Twenty wrong guesses of one address are answered; more would be 429.
		for (const way of ways(room)) {
			const refused = async (token, path, options) =>
				assert.equal((await rest(`${way}/${path}`, { ...options, token })).status, 403, `${path} ${token}`);
			for (const path of ['numberPeers', 'durationOfBroadcast', 'existingPeer?peerId=x', 'closeRoom'])
				await refused('APIKey wrong', path);
			await refused('APIKey wrong', 'closePeer', { method: 'POST', json: { peerId: vera.peerId } });
			for (const token of [null, 'Bearer wrong', apiToken]) await refused(token, 'closeRoom');
			assert.equal((await rest(`${way}/numberPeers`, { token: `Bearer ${apiToken}` })).status, 200);
		}
	});

	// proves R02
	await t.test('durationOfBroadcast counts seconds since the room was opened', async () => {
		for (const way of ways(room)) {
			const asked = Date.now();
			const { status, body, headers } = await rest(`${way}/durationOfBroadcast`);
			assert.equal(status, 200);
			assert.ok(body.duration >= (asked - created) / 1000 - 1 && body.duration <= (Date.now() - started) / 1000 + 1);
			assert.match(headers.get('cache-control'), /no-store/);
		}
	});

	// proves R04
	await t.test('numberPeers counts the people who have joined', async () => {
		for (const way of ways(room))
			assertAnswer(await rest(`${way}/numberPeers`), 200, { numberPeers: 3, speakers: 1, viewers: 2 });
	});

	// proves R05
	await t.test('existingPeer knows who is there', async () => {
		for (const way of ways(room))
			for (const [peerId, exists] of [
				[speaker.peerId, true],
				[vera.peerId, true],
				['nobody', false],
			]) {
				assertAnswer(await rest(`${way}/existingPeer`, { method: 'POST', json: { peerId } }), 200, { exists });
				assertAnswer(await rest(`${way}/existingPeer?peerId=${peerId}`), 200, { exists });
				assertAnswer(await rest(`${way}/existingPeer/${peerId}`), 200, { exists });
			}
	});

	// proves R01
	await t.test('closePeer removes a participant for good', async () => {
		const close = (json) => rest(`/rooms/${room}/closePeer`, { method: 'POST', json });
		assert.equal((await close({ peerId: 'nobody' })).status, 400);
		assert.equal((await close({ peerId: victor.peerId })).status, 200);
		assert.equal(await victor.isRefused(), 'removed');
		assertAnswer(await rest(`/rooms/${room}/numberPeers`), 200, { numberPeers: 2, speakers: 1, viewers: 1 });
		assert.equal((await close({ peerId: victor.peerId })).status, 400);
		await vera.sees(speaker);
	});

	// proves R01
	await t.test('closePeer of a speaker takes the tile away', async () => {
		const json = { peerId: speaker.peerId };
		assert.equal((await rest(`/${room}/closePeer`, { method: 'POST', json })).status, 200);
		assert.equal(await speaker.isRefused(), 'removed');
		await vera.seesNames();
	});

	// proves R03
	await t.test('closeRoom removes everyone, with a reason', async () => {
		assert.equal((await rest(`/rooms/${room}/closeRoom`)).status, 200);
		assert.equal(await vera.isRefused(), 'room-closed');
		assert.match(await vera.test('refused').innerText(), /The room was closed/);
	});

	// proves R01–R05
	await t.test('a room that is gone is not found', async () => {
		for (const way of ways(room)) {
			for (const path of ['numberPeers', 'durationOfBroadcast', 'existingPeer?peerId=x', 'closeRoom'])
				assertAnswer(await rest(`${way}/${path}`), NOT_FOUND.status, NOT_FOUND.body);
			const json = { peerId: vera.peerId };
			assertAnswer(await rest(`${way}/closePeer`, { method: 'POST', json }), NOT_FOUND.status, NOT_FOUND.body);
		}
	});
});

for (const method of ['POST', 'DELETE']) {
	// proves R03
	test(`closeRoom by ${method}`, LIMIT, async () => {
		const room = roomId();
		const ann = await Participant.join(bench, { room, name: 'Ann' });
		assert.equal((await rest(`/rooms/${room}/closeRoom`, { method })).status, 200);
		assert.equal(await ann.isRefused(), 'room-closed');
	});
}
