import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Store } from '../base/store';
import type { RecordingInfo } from '../signaling/messages';
import type { Notice } from './notices';
import { Recordings } from './recordings';
import { hasSay, initialState, type VisitState } from './state';

let state: Store<VisitState>;
let told: Notice[];
let asked: boolean[];
let refusal: Error | null;
let recordings: Recordings;

beforeEach(() => {
	vi.useFakeTimers();
	told = [];
	asked = [];
	refusal = null;
	state = new Store(initialState('p', 'P'));
	const request = async (consent: boolean) => {
		asked.push(consent);
		if (refusal) throw refusal;
	};
	recordings = new Recordings(state, request, (notice) => told.push(notice));
});
afterEach(() => void vi.useRealTimers());

const info = (state: RecordingInfo['state'], more: Partial<RecordingInfo> = {}): RecordingInfo => ({
	state,
	elapsed: 0,
	reason: null,
	by: null,
	consent: 'notice',
	...more,
});
const rights = (more: object) => state.update({ rights: { ...state.value.rights, ...more } });
const said = () => told.splice(0).map(({ what }) => what);
const says = (...args: Parameters<typeof info>) => recordings.told(info(...args), true);

test('everybody is told once when it starts, pauses, goes on and stops', () => {
	says('starting');
	expect(said()).toEqual([]);
	says('recording');
	expect(told).toEqual([{ what: 'recording-on', live: true }]);
	said();
	says('recording', { elapsed: 1 });
	expect(said()).toEqual([]);
	says('paused', { elapsed: 2 });
	says('recording', { elapsed: 2 });
	says('stopped', { elapsed: 3, reason: 'moderator' });
	expect(said()).toEqual(['recording-paused', 'recording-resumed', 'recording-off']);
});

test('those who come later are told what is on now, and that it did not just begin', () => {
	recordings.told(info('recording', { elapsed: 60 }), false);
	expect(told).toEqual([{ what: 'recording-on', live: false }]);
	said();
	// The next admission, after a broken connection, is no news.
	vi.advanceTimersByTime(10_000);
	recordings.told(info('recording', { elapsed: 70 }), false);
	expect(said()).toEqual([]);
	recordings.told(info('paused', { elapsed: 71 }), false);
	expect(said()).toEqual(['recording-paused']);
});

test('an end that the page missed is told at the next admission', () => {
	says('recording');
	said();
	vi.advanceTimersByTime(5000);
	recordings.told(null, false);
	expect(said()).toEqual(['recording-off']);
	expect(state.value.recording).toMatchObject({ state: 'stopped', reason: null, elapsed: 5 });
	recordings.told(null, false);
	expect(said()).toEqual([]);
});

test('moderators learn why it ended; others only that it did', () => {
	const ended = (more: Partial<RecordingInfo>, state: 'stopped' | 'failed' = 'stopped') => {
		says('recording');
		said();
		says(state, more);
		return told.splice(0);
	};
	expect(ended({ reason: 'disk-full' })).toEqual([{ what: 'recording-off' }]);
	expect(ended({ reason: 'recorder-lost' }, 'failed')).toEqual([{ what: 'recording-off' }]);
	rights({ moderator: true });
	expect(ended({ reason: 'moderator' })).toEqual([{ what: 'recording-off' }]);
	expect(ended({ reason: 'disk-full' })).toEqual([{ what: 'recording-failed', began: true, saved: true, why: 'disk-full' }]);
	expect(ended({ reason: 'recorder-lost' }, 'failed')).toEqual([
		{ what: 'recording-failed', began: true, saved: false, why: 'recorder-lost' },
	]);
	rights({ canRecord: true });
	expect(ended({ reason: 'moderator' })).toEqual([{ what: 'recording-kept' }]);
});

test('moderators learn that none could start; nobody else does', () => {
	const failed = { what: 'recording-failed', began: false, saved: false, why: 'recorder-lost' };
	says('starting');
	says('failed', { reason: 'recorder-lost' });
	expect(told).toEqual([]);
	rights({ moderator: true });
	says('starting');
	says('failed', { reason: 'recorder-lost' });
	expect(told.splice(0)).toEqual([failed]);
	says('failed');
	expect(told.splice(0)).toEqual([{ ...failed, why: null }]);
	// Who comes later need not know.
	recordings.told(info('failed'), false);
	expect(told).toEqual([]);
});

test('only speakers are asked, only while a recording asks', () => {
	says('recording', { consent: 'ask' });
	expect(hasSay(state.value)).toBe(false);
	rights({ speaker: true });
	expect(hasSay(state.value)).toBe(true);
	says('paused', { consent: 'ask' });
	expect(hasSay(state.value)).toBe(true);
	says('stopped', { consent: 'ask' });
	expect(hasSay(state.value)).toBe(false);
	says('recording', { consent: 'notice' });
	expect(hasSay(state.value)).toBe(false);
});

test('people answer when they are asked; the answer is repeated to a server that may not know it', async () => {
	rights({ speaker: true });
	says('recording', { consent: 'ask' });
	recordings.entered();
	expect(state.value.consent).toBe('undecided');
	recordings.asked();
	expect(state.value.consent).toBe('asked');
	recordings.entered();
	expect(asked).toEqual([]);
	refusal = new Error('connection lost');
	await recordings.consent(true);
	expect(state.value.consent).toBe('given');
	refusal = null;
	recordings.told(info('recording', { consent: 'ask' }), false);
	recordings.entered();
	recordings.asked();
	expect(asked).toEqual([true, true, true]);
	await recordings.consent(false);
	recordings.asked();
	expect(asked.slice(3)).toEqual([false, false]);
	expect(state.value.consent).toBe('refused');
	// To viewers, the question does not matter; nor does it without a recording.
	rights({ speaker: false });
	recordings.entered();
	rights({ speaker: true });
	says('stopped', { consent: 'ask' });
	recordings.entered();
	expect(asked).toHaveLength(5);
});

test('a speaker who starts a recording agrees to be in it', () => {
	recordings.started();
	expect(state.value.consent).toBe('undecided');
	rights({ speaker: true });
	recordings.started();
	expect(state.value.consent).toBe('given');
	expect(asked).toEqual([]);
});

test('an answer that the server refuses was not given', async () => {
	rights({ speaker: true });
	says('recording', { consent: 'ask' });
	recordings.asked();
	refusal = new Error('busy: later');
	await expect(recordings.consent(false)).rejects.toThrow('busy');
	expect(state.value.consent).toBe('asked');
});
