import { useEffect, useState } from 'preact/hooks';

/** A phone held upright, or a small iframe: the bar has room for a few buttons. The style sheets have the same number. */
const NARROW = matchMedia('(max-width: 640px)');

export function useNarrow(): boolean {
	const [narrow, setNarrow] = useState(NARROW.matches);
	useEffect(() => {
		const changed = () => setNarrow(NARROW.matches);
		NARROW.addEventListener('change', changed);
		return () => NARROW.removeEventListener('change', changed);
	}, []);
	return narrow;
}
