// Builds the bridge library twice from web/src/bridge: as the npm package's module, and as the one file that the server
// has at /meetBridgeApi.js.
import { fileURLToPath } from 'node:url';
import { build } from 'vite';

const path = (relative) => fileURLToPath(new URL(relative, import.meta.url));

/**
 * Makes a classic script that is a module too. "<!--" begins a comment in scripts alone (ECMA-262 B.1.1): a module reads
 * "0 < !--{}.x" and then the exports.
 */
const BOTH = '0\n<!--{}.x;export const MeetIframeBridge=window.MeetIframeBridge.default;export default MeetIframeBridge;';

async function library(entry, format, outDir, file, footer) {
	await build({
		configFile: false,
		root: path('..'),
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
				// After the minifier, which knows one of the two readings.
				generateBundle: (_, bundle) => void (bundle[file].code += footer),
			},
		],
	});
}

await library('../src/bridge/index.ts', 'es', path('dist'), 'index.js');
await library('../src/bridge/global.ts', 'iife', path('../dist'), 'meetBridgeApi.js', `${BOTH}\n`);
