import assert from 'node:assert/strict';
import { mkdir } from 'node:fs/promises';
import { test } from 'node:test';
import { LIMIT, openBench, Participant, ROOT, until } from './harness.mjs';

const bench = openBench({ options: ['--demo'] });
const demo = { name: 'Amphi demo', peerId: 'amphi-demo' };

const FOLDER = `${ROOT}/build/screenshots`; // for people to look at
const SIZES = [
	{ width: 1280, height: 720 },
	{ width: 390, height: 844 },
];

/** Opens the link that scripts/run prints and presses its one button, as a newcomer does. */
async function visit() {
	const guest = new Participant();
	guest.name = 'Guest';
	guest.page = await bench.chromium.page();
	await guest.page.goto(await until('scripts/run to print the link', () => bench.system.demo));
	await guest.click('join-button');
	await guest.isConnected();
	return guest;
}

test('people who open the demo’s link see and hear it', LIMIT, async (t) => {
	const guest = await visit();
	await Promise.all([guest.sees(demo), guest.hears(demo)]);
	await guest.seesNames(demo);
	assert.equal((await guest.video(demo)).frameWidth, 1280);
	assert.equal(await guest.page.evaluate(() => probe.userMediaCalls), 0);

	await t.test('without a gap, for longer than the clip lasts', async () => {
		const missed = await bench.system.missed();
		await guest.watch(demo);
		await new Promise((resolve) => setTimeout(resolve, 15_000));
		const seen = await guest.stopWatching();
		t.diagnostic(JSON.stringify(seen));
		assert.ok(seen.lost <= (await bench.system.missed()) - missed, `packets were lost: ${JSON.stringify(seen)}`);
		assert.ok(seen.longestGap < 1000 + seen.longestBlind, `the picture stood still: ${JSON.stringify(seen)}`);
	});

	await t.test('on large and small screens', async () => {
		await mkdir(FOLDER, { recursive: true });
		for (const size of SIZES) {
			await guest.page.setViewportSize(size);
			await guest.decodes(demo, 10);
			await guest.page.screenshot({ path: `${FOLDER}/demo-${size.width}x${size.height}.png` });
		}
	});

	await t.test('so do latecomers', async () => {
		const late = await visit();
		await Promise.all([late.sees(demo), late.hears(demo)]);
		await guest.decodes(demo, 10);
	});
});

test('SIGHUP ends none of the processes', LIMIT, async () => {
	const names = ['demo', 'controlplane', 'dataplane'];
	const pids = await Promise.all(names.map((name) => bench.system.pid(name)));
	for (const pid of pids) process.kill(pid, 'SIGHUP');
	await new Promise((resolve) => setTimeout(resolve, 500));
	assert.deepEqual(await Promise.all(names.map((name) => bench.system.pid(name))), pids);
});

test('the demo comes back after it has died', LIMIT, async () => {
	const guest = await visit();
	await Promise.all([guest.sees(demo), guest.hears(demo)]);
	await bench.system.kill('demo');
	await Promise.all([guest.sees(demo), guest.hears(demo)]);
	await guest.seesNames(demo);
});

test('the demo goes on while the control plane is dead, and resumes afterwards', LIMIT, async () => {
	const guest = await visit();
	await Promise.all([guest.sees(demo), guest.hears(demo)]);
	const missed = await bench.system.missed();
	await guest.watch(demo);
	await bench.system.kill('controlplane');
	await guest.isConnected();
	// It is admitted again within a second, and any effect on its media would show.
	await new Promise((resolve) => setTimeout(resolve, 3000));
	const seen = await guest.stopWatching();
	assert.ok(seen.longestGap < 1000 + seen.longestBlind, `the picture stood still: ${JSON.stringify(seen)}`);
	assert.ok(seen.lost <= (await bench.system.missed()) - missed, `packets were lost: ${JSON.stringify(seen)}`);
	await guest.seesNames(demo);
	// Somebody new gets the demo from the new control plane.
	const late = await visit();
	await Promise.all([late.sees(demo), late.hears(demo)]);
});

test('the demo comes back after the data plane has died', LIMIT, async () => {
	const guest = await visit();
	await Promise.all([guest.sees(demo), guest.hears(demo)]);
	await bench.system.kill('dataplane');
	await until('the banner to go', () => guest.isConnected().then(() => true));
	await Promise.all([guest.sees(demo), guest.hears(demo)]);
	await guest.seesNames(demo);
});
