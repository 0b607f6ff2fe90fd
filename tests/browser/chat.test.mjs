import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LIMIT, openBench, Participant, Protoo, roomId, until } from './harness.mjs';

const bench = openBench();

/** The chat as a participant sees it. */
class Chatter {
	constructor(one) {
		this.one = one;
	}

	static async join(options) {
		return new Chatter(await Participant.join(bench, options));
	}

	test(id) {
		return this.one.test(id);
	}

	async open() {
		await this.one.click('chat-button');
		await this.test('chat-panel').waitFor();
	}

	async close() {
		await this.one.click('chat-panel-close');
		await this.test('chat-panel').waitFor({ state: 'detached' });
	}

	async say(text) {
		await this.test('chat-input').fill(text);
		await this.test('chat-input').press('Enter');
		await until(`${this.one.name} to have sent it`, async () =>
			(await this.lines()).some((line) => line.mine && line.text === text && line.state === 'sent'),
		);
	}

	lines() {
		return this.test('chat-line').evaluateAll((lines) =>
			lines.map((line) => ({
				name: line.querySelector('[data-testid=chat-name]').textContent,
				text: line.querySelector('[data-testid=chat-text]').textContent,
				mine: line.dataset.mine === 'true',
				state: line.dataset.state,
			})),
		);
	}

	/** Waits for exactly these lines: "name: text". */
	async reads(...wanted) {
		const read = async () => (await this.lines()).map(({ name, text }) => `${name}: ${text}`);
		await until(`${this.one.name} to read ${JSON.stringify(wanted)}`, async () => JSON.stringify(await read()) === JSON.stringify(wanted), {
			describe: read,
		});
	}

	/** Waits for the number at the chat's button; 0: none. */
	async unread(number) {
		const badge = this.test('chat-button').locator('.badge');
		await until(`${this.one.name} to have ${number} unread`, async () =>
			number === 0 ? (await badge.count()) === 0 : (await badge.count()) === 1 && (await badge.textContent()) === String(number),
		);
	}
}

test('three people chat, and who comes late reads what was said', LIMIT, async (t) => {
	const room = roomId();
	const [ann, bob, cy] = await Promise.all(['Ann', 'Bob', 'Cy'].map((name) => Chatter.join({ room, name })));

	await t.test('the empty chat says what it is for', async () => {
		await ann.open();
		assert.match(await ann.test('chat-empty').textContent(), /Nobody has written/);
		assert.equal(await ann.test('chat-send').isDisabled(), true);
	});

	await t.test('everybody reads it, once, and one’s own', async () => {
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

	await t.test('who joins now reads all of it', async () => {
		const dora = await Chatter.join({ room, name: 'Dora' });
		await dora.unread(2);
		await dora.open();
		await dora.reads('Ann: Hello', 'Bob: Hi Ann\nand all');
		await dora.one.click('leave-button');
	});
});
