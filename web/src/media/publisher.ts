import type { types } from 'mediasoup-client';
import type { Connection } from '../signaling/connection';
import { cameraCodec, cameraEncodings } from './encodings';
import type { DeviceName, LocalMedia } from './local';

interface Published {
	producer: types.Producer;
	/** What the server last confirmed; null: unknown, because the connection broke meanwhile. */
	paused: boolean | null;
}

/** Keeps the producers in step with what the participant's devices do. */
export class Publisher {
	readonly #connection: Connection;
	readonly #transport: types.Transport;
	readonly #codec: types.RtpCodecCapability | undefined;
	readonly #local: LocalMedia;
	readonly #published = new Map<DeviceName, Published>();
	#work: Promise<void> = Promise.resolve();
	#unsubscribe: (() => void) | null = null;

	constructor(
		connection: Connection,
		device: types.Device,
		transport: types.Transport,
		local: LocalMedia,
		forcedCodec: string | null,
	) {
		this.#connection = connection;
		this.#transport = transport;
		this.#codec = cameraCodec(device.sendRtpCapabilities, forcedCodec);
		this.#local = local;
	}

	get producerIds(): string[] {
		return [...this.#published.values()].map(({ producer }) => producer.id);
	}

	/** To be called when the server has let us in: before that it takes no producer. */
	start() {
		this.#unsubscribe = this.#local.devices.subscribe(() => this.#sync());
		this.#sync();
	}

	/** Makes, pauses and closes producers, one change after the other, until they match the devices. */
	#sync() {
		for (const name of ['mic', 'camera'] as const)
			this.#work = this.#work
				.then(() => this.#syncDevice(name))
				.catch((error) => {
					// A broken connection is no news: the room calls resumed() when it is back.
					if (this.#connection.connected && !this.#transport.closed)
						console.error(`amphi: publishing the ${name} failed`, error);
				});
	}

	/** After a resume: these the server has lost, and of the others it may have missed a pause. */
	resumed(lost: string[]) {
		for (const [name, published] of this.#published) {
			published.paused = null;
			if (!lost.includes(published.producer.id)) continue;
			published.producer.close();
			this.#published.delete(name);
		}
		this.#sync();
	}

	close() {
		this.#unsubscribe?.();
	}

	async #syncDevice(name: DeviceName) {
		if (this.#transport.closed || !this.#connection.connected) return;
		const { track, on } = this.#local.devices.value[name];
		let published = this.#published.get(name);

		if (published && published.producer.track !== track) {
			this.#published.delete(name);
			published.producer.close();
			await this.#connection.request('closeProducer', { producerId: published.producer.id });
			published = undefined;
		}
		if (!published && track && on) {
			// A producer begins unpaused at the server, whatever its track does by then.
			published = { producer: await this.#produce(name, track), paused: false };
			this.#published.set(name, published);
		}
		// Read again: the participant may have pressed the button meanwhile.
		const paused = !this.#local.devices.value[name].on;
		if (published && published.producer.track === track && published.paused !== paused) {
			const { producer } = published;
			if (paused) producer.pause();
			else producer.resume();
			await this.#connection.request(paused ? 'pauseProducer' : 'resumeProducer', { producerId: producer.id });
			published.paused = paused;
		}
	}

	#produce(name: DeviceName, track: MediaStreamTrack): Promise<types.Producer> {
		// The tracks belong to LocalMedia: it alone stops and disables them.
		const options = { track, stopTracks: false, disableTrackOnPause: false };
		if (name === 'mic') return this.#transport.produce({ ...options, codecOptions: { opusDtx: false } });
		return this.#transport.produce({
			...options,
			codec: this.#codec,
			encodings: this.#codec && cameraEncodings(this.#codec),
			codecOptions: { videoGoogleStartBitrate: 1000 },
		});
	}
}
