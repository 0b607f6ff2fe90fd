import type { DeviceProblem } from '../../media/local';
import type { ScreenProblem } from '../../media/screen';
import { recordingEvents } from './recording';
import { type Event, NOTHING, type PeerSnapshot, type Snapshot } from './snapshot';

const SWITCHES = [
	['camera', 'switchOnCamera', 'switchOffCamera'],
	['mic', 'switchOnMic', 'switchOffMic'],
	['share', 'switchOnShare', 'switchOffShare'],
] as const;

const ERRORS = [
	['camera', 'errorGetCamera'],
	['mic', 'errorGetMic'],
	['share', 'errorGetShare'],
] as const;

/** The browsers' names for these problems, and a description. */
const PROBLEMS: Record<DeviceProblem | ScreenProblem, [name: string, message: string]> = {
	denied: ['NotAllowedError', 'The participant or the browser does not allow it.'],
	policy: ['NotAllowedError', "The iframe's allow does not grant it."],
	gesture: ['InvalidStateError', 'The participant has to tap into the page first.'],
	missing: ['NotFoundError', 'There is no such device.'],
	busy: ['NotReadableError', 'Another program is using it, or it does not start.'],
	insecure: ['SecurityError', 'The page was not opened with HTTPS.'],
	unsupported: ['NotSupportedError', 'The browser cannot do it.'],
	ended: ['AbortError', 'The device was disconnected.'],
};

const INTERRUPTIONS: Partial<Record<NonNullable<Snapshot['trouble']>, string>> = {
	'media-down': 'media-down: sound and pictures are interrupted',
	'media-lost': 'media-lost: sound and pictures are interrupted; another way for them is looked for',
	'media-blocked': 'media-blocked: sound and pictures do not get through this network',
};

/**
 * The events that take a bridge from one snapshot to another. A bridge that has just connected gets everything: the
 * difference from NOTHING.
 */
export function eventsBetween(was: Snapshot, now: Snapshot): Event[] {
	const { peerId, displayName } = now;
	const events: Event[] = [];
	if (now.joinable && !was.joinable) events.push({ name: 'readyToJoin', data: { peerId, displayName } });
	// A new visit starts from nothing.
	const before = now.entered && !was.entered ? { ...was, peers: NOTHING.peers, recording: null } : was;
	events.push(...connectionEvents(before, now));
	if (now.entered) events.push(...peerEvents(before, now), ...recordingEvents(before.recording, now.recording));
	for (const [source, name] of ERRORS) {
		const problem = now.problems[source];
		if (!problem || (problem === was.problems[source] && now.failures[source] === was.failures[source])) continue;
		const [error, message] = PROBLEMS[problem];
		events.push({ name, data: { peerId, displayName, name: error, message } });
	}
	if (now.silent && !was.silent) events.push({ name: 'playingAudioPrevent', data: { peerId } });
	return events;
}

function connectionEvents(was: Snapshot, now: Snapshot): Event[] {
	const { peerId, displayName } = now;
	const events: Event[] = [];
	if (now.trouble === 'lost' && was.trouble !== 'lost') events.push({ name: 'disconnected', data: { peerId } });
	if (now.attemptsFailed > was.attemptsFailed) events.push({ name: 'connectionFailed', data: { peerId } });
	const interruption = now.trouble !== was.trouble && now.trouble && INTERRUPTIONS[now.trouble];
	if (interruption) events.push({ name: 'connectionError', data: { peerId, error: interruption } });
	if (was.trouble && !now.trouble && !now.joinable) events.push({ name: 'reconnected', data: { peerId } });
	if (now.ended && !was.ended) {
		const { reason, error } = now.ended;
		if (error !== null) events.push({ name: 'connectionError', data: { peerId, error } });
		events.push({ name: 'connectionClosed', data: { peerId, reason } });
	}
	if (now.entered && !was.entered) events.push({ name: 'join', data: { peerId, displayName } });
	return events;
}

function peerEvents(was: Snapshot, now: Snapshot): Event[] {
	const events: Event[] = [];
	for (const [peerId, { displayName }] of was.peers)
		if (!now.peers.has(peerId)) events.push({ name: 'peerClosed', data: { peerId, displayName } });
	for (const [peerId, peer] of now.peers) {
		const { displayName } = peer;
		const isLocal = peerId === now.peerId;
		const known: PeerSnapshot = was.peers.get(peerId) ?? { displayName, camera: false, mic: false, share: false };
		if (!was.peers.has(peerId) && !isLocal) events.push({ name: 'newPeer', data: { peerId, displayName } });
		for (const [source, on, off] of SWITCHES)
			if (peer[source] !== known[source])
				events.push({ name: peer[source] ? on : off, data: { peerId, displayName, isLocal } });
	}
	if (now.pinned !== was.pinned) {
		if (was.pinned !== null) events.push({ name: 'switchOffPin', data: { peerId: was.pinned } });
		if (now.pinned !== null) events.push({ name: 'switchOnPin', data: { peerId: now.pinned } });
	}
	return events;
}
