import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { test } from 'node:test';
import { ALLOW, Embedded, openSite } from './embed.mjs';
import { holds, LIMIT, openBench, Participant, Proxy, roomId, until } from './harness.mjs';

const bench = openBench();
openSite(bench);

/** A page of the site with an iframe of ours and any other markup. */
async function open(html, options) {
	const page = await bench.chromium.page();
	await page.goto(bench.site.add(html, options), { waitUntil: 'domcontentloaded' });
	return page;
}

const address = (room, more = '') => `${bench.system.url}/call/?roomId=${room}&displayName=Ann&nameScreenDisabled=true${more}`;

// proves P04, G07
test('the same file is a script and a module, and there is a package', LIMIT, async () => {
	const room = roomId();
	const iframe = `<iframe id="room" allow="${ALLOW}" src="${address(room).replaceAll('&', '&amp;')}"></iframe>`;
	const join = `new Bridge({ element: document.getElementById('room'), roomId: '${room}' }).method({ name: 'join' }).then((answer) => (window.answer = answer))`;
	const ways = {
		script: `<script src="${bench.system.url}/meetBridgeApi.js"></script><script>const Bridge = MeetIframeBridge.default; ${join}</script>`,
		module: `<script type="module">import Bridge, { MeetIframeBridge as Named } from '${bench.system.url}/meetBridgeApi.js';
			if (Named !== Bridge || window.MeetIframeBridge.default !== Bridge) throw new Error('not the same'); ${join}</script>`,
		dynamic: `<script type="module">const { default: Bridge } = await import('${bench.system.url}/meetBridgeApi.js'); ${join}</script>`,
		package: `<script type="module">import Bridge from '/package.js'; if (window.MeetIframeBridge) throw new Error('a global'); ${join}</script>`,
	};
	for (const [way, script] of Object.entries(ways)) {
		const page = await open(iframe + script);
		const answer = await until(`${way}: an answer`, () => page.evaluate(() => window.answer), { describe: () => page.lines });
		assert.equal(answer.displayName, 'Ann', way);
		assert.deepEqual(
			page.lines.filter((line) => line.startsWith('uncaught')),
			[],
		);
		await page.close();
	}
	const { headers } = await bench.system.rest('/meetBridgeApi.js');
	assert.equal(headers.get('access-control-allow-origin'), '*');
	assert.equal(headers.get('cross-origin-resource-policy'), 'cross-origin');
	assert.match(headers.get('content-type'), /^text\/javascript/);
	assert.match(headers.get('cache-control'), /^public, max-age=\d+$/);
});

// proves G06
test('an iframe that is reloaded is found again, and everything is reported again', LIMIT, async () => {
	const room = roomId();
	const bob = await Participant.join(bench, { room, name: 'Bob' });
	const ann = await Embedded.join(bench, { room, name: 'Ann' });
	await ann.told('newPeer', { peerId: bob.peerId });
	await ann.host.evaluate(() => {
		events.length = 0;
		document.getElementById('room').contentWindow.location.replace(document.getElementById('room').src);
	});
	await ann.told('readyToJoin', { peerId: ann.peerId });
	const answer = await ann.call('join', { constraints: { audio: true, video: false } });
	assert.equal(answer.peerId, ann.peerId);
	await ann.told('newPeer', { peerId: bob.peerId });
	await ann.told('switchOnCamera', { peerId: bob.peerId, isLocal: false });
	const names = (await ann.events()).map(({ name }) => name);
	assert.deepEqual(
		names.filter((name) => ['ready', 'readyToJoin', 'join', 'newPeer'].includes(name)),
		['ready', 'readyToJoin', 'join', 'newPeer'],
	);
	await bob.seesNames(bob, ann);
});

