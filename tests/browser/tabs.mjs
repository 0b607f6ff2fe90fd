import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { chromium } from 'playwright-core';
import { argsOf, prepare, VIEWPORT } from './chromium.mjs';

/**
 * A Chromium with one window, whose tabs hide each other as usual: pages that Playwright itself launches all count as
 * visible.
 */
export class Tabs {
	#process;
	#browser;
	#temporary;

	static async launch() {
		const self = new Tabs();
		self.#temporary = await mkdtemp(join(tmpdir(), 'amphi-tabs-'));
		const args = [
			...argsOf(),
			'--headless',
			'--remote-debugging-port=0',
			`--user-data-dir=${self.#temporary}`,
			'about:blank',
		];
		self.#process = spawn('setpriv', ['--pdeathsig', 'KILL', '/usr/bin/chromium', ...args], {
			stdio: ['ignore', 'ignore', 'pipe'],
			env: { ...process.env, TMPDIR: self.#temporary },
		});
		const url = await new Promise((resolve, reject) => {
			self.#process.once('exit', () => reject(new Error('Chromium ended')));
			createInterface({ input: self.#process.stderr }).on('line', (line) => {
				const found = /^DevTools listening on (ws:\S+)$/.exec(line);
				if (found) resolve(found[1]);
			});
		});
		self.#browser = await chromium.connectOverCDP(url, { noDefaults: true });
		return self;
	}

	/** A new tab, in front of the others. */
	async page() {
		const page = await this.#browser.contexts()[0].newPage();
		await page.setViewportSize(VIEWPORT);
		return prepare(page);
	}

	async close() {
		await this.#browser?.close();
		if (this.#process.exitCode === null && this.#process.signalCode === null) {
			this.#process.kill();
			await once(this.#process, 'exit');
		}
		await rm(this.#temporary, { recursive: true, force: true, maxRetries: 5 });
	}
}
