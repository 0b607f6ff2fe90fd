/** Keeps the screen on while somebody only looks and listens; returns how to stop that. */
export function keepAwake(): () => void {
	let lock: WakeLockSentinel | null = null;
	let stopped = false;
	const request = async () => {
		// The browser takes the lock away with the page's visibility.
		if (document.visibilityState !== 'visible') return;
		try {
			lock = await navigator.wakeLock?.request('screen');
			if (stopped) await lock?.release();
		} catch {
			// Battery low, or an embedding page that does not allow it: the screen goes dark as ever.
		}
	};
	void request();
	document.addEventListener('visibilitychange', request);
	return () => {
		stopped = true;
		document.removeEventListener('visibilitychange', request);
		void lock?.release();
	};
}