test('a second bridge, to a room that began long ago, gets all its events', LIMIT, async () => {
	const room = roomId();
	const bob = await Participant.join(bench, { room, name: 'Bob' });
	const ann = await Embedded.join(bench, { room, name: 'Ann' });
	await ann.told('switchOnCamera', { peerId: bob.peerId });
	await ann.told('switchOnMic', { peerId: bob.peerId });
	await ann.told('switchOnMic', { isLocal: true });
	const wanted = ['ready', 'join', 'newPeer', 'switchOnCamera', 'switchOnMic'];
	await ann.host.evaluate((wanted) => {
		window.late = [];
		const bridge = new MeetIframeBridge.default({ element: document.getElementById('room') });
		for (const name of wanted) bridge.on(name, (data) => late.push(`${name} ${data.displayName}`));
	}, wanted);
	await until('the second bridge', () => ann.host.evaluate(() => window.late.length >= 7), {
		describe: () => ann.host.evaluate(() => window.late),
	});
	const late = await ann.host.evaluate(() => late);
	assert.deepEqual(late.slice(0, 2), ['ready Ann', 'join Ann']);
	assert.ok(late.indexOf('newPeer Bob') < late.indexOf('switchOnCamera Bob'), late.join());
	assert.equal(await ann.call('isCameraEnabled'), true, 'the first bridge goes on');
});

test(
	'an iframe that does not answer: each call is answered once, and carried out if the iframe loads after all',
	LIMIT,
	async () => {
		const room = roomId();
		const page = await open(`<iframe id="room" allow="${ALLOW}"></iframe>
		<script src="${bench.system.url}/meetBridgeApi.js"></script>
		<script>
			window.answers = [];
			const began = performance.now();
			const bridge = new MeetIframeBridge.default({ element: document.getElementById('room'), roomId: '${room}' });
			for (const name of ['join', 'nonsense'])
				bridge.method({ name, callback: (result) => answers.push({ name, ms: performance.now() - began, code: result.error?.code }) });
		</script>`);
		// calls.test.ts tests how long that may take at most.
		const answers = await until('both answers', () => page.evaluate(() => answers.length === 2 && answers));
		assert.deepEqual(
			answers.map(({ name, code }) => [name, code]),
			[
				['join', 'timeout'],
				['nonsense', 'timeout'],
			],
		);
		assert.ok(
			answers.every(({ ms }) => ms > 5000),
			JSON.stringify(answers),
		);
		await page.evaluate((src) => (document.getElementById('room').src = src), address(room, '&peerId=late'));
		const frame = await until('the room', () => page.frames().find((frame) => frame.url().includes('peerId=late')));
		await until('the call to be done', () => frame.evaluate(() => window.amphi?.state?.link === 'connected'));
		assert.equal(await page.evaluate(() => answers.length), 2);
	},
);

test('a different room from the one that the bridge was made for', LIMIT, async () => {
	const ann = await Embedded.open(bench, { room: roomId(), name: 'Ann' });
	const answer = await ann.host.evaluate(() =>
		new MeetIframeBridge.default({ element: document.getElementById('room'), roomId: 'another' }).method({ name: 'join' }),
	);
	assert.equal(answer.error.code, 'wrong-room');
	await until('the page to say that nobody has joined', async () => (await ann.state()) === null);
});

// proves A20
test('messages of foreign windows are ignored', LIMIT, async () => {
	const room = roomId();
	const ann = await Embedded.join(bench, { room, name: 'Ann' });
	// A stranger in the same page, who can reach the windows of the room and of the embedding page.
	const stranger = bench.site.add(
		`<script>
		window.heard = [];
		window.say = (room) => {
			const { port1, port2 } = new MessageChannel();
			port1.onmessage = ({ data }) => heard.push(data);
			const hello = { mark: 'amphi-bridge', type: 'hello', id: 'stranger', roomId: room };
			parent.frames[0].postMessage(hello, '*', [port2]);
			port1.postMessage({ type: 'call', id: 1, name: 'disableMic', roomId: room });
			// As if the room had been reloaded.
			parent.postMessage({ mark: 'amphi-bridge', type: 'here', roomId: room }, '*');
			parent.postMessage({ mark: 'amphi-bridge', type: 'welcome', roomId: room }, '*');
			parent.postMessage({ type: 'event', name: 'peerClosed', roomId: room, data: { peerId: 'x' } }, '*');
		};
		onmessage = ({ data }) => heard.push(data);
	</script>`,
		{ host: '127.0.0.1' },
	);
	await ann.host.evaluate((src) => {
		window.posted = [];
		addEventListener('message', ({ origin, data }) => posted.push({ origin, type: data?.type }));
		document.body.append(Object.assign(document.createElement('iframe'), { src }));
	}, stranger);
	const frame = await until('the stranger', () => ann.host.frames().find((frame) => frame.url() === stranger));
	await until('the stranger to be there', () => frame.evaluate(() => typeof say === 'function'));
	await frame.evaluate((room) => say(room), room);
	await until('what he says to arrive', () => ann.host.evaluate(() => posted.length >= 3));
	await holds('nobody answers him', () => frame.evaluate(() => heard.length === 0), { during: 1500 });
	assert.equal(await ann.call('isMicroEnabled'), true);
	assert.equal((await ann.events('ready')).length, 1, 'no new handshake');
	assert.deepEqual(await ann.events('peerClosed'), []);

	// The embedding page itself, but not about this room, or without the mark.
	await ann.host.evaluate(() => {
		const room = document.getElementById('room').contentWindow;
		for (const data of [
			null,
			'hello',
			{ type: 'hello' },
			{ mark: 'amphi-bridge', type: 'hello' },
			{ mark: 'amphi-bridge', type: 'hello', id: 7, roomId: 'x' },
		])
			room.postMessage(data, document.getElementById('room').src);
	});
	assert.equal(await ann.call('isMicroEnabled'), true);
});

