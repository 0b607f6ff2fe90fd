import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';

const ARGS = [
	'--no-sandbox',
	'--ignore-certificate-errors', // a test's certificate is its own
	'--use-fake-device-for-media-stream=fps=15',
	'--use-fake-ui-for-media-stream',
	'--disable-gpu',
	'--disable-quic',
	'--no-first-run',
	'--disable-background-networking',
	'--disable-component-update',
	'--disable-sync',
	'--autoplay-policy=no-user-gesture-required',
	'--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE 127.0.0.1',
];

const VIEWPORT = { width: 1280, height: 720 };

/** One Chromium process for all participants; each is in a context of its own, as on machines of their own. */
export class Chromium {
	#browser;
	#temporary;
	#pages = [];

	static async launch() {
		const self = new Chromium();
		// Chromium's profile and its other files: removed with this folder.
		self.#temporary = await mkdtemp(join(tmpdir(), 'amphi-chromium-'));
		self.#browser = await chromium.launch({
			executablePath: '/usr/bin/chromium',
			headless: true,
			args: ARGS,
			env: { ...process.env, TMPDIR: self.#temporary },
			handleSIGTERM: true,
		});
		return self;
	}

	/** A page of somebody new. Its console goes to `page.lines`. */
	async page({ viewport = VIEWPORT, locale = 'en-GB' } = {}) {
		const context = await this.#browser.newContext({ viewport, locale });
		await context.addInitScript({ path: fileURLToPath(new URL('probe.js', import.meta.url)) });
		const page = await context.newPage();
		page.setDefaultTimeout(15_000);
		page.lines = [];
		page.on('console', (message) => page.lines.push(`${message.type()}: ${message.text()}`));
		page.on('pageerror', (error) => page.lines.push(`uncaught: ${error.stack ?? error}`));
		this.#pages.push(page);
		return page;
	}

	/** The pages that are open. */
	get pages() {
		return this.#pages.filter((page) => !page.isClosed());
	}

	async closePages() {
		await Promise.all(this.pages.map((page) => page.context().close()));
		this.#pages = [];
	}

	async close() {
		await this.#browser?.close();
		if (this.#temporary) await rm(this.#temporary, { recursive: true, force: true });
	}
}
