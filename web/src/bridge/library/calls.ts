import { ANSWER_MS, type CallError } from '../protocol';

interface Pending {
	timer: ReturnType<typeof setTimeout>;
	answer(result: unknown): void;
}

interface Queued {
	id: number;
	name: string;
	data: unknown;
}

type Send = (call: Queued) => void;

/** Pending calls: those that wait for the page, in order, and those that wait for an answer. Each is answered once. */
export class Calls {
	#send: Send | null = null;
	#next = 1;
	readonly #queue: Queued[] = [];
	readonly #pending = new Map<number, Pending>();

	add(name: string, data: unknown, answer: (result: unknown) => void) {
		const id = this.#next++;
		// A call that waits for the page stays in the queue even then: the caller still wants it done.
		const timer = setTimeout(() => {
			const waits = this.#queue.some((call) => call.id === id);
			const why = waits
				? 'the room has not come up in the iframe: is its src right, and may this site embed it?'
				: 'no answer in time';
			this.fail(id, { code: 'timeout', message: `${name}: ${why}` });
		}, ANSWER_MS);
		this.#pending.set(id, { timer, answer });
		if (this.#send) this.#send({ id, name, data });
		else this.#queue.push({ id, name, data });
	}

	/** The page is there: sends it the waiting calls. */
	connected(send: Send) {
		this.#send = send;
		for (const call of this.#queue.splice(0)) send(call);
	}

	/** The page is gone. The calls that it was given are answered; later ones wait for the next page. */
	disconnected(error: CallError) {
		this.#send = null;
		const waiting = new Set(this.#queue.map(({ id }) => id));
		for (const id of [...this.#pending.keys()]) if (!waiting.has(id)) this.fail(id, error);
	}

	/** No page will ever answer. */
	abandon(error: CallError) {
		this.#queue.length = 0;
		this.disconnected(error);
	}

	settle(id: number, result: unknown) {
		const pending = this.#pending.get(id);
		if (!pending) return;
		this.#pending.delete(id);
		clearTimeout(pending.timer);
		pending.answer(result);
	}

	fail(id: number, error: CallError) {
		this.settle(id, { error });
	}
}
