import { LANGUAGES } from '../../address/language';
import type { Events, Methods } from '../package/index';
import type { Group, Text } from './texts';

/** How the page asks for a method's data. */
export type Input =
	| { kind: 'none' }
	| { kind: 'text'; value: string }
	| { kind: 'number'; value: number; min: number; max: number; step: number }
	| { kind: 'truth'; value: boolean }
	| { kind: 'choice'; values: readonly string[] }
	| { kind: 'peer' }
	| { kind: 'constraints' }
	| { kind: 'device' }
	| { kind: 'track' };

interface MethodEntry {
	group: Group;
	input: Input;
	text: Text;
}

interface EventEntry {
	group: Group;
	/** The fields of its data. */
	data: string;
	text: Text;
}

const NONE: Input = { kind: 'none' };
const PEER: Input = { kind: 'peer' };

const method = (group: Group, en: string, ru: string, input: Input = NONE): MethodEntry => ({ group, input, text: { en, ru } });

/** Each method, in the order in which people look for them. */
export const METHODS: Record<keyof Methods, MethodEntry> = {
	join: method(
		'join',
		'Enters the room with these devices. Without the welcome screen (nameScreenDisabled), this is the only way in.',
		'Входит в комнату с этими устройствами. Если экран приветствия отключён (nameScreenDisabled), другого способа войти нет.',
		{ kind: 'constraints' },
	),
	changeDisplayName: method('join', 'Changes the name that the others see.', 'Меняет имя, которое видят остальные.', {
		kind: 'text',
		value: 'Tom',
	}),
	enableMic: method('devices', 'Turns the microphone on.', 'Включает микрофон.'),
	disableMic: method('devices', 'Turns the microphone off.', 'Выключает микрофон.'),
	isMicroEnabled: method('devices', 'Whether the microphone is on.', 'Включён ли микрофон.'),
	enableWebcam: method('devices', 'Turns the camera on.', 'Включает камеру.'),
	disableWebcam: method('devices', 'Turns the camera off.', 'Выключает камеру.'),
	isCameraEnabled: method('devices', 'Whether the camera is on.', 'Включена ли камера.'),
	changeDevice: method(
		'devices',
		'Switches to another microphone or camera, one per call. A label is enough: ids differ from site to site.',
		'Переключает на другой микрофон или камеру, по одному устройству за вызов. Достаточно названия: id на каждом сайте свои.',
		{ kind: 'device' },
	),
	enableShare: method(
		'devices',
		'Shares the screen. The browser requires a click inside the room first, and the room asks for it.',
		'Показывает экран. Браузер требует, чтобы сначала нажали кнопку внутри комнаты; комната об этом попросит.',
	),
	disableShare: method('devices', 'Stops sharing the screen.', 'Прекращает показ экрана.'),
	isShareEnabled: method('devices', 'Whether the screen is shared.', 'Показывается ли экран.'),
	setBitrate: method(
		'devices',
		'Limits the bitrate of each video: numbers from 10 000 are bit/s, smaller ones kbit/s. A moderator limits the whole room, others only themselves. 0: no limit.',
		'Ограничивает битрейт каждого видео: числа от 10 000 — в бит/с, меньшие — в кбит/с. Модератор ограничивает всю комнату, остальные — только себя. 0 — без ограничения.',
		{ kind: 'number', value: 300_000, min: 0, max: 5_000_000, step: 50_000 },
	),
	setVolume: method('sound', 'Sets the volume of the others, 0 to 100.', 'Задаёт громкость остальных, от 0 до 100.', {
		kind: 'number',
		value: 50,
		min: 0,
		max: 100,
		step: 5,
	}),
	muteAudio: method('sound', 'Mutes the others for this participant.', 'Выключает звук остальных.'),
	unmuteAudio: method('sound', 'Turns the sound of the others on again.', 'Снова включает звук остальных.'),
	playAudio: method(
		'sound',
		'Starts the sound after playingAudioPrevent; asks for a click where the browser requires one.',
		'Включает звук после playingAudioPrevent; просит нажать кнопку, если этого требует браузер.',
	),
	setControlsVisible: method('view', "Shows or hides the room's buttons.", 'Показывает или скрывает кнопки комнаты.', {
		kind: 'truth',
		value: false,
	}),
	setHideIndicators: method('view', 'Hides names and marks on the tiles.', 'Скрывает имена и значки на плитках.', {
		kind: 'truth',
		value: true,
	}),
	enablePin: method('view', 'Shows a participant large.', 'Показывает участника крупно.', PEER),
	disablePin: method('view', 'Stops showing a participant large.', 'Больше никого не показывает крупно.'),
	enableFullscreen: method(
		'view',
		'Enters full screen; asks for a click, as enableShare does.',
		'Включает полноэкранный режим; просит нажать кнопку, как и enableShare.',
	),
	disableFullscreen: method('view', 'Leaves full screen.', 'Выходит из полноэкранного режима.'),
	isFullscreenEnabled: method('view', 'Whether the room is full screen.', 'Занимает ли комната весь экран.'),
	setLocale: method('view', 'Changes the language.', 'Меняет язык.', { kind: 'choice', values: LANGUAGES }),
	getScreenshotByPeerId: method(
		'people',
		"Returns a participant's current picture, a PNG in a data: URL.",
		'Возвращает текущее изображение участника: PNG в виде data: URL.',
		PEER,
	),
	disabledTrackByModerator: method(
		'people',
		'Turns a participant’s microphone or camera off. Moderators only.',
		'Выключает микрофон или камеру участника. Только для модераторов.',
		{ kind: 'track' },
	),
	disableAllMics: method(
		'people',
		'Turns all microphones off. Moderators only.',
		'Выключает все микрофоны. Только для модераторов.',
	),
	disableAllCameras: method(
		'people',
		'Turns all cameras off. Moderators only.',
		'Выключает все камеры. Только для модераторов.',
	),
	startRecording: method(
		'recording',
		'Starts to record the room. Only for moderators whose token has canRecord, like the next three.',
		'Начинает запись комнаты. Только для модераторов, у которых в токене есть canRecord, как и следующие три.',
	),
	pauseRecording: method('recording', 'Interrupts the recording.', 'Приостанавливает запись.'),
	resumeRecording: method('recording', 'Continues a paused recording.', 'Продолжает приостановленную запись.'),
	stopRecording: method('recording', 'Ends the recording.', 'Останавливает запись.'),
	getRecording: method(
		'recording',
		'Whether the room is being recorded, and how many seconds there are.',
		'Записывается ли комната и сколько секунд уже записано.',
	),
};

