import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Chatter } from './chatter.mjs';
import { LIMIT, openBench, Participant, Protoo, roomId, until } from './harness.mjs';

const bench = openBench();

test('three people chat, and a latecomer reads what was written', LIMIT, async (t) => {
	const room = roomId();
	const [ann, bob, cy] = await Promise.all(['Ann', 'Bob', 'Cy'].map((name) => Chatter.join(bench, { room, name })));

	await t.test('the empty chat says what it is for', async () => {
		await ann.open();
		assert.match(await ann.test('chat-empty').textContent(), /No messages yet/);
		assert.equal(await ann.test('chat-send').isDisabled(), true);
	});

	await t.test('everybody reads a message once, including its author', async () => {
		await ann.say('Hello');
		await bob.unread(1);
		assert.match(await bob.test('chat-button').getAttribute('aria-label'), /1 unread/);
		await bob.open();
		await bob.unread(0);
		await bob.reads('Ann: Hello');
		await bob.say('Hi Ann\nand all');
		await ann.reads('You: Hello', 'Bob: Hi Ann\nand all');
		await cy.unread(2);
	});

	await t.test('a newcomer reads all of it', async () => {
		const dora = await Chatter.join(bench, { room, name: 'Dora' });
		await dora.unread(2);
		await dora.open();
		await dora.reads('Ann: Hello', 'Bob: Hi Ann\nand all');
		await dora.one.click('leave-button');
	});
});

// proves A21
test('markup stays text, and only addresses of web pages become links', LIMIT, async () => {
	const room = roomId();
	const eve = await Chatter.join(bench, { room, name: '<b onclick="hacked=1">Eve</b>', peerId: 'eve' });
	const bob = await Chatter.join(bench, { room, name: 'Bob' });
	await Promise.all([eve.open(), bob.open()]);

	const attack = '<img src=x onerror="hacked=1"><script>hacked=1</script>';
	const forged = '9 9 9\n{"peerId":"bob","displayName":"Bob","moderator":true}\nI resign';
	await eve.say(attack);
	await eve.say(forged);
	await eve.say('See https://example.com/a?b=1, javascript:alert(1) or https://bank.example@evil.example/');
	await bob.unread(0);
	await until('Bob to read all three', async () => (await bob.lines()).length === 3);
	const lines = await bob.lines();
	assert.deepEqual(
		lines.slice(0, 2).map(({ text, mine }) => ({ text, mine })),
		[attack, forged].map((text) => ({ text, mine: false })),
	);
	assert.equal(lines[0].name, '<b onclick="hacked=1">Eve</b>');
	const panel = bob.test('chat-panel');
	assert.equal(await panel.locator('img, script, b').count(), 0);
	assert.equal(await bob.one.page.evaluate(() => globalThis.hacked), undefined);

	const links = await panel.locator('a').evaluateAll((all) => all.map(({ href, target, rel }) => ({ href, target, rel })));
	assert.deepEqual(links, [{ href: 'https://example.com/a?b=1', target: '_blank', rel: 'noopener noreferrer nofollow' }]);
});

test('the chat works by keyboard, and shows how many characters are left', LIMIT, async () => {
	const ann = await Chatter.join(bench, { room: roomId(), name: 'Ann' });
	const { page } = ann.one;
	const input = ann.test('chat-input');
	await page.keyboard.press('c');
	await until('the cursor to be in the chat', () => input.evaluate((area) => area === document.activeElement));
	assert.equal(await ann.test('chat-button').getAttribute('aria-expanded'), 'true');

	await page.keyboard.type('cc');
	await page.keyboard.press('Shift+Enter');
	await page.keyboard.type('two');
	await page.keyboard.press('Enter');
	await ann.reads('You: cc\ntwo');
	assert.equal(await input.inputValue(), '');

	await input.fill('x'.repeat(1900));
	assert.match(await ann.test('chat-left').textContent(), /100 characters left/);
	await page.keyboard.insertText('y'.repeat(200));
	assert.equal((await input.inputValue()).length, 2000);
	await page.keyboard.press('Enter');
	await until('the longest message to be sent', async () => (await ann.lines()).at(-1).state === 'sent');

	await page.keyboard.press('Escape');
	await ann.test('chat-panel').waitFor({ state: 'detached' });
});

