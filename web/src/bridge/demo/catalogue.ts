import type { Events, Methods } from '../package/index';
import type { Group, Text } from './texts';

/** How the page asks for a method's data. */
export type Input =
	| { kind: 'none' }
	| { kind: 'text'; value: string }
	| { kind: 'number'; value: number; min: number; max: number; step: number }
	| { kind: 'truth'; value: boolean }
	| { kind: 'choice'; values: string[] }
	| { kind: 'peer' }
	| { kind: 'constraints' }
	| { kind: 'device' }
	| { kind: 'track' };

export interface MethodEntry {
	group: Group;
	input: Input;
	text: Text;
}

export interface EventEntry {
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
		'Enters the room, with these devices. Without the welcome screen (nameScreenDisabled) this is the way in.',
		'Вход в комнату с этими устройствами. Без экрана приветствия (nameScreenDisabled) входят именно так.',
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
		'Another microphone or camera, one a call. A label will do: ids differ from site to site.',
		'Другой микрофон или камера, по одному за вызов. Достаточно названия: у каждого сайта свои id.',
		{ kind: 'device' },
	),
	enableShare: method(
		'devices',
		'Shares the screen. The browser wants a tap into the room first, which the room asks for.',
		'Показывает экран. Браузер требует сначала нажатия внутри комнаты; комната о нём попросит.',
	),
	disableShare: method('devices', 'Stops sharing the screen.', 'Прекращает показ экрана.'),
	isShareEnabled: method('devices', 'Whether the screen is shared.', 'Показывается ли экран.'),
	setBitrate: method(
		'devices',
		'The most that each picture may take: from 10 000 on in bit/s, below that in kbit/s. A moderator limits the room, anyone else himself. 0: no limit.',
		'Предел для каждого изображения: от 10 000 — в бит/с, меньшие числа — в кбит/с. Модератор ограничивает всю комнату, остальные — только себя. 0: без предела.',
		{ kind: 'number', value: 300_000, min: 0, max: 5_000_000, step: 50_000 },
	),
	setVolume: method('sound', 'How loud the others are, 0 to 100.', 'Громкость остальных, от 0 до 100.', {
		kind: 'number',
		value: 50,
		min: 0,
		max: 100,
		step: 5,
	}),
	muteAudio: method('sound', 'Silences the others.', 'Выключает звук остальных.'),
	unmuteAudio: method('sound', 'Lets the others be heard again.', 'Снова включает звук остальных.'),
	playAudio: method(
		'sound',
		'Starts the sound after playingAudioPrevent; asks for a tap where the browser wants one.',
		'Запускает звук после playingAudioPrevent; просит нажатия, если его требует браузер.',
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
	disablePin: method('view', 'Everybody is equal again.', 'Все снова наравне.'),
	enableFullscreen: method('view', 'Full screen; asks for a tap, as enableShare does.', 'Полный экран; просит нажатия, как enableShare.'),
	disableFullscreen: method('view', 'Leaves full screen.', 'Выходит из полного экрана.'),
	isFullscreenEnabled: method('view', 'Whether the room is full screen.', 'Занимает ли комната весь экран.'),
	setLocale: method('view', 'Changes the language.', 'Меняет язык.', { kind: 'choice', values: ['en', 'ru'] }),
	getScreenshotByPeerId: method(
		'people',
		"A participant's picture as it is now, a PNG in a data: URL.",
		'Изображение участника в этот момент: PNG в виде data: URL.',
		PEER,
	),
	disabledTrackByModerator: method(
		'people',
		'Turns a participant’s microphone or camera off. Moderators only.',
		'Выключает микрофон или камеру участника. Только для модераторов.',
		{ kind: 'track' },
	),
	disableAllMics: method('people', 'Turns all microphones off. Moderators only.', 'Выключает все микрофоны. Только для модераторов.'),
	disableAllCameras: method('people', 'Turns all cameras off. Moderators only.', 'Выключает все камеры. Только для модераторов.'),
};

const event = (group: Group, data: string, en: string, ru: string): EventEntry => ({ group, data, text: { en, ru } });

const PEER_DATA = 'peerId, displayName';
const SWITCH_DATA = 'peerId, displayName, isLocal';
const ERROR_DATA = 'peerId, displayName, name, message';

export const EVENTS: Record<keyof Events, EventEntry> = {
	ready: event('join', PEER_DATA, 'The iframe is there, and the bridge stands.', 'Страница в iframe загружена, мост работает.'),
	readyToJoin: event('join', PEER_DATA, 'join may be called.', 'Можно вызывать join.'),
	join: event('join', PEER_DATA, 'The participant is in the room.', 'Участник в комнате.'),
	newPeer: event('people', PEER_DATA, 'Somebody came.', 'Кто-то вошёл.'),
	peerClosed: event('people', PEER_DATA, 'Somebody left.', 'Кто-то вышел.'),
	switchOnCamera: event('devices', SWITCH_DATA, 'A camera is on: one’s own, or somebody’s.', 'Включилась камера: своя или чужая.'),
	switchOffCamera: event('devices', SWITCH_DATA, 'A camera is off.', 'Камера выключена.'),
	errorGetCamera: event('devices', ERROR_DATA, 'The camera cannot be used.', 'Камеру нельзя использовать.'),
	switchOnMic: event('devices', SWITCH_DATA, 'A microphone is on.', 'Микрофон включён.'),
	switchOffMic: event('devices', SWITCH_DATA, 'A microphone is off.', 'Микрофон выключен.'),
	errorGetMic: event('devices', ERROR_DATA, 'The microphone cannot be used.', 'Микрофон нельзя использовать.'),
	switchOnShare: event('devices', SWITCH_DATA, 'A screen is shared.', 'Начался показ экрана.'),
	switchOffShare: event('devices', SWITCH_DATA, 'A screen is no longer shared.', 'Показ экрана закончен.'),
	errorGetShare: event('devices', ERROR_DATA, 'The screen cannot be shared.', 'Экран показать нельзя.'),
	switchOnPin: event('view', 'peerId', 'A participant is shown large.', 'Участник показан крупно.'),
	switchOffPin: event('view', 'peerId', 'A participant is no longer shown large.', 'Участник больше не показан крупно.'),
	errorGetPin: event('view', 'peerId', 'There is nobody to show large.', 'Крупно показать некого.'),
	playingAudioPrevent: event(
		'sound',
		'peerId',
		'The browser plays no sound, or no pictures, before the participant has tapped.',
		'Браузер не включает звук или изображение, пока участник не нажмёт.',
	),
	disconnected: event('connection', 'peerId', 'The connection broke; it is being made again.', 'Соединение прервалось и восстанавливается.'),
	reconnected: event('connection', 'peerId', 'All is well again.', 'Всё снова работает.'),
	connectionFailed: event('connection', 'peerId', 'An attempt to connect failed.', 'Попытка соединиться не удалась.'),
	connectionError: event('connection', 'peerId, error', 'Something went wrong.', 'Что-то пошло не так.'),
	connectionClosed: event('connection', 'peerId, reason', 'The participant has left, or was turned away.', 'Участник вышел, или его не впустили.'),
};
