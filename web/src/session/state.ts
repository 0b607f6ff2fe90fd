import type { PeerMedia } from '../media/subscriber';
import type { Path } from '../media/transport';
import type { Hand, Notifications, Quality, Rights, RoomInfo, WaitingPeer } from '../signaling/messages';
import type { Refusal } from '../signaling/refusal';
import { isOn, type Recording } from './recording';
import type { Link } from './trouble';

export interface RemotePeer extends PeerMedia {
	id: string;
	displayName: string;
	speaker: boolean;
	moderator: boolean;
}

/** The state of a visit; everything that is drawn of the room comes from here. */
export interface VisitState {
	/** In the room (or on the way in), gone by choice, or turned away for good. */
	phase: 'open' | 'left' | 'refused';
	link: Link;
	/** Has entered the room, and has not left it; also while reconnecting. */
	entered: boolean;
	/** Whether media gets through, whatever the WebSocket does. */
	path: Path;
	/** The server has no capacity left for some of the media; it keeps trying. */
	missing: boolean;
	/** Failed attempts to reach the server. */
	attemptsFailed: number;
	refusal: Refusal | null;
	/** Admitted by the server, but not yet by a moderator. */
	waiting: boolean;
	/** The server's id for this participant. */
	peerId: string;
	name: string;
	rights: Rights;
	info: RoomInfo;
	/** The others who have a tile, in order of joining. */
	peers: RemotePeer[];
	/** For moderators: a webinar's viewers, and the people who wait to be let in. */
	viewers: RemotePeer[];
	waitingPeers: WaitingPeer[];
	/** In the order of raising, this participant's included. */
	hands: Hand[];
	/** Everybody who is speaking, this participant included, the loudest first. */
	speaking: string[];
	/** The leading speaker, who may be this participant; and the last one among the others. */
	activeSpeaker: string | null;
	lastSpeaker: string | null;
	/** Anybody missing here has a good connection. */
	quality: Record<string, Quality>;
	/** The server's counts; null: it has not sent any. */
	counts: { speakers: number; viewers: number } | null;
	/** Null: there has been none in this visit. */
	recording: Recording | null;
	/** Whether this participant agrees to be recorded; asked: the server waits for the answer. */
	consent: 'undecided' | 'asked' | 'given' | 'refused';
}

/** The state before the server has said anything. */
export function initialState(peerId: string, name: string): VisitState {
	return {
		phase: 'open',
		link: 'connecting',
		entered: false,
		path: 'open',
		missing: false,
		attemptsFailed: 0,
		refusal: null,
		waiting: false,
		peerId,
		name,
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
		recording: null,
		consent: 'undecided',
	};
}

/** The changes at an admission. The server reports once more what is still missing. */
export function admittedState(
	state: VisitState,
	{ peerId, displayName, nameIsFixed, room, capabilities, recording, ...rights }: Notifications['admitted'],
): Partial<VisitState> {
	const name = (nameIsFixed && displayName) || state.name;
	return { waiting: false, missing: false, peerId, name, rights, info: room };
}

/** The changes when somebody leads the talk; null: silence. lastSpeaker ignores this participant's own lead. */
export function leaderState({ peerId: own, lastSpeaker }: VisitState, leader: string | null): Partial<VisitState> {
	return { activeSpeaker: leader, lastSpeaker: leader && leader !== own ? leader : lastSpeaker };
}

/** name: null lowers the hand. A hand that is up already keeps its place. */
export function withHand(hands: Hand[], id: string, name: string | null): Hand[] {
	if (name === null) return hands.filter((hand) => hand.id !== id);
	return hands.some((hand) => hand.id === id) ? hands : [...hands, { id, displayName: name }];
}

/** peer: absent if nobody with this id waits any more. */
export function withWaiting(waiting: WaitingPeer[], id: string, peer?: WaitingPeer): WaitingPeer[] {
	const others = waiting.filter((other) => other.id !== id);
	return peer ? [...others, peer] : others;
}

/** Whether this participant has a say in being recorded. */
export const hasSay = ({ recording, rights }: VisitState): boolean =>
	isOn(recording) && recording.consent === 'ask' && rights.speaker;
