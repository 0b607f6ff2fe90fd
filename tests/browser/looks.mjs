import assert from 'node:assert/strict';
import { mkdir } from 'node:fs/promises';
import { ROOT } from './system.mjs';

const FOLDER = `${ROOT}/build/screenshots`; // for people to look at
const SIZES = [
	{ width: 1280, height: 720 },
	{ width: 390, height: 844 },
];

/** Nothing sticks out of the window sideways: on a telephone that is what breaks first. */
async function assertFits(page, what) {
	const { content, window } = await page.evaluate(() => ({
		content: document.documentElement.scrollWidth,
		window: innerWidth,
	}));
	assert.ok(content <= window, `${what} is ${content} wide in a window of ${window}`);
}

/** Keeps pictures of what somebody sees, on a large and a small screen. */
export async function look(one, what) {
	const before = one.page.viewportSize();
	await mkdir(FOLDER, { recursive: true });
	for (const size of SIZES) {
		await one.page.setViewportSize(size);
		await one.page.waitForFunction(({ width }) => innerWidth === width, size);
		// The tiles take their places in the next frames.
		await one.page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
		await assertFits(one.page, what);
		await one.page.screenshot({ path: `${FOLDER}/${what}-${size.width}x${size.height}.png` });
	}
	await one.page.setViewportSize(before);
}
