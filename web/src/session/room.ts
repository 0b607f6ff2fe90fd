import { Store } from '../base/store';
import { Chat } from '../chat/chat';
import { openProducer } from '../chat/producer';
import { loadCommon } from '../media/ahead';
import { browserInfo } from '../media/browser';
import type { LocalMedia } from '../media/local';
import type { ScreenShare } from '../media/screen';
import { openMediaSession, type MediaSession } from '../media/session';
import { Sight, tileKey } from '../media/sight';
import { NO_MEDIA, type PeerMedia } from '../media/subscriber';
import { endTransport, forgetTransports, type Path, reconcileTransports, SCTP } from '../media/transport';
import { sample, Watch } from '../media/watch';
import { Connection } from '../signaling/connection';
import { askWhy } from '../signaling/handshake';
import { ignoredText } from '../signaling/ignored';
import type {
	ConsumerStat,
	Hand,
	MuteKind,
	NewDataConsumer,
	NotificationHandlers,
	PeerInfo,
	Quality,
	Requests,
	Rights,
	RoomInfo,
	WaitingPeer,
} from '../signaling/messages';
import { type Refusal, refusal, refusalFromError } from '../signaling/refusal';
import { reconcile } from '../signaling/resume';
import { type RoomAddress, roomQuery, roomUrl } from '../signaling/url';
import { type Figures, figuresOf } from './figures';
import type { Link } from './trouble';
import { view } from './view';

export interface RemotePeer extends PeerMedia {
	id: string;
	displayName: string;
	speaker: boolean;
	moderator: boolean;
}

/** What happened, to be said once to this participant. */
export type Notice =
	| { what: 'muted-audio' | 'muted-video' | 'muted-share'; by: string }
	| { what: 'promoted' | 'demoted' | 'hand-lowered' }
	/** To moderators: people come in before the event begins. */
	| { what: 'early'; startTime: number }
	/** To moderators. */
	| { what: 'hand-raised' | 'waiting'; peerId: string; name: string }
	/** To screen readers. */
	| { what: 'came' | 'left' | 'share-on' | 'share-off'; name: string };

/** What a moderator asks of the server about one participant. */
export type PeerAction = 'admitPeer' | 'declinePeer' | 'removePeer' | 'promotePeer' | 'demotePeer' | 'lowerHand';
/** … and about all of them. */
export type RoomAction = 'admitAll' | 'declineAll' | 'closeRoom';

export interface RoomState {
	/** In the room (or on the way in), gone by choice, or turned away for good. */
	phase: 'open' | 'left' | 'refused';
	link: Link;
	/** Has been in the room, and has not left it: also while the connection is made again. */
	entered: boolean;
	/** How media gets through, beside the WebSocket. */
	path: Path;
	/** The server has no room for all that there is to see and hear here; it keeps trying. */
	missing: boolean;
	/** Attempts to reach the server that came to nothing. */
	attemptsFailed: number;
	refusal: Refusal | null;
	/** Admitted by the server, but not yet by a moderator. */
	waiting: boolean;
	/** As the server knows this participant. */
	peerId: string;
	name: string;
	rights: Rights;
	info: RoomInfo;
	/** The others who have a tile, in order of joining. */
	peers: RemotePeer[];
	/** For moderators: a webinar's viewers, and who waits to be let in. */
	viewers: RemotePeer[];
	waitingPeers: WaitingPeer[];
	/** In the order of raising; one's own too. */
	hands: Hand[];
	/** Everybody who speaks, oneself included, the loudest first. */
	speaking: string[];
	/** Who leads the talk, oneself included; and who led it last, of the others. */
	activeSpeaker: string | null;
	lastSpeaker: string | null;
	/** Who is not in here has a good connection. */
	quality: Record<string, Quality>;
	/** As the server counts; null: it did not say. */
	counts: { speakers: number; viewers: number } | null;
}

export interface RoomOptions extends RoomAddress {
	codec: string | null;
	local: LocalMedia;
	screen: ScreenShare;
	notify(notice: Notice): void;
}

/** So often a WebSocket may fail to open while the server answers: something between the two does not let any through. */
const BLOCKED_MAX = 4;

