import { playback } from '../../media/playback';
import type { Meeting } from '../../session/meeting';
import { troubleOf } from '../../session/trouble';
import { view } from '../../session/view';
import { NOTHING, type Snapshot } from './snapshot';

export function snapshot({ attributes, local, screen, state }: Meeting): Snapshot {
	const { visit, name } = state.value;
	const { mic, camera } = local.devices.value;
	const share = screen.state.value;
	const now: Snapshot = {
		...NOTHING,
		peerId: attributes.peerId,
		displayName: name,
		joinable: visit?.state.value.phase !== 'open',
		peers: new Map(),
		problems: { camera: camera.problem, mic: mic.problem, share: share.problem },
		failures: { camera: camera.failures, mic: mic.failures, share: share.failures },
	};
	if (!visit) return now;

	const { phase, refusal, entered, link, rights, peers, viewers, ...of } = visit.state.value;
	now.peerId = of.peerId;
	now.displayName = of.name;
	now.attemptsFailed = of.attemptsFailed;
	if (phase === 'left') now.ended = { reason: 'left', error: null };
	if (refusal) now.ended = { reason: refusal.reason, error: `${refusal.reason}: ${refusal.message}` };
	if (phase !== 'open') return now;

	const trouble = troubleOf({ link, path: of.path });
	if (trouble === 'connecting') now.trouble = of.attemptsFailed > 0 ? 'failed' : null;
	else now.trouble = trouble === 'reconnecting' ? 'lost' : trouble;
	now.silent = playback.value.blocked;
	if (!entered) return now;

	now.entered = true;
	now.recording = of.recording;
	now.pinned = view.value.pinned?.peerId ?? null;
	now.peers.set(now.peerId, {
		displayName: now.displayName,
		camera: rights.speaker && camera.on && camera.track !== null,
		mic: rights.speaker && mic.on && mic.track !== null,
		share: rights.speaker && share.video !== null,
	});
	for (const { id, displayName, video, audio, mic, share } of [...peers, ...viewers])
		now.peers.set(id, {
			displayName,
			camera: video !== null,
			mic: audio !== null && mic === true,
			share: share !== null,
		});
	return now;
}

/** Calls `changed` whenever the snapshot may have changed. */
export function watch(meeting: Meeting, changed: () => void) {
	let stop = () => {};
	const follow = () => {
		stop();
		stop = meeting.state.value.visit?.state.subscribe(changed) ?? (() => {});
		changed();
	};
	meeting.state.subscribe(follow);
	follow();
	for (const store of [meeting.local.devices, meeting.screen.state, view, playback]) store.subscribe(changed);
}
