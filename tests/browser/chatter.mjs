import { Participant } from './participant.mjs';
import { until } from './wait.mjs';

/** The chat as a participant sees it. */
export class Chatter {
	constructor(one) {
		this.one = one;
	}

	static async join(bench, options) {
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
		await until(
			`${this.one.name} to read ${JSON.stringify(wanted)}`,
			async () => JSON.stringify(await read()) === JSON.stringify(wanted),
			{
				describe: read,
			},
		);
	}

	/** Waits for this number on the chat's button; 0: none. */
	async unread(number) {
		const badge = this.test('chat-button').locator('.badge');
		await until(`${this.one.name} to have ${number} unread`, async () =>
			number === 0
				? (await badge.count()) === 0
				: (await badge.count()) === 1 && (await badge.textContent()) === String(number),
		);
	}
}
