import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { assertAccessible } from './a11y.mjs';
import { LIMIT, look, openBench, Participant, roomId, until } from './harness.mjs';

const bench = openBench({ integrator: true });

/** A third party's page with a player: it reports what it learns about its surroundings, and what it is kept from. */
const PAGE = `<!doctype html><title>player</title><canvas width="320" height="180"></canvas><script>
	const context = document.querySelector('canvas').getContext('2d');
	setInterval(() => { context.fillStyle = 'hsl(' + performance.now() / 10 % 360 + ' 80% 50%)'; context.fillRect(0, 0, 320, 180); }, 50);
	const refused = (act) => { try { act(); return false; } catch { return true; } };
	window.told = {
		url: location.href, referrer: document.referrer, origin: self.origin,
		cannotRead: refused(() => parent.document.title),
		cannotLead: refused(() => { top.location.href = 'about:blank'; }),
		cannotOpen: window.open('about:blank') === null,
	};
</script>`;

const folder = mkdtempSync(join(tmpdir(), 'amphi-player-'));
let server;
let player;

before(async () => {
	const [key, cert] = ['key.pem', 'cert.pem'].map((name) => join(folder, name));
	const request = [
		'req',
		'-x509',
		'-newkey',
		'ec',
		'-pkeyopt',
		'ec_paramgen_curve:prime256v1',
		'-nodes',
		'-subj',
		'/CN=localhost',
	];
	execFileSync('openssl', [...request, '-keyout', key, '-out', cert], { stdio: 'ignore' });
	server = createServer({ key: readFileSync(key), cert: readFileSync(cert) }, (_, response) => {
		response.setHeader('Content-Type', 'text/html');
		response.end(PAGE);
	}).listen(0, 'localhost');
	await once(server, 'listening');
	player = `https://localhost:${server.address().port}/live?id=1`;
});
after(() => {
	server.close();
	server.closeAllConnections();
	rmSync(folder, { recursive: true });
});

/** What the player knows, for a participant who sees one. */
async function told(one) {
	await one.test('player').waitFor();
	return until(`${one.name} to see the player`, async () => {
		const frame = one.page.frames().find((frame) => frame.url().startsWith('https:'));
		return frame?.evaluate(() => window.told);
	});
}

// proves U17
test('a player from the address is shown to this participant alone, in a sandbox', LIMIT, async () => {
	const room = roomId();
	const ann = await Participant.join(bench, { room, name: 'Ann', video: player });
	const bob = await Participant.join(bench, { room, name: 'Bob' });
	assert.deepEqual(await told(ann), {
		url: player,
		referrer: `${bench.system.url}/`, // the origin, without the room
		origin: new URL(player).origin,
		cannotRead: true,
		cannotLead: true,
		cannotOpen: true,
	});
	// The others are still there.
	await ann.sees(bob);
	const box = await ann.test('player').boundingBox();
	assert.ok(box.width * box.height > 0.4 * 1280 * 720, JSON.stringify(box));
	assert.equal(await bob.test('player').count(), 0);
	await look(ann, 'player');
});

// proves U17
test('a player from a token is shown to everyone, latecomers included', LIMIT, async () => {
	const room = roomId();
	const ann = await Participant.join(bench, { room, name: 'Ann', lang: 'ru' });
	const host = await Participant.join(bench, { room, name: 'Host', claims: { role: 'moderator', video: player } });
	const late = await Participant.join(bench, { room, name: 'Late', video: 'https://localhost:1/of-ones-own' });
	for (const one of [ann, host, late]) assert.equal((await told(one)).url, player);
	for (const one of [ann, host]) await assertAccessible(one.page, 'the player');
});

// proves U17
test('a moderator shows everyone a player, and takes it away', LIMIT, async () => {
	const room = roomId();
	const host = await Participant.join(bench, { room, name: 'Host', claims: { role: 'moderator' } });
	const ann = await Participant.join(bench, { room, name: 'Ann' });
	const choose = async () => {
		await host.click('more-button');
		await host.click('player-button');
	};
	await choose();
	await host.test('player-url').fill('http://no-tls.example/');
	assert.equal(await host.test('player-start').isDisabled(), true);
	await host.test('player-url').fill(player);
	await host.click('player-start');
	for (const one of [host, ann]) assert.equal((await told(one)).url, player);
	assert.equal(await host.test('player-dialog').count(), 0);

	await choose();
	await host.click('player-stop');
	for (const one of [host, ann]) await one.test('player').waitFor({ state: 'detached' });
	// Others have no such power, and no such button.
	await ann.click('more-button');
	assert.equal(await ann.test('player-button').count(), 0);
	assert.equal((await ann.request('setRoomVideo', { url: player })).ok, false);
});

// proves U17
test('a player that is not an https page is not shown, and the console says so', LIMIT, async () => {
	const ann = await Participant.join(bench, { room: roomId(), name: 'Ann', video: 'javascript:alert(1)' });
	assert.equal(await ann.test('player').count(), 0);
	assert.ok(
		ann.page.lines.some((line) => /ignoring the URL attribute video/.test(line)),
		ann.page.lines.join('\n'),
	);
});
