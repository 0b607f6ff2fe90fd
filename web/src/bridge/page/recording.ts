import { isOn, type Recording, secondsOf } from '../../session/recording';
import type { RecordingData } from '../package/index';
import type { Event } from './snapshot';

/** In tenths of a second. */
const elapsedOf = (recording: Recording) => Math.round(10 * secondsOf(recording)) / 10;

/** What is recorded now. */
export function recordingData(recording: Recording | null): RecordingData {
	if (isOn(recording)) return { state: recording.state, elapsed: elapsedOf(recording) };
	return { state: recording?.state === 'starting' ? 'starting' : 'off', elapsed: 0 };
}

export function recordingEvents(was: Recording | null, now: Recording | null): Event[] {
	const events: Event[] = [];
	const elapsed = now ? elapsedOf(now) : 0;
	const reason = now?.reason ?? null;
	if (isOn(now)) {
		if (!isOn(was)) events.push({ name: 'recordingStarted', data: { elapsed, by: now.by ?? null } });
		if (now.state === 'paused' && was?.state !== 'paused') events.push({ name: 'recordingPaused', data: { elapsed } });
		if (now.state === 'recording' && was?.state === 'paused') events.push({ name: 'recordingResumed', data: { elapsed } });
	} else if (now?.state === 'failed') {
		if (was && was.state !== 'failed') events.push({ name: 'recordingFailed', data: { reason } });
	} else if (isOn(was)) {
		events.push({ name: 'recordingStopped', data: { elapsed, reason } });
	}
	return events;
}
