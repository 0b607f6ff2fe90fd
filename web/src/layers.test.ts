import { expect, test } from 'vitest';

/** The folders from the ground up: what each may import of those before it, and which packages. Folders that draw have Preact. */
const LAYERS: [folder: string, folders: string, packages: string][] = [
	['base', '', ''],
	['address', 'base', ''],
	['i18n', 'base address', 'i18next'],
	['signaling', 'address', 'protoo-client mediasoup-client'],
	['media', 'base signaling', 'mediasoup-client'],
	['chat', 'base signaling media', 'mediasoup-client'],
	['session', 'base address i18n signaling media chat', 'mediasoup-client'],
	['ui', 'base address i18n', 'preact lucide'],
	['tiles', 'i18n signaling media ui', 'preact lucide'],
	['devices', 'i18n media ui', 'preact lucide'],
	['player', 'base i18n session ui', 'preact'],
	['recording', 'base i18n signaling session ui', 'preact lucide'],
	['create', 'address i18n ui', 'preact lucide'],
	['welcome', 'base address i18n media session ui tiles devices recording', 'preact lucide'],
	['room', 'base address i18n signaling media chat session ui tiles devices player recording welcome', 'preact lucide'],
	['bridge/package', '', ''],
	['bridge', 'bridge/package', ''],
	['bridge/library', 'bridge bridge/package', ''],
	['bridge/page', 'bridge bridge/package base address i18n media session', ''],
	['bridge/demo', 'bridge/package base address i18n ui', 'preact'],
	['.', 'address i18n session ui create welcome room bridge/page', 'preact'],
];

const allowed = new Map(LAYERS.map(([folder, ...may]) => [folder, may.flatMap((names) => names.split(' '))]));
const sources = import.meta.glob<string>('./**/*.{ts,tsx}', { query: '?raw', import: 'default', eager: true });
const files = Object.keys(sources);
const IMPORT = /^(?:import (?:[^';]* from )?|export [^';=]* from |\} from )'([^']+)'|\bimport\('([^']+)'\)/gm;

/** The folder of a path such as ./base/store.ts. */
const folderOf = (path: string) => path.slice(2, Math.max(2, path.lastIndexOf('/'))) || '.';

/** What a file imports, types included; not the server's sources, with which tests compare the page's rules. */
function importsOf(file: string): string[] {
	const names = [...sources[file]!.matchAll(IMPORT)].map(([, name, loaded]) => name ?? loaded!);
	return names.filter((name) => !name.endsWith('?raw')).map((name) => (name.startsWith('.') ? resolve(file, name) : name));
}

function resolve(file: string, name: string): string {
	const path = `.${new URL(name, `file:///${file}`).pathname}`;
	return ['', '.ts', '.tsx', '.d.ts', '/index.ts'].map((end) => path + end).find((known) => known in sources) ?? path;
}

test('a folder imports only what its line says: what a lower folder needs belongs further down', () => {
	const wrong = files.flatMap((file) => {
		const own = folderOf(file);
		const may = [own, ...(allowed.get(own) ?? []), ...(file.endsWith('.test.ts') ? ['vitest'] : [])];
		const place = (name: string) => (name.startsWith('.') ? folderOf(name) : name.split('/')[0]!);
		return importsOf(file).flatMap((name) => (may.includes(place(name)) ? [] : [`${file} imports ${name}`]));
	});
	expect(wrong).toEqual([]);
});

test('each folder has a line, which names only folders before it', () => {
	const before: string[] = [''];
	for (const [folder, folders] of LAYERS) {
		expect(before, folder).toEqual(expect.arrayContaining(folders.split(' ')));
		before.push(folder);
	}
	expect([...new Set(files.map(folderOf))].sort()).toEqual(before.slice(1).sort());
});

test('only folders that draw have JSX', () => {
	const draws = (file: string) => allowed.get(folderOf(file))?.includes('preact');
	expect(files.filter((file) => file.endsWith('.tsx') && !draws(file))).toEqual([]);
});

test('no file imports itself through others', () => {
	const done = new Set<string>();
	const circles: string[] = [];
	const visit = (file: string, path: string[]) => {
		if (path.includes(file)) circles.push([...path.slice(path.indexOf(file)), file].join(' → '));
		else if (file in sources && !done.has(file)) {
			for (const name of importsOf(file)) visit(name, [...path, file]);
			done.add(file);
		}
	};
	for (const file of files) visit(file, []);
	expect(circles).toEqual([]);
});
