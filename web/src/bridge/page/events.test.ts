import { expect, test, vi } from 'vitest';
import type { Recording } from '../../session/recording';
import { eventsBetween } from './events';
import { NOTHING, type PeerSnapshot, type Snapshot } from './snapshot';

const peer = (displayName: string, more: Partial<PeerSnapshot> = {}): PeerSnapshot => ({
	displayName,
	camera: false,
	mic: false,
	share: false,
	...more,
});

const me = { peerId: 'me', displayName: 'Me' };
const welcome: Snapshot = { ...NOTHING, ...me, joinable: true };
const inRoom = (...others: [string, PeerSnapshot][]): Snapshot => ({
	...NOTHING,
	...me,
	entered: true,
	peers: new Map([['me', peer('Me', { mic: true })], ...others]),
});

const names = (was: Snapshot, now: Snapshot) => eventsBetween(was, now).map(({ name }) => name);

// proves E01, E02, E05, E08, E11, E17
test('a bridge that comes late is told everything, in an order that makes sense', () => {
	const now = { ...inRoom(['ann', peer('Ann', { camera: true, share: true })]), pinned: 'ann' };
	expect(eventsBetween(NOTHING, now)).toEqual([
		{ name: 'join', data: me },
		{ name: 'switchOnMic', data: { ...me, isLocal: true } },
		{ name: 'newPeer', data: { peerId: 'ann', displayName: 'Ann' } },
		{ name: 'switchOnCamera', data: { peerId: 'ann', displayName: 'Ann', isLocal: false } },
		{ name: 'switchOnShare', data: { peerId: 'ann', displayName: 'Ann', isLocal: false } },
		{ name: 'switchOnPin', data: { peerId: 'ann' } },
	]);
});

test('without a change there is no event', () => {
	const now = inRoom(['ann', peer('Ann')]);
	expect(eventsBetween(now, { ...now, peers: new Map(now.peers) })).toEqual([]);
});

// proves E03, E06, E09, E12, E19
test('devices are switched off and people leave', () => {
	const was = { ...inRoom(['ann', peer('Ann', { camera: true })], ['bob', peer('Bob')]), pinned: 'bob' };
	expect(eventsBetween(was, inRoom(['ann', peer('Ann')]))).toEqual([
		{ name: 'peerClosed', data: { peerId: 'bob', displayName: 'Bob' } },
		{ name: 'switchOffCamera', data: { peerId: 'ann', displayName: 'Ann', isLocal: false } },
		{ name: 'switchOffPin', data: { peerId: 'bob' } },
	]);
});

// proves E13, E14, E15, E16
test('the connection breaks, comes back, and ends', () => {
	const was = inRoom();
	const lost: Snapshot = { ...was, trouble: 'lost' };
	expect(names(was, lost)).toEqual(['disconnected']);
	expect(names(lost, { ...lost, attemptsFailed: 1 })).toEqual(['connectionFailed']);
	expect(eventsBetween(lost, was)).toEqual([{ name: 'reconnected', data: { peerId: 'me' } }]);
	for (const trouble of ['media-down', 'media-lost', 'media-blocked'] as const) {
		expect(names(was, { ...was, trouble })).toEqual(['connectionError']);
		expect(names({ ...was, trouble }, was)).toEqual(['reconnected']);
	}
	// The failure of the first connection was reported already.
	const failed: Snapshot = { ...NOTHING, ...me, trouble: 'failed', attemptsFailed: 1 };
	expect(names({ ...NOTHING, ...me }, failed)).toEqual(['connectionFailed']);
	expect(names(failed, { ...was, attemptsFailed: 1 })).toEqual(['reconnected', 'join', 'switchOnMic']);
	expect(names(lost, { ...welcome, ended: { reason: 'left', error: null } })).not.toContain('reconnected');

	const left: Snapshot = { ...welcome, ended: { reason: 'left', error: null } };
	expect(names(was, left)).toEqual(['readyToJoin', 'connectionClosed']);
	const removed: Snapshot = { ...welcome, ended: { reason: 'removed', error: 'removed: by a moderator' } };
	expect(eventsBetween(was, removed).slice(1)).toEqual([
		{ name: 'connectionError', data: { peerId: 'me', error: 'removed: by a moderator' } },
		{ name: 'connectionClosed', data: { peerId: 'me', reason: 'removed' } },
	]);
});