/** So long who is not in yet tries for a place among the WebSockets of its network: dead ones count for a while. */
const CROWDED_MS = 60_000;

/** So much later all that belongs to one event has come. */
const AFTERMATH_MS = 300;

/** How soon what a busy server has refused is tried again: later each time, up to the second. */
const AGAIN_MS = 1000;
const AGAIN_MAX_MS = 10_000;

/** So many transports in a row that never worked, and the page gives up. */
const TRANSPORTS_FAILED_MAX = 3;

/** One visit to a room, from the join button to leaving or refusal. */
export class Room {
	readonly state: Store<RoomState>;
	readonly #options: RoomOptions;
	readonly #connection: Connection;
	readonly #peers = new Map<string, PeerInfo>();
	readonly chat: Chat;
	#media: MediaSession | null = null;
	/** Ends when the last data consumer that was offered is there, or refused. */
	#hearing: Promise<void> = Promise.resolve();
	readonly sight: Sight;
	readonly #unwatchView: () => void;
	readonly #watch: Watch;
	/** What was counted at the last look at the figures. */
	#counted: ConsumerStat[] = [];
	/** What was asked last of one's own hand, until it is answered. */
	#askedHand: { raised: boolean } | null = null;
	#joined = false;
	/** What this participant lets himself send of each picture, in bit/s. */
	#ownBitrate: number | null = null;
	#publishing: Promise<void> = Promise.resolve();
	/** The beginning that the moderator was told of. */
	#early = 0;
	/** The WebSocket has been open … */
	#opened = false;
	/** … or so many times in a row it was not, though the server knows no reason. */
	#blocked = 0;
	/** When the network was first found to have too many WebSockets; 0: it has not. */
	#crowdedSince = 0;
	#transportsFailed = 0;
	/** Counts WebSockets: what belongs to an earlier one is out of date. */
	#attempt = 0;

