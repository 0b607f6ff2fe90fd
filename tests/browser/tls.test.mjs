import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { LIMIT, openBench, Participant, roomId } from './harness.mjs';

// The test's own certificate: the browser is told not to verify who signed it.
const folder = mkdtempSync(join(tmpdir(), 'amphi-tls-'));
const key = join(folder, 'key.pem');
const certificate = join(folder, 'certificate.pem');
execFileSync(
	'openssl',
	['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2'].concat([
		'-subj',
		'/CN=localhost',
		'-addext',
		'subjectAltName=DNS:localhost',
		'-keyout',
		key,
		'-out',
		certificate,
	]),
	{ stdio: 'ignore' },
);
after(() => rmSync(folder, { recursive: true }));
const settings = { certificate: `"${certificate}"`, private_key: `"${key}"` };
const bench = openBench({ settings, options: ['--demo'] });

test('with a certificate, pages and signaling use TLS', LIMIT, async () => {
	assert.match(bench.system.url, /^https:/);
	const room = roomId();
	const speaker = await Participant.join(bench, { room, kind: 'webinar', name: 'Ada', speaker: true });
	const viewer = await Participant.join(bench, { room, kind: 'webinar', name: 'Vera' });
	await Promise.all([viewer.sees(speaker), viewer.hears(speaker)]);
	assert.equal(await viewer.page.evaluate(() => location.protocol), 'https:');
});

test('the demo also uses TLS', LIMIT, async () => {
	const guest = await Participant.join(bench, { room: 'demo', kind: 'webinar', name: 'Guest' });
	const demo = { name: 'Amphi demo', peerId: 'amphi-demo' };
	await Promise.all([guest.sees(demo), guest.hears(demo)]);
	await bench.system.kill('controlplane');
	await guest.isConnected();
	await guest.decodes(demo, 50);
});
