import { type Refusal, refusal } from './refusal';

/** Longer than this nobody waits for an answer that may not come. */
const PATIENCE_MS = 4000;

/**
 * Why a WebSocket with this query is not opened: browsers keep that from the page, so it asks by HTTP. 'fine': the server
 * would open it, so that something on the way must keep it out; null: there is no answer either.
 */
export async function askWhy(query: string): Promise<Refusal | 'fine' | null> {
	const aborted = new AbortController();
	const timer = setTimeout(() => aborted.abort(), PATIENCE_MS);
	try {
		const answer = await fetch(`/api/handshake?${query}`, { method: 'POST', signal: aborted.signal });
		const { ok, reason, message } = (await answer.json()) as { ok?: unknown; reason?: unknown; message?: unknown };
		if (answer.ok) return ok === true ? 'fine' : null;
		return typeof reason === 'string' ? refusal(reason, String(message ?? '')) : null;
	} catch {
		return null;
	} finally {
		clearTimeout(timer);
	}
}
