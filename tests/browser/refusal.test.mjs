import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LIMIT, openBench, Participant, Protoo, roomId } from './harness.mjs';

const bench = openBench();

const PARTICIPANTS = 50; // of a call

test('a webinar link to a call is refused with a clear text', LIMIT, async () => {
	const room = roomId();
	const ann = await Participant.join(bench, { room, name: 'Ann' });
	const viewer = await Participant.open(bench, { room, kind: 'webinar', name: 'Vera' });
	await viewer.enter();

	assert.equal(await viewer.isRefused(), 'wrong-room-kind');
	assert.match(await viewer.test('refused').innerText(), /does not match the room[^]*a webinar rather than a call/);
	await ann.seesNames(ann);
});

for (const room of ['two words', 'x'.repeat(65), ''])
	test(`an invalid roomId shows a page that says so: ${JSON.stringify(room)}`, LIMIT, async () => {
		const ann = await Participant.open(bench, { room, name: 'Ann' });
		assert.equal(await ann.isRefused(), 'bad-room-id');
		assert.match(await ann.test('refused').innerText(), /no valid room/);
		assert.equal(await ann.page.evaluate(() => probe.sockets.length), 0);
	});

test('the 51st participant of a call is refused, until somebody leaves', LIMIT, async () => {
	const room = roomId();
	const others = [];
	for (let i = 0; i < PARTICIPANTS; i++) {
		const other = await Protoo.connect(bench.system.url, 'call', { roomId: room, peerId: `p${i}`, session: `s${i}` });
		await other.join(`Participant ${i}`);
		others.push(other);
	}
	const { body } = await bench.system.rest(`/rooms/${room}/numberPeers`);
	assert.equal(body.numberPeers, PARTICIPANTS);

	const last = await Participant.open(bench, { room, name: 'Last' });
	await last.enter();
	assert.equal(await last.isRefused(), 'room-full');
	assert.match(await last.test('refused').innerText(), /The room is full/);

	await others[7].close();
	await last.click('rejoin-button');
	await last.isConnected();
	assert.equal((await last.names()).length, PARTICIPANTS);
	for (const other of others) await other.close();
});