test('a second visit starts afresh', () => {
	const was = inRoom(['ann', peer('Ann')]);
	const left: Snapshot = { ...welcome, ended: { reason: 'left', error: null } };
	expect(names(left, was)).toEqual(['join', 'switchOnMic', 'newPeer']);
});

// proves E04, E07, E10, E18
test('a problem is reported once each time it comes', () => {
	const denied: Snapshot = { ...welcome, problems: { camera: 'denied', mic: 'missing', share: 'gesture' } };
	const events = eventsBetween(welcome, denied);
	expect(events.map(({ name }) => name)).toEqual(['errorGetCamera', 'errorGetMic', 'errorGetShare']);
	expect(events[0]!.data).toMatchObject({ ...me, name: 'NotAllowedError', message: expect.any(String) });
	expect(names(denied, denied)).toEqual([]);
	// The same again.
	expect(names(denied, { ...denied, failures: { camera: 0, mic: 1, share: 0 } })).toEqual(['errorGetMic']);
	expect(names(welcome, denied)).toHaveLength(3);
	expect(names(inRoom(), { ...inRoom(), silent: true })).toEqual(['playingAudioPrevent']);
});

const tape = (state: Recording['state'], more: Partial<Recording> = {}): Recording => ({
	state,
	elapsed: 7,
	reason: null,
	by: { peerId: 'ann', displayName: 'Ann' },
	consent: 'notice',
	at: 0,
	...more,
});
const recorded = (recording: Recording | null): Snapshot => ({ ...inRoom(), recording });
const told = (was: Recording | null, now: Recording | null) => eventsBetween(recorded(was), recorded(now));

test('a recording starts, pauses, goes on, and ends', () => {
	vi.spyOn(performance, 'now').mockReturnValue(3000);
	const by = { peerId: 'ann', displayName: 'Ann' };
	expect(told(null, tape('starting'))).toEqual([]);
	expect(told(tape('starting'), tape('recording'))).toEqual([{ name: 'recordingStarted', data: { elapsed: 10, by } }]);
	expect(told(tape('recording'), tape('paused'))).toEqual([{ name: 'recordingPaused', data: { elapsed: 7 } }]);
	expect(told(tape('paused'), tape('recording'))).toEqual([{ name: 'recordingResumed', data: { elapsed: 10 } }]);
	expect(told(tape('paused'), tape('stopped', { reason: 'moderator' }))).toEqual([
		{ name: 'recordingStopped', data: { elapsed: 7, reason: 'moderator' } },
	]);
	expect(told(tape('stopped'), tape('recording', { by: null }))).toEqual([
		{ name: 'recordingStarted', data: { elapsed: 10, by: null } },
	]);
	expect(told(tape('recording'), tape('recording', { elapsed: 8 }))).toEqual([]);
	vi.restoreAllMocks();
});

test('a recording that fails is no recording that stops', () => {
	const failed = tape('failed', { reason: 'recorder-lost' });
	const event = { name: 'recordingFailed', data: { reason: 'recorder-lost' } };
	expect(told(tape('starting'), failed)).toEqual([event]);
	expect(told(tape('recording'), failed)).toEqual([event]);
	expect(told(failed, failed)).toEqual([]);
	// It failed before there was a bridge.
	expect(told(null, failed)).toEqual([]);
	expect(told(tape('starting'), tape('stopped', { reason: 'moderator' }))).toEqual([]);
});

test('a bridge that comes late, or a second visit, is told of a recording', () => {
	const now = recorded(tape('paused'));
	expect(names(NOTHING, now)).toEqual(['join', 'switchOnMic', 'recordingStarted', 'recordingPaused']);
	const left: Snapshot = { ...welcome, ended: { reason: 'left', error: null } };
	expect(names(now, left)).toEqual(['readyToJoin', 'connectionClosed']);
	expect(names({ ...left, recording: tape('paused') }, now)).toContain('recordingStarted');
});
