import type { RecordingInfo } from '../signaling/messages';

/** The room's recording, or how the last one ended. */
export interface Recording extends RecordingInfo {
	/** When `elapsed` was right, in the milliseconds of performance.now(). */
	at: number;
}

export const received = (info: RecordingInfo): Recording => ({ ...info, at: performance.now() });

/** Whether there is a recording, even if it is paused. */
export const isOn = (recording: Recording | null): recording is Recording & { state: 'recording' | 'paused' } =>
	recording?.state === 'recording' || recording?.state === 'paused';

/** Seconds recorded so far. */
export function secondsOf({ state, elapsed, at }: Recording, now = performance.now()): number {
	return state === 'recording' ? elapsed + Math.max(0, now - at) / 1000 : elapsed;
}

/** The recording after the server has said what it is. */
export function recordingAfter(was: Recording | null, info: RecordingInfo | null): Recording | null {
	if (info) return received(info);
	// The page has missed the end.
	return isOn(was) ? received({ ...was, state: 'stopped', elapsed: secondsOf(was), reason: null }) : null;
}
