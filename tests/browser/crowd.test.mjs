import { test } from 'node:test';
import { look, openBench, Participant, Protoo, roomId, until } from './harness.mjs';

const bench = openBench();

test('from one to fifty people, light and dark', { timeout: 600_000 }, async () => {
	const room = roomId();
	const people = [];
	const join = async (name, colour, more) => people.push(await Participant.join(bench, { room, name, colour, ...more }));
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
	for (const other of people.slice(1)) await people[0].sees(other);
	await people[3].click('mic-button');
	await people[4].click('hand-button');
	await lookAll(5);

	await people[2].page.evaluate(() => probe.paintScreen());
	await people[2].click('share-button');
	for (const one of people.slice(0, 2)) await one.test('share-tile').waitFor();
	await look(people[0], 'share-en-light');
	await look(people[1], 'share-ru-dark');
	await people[2].click('share-stop');
	// People who have been checked leave: five cameras and fifty tiles are too much for a small machine.
	for (const one of people.splice(2)) await one.page.context().close();

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
