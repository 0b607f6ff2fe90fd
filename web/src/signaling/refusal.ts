const SERVER_REASONS = [
	'replaced',
	'removed',
	'room-closed',
	'room-full',
	'speakers-full',
	'viewers-full',
	'wrong-room-kind',
	'bad-request',
	'server-error',
] as const;

export type RefusalReason = (typeof SERVER_REASONS)[number] | 'unsupported-browser';

/** Why the session ended for good. */
export interface Refusal {
	reason: RefusalReason;
	/** The server's own words, in English, for whoever looks into it. */
	message: string;
}

export function refusal(reason: string, message = ''): Refusal {
	const known = SERVER_REASONS.find((known) => known === reason);
	return known ? { reason: known, message } : { reason: 'server-error', message: message || reason };
}

/** An error answer carries its reason as "code: text". */
export function refusalFromError(error: unknown): Refusal {
	const text = error instanceof Error ? error.message : String(error);
	const [, code, message] = /^([a-z-]+): *(.*)$/s.exec(text) ?? [];
	return code && SERVER_REASONS.some((known) => known === code)
		? refusal(code, message)
		: { reason: 'server-error', message: text };
}
