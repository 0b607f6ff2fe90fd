interface Piece {
	text: string;
	/** Where it leads; absent for plain text. */
	href?: string;
}

const CANDIDATE = /\bhttps?:\/\/[^\s<>"]+/gi;
/** What ends a sentence and not an address. */
const TAIL = /[.,;:!?'’”»*_~]+$/;

/** A closing bracket belongs to the address only if it was opened in it. */
function trim(address: string): string {
	for (;;) {
		let shorter = address.replace(TAIL, '');
		const last = shorter.at(-1)!;
		const opening = { ')': '(', ']': '[', '}': '{' }[last];
		if (opening && shorter.split(opening).length < shorter.split(last).length) shorter = shorter.slice(0, -1);
		if (shorter === address) return address;
		address = shorter;
	}
}

function addressOf(text: string): string | null {
	try {
		const url = new URL(text);
		// Anything before an @ is meant to deceive.
		return ['http:', 'https:'].includes(url.protocol) && url.hostname && !url.username && !url.password ? url.href : null;
	} catch {
		return null;
	}
}

/** Splits a text into plain pieces and links to web pages; joined they are the text. */
export function linkify(text: string): Piece[] {
	const pieces: Piece[] = [];
	let at = 0;
	for (const { 0: candidate, index } of text.matchAll(CANDIDATE)) {
		const address = trim(candidate);
		const href = addressOf(address);
		if (!href) continue;
		if (index > at) pieces.push({ text: text.slice(at, index) });
		pieces.push({ text: address, href });
		at = index + address.length;
	}
	if (at < text.length || pieces.length === 0) pieces.push({ text: text.slice(at) });
	return pieces;
}
