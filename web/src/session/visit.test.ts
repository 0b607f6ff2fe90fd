import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { openMediaSession } from '../media/session';
import { Subscriber } from '../media/subscriber';
import type { ConnectionEvents } from '../signaling/connection';
import type { NewConsumer, NewDataConsumer, PeerInfo } from '../signaling/messages';
import { refusal, type Refusal } from '../signaling/refusal';
import { view } from './view';
import { Visit, type VisitOptions } from './visit';

let events: ConnectionEvents;
/** The server's answers … */
let answer: (method: string) => Promise<unknown>;
/** … and its answer to why no WebSocket opens. */
let why: Refusal;
let media: {
	reopenSubscriber: () => Promise<void>;
	openPublisher: () => Promise<void>;
	publisher: object | null;
	recvTransport: { closed: boolean; consumeData: (options: { id: string }) => Promise<object> };
};
/** Resolves when its transports are open. */
let transports: Promise<void>;
let told: Parameters<typeof openMediaSession>[2];

vi.mock('../signaling/connection', () => ({
	Connection: class {
		connected = false;
		constructor(_url: string, given: ConnectionEvents) {
			events = given;
		}
		request(method: string) {
			return answer(method);
		}
		enter() {
			this.connected = true;
		}
		proceed() {}
		forget() {}
		close() {}
	},
}));
vi.mock('../signaling/handshake', () => ({ askWhy: async () => why }));
vi.mock('../media/watch', () => ({
	sample: async () => [],
	Watch: class {
		close() {}
	},
}));
vi.mock('../media/ahead', () => ({ loadCommon: async () => ({ device: {}, rtpCapabilities: {} }) }));
vi.mock('../media/session', () => ({
	openMediaSession: async (_connection: unknown, _device: unknown, options: typeof told) => {
		told = options;
		await transports;
		return media;
	},
}));
vi.stubGlobal('location', { protocol: 'https:', host: 'meet.example', pathname: '/call/r', search: '' });
vi.stubGlobal('navigator', { userAgent: '' });

beforeEach(() => {
	vi.useFakeTimers();
	vi.spyOn(console, 'error').mockImplementation(() => {});
	vi.spyOn(console, 'warn').mockImplementation(() => {});
	answer = () => new Promise(() => {});
	transports = Promise.resolve();
	const publisher = { start() {}, limit() {} };
	const consume = async ({ id, kind }: { id: string; kind: string }) => {
		if (id === 'broken') throw new Error('no such codec');
		return { id, kind, track: { id }, close() {} };
	};
	media = Object.assign(
		{ reopenSubscriber: vi.fn(), openPublisher: vi.fn(), publisher: null },
		{
			path: 'open',
			device: {},
			recvTransport: {
				closed: false,
				consumeData: vi.fn(async ({ id }: { id: string }) => ({ id, closed: false, on() {}, close() {} })),
			},
			subscriber: new Subscriber({ consume } as never, () => told.changed()),
			close() {},
			closePublisher() {},
		},
	);
	vi.mocked(media.openPublisher).mockImplementation(async () => void (media.publisher = publisher));
});
const visits: Visit[] = [];
afterEach(() => {
	for (const visit of visits.splice(0)) visit.leave();
	vi.useRealTimers();
});

function open(): Visit {
	const local = { release() {} };
	const screen = { stop() {} };
	const visit = new Visit({
		kind: 'call',
		roomId: 'r',
		peerId: 'p',
		session: 's',
		displayName: 'P',
		forServer: {},
		...{ local, screen, notify() {} },
	} as unknown as VisitOptions);
	visits.push(visit);
	return visit;
}

/** The server admits the participant. */
function admit({ speaker = false } = {}) {
	const rights = { speaker, moderator: false, canRecord: false, chat: false, hand: false };
	events.notifications.admitted?.({ ...rights, peerId: 'p', nameIsFixed: false, room: { waitingRoom: false } });
}

async function enter(rights?: { speaker: boolean }): Promise<Visit> {
	const visit = open();
	answer = async () => ({ peers: [] });
	admit(rights);
	await vi.advanceTimersByTimeAsync(0);
	expect(visit.state.value.entered).toBe(true);
	return visit;
}

