// A page of text that is shared, over a narrow link and a wide one.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Cable } from '../../bench/quality/cable.mjs';
import { browserBehind, Cleaner } from '../../bench/quality/viewers.mjs';
import { READABLE } from '../../bench/quality/watch.mjs';
import { LIMIT, openBench, Participant, roomId, until } from './harness.mjs';

const bench = openBench();

/** Runs in the page before its own code: notes when the share was first visible, and when it was first readable. */
function noteShare(readable) {
	const timer = setInterval(() => {
		const seen = probe.pageSeen();
		if (!seen) return;
		const now = performance.now();
		probe.share ??= { seenAt: now };
		if (seen.width < 1280 || seen.db < readable) return;
		probe.share.readAt = now;
		clearInterval(timer);
	}, 50);
}

const seen = (viewer) => viewer.page.evaluate(() => probe.pageSeen());

/** Frames per second of the share, over this many seconds. */
async function pace(viewer, seconds) {
	const frames = async () => (await viewer.stats()).video.find(({ share }) => share).framesDecoded;
	const [at, before] = [performance.now(), await frames()];
	await viewer.page.waitForTimeout(seconds * 1000);
	return (((await frames()) - before) * 1000) / (performance.now() - at);
}

/** Runs in the page before its own code: makes it look like a browser without AV1. */
function withoutAv1() {
	const { send } = WebSocket.prototype;
	WebSocket.prototype.send = function (text) {
		const message = JSON.parse(text);
		const { codecs } = message.method === 'join' ? message.data.rtpCapabilities : {};
		if (!codecs) return send.call(this, text);
		const left = codecs.filter(
			({ mimeType, parameters }) =>
				mimeType !== 'video/AV1' &&
				(!parameters?.apt || codecs.some((c) => c.preferredPayloadType === parameters.apt && c.mimeType !== 'video/AV1')),
		);
		message.data.rtpCapabilities.codecs = left;
		return send.call(this, JSON.stringify(message));
	};
}

const shareOf = async (viewer) => (await viewer.stats()).video.find(({ share }) => share);

/** Waits until a page can be read there. */
const reads = (viewer, page) =>
	until(
		`${viewer.name} to read page ${page}`,
		async () => {
			const now = await seen(viewer);
			return now?.number === page && now.width === 1280 && now.db >= READABLE;
		},
		{ every: 50, describe: () => seen(viewer) },
	);

/** Ada, who shares pages of text in a webinar. */
const presenter = (options) =>
	Participant.join(bench, { kind: 'webinar', name: 'Ada', speaker: true, early: () => probe.sharePage(), ...options });

for (const codec of ['vp8', 'av1'])
	test(`a page shared in ${codec} is readable at 500 kbit/s, and moves at 3 Mbit/s`, LIMIT, async (t) => {
		const cleaner = new Cleaner();
		t.after(() => cleaner.clean());
		const cable = await Cable.lay({ via: bench.system.interface, first: ['rate 500k'] });
		cleaner.push(() => cable.close());
		const browser = await browserBehind(cable, cleaner, bench.system.url);
		const room = roomId();
		const ada = await presenter({ room, codec });
		await ada.click('camera-button');
		const join = async (name) => {
			const viewer = await Participant.open(bench, { room, kind: 'webinar', name, browser });
			await viewer.page.evaluate(`(${noteShare})(${READABLE})`);
			await viewer.enter();
			await viewer.isConnected();
			return viewer;
		};
		const vera = await join('Vera');
		await ada.click('share-button');
		const read = async (viewer) => {
			const { seenAt, readAt } = await until(
				`${viewer.name} to read the page`,
				() => viewer.page.evaluate(() => probe.share?.readAt && probe.share),
				{ every: 50, describe: () => seen(viewer) },
			);
			t.diagnostic(
				`${viewer.name} reads ${Math.round(readAt - seenAt)} ms after the first picture, at ${(await seen(viewer)).db.toFixed(1)} dB`,
			);
			return readAt - seenAt;
		};

		await t.test('on the narrow link it arrives whole, five times a second', async () => {
			await read(vera);
			const since = performance.now();
			let frames;
			await until('four pictures a second', async () => (frames = await pace(vera, 3)) >= 4, {
				timeout: 90_000,
				describe: () => frames,
			});
			const { width, db } = await seen(vera);
			t.diagnostic(
				`${frames.toFixed(1)} pictures/s, ${db.toFixed(1)} dB within ${Math.round(performance.now() - since)} ms`,
			);
			assert.equal(width, 1280);
			assert.ok(db >= READABLE, `${db} dB`);
		});
		await t.test('each page is readable once it is turned', async () => {
			for (const page of [1, 2, 3]) {
				const turned = performance.now();
				await ada.page.evaluate((page) => (probe.page.number = page), page);
				await reads(vera, page);
				const after = performance.now() - turned;
				t.diagnostic(`page ${page} after ${Math.round(after)} ms`);
				await vera.page.waitForTimeout(1000);
			}
		});
		await t.test('on the wide link motion is smooth, and a latecomer can read it too', async () => {
			await cable.tell(['rate 3m']);
			await ada.page.evaluate(() => (probe.page.moves = true));
			const opened = performance.now();
			let frames;
			// The narrow link's encoding has five; on a busy machine the other has fewer than 30.
			await until('ten pictures a second', async () => (frames = await pace(vera, 2)) >= 10, {
				timeout: 60_000,
				describe: () => frames,
			});
			t.diagnostic(`${frames.toFixed(1)} pictures/s within ${Math.round(performance.now() - opened)} ms`);
			assert.equal((await seen(vera)).width, 1280);
			await read(await join('Late'));
		});
	});

for (const codec of ['h264', 'vp9'])
	test(`a page shared in ${codec} is readable, and so is the next one`, LIMIT, async () => {
		const room = roomId();
		const ada = await presenter({ room, codec });
		const vera = await Participant.join(bench, { room, kind: 'webinar', name: 'Vera' });
		await ada.click('camera-button');
		await ada.click('share-button');
		for (const page of [1, 2]) {
			await ada.page.evaluate((page) => (probe.page.number = page), page);
			await reads(vera, page);
		}
		assert.equal((await shareOf(vera)).codec.toLowerCase(), `video/${codec}`);
	});

test('a screen is shared in AV1 until somebody joins who cannot decode it', LIMIT, async () => {
	const room = roomId();
	const ada = await presenter({ room });
	const vera = await Participant.join(bench, { room, kind: 'webinar', name: 'Vera' });
	await ada.click('share-button');
	await reads(vera, 0);
	assert.equal((await shareOf(vera)).codec, 'video/AV1');
	const otto = await Participant.join(bench, { room, kind: 'webinar', name: 'Otto', early: withoutAv1 });
	for (const viewer of [otto, vera]) {
		await reads(viewer, 0);
		await until(`${viewer.name} to get VP8`, async () => (await shareOf(viewer))?.codec === 'video/VP8', {
			describe: () => shareOf(viewer),
		});
	}
	await ada.page.evaluate(() => (probe.page.number = 1));
	for (const viewer of [otto, vera]) await reads(viewer, 1);
	assert.equal(await ada.page.evaluate(() => probe.sent.filter(({ method }) => method === 'closeProducer').length), 1);
});
