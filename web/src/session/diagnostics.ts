import type { VisitState } from './state';
import type { Link } from './trouble';
import type { Visit } from './visit';

/**
 * The page's diagnostic interface, window.amphi: for tests, and for support staff on a user's machine.
 * It only reads, except for setPreferredLayers, which requests other simulcast or SVC layers from the server.
 */
interface Diagnostics {
	/** What this page receives now, from getStats() of the receiving PeerConnection. */
	stats(): Promise<ReceivedStats>;
	/** The visit's state; null before joining. */
	readonly state: PlainState | null;
	/** The highest layers wanted of a peer's video; 0 is the lowest. */
	setPreferredLayers(peerId: string, spatial: number, temporal: number): Promise<void>;
}

/** VisitState as plain data: true stands for a track. */
interface PlainState {
	phase: VisitState['phase'];
	link: Link;
	refusal: VisitState['refusal'];
	waiting: boolean;
	rights: VisitState['rights'];
	peers: PlainPeer[];
}

interface PlainPeer {
	id: string;
	displayName: string;
	video: boolean;
	/** There is video, but this viewer's link does not carry it now. */
	starved: boolean;
	audio: boolean;
	audioPaused: boolean;
	share: boolean;
	shareStarved: boolean;
}

interface ReceivedVideo {
	peerId: string;
	/** Of the peer's screen. */
	share: boolean;
	framesDecoded: number;
	frameWidth: number;
	frameHeight: number;
	framesPerSecond: number;
	freezeCount: number;
	packetsReceived: number;
	packetsLost: number;
	bytesReceived: number;
	codec: string;
}

interface ReceivedAudio {
	peerId: string;
	share: boolean;
	totalAudioEnergy: number;
	packetsReceived: number;
	packetsLost: number;
	bytesReceived: number;
}

interface ReceivedStats {
	video: ReceivedVideo[];
	audio: ReceivedAudio[];
	/** Of the receiving PeerConnection: new, connecting, connected, disconnected, failed; absent before joining. */
	connectionState?: string;
	/** Absent until the transport is connected. */
	srtpCipher?: string;
	dtlsState?: string;
}

declare global {
	interface Window {
		amphi: Diagnostics;
	}
}

export function installDiagnostics(visit: () => Visit | null) {
	window.amphi = {
		stats: () => stats(visit()),
		get state() {
			const state = visit()?.state.value;
			return state ? plain(state) : null;
		},
		setPreferredLayers: async (peerId, spatial, temporal) => {
			const current = visit();
			if (!current) throw new Error('not in a room');
			await current.setPreferredLayers(peerId, spatial, temporal);
		},
	};
}

function plain({ phase, link, refusal, waiting, rights, peers }: VisitState): PlainState {
	return {
		phase,
		link,
		refusal,
		waiting,
		rights,
		peers: peers.map(({ id, displayName, video, starved, audio, mic, share, shareStarved }) => ({
			id,
			displayName,
			video: video !== null,
			starved,
			audio: audio !== null,
			audioPaused: audio !== null && mic === false,
			share: share !== null,
			shareStarved,
		})),
	};
}

async function stats(visit: Visit | null): Promise<ReceivedStats> {
	const result: ReceivedStats = { video: [], audio: [] };
	const media = visit?.media;
	if (!media) return result;

	const owners = new Map(media.subscriber.consumers().map((owned) => [owned.consumer.track.id, owned]));
	const report = await media.recvTransport.getStats();
	result.connectionState = media.recvTransport.connectionState;
	report.forEach((entry) => {
		if (entry.type === 'transport') {
			result.srtpCipher = entry.srtpCipher;
			result.dtlsState = entry.dtlsState;
		}
		if (entry.type !== 'inbound-rtp') return;
		const owner = owners.get(entry.trackIdentifier);
		// A track without an owner is mediasoup-client's bandwidth probe, or belongs to a consumer that was just closed.
		if (!owner) return;
		const common = {
			peerId: owner.peerId,
			share: owner.share,
			packetsReceived: entry.packetsReceived ?? 0,
			packetsLost: entry.packetsLost ?? 0,
			bytesReceived: entry.bytesReceived ?? 0,
		};
		if (entry.kind === 'audio') {
			result.audio.push({ ...common, totalAudioEnergy: entry.totalAudioEnergy ?? 0 });
		} else {
			result.video.push({
				...common,
				framesDecoded: entry.framesDecoded ?? 0,
				frameWidth: entry.frameWidth ?? 0,
				frameHeight: entry.frameHeight ?? 0,
				framesPerSecond: entry.framesPerSecond ?? 0,
				freezeCount: entry.freezeCount ?? 0,
				codec: report.get(entry.codecId)?.mimeType ?? '',
			});
		}
	});
	return result;
}
