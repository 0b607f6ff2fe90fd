import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import puppeteer from 'puppeteer-core';
import { wrap } from './chromium.mjs';

const PREFERENCES = {
	'media.navigator.streams.fake': true,
	'media.navigator.permission.disabled': true,
	'media.autoplay.default': 0,
	'media.autoplay.blocking_policy': 0,
	// Nothing may leave this machine.
	'app.normandy.enabled': false,
	'app.update.auto': false,
	'browser.safebrowsing.update.enabled': false,
	'datareporting.policy.dataSubmissionEnabled': false,
	'extensions.update.enabled': false,
	'network.captive-portal-service.enabled': false,
	'network.connectivity-service.enabled': false,
	'services.settings.server': 'data:,',
	'toolkit.telemetry.enabled': false,
	// A codec that Firefox would download.
	'media.gmp-manager.url': 'data:,',
	'media.gmp-manager.updateEnabled': false,
};

/** Debian's Firefox, driven over WebDriver BiDi; its pages have as much of Playwright's API as participants need. */
export class Firefox {
	#browser;
	#temporary;
	#pages = [];

	/** namespace: the network namespace that it lives in, else this one. port: of its localhost, where it is driven; it must lead there from here. */
	static async launch({ namespace, port = 0 } = {}) {
		const self = new Firefox();
		// Its profile and home: removed with this folder.
		self.#temporary = await mkdtemp(join(tmpdir(), 'amphi-firefox-'));
		const binary = fileURLToPath(new URL('firefox.sh', import.meta.url));
		self.#browser = await puppeteer.launch({
			browser: 'firefox',
			executablePath: namespace ? await wrap(binary, namespace, self.#temporary) : binary,
			headless: true,
			debuggingPort: port,
			extraPrefsFirefox: PREFERENCES,
			env: { ...process.env, TMPDIR: self.#temporary, HOME: self.#temporary },
		});
		return self;
	}

	/** As Chromium's. */
	async page({ viewport = { width: 1280, height: 720 }, colour } = {}) {
		const context = await this.#browser.createBrowserContext();
		// A window of its own: of several tabs all but one are hidden, and get no pictures.
		const page = await context.newPage({ type: 'window' });
		await page.setViewport(viewport);
		const probe = await readFile(new URL('probe.js', import.meta.url), 'utf8');
		const paint = colour ? `if (window.MediaDevices) probe.paintCamera(${JSON.stringify(colour)});` : '';
		// As a function: BiDi accepts nothing else.
		await page.evaluateOnNewDocument(new Function(`${probe}\n${paint}`));
		this.#pages.push(new FirefoxPage(page));
		return this.#pages.at(-1);
	}

	get pages() {
		return this.#pages;
	}

	async closePages() {
		await Promise.all(this.#pages.splice(0).map((page) => page.close()));
	}

	async close() {
		await this.#browser?.close();
		if (this.#temporary) await rm(this.#temporary, { recursive: true, force: true });
	}
}

class FirefoxPage {
	lines = [];
	#page;

	constructor(page) {
		this.#page = page;
		page.on('console', (message) => this.lines.push(`${message.type()}: ${message.text()}`));
		page.on('pageerror', (error) => this.lines.push(`uncaught: ${error.stack ?? error}`));
	}

	addInitScript(work) {
		return this.#page.evaluateOnNewDocument(work);
	}

	goto(url) {
		return this.#page.goto(url, { waitUntil: 'domcontentloaded' });
	}

	url() {
		return this.#page.url();
	}

	evaluate(work, data) {
		return this.#page.evaluate(work, data);
	}

	async screenshot({ path }) {
		await this.#page.screenshot({ path });
	}

	getByTestId(id) {
		return this.locator(`[data-testid="${id}"]`);
	}

	locator(selector) {
		return new FirefoxLocator(this.#page, selector);
	}

	close() {
		return this.#page.browserContext().close();
	}
}

/** Acts at once; puppeteer's own locator would wait for elements to come to rest, frame by frame on a slow machine. */
class FirefoxLocator {
	#page;
	#selector;

	constructor(page, selector) {
		this.#page = page;
		this.#selector = selector;
	}

	locator(selector) {
		return new FirefoxLocator(this.#page, `${this.#selector} ${selector}`);
	}

	getByTestId(id) {
		return this.locator(`[data-testid="${id}"]`);
	}

	async waitFor({ state = 'visible' } = {}) {
		const options = { visible: { visible: true }, hidden: { hidden: true }, attached: {} }[state];
		if (options) await this.#page.waitForSelector(this.#selector, options);
		else await this.#page.waitForFunction((selector) => !document.querySelector(selector), {}, this.#selector);
	}

	async click() {
		await this.#page.waitForSelector(`${this.#selector}:not(:disabled)`);
		await this.#page.$eval(this.#selector, (element) => element.click());
	}

	async fill(text) {
		await (await this.#page.waitForSelector(this.#selector)).focus();
		await this.#page.keyboard.type(text);
	}

	async press(key) {
		await (await this.#page.waitForSelector(this.#selector)).press(key);
	}

	async getAttribute(name) {
		await this.#page.waitForSelector(this.#selector);
		return this.#page.$eval(this.#selector, (element, name) => element.getAttribute(name), name);
	}

	async textContent() {
		await this.#page.waitForSelector(this.#selector);
		return this.#page.$eval(this.#selector, (element) => element.textContent);
	}

	count() {
		return this.evaluateAll((all) => all.length);
	}

	allTextContents() {
		return this.evaluateAll((all) => all.map(({ textContent }) => textContent));
	}

	evaluateAll(work) {
		return this.#page.$$eval(this.#selector, work);
	}
}
