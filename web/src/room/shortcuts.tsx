import { useEffect } from 'preact/hooks';
import { enterFullscreen, exitFullscreen, fullscreen } from '../base/fullscreen';
import { recall, remember } from '../base/storage';
import { Store } from '../base/store';
import { t } from '../i18n';
import type { LocalMedia } from '../media/local';
import type { ScreenShare } from '../media/screen';
import { toggleLayout, togglePanel, view } from '../session/view';
import type { Visit } from '../session/visit';
import { Dialog } from '../ui/dialog';
import { Switch } from '../ui/switch';
import { useStore } from '../ui/usestore';
import { toggleShare } from './sharing';

/** Keys by their position, so that they also work with a Russian layout, and their actions. */
const KEYS = {
	KeyM: 'mic',
	KeyV: 'camera',
	KeyS: 'share',
	KeyH: 'hand',
	KeyC: 'chat',
	KeyP: 'people',
	KeyL: 'layout',
	KeyF: 'fullscreen',
} as const;

type Deed = (typeof KEYS)[keyof typeof KEYS] | 'help';

/** Single letters get in the way of speech input, so they can be switched off (WCAG 2.1.4). */
export const shortcuts = new Store({ on: recall('shortcuts') !== 'off', help: false });

function setShortcuts(on: boolean) {
	shortcuts.update({ on });
	remember('shortcuts', on ? 'on' : 'off');
}

function deedOf(event: KeyboardEvent): Deed | undefined {
	if (event.ctrlKey || event.metaKey || event.altKey || event.repeat || event.defaultPrevented) return undefined;
	if (event.key === '?') return 'help';
	return event.shiftKey ? undefined : KEYS[event.code as keyof typeof KEYS];
}

/** Whether letters are text here, or a dialog or menu is open. */
function isBusy(target: EventTarget | null): boolean {
	if (document.querySelector('dialog[open], [popover]:popover-open')) return true;
	return target instanceof HTMLElement && target.closest('input, textarea, select, [contenteditable]') !== null;
}

export function useShortcuts(visit: Visit, local: LocalMedia | null, screen: ScreenShare) {
	useEffect(() => {
		const deeds: Record<Deed, () => void> = {
			mic: () => void local?.turn('mic', !local.devices.value.mic.on),
			camera: () => void local?.turn('camera', !local.devices.value.camera.on),
			share: () => void (local && toggleShare(screen)),
			hand: () => {
				const { hands, peerId, rights } = visit.state.value;
				if (rights.hand) void visit.raiseHand(!hands.some(({ id }) => id === peerId)).catch(() => {});
			},
			chat: () => {
				if (visit.state.value.rights.chat) togglePanel('chat');
			},
			people: () => togglePanel('people'),
			layout: toggleLayout,
			fullscreen: () => void (fullscreen.value.enabled ? exitFullscreen() : enterFullscreen()),
			help: () => shortcuts.update({ help: true }),
		};
		const pressed = (event: KeyboardEvent) => {
			const deed = deedOf(event);
			// An embedding page that has taken away the controls has taken away the keys, too.
			if (!deed || !shortcuts.value.on || !view.value.controls || isBusy(event.target)) return;
			event.preventDefault();
			deeds[deed]();
		};
		addEventListener('keydown', pressed);
		return () => removeEventListener('keydown', pressed);
	}, [visit, local, screen]);
}

export function ShortcutsDialog() {
	const { on } = useStore(shortcuts);
	return (
		<Dialog title={t('shortcuts.title')} testId="shortcuts" onClose={() => shortcuts.update({ help: false })}>
			<dl class="keys">
				{Object.entries(KEYS).map(([code, deed]) => (
					<div key={code}>
						<dt>{t(`shortcuts.${deed}`)}</dt>
						<dd>
							<kbd>{code.slice(3)}</kbd>
						</dd>
					</div>
				))}
				<div>
					<dt>{t('shortcuts.help')}</dt>
					<dd>
						<kbd>?</kbd>
					</dd>
				</div>
			</dl>
			<Switch label={t('shortcuts.use')} on={on} testId="shortcuts-switch" onChange={setShortcuts} />
		</Dialog>
	);
}
