// Problems that users of such APIs report, unless another file tests them. Those are: calls before the frame is ready
// (bridge), messages of foreign windows (bridgelink), calls that require a tap (bridgeview), a volume that cannot be set
// (bridgeview), an iPhone's full screen (web/src/base/fullscreen.test.ts), four messages for devices (welcome), and ghosts
// (call: the newest connection).
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Embedded, openSite } from './embed.mjs';
import { Chromium, LIMIT, openBench, Participant, roomId, until } from './harness.mjs';

const bench = openBench();
openSite(bench);

/** Another browser for one test; its bench. */
async function other(t, traits) {
	const chromium = await Chromium.launch(traits);
	t.after(() => chromium.close());
	return { ...bench, chromium };
}

test('if the browser stores nothing for third parties, an iframe still lets people in', LIMIT, async (t) => {
	const preferences = { profile: { block_third_party_cookies: true, cookie_controls_mode: 1 } };
	const strict = await other(t, { preferences });
	const room = roomId();
	// Another site than localhost, where the embedding page is.
	const url = bench.system.url.replace('localhost', '127.0.0.1');
	const ann = await Embedded.open(strict, { room, name: 'Ann', url });
	await assert.rejects(
		ann.page.evaluate(() => localStorage.length),
		/Access is denied/,
	);
	assert.equal((await ann.call('join', { constraints: { audio: true, video: true } })).peerId, ann.peerId);
	const bob = await Participant.join(bench, { room, name: 'Bob' });
	await Promise.all([bob.sees(ann), ann.hears(bob)]);
	assert.equal(await ann.call('setLocale', 'ru'), true);
});

test('a participant who navigates away has left, and finds the bridge working after coming back', LIMIT, async (t) => {
	const room = roomId();
	const ann = await Embedded.join(await other(t, { keepsPages: true }), { room, name: 'Ann' });
	await ann.host.evaluate(() => addEventListener('pageshow', ({ persisted }) => (window.kept = persisted)));
	await ann.host.goto(bench.site.add('<p>elsewhere'));
	const bob = await Participant.join(bench, { room, name: 'Bob' });
	await bob.seesNames(bob);
	await ann.host.goBack({ waitUntil: 'commit' });
	await until('the very page again', () => ann.host.evaluate(() => window.kept));
	await ann.told('connectionClosed', { peerId: ann.peerId });
	assert.equal((await ann.call('join')).peerId, ann.peerId);
	await bob.seesNames(ann, bob);
});