const event = (group: Group, data: string, en: string, ru: string): EventEntry => ({ group, data, text: { en, ru } });

const PEER_DATA = 'peerId, displayName';
const SWITCH_DATA = 'peerId, displayName, isLocal';
const ERROR_DATA = 'peerId, displayName, name, message';

export const EVENTS: Record<keyof Events, EventEntry> = {
	ready: event(
		'join',
		PEER_DATA,
		'The page in the iframe has loaded, and the bridge works.',
		'Страница в iframe загружена, мост работает.',
	),
	readyToJoin: event('join', PEER_DATA, 'join may be called.', 'Можно вызывать join.'),
	join: event('join', PEER_DATA, 'The participant is in the room.', 'Участник в комнате.'),
	newPeer: event('people', PEER_DATA, 'Somebody joined.', 'Кто-то вошёл.'),
	peerClosed: event('people', PEER_DATA, 'Somebody left.', 'Кто-то вышел.'),
	switchOnCamera: event(
		'devices',
		SWITCH_DATA,
		'A camera was turned on: this participant’s or another’s.',
		'Включена камера: своя или чужая.',
	),
	switchOffCamera: event('devices', SWITCH_DATA, 'A camera was turned off.', 'Камера выключена.'),
	errorGetCamera: event('devices', ERROR_DATA, 'The camera cannot be used.', 'Камера недоступна.'),
	switchOnMic: event('devices', SWITCH_DATA, 'A microphone was turned on.', 'Микрофон включён.'),
	switchOffMic: event('devices', SWITCH_DATA, 'A microphone was turned off.', 'Микрофон выключен.'),
	errorGetMic: event('devices', ERROR_DATA, 'The microphone cannot be used.', 'Микрофон недоступен.'),
	switchOnShare: event('devices', SWITCH_DATA, 'Somebody started to share a screen.', 'Начался показ экрана.'),
	switchOffShare: event('devices', SWITCH_DATA, 'Somebody stopped sharing a screen.', 'Показ экрана окончен.'),
	errorGetShare: event('devices', ERROR_DATA, 'The screen cannot be shared.', 'Показать экран не удалось.'),
	switchOnPin: event('view', 'peerId', 'A participant is shown large.', 'Участник показан крупно.'),
	switchOffPin: event('view', 'peerId', 'A participant is no longer shown large.', 'Участник больше не показан крупно.'),
	errorGetPin: event('view', 'peerId', 'There is nobody to show large.', 'Крупно показать некого.'),
	playingAudioPrevent: event(
		'sound',
		'peerId',
		'The browser plays no sound, or no video, until the participant clicks.',
		'Браузер не включит звук или видео, пока участник не нажмёт кнопку.',
	),
	recordingStarted: event('recording', 'elapsed, by', 'The room is being recorded.', 'Комната записывается.'),
	recordingPaused: event('recording', 'elapsed', 'The recording was paused.', 'Запись приостановлена.'),
	recordingResumed: event('recording', 'elapsed', 'The recording continues.', 'Запись продолжается.'),
	recordingStopped: event('recording', 'elapsed, reason', 'The recording has ended.', 'Запись остановлена.'),
	recordingFailed: event(
		'recording',
		'reason',
		'A recording did not start, or was lost.',
		'Запись не началась или оборвалась.',
	),
	disconnected: event(
		'connection',
		'peerId',
		'The connection was lost and is being restored.',
		'Соединение прервалось и восстанавливается.',
	),
	reconnected: event('connection', 'peerId', 'The connection is back.', 'Соединение восстановлено.'),
	connectionFailed: event('connection', 'peerId', 'An attempt to connect failed.', 'Попытка соединиться не удалась.'),
	connectionError: event('connection', 'peerId, error', 'Something went wrong.', 'Что-то пошло не так.'),
	connectionClosed: event(
		'connection',
		'peerId, reason',
		'The participant left or was turned away.',
		'Участник вышел, или его не впустили.',
	),
};
