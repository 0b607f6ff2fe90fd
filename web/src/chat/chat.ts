import type { types } from 'mediasoup-client';
import { Store } from '../base/store';
import { openEnvelope, type Message } from './envelope';

/** In UTF-16 units, as an input counts them; each is at most three bytes, so the server accepts the message. */
export const TEXT_MAX = 2000;
/** A page that stays open for days does not keep everything. */
const LINES_MAX = 1000;
/** Everybody gets every message, including its sender: one that does not come back in time was not accepted. */
const ECHO_MS = 8000;

export interface ChatLine {
	key: number;
	mine: boolean;
	name: string;
	moderator: boolean;
	/** Milliseconds since 1970. */
	time: number;
	text: string;
	state: 'sent' | 'sending' | 'failed';
}

interface ChatState {
	lines: ChatLine[];
	/** Messages of others that arrived while the panel was closed. */
	unread: number;
	open: boolean;
}

/** The room's conversation, as this page knows it. It outlives broken connections, and the server's own memory of it. */
export class Chat {
	readonly state = new Store<ChatState>({ lines: [], unread: 0, open: false });
	readonly #self: () => { peerId: string; name: string };
	readonly #openProducer: () => Promise<types.DataProducer>;
	#consumer: types.DataConsumer | null = null;
	#producer: Promise<types.DataProducer> | null = null;
	#channel = 0;
	#last = 0;
	#keys = 0;

	constructor(self: () => { peerId: string; name: string }, openProducer: () => Promise<types.DataProducer>) {
		this.#self = self;
		this.#openProducer = openProducer;
	}

	/** Whether the chat receives from this data consumer of the server. */
	hears(id: string): boolean {
		return this.#consumer?.id === id && !this.#consumer.closed;
	}

	hear(consumer: types.DataConsumer) {
		this.deafen();
		this.#consumer = consumer;
		consumer.on('message', (data) => {
			const message = openEnvelope(data);
			if (message) this.#received(message);
		});
	}

	deafen() {
		this.#consumer?.close();
		this.#consumer = null;
	}

	/** All connections are about to be replaced. */
	reset() {
		this.deafen();
		void this.#producer?.then((producer) => producer.close()).catch(() => {});
		this.#producer = null;
	}

	show(open: boolean) {
		this.state.update(open ? { open, unread: 0 } : { open });
	}

	/** Creates the channel to send on. That takes a moment, so call it when somebody begins to write. */
	prepare() {
		void this.#way().catch(() => {});
	}

	send(text: string) {
		const { name } = this.#self();
		const key = ++this.#keys;
		this.#append({ key, mine: true, name, moderator: false, time: Date.now(), text, state: 'sending' });
		void this.#transmit(key, text);
	}

	/** Sends a message again that was not accepted. */
	retry(key: number) {
		const line = this.#line(key);
		if (line?.state !== 'failed') return;
		this.#change(key, 'sending');
		void this.#transmit(key, line.text);
	}

	async #transmit(key: number, text: string) {
		const timer = setTimeout(() => this.#change(key, 'failed'), ECHO_MS);
		try {
			(await this.#way()).send(text);
		} catch (error) {
			console.warn('amphi: a message was not sent', error);
			clearTimeout(timer);
			this.#change(key, 'failed');
		}
	}

	#way(): Promise<types.DataProducer> {
		if (this.#producer) return this.#producer;
		const opening = this.#openProducer();
		const forget = () => {
			if (this.#producer === opening) this.#producer = null;
		};
		opening.then((producer) => producer.observer.on('close', forget), forget);
		this.#producer = opening;
		return opening;
	}

	#received({ sequence, channel, time, sender, text }: Message) {
		// After a rejoin, the server sends everything from the beginning.
		if (channel === this.#channel && sequence <= this.#last) return;
		this.#channel = channel;
		this.#last = sequence;

		const mine = sender.peerId === this.#self().peerId;
		const { lines, open, unread } = this.state.value;
		const echoed = mine ? lines.find((line) => line.state !== 'sent' && line.text === text) : undefined;
		if (echoed) this.state.update({ lines: lines.filter((line) => line !== echoed) });
		this.#append({
			key: echoed?.key ?? ++this.#keys,
			mine,
			name: sender.displayName,
			moderator: sender.moderator,
			time,
			text,
			state: 'sent',
		});
		if (!mine && !open) this.state.update({ unread: unread + 1 });
	}

	#append(line: ChatLine) {
		this.state.update({ lines: [...this.state.value.lines, line].slice(-LINES_MAX) });
	}

	#line(key: number): ChatLine | undefined {
		return this.state.value.lines.find((line) => line.key === key);
	}

	/** A message that the server has accepted stays accepted. */
	#change(key: number, state: 'sending' | 'failed') {
		const lines = this.state.value.lines.map((line) =>
			line.key === key && line.state !== 'sent' ? { ...line, state } : line,
		);
		this.state.update({ lines });
	}
}
