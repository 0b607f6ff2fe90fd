import type { Attributes } from '../address/attributes';
import { validName } from '../address/name';
import { guid } from '../base/guid';
import { recall, remember } from '../base/storage';
import { Store } from '../base/store';
import { t } from '../i18n';
import { LocalMedia } from '../media/local';
import { ScreenShare } from '../media/screen';
import type { Notice } from './notices';
import type { Visit } from './visit';

export type Joinable = Attributes & { roomId: string };

/** How long a page without a welcome screen waits for an embedding page to control it. */
const BRIDGE_MS = 3000;

/** Code that only a visit needs, loaded while people look at the welcome screen. */
interface Inside {
	Visit: typeof Visit;
	loadAhead(): void;
	sayNotice(notice: Notice, visit: Visit): void;
}

interface MeetingState {
	/** The visit that is going on, or the last one; null on the welcome screen. */
	visit: Visit | null;
	/** The name to join with, as far as it is known. */
	name: string;
	/** The code for a visit is being loaded … */
	loading: boolean;
	/** … or could not be: the network is gone, or the server has a newer page. */
	failed: boolean;
}

/** What one page does for its participant, from the welcome screen to the end, for its buttons and the embedding page. */
export class Meeting {
	readonly attributes: Joinable;
	readonly local = new LocalMedia();
	readonly screen = new ScreenShare();
	readonly state: Store<MeetingState>;
	readonly #load: () => Promise<Inside>;
	/** Joins without the welcome screen if no embedding page controls this page. */
	readonly #timer: ReturnType<typeof setTimeout> | undefined;
	#inside: Promise<Inside> | null = null;
	/** The devices that were on when the last visit ended. */
	#before = { mic: false, camera: false };

	constructor(attributes: Joinable, load: () => Promise<Inside>) {
		const { displayName, nameScreenDisabled } = attributes;
		this.attributes = attributes;
		this.#load = load;
		this.state = new Store<MeetingState>({
			visit: null,
			name: displayName ?? validName(recall('name') ?? '') ?? '',
			loading: false,
			failed: false,
		});
		if (nameScreenDisabled) this.#timer = setTimeout(() => void this.join().catch(() => {}), BRIDGE_MS);
	}

	/** An embedding page has connected: from now on, it alone decides when to join a room without a welcome screen. */
	driven() {
		clearTimeout(this.#timer);
	}

	/** Loads the code for a visit ahead of time. */
	async preload(): Promise<Inside> {
		try {
			return await (this.#inside ??= this.#load().then((inside) => {
				// If this fails, joining repeats it and reports the reason.
				inside.loadAhead();
				return inside;
			}));
		} catch (error) {
			this.#inside = null;
			throw error;
		}
	}

	/** Begins a visit, unless there is one. The devices stay as they are. Rejects where the room cannot be loaded. */
	async join(wanted = '', pin?: string): Promise<Visit> {
		this.driven();
		const name = validName(wanted);
		const { kind, roomId, peerId, displayName, codec, forServer } = this.attributes;
		// Remembers what the participant typed; a name in the address is not the participant's own choice.
		if (name && displayName === null) remember('name', name);
		this.state.update({ name: name || this.state.value.name || t('welcome.guest'), loading: true, failed: false });
		let inside: Inside;
		try {
			inside = await this.preload();
		} catch (error) {
			this.state.update({ loading: false, failed: true });
			throw error;
		}
		const { visit, name: displayed } = this.state.value;
		if (visit?.state.value.phase === 'open') return visit;

		const next = new inside.Visit({
			kind,
			roomId,
			peerId,
			session: guid(),
			displayName: displayed,
			forServer: pin ? { ...forServer, pin } : forServer,
			codec,
			local: this.local,
			screen: this.screen,
			notify: (notice) => inside.sayNotice(notice, next),
		});
		// Outside the room, no device stays open.
		const stop = next.state.subscribe(() => {
			if (next.state.value.phase === 'open') return;
			stop();
			this.#before = this.local.release();
			this.screen.stop();
		});
		this.state.update({ visit: next, loading: false });
		return next;
	}

	/** Comes back, with the devices on that were. */
	async rejoin(pin?: string): Promise<Visit> {
		void this.local.start(this.#before);
		return this.join(this.state.value.name, pin);
	}

	leave() {
		this.state.value.visit?.leave();
	}
}
