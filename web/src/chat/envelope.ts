/** Who wrote a message, according to the server; nobody can write in somebody else's name. */
interface Sender {
	/** Absent if it is too long for the server to repeat. */
	peerId?: string;
	displayName: string;
	moderator: boolean;
}

export interface Message {
	/** Counts the room's messages from 1. */
	sequence: number;
	/** Milliseconds since 1970, by the server's clock. */
	time: number;
	/** A different value is a different conversation: the server has lost the previous one. */
	channel: number;
	sender: Sender;
	text: string;
}

/** What the server sends: "<sequence> <time> <channel>", the sender as JSON, the text; each on a line, the text on the rest. */
const ENVELOPE = /^(\d{1,15}) (\d{1,15}) (\d{1,15})\n([^\n]*)\n(.*)$/s;

/** Null if it is not from our server. */
export function openEnvelope(data: unknown): Message | null {
	const match = typeof data === 'string' ? ENVELOPE.exec(data) : null;
	if (!match) return null;
	const [, sequence, time, channel, tag, text] = match as unknown as string[];
	try {
		const { peerId, displayName, moderator } = JSON.parse(tag!) as Partial<Sender>;
		return {
			sequence: Number(sequence),
			time: Number(time),
			channel: Number(channel),
			sender: {
				peerId: typeof peerId === 'string' ? peerId : undefined,
				displayName: typeof displayName === 'string' ? displayName : '',
				moderator: moderator === true,
			},
			text: text!,
		};
	} catch {
		return null;
	}
}
