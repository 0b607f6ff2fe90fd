import { defineConfig } from 'vite';

export default defineConfig({
	resolve: {
		alias: {
			// protoo-client imports the package "websocket"; in a browser the native WebSocket is enough.
			websocket: '/src/signaling/websocket.ts',
		},
	},
	build: {
		target: 'es2022',
		// Every browser that can join a room preloads modules by itself.
		modulePreload: { polyfill: false },
		// The content security policy has no data: URLs.
		assetsInlineLimit: 0,
		rolldownOptions: { input: ['index.html', 'bridge-demo.html'] },
	},
});
