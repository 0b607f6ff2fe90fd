import type { types } from 'mediasoup-client';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Chat } from './chat';

/** As much of mediasoup-client's data consumer and producer as the chat touches. */
class Emitter {
	readonly #listeners = new Map<string, (value?: unknown) => void>();
	on(event: string, listener: (value?: unknown) => void) {
		this.#listeners.set(event, listener);
	}
	emit(event: string, value?: unknown) {
		this.#listeners.get(event)?.(value);
	}
}

class End extends Emitter {
	readonly id = 'end';
	readonly observer = new Emitter();
	readonly sent: string[] = [];
	closed = false;
	send(text: string) {
		if (this.closed) throw new Error('closed');
		this.sent.push(text);
	}
	close() {
		this.closed = true;
		this.observer.emit('close');
	}
}

const consumerOf = (end: End) => end as unknown as types.DataConsumer;

function setup() {
	const consumer = new End();
	const producers: End[] = [];
	const chat = new Chat(
		() => ({ peerId: 'me', name: 'Me' }),
		async () => {
			const producer = new End();
			producers.push(producer);
			return producer as unknown as types.DataProducer;
		},
	);
	chat.hear(consumerOf(consumer));
	const say = (sequence: number, peerId: string, text: string, channel = 1) =>
		consumer.emit('message', `${sequence} 5000 ${channel}\n${JSON.stringify({ peerId, displayName: peerId })}\n${text}`);
	const texts = () => chat.state.value.lines.map(({ text, mine, state }) => `${mine ? 'me' : 'they'} ${text} ${state}`);
	return { chat, consumer, producers, say, texts };
}

const settle = () => vi.advanceTimersByTimeAsync(0);

beforeEach(() => {
	vi.useFakeTimers();
	vi.spyOn(console, 'warn').mockImplementation(() => {});
});
afterEach(() => {
	vi.useRealTimers();
	vi.restoreAllMocks();
});

test('messages of others are unread until the panel is open', () => {
	const { chat, say } = setup();
	say(1, 'ann', 'one');
	say(2, 'ann', 'two');
	expect(chat.state.value.unread).toBe(2);
	chat.show(true);
	say(3, 'ann', 'three');
	expect(chat.state.value.unread).toBe(0);
	chat.show(false);
	say(4, 'ann', 'four');
	expect(chat.state.value.unread).toBe(1);
});

test('an own message counts as sent once it comes back, and appears where the others see it', async () => {
	const { chat, producers, say, texts } = setup();
	chat.send('hello');
	expect(texts()).toEqual(['me hello sending']);
	await settle();
	expect(producers[0]!.sent).toEqual(['hello']);
	say(1, 'ann', 'first');
	say(2, 'me', 'hello');
	expect(texts()).toEqual(['they first sent', 'me hello sent']);
	expect(chat.state.value.unread).toBe(1);
	await vi.advanceTimersByTimeAsync(60_000);
	expect(texts()).toEqual(['they first sent', 'me hello sent']);
});

test('a message that does not come back has failed, and can be sent again', async () => {
	const { chat, producers, say, texts } = setup();
	chat.send('hello');
	await vi.advanceTimersByTimeAsync(60_000);
	expect(texts()).toEqual(['me hello failed']);
	chat.retry(chat.state.value.lines[0]!.key);
	expect(texts()).toEqual(['me hello sending']);
	await settle();
	expect(producers[0]!.sent).toEqual(['hello', 'hello']);
	say(1, 'me', 'hello');
	expect(texts()).toEqual(['me hello sent']);
});

test('a broken channel is replaced', async () => {
	const { chat, producers } = setup();
	chat.send('one');
	await settle();
	producers[0]!.close();
	chat.send('two');
	await settle();
	expect(producers.map(({ sent }) => sent)).toEqual([['one'], ['two']]);
});

test('if the channel cannot be created, the message fails at once', async () => {
	let tries = 0;
	const chat = new Chat(
		() => ({ peerId: 'me', name: 'Me' }),
		() => Promise.reject(new Error(`refused ${++tries}`)),
	);
	chat.send('one');
	await settle();
	expect(chat.state.value.lines[0]!.state).toBe('failed');
	chat.retry(chat.state.value.lines[0]!.key);
	await settle();
	expect(tries).toBe(2);
});

test('after a rejoin nothing is shown twice', () => {
	const { chat, consumer, say, texts } = setup();
	say(1, 'ann', 'one');
	say(2, 'ann', 'two');
	chat.reset();
	expect(consumer.closed).toBe(true);
	const again = new End();
	chat.hear(consumerOf(again));
	for (const [sequence, text] of ['one', 'two', 'three'].entries())
		again.emit('message', `${sequence + 1} 5000 1\n{"peerId":"ann"}\n${text}`);
	expect(texts()).toEqual(['they one sent', 'they two sent', 'they three sent']);
});

test('a new conversation continues below the old one', () => {
	const { say, texts } = setup();
	say(7, 'ann', 'before');
	say(1, 'ann', 'after', 2);
	expect(texts()).toEqual(['they before sent', 'they after sent']);
});

test('somebody else’s message never counts as the own one', async () => {
	const { chat, say, texts } = setup();
	chat.send('hello');
	await settle();
	say(1, 'ann', 'hello');
	expect(texts()).toEqual(['me hello sending', 'they hello sent']);
});
