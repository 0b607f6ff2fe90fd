import assert from 'node:assert/strict';
import { test } from 'node:test';
import { holds, LIMIT, openBench, Participant, Proxy, roomId, until } from './harness.mjs';

const bench = openBench();

/** ICE takes a while to conclude that a path is gone, and to find another. */
const ICE = { timeout: 40_000 };

const connections = (one) => one.page.evaluate(() => probe.connections.length);
const restarts = (one) => one.page.evaluate(() => probe.sent.filter(({ method }) => method === 'restartIce').length);

async function meet(url) {
	const room = roomId();
	const ann = await Participant.join(bench, { room, name: 'Ann', url });
	const bob = await Participant.join(bench, { room, name: 'Bob' });
	await Promise.all([ann.sees(bob), bob.sees(ann)]);
	return { ann, bob };
}

test('a participant who loses the path to the media is told so, and recovers without joining again', LIMIT, async (t) => {
	const { ann, bob } = await meet();
	const made = await connections(ann);
	t.after(() => bench.system.plug('up'));
	await bench.system.plug('down');
	await ann.page.locator('[data-testid=status-banner][data-state=reconnecting]').waitFor(ICE);
	assert.match(await ann.test('status-banner').innerText(), /The connection was lost. Reconnecting/);
	assert.deepEqual(await ann.names(), ['Ann', 'Bob']);

	await bench.system.plug('up');
	await until('the banner to go', async () => (await ann.test('status-banner').count()) === 0, ICE);
	await Promise.all([ann.sees(bob, ICE), ann.hears(bob, ICE), bob.sees(ann, ICE)]);
	assert.equal(await connections(ann), made, 'Ann joined again');
	assert.ok((await restarts(ann)) > 0);
});

test('the page gives up a network that stays silent, and resumes the room on the next one', LIMIT, async (t) => {
	const proxy = await Proxy.start(bench.system.url);
	t.after(() => proxy.close());
	const { ann, bob } = await meet(proxy.url);
	const made = await connections(ann);
	const sockets = await ann.page.evaluate(() => probe.sockets.length);

	t.after(() => bench.system.plug('up'));
	proxy.silence();
	await bench.system.plug('down');
	// Nobody tells the page that its WebSocket is dead: it finds out by sending a ping.
	await until('another WebSocket', () => ann.page.evaluate((n) => probe.sockets.length > n, sockets), ICE);
	assert.equal((await ann.state()).link, 'reconnecting');

	await bench.system.plug('up');
	proxy.speak();
	await until('Ann to be back', async () => (await ann.state()).link === 'connected', ICE);
	await Promise.all([ann.sees(bob, ICE), bob.sees(ann, ICE)]);
	assert.equal(await connections(ann), made, 'Ann joined again');
	await bob.seesNames(ann, bob);
});

test('a network change restarts ICE before anything is lost', LIMIT, async () => {
	const { ann, bob } = await meet();
	await ann.watch(bob);
	await ann.page.evaluate(() => dispatchEvent(new Event('online')));
	await until('both transports to ask', async () => (await restarts(ann)) >= 2);
	await ann.decodes(bob, 30);
	const seen = await ann.stopWatching();
	assert.ok(seen.longestGap < 1500 + seen.longestBlind, `the picture stood still: ${JSON.stringify(seen)}`);
	assert.equal(await ann.test('status-banner').count(), 0);
});

test('if media never gets through, the page says so and goes on trying', LIMIT, async (t) => {
	t.after(() => bench.system.plug('up'));
	await bench.system.plug('down');
	const room = roomId();
	const ann = await Participant.open(bench, { room, name: 'Ann' });
	await ann.enter();
	await ann.page.locator('[data-testid=status-banner][data-state=media-blocked]').waitFor(ICE);
	assert.match(await ann.test('status-banner').innerText(), /Sound and video are not getting through/);

	await bench.system.plug('up');
	await until('the banner to go', async () => (await ann.test('status-banner').count()) === 0, ICE);
	const bob = await Participant.join(bench, { room, name: 'Bob' });
	await Promise.all([ann.sees(bob, ICE), bob.sees(ann, ICE)]);
});

// A final refusal stays final: the page says why and opens no other WebSocket.
const ENDS = {
	replaced: async ({ room, ann }) => {
		const again = await Participant.join(bench, { room, name: 'Ann', peerId: ann.peerId });
		await again.seesNames('Ann', 'Bob');
	},
	removed: async ({ room, ann }) => {
		await close(`/rooms/${room}/closePeer`, { peerId: ann.peerId });
	},
	'room-closed': async ({ room }) => {
		await close(`/rooms/${room}/closeRoom`, {});
	},
};

let apiToken;

async function close(path, body) {
	apiToken ??= await bench.system.amphictl('token', 'add', 'default', 'network-tests');
	const { status } = await bench.system.rest(path, {
		method: 'POST',
		headers: { Authorization: `Bearer ${apiToken}`, 'Content-Type': 'application/json' },
		body: JSON.stringify(body),
	});
	assert.equal(status, 200);
}

for (const [reason, end] of Object.entries(ENDS))
	test(`${reason} is final`, LIMIT, async () => {
		const room = roomId();
		const ann = await Participant.join(bench, { room, name: 'Ann' });
		const bob = await Participant.join(bench, { room, name: 'Bob' });
		await bob.seesNames(ann, bob);
		await end({ room, ann });
		assert.equal(await ann.isRefused(), reason);
		const sockets = await ann.page.evaluate(() => probe.sockets.length);
		await holds('the page to stay out', () => ann.page.evaluate((n) => probe.sockets.length === n, sockets), {
			during: 4000,
		});
		// Its devices are released.
		assert.equal(await ann.page.locator('video').count(), 0);
		if (reason === 'removed') return assert.equal(await ann.test('rejoin-button').count(), 0);
		await ann.click('rejoin-button');
		await ann.isConnected();
	});
