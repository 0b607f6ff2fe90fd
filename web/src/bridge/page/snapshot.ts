import type { DeviceProblem } from '../../media/local';
import type { ScreenProblem } from '../../media/screen';
import type { Recording } from '../../session/recording';
import type { Events } from '../package/index';

/** What the embedding page is told of a difference between two snapshots. */
export type Event = { [E in keyof Events]: { name: E; data: Events[E] } }[keyof Events];

export interface PeerSnapshot {
	displayName: string;
	camera: boolean;
	mic: boolean;
	share: boolean;
}

/** Everything that events report, at one moment. */
export interface Snapshot {
	peerId: string;
	displayName: string;
	/** join would begin a visit. */
	joinable: boolean;
	/** In the room, even while reconnecting. */
	entered: boolean;
	/** A problem of the connection that is worth an event; failed: not connected yet, after at least one attempt. */
	trouble: 'failed' | 'lost' | 'media-down' | 'media-lost' | 'media-blocked' | null;
	attemptsFailed: number;
	/** How the visit ended. */
	ended: { reason: string; error: string | null } | null;
	/** The participant first, then the others in order of joining. Empty outside the room. */
	peers: Map<string, PeerSnapshot>;
	problems: { camera: DeviceProblem | null; mic: DeviceProblem | null; share: ScreenProblem | null };
	/** How often there was one: the same problem again is news, too. */
	failures: { camera: number; mic: number; share: number };
	pinned: string | null;
	/** The browser plays no sound without a gesture. */
	silent: boolean;
	/** Null outside the room. */
	recording: Recording | null;
}

export const NOTHING: Snapshot = {
	peerId: '',
	displayName: '',
	joinable: false,
	entered: false,
	trouble: null,
	attemptsFailed: 0,
	ended: null,
	peers: new Map(),
	problems: { camera: null, mic: null, share: null },
	failures: { camera: 0, mic: 0, share: 0 },
	pinned: null,
	silent: false,
	recording: null,
};
