import { Store } from '../base/store';
import { Chat } from '../chat/chat';
import type { LocalMedia } from '../media/local';
import type { ScreenShare } from '../media/screen';
import type { MediaSession } from '../media/session';
import { Sight, tileKey } from '../media/sight';
import { endTransport } from '../media/transport';
import { sample, Watch } from '../media/watch';
import { Connection } from '../signaling/connection';
import { askWhy } from '../signaling/handshake';
import { ignoredText } from '../signaling/ignored';
import type { ConsumerStat, MuteKind, NotificationHandlers, Notifications } from '../signaling/messages';
import { type Refusal, refusal, refusalFromError } from '../signaling/refusal';
import { type RoomAddress, roomQuery, roomUrl } from '../signaling/url';
import { Attempts } from './attempts';
import { join, resume } from './entry';
import { type Figures, figuresOf } from './figures';
import { Flow } from './flow';
import { Hands } from './hands';
import type { Notice } from './notices';
import { People } from './people';
import { Recordings } from './recordings';
import { admittedState, initialState, leaderState, type VisitState, withWaiting } from './state';
import type { Link } from './trouble';
import { Turn } from './turn';
import { view } from './view';

/** A moderator's requests about one participant … */
export type PeerAction = 'admitPeer' | 'declinePeer' | 'removePeer' | 'promotePeer' | 'demotePeer' | 'lowerHand';
/** … and about the room. */
type RoomAction = 'admitAll' | 'declineAll' | 'closeRoom' | RecordingAction;
export type RecordingAction = 'startRecording' | 'stopRecording' | 'pauseRecording' | 'resumeRecording';

export interface VisitOptions extends RoomAddress {
	codec: string | null;
	local: LocalMedia;
	screen: ScreenShare;
	notify(notice: Notice): void;
}

/** One visit to a room, from the join button to leaving or refusal. */
export class Visit {
	readonly state: Store<VisitState>;
	readonly chat: Chat;
	readonly sight: Sight;
	readonly #options: VisitOptions;
	readonly #connection: Connection;
	readonly #flow: Flow;
	readonly #people: People;
	readonly #hands: Hands;
	readonly #recordings: Recordings;
	readonly #watch: Watch;
	readonly #unwatchView: () => void;
	readonly #attempts = new Attempts();
	readonly #turn = new Turn();
	/** The counters at the last call of figures(). */
	#counted: ConsumerStat[] = [];
	/** The start time that the moderator was told about. */
	#early = 0;

