// How the room shows people: places, order, what is large, and that only visible video is sent.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { holds, LIMIT, openBench, Participant, Protoo, roomId, until } from './harness.mjs';

const bench = openBench();

const PHONE = { width: 360, height: 740 };

/** This many people without devices, in this order. */
async function crowd(room, number, kind = 'call') {
	const people = [];
	for (let i = 1; i <= number; i++) {
		const peerId = `extra-${String(i).padStart(2, '0')}`;
		const protoo = await Protoo.connect(bench.system.url, kind, { roomId: room, peerId, itisparticipant: 'true' });
		await protoo.join(`Extra ${i}`);
		people.push({ name: `Extra ${i}`, peerId, protoo });
	}
	return people;
}

/** Each tile's place in the window, in the order in which people read. */
const places = async (one) => {
	const all = await one.page.locator('.tile').evaluateAll((tiles) =>
		tiles.map((tile) => {
			const { x, y, width, height } = tile.getBoundingClientRect();
			return { id: tile.dataset.peerId ?? `${tile.dataset.shareOf}/share`, x, y, width, height };
		}),
	);
	return all.sort((a, b) => a.y - b.y || a.x - b.x);
};

const order = async (one) => (await places(one)).map(({ id }) => id);

const ordered = (one, ...ids) =>
	until(`the order ${ids.join(', ')}`, async () => (await order(one)).join() === ids.join(), {
		describe: () => order(one),
	});

const isInside = ({ x, y, width, height }, size) => x >= 0 && y >= 0 && x + width <= size.width && y + height <= size.height;

const largest = (all) => all.reduce((a, b) => (a.width * a.height >= b.width * b.height ? a : b));

const isLarge = (one, id) =>
	until(
		`${id} to be large`,
		async () => {
			const all = await places(one);
			const large = largest(all);
			return large.id === id && all.every((tile) => tile === large || tile.width * 2 < large.width);
		},
		{ describe: () => places(one) },
	);

const scrolls = (one) => one.test('stage').evaluate((box) => box.scrollHeight > box.clientHeight + 1);

// proves U09
test('thirty people on a phone: tiles scroll, or are minimized', LIMIT, async (t) => {
	const room = roomId();
	const others = await crowd(room, 29);

	await t.test('tiles with video are reached by scrolling, the own one is visible at once', async () => {
		const ann = await Participant.join(bench, { room, name: 'Ann', viewport: PHONE });
		await until('thirty tiles', async () => (await places(ann)).length === 30);
		await until('scrolling', () => scrolls(ann));
		const own = (await places(ann)).find(({ id }) => id === ann.peerId);
		assert.ok(isInside(own, PHONE), JSON.stringify(own));
		assert.ok(own.width >= 132, JSON.stringify(own));
		await ann.click('leave-button');
	});

	await t.test('with minimizeTiles all of them are visible', async () => {
		const bob = await Participant.join(bench, { room, name: 'Bob', viewport: PHONE, minimizeTiles: true });
		await until(
			'thirty tiles inside of the window',
			async () => {
				const all = await places(bob);
				return all.length === 30 && all.every((tile) => isInside(tile, PHONE));
			},
			{ describe: () => places(bob) },
		);
		assert.equal(await scrolls(bob), false);
	});
	for (const { protoo } of others) await protoo.close();
});

// proves U13
test('people with video come first, if the address says so', LIMIT, async () => {
	const room = roomId();
	const [first, second] = await crowd(room, 2);
	const bob = await Participant.join(bench, { room, name: 'Bob' });
	const plain = await Participant.join(bench, { room, name: 'Ann' });
	await ordered(plain, first.peerId, second.peerId, bob.peerId, plain.peerId);
	const sorting = await Participant.join(bench, { room, name: 'Cy', sortPeers: true });
	await plain.click('camera-button');
	await ordered(sorting, bob.peerId, first.peerId, second.peerId, plain.peerId, sorting.peerId);
	await plain.click('camera-button');
	await ordered(sorting, bob.peerId, plain.peerId, first.peerId, second.peerId, sorting.peerId);
	await bob.click('camera-button');
	await ordered(sorting, plain.peerId, first.peerId, second.peerId, bob.peerId, sorting.peerId);
	await ordered(plain, first.peerId, second.peerId, bob.peerId, sorting.peerId, plain.peerId);
});

