import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LIMIT, look, openBench, Participant, Protoo, roomId, until } from './harness.mjs';

const bench = openBench();

const LANGUAGES = {
	en: { join: 'Join', leave: 'Leave', count: 'Participants: 3', you: '(you)' },
	ru: { join: 'Войти', leave: 'Выйти', count: 'Участников: 3', you: '(вы)' },
};

test('the page speaks the language of its address, and fits large and small screens', LIMIT, async (t) => {
	const room = roomId();
	const ann = await Participant.join(bench, { room, name: 'Ann Archer' });
	const boris = await Participant.join(bench, { room, name: 'Борис Петров' });

	for (const [lang, texts] of Object.entries(LANGUAGES))
		await t.test(lang, async () => {
			// The browser prefers the other language: the address counts.
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

test('without lang the browser’s language counts', LIMIT, async () => {
	const room = roomId();
	const boris = await Participant.open(bench, { room, name: 'Борис', locale: 'ru-RU' });
	assert.equal(await boris.test('join-button').innerText(), 'Войти');
	const ann = await Participant.open(bench, { room, name: 'Ann', locale: 'fr-FR' });
	assert.equal(await ann.test('join-button').innerText(), 'Join');
});

test('/new makes a room, and its link leads there', LIMIT, async () => {
	const page = await bench.chromium.page();
	await page.goto(`${bench.system.url}/new`);
	await page.getByTestId('create-button').click();
	const url = await page.getByTestId('room-url').innerText();
	assert.match(url, new RegExp(`^${bench.system.url}/call/\\?roomId=serv1[a-z0-9]{9}$`));
	await page.getByTestId('enter-button').click();
	await page.getByTestId('join-button').waitFor();
	assert.equal(page.url(), url);
});

test('from one to fifty people, light and dark', { timeout: 300_000 }, async () => {
	const room = roomId();
	const people = [];
	const join = async (name, colour, more) =>
		people.push(await Participant.join(bench, { room, name, colour, ...more }));
	const lookAll = async (number) => {
		for (const [i, { page }] of people.slice(0, 2).entries()) {
			await until(`${number} tiles`, async () => (await page.getByTestId('tile').count()) === number);
			await page.emulateMedia({ colorScheme: i ? 'dark' : 'light' });
			await look(people[i], `${number}-${i ? 'ru-dark' : 'en-light'}`);
		}
	};

	await join('Ann Archer', '#7fa8b8', { lang: 'en' });
	await people[0].page.emulateMedia({ colorScheme: 'light' });
	await look(people[0], '1-en-light');
	await join('Борис Петров', '#b59f84', { lang: 'ru' });
	await Promise.all([people[0].sees(people[1]), people[1].sees(people[0])]);
	await lookAll(2);
	await join('Chiara Conti', '#8fae8b');
	await join('Дарья Дорохова', '#a98fb0');
	await join('Emeka Eze', '#c08f86');
	for (const one of people.slice(0, 2))
		for (const other of people) if (other !== one) await one.sees(other);
	await people[3].click('mic-button');
	await people[4].click('hand-button');
	await lookAll(5);

	await people[2].page.evaluate(() => probe.paintScreen());
	await people[2].click('share-button');
	for (const one of people.slice(0, 2)) await one.test('share-tile').waitFor();
	await look(people[0], 'share-en-light');
	await look(people[1], 'share-ru-dark');
	await people[2].click('share-stop');

	const crowd = async (until) => {
		for (let i = people.length + protoos.length + 1; i <= until; i++) {
			const protoo = await Protoo.connect(bench.system.url, 'call', { roomId: room, peerId: `extra-${i * 7919}` });
			const [first, last] = i % 3 ? LATIN : CYRILLIC;
			await protoo.join(`${first[i % first.length]} ${last[i % last.length]}`);
			protoos.push(protoo);
		}
	};
	const protoos = [];
	await crowd(12);
	await lookAll(12);
	await people[0].click('layout-button');
	await look(people[0], '12-speaker-en-light');
	await people[0].click('layout-button');
	await crowd(50);
	await lookAll(50);
	for (const protoo of protoos) await protoo.close();
});

const LATIN = [
	['Farah', 'Hye-jin', 'Jonas', 'Karim', 'Mireille', 'Nadia', 'Olu'],
	['Okafor', 'Quiroga', 'Rossi', 'Tanaka', 'Ueda', 'Vasquez', 'Wang', 'Young'],
];
const CYRILLIC = [
	['Григорий', 'Ирина', 'Лев', 'Ольга'],
	['Мороз', 'Соколенко', 'Черных', 'Шевченко', 'Яненко'],
];
