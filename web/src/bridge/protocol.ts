// What the bridge library on the embedding page and the room's page say to each other. A window message begins: the
// library's "hello" brings a MessagePort, over which everything else goes.
import type { ErrorCode } from './package/index';

/** Distinguishes our window messages from those of others. */
export const MARK = 'amphi-bridge';

/** Every call is answered within 10 s; this is a little less, so that no timer is late. */
export const ANSWER_MS = 9500;

/** From the library, with a port. Repeated until the page answers: all with the same id are one handshake. */
export interface Hello {
	mark: typeof MARK;
	type: 'hello';
	id: string;
	roomId: string;
}

/** From a page that knows which origin embeds it: it is listening now. */
export interface Here {
	mark: typeof MARK;
	type: 'here';
	roomId: string;
}

export interface CallError {
	code: ErrorCode;
	message: string;
}

/** Each message names the room it is about. */
type InRoom<T> = T & { roomId: string };

export type LibraryMessage = { type: 'call'; id: number; name: string; data: unknown } | { type: 'ping' } | { type: 'bye' };
export type FromLibrary = InRoom<LibraryMessage>;

export type PageMessage =
	| { type: 'welcome' }
	| { type: 'refused'; error: CallError }
	| { type: 'result'; id: number; result: unknown }
	| { type: 'result'; id: number; error: CallError }
	| { type: 'event'; name: string; data: unknown }
	| { type: 'pong' }
	| { type: 'bye' };
export type FromPage = InRoom<PageMessage>;

/** Whether a window message is of this type; its other fields are still to be checked. */
export function isMarked<T extends Hello | Here>(data: unknown, type: T['type']): data is Record<keyof T, unknown> {
	const message = data as Partial<Hello> | null;
	return typeof message === 'object' && message?.mark === MARK && message.type === type;
}
