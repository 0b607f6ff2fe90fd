// What scripts/run promises to its users.
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { test } from 'node:test';
import { holds, LIMIT, System, until } from './harness.mjs';

test('the ready line appears when browsers can enter, not before', LIMIT, async (t) => {
	const system = new System();
	t.after(() => system.stop());
	const status = async (path) => (await fetch(`${system.address}${path}`)).status;
	const launched = system.launch();

	// The data plane is there, but does not answer: so the control plane serves pages, and admits nobody.
	const dataplane = await until(
		'the data plane',
		async () => existsSync(`${system.runtime}/dataplane.sock`) && system.pid('dataplane'),
		{ every: 5 },
	);
	process.kill(dataplane, 'SIGSTOP');
	await until('pages', async () => (await status('/healthz')) === 200);
	if ((await status('/readyz')) !== 200)
		// it had not attached yet
		await holds('no word', () => system.url === undefined, { during: 1000 });
	process.kill(dataplane, 'SIGCONT');

	await launched;
	assert.equal(await status('/readyz'), 200);
});
