// What people do in the room with buttons and keys, and what the others learn of it.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { holds, LIMIT, look, openBench, Participant, Protoo, roomId, until } from './harness.mjs';

const bench = openBench({ integrator: true });

const HOST = { role: 'moderator' };

const isRaised = async (one) => (await one.test('hand-button').getAttribute('aria-pressed')) === 'true';

// proves G02
test('a hand in a call: seen by all, lowered by the moderator', LIMIT, async () => {
	const room = roomId();
	const host = await Participant.join(bench, { room, name: 'Hanna Host', claims: HOST });
	const ann = await Participant.join(bench, { room, name: 'Ann Archer' });
	const bob = await Participant.join(bench, { room, name: 'Bob Baker', lang: 'ru', claims: { handEnabled: false } });
	assert.equal(await bob.test('hand-button').count(), 0);

	await ann.click('hand-button');
	for (const one of [host, bob, ann]) await one.tile(ann).getByTestId('hand-mark').waitFor();
	await host.page.locator('[data-notice=hand-raised]', { hasText: 'Ann Archer' }).waitFor();
	assert.equal(await bob.page.locator('[data-notice=hand-raised]').count(), 0);
	await host.click('people-button');
	await host.person(ann, 'raised-hand').getByTestId('lower-hand').click();
	await ann.page.locator('[data-notice=hand-lowered]').waitFor();
	assert.equal(await isRaised(ann), false);
	await bob.tile(ann).getByTestId('hand-mark').waitFor({ state: 'detached' });

	// For the participant's own action: no news of the hand. A toast of the same text replaces the earlier one.
	await ann.page.evaluate(() => {
		window.told = 0;
		const notices = (node) =>
			(node instanceof Element ? [node, ...node.querySelectorAll('*')] : []).filter((one) =>
				one.dataset.notice?.startsWith('hand-'),
			);
		const told = (records) => records.flatMap(({ addedNodes }) => [...addedNodes]).flatMap(notices).length;
		new MutationObserver((records) => (window.told += told(records))).observe(document.body, {
			childList: true,
			subtree: true,
		});
	});
	await ann.page.keyboard.press('h');
	await host.person(ann, 'raised-hand').waitFor();
	await ann.page.keyboard.press('h');
	await host.person(ann, 'raised-hand').waitFor({ state: 'detached' });
	await ann.tile(ann).getByTestId('hand-mark').waitFor({ state: 'detached' });
	await holds('no other toast', () => ann.page.evaluate(() => told === 0), { during: 1000 });
});

// proves G02, B07
test('a webinar: viewers are counted, one raises a hand and is given the floor', LIMIT, async (t) => {
	const room = roomId();
	const kind = 'webinar';
	const speaker = await Participant.join(bench, { room, kind, name: 'Ada Lovelace', speaker: true });
	const host = await Participant.join(bench, { room, kind, name: 'Hanna Host', claims: HOST });
	const viewer = await Participant.join(bench, { room, kind, name: 'Вера Зритель', lang: 'ru' });
	const crowd = [];
	for (let i = 0; i < 15; i++) {
		const protoo = await Protoo.connect(bench.system.url, kind, { roomId: room, peerId: `viewer-${i}` });
		await protoo.join(`Viewer ${i}`);
		crowd.push(protoo);
	}

	await t.test('everybody sees how many watch; moderators see who', async () => {
		for (const [one, text] of [
			[speaker, 'Viewers: 17'],
			[host, 'Viewers: 17'],
			[viewer, 'Зрителей: 17'],
		])
			await one.test('viewer-count').filter({ hasText: text }).waitFor();
		await host.click('people-button');
		await host.test('people-search').fill('viewer 7');
		await host.page.locator('[data-testid=viewers-list] [data-testid=person]').filter({ hasText: 'Viewer 7' }).waitFor();
		assert.equal(await host.page.locator('[data-testid=viewers-list] [data-testid=person]').count(), 1);
		await host.test('people-search').fill('');
		await viewer.click('people-button');
		await viewer.person(speaker).waitFor();
		assert.equal(await viewer.test('viewers-list').count(), 0);
		await viewer.page.keyboard.press('Escape');
		await crowd.pop().close();
		await viewer.test('viewer-count').filter({ hasText: '16' }).waitFor();
	});

	await t.test('a raised hand comes first in the list, and is answered there', async () => {
		await viewer.click('hand-button');
		await host.person(viewer, 'raised-hand').waitFor();
		await look(host, 'hands-en');
		await host.person(viewer, 'raised-hand').getByTestId('hand-promote').click();
		await viewer.page.locator('[data-notice=promoted]').waitFor();
		await host.person(viewer, 'raised-hand').waitFor({ state: 'detached' });
		await viewer.click('camera-button');
		await Promise.all([speaker.sees(viewer), host.sees(viewer)]);
		assert.equal(await viewer.page.locator('[data-notice=hand-lowered]').count(), 0);
	});
	for (const protoo of crowd) await protoo.close();
});