test('missing media is shown until it arrives, and forgotten with the connection that reported it', () => {
	const visit = open();
	const missing = () => visit.state.value.missing;
	const say = (value: boolean) => events.notifications.consumersMissing?.({ missing: value });

	expect(missing()).toBe(false);
	say(true);
	expect(missing()).toBe(true);
	say(false);
	expect(missing()).toBe(false);

	say(true);
	admit();
	expect(missing()).toBe(false);
});

test('people who come and go while transports are made are not forgotten, and nobody is shown as muted', async () => {
	const person = (id: string) => ({ id, displayName: id, device: {}, speaker: true, moderator: false }) as PeerInfo;
	let ready = () => {};
	transports = new Promise((resolve) => (ready = resolve));
	const visit = open();
	answer = async () => ({ peers: ['ann', 'bob'].map(person) });
	admit();
	await vi.advanceTimersByTimeAsync(0);
	events.notifications.newPeer?.(person('eve'));
	events.notifications.peerClosed?.({ peerId: 'bob' });
	const seen = () => visit.state.value.peers.map(({ id, mic, camera }) => ({ id, mic, camera }));
	const wanted = ['ann', 'eve'].map((id) => ({ id, mic: null, camera: null }));
	expect(seen()).toEqual(wanted);
	expect(visit.state.value.entered).toBe(false);
	ready();
	await vi.advanceTimersByTimeAsync(0);
	expect(seen()).toEqual(wanted);
	expect(visit.state.value.entered).toBe(true);
});

test('a participant who comes with too many others joins a little later', async () => {
	const visit = open();
	let asked = 0;
	answer = async (method) => {
		if (method === 'join' && ++asked < 4) throw new Error('too-often: try again in a few seconds');
		return { peers: [] };
	};
	admit();
	await vi.advanceTimersByTimeAsync(0);
	expect(visit.state.value).toMatchObject({ phase: 'open', entered: false });
	await vi.advanceTimersByTimeAsync(60_000);
	expect(visit.state.value).toMatchObject({ phase: 'open', entered: true });
	expect(asked).toBe(4);
});

test('any other refusal of a join ends the visit at once', async () => {
	const visit = open();
	let asked = 0;
	answer = async (method) => {
		if (method === 'join') asked++;
		throw new Error('room-full: 50 participants');
	};
	admit();
	await vi.advanceTimersByTimeAsync(60_000);
	expect(visit.state.value).toMatchObject({ phase: 'refused', refusal: { reason: 'room-full' } });
	expect(asked).toBe(1);
});

test('a transport that the server has ended and then refuses is requested until it is granted', async () => {
	await enter({ speaker: true });
	vi.mocked(media.openPublisher).mockClear();
	const refuse = async () => {
		throw new Error('busy: too many transports');
	};
	vi.mocked(media.reopenSubscriber).mockImplementationOnce(refuse).mockImplementationOnce(refuse);
	vi.mocked(media.openPublisher).mockImplementationOnce(refuse).mockImplementationOnce(refuse);
	told.ended('recv', true);
	media.publisher = null;
	told.ended('send', true);
	await vi.advanceTimersByTimeAsync(60_000);
	expect(media.reopenSubscriber).toHaveBeenCalledTimes(3);
	expect(media.publisher).not.toBe(null);
});

test('it is no longer requested once there is a newer connection', async () => {
	await enter();
	vi.mocked(media.reopenSubscriber).mockRejectedValue(new Error('busy: for ever'));
	told.ended('recv', true);
	await vi.advanceTimersByTimeAsync(60_000);
	const { length } = vi.mocked(media.reopenSubscriber).mock.calls;
	expect(length).toBeGreaterThan(5);
	events.lost();
	await vi.advanceTimersByTimeAsync(60_000);
	expect(media.reopenSubscriber).toHaveBeenCalledTimes(length);
});

test('the page gives up after three transports that never worked, if none between them did', async () => {
	const visit = await enter();
	const phase = () => visit.state.value.phase;
	for (const _ of [1, 2]) told.ended('recv', false);
	told.connected();
	for (const _ of [1, 2]) told.ended('send', false);
	expect(phase()).toBe('open');
	told.ended('recv', false);
	expect(phase()).toBe('refused');
});

test('a new join starts the count again', async () => {
	const visit = await enter();
	for (const _ of [1, 2]) told.ended('recv', false);
	answer = async (method) => (method === 'resume' ? { resumed: false } : { peers: [] });
	events.lost();
	admit();
	await vi.advanceTimersByTimeAsync(0);
	told.ended('recv', false);
	expect(visit.state.value.phase).toBe('open');
});