// proves M23, M24
test('a tile is pinned, until it is unpinned or its owner leaves', LIMIT, async () => {
	const room = roomId();
	const [first, second, third] = await crowd(room, 3);
	const ann = await Participant.join(bench, { room, name: 'Ann' });
	const pin = async (peer) => {
		await ann.tile(peer).hover();
		await ann.tile(peer).getByTestId('pin-button').click();
	};
	await ordered(ann, first.peerId, second.peerId, third.peerId, ann.peerId);
	await pin(second);
	await isLarge(ann, second.peerId);
	assert.equal(await ann.tile(second).getAttribute('data-pinned'), 'true');
	await pin(third);
	await isLarge(ann, third.peerId);
	await pin(third);
	await ordered(ann, first.peerId, second.peerId, third.peerId, ann.peerId);

	await pin(second);
	await isLarge(ann, second.peerId);
	await second.protoo.close();
	await ordered(ann, first.peerId, third.peerId, ann.peerId);
	assert.equal(await ann.page.locator('[data-pinned=true]').count(), 0);
});

test('the leading speaker is outlined, and large in the speaker layout', LIMIT, async () => {
	const room = roomId();
	await crowd(room, 1);
	const bob = await Participant.join(bench, { room, name: 'Bob' });
	const cy = await Participant.join(bench, { room, name: 'Cy' });
	const ann = await Participant.join(bench, { room, name: 'Ann' });
	await ann.click('mic-button');
	await cy.click('mic-button');
	const leads = (peer) => ann.page.locator(`[data-testid=tile][data-leads=true][data-peer-id="${peer.peerId}"]`).waitFor();

	await leads(bob);
	const outline = () => ann.tile(bob).evaluate((tile) => getComputedStyle(tile, '::after').borderColor);
	await until('an outline', async () => !/(, |\/ )0\)$/.test(await outline()), { describe: outline });
	await ann.click('layout-button');
	await isLarge(ann, bob.peerId);

	await bob.click('mic-button');
	await cy.click('mic-button');
	await leads(cy);
	await isLarge(ann, cy.peerId);
	assert.equal(await ann.page.locator('[data-leads=true]').count(), 1);

	await ann.click('layout-button');
	await until('the grid', async () => (await ann.test('stage').getAttribute('data-kind')) === 'grid');
});

test('video out of sight is not sent, and small tiles get small video', LIMIT, async (t) => {
	const room = roomId();
	const others = await crowd(room, 16);
	const bob = await Participant.join(bench, { room, name: 'Bob' });
	const ann = await Participant.join(bench, { room, name: 'Ann', viewport: PHONE });
	const packets = async () => (await ann.video(bob))?.packetsReceived ?? 0;
	const scroll = (to) => ann.test('stage').evaluate((box, to) => box.scrollTo(0, to === 'end' ? box.scrollHeight : 0), to);
	const stops = () =>
		until('the picture to stop', async () => {
			const before = await packets();
			await ann.page.waitForTimeout(1000);
			return (await packets()) === before;
		});

	/** Waits for one of at least two sizes. */
	const comes = (size, choose) =>
		until(
			`a ${size} picture`,
			async () => {
				const sent = await bob.sentWidths();
				return sent.length > 1 && (await ann.video(bob)).frameWidth === choose(sent);
			},
			{ describe: async () => [await bob.sentWidths(), await ann.video(bob)] },
		);

	await t.test('below the edge, video is paused and its sound goes on', async () => {
		await until(
			'Bob’s tile below the edge',
			async () => (await places(ann)).find(({ id }) => id === bob.peerId).y > PHONE.height,
			{
				describe: () => places(ann),
			},
		);
		await ann.hears(bob);
		await stops();
	});

	await t.test('scrolled into view, it arrives in the smallest size', async () => {
		await scroll('end');
		await ann.sees(bob);
		await ann.decodes(bob, 10);
		await comes('small', (sent) => sent[0]);
	});

	await t.test('scrolled away, it stops again, and nobody loses any sound', async () => {
		await scroll('start');
		await stops();
		await ann.hears(bob);
		await scroll('end');
		await ann.sees(bob);
	});

	await t.test('shown large, it arrives large', async () => {
		await ann.page.setViewportSize({ width: 1280, height: 720 });
		await ann.tile(bob).hover();
		await ann.tile(bob).getByTestId('pin-button').click();
		await isLarge(ann, bob.peerId);
		await comes('large', (sent) => sent.at(-1));
	});

	await t.test('video that was paused stays so across a broken connection', async () => {
		await ann.tile(bob).getByTestId('pin-button').click();
		await ann.page.setViewportSize(PHONE);
		await scroll('start');
		await stops();
		await ann.page.evaluate(() => probe.sockets.at(-1).close());
		await until('another WebSocket', () => ann.page.evaluate(() => probe.sockets.length > 1));
		await ann.isConnected();
		await stops();
		await scroll('end');
		await ann.sees(bob);
	});
	for (const { protoo } of others) await protoo.close();
});

