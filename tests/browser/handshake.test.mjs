import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, request } from 'node:http';
import { connect } from 'node:net';
import { test } from 'node:test';
import { LIMIT, openBench, Participant, roomId } from './harness.mjs';

const bench = openBench({ settings: { unknown_hosts: '"refuse"', address_websockets: 2 } });

/** A proxy with typical mistakes: it may lose the Host except for pages, or not support WebSockets. */
async function startProxy({ host, origin, upgrades }) {
	const { hostname, port } = new URL(bench.system.url);
	const changed = { ...(host && { host }), ...(origin && { origin }) };
	const proxy = createServer((near, answer) => {
		const headers = { ...near.headers, ...(near.method === 'POST' && changed) };
		const far = request({ hostname, port, path: near.url, method: near.method, headers }, (got) => {
			answer.writeHead(got.statusCode, got.headers);
			got.pipe(answer);
		});
		near.pipe(far);
	});
	proxy.on('upgrade', (near, socket) => {
		if (!upgrades) return socket.end('HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n');
		const far = connect(Number(port), hostname);
		const headers = Object.entries({ ...near.headers, ...changed });
		far.write(`GET ${near.url} HTTP/1.1\r\n${headers.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n`);
		socket.pipe(far).pipe(socket);
		for (const end of [socket, far]) end.on('error', () => {});
	});
	proxy.listen(0, 'localhost').unref();
	await once(proxy, 'listening');
	return { url: `http://localhost:${proxy.address().port}`, close: () => proxy.close() };
}

for (const [what, options, reason, text] of [
	[
		'forgets the Host',
		{ host: 'inside.example', upgrades: true },
		'host-unknown',
		/does not recognise the address[^]*no account has this host/,
	],
	[
		'gives its own Host',
		{ host: 'localhost', upgrades: true, origin: 'http://inside.example' },
		'origin-not-allowed',
		/origin not allowed/,
	],
	['lets no WebSocket through', { upgrades: false }, 'websocket-blocked', /WebSocket/],
])
	test(`behind a proxy that ${what}, the page says so and stops trying`, LIMIT, async () => {
		const proxy = await startProxy(options);
		const ann = await Participant.open(bench, { room: roomId(), name: 'Ann', url: proxy.url });
		await ann.enter();
		assert.equal(await ann.isRefused(), reason);
		assert.match(await ann.test('refused').innerText(), text);
		const sockets = () => ann.page.evaluate(() => probe.sockets.length);
		const tried = await sockets();
		await new Promise((resolve) => setTimeout(resolve, 3000));
		assert.equal(await sockets(), tried);
		proxy.close();
	});

test('if a network has too many connections, a newcomer is told so, and those in the room stay', LIMIT, async () => {
	const room = roomId();
	const [ann, bob, cy] = await Promise.all(['Ann', 'Bob', 'Cy'].map((name) => Participant.open(bench, { room, name })));
	for (const one of [ann, bob]) {
		await one.enter();
		await one.isConnected();
	}
	await cy.enter();
	await cy.test('refused').waitFor({ timeout: 150_000 }); // after a minute of trying
	assert.equal(await cy.isRefused(), 'too-many-connections');
	await ann.isConnected();
});

// proves U06, U11
test('an invalid name or peerId keeps nobody out', LIMIT, async () => {
	const room = roomId();
	const ann = await Participant.open(bench, { room, name: 'Ann', peerId: 'p'.repeat(129), displayName: 'Ada\nLovelace' });
	await ann.enter();
	await ann.isConnected();
	assert.deepEqual(await ann.names(), ['Ann']);
	const id = await ann.page.getByTestId('tile').getAttribute('data-peer-id');
	assert.match(id, /^[0-9a-f-]{36}$/);
});
