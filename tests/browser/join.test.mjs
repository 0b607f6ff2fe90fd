import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LIMIT, openBench, Participant, roomId, until } from './harness.mjs';

const bench = openBench();

/** Runs in the page before its own code: notes for each request how many answers there were before it. */
function countAnswers() {
	probe.sent.push = function (message) {
		const answers = probe.received.filter(({ response }) => response).length;
		return Array.prototype.push.call(this, { ...message, answers });
	};
}

/** … and the server's capabilities have another version than announced, or cannot be loaded. */
function anotherVersion() {
	const { fetch } = window;
	window.fetch = (url, ...others) =>
		url === '/api/routerRtpCapabilities'
			? Response.json({ version: 'another', routerRtpCapabilities: { codecs: [], headerExtensions: [] } })
			: fetch(url, ...others);
}
function noAnswer() {
	const { fetch } = window;
	window.fetch = (url, ...others) =>
		url === '/api/routerRtpCapabilities' ? new Response('', { status: 503 }) : fetch(url, ...others);
}

const requests = (one) => one.page.evaluate(() => probe.sent.filter(({ request }) => request));

test('a page joins with all requests at once, since the welcome screen has prepared them', LIMIT, async () => {
	const room = roomId();
	const ann = await Participant.join(bench, { room, name: 'Ann' });
	const bob = await Participant.open(bench, { room, name: 'Bob', early: countAnswers });
	await until('the browser to have told what it can do', () =>
		bob.page.evaluate(() => probe.connections.length === 2 && probe.connections.every((c) => c.signalingState === 'closed')),
	);
	await bob.enter();
	await bob.sees(ann);
	const sent = await requests(bob);
	assert.ok(sent.every(({ method }) => method !== 'getRouterRtpCapabilities'));
	const first = sent.slice(0, 3);
	assert.deepEqual(
		first.map(({ method }) => method),
		['createWebRtcTransport', 'createWebRtcTransport', 'join'],
	);
	assert.deepEqual(
		first.map(({ answers }) => answers),
		[0, 0, 0],
	);
	// Amphi's probes need no stream of their own.
	const described = await bob.page.evaluate(() =>
		probe.connections.map(({ remoteDescription }) => remoteDescription?.sdp ?? ''),
	);
	assert.ok(described.some((sdp) => /m=video/.test(sdp)));
	assert.ok(described.every((sdp) => !/probator/.test(sdp)));
	await Promise.all([ann.sees(bob), ann.hears(bob), bob.hears(ann)]);
});

test('if the preparation is out of date or has failed, joining still works', LIMIT, async () => {
	const room = roomId();
	const ann = await Participant.join(bench, { room, name: 'Ann' });
	for (const early of [anotherVersion, noAnswer]) {
		const bob = await Participant.join(bench, { room, name: 'Bob', early });
		await Promise.all([bob.sees(ann), ann.sees(bob)]);
		assert.ok((await requests(bob)).some(({ method }) => method === 'getRouterRtpCapabilities'));
		await bob.page.context().close();
	}
});
