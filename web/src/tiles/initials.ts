/** The first letters of the first and the last word. */
export function initials(name: string): string {
	const words = name.trim().split(/\s+/);
	const letters = words.length > 1 ? [words[0]!, words[words.length - 1]!] : words;
	return letters
		.map((word) => /[\p{L}\p{N}]/u.exec(word)?.[0] ?? [...word][0] ?? '')
		.join('')
		.toLocaleUpperCase();
}

const COLOURS = 6;

/** One of the six colours of the style sheet, the same for a peer on every page. */
export function colourOf(peerId: string): number {
	let sum = 0;
	for (const character of peerId) sum = (sum * 31 + character.codePointAt(0)!) % 65521;
	return sum % COLOURS;
}