// proves U18, B01
test('the waiting room: all are let in, all are turned away', LIMIT, async () => {
	const room = roomId();
	const host = await Participant.join(bench, { room, name: 'Hanna', claims: { ...HOST, waitingRoom: true } });
	const guests = [];
	for (const name of ['Ann', 'Bob', 'Cy']) {
		const guest = await Participant.open(bench, { room, name });
		await guest.enter();
		await guest.isWaiting();
		guests.push(guest);
	}
	const [ann, bob, cy] = guests;
	// The toast about the last one lets this one in.
	await host.page.locator('[data-notice=waiting]', { hasText: 'Cy' }).getByTestId('toast-admit').click();
	await cy.isConnected();
	await host.click('people-button');
	await host.click('admit-all');
	for (const guest of [ann, bob]) await guest.isConnected();
	await host.seesNames(host, ...guests);

	const late = [];
	for (const name of ['Dan', 'Eve']) {
		const guest = await Participant.open(bench, { room, name });
		await guest.enter();
		await guest.isWaiting();
		late.push(guest);
	}
	await host.person(late[1], 'waiting-peer').waitFor();
	await host.click('people-button');
	const fay = await Participant.open(bench, { room, name: 'Fay' });
	// The list makes toasts unnecessary. They disappear by themselves after 10 s.
	const lasted = host.page.evaluate(async () => {
		const toasts = () => [...document.querySelectorAll('[data-notice=waiting]')];
		const frame = () => new Promise(requestAnimationFrame);
		while (!toasts().some(({ textContent }) => textContent.includes('Fay'))) await frame();
		const began = performance.now();
		document.querySelector('[data-testid=people-button]').click();
		while (toasts().length > 0) await frame();
		return performance.now() - began;
	});
	await fay.enter();
	late.push(fay);
	assert.ok((await lasted) < 9000, `${await lasted} ms`);
	await host.click('decline-all');
	await host.click('decline-dialog-confirm');
	for (const guest of late) assert.equal(await guest.isRefused(), 'declined');
});

test('the keys do what the buttons do', LIMIT, async (t) => {
	const room = roomId();
	const bob = await Participant.join(bench, { room, name: 'Bob' });
	const ann = await Participant.join(bench, { room, name: 'Ann' });
	const { keyboard } = ann.page;

	await t.test('microphone, camera, people, layout', async () => {
		await keyboard.press('m');
		await bob.seesMuted(ann, true);
		await keyboard.press('v');
		await bob.tile(ann).locator('video').waitFor({ state: 'hidden' });
		await keyboard.press('m');
		await bob.seesMuted(ann, false);
		await keyboard.press('p');
		await ann.test('people-panel').waitFor();
		await keyboard.press('p');
		await ann.test('people-panel').waitFor({ state: 'detached' });
		await keyboard.press('s');
		await bob.test('share-tile').waitFor();
		await keyboard.press('s');
		await bob.test('share-tile').waitFor({ state: 'detached' });
	});

	await t.test('with modifier keys, or in a text field, a letter is just a letter', async () => {
		await keyboard.press('Control+m');
		await ann.page.evaluate(() => {
			const field = document.body.appendChild(document.createElement('input'));
			field.focus();
		});
		await keyboard.type('mvp');
		await holds('Ann to be heard', async () => (await bob.tile(ann).getByTestId('mic-off').count()) === 0, { during: 500 });
		assert.equal(await ann.test('people-panel').count(), 0);
		await ann.page.evaluate(() => document.querySelector('body > input').remove());
	});

	await t.test('“?” opens the list of shortcuts, and they can be switched off', async () => {
		await keyboard.press('?');
		await ann.test('shortcuts').waitFor();
		await look(ann, 'shortcuts-en');
		await ann.test('shortcuts-switch').uncheck();
		await keyboard.press('Escape');
		await ann.test('shortcuts').waitFor({ state: 'detached' });
		await keyboard.press('m');
		await holds('Ann to be heard', async () => (await bob.tile(ann).getByTestId('mic-off').count()) === 0, { during: 500 });
	});
});

test('arrow keys move through menus, and the focus returns afterwards', LIMIT, async () => {
	const ann = await Participant.join(bench, { room: roomId(), name: 'Ann' });
	const { keyboard } = ann.page;
	const focused = () => ann.page.evaluate(() => document.activeElement.dataset.testid);
	await ann.test('more-button').focus();
	await keyboard.press('Enter');
	await until('the first entry to have the focus', async () => (await focused()) === 'fullscreen-button');
	await keyboard.press('ArrowDown');
	assert.equal(await focused(), 'settings-button');
	await keyboard.press('End');
	assert.equal(await focused(), 'shortcuts-button');
	await keyboard.press('ArrowDown');
	assert.equal(await focused(), 'fullscreen-button');
	await keyboard.press('Escape');
	assert.equal(await focused(), 'more-button');
	await keyboard.press('Enter');
	await until('the first entry to have the focus again', async () => (await focused()) === 'fullscreen-button');
	await keyboard.press('ArrowDown');
	assert.equal(await focused(), 'settings-button');
	// A dialog returns the focus to the element that had it, and by then the entry is gone.
	await ann.page.evaluate(() => {
		addEventListener(
			'click',
			() => {
				window.focusedAtDeed = document.activeElement.dataset.testid;
			},
			{ once: true },
		);
	});
	await keyboard.press('Enter');
	await ann.test('settings').waitFor();
	assert.equal(await ann.page.evaluate(() => window.focusedAtDeed), 'more-button');
	await keyboard.press('Escape');
	await until('the button to have the focus again', async () => (await focused()) === 'more-button', { describe: focused });
});