	constructor(options: RoomOptions) {
		this.#options = options;
		this.state = new Store<RoomState>({
			phase: 'open',
			link: 'connecting',
			entered: false,
			path: 'open',
			missing: false,
			attemptsFailed: 0,
			refusal: null,
			waiting: false,
			peerId: options.peerId,
			name: options.displayName,
			rights: { speaker: false, moderator: false, canRecord: false, chat: false, hand: false },
			info: { waitingRoom: false },
			peers: [],
			viewers: [],
			waitingPeers: [],
			hands: [],
			speaking: [],
			activeSpeaker: null,
			lastSpeaker: null,
			quality: {},
			counts: null,
		});
		this.#connection = new Connection(roomUrl(location, options), {
			// Nothing is asked before the server says that we may: it may have to ask others first.
			open: () => {
				this.#opened = true;
				this.#crowdedSince = 0;
			},
			lost: () => {
				this.#attempt++;
				// When the media server is back the WebSocket is closed to make the page join again: no second alarm.
				if (this.#link !== 'media-down') this.#setLink(this.#joined ? 'reconnecting' : 'connecting');
			},
			// It stands still, and media may go on all the same. Only who was connected has something to lose.
			stalled: () => this.#link === 'connected' && this.#setLink('reconnecting'),
			recovered: () => this.#link === 'reconnecting' && this.#setLink('connected'),
			failed: () => {
				this.#setLink(this.#joined ? 'reconnecting' : 'connecting');
				this.state.update({ attemptsFailed: this.state.value.attemptsFailed + 1 });
				void this.#askWhy();
			},
			closed: () => this.#end(refusal('server-error', 'closed without a reason')),
			requests: {
				newDataConsumer: (consumer) => this.#hear(consumer),
				newConsumer: async (consumer) => {
					if (!this.#media) throw new Error('not joined');
					await this.#media.subscriber.add(consumer);
					// Before the answer, at which the server begins to send.
					this.sight.sync();
				},
				newConsumers: async ({ consumers }) => {
					const subscriber = this.#media?.subscriber;
					if (!subscriber) throw new Error('not joined');
					const added = await Promise.allSettled(consumers.map((consumer) => subscriber.add(consumer)));
					this.sight.sync();
					const refused = consumers.filter((_, i) => added[i]?.status === 'rejected');
					return { refused: refused.map(({ id }) => id) };
				},
			},
			notifications: this.#notifications(),
		});
		this.sight = new Sight(
			(method, data) => {
				if (method === 'pauseConsumer' || method === 'resumeConsumer')
					this.#media?.subscriber.setWanted(data.consumerId, method === 'resumeConsumer');
				return this.#connection.request(method, data);
			},
			() => this.#media?.subscriber.consumers() ?? [],
		);
		const pinned = () => {
			const pin = view.value.pinned;
			this.sight.pin(pin && tileKey(pin.peerId, pin.share));
		};
		pinned();
		this.#unwatchView = view.subscribe(pinned);
		this.#watch = new Watch(
			() => (this.#link === 'connected' ? this.#media : null),
			(report) => this.#connection.request('reportQuality', report),
		);
		this.chat = new Chat(
			() => this.state.value,
			async () => {
				if (!this.#media) throw new Error('not joined');
				return openProducer(this.#connection, this.#media.device);
			},
		);
	}

	get media(): MediaSession | null {
		return this.#media;
	}

	leave() {
		if (this.state.value.phase !== 'open') return;
		this.#close();
		this.state.update({ phase: 'left', peers: [] });
	}

	async changeDisplayName(displayName: string) {
		await this.#connection.request('changeDisplayName', { displayName });
		this.state.update({ name: displayName });
	}

	/** What moderators do; rejects with the server's reason. */
	async moderatePeer(action: PeerAction, peerId: string) {
		await this.#connection.request(action, { peerId });
	}

	async mutePeer(peerId: string, kind: MuteKind) {
		await this.#connection.request('mutePeer', { peerId, kind });
	}

	async muteAll(kind: MuteKind) {
		await this.#connection.request('muteAll', { kind });
	}

	async moderateRoom(action: RoomAction) {
		await this.#connection.request(action, {});
	}

	/** Shows a picture large, until unpin() or until its owner leaves. Throws where nobody has this id. */
	pin(peerId: string, share = false) {
		if (peerId !== this.state.value.peerId && !this.#peers.has(peerId)) throw new Error(`no peer ${peerId}`);
		view.update({ pinned: { peerId, share } });
	}

	unpin() {
		if (view.value.pinned) view.update({ pinned: null });
	}

	/** Limits each picture, in bit/s: a moderator everybody's, anyone else his own. Null: no more. */
	async limitBitrate(bitrate: number | null) {
		if (this.state.value.rights.moderator) {
			// The answer comes to everybody, as roomChanged.
			await this.#connection.request('setRoomBitrate', { bitrate });
			return;
		}
		this.#ownBitrate = bitrate;
		this.#applyBitrate();
	}

	#applyBitrate() {
		const limit = Math.min(this.state.value.info.bitrate ?? Infinity, this.#ownBitrate ?? Infinity);
		this.#media?.publisher?.limit(limit === Infinity ? null : limit);
	}

	/** What the server and this browser measure of the connection now. */
	async figures(): Promise<Figures> {
		if (!this.#media) throw new Error('not joined');
		const [transports, consumers, samples] = await Promise.all([
			this.#connection.request('getTransportStats', {}),
			this.#connection.request('getConsumerStats', {}),
			sample(this.#media),
		]);
		const nameOf = (peerId: string) => this.#peers.get(peerId)?.displayName ?? '';
		const before = this.#counted;
		this.#counted = consumers;
		return figuresOf(transports, consumers, samples, this.#media.subscriber.consumers(), nameOf, before);
	}

	/** Joint viewing for everyone in the room; null ends it. */
	async setVideo(url: string | null) {
		await this.#connection.request('setRoomVideo', { url });
	}

	async raiseHand(raised: boolean) {
		const { peerId, name } = this.state.value;
		// First here: what the server then says of it is no news.
		this.#setHand(peerId, raised ? name : null);
		const asked = (this.#askedHand = { raised });
		try {
			await this.#connection.request('raiseHand', { raised });
		} catch (error) {
			this.#setHand(peerId, raised ? null : name);
			throw error;
		} finally {
			if (this.#askedHand === asked) this.#askedHand = null;
		}
	}

	/** Sets the layers this page wants at most of a peer's video. */
	async setPreferredLayers(peerId: string, spatialLayer: number, temporalLayer: number) {
		const found = this.#media?.subscriber
			.consumers()
			.find(({ peerId: owner, share, consumer }) => owner === peerId && !share && consumer.kind === 'video');
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

	async #admitted(capabilities: string | undefined) {
		const attempt = ++this.#attempt;
		const current = () => attempt === this.#attempt && this.state.value.phase === 'open';
		// That the server took us back means that media is back too; it says mediaDown again if not.
		if (this.#link === 'media-down') this.#setLink('reconnecting');
		try {
			if (!(this.#joined && (await this.#resume(current)))) {
				if (!current()) return;
				await this.#join(current, capabilities);
			}
			if (current()) this.state.update({ link: 'connected', entered: true });
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

	/** An attempt to connect failed: the next may do better, unless the server says that none will. */
	async #askWhy() {
		const why = await askWhy(roomQuery(this.#options));
		if (why !== null && why !== 'fine' && !this.#mayPass(why)) this.#end(why);
		this.#blocked = why === 'fine' && !this.#opened ? this.#blocked + 1 : 0;
		if (this.#blocked === BLOCKED_MAX)
			this.#end({ reason: 'websocket-blocked', message: 'the server answers, but no WebSocket to it opens' });
	}

	/** Whether trying goes on. Where an office loses its network all of it comes back at once, to its own dead WebSockets. */
	#mayPass({ reason }: Refusal): boolean {
		if (reason !== 'too-many-connections') return false;
		const { entered, waiting } = this.state.value;
		this.#crowdedSince ||= Date.now();
		return entered || waiting || Date.now() - this.#crowdedSince < CROWDED_MS;
	}

	/** The complete join: new transports, everything from the beginning. capabilities: the server's, by their version. */
	async #join(current: () => boolean, capabilities: string | undefined) {
		this.#joined = false;
		this.#transportsFailed = 0;
		forgetTransports();
		this.#connection.forget();
		this.chat.reset();
		this.#media?.close();
		this.#media = null;
		this.#refresh();

		const { local, screen, codec } = this.#options;
		const { rights, name: displayName } = this.state.value;
		const { device, rtpCapabilities } = await loadCommon(capabilities, () =>
			this.#connection.request('getRouterRtpCapabilities', {}),
		);
		if (!current()) return;
		// All is asked at once; what there is to receive comes behind the answers.
		const opening = openMediaSession(this.#connection, device, {
			local,
			screen,
			speaker: rights.speaker,
			codec,
			changed: () => this.#refresh(),
			connected: () => void (this.#transportsFailed = 0),
			ended: (direction, connected) => this.#transportEnded(direction, connected),
		}).then((media) => {
			if (!current()) media.close();
			else {
				this.#media = media;
				media.subscriber.expectOffers();
			}
			return media;
		});
		const joining = this.#askToJoin(current, {
			displayName,
			device: browserInfo(navigator.userAgent),
			rtpCapabilities,
			encodingsWanted: true,
			newConsumers: true,
			...(rights.chat && { sctpCapabilities: SCTP, chat: 'envelope' }),
		}).then(({ peers }) => {
			if (!current()) return;
			this.#connection.enter();
			// At once: who comes or goes from now on is told of.
			this.#setPeers(peers);
		});
		const [media] = await Promise.all([opening, joining]);
		if (!current()) return;
		this.#joined = true;
		media.subscriber.expectOffers();
		// The server has ended it while the join waited.
		if (media.recvTransport.closed) this.#reopenSubscriber();
		this.#refresh();
		this.#startPublisher();
		// A moderator may have changed it meanwhile.
		this.#syncPublisher();
	}

	/** Receives the chat, or a sender of it, once pictures are there. */
	async #hear(offered: NewDataConsumer) {
		const media = this.#media;
		const last = this.#hearing;
		// One after the other: the same may be offered again after a broken connection.
		this.#hearing = (async () => {
			await last.catch(() => {});
			await media?.subscriber.quiet();
			if (!media || media !== this.#media || !this.state.value.rights.chat) throw new Error('no chat here');
			if (!this.chat.hears(offered.id)) this.chat.hear(await media.recvTransport.consumeData(offered));
		})();
		return this.#hearing;
	}

	/** Where more come from one network than the server takes at once, the rest join a little later. */
	async #askToJoin(current: () => boolean, me: Requests['join'][0]) {
		for (let delay = AGAIN_MS; ; delay = Math.min(2 * delay, AGAIN_MAX_MS)) {
			try {
				return await this.#connection.request('join', me);
			} catch (error) {
				if (!(error instanceof Error && error.message.startsWith('too-often:'))) throw error;
				await new Promise((resolve) => setTimeout(resolve, delay));
				if (!current()) throw error;
			}
		}
	}

	/** The server has ended a transport: another one takes its place, and all else goes on. */
	#transportEnded(direction: 'send' | 'recv', connected: boolean) {
		if (!connected) this.#transportsFailed++;
		if (this.#transportsFailed >= TRANSPORTS_FAILED_MAX) {
			this.#end(refusal('server-error', 'no media transport works'));
			return;
		}
		if (direction === 'recv') this.#reopenSubscriber();
		this.#refresh();
		this.#syncPublisher();
	}

	#reopenSubscriber() {
		void this.#persist('receiving', async () => {
			await this.#media?.reopenSubscriber();
			this.#refresh();
		});
	}

	/** Does what the server may refuse for a while, as often as it takes. */
	async #persist(what: string, act: () => Promise<void>) {
		const attempt = this.#attempt;
		for (let delay = AGAIN_MS; attempt === this.#attempt; delay = Math.min(2 * delay, AGAIN_MAX_MS)) {
			// A broken connection is no news: the next admission comes here again.
			if (!this.#connection.connected) return;
			try {
				return await act();
			} catch (error) {
				if (!this.#connection.connected) return;
				console.error(`amphi: ${what} failed`, error);
			}
			await new Promise((resolve) => setTimeout(resolve, delay));
		}
	}

	#startPublisher() {
		this.#applyBitrate();
		this.#media?.publisher?.start();
	}

	/** Opens or closes the publisher as the rights want it, one change after the other; what is received goes on. */
	#syncPublisher() {
		void this.#persist('publishing', () => {
			const turn = this.#publishing.then(() => this.#openOrClosePublisher());
			this.#publishing = turn.catch(() => {});
			return turn;
		});
	}

	async #openOrClosePublisher() {
		const media = this.#media;
		if (!media || !this.#joined) return;
		const { speaker } = this.state.value.rights;
		if (!speaker) {
			media.closePublisher();
			this.#options.local.release();
			this.#options.screen.stop();
		} else if (!media.publisher) {
			await media.openPublisher();
			if (this.#media !== media) media.closePublisher();
			else this.#startPublisher();
		}
	}

	/** Takes the session up again on a new WebSocket; media went on meanwhile. False: it has to join again. */
	async #resume(current: () => boolean): Promise<boolean> {
		const media = this.#media!;
		const { subscriber, publisher } = media;
		const ids = { consumerIds: subscriber.consumerIds, producerIds: publisher?.producerIds ?? [] };
		const answer = await this.#connection.request('resume', { session: this.#options.session, ...ids });
		if (!answer.resumed || !current()) return false;
		this.#connection.enter();

		const { closeConsumers, remakeProducers, closeProducers } = reconcile(ids, answer);
		for (const id of closeConsumers) subscriber.remove(id);
		for (const id of answer.consumerIds) subscriber.setPaused(id, answer.pausedConsumerIds.includes(id));
		this.#setPeers(answer.peers);
		// The WebSocket broke while another transport was made.
		const deaf = media.recvTransport.closed;
		reconcileTransports(this.#connection, answer.transportIds);
		if (deaf) this.#reopenSubscriber();
		// What was produced but never answered goes first: its request is about to be made again.
		for (const producerId of closeProducers) await this.#connection.request('closeProducer', { producerId });
		this.#connection.proceed();
		this.sight.resumed();
		// Who was made a viewer meanwhile has nothing to make again.
		if (this.state.value.rights.speaker) media.publisher?.resumed(remakeProducers);
		this.#syncPublisher();
		return true;
	}

	#notifications(): NotificationHandlers {
		const setPeer = (peer: PeerInfo) => {
			this.#peers.set(peer.id, peer);
			this.#refresh();
		};
		return {
			admitted: ({ peerId, displayName, nameIsFixed, room, capabilities, ...rights }) => {
				// What is missing or starved still, the server says once more.
				this.state.update({ waiting: false, missing: false, peerId, rights, info: room });
				this.#media?.subscriber.forgetStarved();
				if (nameIsFixed && displayName) this.state.update({ name: displayName });
				this.#sayEarly();
				void this.#admitted(capabilities);
			},
			waiting: ({ peerId }) => this.state.update({ waiting: true, peerId, link: 'connected' }),
			attributesIgnored: ({ attributes }) => {
				for (const { name, reason } of attributes) console.warn(ignoredText(name, reason));
			},
			waitingPeers: ({ peers }) => this.state.update({ waitingPeers: peers }),
			waitingPeer: (peer) => {
				this.#setWaiting(peer.id, peer);
				this.#options.notify({ what: 'waiting', peerId: peer.id, name: peer.displayName });
			},
			waitingPeerGone: ({ id }) => this.#setWaiting(id),
			rightsChanged: (rights) => {
				const was = this.state.value.rights.speaker;
				this.state.update({ rights });
				if (was !== rights.speaker) this.#options.notify({ what: rights.speaker ? 'promoted' : 'demoted' });
				this.#syncPublisher();
			},
			roomChanged: (info) => {
				this.state.update({ info });
				this.#applyBitrate();
				this.#sayEarly();
			},
			mutedByModerator: ({ kind, displayName: by }) => {
				const { local, screen } = this.#options;
				if (kind === 'share') {
					if (!screen.state.value.video) return;
					screen.stop();
				} else {
					const device = kind === 'audio' ? 'mic' : 'camera';
					if (!local.devices.value[device].on) return;
					void local.turn(device, false);
				}
				this.#options.notify({ what: `muted-${kind}`, by });
			},
			peerChanged: setPeer,
			newPeer: (peer) => {
				setPeer(peer);
				if (peer.speaker) this.#options.notify({ what: 'came', name: peer.displayName });
			},
			peerClosed: ({ peerId }) => {
				const peer = this.#peers.get(peerId);
				if (peer?.speaker) this.#options.notify({ what: 'left', name: peer.displayName });
				this.#peers.delete(peerId);
				this.#media?.subscriber.removePeer(peerId);
				if (view.value.pinned?.peerId === peerId) this.unpin();
				this.#refresh();
			},
			peerDisplayNameChanged: ({ peerId, displayName }) => {
				const peer = this.#peers.get(peerId);
				if (!peer) return;
				this.#peers.set(peerId, { ...peer, displayName });
				this.#refresh();
			},
			dataConsumerClosed: ({ dataConsumerId }) => {
				if (this.chat.hears(dataConsumerId)) this.chat.deafen();
			},
			producerUnfit: ({ producerId }) => this.#media?.publisher?.producerUnfit(producerId),
			encodingsWanted: ({ producerId, active }) => this.#media?.publisher?.encodingsWanted(producerId, active),
			consumerClosed: ({ consumerId }) => this.#media?.subscriber.remove(consumerId),
			consumersMissing: ({ missing }) => this.state.update({ missing }),
			consumerPaused: ({ consumerId }) => this.#media?.subscriber.setPaused(consumerId, true),
			consumerResumed: ({ consumerId }) => this.#media?.subscriber.setPaused(consumerId, false),
			consumerLayersChanged: ({ consumerId, spatialLayer, reason }) =>
				this.#media?.subscriber.setLayer(consumerId, spatialLayer, reason),
			activeSpeaker: ({ peerId }) => {
				const { peerId: own, lastSpeaker } = this.state.value;
				const other = peerId && peerId !== own ? peerId : null;
				this.state.update({ activeSpeaker: peerId, lastSpeaker: other ?? lastSpeaker });
				if (other) this.sight.lead(other);
			},
			speakingPeers: ({ peerVolumes }) => this.state.update({ speaking: peerVolumes.map(({ peerId }) => peerId) }),
			peerQuality: ({ peerId, quality }) =>
				this.state.update({ quality: { ...this.state.value.quality, [peerId]: quality } }),
			roomCounts: (counts) => this.state.update({ counts }),
			raisedHands: ({ peers }) => this.state.update({ hands: peers }),
			handRaised: ({ id, displayName }) => {
				const { peerId, rights } = this.state.value;
				// It has been put down here since.
				if (id === peerId && this.#askedHand?.raised === false) return;
				this.#setHand(id, displayName);
				if (rights.moderator && id !== peerId)
					this.#options.notify({ what: 'hand-raised', peerId: id, name: displayName });
			},
			handLowered: ({ peerId }) => {
				const { hands, peerId: own, rights } = this.state.value;
				const raised = hands.some(({ id }) => id === peerId);
				this.#setHand(peerId, null);
				// Where it was put down here it is down already.
				if (peerId !== own || !raised) return;
				setTimeout(() => {
					// A promotion takes it down as well, and says so itself.
					if (this.state.value.rights.speaker === rights.speaker) this.#options.notify({ what: 'hand-lowered' });
				}, AFTERMATH_MS);
			},
			transportClosed: ({ transportId }) => endTransport(transportId),
			mediaDown: () => this.#setLink('media-down'),
			sessionClosed: ({ reason, message, ...more }) => this.#end(refusal(reason, message, more)),
		};
	}

	/** U24: that nobody is held back until the event begins, once. */
	#sayEarly() {
		const { rights, info } = this.state.value;
		const { startTime = 0 } = info;
		if (!rights.moderator || startTime <= Date.now() || startTime === this.#early) return;
		this.#early = startTime;
		this.#options.notify({ what: 'early', startTime });
	}

	#setPeers(peers: PeerInfo[]) {
		this.#peers.clear();
		for (const peer of peers) this.#peers.set(peer.id, peer);
		this.#refresh();
	}

	#refresh() {
		const all = [...this.#peers.values()].map(({ id, displayName, speaker, moderator }) => ({
			id,
			displayName,
			speaker,
			moderator,
			...(this.#media?.subscriber.mediaOf(id) ?? { ...NO_MEDIA, mic: null, camera: null }),
		}));
		const shared = (id: string) => this.state.value.peers.find((peer) => peer.id === id)?.share ?? null;
		const started = all.filter(({ id, share }) => share && !shared(id));
		const ended = this.state.value.peers.filter(({ id, share }) => share && !all.find((peer) => peer.id === id)?.share);
		this.state.update({
			path: this.#media?.path ?? 'open',
			peers: all.filter(({ speaker }) => speaker),
			viewers: all.filter(({ speaker }) => !speaker),
		});
		for (const { displayName: name } of started) this.#options.notify({ what: 'share-on', name });
		for (const { displayName: name } of ended) this.#options.notify({ what: 'share-off', name });
	}

	/** name: null where the hand goes down. */
	#setHand(id: string, name: string | null) {
		const { hands } = this.state.value;
		const raised = hands.some((hand) => hand.id === id);
		if (name === null) this.state.update({ hands: hands.filter((hand) => hand.id !== id) });
		else if (!raised) this.state.update({ hands: [...hands, { id, displayName: name }] });
	}

	#setWaiting(id: string, peer?: WaitingPeer) {
		const others = this.state.value.waitingPeers.filter((other) => other.id !== id);
		this.state.update({ waitingPeers: peer ? [...others, peer] : others });
	}

	#end(refusal: Refusal) {
		if (this.state.value.phase !== 'open') return;
		console.warn(`amphi: ${refusal.reason}: ${refusal.message}`, refusal.detail ?? '');
		this.#close();
		this.state.update({ phase: 'refused', refusal, peers: [] });
	}

	#close() {
		this.#attempt++;
		this.#unwatchView();
		this.sight.close();
		this.#watch.close();
		this.#connection.close();
		this.chat.reset();
		this.#media?.close();
		this.#media = null;
	}
}
