import type { Call, Events, Failure, Handler, Methods, MeetIframeBridge as Declared, Options } from '../package/index';
import type { CallError, FromPage } from '../protocol';
import { Calls } from './calls';
import { Emitter, guarded } from './emitter';
import { Handshake } from './handshake';
import { succeed } from './succession';

/** What the embedding page uses; package/index.d.ts says what it promises. */
export class MeetIframeBridge implements Declared {
	readonly #calls = new Calls();
	readonly #events = new Emitter(['ready', 'readyToJoin']);
	readonly #handshake: Handshake;
	readonly #leave: () => void;
	/** Why calls can never be answered. */
	#ended: CallError | null = null;

	constructor({ element, roomId }: Options) {
		if (!(element && ('contentWindow' in element || 'postMessage' in element)))
			throw new TypeError('MeetIframeBridge: element is not an iframe');
		const { atLoad, leave } = succeed(element, () => this.destroy());
		this.#leave = leave;
		this.#handshake = new Handshake(element, roomId === undefined ? undefined : String(roomId), atLoad, {
			connected: (send) => this.#calls.connected((call) => send({ type: 'call', ...call })),
			message: (message) => this.#onMessage(message),
			lost: () => {
				this.#events.forget();
				this.#calls.disconnected({ code: 'interrupted', message: 'The room was reloaded.' });
			},
		});
	}

	method<M extends keyof Methods>({ name, data, callback }: Call<M>): Promise<Methods[M][1] | Failure> {
		return new Promise((resolve) => {
			const answer = (result: unknown) => {
				if (callback) guarded(callback as (result: unknown) => unknown, result);
				resolve(result as Methods[M][1] | Failure);
			};
			if (this.#ended) {
				const error = this.#ended;
				queueMicrotask(() => answer({ error }));
				return;
			}
			try {
				// As JSON: devices from enumerateDevices() cannot be cloned.
				const plain: unknown = data === undefined ? undefined : JSON.parse(JSON.stringify(data));
				this.#calls.add(String(name), plain, answer);
			} catch {
				const error: CallError = { code: 'bad-data', message: `${name}: the data cannot be sent` };
				queueMicrotask(() => answer({ error }));
			}
		});
	}

	on<E extends keyof Events>(name: E, handler: Handler<E>): this {
		this.#events.on(name, handler as (data: unknown) => void);
		return this;
	}

	once<E extends keyof Events>(name: E, handler: Handler<E>): this {
		this.#events.on(name, handler as (data: unknown) => void, true);
		return this;
	}

	off<E extends keyof Events>(name: E, handler?: Handler<E>): this {
		this.#events.off(name, handler as ((data: unknown) => void) | undefined);
		return this;
	}

	destroy() {
		this.#ended ??= { code: 'destroyed', message: 'The bridge was destroyed.' };
		this.#leave();
		this.#handshake.close();
		this.#calls.abandon(this.#ended);
	}

	#onMessage(message: FromPage) {
		switch (message.type) {
			case 'result':
				if ('error' in message) this.#calls.fail(message.id, message.error);
				else this.#calls.settle(message.id, message.result);
				break;
			case 'event':
				this.#events.emit(message.name, message.data);
				break;
			case 'refused':
				// Another room: no message to it could be intended.
				this.#calls.abandon(message.error);
				break;
		}
	}
}
