import type { ErrorCode } from '../package/index';
import type { CallError } from '../protocol';

/** What a method answers instead of a result. */
export class MethodError extends Error {
	readonly code: ErrorCode;

	constructor(code: ErrorCode, message: string) {
		super(message);
		this.code = code;
	}
}

type Table = Record<string, (data: never) => unknown>;

/** Runs one method of the table. */
export async function answer(table: Table, name: string, data: unknown): Promise<{ result: unknown } | { error: CallError }> {
	const method = Object.hasOwn(table, name) ? (table[name] as (data: unknown) => unknown) : undefined;
	if (!method) return { error: { code: 'unknown-method', message: `There is no method ${name}.` } };
	try {
		return { result: (await method(data)) ?? true };
	} catch (error) {
		if (error instanceof MethodError) return { error: { code: error.code, message: error.message } };
		const message = error instanceof Error ? error.message : String(error);
		// The server's answers begin with their reason.
		const refused = /^[a-z-]+: /.test(message);
		return { error: { code: refused ? 'refused' : 'failed', message } };
	}
}
