import type { Attributes } from '../address/attributes';
import { Store } from '../base/store';

/** One of a participant's videos: the camera's, or the shared screen. */
export interface Pin {
	peerId: string;
	share: boolean;
}

/** auto: a shared screen is shown large, people all in the same size. */
type LayoutName = 'auto' | 'grid' | 'speaker';
export type PanelName = 'people' | 'chat';

/** How this participant views the room; nobody else is told. Buttons, keys, attributes and the Client API change it here. */
interface ViewState {
	layout: LayoutName;
	/** Set by Visit.pin(), which knows who is there. */
	pinned: Pin | null;
	panel: PanelName | null;
	/** The bar of controls. */
	controls: boolean;
	/** Names and marks on the tiles. */
	indicators: boolean;
	/** As many tiles as possible without scrolling. */
	minimizeTiles: boolean;
	/** People with video come first. */
	sortPeers: boolean;
}

export const view = new Store<ViewState>({
	layout: 'auto',
	pinned: null,
	panel: null,
	controls: true,
	indicators: true,
	minimizeTiles: false,
	sortPeers: false,
});

export function startView({ controlsDisabled, hideIndicators, minimizeTiles, sortPeers }: Attributes['view']) {
	view.update({ controls: !controlsDisabled, indicators: !hideIndicators, minimizeTiles, sortPeers });
}

export function togglePanel(panel: PanelName) {
	view.update({ panel: view.value.panel === panel ? null : panel });
}

export function toggleLayout() {
	view.update({ layout: view.value.layout === 'speaker' ? 'grid' : 'speaker', pinned: null });
}
