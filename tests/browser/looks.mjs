import assert from 'node:assert/strict';
import { mkdir } from 'node:fs/promises';
import { ROOT } from './system.mjs';

const FOLDER = `${ROOT}/build/screenshots`; // for people to look at
const SIZES = [
	{ width: 1280, height: 720 },
	{ width: 1920, height: 1080 },
	{ width: 360, height: 740 },
];

/** Nothing overflows the window sideways: on a phone that is what breaks first. */
async function assertFits(page, what) {
	const { content, window } = await page.evaluate(() => ({
		content: document.documentElement.scrollWidth,
		window: innerWidth,
	}));
	assert.ok(content <= window, `${what} is ${content} wide in a window of ${window}`);
}

/** Waits until animations have finished, except endless ones. */
async function settled(page) {
	await page.evaluate(async () => {
		const frame = () => new Promise((done) => requestAnimationFrame(done));
		await frame();
		await frame();
		const moving = document.getAnimations().filter(({ effect }) => effect.getComputedTiming().iterations !== Infinity);
		await Promise.allSettled(moving.map(({ finished }) => finished));
	});
}

/** Saves screenshots of a participant's page, on screens from a phone to a wall. */
export async function look(one, what) {
	const before = one.page.viewportSize();
	await mkdir(FOLDER, { recursive: true });
	for (const size of SIZES) {
		await one.page.setViewportSize(size);
		await one.page.waitForFunction(({ width }) => innerWidth === width, size);
		// So that no button shows just because the pointer happens to be on it.
		await one.page.mouse.move(size.width - 1, size.height - 1);
		await settled(one.page);
		await assertFits(one.page, what);
		await one.page.screenshot({ path: `${FOLDER}/${what}-${size.width}x${size.height}.png` });
	}
	await one.page.setViewportSize(before);
}
