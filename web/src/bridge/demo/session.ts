import { Store } from '../../base/store';
import type { Events, Failure, MeetIframeBridge, Methods } from '../package/index';
import { EVENTS } from './catalogue';

export interface LogEntry {
	id: number;
	at: Date;
	kind: 'event' | 'call' | 'answer';
	name: string;
	data: unknown;
}

interface DemoState {
	/** The iframe's address. */
	src: string;
	log: LogEntry[];
	/** How often each event has arrived. */
	counts: Partial<Record<keyof Events, number>>;
	/** Who is in the room, the participant first. */
	peers: Map<string, string>;
}

const LOG_MAX = 200;
const EMPTY = { log: [], counts: {}, peers: new Map<string, string>() };

export const demo = new Store<DemoState>({ src: '', ...EMPTY });

let bridge: MeetIframeBridge | null = null;
let next = 1;

/** Another room in the iframe. */
export function load(src: string) {
	demo.update({ src, ...EMPTY });
}

/** To be called with each new iframe, as soon as it is in the page. */
export function attach(element: HTMLIFrameElement): () => void {
	const made = new window.MeetIframeBridge.default({ element });
	bridge = made;
	for (const name of Object.keys(EVENTS) as (keyof Events)[]) made.on(name, (data) => onEvent(name, data));
	return () => made.destroy();
}

export async function call(name: keyof Methods, data: unknown): Promise<unknown> {
	if (!bridge) return undefined;
	note('call', name, data);
	const answer = await (bridge.method as (call: object) => Promise<unknown>).call(bridge, { name, data });
	note('answer', name, answer);
	return answer;
}

export function isFailure(answer: unknown): answer is Failure {
	return typeof answer === 'object' && answer !== null && 'error' in answer;
}

export function clearLog() {
	demo.update({ log: [] });
}

function note(kind: LogEntry['kind'], name: string, data: unknown) {
	const entry = { id: next++, at: new Date(), kind, name, data };
	demo.update({ log: [entry, ...demo.value.log].slice(0, LOG_MAX) });
}

function onEvent(name: keyof Events, data: object) {
	const { peerId, displayName = '' } = data as { peerId: string; displayName?: string };
	const { counts } = demo.value;
	const peers = new Map(name === 'ready' || name === 'join' || name === 'connectionClosed' ? [] : demo.value.peers);
	if (name === 'join' || name === 'newPeer') peers.set(peerId, displayName);
	if (name === 'peerClosed') peers.delete(peerId);
	demo.update({ counts: { ...counts, [name]: (counts[name] ?? 0) + 1 }, peers });
	note('event', name, data);
}
