// A page out of sight gets no video.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LIMIT, openBench, Participant, roomId, until } from './harness.mjs';
import { Tabs } from './tabs.mjs';

const bench = openBench();

test('behind another tab for ten seconds, a page gets only sound; in front again, also video', LIMIT, async (t) => {
	const chromium = await Tabs.launch();
	t.after(() => chromium.close());
	const room = roomId();
	const bob = await Participant.join(bench, { room, name: 'Bob' });
	const ann = await Participant.join({ ...bench, chromium }, { room, name: 'Ann' });
	await Promise.all([ann.sees(bob), ann.hears(bob)]);
	await ann.page.evaluate(() => {
		window.times = {};
		document.addEventListener('visibilitychange', () => (times[document.visibilityState] = performance.now()));
		const push = probe.sent.push.bind(probe.sent);
		probe.sent.push = (message) => {
			times[message.method] ??= performance.now();
			return push(message);
		};
	});

	const other = await chromium.page();
	await until('the page to be hidden', () => ann.page.evaluate(() => document.hidden));
	const received = async () => {
		const { packetsReceived, framesDecoded } = await ann.video(bob);
		return JSON.stringify({ packetsReceived, framesDecoded });
	};
	await until('the page to ask for no pictures', () => ann.page.evaluate(() => times.pauseConsumer), { timeout: 60_000 });
	await until(
		'the pictures to stop',
		async () => {
			const before = await received();
			await new Promise((done) => setTimeout(done, 1000));
			return (await received()) === before;
		},
		{ describe: received },
	);
	const { hidden, pauseConsumer } = await ann.page.evaluate(() => times);
	assert.ok(pauseConsumer - hidden >= 10_000, `paused after ${pauseConsumer - hidden} ms: a glance elsewhere costs nothing`);
	await ann.hears(bob);

	await other.close();
	await ann.page.bringToFront();
	await ann.sees(bob);
});
