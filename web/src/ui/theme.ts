import { Store } from './store';

export type Theme = 'system' | 'light' | 'dark';
export const THEMES: Theme[] = ['system', 'light', 'dark'];

const KEY = 'amphi.theme';

/** Which colours the participant chose; "system" follows the device. Kept by the browser where it may keep anything. */
export const theme = new Store<{ theme: Theme }>({ theme: stored() });

export function startTheme() {
	theme.subscribe(apply);
	apply();
}

export function setTheme(chosen: Theme) {
	theme.update({ theme: chosen });
	try {
		localStorage.setItem(KEY, chosen);
	} catch {
		// Third-party storage may be blocked: then the choice holds for this visit.
	}
}

function apply() {
	document.documentElement.dataset.theme = theme.value.theme;
}

function stored(): Theme {
	try {
		return THEMES.find((known) => known === localStorage.getItem(KEY)) ?? 'system';
	} catch {
		return 'system';
	}
}
