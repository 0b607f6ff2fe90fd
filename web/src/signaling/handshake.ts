import { type Refusal, refusal } from './refusal';

/** How long to wait for an answer that may never come. */
const PATIENCE_MS = 4000;

/**
 * Why a WebSocket with this query was not opened: browsers hide that from the page, so it asks over HTTP. 'fine': the server
 * would accept it, so something on the way must block it; null: HTTP gets no answer either.
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