// proves U05
test('a participant who disables the chat has none, neither on the page nor at the server', LIMIT, async (t) => {
	const room = roomId();
	const ann = await Chatter.join(bench, { room, name: 'Ann' });
	const mute = await Participant.join(bench, { room, name: 'Mute', disableChat: 'true' });
	assert.equal(await mute.test('chat-button').count(), 0);
	await mute.page.keyboard.press('c');
	assert.equal(await mute.test('chat-panel').count(), 0);
	await ann.open();
	await ann.say('Is anybody there?');

	for (const [spelling, code] of [
		['disableChat', 403],
		['disbleChat', 403],
		['nothing', 200],
	])
		await t.test(`${spelling}: the server answers ${code}`, async () => {
			const peer = await Protoo.connect(bench.system.url, 'call', {
				roomId: room,
				peerId: `by-hand-${spelling}`,
				[spelling]: 'true',
			});
			await peer.join('By Hand');
			const transport = await peer.request('createWebRtcTransport', {
				producing: true,
				consuming: false,
				sctpCapabilities: { numStreams: { OS: 1024, MIS: 1024 } },
			});
			assert.equal(transport.sctpParameters.port, 5000);
			assert.equal(transport.sctpParameters.maxMessageSize, 8192);
			const answer = peer.request('produceData', {
				transportId: transport.id,
				sctpStreamParameters: { streamId: 0, ordered: true },
				label: 'chat',
				protocol: '',
				appData: {},
			});
			if (code === 403) await assert.rejects(answer, { code: 403 });
			else {
				const { id, dataProducerId } = await answer;
				assert.equal(id, dataProducerId);
				const [stats] = await peer.request('getDataProducerStats', { dataProducerId });
				assert.deepEqual([stats.type, stats.messagesReceived], ['data-producer', 0]);
				await peer.request('closeDataProducer', { dataProducerId });
				await assert.rejects(peer.request('getDataProducerStats', { dataProducerId }), { code: 404 });
			}
			await peer.close();
		});
});

test('a webinar’s viewers chat with the speaker and with each other', LIMIT, async () => {
	const room = roomId();
	const join = (name, speaker) => Chatter.join(bench, { room, kind: 'webinar', name, speaker });
	const ada = await join('Ada', true);
	const vera = await join('Vera');
	const victor = await join('Victor');
	for (const one of [ada, vera, victor]) await one.open();
	await vera.say('A question');
	await ada.reads('Vera: A question');
	await victor.reads('Vera: A question');
	await ada.say('An answer');
	await vera.reads('You: A question', 'Ada: An answer');
	// Chatting does not make a speaker: nobody sees a viewer.
	await ada.one.seesNames('Ada');
	await victor.one.seesNames('Ada');
});

test('a message written while media is down is delivered once it is back', LIMIT, async (t) => {
	const room = roomId();
	const ann = await Chatter.join(bench, { room, name: 'Ann' });
	const bob = await Chatter.join(bench, { room, name: 'Bob' });
	await Promise.all([ann.open(), bob.open()]);
	t.after(() => bench.system.plug('up'));
	await bench.system.plug('down');
	// Each attempt creates a transport that fails; the server has two places for sending ones.
	await ann.test('chat-input').fill('Hello?');
	await ann.test('chat-input').press('Enter');
	const failed = () => until('the message to fail', async () => (await ann.lines())[0].state === 'failed', { timeout: 20_000 });
	for (let attempt = 1; attempt <= 3; attempt++) {
		await failed();
		// The page gives a transport up after 10 s, two seconds later than the message.
		await until('the transport to be given up', () =>
			ann.one.page.evaluate((n) => probe.sent.filter(({ method }) => method === 'closeTransport').length >= n, attempt),
		);
		if (attempt < 3) await ann.one.page.locator('[data-testid=chat-retry]').click();
	}

	await bench.system.plug('up');
	// ICE takes its time to find a path again.
	await ann.one.isConnected({ timeout: 40_000 });
	await ann.one.page.locator('[data-testid=chat-retry]').click();
	await bob.reads('Ann: Hello?');
	await ann.reads('You: Hello?');
	// Nobody has left meanwhile.
	await Promise.all([ann.one.sees(bob.one), bob.one.sees(ann.one), bob.one.seesNames('Ann', 'Bob')]);
});

