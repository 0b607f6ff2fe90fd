import { useEffect, useState } from 'preact/hooks';
import { NAME_MAX, validName } from '../address/name';
import { recall, remember } from '../base/storage';
import { DeviceProblems } from '../devices/buttons';
import { DeviceChoice } from '../devices/choice';
import { t } from '../i18n';
import type { LocalMedia } from '../media/local';
import { OutsideBadge } from '../recording/outside';
import type { Meeting } from '../session/meeting';
import { Button } from '../ui/button';
import { CardPage } from '../ui/card';
import { useStore } from '../ui/usestore';
import { Preview } from './preview';

export function WelcomePage({ meeting }: { meeting: Meeting }) {
	const { kind, roomId, displayName, speaker } = meeting.attributes;
	const { name: known, loading, failed } = useStore(meeting.state);
	const [name, setName] = useState(known);
	const local = speaker ? meeting.local : null;
	useEffect(() => {
		if (local) void local.start({ mic: recall('mic.on') !== 'false', camera: recall('camera.on') !== 'false' });
	}, [local]);

	const join = async () => {
		if (local) rememberDevices(local);
		await meeting.join(name).catch((error) => console.error('amphi: the room could not be loaded', error));
	};

	return (
		<CardPage wide={local !== null}>
			{local && <Preview local={local} />}
			<form
				class="welcome-form"
				onSubmit={(event) => {
					event.preventDefault();
					void join();
				}}
			>
				<h1>{t(`welcome.${kind}`)}</h1>
				<div class="room-name">
					<span>{t('welcome.room', { room: roomId })}</span>
					<OutsideBadge roomId={roomId} />
				</div>
				<label class="label" for="name">
					{t('welcome.name')}
				</label>
				<input
					id="name"
					class="field"
					data-testid="name-input"
					value={name}
					disabled={displayName !== null}
					maxLength={NAME_MAX}
					autocomplete="name"
					placeholder={t('welcome.namePlaceholder')}
					aria-describedby={displayName !== null ? 'name-hint' : undefined}
					onInput={(event) => setName(event.currentTarget.value)}
				/>
				{displayName !== null && (
					<p class="hint" id="name-hint">
						{t('welcome.nameFixed')}
					</p>
				)}
				{!local && <p class="hint">{t('welcome.viewer')}</p>}
				<Button
					look="primary"
					submit
					data-testid="join-button"
					aria-busy={loading}
					disabled={!validName(name) || loading}
				>
					<JoinLabel local={local} loading={loading} />
				</Button>
				{failed && (
					<p class="error" role="alert">
						{t('welcome.failed')}
					</p>
				)}
				{local && <DeviceHints local={local} />}
			</form>
			<details class="welcome-devices" open={matchMedia('(min-width: 761px)').matches}>
				<summary>{t(local ? 'devices.title' : 'devices.sound')}</summary>
				<DeviceChoice local={local} />
			</details>
		</CardPage>
	);
}

function JoinLabel({ local, loading }: { local: LocalMedia | null; loading: boolean }) {
	if (loading) return <>{t('welcome.joining')}</>;
	return local ? <JoinWithDevices local={local} /> : <>{t('welcome.join')}</>;
}

/** Nobody needs a camera or a microphone: the button says so if neither works. */
function JoinWithDevices({ local }: { local: LocalMedia }) {
	const { mic, camera } = useStore(local.devices);
	return <>{t(mic.problem && camera.problem ? 'welcome.joinWithout' : 'welcome.join')}</>;
}

function DeviceHints({ local }: { local: LocalMedia }) {
	const { mic, camera } = useStore(local.devices);
	if (mic.pending || camera.pending)
		return (
			<p class="hint" role="status">
				{t('welcome.allow')}
			</p>
		);
	return <DeviceProblems local={local} retry />;
}

/** A device that was off at the last visit is not opened automatically at the next. One that does not work does not count. */
function rememberDevices(local: LocalMedia) {
	for (const name of ['mic', 'camera'] as const) {
		const { on, problem } = local.devices.value[name];
		if (!problem) remember(`${name}.on`, String(on));
	}
}