// proves M06, M07
test('a shared screen is large, moves, and ends', LIMIT, async () => {
	const room = roomId();
	const [extra] = await crowd(room, 1);
	const bob = await Participant.join(bench, { room, name: 'Bob' });
	const ann = await Participant.join(bench, { room, name: 'Ann' });
	await ann.sees(bob);
	await bob.click('share-button');
	await bob.test('sharing-banner').waitFor();
	await isLarge(ann, `${bob.peerId}/share`);

	const screen = ann.page.locator(`[data-share-of="${bob.peerId}"] video`);
	const picture = () =>
		screen.evaluate((video) => {
			const canvas = new OffscreenCanvas(160, 90);
			const context = canvas.getContext('2d');
			context.drawImage(video, 0, 0, 160, 90);
			return context.getImageData(0, 0, 160, 90).data.reduce((hash, byte) => (Math.imul(hash, 31) + byte) | 0, 0);
		});
	await until('the screen’s picture', () => screen.evaluate((video) => video.videoWidth > 0));
	const first = await picture();
	await until('the screen to move', async () => (await picture()) !== first);
	assert.equal(await screen.evaluate((video) => getComputedStyle(video).objectFit), 'contain');
	assert.deepEqual(
		(await ann.stats()).video.filter(({ share }) => share).map(({ peerId }) => peerId),
		[bob.peerId],
	);
	await ann.sees(bob);

	// Somebody may prefer all tiles in the same size.
	await ann.click('layout-button');
	await ann.click('layout-button');
	await until('the grid', async () => (await ann.test('stage').getAttribute('data-kind')) === 'grid');
	assert.equal((await order(ann))[0], `${bob.peerId}/share`);

	await bob.click('share-stop');
	await ordered(ann, extra.peerId, bob.peerId, ann.peerId);
	assert.equal(await bob.test('sharing-banner').count(), 0);
});

// proves M06
test('the audio of a shared screen is heard, even if its owner is muted', LIMIT, async () => {
	const room = roomId();
	const bob = await Participant.join(bench, { room, name: 'Bob' });
	const ann = await Participant.join(bench, { room, name: 'Ann' });
	await bob.click('mic-button');
	await ann.seesMuted(bob, true);
	await bob.click('share-button');
	await ann.test('share-tile').waitFor();

	// Chromium's fake screen beeps, as its fake microphone does.
	const sounds = async () => (await ann.stats()).audio.filter(({ share }) => share);
	await until('the screen’s sound', async () => (await sounds())[0]?.totalAudioEnergy > 0.002, { describe: () => ann.stats() });
	assert.deepEqual(
		(await sounds()).map(({ peerId }) => peerId),
		[bob.peerId],
	);
	const plays = () =>
		ann
			.test('share-tile')
			.locator('audio')
			.evaluate((audio) => audio.srcObject.active && !audio.paused && !audio.muted && audio.volume > 0);
	await until('it to be played', plays);

	await bob.click('share-stop');
	await until('silence', async () => (await sounds()).length === 0, { describe: sounds });
});

// proves U04, G03
test('controls and indicators can be left out', LIMIT, async () => {
	const room = roomId();
	const bob = await Participant.join(bench, { room, name: 'Bob' });
	await bob.click('mic-button');
	const ann = await Participant.join(bench, { room, name: 'Ann', controlsDisabled: true, hideIndicators: true });
	await ann.sees(bob);
	await holds(
		'no controls, names and marks',
		async () => {
			const seen = ['mic-button', 'camera-button', 'leave-button', 'more-button', 'tile-name', 'mic-off'];
			return (await Promise.all(seen.map((id) => ann.test(id).count()))).every((count) => count === 0);
		},
		{ during: 1000 },
	);
	// Keyboard shortcuts are off as well.
	await ann.page.keyboard.press('m');
	await bob.page.waitForTimeout(500);
	await bob.seesMuted(ann, false);
	await bob.test('leave-button').waitFor();
	await ann.tile(bob).locator('video').waitFor();
});