// proves A20
test('the library sends nothing to another page that has taken over the iframe', LIMIT, async () => {
	const room = roomId();
	const thief = bench.site.add('<script>window.heard = []; onmessage = ({ data }) => heard.push(data)</script>', {
		host: '127.0.0.1',
	});
	const ann = await Embedded.join(bench, { room, name: 'Ann' });
	await ann.host.evaluate((thief) => (document.getElementById('room').contentWindow.location = thief), thief);
	const frame = await until('the other page', () => ann.host.frames().find((frame) => frame.url() === thief));
	await until('it to listen', () => frame.evaluate(() => Array.isArray(window.heard)));
	const call = ann.host.evaluate(() => bridge.method({ name: 'changeDisplayName', data: 'secret' }));
	await holds('it hears nothing', () => frame.evaluate(() => heard.length === 0), { during: 3000 });
	assert.equal((await call).error.code, 'timeout');
});

// proves P05, S08, A20
test('sites that are not allowed cannot embed a room, and are told so', LIMIT, async () => {
	const room = roomId();
	const page = await open(
		`<iframe id="room" allow="${ALLOW}" src="${address(room).replaceAll('&', '&amp;')}"></iframe>
		<script src="${bench.system.url}/meetBridgeApi.js"></script>
		<script>
			window.answered = new MeetIframeBridge.default({ element: document.getElementById('room'), roomId: '${room}' }).method({ name: 'join' });
		</script>`,
		{ host: 'plain.test' },
	);
	await until('the browser to refuse', () => page.lines.some((line) => /frame-ancestors/.test(line)), {
		describe: () => page.lines,
	});
	assert.equal((await page.evaluate(() => answered)).error.code, 'timeout');
});

// proves E13, E14, E15
test('the connection breaks and comes back; leaving ends it', LIMIT, async () => {
	const room = roomId();
	const proxy = await Proxy.start(bench.system.url);
	try {
		const ann = await Embedded.join(bench, { room, name: 'Ann', url: proxy.url });
		proxy.cut({ down: true });
		await ann.told('disconnected', { peerId: ann.peerId });
		await ann.told('connectionFailed', { peerId: ann.peerId });
		proxy.up();
		await ann.isConnected();
		await ann.told('reconnected', { peerId: ann.peerId });
		assert.equal((await ann.events('join')).length, 1);
		await ann.click('leave-button');
		await ann.told('connectionClosed', { peerId: ann.peerId, reason: 'left' });
		await ann.told('readyToJoin');
		assert.equal((await ann.call('enablePin', ann.peerId)).error.code, 'not-in-room');
		assert.equal((await ann.call('join')).peerId, ann.peerId);
		assert.equal((await ann.events('join')).length, 2);
	} finally {
		proxy.close();
	}
});

