import { useState } from 'preact/hooks';
import { guid } from '../../base/guid';
import { Button } from '../../ui/button';
import { load } from './session';
import { say, TEXTS } from './texts';

export interface Address {
	kind: 'call' | 'webinar';
	roomId: string;
	name: string;
	/** As written in a URL. */
	more: string;
}

/** Without a peerId, everyone who opens the address is a new participant. */
function urlOf({ kind, roomId, name, more }: Address, peerId?: string): string {
	const query = new URLSearchParams(more);
	query.set('roomId', roomId);
	if (peerId) query.set('peerId', peerId);
	if (name) query.set('displayName', name);
	if (kind === 'webinar') query.set('itisparticipant', 'true');
	return `${location.origin}/${kind}/?${query.toString().replaceAll('+', '%20')}`;
}

/** Loads the room again. Short ids are easier to tell apart. */
export const enter = (address: Address) => load(urlOf(address, guid().slice(0, 8)));

/** Which room the iframe shows, and as whom. */
export function Settings({ initial }: { initial: Address }) {
	const [address, setAddress] = useState(initial);
	const set = (patch: Partial<Address>) => setAddress({ ...address, ...patch });
	return (
		<form
			class="demo-settings"
			onSubmit={(event) => {
				event.preventDefault();
				enter(address);
			}}
		>
			<label>
				<span class="label">{say(TEXTS.room)}</span>
				<input
					class="field"
					data-testid="room-input"
					required
					pattern="[A-Za-z0-9_\-]{1,64}"
					spellcheck={false}
					value={address.roomId}
					onInput={({ currentTarget }) => set({ roomId: currentTarget.value })}
				/>
			</label>
			<label>
				<span class="label">{say(TEXTS.name)}</span>
				<input class="field" value={address.name} onInput={({ currentTarget }) => set({ name: currentTarget.value })} />
			</label>
			<label class="wide">
				<span class="label">{say(TEXTS.kind)}</span>
				<select
					class="field"
					value={address.kind}
					onChange={({ currentTarget }) => set({ kind: currentTarget.value as Address['kind'] })}
				>
					<option value="call">{say(TEXTS.call)}</option>
					<option value="webinar">{say(TEXTS.webinar)}</option>
				</select>
			</label>
			<label class="wide">
				<span class="label">{say(TEXTS.attributes)}</span>
				<input
					class="field"
					data-testid="attributes-input"
					spellcheck={false}
					value={address.more}
					onInput={({ currentTarget }) => set({ more: currentTarget.value })}
				/>
			</label>
			<div class="actions">
				<Button submit look="primary" data-testid="load-button">
					{say(TEXTS.load)}
				</Button>
				<a
					class="button"
					target="_blank"
					rel="noreferrer"
					data-testid="another"
					href={urlOf({ ...address, name: '', more: '' })}
				>
					{say(TEXTS.another)}
				</a>
			</div>
		</form>
	);
}
