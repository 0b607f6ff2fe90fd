import type { types } from 'mediasoup-client';
import type { Connection } from '../signaling/connection';
import { cameraCodec, cameraEncodings, screenEncodings, wantedOf, withinBitrate } from './encodings';
import type { LocalMedia } from './local';
import type { ScreenShare } from './screen';

const SOURCES = ['mic', 'camera', 'screen', 'screenSound'] as const;
type Source = (typeof SOURCES)[number];

interface Published {
	producer: types.Producer;
	/** The state that the server last confirmed; null: unknown, because the connection broke meanwhile. */
	paused: boolean | null;
	/** Which encodings viewers request; null: all of them. */
	wantedEncodings: boolean[] | null;
}

/** Keeps the producers in step with what the participant's devices and screen do. */
export class Publisher {
	readonly #connection: Connection;
	readonly #transport: types.Transport;
	readonly #capabilities: types.RtpCapabilities;
	readonly #codec: types.RtpCodecCapability | undefined;
	readonly #isCodecForced: boolean;
	/** Of the screen that is, or was last, shared. */
	#screenCodec: types.RtpCodecCapability | undefined;
	readonly #local: LocalMedia;
	readonly #screen: ScreenShare;
	readonly #published = new Map<Source, Published>();
	/** The limit of each video, in bit/s; null: none. */
	#limit: number | null = null;
	#work: Promise<void> = Promise.resolve();
	#unsubscribe: (() => void)[] = [];

	constructor(
		connection: Connection,
		device: types.Device,
		transport: types.Transport,
		{ local, screen, codec }: { local: LocalMedia; screen: ScreenShare; codec: string | null },
	) {
		this.#connection = connection;
		this.#transport = transport;
		this.#capabilities = device.sendRtpCapabilities;
		this.#codec = this.#screenCodec = cameraCodec(this.#capabilities, codec);
		this.#isCodecForced = codec !== null;
		this.#local = local;
		this.#screen = screen;
	}

	get producerIds(): string[] {
		return [...this.#published.values()].map(({ producer }) => producer.id);
	}

	/** Call it once the server has admitted us: before that it accepts no producer. */
	start() {
		this.#unsubscribe = [this.#local.devices, this.#screen.state].map((store) => store.subscribe(() => this.#sync()));
		this.#sync();
	}

	/** Creates, pauses and closes producers, one change after the other, until they match the sources. */
	#sync() {
		for (const source of SOURCES) this.#enqueue(() => this.#syncSource(source));
	}