/** Ann is in the room, with a camera and a screen that have arrived here. */
async function enterWithAnn(): Promise<Visit> {
	const visit = await enter();
	vi.stubGlobal('devicePixelRatio', 1);
	vi.stubGlobal('innerWidth', 1000);
	vi.stubGlobal('innerHeight', 1000);
	events.notifications.newPeer?.({ id: 'ann', displayName: 'Ann', speaker: true, moderator: false } as PeerInfo);
	for (const id of ['camera', 'screen']) {
		const offered = { id, peerId: 'ann', producerId: id, kind: 'video', producerPaused: false };
		await events.requests.newConsumer({ ...offered, appData: { share: id === 'screen' } } as NewConsumer);
	}
	return visit;
}

test('of a list of consumers, only those that the browser refuses are refused', async () => {
	const visit = await enter();
	const consumers = ['camera', 'broken', 'screen'].map(
		(id) =>
			({ id, peerId: 'ann', producerId: id, kind: 'video', producerPaused: false, appData: {} }) as unknown as NewConsumer,
	);
	expect(await events.requests.newConsumers({ consumers })).toEqual({ refused: ['broken'] });
	expect(visit.media?.subscriber.consumerIds).toEqual(['camera', 'screen']);
});

test('nobody is shown as muted if the transports are there first', async () => {
	const ann = { id: 'ann', displayName: 'Ann', device: {}, speaker: true, moderator: false } as PeerInfo;
	let joined = () => {};
	const visit = open();
	answer = (method) => new Promise((resolve) => (method === 'join' ? (joined = () => resolve({ peers: [ann] })) : resolve({})));
	const said = new Set<unknown>();
	visit.state.subscribe(() => visit.state.value.peers.forEach(({ mic }) => said.add(mic)));
	admit();
	await vi.advanceTimersByTimeAsync(0);
	joined();
	await vi.advanceTimersByTimeAsync(100);
	expect([...said]).toEqual([null]);
});

const withChat = { speaker: false, moderator: false, canRecord: false, chat: true, hand: false };

test('a chat that is offered twice is received once; one offered to a former session, never', async () => {
	const visit = await enter();
	visit.state.update({ rights: withChat });
	const offer = () => events.requests.newDataConsumer({ id: 'chat' } as NewDataConsumer);
	await Promise.all([offer(), offer()]);
	expect(media.recvTransport.consumeData).toHaveBeenCalledTimes(1);

	let calm = () => {};
	vi.spyOn((media as unknown as { subscriber: Subscriber }).subscriber, 'quiet').mockReturnValue(
		new Promise((resolve) => (calm = resolve)),
	);
	visit.chat.deafen();
	const late = expect(offer()).rejects.toThrow('no chat here');
	media = { ...media };
	answer = async (method) => (method === 'resume' ? { resumed: false } : { peers: [] });
	admit();
	await vi.advanceTimersByTimeAsync(0);
	calm();
	await late;
	expect(media.recvTransport.consumeData).toHaveBeenCalledTimes(1);
});

test('a receiving transport that ends while the join waits is requested again', async () => {
	media.recvTransport.closed = true;
	await enter();
	expect(media.reopenSubscriber).toHaveBeenCalledTimes(1);
});

const starve = (consumerId: string) =>
	events.notifications.consumerLayersChanged?.({
		consumerId,
		spatialLayer: null,
		temporalLayer: null,
		reason: 'bandwidth',
	});
const flow = (consumerId: string) =>
	events.notifications.consumerLayersChanged?.({ consumerId, spatialLayer: 0, temporalLayer: 1 });
/** Which of Ann's videos are shown as starved. */
const starved = (visit: Visit) => {
	const { starved, shareStarved, video, share } = visit.state.value.peers[0]!;
	expect([video, share]).toEqual([{ id: 'camera' }, { id: 'screen' }]);
	return [starved && 'camera', shareStarved && 'screen'].filter(Boolean);
};

