import { useEffect, useState } from 'preact/hooks';
import { t } from '../i18n';
import { isOn, type Recording, received } from '../session/recording';
import { askRecording } from '../signaling/recording';
import { RecordingBadge } from './badge';

/** How often people outside the room ask, while they look at the page. */
const AGAIN_MS = 30_000;

/** The badge for people who are not in the room yet, who should know before they join. */
export function OutsideBadge({ roomId }: { roomId: string }) {
	const [recording, setRecording] = useState<Recording | null>(null);
	useEffect(() => {
		let here = true;
		const ask = async () => {
			if (document.hidden) return;
			try {
				const info = await askRecording(roomId);
				if (here) setRecording(info && received(info));
			} catch {
				// It matters once they join, and the server says it then.
			}
		};
		void ask();
		const timer = setInterval(ask, AGAIN_MS);
		const shown = () => void ask();
		document.addEventListener('visibilitychange', shown);
		return () => {
			here = false;
			clearInterval(timer);
			document.removeEventListener('visibilitychange', shown);
		};
	}, [roomId]);

	return (
		<>
			<RecordingBadge recording={recording} />
			<span class="unseen" role="status">
				{isOn(recording) && t(recording.state === 'paused' ? 'notice.recording-paused' : 'notice.recording-on')}
			</span>
		</>
	);
}
