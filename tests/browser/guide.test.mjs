import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { openSite } from './embed.mjs';
import { LIMIT, openBench, Participant, ROOT, until } from './harness.mjs';

const bench = openBench({ traits: {} }); // in a regular browser
openSite(bench);

/** The code samples of one language in a guide, with our server's name. */
async function pieces(guide, language) {
	const text = await readFile(`${ROOT}/${guide}`, 'utf8');
	const found = [...text.matchAll(new RegExp(`^\`\`\`${language}\n(.*?)^\`\`\`$`, 'gms'))];
	return found.map(([, code]) => code.replaceAll('https://meet.company.example', bench.system.url));
}

/** Serves a page made of these samples: Ada joins and is told who is there; Bob sees and hears her. */
async function works(bob, html, line) {
	const page = await bench.chromium.page();
	await page.goto(bench.site.add(html));
	await bob.seesNames(bob, 'Ada');
	const ada = {
		name: 'Ada',
		peerId: await bob.page.getByTestId('tile').filter({ hasText: 'Ada' }).getAttribute('data-peer-id'),
	};
	await Promise.all([bob.sees(ada), bob.hears(ada)]);
	await until(`the page to say ${line}`, () => page.lines.includes(`log: ${line}`), { describe: () => page.lines });
	assert.deepEqual(
		page.lines.filter((line) => line.startsWith('uncaught')),
		[],
	);
	await page.close();
	await bob.seesNames(bob);
}

// proves P04, P05, M01, E02, E11, G07, G12
test("the guides' HTML runs as it stands", LIMIT, async () => {
	const [iframe, ...bridges] = await pieces('controlplane/docs/integration.md', 'html');
	assert.equal(bridges.length, 2);
	const bob = await Participant.join(bench, { room: 'serv1test', name: 'Bob' });
	// What both guides say is run once.
	for (const bridge of new Set([...bridges, ...(await pieces('web/src/bridge/package/README.md', 'html'))]))
		await works(bob, iframe + bridge, 'Bob came');

	const [module, ...more] = await pieces('web/src/bridge/package/README.md', 'js');
	assert.equal(more.length, 0);
	const packages = '<script type="importmap">{ "imports": { "amphi-meet-bridge": "/package.js" } }</script>'; // as a bundler does
	await works(bob, `${packages}${iframe}<script type="module">${module}</script>`, 'Bob is visible');
});