test('video that the link does not carry is starved until it flows, and stays in the state', async () => {
	const visit = await enterWithAnn();
	const drawn = vi.fn();
	visit.state.subscribe(drawn);
	starve('camera');
	expect(starved(visit)).toEqual(['camera']);
	starve('screen');
	expect(starved(visit)).toEqual(['camera', 'screen']);
	flow('camera');
	flow('screen');
	expect(starved(visit)).toEqual([]);
	expect(drawn).toHaveBeenCalledTimes(4);
});

test('video that the page itself pauses is not starved', async () => {
	const visit = await enterWithAnn();
	starve('camera');
	visit.sight.set('ann', null);
	await vi.advanceTimersByTimeAsync(1000);
	expect(starved(visit)).toEqual([]);
	visit.sight.set('ann', { width: 640, height: 360 });
	await vi.advanceTimersByTimeAsync(1000);
	expect(starved(visit)).toEqual(['camera']);
});

test('pinned video and the leading speaker have priority', async () => {
	const visit = await enterWithAnn();
	const asked: string[] = [];
	visit.sight.set('ann', { width: 64, height: 36 });
	await vi.advanceTimersByTimeAsync(1000);
	answer = async (method) => void asked.push(method);
	const lead = async (peerId: string | null) => {
		events.notifications.activeSpeaker?.({ peerId, volume: -20 });
		await vi.advanceTimersByTimeAsync(5000);
		return asked.splice(0);
	};
	expect(await lead('p')).toEqual([]);
	expect(await lead('ann')).toEqual(['setConsumerPriority']);
	// She keeps her rank: silence makes nobody the leader.
	expect(await lead(null)).toEqual([]);
	visit.pin('ann');
	await vi.advanceTimersByTimeAsync(1000);
	visit.unpin();
	await vi.advanceTimersByTimeAsync(1000);
	expect(asked).toEqual(['setConsumerPriority', 'setConsumerPriority']);
	asked.length = 0;
	visit.leave();
	view.update({ pinned: { peerId: 'ann', share: false } });
	await vi.advanceTimersByTimeAsync(5000);
	expect(asked).toEqual([]);
	view.update({ pinned: null });
});

test('the page does not pause visible video that is starved', async () => {
	const visit = await enterWithAnn();
	const asked: string[] = [];
	answer = async (method) => void asked.push(method);
	visit.sight.set('ann', { width: 640, height: 360 });
	starve('camera');
	await vi.advanceTimersByTimeAsync(1000);
	flow('camera');
	await vi.advanceTimersByTimeAsync(1000);
	expect(asked).toEqual(['setConsumerPreferredLayers']);
});

test('starved video is forgotten with the connection that reported it', async () => {
	const visit = await enterWithAnn();
	starve('camera');
	starve('screen');
	events.lost();
	expect(starved(visit)).toEqual(['camera', 'screen']);
	// The server may send news before it answers the page's request.
	answer = () => new Promise(() => {});
	admit();
	starve('screen');
	expect(starved(visit)).toEqual(['screen']);
});

/** Lets attempts to reach the server fail for so many seconds; returns why the visit ended. */
async function attempts(visit: Visit, seconds: number) {
	for (let i = 0; i < seconds; i++) {
		events.failed();
		await vi.advanceTimersByTimeAsync(1000);
	}
	return visit.state.value.refusal?.reason ?? null;
}

test('a participant who was in the room keeps trying while their network has too many connections', async () => {
	why = refusal('too-many-connections');
	const visit = await enter();
	events.lost();
	expect(await attempts(visit, 600)).toBe(null);
	why = refusal('removed');
	expect(await attempts(visit, 1)).toBe('removed');
});

test('a newcomer tries for a minute, and is then told why', async () => {
	why = refusal('too-many-connections');
	const visit = open();
	expect(await attempts(visit, 50)).toBe(null);
	events.open();
	expect(await attempts(visit, 59)).toBe(null);
	expect(await attempts(visit, 3)).toBe('too-many-connections');
});

test('a late report of a raised hand that was lowered here since changes nothing', async () => {
	const visit = await enter();
	answer = () => new Promise(() => {});
	void visit.raiseHand(true);
	void visit.raiseHand(false);
	events.notifications.handRaised?.({ id: 'p', displayName: 'P' });
	expect(visit.state.value.hands).toEqual([]);
	events.notifications.handRaised?.({ id: 'q', displayName: 'Q' });
	expect(visit.state.value.hands).toEqual([{ id: 'q', displayName: 'Q' }]);
});