	#enqueue(work: () => Promise<void>) {
		this.#work = this.#work.then(work).catch((error) => {
			// A broken connection is no news: the visit calls resumed() when it is back.
			if (this.#connection.connected && !this.#transport.closed) console.error('amphi: publishing failed', error);
		});
	}

	/** Limits each video, in bit/s. */
	limit(bitrate: number | null) {
		if (this.#limit === bitrate) return;
		this.#limit = bitrate;
		this.#enqueue(async () => {
			for (const [source, published] of this.#published) await this.#applyEncodings(source, published);
		});
	}

	/** The server says which encodings of a video viewers request: the others are not sent. */
	encodingsWanted(producerId: string, wanted: boolean[]) {
		for (const [source, published] of this.#published) {
			if (published.producer.id !== producerId) continue;
			published.wantedEncodings = wanted;
			this.#enqueue(() => this.#applyEncodings(source, published));
		}
	}

	/** Somebody joined who cannot decode the shared screen: it starts again in a codec that everybody can decode. */
	producerUnfit(producerId: string) {
		this.#enqueue(async () => {
			const published = this.#published.get('screen');
			if (published?.producer.id !== producerId) return;
			const before = this.#screenCodec;
			await this.#chooseScreenCodec();
			if (this.#screenCodec === before) return; // no codec serves them better
			this.#published.delete('screen');
			published.producer.close();
			await this.#connection.request('closeProducer', { producerId });
			await this.#syncSource('screen');
		});
	}

	/** After a resume: the server has lost these producers, and may have missed a pause of the others. */
	resumed(lost: string[]) {
		for (const [source, published] of this.#published) {
			published.paused = null;
			if (!lost.includes(published.producer.id)) continue;
			published.producer.close();
			this.#published.delete(source);
		}
		this.#sync();
	}

	close() {
		for (const unsubscribe of this.#unsubscribe) unsubscribe();
	}

	/** What there is to send, and whether the participant wants it sent. */
	#wanted(source: Source): { track: MediaStreamTrack | null; on: boolean } {
		if (source === 'mic' || source === 'camera') return this.#local.devices.value[source];
		const { video, audio } = this.#screen.state.value;
		const track = source === 'screen' ? video : audio;
		return { track, on: track !== null };
	}

	async #syncSource(source: Source) {
		if (this.#transport.closed || !this.#connection.connected) return;
		const { track, on } = this.#wanted(source);
		let published = this.#published.get(source);

		if (published && track && published.producer.track !== track) {
			// Another device, the same producer: the others' consumers stay.
			await published.producer.replaceTrack({ track });
		} else if (published && !track) {
			this.#published.delete(source);
			published.producer.close();
			await this.#connection.request('closeProducer', { producerId: published.producer.id });
			published = undefined;
		}
		if (!published && track && on) {
			if (source === 'screen') await this.#chooseScreenCodec();
			if (this.#wanted(source).track !== track) return; // it has changed meanwhile, and this function runs again
			// A producer starts unpaused on the server, whatever the state of its track is by then.
			published = { producer: await this.#produce(source, track), paused: false, wantedEncodings: null };
			this.#published.set(source, published);
			await this.#applyEncodings(source, published);
		}
		// Read again: the participant may have pressed the button meanwhile.
		const paused = !this.#wanted(source).on;
		if (published && published.producer.track === track && published.paused !== paused) {
			const { producer } = published;
			if (paused) producer.pause();
			else producer.resume();
			await this.#connection.request(paused ? 'pauseProducer' : 'resumeProducer', { producerId: producer.id });
			published.paused = paused;
		}
	}

	async #applyEncodings(source: Source, { producer, wantedEncodings }: Published) {
		const { rtpSender } = producer;
		const encodings = this.#encodings(source);
		if (!encodings || !rtpSender || producer.closed) return;
		const parameters = rtpSender.getParameters();
		wantedOf(withinBitrate(encodings, this.#limit), wantedEncodings).forEach((applied, index) => {
			if (parameters.encodings[index]) Object.assign(parameters.encodings[index], applied);
		});
		// A blurred screen is useless: rather delay frames.
		if (source === 'screen') parameters.degradationPreference = 'maintain-resolution';
		await rtpSender.setParameters(parameters);
	}

	#encodings(source: Source): types.RtpEncodingParameters[] | undefined {
		if (source === 'screen') return this.#screenCodec && screenEncodings(this.#screenCodec);
		return source === 'camera' && this.#codec ? cameraEncodings(this.#codec) : undefined;
	}

	/** The best codec that everybody in the room decodes now, if this browser can encode it. */
	async #chooseScreenCodec() {
		if (this.#isCodecForced) return;
		const { mimeType } = await this.#connection.request('getScreenCodec', {});
		this.#screenCodec = this.#capabilities.codecs?.find((codec) => codec.mimeType === mimeType) ?? this.#codec;
	}

	#produce(source: Source, track: MediaStreamTrack): Promise<types.Producer> {
		// The tracks belong to LocalMedia and ScreenShare: only they stop and disable them.
		const options = { track, stopTracks: false, disableTrackOnPause: false };
		const video = { ...options, codec: this.#codec, codecOptions: { videoGoogleStartBitrate: 1000 } };
		switch (source) {
			case 'mic':
				return this.#transport.produce({ ...options, codecOptions: { opusDtx: false } });
			case 'camera':
				return this.#transport.produce({ ...video, encodings: this.#encodings(source) });
			case 'screen':
				return this.#transport.produce({
					...video,
					codec: this.#screenCodec,
					encodings: this.#encodings(source),
					appData: { share: true },
				});
			case 'screenSound':
				return this.#transport.produce({
					...options,
					codecOptions: { opusStereo: true, opusDtx: false },
					appData: { share: true },
				});
		}
	}
}
