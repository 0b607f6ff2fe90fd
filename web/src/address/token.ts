/** What the page shows before the server has answered. */
interface TokenClaims {
	roomId?: string;
	peerId?: string;
	displayName?: string;
	itisparticipant?: boolean;
}

/**
 * Reads a JWT without verifying it, to show the right names from the start: the server decides everything that follows from a
 * token. A token that cannot be read has no claims.
 */
export function tokenClaims(token: string | null): TokenClaims {
	const payload = token?.split('.')[1];
	if (!payload) return {};
	try {
		const bytes = Uint8Array.from(atob(payload.replaceAll('-', '+').replaceAll('_', '/')), (c) => c.charCodeAt(0));
		const claims = JSON.parse(new TextDecoder().decode(bytes)) as Record<string, unknown>;
		return {
			roomId: text(claims.roomId),
			peerId: text(claims.peerId),
			displayName: text(claims.displayName),
			itisparticipant: truth(claims.itisparticipant),
		};
	} catch {
		return {};
	}
}

const text = (value: unknown) =>
	typeof value === 'number' ? String(value) : (typeof value === 'string' && value.trim()) || undefined;

function truth(value: unknown): boolean | undefined {
	if (value === undefined || value === null) return undefined;
	return value === true || value === 1 || value === 'true' || value === '1';
}