// proves E16
test('a participant who is turned away learns why', LIMIT, async () => {
	const room = roomId();
	await Participant.join(bench, { room, name: 'Bob' });
	const ann = await Embedded.open(bench, { room, kind: 'webinar', name: 'Ann' });
	const answer = await ann.call('join');
	assert.equal(answer.error.code, 'refused');
	assert.match(answer.error.message, /^wrong-room-kind: /);
	await ann.told('connectionError', { peerId: ann.peerId, error: answer.error.message });
	await ann.told('connectionClosed', { reason: 'wrong-room-kind' });
});

// proves P06
test('in an app’s web view, the page controls itself', LIMIT, async () => {
	const page = await bench.chromium.page();
	await page.goto(address(roomId()));
	await page.addScriptTag({ url: '/meetBridgeApi.js' });
	const answer = await page.evaluate(() => new MeetIframeBridge.default({ element: window }).method({ name: 'join' }));
	assert.equal(answer.displayName, 'Ann');
});

test('destroy() removes everything', LIMIT, async () => {
	const ann = await Embedded.join(bench, { room: roomId(), name: 'Ann' });
	const code = await ann.host.evaluate(async () => {
		bridge.destroy();
		events.length = 0;
		return (await bridge.method({ name: 'disableMic' })).error.code;
	});
	assert.equal(code, 'destroyed');
	await ann.click('mic-button');
	await holds('no event comes', async () => (await ann.events()).length === 0, { during: 500 });
});

// proves E14, F15
test('a server that stalls is reported, and so is its recovery', LIMIT, async () => {
	const proxy = await Proxy.start(bench.system.url);
	try {
		const ann = await Embedded.join(bench, { room: roomId(), name: 'Ann', url: proxy.url });
		proxy.silence();
		await ann.told('disconnected', { peerId: ann.peerId });
		await ann.seesBanner('reconnecting');
		assert.deepEqual(await ann.events('reconnected'), []);
		proxy.speak();
		await ann.told('reconnected', { peerId: ann.peerId });
		await ann.isConnected();
		assert.equal((await ann.events('join')).length, 1);
	} finally {
		proxy.close();
	}
});

// proves E04, E07
test('each device that fails is reported, even if it fails again', LIMIT, async () => {
	const ann = await Embedded.join(bench, { room: roomId(), name: 'Ann', allow: '', constraints: {} });
	for (const [method, event] of [
		['enableMic', 'errorGetMic'],
		['enableWebcam', 'errorGetCamera'],
	])
		for (const times of [1, 2, 3]) {
			assert.equal((await ann.call(method)).error.code, 'policy');
			await until(`${times} of ${event}`, async () => (await ann.events(event)).length === times);
		}
});

const escaped = (url) => url.replaceAll('&', '&amp;');

test('an iframe whose address redirects to another origin reports it', LIMIT, async () => {
	const room = roomId();
	const elsewhere = createServer((_, answer) => answer.writeHead(302, { location: address(room) }).end())
		.listen(0, 'localhost')
		.unref();
	await once(elsewhere, 'listening');
	const src = `http://localhost:${elsewhere.address().port}/call/?roomId=${room}`;
	const page = await open(`<iframe id="room" allow="${ALLOW}" src="${escaped(src)}"></iframe>
		<script src="${bench.system.url}/meetBridgeApi.js"></script>
		<script>
			window.bridge = new MeetIframeBridge.default({ element: document.getElementById('room'), roomId: '${room}' });
			window.answered = bridge.method({ name: 'join' });
		</script>`);
	const { error } = await page.evaluate(() => answered);
	assert.equal(error.code, 'wrong-origin');
	assert.match(error.message, new RegExp(`${new URL(src).origin}.*${new URL(bench.system.url).origin}`));
	assert.equal(
		(await page.evaluate(() => bridge.method({ name: 'enableMic' }))).error.code,
		'wrong-origin',
		'later calls, too',
	);
	assert.equal(page.lines.filter((line) => line.includes('MeetIframeBridge: ')).length, 1);
	// Once the embedding page corrects it, it works.
	await page.evaluate((src) => (document.getElementById('room').src = src), address(room));
	await until('the bridge', async () => (await page.evaluate(() => bridge.method({ name: 'isCameraEnabled' }))) === false);
	elsewhere.close();
});

