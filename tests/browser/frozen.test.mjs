import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LIMIT, openBench, Participant, roomId, until } from './harness.mjs';

const bench = openBench();

/** Like an iPhone in low power mode: nothing plays before a gesture, not even video, and autoplay reports nothing. */
function refusePlay() {
	Object.defineProperty(HTMLMediaElement.prototype, 'autoplay', { get: () => false, set() {} });
	const play = HTMLMediaElement.prototype.play;
	HTMLMediaElement.prototype.play = function () {
		if (!window.touched) return Promise.reject(new DOMException('not without a gesture', 'NotAllowedError'));
		return play.call(this);
	};
}

test('blocked video plays after the click, like the sound', LIMIT, async () => {
	const room = roomId();
	const bob = await Participant.join(bench, { room, name: 'Bob' });
	const page = await bench.chromium.page();
	await page.addInitScript(refusePlay);
	await page.goto(`${bench.system.url}/webinar/?roomId=${room}-w`);
	assert.equal(await page.getByTestId('name-input').count(), 1);

	await page.goto(`${bench.system.url}/call/?roomId=${room}`);
	await page.getByTestId('name-input').fill('Ann');
	await page.getByTestId('join-button').click();
	const button = page.getByTestId('listen-button');
	await button.waitFor();
	// A video without a frame is hidden, and paused too.
	const shown = () =>
		page.evaluate((id) => {
			const { paused, hidden } = document.querySelector(`[data-testid=tile][data-peer-id="${id}"] video`);
			return hidden ? null : { paused };
		}, bob.peerId);
	await until(
		'the picture to be refused',
		async () => (await button.innerText()) === 'Tap to watch' && (await shown())?.paused === true,
	);
	await page.evaluate(() => (window.touched = true));
	await button.click();
	await until('the picture to play', async () => (await shown())?.paused === false);
	await until('no video to stand still', () =>
		page.evaluate(() => [...document.querySelectorAll('video:not([hidden])')].every(({ paused }) => !paused)),
	);
	await button.waitFor({ state: 'detached' });
});
