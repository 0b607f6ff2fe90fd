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

type Joinable = Attributes & { roomId: string };

/** How long a page without a welcome screen waits for an embedding page to take control. */
const BRIDGE_MS = 3000;

/** Code that only a visit needs, loaded while people look at the welcome screen. */
interface Inside {
	Visit: typeof Visit;
	loadAhead(): void;
	sayNotice(notice: Notice, visit: Visit): void;
}

interface MeetingState {
	/** The current visit, or the last one; null on the welcome screen. */
	visit: Visit | null;
	/** The name to join with, as far as it is known. */
	name: string;
	/** The code for a visit is being loaded … */
	loading: boolean;
	/** … or could not be: the network is gone, or the server has a newer version of the page. */
	failed: boolean;
}

/** Everything that a page does for its participant, from welcome to end, whether a button or the embedding page asks. */
export class Meeting {
	readonly attributes: Joinable;
	readonly local = new LocalMedia();
	readonly screen = new ScreenShare();
	readonly state: Store<MeetingState>;
	readonly #load: () => Promise<Inside>;
	/** Without a welcome screen, joins if no embedding page takes control. */
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

	/** An embedding page has taken control: from now on, it alone decides when to join without a welcome screen. */
	driven() {
		clearTimeout(this.#timer);
	}

	/** Loads the code for a visit ahead of time. */
	async preload(): Promise<Inside> {
		try {
			return await (this.#inside ??= this.#load().then((inside) => {
				// If this fails, the join tries again and reports why.
				inside.loadAhead();
				return inside;
			}));
		} catch (error) {
			this.#inside = null;
			throw error;
		}
	}

	/** Begins a visit, unless one is going on. The devices stay as they are. Rejects if the code for it cannot be loaded. */
	async join(wanted = '', pin?: string): Promise<Visit> {
		this.driven();
		const name = validName(wanted);
		const { kind, roomId, peerId, displayName, codec, forServer } = this.attributes;
		// Only a typed name is remembered; one from the address is for the embedding page to remember.
		if (name && displayName === null) remember('name', name);
		this.state.update({ name: name || this.state.value.name || t('room.guest'), loading: true, failed: false });
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
		// No device stays open outside the room.
		const stop = next.state.subscribe(() => {
			if (next.state.value.phase === 'open') return;
			stop();
			this.#before = this.local.release();
			this.screen.stop();
		});
		this.state.update({ visit: next, loading: false });
		return next;
	}

	/** Joins again, with the devices on that were on before. */
	async rejoin(pin?: string): Promise<Visit> {
		void this.local.start(this.#before);
		return this.join(this.state.value.name, pin);
	}

	leave() {
		this.state.value.visit?.leave();
	}
}