test('a transport that the server ends is replaced, and nobody has to leave', LIMIT, async (t) => {
	const room = roomId();
	const ann = await Participant.join(bench, { room, name: 'Ann' });
	const bob = await Participant.join(bench, { room, name: 'Bob' });
	await Promise.all([ann.sees(bob), bob.sees(ann)]);
	const sockets = await ann.page.evaluate(() => probe.sockets.length);
	for (const direction of ['send', 'recv'])
		await t.test(direction, async () => {
			const made = await ann.page.evaluate(() => probe.connections.length);
			// Its PeerConnection sends close_notify without the page knowing.
			await ann.page.evaluate((which) => {
				const sends = (one) => one.getSenders().some(({ track }) => track);
				probe.connections.find((one) => one.connectionState === 'connected' && sends(one) === (which === 'send')).close();
			}, direction);
			await until('another transport', () => ann.page.evaluate((n) => probe.connections.length > n, made), {
				timeout: 40_000,
			});
			await Promise.all([ann.sees(bob), ann.hears(bob), bob.sees(ann), bob.hears(ann)]);
		});
	assert.equal(await ann.page.evaluate(() => probe.sockets.length), sockets);
	await bob.seesNames('Ann', 'Bob');
});

test('the chat survives the death of either process', LIMIT, async (t) => {
	const room = roomId();
	const ann = await Chatter.join(bench, { room, name: 'Ann' });
	const bob = await Chatter.join(bench, { room, name: 'Bob' });
	await Promise.all([ann.open(), bob.open()]);
	await ann.say('one');
	await bob.say('two');

	await t.test('the control plane dies: the chat goes on', async () => {
		await bench.system.kill('controlplane');
		await ann.say('three');
		await bob.reads('Ann: one', 'You: two', 'Ann: three');
		await Promise.all([ann.one.isConnected(), bob.one.isConnected()]);
		await bob.say('four');
		await ann.reads('You: one', 'Bob: two', 'You: three', 'Bob: four');
	});

	await t.test('the data plane dies: pages keep what they show, and the chat starts again', async () => {
		await Promise.all([ann.one.seesBanner('media-down'), bob.one.seesBanner('media-down'), bench.system.kill('dataplane')]);
		await Promise.all([ann.one.isConnected(), bob.one.isConnected()]);
		await bob.say('five');
		await ann.reads('You: one', 'Bob: two', 'You: three', 'Bob: four', 'Bob: five');
		await ann.say('six');
		const cy = await Chatter.join(bench, { room, name: 'Cy' });
		await cy.open();
		await cy.reads('Bob: five', 'Ann: six');
	});
});

test('the chat is in Russian', LIMIT, async () => {
	const room = roomId();
	const ann = await Chatter.join(bench, { room, name: 'Аня', lang: 'ru' });
	const bob = await Chatter.join(bench, { room, name: 'Bob' });
	assert.equal(await ann.test('chat-button').getAttribute('aria-label'), 'Чат');
	await bob.open();
	await bob.say('Привет 👋');
	await ann.unread(1);
	assert.equal(await ann.test('chat-button').getAttribute('aria-label'), 'Чат, непрочитанных: 1');
	await ann.open();
	await ann.reads('Bob: Привет 👋');
	await ann.say('И тебе');
	await ann.reads('Bob: Привет 👋', 'Вы: И тебе');
	assert.equal(await ann.test('chat-input').getAttribute('placeholder'), 'Напишите сообщение');
});
