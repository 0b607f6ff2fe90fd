import { browserInfo } from '../media/browser';
import type { LocalMedia } from '../media/local';
import { openMediaSession, type MediaSession } from '../media/session';
import type { PeerMedia } from '../media/subscriber';
import { Connection } from '../signaling/connection';
import type { Notifications, PeerInfo } from '../signaling/messages';
import { type Refusal, refusal, refusalFromError } from '../signaling/refusal';
import { reconcile } from '../signaling/resume';
import { type RoomAddress, roomUrl } from '../signaling/url';
import { Store } from '../ui/store';

export type Link = 'connecting' | 'connected' | 'reconnecting' | 'media-down';

export interface RemotePeer extends PeerMedia {
	id: string;
	displayName: string;
}

export interface RoomState {
	/** In the room (or on the way in), gone by choice, or turned away for good. */
	phase: 'open' | 'left' | 'refused';
	link: Link;
	refusal: Refusal | null;
	/** The others who have a tile, in order of joining. */
	peers: RemotePeer[];
}

export interface RoomOptions extends RoomAddress {
	displayName: string;
	codec: string | null;
	local: LocalMedia;
}

/** One visit to a room, from the join button to leaving or refusal. */
export class Room {
	readonly state = new Store<RoomState>({ phase: 'open', link: 'connecting', refusal: null, peers: [] });
	readonly #options: RoomOptions;
	readonly #connection: Connection;
	readonly #peers = new Map<string, PeerInfo>();
	#media: MediaSession | null = null;
	#joined = false;
	/** Counts WebSockets: what belongs to an earlier one is out of date. */
	#attempt = 0;

	constructor(options: RoomOptions) {
		this.#options = options;
		this.#connection = new Connection(roomUrl(location, options), {
			open: () => void this.#opened(),
			lost: () => {
				this.#attempt++;
				// When the media server is back the WebSocket is closed to make the page join again: no second alarm.
				if (this.#link !== 'media-down') this.#setLink(this.#joined ? 'reconnecting' : 'connecting');
			},
			failed: () => this.#setLink(this.#joined ? 'reconnecting' : 'connecting'),
			closed: () => this.#end(refusal('server-error', 'closed without a reason')),
			requests: {
				newConsumer: async (consumer) => {
					if (!this.#media) throw new Error('not joined');
					await this.#media.subscriber.add(consumer);
				},
			},
			notifications: this.#notifications(),
		});
	}

	get media(): MediaSession | null {
		return this.#media;
	}

	leave() {
		if (this.state.value.phase !== 'open') return;
		this.#close();
		this.state.update({ phase: 'left', peers: [] });
	}

