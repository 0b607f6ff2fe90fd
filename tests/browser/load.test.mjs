import assert from 'node:assert/strict';
import { readdir, readFile, stat } from 'node:fs/promises';
import { test } from 'node:test';
import { LIMIT, openBench, Participant, ROOT, roomId, until } from './harness.mjs';

const bench = openBench();

const FIRST_VIEW_BYTES = 200_000; // compressed

/** The resources that a browser fetches from the server for a page: address, bytes on the wire, headers. */
async function fetched(page, act) {
	const devtools = await page.context().newCDPSession(page);
	await devtools.send('Network.enable');
	await devtools.send('Network.setCacheDisabled', { cacheDisabled: true });
	const requests = new Map();
	devtools.on('Network.responseReceived', ({ requestId, response }) =>
		requests.set(requestId, { url: response.url, headers: response.headers, bytes: 0 }),
	);
	devtools.on('Network.loadingFinished', ({ requestId, encodedDataLength }) => {
		if (requests.has(requestId)) requests.get(requestId).bytes = encodedDataLength;
	});
	await act();
	await page.waitForLoadState('networkidle');
	return [...requests.values()].filter(({ url }) => url.startsWith(bench.system.url));
}

test('the first view is small, compressed and cached', LIMIT, async (t) => {
	const page = await bench.chromium.page();
	const requests = await fetched(page, async () => {
		await page.goto(`${bench.system.url}/call/?roomId=${roomId()}`);
		await page.getByTestId('join-button').waitFor();
	});
	const total = requests.reduce((sum, { bytes }) => sum + bytes, 0);
	t.diagnostic(`${total} bytes in ${requests.length} files, the room’s own among them`);
	assert.ok(requests.length > 3 && total > 10_000, JSON.stringify(requests));
	// It still is, even with everything that is loaded ahead for the room.
	assert.ok(total < FIRST_VIEW_BYTES, `${total} bytes`);
	for (const { url, headers, bytes } of requests) {
		const caching = headers['Cache-Control'];
		if (new URL(url).pathname.startsWith('/assets/')) assert.match(caching, /max-age=31536000, immutable/, url);
		else assert.equal(caching, new URL(url).pathname.startsWith('/api/') ? 'no-store' : 'no-cache', url);
		if (bytes > 4096 && !new URL(url).pathname.startsWith('/api/')) assert.equal(headers['Content-Encoding'], 'br', url);
	}
});

test('index.html names only the first view, and leaves the room’s code for later', LIMIT, async (t) => {
	const dist = `${ROOT}/web/dist`;
	const html = await readFile(`${dist}/index.html`, 'utf8');
	assert.doesNotMatch(html, /<script(?![^>]* src=)[^>]*>|<style| style=| on[a-z]+=/, 'something is inline');
	const named = [...html.matchAll(/(?:src|href)="\/(assets\/[^"]+\.(?:js|css))"/g)].map(([, path]) => path);
	assert.ok(named.length >= 2, html);
	let total = (await stat(`${dist}/index.html`)).size;
	for (const path of named) total += (await stat(`${dist}/${path}.gz`).catch(() => stat(`${dist}/${path}`))).size;
	t.diagnostic(`${total} bytes of gzip`);
	assert.ok(total < FIRST_VIEW_BYTES / 2, `${total} bytes`);
	for (const path of named) assert.doesNotMatch(await readFile(`${dist}/${path}`, 'utf8'), /mediasoup-client/, path);
	const assets = await readdir(`${dist}/assets`);
	assert.ok(assets.some((name) => !named.includes(`assets/${name}`) && name.endsWith('.js')));
});

test('nothing that the page does violates its own policy', LIMIT, async () => {
	const room = roomId();
	const pages = [];
	for (const path of ['/new', `/call/?roomId=${room}`, `/webinar/?roomId=${room}w`]) {
		const page = await bench.chromium.page();
		const response = await page.goto(bench.system.url + path);
		const policy = response.headers()['content-security-policy'];
		assert.match(policy, /script-src 'self';/);
		assert.doesNotMatch(policy, /unsafe/);
		pages.push(page);
	}
	const ann = await Participant.join(bench, { room, name: 'Ann' });
	const bob = await Participant.join(bench, { room, name: 'Bob' });
	await ann.sees(bob);
	await ann.click('leave-button');
	await until('Ann to have left', async () => (await ann.test('left').count()) === 1);
	for (const page of [...pages, ann.page, bob.page]) {
		const violations = page.lines.filter((line) =>
			/Content.Security.Policy|Permissions-Policy|Refused to|violates/.test(line),
		);
		assert.deepEqual(violations, [], page.url());
	}
});
