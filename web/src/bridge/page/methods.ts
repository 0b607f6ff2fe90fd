import { LANGUAGES } from '../../address/language';
import { cleanName, NAME_MAX, validName } from '../../address/name';
import { enterFullscreen, exitFullscreen, fullscreen } from '../../base/fullscreen';
import { askForGesture } from '../../base/gesture';
import { settled } from '../../base/store';
import { setLanguage } from '../../i18n';
import { listen, playback } from '../../media/playback';
import type { ScreenShare } from '../../media/screen';
import type { Meeting } from '../../session/meeting';
import { view } from '../../session/view';
import type { RecordingAction, Visit } from '../../session/visit';
import type { Constraints, Methods } from '../package/index';
import { MethodError } from './answer';
import { bitrate } from './bitrate';
import { chooseDevice, openWanted, readConstraints, turn } from './devices';
import { recordingData } from './recording';
import { screenshot } from './screenshot';

/** How long a call waits for the participant's click; the overlay waits longer. */
const TAP_MS = 8000;

/** How long join waits for devices once the participant is in the room. */
const DEVICES_MS = 3000;

/** Of the participant's own camera. */
const ONE_SIZE = { now: 0, largest: 0 };

/** A method without a result answers true. */
type Result<M extends keyof Methods> = Methods[M][1] extends true ? void : Methods[M][1];
type Table = { [M in keyof Methods]: (data: unknown) => Result<M> | Promise<Result<M>> };

/** The Client API. The embedding page's data may be anything. */
export function methods(meeting: Meeting, emit: (name: 'errorGetPin', data: { peerId: string }) => void): Table {
	const { local, screen } = meeting;

	/** The visit, once the participant is in the room. */
	const visit = (): Visit => {
		const { visit } = meeting.state.value;
		if (visit?.state.value.phase !== 'open' || !visit.state.value.entered)
			throw new MethodError('not-in-room', 'The participant is not in the room.');
		return visit;
	};

	const mayPublish = () => {
		const { visit } = meeting.state.value;
		const speaker = visit ? visit.state.value.rights.speaker : meeting.attributes.speaker;
		if (!speaker) throw new MethodError('unsupported', 'Viewers have no camera, microphone or screen.');
	};

	const device = (name: 'mic' | 'camera', on: boolean) => async () => {
		mayPublish();
		await turn(local, name, on);
	};

	const deviceIsOn = (name: 'mic' | 'camera') => {
		const { on, track } = local.devices.value[name];
		return on && track !== null;
	};

	const record = (action: RecordingAction) => async () => {
		await visit().moderateRoom(action);
	};

	return {
		join: async (data) => {
			const constraints = readConstraints(data);
			const { displayName } = (data ?? {}) as { displayName?: unknown };
			if (displayName !== undefined) setName(meeting, displayName);
			return join(meeting, constraints);
		},
		enableMic: device('mic', true),
		disableMic: device('mic', false),
		enableWebcam: device('camera', true),
		disableWebcam: device('camera', false),
		enableShare: async () => {
			visit();
			mayPublish();
			await share(screen);
		},
		disableShare: () => {
			screen.stop();
		},
		changeDisplayName: async (data) => {
			const name = cleanName(text(data, 'the name'));
			if (name === null)
				throw new MethodError('bad-data', `A name has ${NAME_MAX} characters at most, and no line breaks.`);
			if (!name) throw new MethodError('bad-data', 'The name is empty.');
			const { visit } = meeting.state.value;
			if (visit?.state.value.phase === 'open' && visit.state.value.entered) await visit.changeDisplayName(name);
			meeting.state.update({ name });
		},
		setVolume: (data) => {
			playback.update({ volume: within(data, 0, 100) });
		},
		getScreenshotByPeerId: async (data) => {
			const peerId = text(data, 'peerId');
			const { state, sight, media } = visit();
			const own = peerId === state.value.peerId;
			const track = own ? local.devices.value.camera.track : state.value.peers.find(({ id }) => id === peerId)?.video;
			if (!track) throw new MethodError('not-found', `There is no picture of ${peerId}.`);
			// The tile may be small or scrolled away; then its video is not sent in full size, or not at all.
			const release = sight.want(peerId);
			try {
				return await screenshot(track, () => (own || !media ? ONE_SIZE : media.subscriber.sizeOf(peerId)));
			} finally {
				release();
			}
		},
		setControlsVisible: (data) => {
			view.update({ controls: truth(data) });
		},
		setHideIndicators: (data) => {
			view.update({ indicators: !truth(data) });
		},
		isCameraEnabled: () => deviceIsOn('camera'),
		isMicroEnabled: () => deviceIsOn('mic'),
		isShareEnabled: () => screen.state.value.video !== null,
		changeDevice: async (data) => {
			const { audio, video } = readConstraints(data);
			mayPublish();
			if (typeof audio === 'object' && video === undefined) await chooseDevice(local, 'mic', audio);
			else if (typeof video === 'object' && audio === undefined) await chooseDevice(local, 'camera', video);
			else throw new MethodError('bad-data', 'constraints names one device: audio or video.');
		},
		playAudio: async () => {
			if (await listen()) return;
			askForGesture('audio', () => void listen());
			await tapped(settled(playback, ({ blocked }) => !blocked));
		},
		muteAudio: () => {
			playback.update({ muted: true });
		},
		unmuteAudio: () => {
			playback.update({ muted: false });
		},
		setBitrate: async (data) => {
			await visit().limitBitrate(bitrate(within(data, 0, 1e9)));
		},
		isFullscreenEnabled: () => fullscreen.value.enabled,
		enableFullscreen: async () => {
			const answer = await enterFullscreen();
			if (answer === 'unsupported') throw new MethodError('unsupported', 'There is no full screen here.');
			if (answer === 'gesture') await tapped(settled(fullscreen, ({ enabled }) => enabled));
		},
		disableFullscreen: async () => {
			await exitFullscreen();
		},
		enablePin: (data) => {
			const peerId = text(data, 'peerId');
			const here = visit();
			try {
				here.pin(peerId);
			} catch {
				emit('errorGetPin', { peerId });
				throw new MethodError('not-found', `There is no tile of ${peerId}.`);
			}
		},
		disablePin: () => {
			visit().unpin();
		},
		setLocale: async (data) => {
			// The types hold the page's languages and those of index.d.ts together, in both directions.
			const language: Methods['setLocale'][0] | undefined = LANGUAGES.find((known) => known === data);
			if (!language) throw new MethodError('bad-data', `The languages are ${new Intl.ListFormat('en').format(LANGUAGES)}.`);
			await setLanguage(language);
		},
		disabledTrackByModerator: async (data) => {
			const { userPeerId, peerId = userPeerId, kind } = (data ?? {}) as Record<string, unknown>;
			if (kind !== 'audio' && kind !== 'video') throw new MethodError('bad-data', 'kind is audio or video.');
			await visit().mutePeer(text(peerId, 'userPeerId'), kind);
		},
		disableAllMics: async () => {
			await visit().muteAll('audio');
		},
		disableAllCameras: async () => {
			await visit().muteAll('video');
		},
		startRecording: record('startRecording'),
		stopRecording: record('stopRecording'),
		pauseRecording: record('pauseRecording'),
		resumeRecording: record('resumeRecording'),
		getRecording: () => recordingData(visit().state.value.recording),
	};
}

