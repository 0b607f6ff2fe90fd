import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LIMIT, look, openBench, Participant, roomId, until } from './harness.mjs';

const bench = openBench();

const LANGUAGES = {
	en: { join: 'Join', leave: 'Leave', count: 'Participants: 3', you: '(you)' },
	ru: { join: 'Войти', leave: 'Выйти', count: 'Участников: 3', you: '(вы)' },
};

test('the page uses the language of its address, and fits large and small screens', LIMIT, async (t) => {
	const room = roomId();
	const ann = await Participant.join(bench, { room, name: 'Ann Archer' });
	const boris = await Participant.join(bench, { room, name: 'Борис Петров' });

	for (const [lang, texts] of Object.entries(LANGUAGES))
		await t.test(lang, async () => {
			// The browser prefers the other language, but the address counts.
			const locale = lang === 'en' ? 'ru-RU' : 'en-GB';
			const cy = await Participant.open(bench, { room, name: 'Cyrus Christopher Cooper', lang, locale });
			assert.equal(await cy.page.evaluate(() => document.documentElement.lang), lang);
			await cy.page.locator('video').waitFor();
			await cy.test('name-input').fill(cy.name);
			assert.equal(await cy.test('join-button').innerText(), texts.join);
			await look(cy, `welcome-${lang}`);

			await cy.enter();
			await cy.isConnected();
			await Promise.all([cy.sees(ann), cy.sees(boris)]);
			assert.equal(await cy.test('leave-button').innerText(), texts.leave);
			assert.ok(await cy.page.getByText(texts.count).isVisible());
			assert.ok(await cy.page.getByText(texts.you).isVisible());
			await look(cy, `room-${lang}`);

			await ann.click('mic-button');
			await ann.click('camera-button');
			await cy.click('mic-button');
			await cy.seesMuted(ann, true);
			await cy.tile(ann).locator('video').waitFor({ state: 'hidden' });
			await look(cy, `room-quiet-${lang}`);
			await ann.click('mic-button');
			await ann.click('camera-button');

			await cy.click('leave-button');
			await look(cy, `left-${lang}`);
			await cy.page.close();
		});
});

test('without lang, the browser’s language applies', LIMIT, async () => {
	const room = roomId();
	const boris = await Participant.open(bench, { room, name: 'Борис', locale: 'ru-RU' });
	assert.equal(await boris.test('join-button').innerText(), 'Войти');
	const ann = await Participant.open(bench, { room, name: 'Ann', locale: 'fr-FR' });
	assert.equal(await ann.test('join-button').innerText(), 'Join');
});

// proves P01
test('/new makes a room, and its link leads there', LIMIT, async () => {
	const page = await bench.chromium.page();
	await page.goto(`${bench.system.url}/new`);
	await page.getByTestId('create-button').click();
	const url = await page.getByTestId('room-url').innerText();
	assert.match(url, new RegExp(`^${bench.system.url}/call/\\?roomId=serv1[a-z0-9]{9}$`));
	await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
	await page.getByTestId('copy-button').click();
	await until('the link to be copied', async () => (await page.evaluate(() => navigator.clipboard.readText())) === url);
	await page.getByTestId('enter-button').click();
	await page.getByTestId('join-button').waitFor();
	assert.equal(page.url(), url);
});