// proves M25
test('language and colours change while the call goes on', LIMIT, async () => {
	const room = roomId();
	const bob = await Participant.join(bench, { room, name: 'Bob' });
	const ann = await Participant.join(bench, { room, name: 'Ann' });
	await ann.sees(bob);
	const connections = await ann.page.evaluate(() => probe.connections.length);
	await ann.click('more-button');
	await ann.click('settings-button');
	await look(ann, 'settings-en');
	await ann.test('settings-language').selectOption('ru');
	await ann.page.getByRole('heading', { name: 'Настройки' }).waitFor();
	await look(ann, 'settings-ru');
	const colour = () => ann.page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor);
	await ann.test('settings-theme').selectOption('dark');
	const dark = await colour();
	await ann.test('settings-theme').selectOption('light');
	assert.notEqual(await colour(), dark);
	await ann.click('settings-close');
	assert.equal(await ann.test('leave-button').innerText(), 'Выйти');
	assert.ok(await ann.page.getByText('Участников: 2').isVisible());
	await ann.decodes(bob, 5);
	assert.equal(await ann.page.evaluate(() => probe.connections.length), connections);
});

// proves P06
test('on a phone, everything can be reached', LIMIT, async () => {
	const room = roomId();
	const viewport = { width: 360, height: 740 };
	const host = await Participant.join(bench, { room, name: 'Hanna', viewport, lang: 'ru', claims: HOST });
	const ann = await Participant.join(bench, { room, name: 'Ann' });
	await host.sees(ann);
	await host.click('more-button');
	await host.click('people-button');
	await host.person(ann).getByTestId('mute').click();
	await ann.page.locator('[data-notice=muted-audio]', { hasText: 'Hanna' }).waitFor();
	await host.click('people-panel-close');
	await host.click('more-button');
	await host.click('share-button');
	await host.test('share-stop').click();
	for (const button of await host.page.locator('.controls button').all()) {
		const { width, height } = await button.boundingBox();
		assert.ok(width >= 44 && height >= 44, `${await button.getAttribute('data-testid')}: ${width} × ${height}`);
	}
});

test('screen readers announce who joins, shares and leaves', LIMIT, async () => {
	const room = roomId();
	const ann = await Participant.join(bench, { room, name: 'Ann' });
	const hears = (text) => ann.test('announcements').filter({ hasText: text }).waitFor({ state: 'attached' });
	const bob = await Participant.join(bench, { room, name: 'Bob' });
	await hears('Bob joined');
	await bob.click('share-button');
	await hears('Bob is sharing the screen');
	await bob.click('share-stop');
	await hears('Bob stopped sharing the screen');
	assert.match(await ann.tile(bob).getAttribute('aria-label'), /^Bob/);
	await bob.click('mic-button');
	await until('the tile to say so', async () => /Microphone is off/.test(await ann.tile(bob).getAttribute('aria-label')));
	await bob.click('leave-button');
	await hears('Bob left');
	assert.equal(await ann.test('announcements').getAttribute('aria-live'), 'polite');
});

test('there is no motion if the participant prefers reduced motion', LIMIT, async () => {
	const room = roomId();
	const bob = await Participant.join(bench, { room, name: 'Bob' });
	const ann = await Participant.join(bench, { room, name: 'Ann' });
	await ann.sees(bob);
	await ann.page.evaluate(() => {
		window.moved = 0;
		for (const event of ['animationstart', 'transitionrun']) addEventListener(event, () => moved++, true);
	});
	await ann.page.keyboard.press('p');
	await ann.page.keyboard.press('l');
	await until('something to move when the list opens and the layout changes', () => ann.page.evaluate(() => moved > 0));
	await ann.page.emulateMedia({ reducedMotion: 'reduce' });
	const still = await ann.page.evaluate(() => getComputedStyle(document.querySelector('.place')).transitionDuration);
	assert.match(still, /^0s/);
	await ann.page.keyboard.press('p');
	await ann.test('people-panel').waitFor({ state: 'detached' });
	await ann.page.keyboard.press('p');
	await ann.test('people-panel').waitFor();
	const durations = await ann.page.evaluate(() =>
		document.getAnimations().map(({ effect }) => effect.getComputedTiming().duration),
	);
	assert.deepEqual(
		durations.filter((ms) => ms > 0),
		[],
	);
});
