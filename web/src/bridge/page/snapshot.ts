import type { DeviceProblem } from '../../media/local';
import type { ScreenProblem } from '../../media/screen';

export interface PeerSnapshot {
	displayName: string;
	camera: boolean;
	mic: boolean;
	share: boolean;
}

/** All that events tell of, at one moment. */
export interface Snapshot {
	peerId: string;
	displayName: string;
	/** join would begin a visit. */
	joinable: boolean;
	/** In the room, also while the connection is made again. */
	entered: boolean;
	/** Connected but for this, which is worth an event; failed: not connected yet, after an attempt or more. */
	trouble: 'failed' | 'lost' | 'media-down' | 'media-lost' | 'media-blocked' | null;
	attemptsFailed: number;
	/** How the visit ended. */
	ended: { reason: string; error: string | null } | null;
	/** Oneself first, then the others in the order of joining. Empty outside of the room. */
	peers: Map<string, PeerSnapshot>;
	problems: { camera: DeviceProblem | null; mic: DeviceProblem | null; share: ScreenProblem | null };
	/** How often there was one: the same again is news, too. */
	failures: { camera: number; mic: number; share: number };
	pinned: string | null;
	/** The browser plays no sound without a gesture. */
	silent: boolean;
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
};
