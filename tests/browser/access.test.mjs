import assert from 'node:assert/strict';
import { test } from 'node:test';
import { holds, LIMIT, look, openBench, Participant, roomId } from './harness.mjs';

const bench = openBench({ integrator: true });

/** The texts of the refusal page, in both languages. */
async function refusals(options, reason, texts) {
	for (const [lang, text] of Object.entries(texts)) {
		const one = await Participant.open(bench, { room: roomId(), name: 'Ann', lang, ...options });
		await one.enter();
		assert.equal(await one.isRefused(), reason);
		assert.match(await one.test('refused').innerText(), text);
		await look(one, `refused-${reason}-${lang}`);
		await one.page.close();
	}
}

/** Runs with these settings of the default account. */
async function withAccount(settings, work) {
	const set = Object.entries(settings).flatMap(([name, value]) => [`--${name}`, value]);
	await bench.system.amphictl('account', 'set', 'default', ...set);
	try {
		await work();
	} finally {
		const off = { 'jwt-required': 'off', 'enforce-start-time': 'off', 'api-event': 'none', 'access-url': 'none' };
		const unset = Object.keys(settings).flatMap((name) => [`--${name}`, off[name]]);
		await bench.system.amphictl('account', 'set', 'default', ...unset);
	}
}

// proves S02, U15
test('an account that requires tokens denies access without one', LIMIT, async () => {
	await withAccount({ 'jwt-required': 'on' }, async () => {
		await refusals({}, 'token-missing', { en: /Access denied/, ru: /Доступ запрещён/ });
		await refusals({ token: 'a.b.c' }, 'token-invalid', { en: /Access denied/, ru: /Доступ запрещён/ });
		await refusals({ claims: { exp: 1 } }, 'token-expired', { en: /has expired/, ru: /истёк/ });
		await refusals({ claims: { roomId: 'another' } }, 'token-wrong-room', { en: /another room/, ru: /другую комнату/ });
		const ann = await Participant.join(bench, { room: roomId(), name: 'Ann', claims: {} });
		await ann.seesNames(ann);
	});
});

// proves U24
test('an event that has not begun says when it begins', LIMIT, async () => {
	await withAccount({ 'enforce-start-time': 'on' }, async () => {
		await refusals({ claims: { startTime: '2099-06-21T10:00:00.0Z ' } }, 'not-started', {
			en: /The event has not started yet\. It starts on (June 21|21 June).* 2099/,
			ru: /Мероприятие ещё не началось\. Начало: 21 июня 2099/,
		});
	});
});

// proves U24
test('a participant who waits for an event enters when it begins', LIMIT, async () => {
	await withAccount({ 'enforce-start-time': 'on' }, async () => {
		const startTime = new Date(Date.now() + 15_000).toISOString();
		const ann = await Participant.open(bench, { room: roomId(), name: 'Ann', claims: { startTime } });
		await ann.enter();
		assert.equal(await ann.isRefused(), 'not-started');
		assert.match(await ann.test('refused').innerText(), /Stay on this page/);
		await ann.isConnected();
		await ann.seesNames(ann);
	});
});

// proves W01
test('the organiser’s own words are shown, as text', LIMIT, async () => {
	const program = bench.integrator.url(`status=423,body=${encodeURIComponent('Full. <b>Call Ann</b> at 555')}`);
	await withAccount({ 'api-event': program }, async () => {
		const text = /The room is locked[^]*Full\. <b>Call Ann<\/b> at 555/;
		await refusals({}, 'locked', { en: text, ru: /Комната закрыта для входа[^]*Full\. <b>Call Ann<\/b> at 555/ });
	});
});

// proves U01
test('the organiser’s server decides by the accessToken', LIMIT, async () => {
	const room = roomId();
	await withAccount({ 'access-url': bench.integrator.url('status=200') }, async () => {
		const ann = await Participant.join(bench, { room, name: 'Ann', accessToken: 'of the address' });
		const [asked] = (await bench.integrator.asked()).filter(({ body }) => body.roomId === room);
		assert.deepEqual(asked, {
			path: '/status=200',
			body: { accessToken: 'of the address', roomId: room, peerId: ann.peerId },
		});
	});
	await withAccount({ 'access-url': bench.integrator.url('status=401') }, async () => {
		const texts = { en: /Access declined/, ru: /В доступе отказано/ };
		await refusals({ accessToken: 'of somebody else' }, 'access-declined', texts);
		await refusals({}, 'access-declined', texts);
	});
});

// proves U16
test('a link works for its lifetime; people who are in the room by then stay', LIMIT, async () => {
	const claims = { tokenLifetime: 1000, jti: roomId() };
	const ann = await Participant.join(bench, { room: roomId(), name: 'Ann', claims });
	await holds('Ann to be in the room', async () => (await ann.state()).link === 'connected', { during: 1500 });
	await refusals({ claims }, 'token-used-up', { en: /Access denied/, ru: /Доступ запрещён/ });
	await ann.seesNames(ann);
	await ann.page.reload();
	await ann.enter();
	assert.equal(await ann.isRefused(), 'token-used-up');
});

// proves G14
test('a room with a PIN asks for it', LIMIT, async () => {
	const room = roomId();
	await Participant.join(bench, { room, name: 'Hanna', claims: { role: 'moderator', pin: '4711' } });
	const guest = await Participant.open(bench, { room, name: 'Gus' });
	await guest.enter();
	assert.equal(await guest.isRefused(), 'pin-required');
	await look(guest, 'pin-en');
	await guest.test('pin-input').fill('0000');
	await guest.click('pin-button');
	await guest.page.locator('[data-reason=pin-wrong]').waitFor();
	await guest.test('pin-input').fill('4711');
	await guest.click('pin-button');
	await guest.isConnected();
});

// proves U06, U11, U12
test('a token’s names and ids take precedence, and the page lists ignored attributes of the address', LIMIT, async () => {
	const room = roomId();
	const claims = { roomId: room, peerId: 'id-of-token', displayName: 'Name of Token' };
	const ann = await Participant.open(bench, { room, name: 'Name of Token', peerId: 'id-of-url', claims, role: 'moderator' });
	assert.ok(await ann.test('name-input').isDisabled());
	await ann.click('join-button');
	await ann.isConnected();
	ann.peerId = 'id-of-token';
	await ann.tile(ann).waitFor();
	await ann.click('people-button');
	await ann.test('people-panel').waitFor();
	for (const power of ['mute-all', 'cameras-off', 'close-room']) assert.equal(await ann.test(power).count(), 0, power);
	assert.ok(
		ann.page.lines.some((line) => /^warning: .*attribute role: jwt-only/.test(line)),
		ann.page.lines.join('\n'),
	);
});
