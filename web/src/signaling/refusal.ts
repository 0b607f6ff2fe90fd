const SERVER_REASONS = [
	'replaced',
	'removed',
	'declined',
	'room-closed',
	'room-full',
	'speakers-full',
	'viewers-full',
	'wrong-room-kind',
	'host-unknown',
	'origin-not-allowed',
	'token-missing',
	'token-invalid',
	'token-expired',
	'token-used-up',
	'token-wrong-room',
	'access-declined',
	'access-unknown',
	'locked',
	'not-started',
	'pin-required',
	'pin-wrong',
	'pin-locked',
	'peer-id-taken',
	'not-joined',
	'too-many-connections',
	'busy',
	'bad-request',
	'server-error',
] as const;

export type RefusalReason = (typeof SERVER_REASONS)[number] | 'unsupported-browser' | 'websocket-blocked';

/** Why the session ended for good. */
export interface Refusal {
	reason: RefusalReason;
	/** The server's own words, in English, for troubleshooting. */
	message: string;
	/** The words of the organiser's server, to be shown unchanged. */
	detail?: string;
	/** When an event begins that has not started yet; milliseconds. */
	startTime?: number;
}

export function refusal(reason: string, message = '', more: Pick<Refusal, 'detail' | 'startTime'> = {}): Refusal {
	const known = SERVER_REASONS.find((known) => known === reason);
	return known ? { reason: known, message, ...more } : { reason: 'server-error', message: message || reason, ...more };
}

/** An error answer carries its reason as "code: text". */
export function refusalFromError(error: unknown): Refusal {
	const text = error instanceof Error ? error.message : String(error);
	const [, code, message] = /^([a-z-]+): *(.*)$/s.exec(text) ?? [];
	return code && SERVER_REASONS.some((known) => known === code)
		? refusal(code, message)
		: { reason: 'server-error', message: text };
}
