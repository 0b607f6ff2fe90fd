import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { test } from 'node:test';
import { holds, LIMIT, openBench, Participant, roomId, until } from './harness.mjs';

const bench = openBench();

const isFull = (page) => page.evaluate(() => document.fullscreenElement !== null);

// proves U14
test('the first gesture brings full screen, and no other brings it back', LIMIT, async () => {
	const ann = await Participant.open(bench, { room: roomId(), name: 'Ann', startWithFS: true });
	await ann.page.locator('.preview video').waitFor();
	assert.equal(await isFull(ann.page), false);
	await ann.test('name-input').click();
	await until('full screen', () => isFull(ann.page));
	// Leaving full screen is the participant's decision.
	await ann.page.evaluate(() => document.exitFullscreen());
	await until('the window again', async () => !(await isFull(ann.page)));
	await ann.enter();
	await ann.isConnected();
	await ann.page.mouse.click(640, 300);
	await holds('Ann to stay in the window', async () => !(await isFull(ann.page)), { during: 1000 });
});

// proves U14
test('without the attribute no gesture brings full screen', LIMIT, async () => {
	const ann = await Participant.join(bench, { room: roomId(), name: 'Ann' });
	assert.equal(await isFull(ann.page), false);
});

// proves U14
test('if the embedding page does not allow full screen, nothing happens and nothing breaks', LIMIT, async (t) => {
	const room = roomId();
	const server = createServer((_, response) => {
		response.setHeader('Content-Type', 'text/html');
		const src = `${bench.system.url}/call/?roomId=${room}&startWithFS=true&displayName=Ann`;
		response.end(`<iframe allow="camera; microphone" width="900" height="640" src="${src}"></iframe>`);
	}).listen(0, 'localhost');
	await once(server, 'listening');
	t.after(() => server.close());
	const page = await bench.chromium.page();
	await page.goto(`http://localhost:${server.address().port}/`);
	const frame = page.frameLocator('iframe');
	await frame.getByTestId('join-button').click();
	await frame.getByTestId('leave-button').waitFor();
	assert.equal(await isFull(page), false);
	assert.deepEqual(
		page.lines.filter((line) => line.startsWith('uncaught')),
		[],
	);
});
