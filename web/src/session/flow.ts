import type { types } from 'mediasoup-client';
import type { Store } from '../base/store';
import type { Chat } from '../chat/chat';
import { openProducer } from '../chat/producer';
import type { LocalMedia } from '../media/local';
import type { ScreenShare } from '../media/screen';
import { openMediaSession, type MediaSession } from '../media/session';
import { NO_MEDIA, type PeerMedia } from '../media/subscriber';
import type { Path } from '../media/transport';
import type { Connection } from '../signaling/connection';
import type { NewConsumer, NewDataConsumer } from '../signaling/messages';
import { persist } from './persist';
import type { VisitState } from './state';
import type { Turn } from './turn';

/** After this many transports in a row that never connected, the page gives up. */
const TRANSPORTS_FAILED_MAX = 3;

interface FlowOptions {
	local: LocalMedia;
	screen: ScreenShare;
	codec: string | null;
}

interface Owner {
	readonly state: Store<VisitState>;
	readonly chat: Chat;
	readonly turn: Turn;
	/** Media has started or stopped arriving. */
	changed(): void;
	/** No transport connects. */
	failed(): void;
}

/** The media and the chat between this participant and the room: opened by a join, and kept going until the next join. */
export class Flow {
	readonly #connection: Connection;
	readonly #options: FlowOptions;
	readonly #owner: Owner;
	#session: MediaSession | null = null;
	#joined = false;
	#transportsFailed = 0;
	/** The participant's own limit for each video, in bit/s. */
	#ownBitrate: number | null = null;
	#publishing: Promise<void> = Promise.resolve();
	/** Settles when the data consumer that was offered last is open or refused. */
	#hearing: Promise<void> = Promise.resolve();

	constructor(connection: Connection, options: FlowOptions, owner: Owner) {
		this.#connection = connection;
		this.#options = options;
		this.#owner = owner;
	}

	/** Null before there are transports. */
	get session(): MediaSession | null {
		return this.#session;
	}

	/** Whether the last join is complete, so that the session can be resumed. */
	get joined(): boolean {
		return this.#joined;
	}

	get path(): Path {
		return this.#session?.path ?? 'open';
	}

	mediaOf(peerId: string): PeerMedia {
		return this.#session?.subscriber.mediaOf(peerId) ?? { ...NO_MEDIA, mic: null, camera: null };
	}

	/** Before a complete join: ends everything from the last one. */
	reset() {
		this.#joined = false;
		this.#transportsFailed = 0;
		this.close();
	}

	close() {
		this.#session?.close();
		this.#session = null;
	}

	/** Creates the transports; requests them before it returns. */
	async open(device: types.Device, speaker: boolean, current: () => boolean): Promise<MediaSession> {
		const { local, screen, codec } = this.#options;
		const media = await openMediaSession(this.#connection, device, {
			local,
			screen,
			speaker,
			codec,
			changed: () => this.#owner.changed(),
			connected: () => void (this.#transportsFailed = 0),
			ended: (direction, connected) => this.#transportEnded(direction, connected),
		});
		if (!current()) {
			media.close();
			return media;
		}
		this.#session = media;
		media.subscriber.expectOffers();
		return media;
	}

	/** The server has answered the join, and the transports are there. */
	begin(media: MediaSession) {
		this.#joined = true;
		media.subscriber.expectOffers();
		// The server has ended the transport while the join was pending.
		if (media.recvTransport.closed) this.reopenSubscriber();
		this.#owner.changed();
		this.#startPublisher();
		// A moderator may have changed the rights meanwhile.
		this.syncPublisher();
	}

	async receive(consumer: NewConsumer) {
		await this.#mustBeOpen().subscriber.add(consumer);
	}

	/** Resolves to the ids of the consumers that the browser refuses. */
	async receiveAll(consumers: NewConsumer[]): Promise<string[]> {
		const { subscriber } = this.#mustBeOpen();
		const added = await Promise.allSettled(consumers.map((consumer) => subscriber.add(consumer)));
		return consumers.filter((_, i) => added[i]?.status === 'rejected').map(({ id }) => id);
	}

	/** Receives the chat, or one of its senders, once there is video. */
	hear(offered: NewDataConsumer): Promise<void> {
		const media = this.#session;
		const last = this.#hearing;
		const { chat, state } = this.#owner;
		// One at a time: after a broken connection, the same one may be offered again.
		this.#hearing = (async () => {
			await last.catch(() => {});
			await media?.subscriber.quiet();
			if (!media || media !== this.#session || !state.value.rights.chat) throw new Error('no chat here');
			if (!chat.hears(offered.id)) chat.hear(await media.recvTransport.consumeData(offered));
		})();
		return this.#hearing;
	}

	/** Opens the channel for what this participant writes. */
	async openProducer(): Promise<types.DataProducer> {
		return openProducer(this.#connection, this.#mustBeOpen().device);
	}

	#mustBeOpen(): MediaSession {
		if (!this.#session) throw new Error('not joined');
		return this.#session;
	}

	/** Limits each of the participant's own videos, in bit/s; null removes the limit. */
	limit(bitrate: number | null) {
		this.#ownBitrate = bitrate;
		this.applyBitrate();
	}

	/** Applies the lower of the participant's own limit and the room's. */
	applyBitrate() {
		const limit = Math.min(this.#owner.state.value.info.bitrate ?? Infinity, this.#ownBitrate ?? Infinity);
		this.#session?.publisher?.limit(limit === Infinity ? null : limit);
	}

	reopenSubscriber() {
		this.#persist('receiving', async () => {
			await this.#session?.reopenSubscriber();
			this.#owner.changed();
		});
	}

	/** Opens or closes the publisher as the rights require, one change at a time; receiving goes on. */
	syncPublisher() {
		this.#persist('publishing', () => {
			const turn = this.#publishing.then(() => this.#openOrClosePublisher());
			this.#publishing = turn.catch(() => {});
			return turn;
		});
	}

	async #openOrClosePublisher() {
		const media = this.#session;
		if (!media || !this.#joined) return;
		const { speaker } = this.#owner.state.value.rights;
		if (!speaker) {
			media.closePublisher();
			this.#options.local.release();
			this.#options.screen.stop();
		} else if (!media.publisher) {
			await media.openPublisher();
			if (this.#session !== media) media.closePublisher();
			else this.#startPublisher();
		}
	}

	#startPublisher() {
		this.applyBitrate();
		this.#session?.publisher?.start();
	}

	/** The server has ended a transport: replaces it, and leaves everything else alone. */
	#transportEnded(direction: 'send' | 'recv', connected: boolean) {
		if (!connected) this.#transportsFailed++;
		if (this.#transportsFailed >= TRANSPORTS_FAILED_MAX) {
			this.#owner.failed();
			return;
		}
		if (direction === 'recv') this.reopenSubscriber();
		this.#owner.changed();
		this.syncPublisher();
	}

	#persist(what: string, act: () => Promise<void>) {
		const current = this.#owner.turn.now();
		void persist(what, act, () => current() && this.#connection.connected);
	}
}
