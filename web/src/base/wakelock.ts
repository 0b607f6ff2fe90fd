/** Keeps the screen on while somebody only looks and listens; returns how to stop that. */
export function keepAwake(): () => void {
	let lock: WakeLockSentinel | null = null;
	let stopped = false;
	const request = async () => {
		// The browser releases the lock when the page is hidden.
		if (document.visibilityState !== 'visible') return;
		try {
			lock = await navigator.wakeLock?.request('screen');
			if (stopped) await lock?.release();
		} catch {
			// The battery is low, or the embedding page does not allow it: the screen goes dark as usual.
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
