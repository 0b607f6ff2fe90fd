import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';

const AXE = await readFile(new URL('node_modules/axe-core/axe.min.js', import.meta.url), 'utf8');
const STANDARDS = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];
const SCHEMES = ['light', 'dark'];

/** Checks a page, or a frame of it, against WCAG 2.2 AA, in both colour schemes. */
export async function assertAccessible(page, what) {
	const findings = [];
	await page.evaluate(AXE);
	const whole = page.page?.() ?? page;
	for (const colorScheme of SCHEMES) {
		await whole.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
		const { violations } = await page.evaluate(async (standards) => {
			// First lets animations and transitions finish.
			await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
			const finite = document.getAnimations().filter((a) => a.effect.getComputedTiming().endTime !== Infinity);
			await Promise.allSettled(finite.map(({ finished }) => finished));
			return axe.run(document, {
				runOnly: standards,
				rules: { 'target-size': { enabled: true } },
				resultTypes: ['violations'],
			});
		}, STANDARDS);
		for (const { id, help, nodes } of violations)
			for (const { html, failureSummary } of nodes)
				findings.push(
					`${what}, ${colorScheme}: ${id}: ${help}\n  ${html.slice(0, 300)}\n  ${failureSummary.replaceAll('\n', ' ')}`,
				);
	}
	assert.equal(findings.length, 0, findings.join('\n'));
}