	/** Sets the layers this page wants at most of a peer's video. */
	async setPreferredLayers(peerId: string, spatialLayer: number, temporalLayer: number) {
		const found = this.#media?.subscriber
			.consumers()
			.find(({ peerId: owner, consumer }) => owner === peerId && consumer.kind === 'video');
		if (!found) throw new Error(`no video from ${peerId}`);
		await this.#connection.request('setConsumerPreferredLayers', {
			consumerId: found.consumer.id,
			spatialLayer,
			temporalLayer,
		});
	}

	get #link(): Link {
		return this.state.value.link;
	}

	#setLink(link: Link) {
		this.state.update({ link });
	}

	async #opened() {
		const attempt = ++this.#attempt;
		const current = () => attempt === this.#attempt && this.state.value.phase === 'open';
		// That the server took us back means that media is back too; it says mediaDown again if not.
		if (this.#link === 'media-down') this.#setLink('reconnecting');
		try {
			if (!(this.#joined && (await this.#resume(current)))) {
				if (!current()) return;
				await this.#join(current);
			}
			if (current()) this.#setLink('connected');
		} catch (error) {
			// With the media server down no join can succeed; the server reconnects us when it is back. A request may hear
			// of it before we do.
			if (current() && error instanceof Error && error.message.startsWith('media-down:')) this.#setLink('media-down');
			if (!current() || this.#link === 'media-down') return;
			this.#end(
				error instanceof Error && error.name === 'UnsupportedError'
					? { reason: 'unsupported-browser', message: error.message }
					: refusalFromError(error),
			);
		}
	}

	/** The complete join: a new Device, new transports, everything from the beginning. */
	async #join(current: () => boolean) {
		this.#joined = false;
		this.#media?.close();
		this.#media = null;
		this.#refresh();

		const { local, codec, speaker, displayName } = this.#options;
		const media = await openMediaSession(this.#connection, {
			local: speaker ? local : null,
			codec,
			changed: () => this.#refresh(),
		});
		if (!current()) {
			media.close();
			return;
		}
		this.#media = media;
		const { peers } = await this.#connection.request('join', {
			displayName,
			device: browserInfo(navigator.userAgent),
			rtpCapabilities: media.device.recvRtpCapabilities,
		});
		this.#joined = true;
		this.#setPeers(peers);
		media.publisher?.start();
	}

	/** Takes the session up again on a new WebSocket; media went on meanwhile. False: it has to join again. */
	async #resume(current: () => boolean): Promise<boolean> {
		const { subscriber, publisher } = this.#media!;
		const ids = { consumerIds: subscriber.consumerIds, producerIds: publisher?.producerIds ?? [] };
		const answer = await this.#connection.request('resume', { session: this.#options.session, ...ids });
		if (!answer.resumed || !current()) return false;

		const { closeConsumers, remakeProducers, closeProducers } = reconcile(ids, answer);
		for (const id of closeConsumers) subscriber.remove(id);
		this.#setPeers(answer.peers);
		// What was produced but never answered goes first: its request is about to be made again.
		for (const producerId of closeProducers) await this.#connection.request('closeProducer', { producerId });
		this.#connection.resumed();
		publisher?.resumed(remakeProducers);
		return true;
	}

	#notifications(): { [M in keyof Notifications]: (data: Notifications[M]) => void } {
		return {
			newPeer: (peer) => {
				this.#peers.set(peer.id, peer);
				this.#refresh();
			},
			peerClosed: ({ peerId }) => {
				this.#peers.delete(peerId);
				this.#media?.subscriber.removePeer(peerId);
				this.#refresh();
			},
			peerDisplayNameChanged: ({ peerId, displayName }) => {
				const peer = this.#peers.get(peerId);
				if (!peer) return;
				this.#peers.set(peerId, { ...peer, displayName });
				this.#refresh();
			},
			consumerClosed: ({ consumerId }) => this.#media?.subscriber.remove(consumerId),
			consumerPaused: ({ consumerId }) => this.#media?.subscriber.setPaused(consumerId, true),
			consumerResumed: ({ consumerId }) => this.#media?.subscriber.setPaused(consumerId, false),
			mediaDown: () => this.#setLink('media-down'),
			sessionClosed: ({ reason, message }) => this.#end(refusal(reason, message)),
		};
	}

	#setPeers(peers: PeerInfo[]) {
		this.#peers.clear();
		for (const peer of peers) this.#peers.set(peer.id, peer);
		this.#refresh();
	}

	#refresh() {
		const nothing: PeerMedia = { video: null, audio: null, audioPaused: false };
		const peers = [...this.#peers.values()]
			.filter(({ speaker }) => speaker !== false)
			.map(({ id, displayName }) => ({ id, displayName, ...(this.#media?.subscriber.mediaOf(id) ?? nothing) }));
		this.state.update({ peers });
	}

	#end(refusal: Refusal) {
		if (this.state.value.phase !== 'open') return;
		console.warn(`amphi: ${refusal.reason}: ${refusal.message}`);
		this.#close();
		this.state.update({ phase: 'refused', refusal, peers: [] });
	}

	#close() {
		this.#attempt++;
		this.#connection.close();
		this.#media?.close();
		this.#media = null;
	}
}
