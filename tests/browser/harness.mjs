// The setup of each test file: the running system and a browser.
import { mkdir, writeFile } from 'node:fs/promises';
import { after, afterEach, before } from 'node:test';
import { Chromium } from './chromium.mjs';
import { Firefox } from './firefox.mjs';
import { Integrator } from './integrator.mjs';
import { ROOT, System } from './system.mjs';

export { Chromium } from './chromium.mjs';
export { look } from './looks.mjs';
export { Participant, roomId } from './participant.mjs';
export { Protoo } from './protoo.mjs';
export { Proxy } from './proxy.mjs';
export { ROOT, System } from './system.mjs';
export { holds, PATIENCE_MS, until } from './wait.mjs';

/** For one test: far more than it takes, for slow or busy machines. */
export const LIMIT = { timeout: 300_000 };

/**
 * Starts the system and a browser before a file's tests and ends them afterwards; `prepare` gets the system before the
 * first test; with `integrator` there is one who signs tokens and receives requests, and with `firefox` there is that browser
 * too; `traits` are Chromium's. Each test starts without pages; screenshots of a failed test go to build/browser-failures/.
 */
export function openBench({ settings, options, prepare, integrator = false, firefox = false, traits } = {}) {
	const bench = { system: null, chromium: null, firefox: null, integrator: null };
	const browsers = () => [bench.chromium, bench.firefox].filter(Boolean);
	let reported = false;
	const startSystem = async () => {
		if (integrator) bench.integrator = await Integrator.start();
		bench.system = await System.start({ settings: { ...settings, ...bench.integrator?.settings }, options });
		await bench.integrator?.register(bench.system);
	};
	before(async () => {
		const started = await Promise.allSettled([
			startSystem(),
			Chromium.launch(traits).then((chromium) => (bench.chromium = chromium)),
			firefox && Firefox.launch().then((firefox) => (bench.firefox = firefox)),
		]);
		for (const { reason } of started) if (reason) throw reason;
		await prepare?.(bench.system);
	});
	afterEach(async (test) => {
		// In a test with subtests, the first one that fails is the one to look at.
		if (!test.passed && !reported) await report(bench.system, browsers(), test.fullName);
		reported ||= !test.passed;
		if (test.fullName !== test.name) return;
		await Promise.all(browsers().map((browser) => browser.closePages()));
		reported = false;
	});
	after(async () => {
		await Promise.all(browsers().map((browser) => browser.close()));
		await bench.system?.stop();
		await bench.integrator?.stop();
	});
	return bench;
}

async function report(system, browsers, title) {
	const folder = `${ROOT}/build/browser-failures`;
	await mkdir(folder, { recursive: true });
	const name = title.replaceAll(/\W+/g, '-');
	const lines = [`== ${title}`];
	for (const [i, page] of browsers.flatMap(({ pages }) => pages).entries()) {
		await page.screenshot({ path: `${folder}/${name}-${i}.png`, timeout: 5000 }).catch(() => {});
		const messages = await page.evaluate(() => ({ sent: probe.sent, received: probe.received })).catch(String);
		await writeFile(`${folder}/${name}-${i}.json`, JSON.stringify(messages, null, '\t'));
		lines.push(`-- ${page.url()}`, ...page.lines);
	}
	lines.push('-- scripts/run', system?.log ?? '');
	for (const process of ['controlplane', 'dataplane', 'demo']) lines.push(`-- ${process}`, (await system?.tail(process)) ?? '');
	lines.push(`-- pictures and messages: ${folder}/${name}-*`);
	console.error(lines.join('\n'));
}
