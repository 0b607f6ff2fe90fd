import type { RecordingInfo } from './messages';

/** How long to wait for an answer that may never come. */
const PATIENCE_MS = 4000;

/** Why a recording did not start, or ended: the words for which the page has texts. */
const TROUBLES = [
	'recorder-absent',
	'recorder-lost',
	'disk-full',
	'disk-slow',
	'disk-error',
	'too-many',
	'quota',
	'not-recording',
	'limit',
	'empty',
	'shutdown',
] as const;

export type RecordingTrouble = (typeof TROUBLES)[number];

export const troubleOf = (reason: string | null | undefined) => TROUBLES.find((known) => known === reason) ?? null;

/** Why the server refuses a request about the recording; null: for a reason without a text. */
export function refusedFor(error: unknown): RecordingTrouble | null {
	return error instanceof Error ? troubleOf(/^[a-z-]+/.exec(error.message)?.[0]) : null;
}

/** Whether a room is being recorded, for people who are not in it yet; rejects if the server does not say. */
export async function askRecording(roomId: string): Promise<RecordingInfo | null> {
	const address = `/api/recording?${new URLSearchParams({ roomId })}`;
	const answer = await fetch(address, { signal: AbortSignal.timeout(PATIENCE_MS) });
	if (!answer.ok) throw new Error(`recording: ${answer.status}`);
	const { recording = null } = (await answer.json()) as { recording?: RecordingInfo | null };
	return recording;
}
