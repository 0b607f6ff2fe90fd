import { useEffect, useRef } from 'preact/hooks';
import { playAudio } from '../media/playback';

export function Audio({ track, peerId }: { track: MediaStreamTrack | null; peerId?: string }) {
	const element = useRef<HTMLAudioElement>(null);
	useEffect(() => {
		if (track) return playAudio(element.current!, track);
	}, [track]);
	return <audio ref={element} data-peer-id={peerId} />;
}
