import { useEffect, useState } from 'preact/hooks';
import { t } from '../i18n';
import type { LocalMedia } from '../media/local';
import type { RoomKind } from '../page/attributes';
import { CardPage } from '../ui/card';
import { DeviceProblems } from '../ui/devicebuttons';
import { Preview } from './preview';

interface WelcomeProps {
	kind: RoomKind;
	roomId: string;
	/** A name from the address, which the participant cannot change here. */
	fixedName: string | null;
	/** Null for viewers, who have no devices. */
	local: LocalMedia | null;
	onJoin(name: string): void;
}

export function WelcomePage({ kind, roomId, fixedName, local, onJoin }: WelcomeProps) {
	const [name, setName] = useState(fixedName ?? '');
	useEffect(() => void local?.start({ mic: true, camera: true }), [local]);

	return (
		<CardPage wide={local !== null}>
			{local && <Preview local={local} />}
			<form
				class="welcome-form"
				onSubmit={(event) => {
					event.preventDefault();
					onJoin(name.trim());
				}}
			>
				<h1>{t(`welcome.${kind}`)}</h1>
				<p class="room-name">{t('welcome.room', { room: roomId })}</p>
				<label class="label" for="name">
					{t('welcome.name')}
				</label>
				<input
					id="name"
					class="field"
					data-testid="name-input"
					value={name}
					disabled={fixedName !== null}
					maxLength={64}
					autocomplete="name"
					placeholder={t('welcome.namePlaceholder')}
					onInput={(event) => setName(event.currentTarget.value)}
				/>
				{fixedName !== null && <p class="hint">{t('welcome.nameFixed')}</p>}
				{!local && <p class="hint">{t('welcome.viewer')}</p>}
				<button type="submit" class="button primary" data-testid="join-button" disabled={!name.trim()}>
					{t('welcome.join')}
				</button>
				{local && <DeviceProblems local={local} />}
			</form>
		</CardPage>
	);
}
