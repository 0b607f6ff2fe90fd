import { recall, remember } from '../base/storage';
import { Store } from '../base/store';

export type Theme = 'system' | 'light' | 'dark';
export const THEMES: Theme[] = ['system', 'light', 'dark'];

/** The theme that the participant chose; "system" follows the device. The browser remembers it if it may store anything. */
export const theme = new Store<{ theme: Theme }>({ theme: stored() });

export function startTheme() {
	theme.subscribe(apply);
	apply();
}

export function setTheme(chosen: Theme) {
	theme.update({ theme: chosen });
	remember('theme', chosen);
}

function apply() {
	document.documentElement.dataset.theme = theme.value.theme;
}

function stored(): Theme {
	return THEMES.find((known) => known === recall('theme')) ?? 'system';
}
