import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';

const ARGS = [
	'--no-sandbox',
	'--ignore-certificate-errors', // a test's certificate is its own
	'--disable-gpu',
	'--disable-quic',
	'--no-first-run',
	'--disable-background-networking',
	'--disable-component-update',
	'--disable-sync',
	'--host-resolver-rules=MAP plain.test 127.0.0.1, MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE 127.0.0.1',
];

/** Traits of the machine and its user; a test may have others. */
const TRAITS = {
	/** Cameras and microphones: Chromium's own fakes, or null for the real ones: none. */
	devices: 'fps=15',
	/** What the user answers when a page asks for them. */
	permission: 'allow',
	/** Whether pages may play sound before anybody has touched them. */
	autoplay: true,
	/** The user's settings, as in a profile's Preferences; then all pages belong to this one user. */
	preferences: null,
	/** Whether the browser keeps a page that was left, and shows it again when the user goes back. */
	keepsPages: false,
	/** Whether it is the headless shell even with traits. */
	shell: false,
	/** The network namespace that it lives in; null is this one. */
	namespace: null,
	args: [],
};

export function argsOf(traits) {
	const { devices, permission, autoplay, args } = { ...TRAITS, ...traits };
	return [
		...ARGS,
		...(devices === null ? [] : [`--use-fake-device-for-media-stream=${devices}`]),
		`--use-fake-ui-for-media-stream${permission === 'allow' ? '' : `=${permission}`}`,
		`--autoplay-policy=${autoplay ? 'no-user-gesture-required' : 'document-user-activation-required'}`,
		...args,
	];
}

export const VIEWPORT = { width: 1280, height: 720 };

/** Prepares a new page for tests. Its console goes to `page.lines`. */
export async function prepare(page) {
	await page.addInitScript({ path: fileURLToPath(new URL('probe.js', import.meta.url)) });
	page.setDefaultTimeout(30_000);
	page.lines = [];
	page.on('console', (message) => page.lines.push(`${message.type()}: ${message.text()}`));
	page.on('pageerror', (error) => page.lines.push(`uncaught: ${error.stack ?? error}`));
	return page;
}

/** A command that runs a binary in a network namespace. */
export async function wrap(binary, namespace, folder) {
	const path = join(folder, 'wrapped');
	await writeFile(path, `#!/bin/sh\nexec ip netns exec ${namespace} ${binary} "$@"\n`, { mode: 0o755 });
	return path;
}

/** One Chromium process for all participants; each is in a context of its own, as on machines of their own. */
export class Chromium {
	#browser;
	/** The one context of somebody with preferences. */
	#user;
	#temporary;
	#pages = [];

	/**
	 * Without traits it is Chromium's headless shell: the same engine without windows, which opens a page for a third of
	 * the CPU. With any traits, or with {}, it is the regular browser.
	 */
	static async launch(traits) {
		const self = new Chromium();
		// Chromium's profile and its other files: removed with this folder.
		self.#temporary = await mkdtemp(join(tmpdir(), 'amphi-chromium-'));
		const { preferences, keepsPages, shell, namespace, ...others } = { ...TRAITS, ...traits };
		const binary = `/usr/bin/${traits && !shell ? 'chromium' : 'chromium-headless-shell'}`;
		const options = {
			executablePath: namespace ? await wrap(binary, namespace, self.#temporary) : binary,
			headless: true,
			args: argsOf(others),
			ignoreDefaultArgs: keepsPages ? ['--disable-back-forward-cache'] : [],
			env: { ...process.env, TMPDIR: self.#temporary },
			handleSIGTERM: true,
		};
		if (preferences) {
			const profile = join(self.#temporary, 'profile');
			await mkdir(join(profile, 'Default'), { recursive: true });
			await writeFile(join(profile, 'Default', 'Preferences'), JSON.stringify(preferences));
			self.#user = await chromium.launchPersistentContext(profile, { ...options, viewport: VIEWPORT });
		} else self.#browser = await chromium.launch(options);
		return self;
	}

	/** A page of a new person. colour: what the camera shows, to tell people apart. */
	async page({ viewport = VIEWPORT, locale = 'en-GB', colour, ...options } = {}) {
		const context = this.#user ?? (await this.#browser.newContext({ viewport, locale, ...options }));
		const page = await prepare(await context.newPage());
		if (colour) await page.addInitScript((colour) => probe.paintCamera(colour), colour);
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
		await (this.#user ?? this.#browser)?.close();
		if (this.#temporary) await rm(this.#temporary, { recursive: true, force: true });
	}
}