	constructor(options: VisitOptions) {
		const { notify } = options;
		this.#options = options;
		this.state = new Store(initialState(options.peerId, options.displayName));
		this.#connection = new Connection(roomUrl(location, options), {
			// The page waits for its admission before it requests anything: the server may have to ask others first.
			open: () => this.#attempts.opened(),
			lost: () => {
				this.#turn.next();
				// When media is back, the server closes the WebSocket to make the page join again: no second alarm.
				if (this.#link !== 'media-down') this.#setLink(this.#flow.joined ? 'reconnecting' : 'connecting');
			},
			// The server stalls, though media may go on. Only a page that was connected has something to lose.
			stalled: () => this.#link === 'connected' && this.#setLink('reconnecting'),
			recovered: () => this.#link === 'reconnecting' && this.#setLink('connected'),
			failed: () => {
				this.#setLink(this.#flow.joined ? 'reconnecting' : 'connecting');
				this.state.update({ attemptsFailed: this.state.value.attemptsFailed + 1 });
				void this.#askWhy();
			},
			closed: () => this.#end(refusal('server-error', 'closed without a reason')),
			requests: {
				newDataConsumer: (consumer) => this.#flow.hear(consumer),
				newConsumer: async (consumer) => {
					await this.#flow.receive(consumer);
					// Before the answer: the server starts to send when it gets it.
					this.sight.sync();
				},
				newConsumers: async ({ consumers }) => {
					const refused = await this.#flow.receiveAll(consumers);
					this.sight.sync();
					return { refused };
				},
			},
			notifications: this.#notifications(),
		});
		this.chat = new Chat(
			() => this.state.value,
			() => this.#flow.openProducer(),
		);
		this.#flow = new Flow(this.#connection, options, {
			state: this.state,
			chat: this.chat,
			turn: this.#turn,
			changed: () => this.#people.refresh(),
			failed: () => this.#end(refusal('server-error', 'no media transport works')),
		});
		this.#people = new People(this.state, this.#flow, notify);
		this.#hands = new Hands(this.state, (raised) => this.#connection.request('raiseHand', { raised }), notify);
		this.#recordings = new Recordings(
			this.state,
			(consent) => this.#connection.request('consentToRecording', { consent }),
			notify,
		);
		this.sight = new Sight(
			(method, data) => {
				if (method === 'pauseConsumer' || method === 'resumeConsumer')
					this.media?.subscriber.setWanted(data.consumerId, method === 'resumeConsumer');
				return this.#connection.request(method, data);
			},
			() => this.media?.subscriber.consumers() ?? [],
		);
		const pinned = () => {
			const pin = view.value.pinned;
			this.sight.pin(pin && tileKey(pin.peerId, pin.share));
		};
		pinned();
		this.#unwatchView = view.subscribe(pinned);
		this.#watch = new Watch(
			() => (this.#link === 'connected' ? this.media : null),
			(report) => this.#connection.request('reportQuality', report),
		);
	}

	get media(): MediaSession | null {
		return this.#flow.session;
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

	/** For moderators, like the next three; rejects with the server's reason. */
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
		if (action === 'startRecording') this.#recordings.started();
	}

	/** Shows a picture large, until unpin() or until its owner leaves. Throws if nobody has this id. */
	pin(peerId: string, share = false) {
		if (peerId !== this.state.value.peerId && !this.#people.get(peerId)) throw new Error(`no peer ${peerId}`);
		view.update({ pinned: { peerId, share } });
	}

	unpin() {
		if (view.value.pinned) view.update({ pinned: null });
	}

	/** Limits each video, in bit/s: for moderators, everybody's; for others, only their own. Null removes the limit. */
	async limitBitrate(bitrate: number | null) {
		// Everybody is told by roomChanged.
		if (this.state.value.rights.moderator) await this.#connection.request('setRoomBitrate', { bitrate });
		else this.#flow.limit(bitrate);
	}

	/** The connection as the server and this browser measure it now. */
	async figures(): Promise<Figures> {
		if (!this.media) throw new Error('not joined');
		const [transports, consumers, samples] = await Promise.all([
			this.#connection.request('getTransportStats', {}),
			this.#connection.request('getConsumerStats', {}),
			sample(this.media),
		]);
		const nameOf = (peerId: string) => this.#people.get(peerId)?.displayName ?? '';
		const before = this.#counted;
		this.#counted = consumers;
		return figuresOf(transports, consumers, samples, this.media.subscriber.consumers(), nameOf, before);
	}

	/** Shows an external player to everyone in the room; null removes it. */
	async setVideo(url: string | null) {
		await this.#connection.request('setRoomVideo', { url });
	}

	/** Agrees to be in the recording, or not. */
	async consent(consent: boolean) {
		await this.#recordings.consent(consent);
	}

	async raiseHand(raised: boolean) {
		await this.#hands.raise(raised);
	}

	/** Sets the highest layers that this page wants of a peer's video. */
	async setPreferredLayers(peerId: string, spatialLayer: number, temporalLayer: number) {
		const found = this.media?.subscriber
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

	/** The server has admitted this participant on this WebSocket: resumes the session if there is one, or joins. */
	async #enter(capabilities: string | undefined) {
		const ongoing = this.#turn.next();
		const current = () => ongoing() && this.state.value.phase === 'open';
		const parts = {
			session: this.#options.session,
			connection: this.#connection,
			state: this.state,
			people: this.#people,
			flow: this.#flow,
			chat: this.chat,
			sight: this.sight,
		};
		// An admission means that media is back, too; if not, the server sends mediaDown again.
		if (this.#link === 'media-down') this.#setLink('reconnecting');
		try {
			if (!(this.#flow.joined && (await resume(parts, current)))) {
				if (!current()) return;
				await join(parts, current, capabilities);
			}
			if (!current()) return;
			this.state.update({ link: 'connected', entered: true });
			this.#recordings.entered();
		} catch (error) {
			// While media is down, no join can succeed; the server makes us reconnect when it is back. A request may fail
			// before the notification arrives.
			if (current() && error instanceof Error && error.message.startsWith('media-down:')) this.#setLink('media-down');
			if (!current() || this.#link === 'media-down') return;
			this.#end(
				error instanceof Error && error.name === 'UnsupportedError'
					? { reason: 'unsupported-browser', message: error.message }
					: refusalFromError(error),
			);
		}
	}

	/** An attempt to connect failed. Another one follows, unless the server says that it would be pointless. */
	async #askWhy() {
		const why = await askWhy(roomQuery(this.#options));
		const { entered, waiting } = this.state.value;
		const end = this.#attempts.failed(why, entered || waiting, Date.now());
		if (end) this.#end(end);
	}

	#notifications(): NotificationHandlers {
		const { notify } = this.#options;
		const change = (patch: Partial<VisitState>) => this.state.update(patch);
		return {
			admitted: (admission) => {
				change(admittedState(this.state.value, admission));
				this.media?.subscriber.forgetStarved();
				this.#sayEarly();
				this.#recordings.told(admission.recording ?? null, false);
				void this.#enter(admission.capabilities);
			},
			waiting: ({ peerId }) => change({ waiting: true, peerId, link: 'connected' }),
			attributesIgnored: ({ attributes }) => {
				for (const { name, reason } of attributes) console.warn(ignoredText(name, reason));
			},
			waitingPeers: ({ peers }) => change({ waitingPeers: peers }),
			waitingPeer: (peer) => {
				change({ waitingPeers: withWaiting(this.state.value.waitingPeers, peer.id, peer) });
				notify({ what: 'waiting', peerId: peer.id, name: peer.displayName });
			},
			waitingPeerGone: ({ id }) => change({ waitingPeers: withWaiting(this.state.value.waitingPeers, id) }),
			rightsChanged: (rights) => {
				const was = this.state.value.rights.speaker;
				change({ rights });
				if (was !== rights.speaker) notify({ what: rights.speaker ? 'promoted' : 'demoted' });
				this.#flow.syncPublisher();
			},
			roomChanged: (info) => {
				change({ info });
				this.#flow.applyBitrate();
				this.#sayEarly();
			},
			recording: (info) => this.#recordings.told(info, true),
			recordingConsentAsked: () => this.#recordings.asked(),
			mutedByModerator: (muting) => this.#muted(muting),
			peerChanged: (peer) => this.#people.set(peer),
			newPeer: (peer) => {
				this.#people.set(peer);
				if (peer.speaker) notify({ what: 'came', name: peer.displayName });
			},
			peerClosed: ({ peerId }) => {
				const peer = this.#people.get(peerId);
				if (peer?.speaker) notify({ what: 'left', name: peer.displayName });
				this.#people.forget(peerId);
				this.media?.subscriber.removePeer(peerId);
				if (view.value.pinned?.peerId === peerId) this.unpin();
				this.#people.refresh();
			},
			peerDisplayNameChanged: ({ peerId, displayName }) => this.#people.rename(peerId, displayName),
			dataConsumerClosed: ({ dataConsumerId }) => {
				if (this.chat.hears(dataConsumerId)) this.chat.deafen();
			},
			producerUnfit: ({ producerId }) => this.media?.publisher?.producerUnfit(producerId),
			encodingsWanted: ({ producerId, active }) => this.media?.publisher?.encodingsWanted(producerId, active),
			consumerClosed: ({ consumerId }) => this.media?.subscriber.remove(consumerId),
			consumersMissing: ({ missing }) => change({ missing }),
			consumerPaused: ({ consumerId }) => this.media?.subscriber.setPaused(consumerId, true),
			consumerResumed: ({ consumerId }) => this.media?.subscriber.setPaused(consumerId, false),
			consumerLayersChanged: ({ consumerId, spatialLayer, reason }) =>
				this.media?.subscriber.setLayer(consumerId, spatialLayer, reason),
			activeSpeaker: ({ peerId }) => {
				change(leaderState(this.state.value, peerId));
				if (peerId && peerId !== this.state.value.peerId) this.sight.lead(peerId);
			},
			speakingPeers: ({ peerVolumes }) => change({ speaking: peerVolumes.map(({ peerId }) => peerId) }),
			peerQuality: ({ peerId, quality }) => change({ quality: { ...this.state.value.quality, [peerId]: quality } }),
			roomCounts: (counts) => change({ counts }),
			raisedHands: ({ peers }) => change({ hands: peers }),
			handRaised: (hand) => this.#hands.raised(hand),
			handLowered: ({ peerId }) => this.#hands.lowered(peerId),
			transportClosed: ({ transportId }) => endTransport(transportId),
			mediaDown: () => this.#setLink('media-down'),
			sessionClosed: ({ reason, message, ...more }) => this.#end(refusal(reason, message, more)),
		};
	}

	/** Switches off what a moderator muted, and tells the participant if it was on. */
	#muted({ kind, displayName: by }: Notifications['mutedByModerator']) {
		const { local, screen, notify } = this.#options;
		if (kind === 'share') {
			if (!screen.state.value.video) return;
			screen.stop();
		} else {
			const device = kind === 'audio' ? 'mic' : 'camera';
			if (!local.devices.value[device].on) return;
			void local.turn(device, false);
		}
		notify({ what: `muted-${kind}`, by });
	}

	/** Tells a moderator, once, that people can join before the event begins. */
	#sayEarly() {
		const { rights, info } = this.state.value;
		const { startTime = 0 } = info;
		if (!rights.moderator || startTime <= Date.now() || startTime === this.#early) return;
		this.#early = startTime;
		this.#options.notify({ what: 'early', startTime });
	}

	#end(refusal: Refusal) {
		if (this.state.value.phase !== 'open') return;
		console.warn(`amphi: ${refusal.reason}: ${refusal.message}`, refusal.detail ?? '');
		this.#close();
		this.state.update({ phase: 'refused', refusal, peers: [] });
	}

	#close() {
		this.#turn.end();
		this.#unwatchView();
		this.sight.close();
		this.#watch.close();
		this.#connection.close();
		this.chat.reset();
		this.#flow.close();
	}
}
