import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Chatter } from './chatter.mjs';
import { LIMIT, openBench, ROOT, roomId, until } from './harness.mjs';

const bench = openBench();

/** stranger.js with mediasoup-client, as one script. */
async function bundle() {
	const packages = `${ROOT}/web/node_modules`;
	const { build } = await import(`${packages}/vite/dist/node/index.js`);
	const [{ output }] = await build({
		configFile: false,
		root: `${ROOT}/web`,
		publicDir: false,
		logLevel: 'warn',
		resolve: { alias: { 'mediasoup-client': `${packages}/mediasoup-client` } },
		build: {
			write: false,
			minify: false,
			lib: {
				entry: `${ROOT}/tests/browser/stranger.js`,
				formats: ['iife'],
				name: 'stranger',
				fileName: () => 'stranger.js',
			},
		},
	});
	return `${output[0].code}\nwindow.stranger = stranger;`;
}

test('a client that speaks the vocabulary of 2026 sees, is seen, and chats', LIMIT, async (t) => {
	const room = roomId();
	const ada = await Chatter.join(bench, { room, name: 'Ada' });
	const ned = { name: 'Ned', peerId: 'ned-of-2026' };
	const page = await bench.chromium.page();
	await page.goto(`${bench.system.url}/meetBridgeApi.js`);
	await page.evaluate(await bundle());
	const peers = await page.evaluate((options) => stranger.join(options), {
		url: bench.system.url,
		room,
		peerId: ned.peerId,
		displayName: ned.name,
	});
	assert.deepEqual(peers, [ada.one.peerId]);
	const frames = () => page.evaluate((peerId) => stranger.frames(peerId), ada.one.peerId);

	await t.test('both see and hear each other', async () => {
		await Promise.all([
			ada.one.sees(ned),
			ada.one.hears(ned),
			until('Ned to decode 30 frames', async () => (await frames()) >= 30, { describe: frames }),
		]);
		const [stat] = await page.evaluate((peerId) => stranger.statistics(peerId), ada.one.peerId);
		assert.equal(stat.type, 'outbound-rtp');
		assert.equal(stat.kind, 'video');
	});

	await t.test('controls are notifications', async () => {
		await page.evaluate((peerId) => stranger.pause(peerId, true), ada.one.peerId);
		const paused = await until('Ned’s picture to stop', async () => {
			const before = await frames();
			await page.waitForTimeout(1000);
			return (await frames()) === before && before;
		});
		await page.evaluate((peerId) => stranger.pause(peerId, false), ada.one.peerId);
		await until('Ned to go on', async () => (await frames()) > paused + 10, { describe: frames });
	});

	await t.test('a message is plain text, from its author', async () => {
		await ada.open();
		await ada.say('Hello, Ned');
		const heard = () => page.evaluate(() => stranger.heard());
		// Messages from before it could receive are not repeated.
		await until('Ned to have a way to hear Ada', async () => {
			await ada.say('Can you read this?');
			return (await heard()).length > 0;
		});
		for (const { peerId, label, text } of await heard()) {
			assert.deepEqual([peerId, label], [ada.one.peerId, 'chat']);
			assert.ok(['Hello, Ned', 'Can you read this?'].includes(text), text);
		}
		await page.evaluate(() => stranger.say('I can'));
		await until('Ada to read it', async () =>
			(await ada.lines()).some(({ name, text }) => name === 'Ned' && text === 'I can'),
		);
	});
});
