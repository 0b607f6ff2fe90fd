import i18next from 'i18next';
import type { Language } from '../page/attributes';
import { Store } from '../ui/store';
import { en, type Texts } from './en';
import { ru } from './ru';

/** The page's language; whoever shows texts is drawn again when it changes. */
export const language = new Store<{ language: Language }>({ language: 'en' });

export async function startI18n(fixed: Language | null) {
	await i18next.init({
		fallbackLng: false,
		resources: { en: { translation: en }, ru: { translation: ru } },
		keySeparator: false,
		nsSeparator: false,
		// Texts become DOM text nodes; escaping them here would show entities.
		interpolation: { escapeValue: false },
	});
	await setLanguage(fixed ?? browserLanguage());
}

/** Changes the language of the page that is shown. */
export async function setLanguage(chosen: Language) {
	await i18next.changeLanguage(chosen);
	document.documentElement.lang = chosen;
	language.update({ language: chosen });
}

export function t(key: keyof Texts, values: Record<string, string | number> = {}): string {
	return i18next.t(key, values);
}

/** A point in time, in the page's language and the participant's time zone. */
export function moment(ms: number): string {
	return new Intl.DateTimeFormat(i18next.language, { dateStyle: 'long', timeStyle: 'short' }).format(ms);
}

function browserLanguage(): Language {
	for (const tag of navigator.languages) {
		const [language] = tag.toLowerCase().split('-');
		if (language === 'en' || language === 'ru') return language;
	}
	return 'en';
}