// How a load handler gets the library, and where the iframe is.
for (const [what, { library = '', handler, parent = 'document.body' }] of Object.entries({
	'a bridge made in the load handler': { library: 'script', handler: 'make(MeetIframeBridge.default)' },
	'one in a shadow tree': {
		library: 'script',
		handler: 'make(MeetIframeBridge.default)',
		parent: "document.body.attachShadow({ mode: 'closed' })",
	},
	'one of a handler that imports the library': { handler: 'import(library).then((module) => make(module.default))' },
	'one of a handler that brings the script each time': {
		handler:
			"document.head.append(Object.assign(document.createElement('script'), { src: library, onload: () => make(MeetIframeBridge.default) }))",
	},
}))
	test(`${what} gets each event once, even after a reload`, LIMIT, async () => {
		const room = roomId();
		const url = `${bench.system.url}/meetBridgeApi.js`;
		const page = await open(`${library && `<script src="${url}"></script>`}
			<script>
				window.heard = [];
				const library = '${url}';
				window.frame = Object.assign(document.createElement('iframe'), { allow: '${ALLOW}', src: '${address(room)}&peerId=ann' });
				const make = (Bridge) => {
					window.bridge = new Bridge({ element: frame, roomId: '${room}' });
					for (const name of ['ready', 'readyToJoin', 'join', 'switchOnMic']) bridge.on(name, () => heard.push(name));
					bridge.method({ name: 'join', data: { constraints: { audio: true } } });
				};
				frame.addEventListener('load', () => { ${handler}; });
				addEventListener('DOMContentLoaded', () => ${parent}.append(frame));
			</script>`);
		const visit = ['ready', 'readyToJoin', 'join', 'switchOnMic'];
		for (const time of [1, 2, 3]) {
			await until(`visit ${time}`, () => page.evaluate(() => heard.includes('switchOnMic')), {
				describe: () => page.evaluate(() => heard),
			});
			await holds('nothing comes twice', () => page.evaluate((length) => heard.length === length, visit.length), {
				during: 1500,
			});
			assert.deepEqual(await page.evaluate(() => heard.splice(0).sort()), [...visit].sort(), `visit ${time}`);
			await page.evaluate(() => frame.contentWindow.location.replace(frame.src));
		}
	});

for (const [what, attributes, options] of [
	['referrerpolicy="no-referrer"', 'referrerpolicy="no-referrer"', {}],
	['an embedding page at 127.0.0.1', '', { host: '127.0.0.1' }],
])
	test(`the bridge works under ${what}`, LIMIT, async () => {
		const room = roomId();
		const page = await open(
			`<iframe id="room" ${attributes} allow="${ALLOW}" src="${escaped(address(room))}"></iframe>
			<script src="${bench.system.url}/meetBridgeApi.js"></script>
			<script>
				window.answered = new MeetIframeBridge.default({ element: document.getElementById('room') }).method({ name: 'join' });
			</script>`,
			options,
		);
		assert.equal((await page.evaluate(() => answered)).displayName, 'Ann');
	});

for (const policy of ['require-corp', 'credentialless'])
	test(`an embedding page with Cross-Origin-Embedder-Policy: ${policy}`, LIMIT, async () => {
		const room = roomId();
		const site = createServer((_, answer) => {
			answer.writeHead(200, {
				'content-type': 'text/html',
				'cross-origin-embedder-policy': policy,
				'cross-origin-opener-policy': 'same-origin',
			});
			answer.end(`<!doctype html><iframe id="room" allow="${ALLOW}" src="${escaped(address(room))}"></iframe>
				<script src="${bench.system.url}/meetBridgeApi.js"></script>
				<script>
					window.answered = new MeetIframeBridge.default({ element: document.getElementById('room') }).method({ name: 'join' });
				</script>`);
		})
			.listen(0, 'localhost')
			.unref();
		await once(site, 'listening');
		const page = await bench.chromium.page();
		await page.goto(`http://localhost:${site.address().port}/`);
		assert.equal(await page.evaluate(() => crossOriginIsolated), true);
		assert.equal((await page.evaluate(() => answered)).displayName, 'Ann');
		site.close();
	});
