import i18next from 'i18next';
import { type Language, LANGUAGES } from '../address/language';
import { recall, remember } from '../base/storage';
import { Store } from '../base/store';
import { en, type Texts } from './en';
import { ru } from './ru';

/**
 * The page's language; components that show text are rendered again when it changes. `fixed`: set by the page's address, so
 * the participant is not offered a choice.
 */
export const language = new Store<{ language: Language; fixed: boolean }>({ language: 'en', fixed: false });

/** Each language's name for itself. */
export const LANGUAGE_NAMES: Record<Language, string> = { en: 'English', ru: 'Русский' };

const TEXTS: Record<Language, Texts> = { en, ru };

export async function startI18n(fixed: Language | null) {
	await i18next.init({
		fallbackLng: false,
		resources: Object.fromEntries(LANGUAGES.map((code) => [code, { translation: TEXTS[code] }])),
		keySeparator: false,
		nsSeparator: false,
		// Texts become DOM text nodes; escaping them here would show entities.
		interpolation: { escapeValue: false },
	});
	await setLanguage(fixed ?? known(recall('language')) ?? browserLanguage());
	language.update({ fixed: fixed !== null });
}

/** Changes the language of the page that is shown. */
export async function setLanguage(chosen: Language) {
	await i18next.changeLanguage(chosen);
	document.documentElement.lang = chosen;
	language.update({ language: chosen });
}

/** The participant's own choice, which is kept for the next visit. */
export async function chooseLanguage(chosen: Language) {
	remember('language', chosen);
	await setLanguage(chosen);
}

export function t(key: keyof Texts, values: Record<string, string | number> = {}): string {
	return i18next.t(key, values);
}

/** A number with one decimal at most, in the page's language. */
export function decimal(number: number): string {
	return new Intl.NumberFormat(i18next.language, { maximumFractionDigits: 1 }).format(number);
}

/** A point in time, in the page's language and the participant's time zone. */
export function moment(ms: number): string {
	return new Intl.DateTimeFormat(i18next.language, { dateStyle: 'long', timeStyle: 'short' }).format(ms);
}

/** The time of day of a point in time. */
export function clockTime(ms: number): string {
	return new Intl.DateTimeFormat(i18next.language, { timeStyle: 'short' }).format(ms);
}

const known = (text: string | null | undefined) => LANGUAGES.find((code) => code === text);

function browserLanguage(): Language {
	for (const tag of navigator.languages) {
		const found = known(tag.toLowerCase().split('-')[0]);
		if (found) return found;
	}
	return 'en';
}
