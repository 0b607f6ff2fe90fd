const ALPHABET = 'abcdefghijklmnopqrstuvwxyz0123456789';

/** A room id that names this node, so that a load balancer can send everyone to the same node. */
export async function freshRoomId(): Promise<string> {
	const response = await fetch('/config.json', { cache: 'no-store' });
	if (!response.ok) throw new Error(`config.json: ${response.status}`);
	const { node } = (await response.json()) as { node: number };
	return `serv${node}${randomText(9)}`;
}

function randomText(length: number): string {
	// Bytes above the last whole multiple would favour the first letters.
	const limit = 256 - (256 % ALPHABET.length);
	let text = '';
	while (text.length < length) {
		const [byte] = crypto.getRandomValues(new Uint8Array(1));
		if (byte! < limit) text += ALPHABET[byte! % ALPHABET.length];
	}
	return text;
}
