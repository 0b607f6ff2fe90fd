import { Pause } from 'lucide';
import { useEffect, useState } from 'preact/hooks';
import { t } from '../i18n';
import { isOn, type Recording, secondsOf } from '../session/recording';
import { Icon } from '../ui/icon';
import { clock } from './clock';
import { Record } from './icon';
import './recording.css';

/** Says that the room is being recorded, and for how long. Nothing can hide it: neither the embedding page nor the participant. */
export function RecordingBadge({ recording }: { recording: Recording | null }) {
	return isOn(recording) ? <Badge recording={recording} /> : null;
}

function Badge({ recording }: { recording: Recording }) {
	const paused = recording.state === 'paused';
	const { by } = recording;
	return (
		<p
			class="recording-badge"
			data-testid="recording-badge"
			data-state={recording.state}
			title={by?.displayName ? t('recording.by', { name: by.displayName }) : undefined}
		>
			<Icon of={paused ? Pause : Record} />
			<span>{t(paused ? 'recording.paused' : 'recording.on')}</span>
			<Elapsed recording={recording} />
		</p>
	);
}

/** Counts the seconds, each when it is complete. */
function Elapsed({ recording }: { recording: Recording }) {
	const [seconds, setSeconds] = useState(() => secondsOf(recording));
	useEffect(() => {
		let timer: ReturnType<typeof setTimeout>;
		const count = () => {
			const now = secondsOf(recording);
			setSeconds(now);
			if (recording.state === 'recording') timer = setTimeout(count, 1000 * (1 - (now % 1)) + 5);
		};
		count();
		return () => clearTimeout(timer);
	}, [recording]);
	return (
		<span class="recording-time" role="timer" data-testid="recording-time">
			{clock(seconds)}
		</span>
	);
}
