import type { Language } from '../../address/language';
import { language } from '../../i18n';

/** A text of this page in each language; the page has its own, so that rooms need not load them. */
export type Text = Record<Language, string>;

export const say = (text: Text) => text[language.value.language];

export const TEXTS = {
	title: { en: 'The bridge, live', ru: 'Мост вживую' },
	lead: {
		en: 'Your page controls a room in an iframe and is told what happens in it.',
		ru: 'Ваша страница управляет комнатой в iframe и узнаёт обо всём, что в ней происходит.',
	},
	room: { en: 'Room', ru: 'Комната' },
	name: { en: 'Name', ru: 'Имя' },
	kind: { en: 'Kind', ru: 'Тип' },
	call: { en: 'Meeting', ru: 'Встреча' },
	webinar: { en: 'Webinar, as a speaker', ru: 'Вебинар, докладчик' },
	attributes: { en: 'More URL attributes', ru: 'Другие атрибуты URL' },
	load: { en: 'Load the room', ru: 'Загрузить комнату' },
	another: { en: 'Open another participant', ru: 'Открыть ещё участника' },
	embed: { en: 'How to embed it', ru: 'Как встроить' },
	methods: { en: 'Methods', ru: 'Методы' },
	events: { en: 'Events', ru: 'События' },
	log: { en: 'What happens', ru: 'Что происходит' },
	clear: { en: 'Clear', ru: 'Очистить' },
	nothing: { en: 'Nothing yet: call join.', ru: 'Пока ничего: вызовите join.' },
	run: { en: 'Call', ru: 'Вызвать' },
	running: { en: 'Waiting…', ru: 'Ждём…' },
	result: { en: 'Answer', ru: 'Ответ' },
	data: { en: 'Data', ru: 'Данные' },
	peer: { en: 'Participant', ru: 'Участник' },
	camera: { en: 'Camera', ru: 'Камера' },
	microphone: { en: 'Microphone', ru: 'Микрофон' },
	groups: {
		join: { en: 'Joining', ru: 'Вход' },
		devices: { en: 'Devices', ru: 'Устройства' },
		sound: { en: 'Sound', ru: 'Звук' },
		view: { en: 'View', ru: 'Вид' },
		people: { en: 'People', ru: 'Участники' },
		recording: { en: 'Recording', ru: 'Запись' },
		connection: { en: 'Connection', ru: 'Соединение' },
	},
} satisfies Record<string, Text | Record<string, Text>>;

export type Group = keyof typeof TEXTS.groups;
