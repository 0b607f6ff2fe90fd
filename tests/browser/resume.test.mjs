import assert from 'node:assert/strict';
import { test } from 'node:test';
import { holds, LIMIT, openBench, Participant, PATIENCE_MS, Proxy, roomId, until } from './harness.mjs';

const bench = openBench();

const RESUME_MS = 15_000; // how long the server waits for a lost WebSocket
const GRACE_MS = 3000; // how much earlier than this test the server may notice

/** Ann, and Bob whose network the proxy is: they see each other. */
async function pair(t) {
	const proxy = await Proxy.start(bench.system.url);
	t.after(() => proxy.close());
	const room = roomId();
	const ann = await Participant.join(bench, { room, name: 'Ann' });
	const bob = await Participant.join(bench, { room, name: 'Bob', url: proxy.url });
	await Promise.all([ann.sees(bob), bob.sees(ann)]);
	return { proxy, ann, bob };
}

test('a participant who loses the WebSocket keeps sending and receiving, and resumes', LIMIT, async (t) => {
	const { proxy, ann, bob } = await pair(t);
	const made = await bob.page.evaluate(() => probe.connections.length);

	const missed = await bench.system.missed();
	await ann.watch(bob);
	await bob.watch(ann);
	proxy.cut({ down: true });
	await bob.seesBanner('reconnecting');
	// Bob cannot tell anybody now: he must do so once the WebSocket is back.
	await bob.click('mic-button');
	await holds('Ann to have Bob’s tile', async () => (await ann.names()).includes('Bob'), { during: 5000 });
	proxy.up();
	await bob.isConnected();

	for (const [one, other] of [
		[ann, bob],
		[bob, ann],
	]) {
		await one.sees(other);
		const seen = await one.stopWatching();
		t.diagnostic(`${one.name}: ${JSON.stringify(seen)}`);
		assert.ok(seen.longestGap < 1000 + seen.longestBlind, `the picture stood still: ${JSON.stringify(seen)}`);
		assert.ok(seen.lost <= (await bench.system.missed()) - missed, `packets were lost: ${JSON.stringify(seen)}`);
	}
	assert.equal(await bob.page.evaluate(() => probe.connections.length), made, 'Bob joined again');
	await ann.seesMuted(bob, true);

	// Changes from now on are reported, both ways.
	await bob.click('mic-button');
	await ann.seesMuted(bob, false);
	await ann.hears(bob);
	await ann.click('mic-button');
	await bob.seesMuted(ann, true);
});

test('actions between a new WebSocket and its resume wait for the resume', LIMIT, async (t) => {
	const { proxy, ann, bob } = await pair(t);
	const made = await bob.page.evaluate(() => {
		probe.hear = ({ method }) => {
			if (method === 'admitted') document.querySelector('[data-testid="mic-button"]').click();
		};
		return probe.connections.length;
	});

	proxy.cut();
	await ann.seesMuted(bob, true);
	await bob.isConnected();
	assert.equal(await bob.page.evaluate(() => probe.connections.length), made, 'Bob joined again');
	await Promise.all([ann.sees(bob), bob.sees(ann)]);
});

// proves F16
test('a participant who does not come back is removed', LIMIT, async (t) => {
	const proxy = await Proxy.start(bench.system.url);
	t.after(() => proxy.close());
	const room = roomId();
	const ann = await Participant.join(bench, { room, name: 'Ann' });
	const bob = await Participant.join(bench, { room, name: 'Bob', url: proxy.url });
	const cy = await Participant.join(bench, { room, name: 'Cy' });
	await ann.seesNames(ann, bob, cy);

	await t.test('at once if the page is closed', async () => {
		const start = performance.now();
		await cy.page.close({ runBeforeUnload: false });
		await ann.seesNames(ann, bob);
		t.diagnostic(`${Math.round(performance.now() - start)} ms`);
	});

	await t.test('after the time to resume if the network is gone', async () => {
		const start = performance.now();
		proxy.cut({ down: true });
		await until('Bob to be gone', async () => !(await ann.names()).includes('Bob'), {
			timeout: RESUME_MS + PATIENCE_MS,
		});
		const gone = performance.now() - start;
		assert.ok(gone > RESUME_MS - GRACE_MS, `removed already after ${gone} ms`);
	});

	await t.test('and joins again when the network is back', async () => {
		proxy.up();
		await bob.isConnected();
		await Promise.all([ann.sees(bob), bob.sees(ann)]);
	});
});
