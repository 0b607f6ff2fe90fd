// What the page does if the server has no room: it says so, waits, and continues by itself.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { holds, LIMIT, openBench, Participant, Protoo, Proxy, roomId, until } from './harness.mjs';

const WEBSOCKETS = 2;
const bench = openBench({ settings: { address_websockets: WEBSOCKETS } });

/** Limits the account to this many while the work runs; `free` lifts the limit early. */
async function withQuota(name, most, work) {
	const set = (number) => bench.system.amphictl('account', 'set', 'default', `--${name}`, String(number));
	const free = () => set(4096);
	await set(most);
	try {
		await work(free);
	} finally {
		await free();
	}
}

test('media for which the server has no room is reported missing, and comes as soon as there is room', LIMIT, async () => {
	await withQuota('max-subscriptions', 1, async (free) => {
		const room = roomId();
		const people = [];
		for (const name of ['Ann', 'Bob']) {
			const one = await Participant.open(bench, { room, name, lang: 'en' });
			await one.enter();
			people.push(one);
		}
		const [ann, bob] = people;
		for (const one of people) {
			await one.seesBanner('missing');
			assert.match(await one.test('status-banner').innerText(), /The server is full/);
			await one.seesNames(ann, bob);
		}
		await free();
		for (const one of people) await one.isConnected();
		await Promise.all([ann.sees(bob), ann.hears(bob), bob.sees(ann), bob.hears(ann)]);
	});
});

test('a page whose transport has ended asks again until the server has room for another', LIMIT, async (t) => {
	const room = roomId();
	const ann = await Participant.join(bench, { room, name: 'Ann' });
	const bob = await Participant.join(bench, { room, name: 'Bob' });
	await Promise.all([ann.sees(bob), bob.sees(ann)]);
	const asked = () => ann.page.evaluate(() => probe.sent.filter(({ method }) => method === 'createWebRtcTransport').length);
	for (const direction of ['send', 'recv'])
		await t.test(direction, () =>
			withQuota('max-transports', 1, async (free) => {
				const before = await asked();
				await ann.page.evaluate((which) => {
					const sends = (one) => one.getSenders().some(({ track }) => track);
					probe.connections
						.find((one) => one.connectionState === 'connected' && sends(one) === (which === 'send'))
						.close();
				}, direction);
				await until('a second refusal', async () => (await asked()) >= before + 2, { timeout: 40_000 });
				await ann.seesBanner('reconnecting');
				await free();
				await ann.isConnected();
				await Promise.all([ann.sees(bob), ann.hears(bob), bob.sees(ann), bob.hears(ann)]);
			}),
		);
});

test('those in the room stay when their network has too many connections', LIMIT, async (t) => {
	const proxy = await Proxy.start(bench.system.url);
	t.after(() => proxy.close());
	const room = roomId();
	const ann = await Participant.join(bench, { room, name: 'Ann', url: proxy.url });
	proxy.cut({ down: true });
	await ann.seesBanner('reconnecting');
	const others = [];
	for (let i = 0; i < WEBSOCKETS; i++)
		others.push(
			await until('a place', () => Protoo.connect(bench.system.url, 'call', { roomId: roomId(), peerId: `p${i}` })),
		);
	const answered = ann.page.waitForResponse(
		(response) => response.url().includes('/api/handshake') && response.status() === 429,
	);
	proxy.up();
	assert.equal((await (await answered).json()).reason, 'too-many-connections');
	await holds('Ann to try on', async () => (await ann.test('refused').count()) === 0, { during: 5000 });
	// A newcomer does not give up at once either.
	const bob = await Participant.open(bench, { room, name: 'Bob' });
	await bob.enter();
	await holds('Bob to try on', async () => (await bob.test('refused').count()) === 0, { during: 5000 });
	for (const other of others) await other.close();
	await Promise.all([ann.isConnected(), bob.isConnected()]);
	await ann.seesNames(ann, bob);
});
