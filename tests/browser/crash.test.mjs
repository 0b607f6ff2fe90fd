import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LIMIT, openBench, Participant, roomId, until } from './harness.mjs';

const bench = openBench();

/** All PeerConnections that a page ever made, and their states. */
const connections = ({ page }) =>
	page.evaluate(() => probe.connections.map(({ number, connectionState }) => ({ number, connectionState })));

const isConnected = ({ connectionState }) => connectionState === 'connected';

// proves F01
test('media goes on while the control plane is dead, and signaling works afterwards', LIMIT, async (t) => {
	const room = roomId();
	const join = (name, speaker) => Participant.join(bench, { room, kind: 'webinar', name, speaker });
	const speaker = await join('Ada Lovelace', true);
	const vera = await join('Vera');
	const viewers = [vera, await join('Victor')];
	const everyone = [speaker, ...viewers];
	await Promise.all(viewers.flatMap((viewer) => [viewer.sees(speaker), viewer.hears(speaker)]));
	await speaker.rename('Countess');
	for (const viewer of viewers) await viewer.seesNames('Countess');
	// The speaker sends media and receives chat; viewers have said nothing yet.
	const wanted = (one) => (one === speaker ? 2 : 1);
	for (const one of everyone)
		await until(`${one.name}'s connections`, async () => (await connections(one)).filter(isConnected).length === wanted(one));
	const before = await Promise.all(everyone.map(connections));
	const sockets = await Promise.all(everyone.map(({ page }) => page.evaluate(() => probe.sockets.length)));
	const dataplane = await bench.system.pid('dataplane');

	await t.test('no frame is missing', async (t) => {
		const missed = await bench.system.missed();
		for (const viewer of viewers) await viewer.watch(speaker);
		await vera.sees(speaker);
		const start = performance.now();
		await bench.system.kill('controlplane');
		await Promise.all(
			everyone.map((one, i) =>
				until(`${one.name} to have another WebSocket`, () =>
					one.page.evaluate((n) => probe.sockets.length > n && probe.sockets.at(-1).readyState === 1, sockets[i]),
				),
			),
		);
		await Promise.all(everyone.map((one) => one.isConnected()));
		t.diagnostic(`everyone is back after ${Math.round(performance.now() - start)} ms`);
		for (const viewer of viewers) {
			await viewer.decodes(speaker, 30);
			const seen = await viewer.stopWatching();
			t.diagnostic(`${viewer.name}: ${JSON.stringify(seen)}`);
			assert.ok(seen.longestGap < 1000 + seen.longestBlind, `the picture stood still: ${JSON.stringify(seen)}`);
			assert.ok(seen.lost <= (await bench.system.missed()) - missed, `packets were lost: ${JSON.stringify(seen)}`);
		}
		assert.equal(await bench.system.pid('dataplane'), dataplane);
	});

	await t.test('nobody created a new PeerConnection', async () => {
		const after = await Promise.all(everyone.map(connections));
		assert.deepEqual(after, before);
		after.forEach((all, i) => assert.equal(all.filter(isConnected).length, wanted(everyone[i])));
	});

	await t.test('a newcomer joins and sees the speaker', async () => {
		const late = await join('Late Viewer');
		await late.seesNames('Countess');
		await Promise.all([late.sees(speaker), late.hears(speaker)]);
	});

	await t.test('earlier viewers learn that the speaker mutes and changes names', async () => {
		await speaker.click('mic-button');
		for (const viewer of viewers) await viewer.seesMuted(speaker, true);
		await speaker.click('mic-button');
		for (const viewer of viewers) await viewer.seesMuted(speaker, false);

		await speaker.rename('Lady Lovelace');
		for (const viewer of viewers) await viewer.seesNames('Lady Lovelace');
	});

	await t.test('and that the speaker leaves', async () => {
		await speaker.click('leave-button');
		for (const viewer of viewers) await viewer.seesNames();
	});
});

// proves F01
test('a participant who is joining while the control plane dies gets in nevertheless', LIMIT, async (t) => {
	const room = roomId();
	const ann = await Participant.join(bench, { room, name: 'Ann' });
	for (const method of ['createWebRtcTransport', 'join', 'produce'])
		await t.test(`at ${method}`, async () => {
			const bob = await Participant.open(bench, { room, name: 'Bob' });
			await Promise.all([
				bob.page
					.waitForFunction((method) => probe.sent.some((message) => message.method === method), method)
					.then(() => bench.system.kill('controlplane')),
				bob.enter(),
			]);
			await Promise.all([ann.isConnected(), bob.isConnected()]);
			await Promise.all([ann.sees(bob), ann.hears(bob), bob.sees(ann), bob.hears(ann)]);
			await ann.seesNames(ann, bob);
			await bob.click('leave-button');
			await ann.seesNames(ann);
			await bob.page.close();
		});
});

// proves F02
test('pages say that media is down while the data plane is dead, and recover; so do pages that join then', LIMIT, async () => {
	const room = roomId();
	const ann = await Participant.join(bench, { room, name: 'Ann' });
	const bob = await Participant.join(bench, { room, name: 'Bob' });
	const see = () => Promise.all([ann.sees(bob), bob.sees(ann), ann.hears(bob), bob.hears(ann)]);
	await see();

	const cy = await Participant.open(bench, { room, name: 'Cy' });
	await cy.test('name-input').fill(cy.name);

	const down = async () => {
		await Promise.all([ann.seesBanner('media-down'), bob.seesBanner('media-down')]);
		await cy.click('join-button');
	};
	await Promise.all([down(), bench.system.kill('dataplane')]);
	const everyone = [ann, bob, cy];
	await Promise.all(everyone.map((one) => one.isConnected()));
	for (const one of everyone) await one.seesNames(...everyone);
	await Promise.all([see(), ann.sees(cy), cy.sees(bob), cy.hears(ann)]);
});

// proves F02
test('after both have died, everyone is back by themselves', LIMIT, async () => {
	const room = roomId();
	const ann = await Participant.join(bench, { room, name: 'Ann' });
	const bob = await Participant.join(bench, { room, name: 'Bob' });
	await Promise.all([ann.sees(bob), bob.sees(ann)]);

	await Promise.all([bench.system.kill('dataplane'), bench.system.kill('controlplane')]);
	// Video that moves again can only come from the new data plane.
	await Promise.all([ann.sees(bob), bob.sees(ann), ann.hears(bob), bob.hears(ann)]);
	for (const one of [ann, bob]) {
		await one.isConnected();
		await one.seesNames(ann, bob);
	}
});