/** As with the attribute, an invalid name is reported but does not keep anybody out. */
function setName(meeting: Meeting, wish: unknown) {
	const name = typeof wish === 'string' ? validName(wish) : undefined;
	if (name) meeting.state.update({ name });
	else console.warn(`amphi: join ignores displayName: bad value ${JSON.stringify(wish)}`);
}

async function join(meeting: Meeting, constraints: Constraints) {
	const { local, attributes } = meeting;
	const opening = attributes.speaker
		? openWanted(local, constraints).catch((error) => console.warn('amphi: join', error))
		: Promise.resolve();
	const current = meeting.state.value.visit;
	const visit = current?.state.value.phase === 'open' ? current : await meeting.join();
	const { phase, refusal, waiting, peerId, name } = await settled(
		visit.state,
		({ phase, waiting, entered }) => phase !== 'open' || waiting || entered,
	);
	if (refusal) throw new MethodError('refused', `${refusal.reason}: ${refusal.message}`);
	if (phase !== 'open') throw new MethodError('failed', 'The participant has left.');
	// A permission prompt of the browser delays only this answer, and not for long.
	await Promise.race([opening, new Promise((resolve) => setTimeout(resolve, DEVICES_MS))]);
	return { peerId, displayName: name, ...(waiting && { waiting: true as const }) };
}

async function share(screen: ScreenShare) {
	if (await screen.start()) return;
	await settled(screen.state, ({ pending }) => !pending);
	if (screen.state.value.problem === 'gesture') {
		let start: Promise<boolean> | null = null;
		askForGesture('share', () => void (start = screen.start()));
		await tapped(settled(screen.state, ({ video, pending }) => video !== null || (start !== null && !pending)));
	}
	const { video, problem } = screen.state.value;
	if (video) return;
	if (problem === 'policy' || problem === 'busy') throw new MethodError(problem, `The screen is not shared: ${problem}.`);
	if (problem === 'unsupported') throw new MethodError('unsupported', 'This browser cannot share the screen.');
	throw new MethodError('denied', 'The participant does not share the screen.');
}

/** Waits for the participant's click in this page, and for its result. */
async function tapped(done: Promise<unknown>) {
	let timer: ReturnType<typeof setTimeout>;
	const late = new Promise<never>((_, reject) => {
		const error = new MethodError(
			'user-activation-required',
			'The participant has to tap into the room first; it asks for that.',
		);
		timer = setTimeout(() => reject(error), TAP_MS);
	});
	await Promise.race([done, late]).finally(() => clearTimeout(timer));
}

function text(data: unknown, what: string): string {
	if (typeof data === 'number') return String(data);
	if (typeof data !== 'string') throw new MethodError('bad-data', `${what} is not a string.`);
	return data;
}

function truth(data: unknown): boolean {
	if (typeof data !== 'boolean') throw new MethodError('bad-data', 'This takes true or false.');
	return data;
}

function within(data: unknown, min: number, max: number): number {
	const number = typeof data === 'string' && data.trim() ? Number(data) : data;
	if (typeof number !== 'number' || !(number >= min && number <= max))
		throw new MethodError('bad-data', `This takes a number from ${min} to ${max}.`);
	return number;
}
