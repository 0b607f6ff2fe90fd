import { Volume2 } from 'lucide';
import { useEffect, useRef, useState } from 'preact/hooks';
import { t } from '../i18n';
import { playAudio } from '../media/playback';
import { Button } from '../ui/button';
import { LevelMeter } from './level';
import { makeTone, type Tone } from './tone';

/** Plays a short sound in the way the others' voices will be played, and shows that it is playing. */
export function SpeakerTest() {
	const [tone, setTone] = useState<Tone | null>(null);
	const audio = useRef<HTMLAudioElement>(null);
	useEffect(() => {
		if (!tone) return;
		const stop = playAudio(audio.current!, tone.track);
		void tone.ended.then(() => setTone(null));
		return () => {
			stop();
			tone.stop();
		};
	}, [tone]);

	return (
		<div class="speaker-test">
			<Button small icon={Volume2} data-testid="speaker-test" aria-busy={tone !== null} onClick={() => setTone(makeTone())}>
				{t(tone ? 'devices.testing' : 'devices.test')}
			</Button>
			<LevelMeter track={tone?.track ?? null} label={t('devices.testLevel')} />
			<audio ref={audio} data-testid="speaker-test-sound" />
		</div>
	);
}
