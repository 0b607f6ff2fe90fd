import type { Store } from '../base/store';
import type { RecordingInfo } from '../signaling/messages';
import { troubleOf } from '../signaling/recording';
import type { Notice } from './notices';
import { isOn, type Recording, recordingAfter } from './recording';
import { hasSay, type VisitState } from './state';

/** What people are told when one state follows another. live: it happens now, and not while this page was elsewhere. */
export function noticesBetween(
	was: Recording | null,
	now: Recording | null,
	live: boolean,
	rights: VisitState['rights'],
): Notice[] {
	if (isOn(now)) {
		if (was?.state === now.state) return [];
		if (now.state === 'paused') return [{ what: 'recording-paused' }];
		return [isOn(was) ? { what: 'recording-resumed' } : { what: 'recording-on', live }];
	}
	const began = isOn(was);
	const failed = now?.state === 'failed';
	// A page that comes later is not told of an earlier failure.
	if (now?.state === 'starting' || !(began || was?.state === 'starting' || (failed && live))) return [];
	const why = troubleOf(now?.reason);
	if (rights.moderator && (why || failed)) return [{ what: 'recording-failed', began, saved: began && !failed, why }];
	if (!began) return [];
	return [{ what: rights.moderator && rights.canRecord ? 'recording-kept' : 'recording-off' }];
}

/** Follows the recording, and gives this participant's consent. */
export class Recordings {
	readonly #state: Store<VisitState>;
	readonly #request: (consent: boolean) => Promise<unknown>;
	readonly #notify: (notice: Notice) => void;

	constructor(state: Store<VisitState>, request: (consent: boolean) => Promise<unknown>, notify: (notice: Notice) => void) {
		this.#state = state;
		this.#request = request;
		this.#notify = notify;
	}

	/** The server says what is recorded. live: since something has just changed. */
	told(info: RecordingInfo | null, live: boolean) {
		const { recording: was, rights } = this.#state.value;
		const recording = recordingAfter(was, info);
		this.#state.update({ recording });
		for (const notice of noticesBetween(was, recording, live, rights)) this.#notify(notice);
	}

	/** The participant has started a recording: to the server, that is an answer. */
	started() {
		if (this.#state.value.rights.speaker) this.#state.update({ consent: 'given' });
	}

	/** The server wants to know whether this participant agrees. */
	asked() {
		if (this.#answer === null) this.#state.update({ consent: 'asked' });
		else this.#repeat();
	}

	/** The participant's answer, for this visit. It outlives a broken connection; rejects if the server refuses it. */
	async consent(given: boolean) {
		const { consent: before } = this.#state.value;
		const consent = given ? 'given' : 'refused';
		this.#state.update({ consent });
		try {
			await this.#request(given);
		} catch (error) {
			// Without a reason of the server, the connection has broken: the next admission repeats the answer.
			if (!(error instanceof Error && /^[a-z-]+: /.test(error.message))) return;
			if (this.#state.value.consent === consent) this.#state.update({ consent: before });
			throw error;
		}
	}

	/** After a join or a resume: the server may not know the last answer. */
	entered() {
		this.#repeat();
	}

	get #answer(): boolean | null {
		const { consent } = this.#state.value;
		return consent === 'given' || consent === 'refused' ? consent === 'given' : null;
	}

	#repeat() {
		if (this.#answer !== null && hasSay(this.#state.value)) void this.consent(this.#answer).catch(() => {});
	}
}
