// Builds the bridge library twice from ../library: as the npm package's module, and as the one file that the server
// has at /meetBridgeApi.js.
import { fileURLToPath } from 'node:url';
import { build } from 'vite';

const path = (relative) => fileURLToPath(new URL(relative, import.meta.url));

/**
 * Makes a classic script that is also a module. In a script, "await" is a name, here divided by a string. In a module, it
 * awaits a regular expression, which swallows the string's quote; the exports and a comment follow.
 */
const BOTH =
	'typeof await/"/;export const MeetIframeBridge=window.MeetIframeBridge.default;export default MeetIframeBridge;//"/1';

async function library(entry, format, outDir, file, footer) {
	await build({
		configFile: false,
		root: path('../../..'),
		publicDir: false,
		logLevel: 'warn',
		build: {
			target: 'es2022',
			outDir,
			emptyOutDir: false,
			lib: { entry: path(entry), formats: [format], name: 'amphiBridge', fileName: () => file },
		},
		plugins: [
			footer && {
				name: 'footer',
				// After the minifier, which understands only one of the two readings.
				generateBundle: (_, bundle) => void (bundle[file].code += footer),
			},
		],
	});
}

await library('../library/index.ts', 'es', path('dist'), 'index.js');
await library('../library/global.ts', 'iife', path('../../../dist'), 'meetBridgeApi.js', `${BOTH}\n`);
